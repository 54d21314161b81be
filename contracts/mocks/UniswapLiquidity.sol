// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IUniswapV3Pool} from "../interfaces/IUniswapV3.sol";

interface IUniswapV3PoolMint is IUniswapV3Pool {
    function mint(
        address recipient,
        int24 tickLower,
        int24 tickUpper,
        uint128 amount,
        bytes calldata data
    ) external returns (uint256 amount0, uint256 amount1);
}

/// @title UniswapLiquidity
/// @notice Provides liquidity to a real Uniswap v3 pool with tokens that the caller has approved.
contract UniswapLiquidity {
    using SafeERC20 for IERC20;

    error NotCalledBack(address caller);

    address private transient _pool;
    address private transient _payer;

    /// @notice `spacings`: ticks on each side of the current one, in tick spacings of the pool.
    function add(IUniswapV3PoolMint pool, int24 spacings, uint128 liquidity) external {
        (, int24 tick, , , , , ) = pool.slot0();
        int24 spacing = pool.tickSpacing();
        int24 middle = (tick / spacing) * spacing;
        (_pool, _payer) = (address(pool), msg.sender);
        pool.mint(msg.sender, middle - spacings * spacing, middle + spacings * spacing, liquidity, "");
        _pool = address(0);
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        require(msg.sender == _pool, NotCalledBack(msg.sender));
        IERC20(IUniswapV3Pool(msg.sender).token0()).safeTransferFrom(_payer, msg.sender, amount0);
        IERC20(IUniswapV3Pool(msg.sender).token1()).safeTransferFrom(_payer, msg.sender, amount1);
    }
}
