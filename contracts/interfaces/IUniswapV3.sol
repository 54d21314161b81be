// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title What Cantilever calls of a Uniswap v3 pool
/// @dev Prices are sqrt(token1 / token0) in base units as Q64.96; ticks are log base 1.0001 of the price.
interface IUniswapV3Pool {
    /// @param amountSpecified Positive: exact input.
    /// @return amount0 What the pool received (positive) or paid (negative) of token0; `amount1` likewise.
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);

    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );

    function liquidity() external view returns (uint128);

    function tickBitmap(int16 wordPosition) external view returns (uint256);

    function ticks(
        int24 tick
    )
        external
        view
        returns (
            uint128 liquidityGross,
            int128 liquidityNet,
            uint256 feeGrowthOutside0X128,
            uint256 feeGrowthOutside1X128,
            int56 tickCumulativeOutside,
            uint160 secondsPerLiquidityOutsideX128,
            uint32 secondsOutside,
            bool initialized
        );

    function factory() external view returns (address);

    function token0() external view returns (address);

    function token1() external view returns (address);

    /// @notice Hundredths of a basis point, taken from the input.
    function fee() external view returns (uint24);

    function tickSpacing() external view returns (int24);
}

/// @title The registry of Uniswap v3 pools; it deploys them itself and cannot be edited
interface IUniswapV3Factory {
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address pool);
}

/// @title What a Uniswap v3 pool calls on whoever swaps, after paying out
interface IUniswapV3SwapCallback {
    /// @param amount0Delta Positive: owed to the pool before the callback returns. `amount1Delta` likewise.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external;
}
