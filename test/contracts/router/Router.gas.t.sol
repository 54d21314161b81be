// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IEnhancedSwapRouter} from "../../../contracts/interfaces/IEnhancedSwapRouter.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {RouterBase} from "./RouterBase.t.sol";

/// @notice Gas of single calls, later in a block, without the transaction's own 21,000, calldata and refunds; whole transactions:
/// test/integration/router.test.ts and `npm run bench -- gas`.
contract RouterGasTest is RouterBase {
    uint256 private constant AMOUNT = 1_000e6;

    function setUp() public override {
        super.setUp();
        cUSDT.mint(trader, 1e12);
        vm.startPrank(trader);
        cUSDT.approve(address(router), type(uint256).max);
        cUSDT.approve(ours, type(uint256).max);
        vm.stopPrank();
        cUSDC.mint(receiver, 1);
    }

    function test_gas_router() public {
        vm.prank(trader);
        IPmmPool(ours).swapBase(AMOUNT, 1, trader, receiver, block.timestamp);
        _cool();
        vm.prank(trader);
        IPmmPool(ours).swapBase(AMOUNT, 1, trader, receiver, block.timestamp);
        assertGt(vm.snapshotGasLastCall("pool swap without the router"), 0);
        _measure("one hop, our pool", one(AMOUNT, ours, address(0)));
        _measure("one hop, DODO", one(AMOUNT, dodo, address(0)));
        _measure("one hop, Uniswap v3", one(AMOUNT, address(v3), address(0)));
        _measure("two hops, our pool and Uniswap v3", one(AMOUNT, goldCUSDT, address(goldCUSDC)));
        IEnhancedSwapRouter.Route[] memory routes = new IEnhancedSwapRouter.Route[](3);
        routes[0] = IEnhancedSwapRouter.Route(AMOUNT, ours, address(0));
        routes[1] = IEnhancedSwapRouter.Route(AMOUNT, dodo, address(0));
        routes[2] = IEnhancedSwapRouter.Route(AMOUNT, address(v3), address(0));
        _measure("three routes, one hop each", routes);
    }

    function _measure(string memory name, IEnhancedSwapRouter.Route[] memory routes) private {
        IEnhancedSwapRouter.Order memory order_ = order(cUSDT, AMOUNT * routes.length, cUSDC);
        _cool();
        vm.prank(trader);
        router.swap(order_, routes);
        assertGt(vm.snapshotGasLastCall(name), 0);
    }

    function _cool() private {
        PlainERC20[5] memory all = tokens();
        for (uint256 j = 0; j < all.length; ++j) vm.cool(address(all[j]));
        address[6] memory targets = pools();
        for (uint256 j = 0; j < targets.length; ++j) vm.cool(targets[j]);
        vm.cool(address(router));
        vm.cool(factory.publicImplementation());
        vm.cool(address(integration));
    }
}
