// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IUniswapV3Factory, IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {Vm, VM_ADDRESS} from "../Vm.sol";

interface IUniswapV3FactoryCreation is IUniswapV3Factory {
    function createPool(address tokenA, address tokenB, uint24 fee) external returns (address pool);
}

interface IUniswapV3PoolLiquidity is IUniswapV3Pool {
    function initialize(uint160 sqrtPriceX96) external;

    function mint(
        address recipient,
        int24 tickLower,
        int24 tickUpper,
        uint128 amount,
        bytes calldata data
    ) external returns (uint256 amount0, uint256 amount1);
}

/// @title The real Uniswap v3 factory and the real Permit2, deployed from the bytecode published on npm
library PublishedCode {
    string private constant FACTORY =
        "./node_modules/@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json";
    string private constant PERMIT2 =
        "./node_modules/hardhat-predeploy/bin/0x000000000022D473030F116dDEE9F6B43aC78BA3.bytecode";

    error NotDeployed();

    function uniswapV3Factory() internal returns (IUniswapV3FactoryCreation) {
        Vm vm = Vm(VM_ADDRESS);
        return IUniswapV3FactoryCreation(_create(vm.parseJsonBytes(vm.readFile(FACTORY), ".bytecode")));
    }

    function permit2() internal returns (address) {
        return _create(Vm(VM_ADDRESS).readFileBinary(PERMIT2));
    }

    function _create(bytes memory code) private returns (address account) {
        assembly ("memory-safe") {
            account := create(0, add(code, 32), mload(code))
        }
        require(account != address(0), NotDeployed());
    }
}

/// @title Provides liquidity of plain tokens, minted when the pool asks for them
contract V3Provider {
    /// @notice Price: `amount1` of token1 per `amount0` of token0, base units.
    function create(
        IUniswapV3FactoryCreation factory,
        address tokenA,
        address tokenB,
        uint24 fee,
        uint256 amountA,
        uint256 amountB
    ) external returns (IUniswapV3PoolLiquidity pool) {
        pool = IUniswapV3PoolLiquidity(factory.createPool(tokenA, tokenB, fee));
        (uint256 amount0, uint256 amount1) = tokenA < tokenB ? (amountA, amountB) : (amountB, amountA);
        pool.initialize(uint160(Math.sqrt(Math.mulDiv(amount1, 1 << 192, amount0))));
    }

    /// @notice `below` and `above`: tick spacings around the current tick.
    function add(IUniswapV3PoolLiquidity pool, int24 below, int24 above, uint128 liquidity) external {
        (, int24 tick, , , , , ) = pool.slot0();
        int24 spacing = pool.tickSpacing();
        int24 middle = (tick / spacing) * spacing;
        pool.mint(address(this), middle - below * spacing, middle + above * spacing, liquidity, "");
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        PlainERC20(IUniswapV3Pool(msg.sender).token0()).mint(msg.sender, amount0);
        PlainERC20(IUniswapV3Pool(msg.sender).token1()).mint(msg.sender, amount1);
    }
}
