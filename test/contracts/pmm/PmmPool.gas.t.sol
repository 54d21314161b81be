// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

/// @notice Gas of single calls on cold accounts, without the transaction's own 21,000 and calldata; whole transactions: `npm run bench`.
contract PmmPoolGasTest is PmmTestBase {
    PlainERC20 private base;
    PlainERC20 private quote;
    IPmmPublicPool private pool;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, K), 1e12, 1e12));
        base.mint(trader, 1e12);
        quote.mint(trader, 1e12);
        vm.startPrank(trader);
        base.approve(address(pool), type(uint256).max);
        quote.approve(address(pool), type(uint256).max);
        // Every ring slot used once.
        for (uint256 j = 0; j < 130; ++j) {
            nextBlock();
            pool.swapBase(1e7, 0, trader, trader, block.timestamp);
        }
        vm.stopPrank();
    }

    function cool() private {
        vm.cool(address(pool));
        vm.cool(address(base));
        vm.cool(address(quote));
        vm.cool(factory.publicImplementation());
    }

    function measure(string memory name, bool isBase, uint256 amountIn) private {
        cool();
        vm.prank(trader);
        if (isBase) pool.swapBase(amountIn, 1, trader, trader, block.timestamp);
        else pool.swapQuote(amountIn, 1, trader, trader, block.timestamp);
        assertGt(vm.snapshotGasLastCall(name), 0);
    }

    function test_gas_swaps() public {
        nextBlock();
        measure("swapBase first in block", true, 1e9);
        measure("swapBase later in block", true, 1e9);
        measure("swapQuote back to the target", false, 5e8);
        measure("swapQuote across the target", false, 1e10);
        measure("swapQuote away from the target", false, 1e9);
    }

    function test_gas_views() public {
        cool();
        pool.querySellBase(trader, 1e9);
        assertGt(vm.snapshotGasLastCall("querySellBase"), 0);
        cool();
        pool.getMidPrice();
        assertGt(vm.snapshotGasLastCall("getMidPrice"), 0);
        cool();
        pool.blocksOutside(0, 2);
        assertGt(vm.snapshotGasLastCall("blocksOutside of 2"), 0);
    }
}
