// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IEnhancedSwapRouter} from "../../../contracts/interfaces/IEnhancedSwapRouter.sol";
import {ISwapRegistry} from "../../../contracts/interfaces/ISwapRegistry.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PoolTrap} from "../../../contracts/mocks/PoolTrap.sol";
import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {RouterBase} from "./RouterBase.t.sol";

/// @title The router under random orders, among them broken and hostile ones
contract RouterInvariantTest is RouterBase {
    PoolTrap private _trap;
    HostileToken private _hostile;
    address private _hostilePool;
    uint256 private _swaps;
    bool private _paidOtherThanQuoted;
    bool private _splitWorseThanOne;
    bool private _calledTheTrap;
    bool private _swappedThroughUnregistered;

    function setUp() public override {
        super.setUp();
        _trap = new PoolTrap(address(cUSDT), address(cUSDC), address(v3Factory));
        _hostile = new HostileToken(6);
        _hostilePool = funded(IDODOPMMIntegration.Venue.OURS, PlainERC20(address(_hostile)), cUSDC, 1e18, 1e12);
        vm.prank(timelock);
        router.registerPool(_hostilePool);
        // A bystander who once approved everything: nobody may spend it.
        PlainERC20[5] memory all = tokens();
        for (uint256 j = 0; j < all.length; ++j) {
            all[j].mint(provider, 1e12);
            vm.prank(provider);
            all[j].approve(address(router), type(uint256).max);
        }
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = this.swapAsQuoted.selector;
        selectors[1] = this.swapAnyPath.selector;
        selectors[2] = this.disturbPool.selector;
        selectors[3] = this.sellHostile.selector;
        selectors[4] = this.removeAndRestore.selector;
        selectors[5] = this.callBack.selector;
        targetSelector(address(this), selectors);
    }

    // What the runner calls

    function swapAsQuoted(uint256 pair, uint256 amount, uint256 maxRoutes) external {
        PlainERC20[2][6] memory pairs = [
            [cUSDT, cUSDC],
            [cUSDC, cUSDT],
            [gold, cUSDC],
            [cUSDC, gold],
            [cUSDC, usdt],
            [usdt, cUSDT]
        ];
        PlainERC20[2] memory chosen = pairs[pair % 6];
        amount = bound(amount, 1, chosen[0] == gold ? uint256(50e18) : 100_000e6);
        try router.quote(address(chosen[0]), amount, address(chosen[1]), 1 + (maxRoutes % 3)) returns (
            uint256 quoted,
            IEnhancedSwapRouter.Route[] memory routes
        ) {
            _compare(chosen, amount, quoted, routes);
        } catch {
            return;
        }
    }

    function _compare(
        PlainERC20[2] memory chosen,
        uint256 amount,
        uint256 quoted,
        IEnhancedSwapRouter.Route[] memory routes
    ) private {
        try router.quote(address(chosen[0]), amount, address(chosen[1]), 1) returns (
            uint256 single,
            IEnhancedSwapRouter.Route[] memory
        ) {
            if (quoted < single) _splitWorseThanOne = true;
        } catch {
            // The split reaches what no single route does.
            assertGt(routes.length, 1);
        }
        allow(chosen[0], amount);
        IEnhancedSwapRouter.Order memory order_ = order(chosen[0], amount, chosen[1]);
        order_.minOut = quoted;
        vm.prank(trader);
        try router.swap(order_, routes) returns (uint256 paid) {
            ++_swaps;
            if (paid != quoted) _paidOtherThanQuoted = true;
        } catch {
            _paidOtherThanQuoted = true;
        }
    }

    /// @dev Any pools in any order, also ones that are not registered; most of it is refused.
    function swapAnyPath(uint256 seed, uint256 amount, bool asAttacker) external {
        PlainERC20[5] memory all = tokens();
        address[9] memory targets = [
            ours,
            dodo,
            address(v3),
            goldCUSDT,
            address(goldCUSDC),
            cusdtUsdt,
            address(_trap),
            provider,
            address(0)
        ];
        amount = bound(amount, 0, 10_000e6);
        IEnhancedSwapRouter.Route[] memory routes = one(amount, targets[(seed >> 8) % 9], targets[(seed >> 16) % 9]);
        IEnhancedSwapRouter.Order memory order_ = order(all[seed % 5], amount, all[(seed >> 4) % 5]);
        order_.minOut = 0;
        allow(all[seed % 5], amount);
        vm.prank(asAttacker ? attacker : trader);
        try router.swap(order_, routes) {
            ++_swaps;
            if (router.poolEntry(routes[0].firstPool).venue == ISwapRegistry.Venue.NONE) {
                _swappedThroughUnregistered = true;
            }
            if (
                routes[0].secondPool != address(0) &&
                router.poolEntry(routes[0].secondPool).venue == ISwapRegistry.Venue.NONE
            ) _swappedThroughUnregistered = true;
        } catch (bytes memory reason) {
            if (bytes4(reason) == PoolTrap.Trapped.selector) _calledTheTrap = true;
        }
    }

    function disturbPool(uint256 which, bool isBase, uint256 amount) external {
        address[4] memory targets = [ours, dodo, goldCUSDT, cusdtUsdt];
        address pool = targets[which % 4];
        disturb(pool, isBase, bound(amount, 1e6, 20_000e6));
    }

    /// @dev A token of a registered pool that turns hostile.
    function sellHostile(uint256 mode, uint256 amount) external {
        amount = bound(amount, 1, 100_000e6);
        _hostile.setMode(HostileToken.Mode.HONEST);
        _hostile.mint(trader, amount);
        vm.prank(trader);
        _hostile.approve(address(router), amount);
        IEnhancedSwapRouter.Order memory order_ = order(PlainERC20(address(_hostile)), amount, cUSDC);
        IEnhancedSwapRouter.Route[] memory routes = one(amount, _hostilePool, address(0));
        if (mode % 5 == 4) _hostile.setHook(address(router), abi.encodeCall(router.swap, (order_, routes)));
        else _hostile.setMode(HostileToken.Mode(mode % 4));
        vm.prank(trader);
        try router.swap(order_, routes) {
            ++_swaps;
        } catch (bytes memory reason) {
            if (bytes4(reason) == PoolTrap.Trapped.selector) _calledTheTrap = true;
        }
        _hostile.setMode(HostileToken.Mode.HONEST);
    }

    function removeAndRestore(uint256 which) external {
        address pool = pools()[which % 6];
        if (router.poolEntry(pool).venue != ISwapRegistry.Venue.NONE) {
            vm.prank(guardian);
            router.removePool(pool);
        } else {
            vm.prank(timelock);
            if (pool == address(v3) || pool == address(goldCUSDC)) router.registerUniswapPool(address(v3Factory), pool);
            else router.registerPool(pool);
        }
    }

    function callBack(uint256 who, int256 amount) external {
        address[3] memory callers = [attacker, address(v3), address(_trap)];
        vm.prank(callers[who % 3]);
        try router.uniswapV3SwapCallback(amount, amount, "") {
            _calledTheTrap = true;
        } catch (bytes memory reason) {
            assertEq(bytes32(bytes4(reason)), bytes32(IEnhancedSwapRouter.UnexpectedCallback.selector));
        }
    }

    // What must hold

    function invariant_ROUTER1_holdsNothing() public view {
        assertHoldsNothing();
        assertEq(_hostile.balanceOf(address(router)), 0, "ROUTER-1");
        assertEq(_hostile.allowance(address(router), _hostilePool), 0, "ROUTER-1: no approval");
    }

    function invariant_ROUTER2_paysWhatWasQuoted() public view {
        assertFalse(_paidOtherThanQuoted, "ROUTER-2: exactly");
        assertFalse(_splitWorseThanOne, "ROUTER-2: never worse than one route");
    }

    function invariant_ROUTER3_onlyRegisteredPoolsAreCalled() public view {
        assertEq(_trap.calls(), 0, "ROUTER-3");
        assertFalse(_calledTheTrap, "ROUTER-3: not even in calls that reverted");
        assertFalse(_swappedThroughUnregistered, "ROUTER-3: no trade");
    }

    function invariant_ROUTER4_bystandersKeepTheirTokens() public view {
        PlainERC20[5] memory all = tokens();
        for (uint256 j = 0; j < all.length; ++j) {
            assertGe(all[j].balanceOf(provider), 1e12, "ROUTER-4");
        }
    }
}
