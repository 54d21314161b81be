// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {IDodoV2Pool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {IEnhancedSwapRouter} from "../../../contracts/interfaces/IEnhancedSwapRouter.sol";
import {IPmmPool, IPmmPrivatePool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {ISwapRegistry} from "../../../contracts/interfaces/ISwapRegistry.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PoolTrap} from "../../../contracts/mocks/PoolTrap.sol";
import {IUniswapV3PoolLiquidity} from "./PublishedCode.sol";
import {RouterBase} from "./RouterBase.t.sol";

/// @notice Paths, refusals and what hostile tokens and pools get.
contract EnhancedSwapRouterTest is RouterBase {
    uint256 private constant AMOUNT = 10_000e6;

    // Paths

    function test_swap_everyVenueAlone() public {
        address[3] memory venues = [ours, dodo, address(v3)];
        for (uint256 j = 0; j < 3; ++j) {
            uint256 before = cUSDC.balanceOf(receiver);
            uint256 out = run(order(cUSDT, AMOUNT, cUSDC), one(AMOUNT, venues[j], address(0)));
            assertEq(cUSDC.balanceOf(receiver) - before, out, "paid");
            assertApproxEqRel(out, AMOUNT, 0.001e18, "near par");
            out = run(order(cUSDC, AMOUNT, cUSDT), one(AMOUNT, venues[j], address(0)));
            assertApproxEqRel(out, AMOUNT, 0.001e18, "back");
        }
        assertHoldsNothing();
    }

    function test_swap_twoHopsOverEveryPairOfVenues() public {
        // PMM then Uniswap, Uniswap then PMM, each venue then DODO, DODO then each venue.
        run(order(cUSDT, AMOUNT, cUSDC), one(AMOUNT, goldCUSDT, address(goldCUSDC)));
        run(order(cUSDC, AMOUNT, cUSDT), one(AMOUNT, address(goldCUSDC), goldCUSDT));
        address[3] memory venues = [ours, dodo, address(v3)];
        for (uint256 j = 0; j < 3; ++j) {
            assertApproxEqRel(
                run(order(cUSDC, AMOUNT, usdt), one(AMOUNT, venues[j], cusdtUsdt)),
                AMOUNT,
                0.002e18,
                "to DODO"
            );
            assertApproxEqRel(
                run(order(usdt, AMOUNT, cUSDC), one(AMOUNT, cusdtUsdt, venues[j])),
                AMOUNT,
                0.002e18,
                "from DODO"
            );
        }
        assertHoldsNothing();
    }

    function test_swap_splitOverThreeRoutes() public {
        IEnhancedSwapRouter.Route[] memory routes = new IEnhancedSwapRouter.Route[](3);
        routes[0] = IEnhancedSwapRouter.Route(AMOUNT, ours, address(0));
        routes[1] = IEnhancedSwapRouter.Route(2 * AMOUNT, dodo, address(0));
        routes[2] = IEnhancedSwapRouter.Route(AMOUNT, goldCUSDT, address(goldCUSDC));
        uint256 out = run(order(cUSDT, 4 * AMOUNT, cUSDC), routes);
        assertEq(cUSDC.balanceOf(receiver), out, "paid over all");
        assertApproxEqRel(out, 4 * AMOUNT, 0.002e18, "near par");
        assertHoldsNothing();
    }

    // Refusals: nothing moves

    function test_refuse_unregisteredPools() public {
        PoolTrap trap = PoolTrap(deploy("PoolTrap", abi.encode(address(cUSDT), address(cUSDC), address(v3Factory))));
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, address(trap), address(0)),
            abi.encodeWithSelector(ISwapRegistry.PoolNotRegistered.selector, address(trap))
        );
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, goldCUSDT, address(trap)),
            abi.encodeWithSelector(ISwapRegistry.PoolNotRegistered.selector, address(trap))
        );
    }

    function test_refuse_brokenChains() public {
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, address(goldCUSDC), address(0)),
            abi.encodeWithSelector(IEnhancedSwapRouter.BrokenPath.selector, address(goldCUSDC), address(cUSDT))
        );
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, goldCUSDT, address(0)),
            abi.encodeWithSelector(IEnhancedSwapRouter.BrokenPath.selector, goldCUSDT, address(cUSDC))
        );
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, goldCUSDT, ours),
            abi.encodeWithSelector(IEnhancedSwapRouter.BrokenPath.selector, ours, address(gold))
        );
        _refused(
            order(cUSDT, AMOUNT, usdt),
            one(AMOUNT, ours, cusdtUsdt),
            abi.encodeWithSelector(IEnhancedSwapRouter.NotAnIntermediate.selector, address(cUSDC))
        );
    }

    function test_refuse_badOrders() public {
        IEnhancedSwapRouter.Route[] memory routes = one(AMOUNT, ours, address(0));
        IEnhancedSwapRouter.Order memory bad = order(cUSDT, AMOUNT, cUSDC);
        bad.deadline = block.timestamp - 1;
        _refused(
            bad,
            routes,
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, bad.deadline, block.timestamp)
        );
        bad = order(cUSDT, 0, cUSDC);
        _refused(bad, routes, abi.encodeWithSelector(ICommonErrors.ZeroAmount.selector));
        bad = order(cUSDT, AMOUNT, cUSDC);
        _refused(bad, one(0, ours, address(0)), abi.encodeWithSelector(ICommonErrors.ZeroAmount.selector));
        bad.to = address(0);
        _refused(bad, routes, abi.encodeWithSelector(ICommonErrors.ZeroAddress.selector));
        bad.to = address(router);
        _refused(bad, routes, abi.encodeWithSelector(IEnhancedSwapRouter.BadRecipient.selector, address(router)));
        bad.to = ours;
        _refused(bad, routes, abi.encodeWithSelector(IEnhancedSwapRouter.BadRecipient.selector, ours));
        bad = order(cUSDT, AMOUNT, cUSDT);
        _refused(bad, routes, abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(cUSDT)));
        bad = order(cUSDT, AMOUNT, cUSDC);
        _refused(
            bad,
            new IEnhancedSwapRouter.Route[](0),
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 3)
        );
        _refused(
            bad,
            new IEnhancedSwapRouter.Route[](4),
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 4, 1, 3)
        );
    }

    function test_refuse_splitsThatDoNotAddUp() public {
        IEnhancedSwapRouter.Route[] memory routes = new IEnhancedSwapRouter.Route[](2);
        routes[0] = IEnhancedSwapRouter.Route(AMOUNT, ours, address(0));
        routes[1] = IEnhancedSwapRouter.Route(AMOUNT - 1, dodo, address(0));
        _refused(
            order(cUSDT, 2 * AMOUNT, cUSDC),
            routes,
            abi.encodeWithSelector(IEnhancedSwapRouter.SplitMismatch.selector, 2 * AMOUNT - 1, 2 * AMOUNT)
        );
        routes[1].amountIn = type(uint256).max;
        _refused(
            order(cUSDT, 2 * AMOUNT, cUSDC),
            routes,
            abi.encodeWithSelector(IEnhancedSwapRouter.SplitMismatch.selector, type(uint256).max, 2 * AMOUNT)
        );
    }

    function test_refuse_outputBelowTheMinimumOverAllRoutes() public {
        (uint256 quoted, IEnhancedSwapRouter.Route[] memory routes) = router.quote(
            address(cUSDT),
            40 * AMOUNT,
            address(cUSDC),
            3
        );
        IEnhancedSwapRouter.Order memory bad = order(cUSDT, 40 * AMOUNT, cUSDC);
        bad.minOut = quoted + 1;
        _refused(bad, routes, abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, quoted, quoted + 1));
    }

    function test_refuse_uniswapPoolsThatCannotTakeAll() public {
        uint256 amount = 2_000_000e6;
        IEnhancedSwapRouter.Order memory bad = order(cUSDT, amount, cUSDC);
        IEnhancedSwapRouter.Route[] memory routes = one(amount, address(v3), address(0));
        allow(cUSDT, amount);
        vm.expectPartialRevert(IEnhancedSwapRouter.PartialFill.selector);
        vm.prank(trader);
        router.swap(bad, routes);
    }

    function test_refuse_callbacksOfEverybody() public {
        PoolTrap trap = PoolTrap(deploy("PoolTrap", abi.encode(address(cUSDT), address(cUSDC), address(v3Factory))));
        cUSDT.mint(address(router), AMOUNT);
        address[4] memory callers = [attacker, address(trap), address(v3), timelock];
        for (uint256 j = 0; j < callers.length; ++j) {
            vm.expectRevert(abi.encodeWithSelector(IEnhancedSwapRouter.UnexpectedCallback.selector, callers[j]));
            vm.prank(callers[j]);
            router.uniswapV3SwapCallback(int256(AMOUNT), -1, "");
        }
        assertEq(cUSDT.balanceOf(address(router)), AMOUNT, "stays");
    }

    // Other people's tokens

    function test_strayTokensAreNeitherCountedNorPaidOut() public {
        uint256 stray = 777e6;
        cUSDT.mint(address(router), stray);
        cUSDC.mint(address(router), stray);
        gold.mint(address(router), 1e18);
        // On our pools' side, too: surplus there is nobody's.
        cUSDT.mint(ours, stray);
        cUSDT.mint(goldCUSDT, stray);
        (uint256 quoted, IEnhancedSwapRouter.Route[] memory routes) = router.quote(
            address(cUSDT),
            60 * AMOUNT,
            address(cUSDC),
            3
        );
        assertEq(run(order(cUSDT, 60 * AMOUNT, cUSDC), routes), quoted, "as quoted, no more");
        run(order(cUSDT, AMOUNT, cUSDC), one(AMOUNT, goldCUSDT, address(goldCUSDC)));
        assertEq(cUSDT.balanceOf(address(router)), stray, "input token stays");
        assertEq(cUSDC.balanceOf(address(router)), stray, "output token stays");
        assertEq(gold.balanceOf(address(router)), 1e18, "token between stays");
    }

    /// @dev D9: DODO pays its surplus to the next caller; through the router it goes to the pool's liquidity providers.
    function test_D9_surplusInDodoPoolsIsSyncedNotPaid() public {
        (uint256 quoted, ) = _quoteAt(dodo, AMOUNT);
        uint256 stray = 50_000e6;
        cUSDT.mint(dodo, stray);
        (uint256 withSurplus, ) = _quoteAt(dodo, AMOUNT);
        assertEq(withSurplus, 0, "not quoted while it holds surplus");
        uint256 out = run(order(cUSDT, AMOUNT, cUSDC), one(AMOUNT, dodo, address(0)));
        assertLe(out, quoted, "the surplus is not paid out");
        assertEq(IDodoV2Pool(dodo).getBaseInput(), 0, "it is in the reserves");
    }

    function test_refuse_feeOnTransferTokens() public {
        (HostileToken token, address pool) = _hostilePool();
        token.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        token.mint(trader, AMOUNT);
        vm.startPrank(trader);
        token.approve(address(router), AMOUNT);
        IEnhancedSwapRouter.Order memory order_ = order(PlainERC20(address(token)), AMOUNT, usdc);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommonErrors.TransferMismatch.selector,
                address(token),
                AMOUNT - AMOUNT / 100,
                AMOUNT
            )
        );
        router.swap(order_, one(AMOUNT, pool, address(0)));
        vm.stopPrank();
    }

    function test_refuse_feeOnTransferOutputsByWhatArrived() public {
        (HostileToken token, address pool) = _hostilePool();
        token.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        IEnhancedSwapRouter.Order memory order_ = order(usdc, AMOUNT, PlainERC20(address(token)));
        order_.minOut = AMOUNT - AMOUNT / 200;
        allow(usdc, AMOUNT);
        vm.expectPartialRevert(ICommonErrors.OutputBelowMinimum.selector);
        vm.prank(trader);
        router.swap(order_, one(AMOUNT, pool, address(0)));
    }

    function test_refuse_tokensThatLie() public {
        (HostileToken token, address pool) = _hostilePool();
        token.mint(trader, AMOUNT);
        vm.startPrank(trader);
        token.approve(address(router), AMOUNT);
        token.setMode(HostileToken.Mode.RETURNS_FALSE);
        IEnhancedSwapRouter.Order memory order_ = order(PlainERC20(address(token)), AMOUNT, usdc);
        vm.expectRevert();
        router.swap(order_, one(AMOUNT, pool, address(0)));
        vm.stopPrank();
        assertEq(token.balanceOf(trader), AMOUNT, "nothing moved");
    }

    function test_refuse_reentranceFromTokenHooks() public {
        (HostileToken token, address pool) = _hostilePool();
        IEnhancedSwapRouter.Order memory order_ = order(PlainERC20(address(token)), AMOUNT, usdc);
        IEnhancedSwapRouter.Route[] memory routes = one(AMOUNT, pool, address(0));
        token.mint(trader, AMOUNT);
        vm.prank(trader);
        token.approve(address(router), AMOUNT);
        token.setHook(address(router), abi.encodeCall(router.swap, (order_, routes)));
        vm.prank(trader);
        router.swap(order_, routes);
        assertFalse(token.hookSucceeded(), "refused");
        assertEq(bytes32(token.hookError()), bytes32(ICommonErrors.Reentrant.selector), "by the lock");
    }

    /// @dev The hook calls in the middle of a Uniswap swap, while the router waits for that pool's callback.
    function test_refuse_foreignCallbacksDuringASwap() public {
        HostileToken token = HostileToken(deploy("HostileToken", abi.encode(6)));
        address pool = v3Factory.createPool(address(token), address(usdc), 500);
        (bool ok, ) = pool.call(abi.encodeWithSignature("initialize(uint160)", uint160(1 << 96)));
        assertTrue(ok, "initialised");
        v3Provider.add(IUniswapV3PoolLiquidity(pool), 100, 100, 1e13);
        vm.prank(timelock);
        router.registerUniswapPool(address(v3Factory), pool);
        token.setHook(address(router), abi.encodeCall(router.uniswapV3SwapCallback, (int256(AMOUNT), 0, "")));
        run(order(usdc, AMOUNT, PlainERC20(address(token))), one(AMOUNT, pool, address(0)));
        assertFalse(token.hookSucceeded(), "refused");
        assertEq(
            bytes32(token.hookError()),
            bytes32(IEnhancedSwapRouter.UnexpectedCallback.selector),
            "by the callback"
        );
    }

    /// @dev D15: what users approve to the router serves nobody else; there is no payer argument and no target of choice.
    function test_D15_ROUTER4_approvalsServeNobodyElse() public {
        PlainERC20 token = cUSDT;
        token.mint(trader, AMOUNT);
        vm.prank(trader);
        token.approve(address(router), type(uint256).max);
        IEnhancedSwapRouter.Order memory order_ = order(token, AMOUNT, cUSDC);
        order_.to = attacker;
        vm.prank(attacker);
        vm.expectRevert();
        router.swap(order_, one(AMOUNT, ours, address(0)));
        assertEq(token.balanceOf(trader), AMOUNT, "ROUTER-4: the approval served nobody else");
    }

    // Registry

    function test_ROUTER3_privatePoolsAreRefusedAtRegistrationAndAtTheSwap() public {
        give(cUSDT, manager, AMOUNT);
        give(cUSDC, manager, AMOUNT);
        vm.prank(manager);
        address mesh = integration.createPrivatePool(
            IDODOPMMIntegration.Venue.OURS,
            terms(cUSDT, cUSDC, 1e18),
            AMOUNT,
            AMOUNT,
            manager,
            block.timestamp
        );
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ISwapRegistry.PrivatePool.selector, mesh));
        router.registerPool(mesh);
        // Even if the integration's registry lied, and if the pool's owner let the router in.
        vm.prank(manager);
        IPmmPrivatePool(mesh).setAllowed(address(router), true);
        IDODOPMMIntegration.PoolInfo memory lie = integration.poolInfo(mesh);
        lie.isPrivate = false;
        vm.mockCall(address(integration), abi.encodeCall(integration.poolInfo, (mesh)), abi.encode(lie));
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ISwapRegistry.PrivatePool.selector, mesh));
        router.registerPool(mesh);
        vm.clearMockedCalls();
        // And again at the swap, ROUTER-3: a registered pool that says it is private.
        vm.mockCall(ours, abi.encodeCall(IPmmPool.kind, ()), abi.encode(IPmmPool.Kind.PRIVATE));
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, ours, address(0)),
            abi.encodeWithSelector(ISwapRegistry.PrivatePool.selector, ours)
        );
        vm.clearMockedCalls();
    }

    function test_registry_dodoPoolsFollowTheIntegration() public {
        vm.prank(manager);
        integration.removePool(dodo);
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, dodo, address(0)),
            abi.encodeWithSelector(ISwapRegistry.PoolNotRegistered.selector, dodo)
        );
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ISwapRegistry.PoolNotRegistered.selector, attacker));
        router.registerPool(attacker);
    }

    function test_registry_uniswapPoolsAreTheFactorys() public {
        PoolTrap trap = PoolTrap(deploy("PoolTrap", abi.encode(address(cUSDT), address(cUSDC), address(v3Factory))));
        vm.startPrank(timelock);
        vm.expectRevert(
            abi.encodeWithSelector(ISwapRegistry.PoolNotAccepted.selector, address(trap), address(v3Factory))
        );
        router.registerUniswapPool(address(v3Factory), address(trap));
        vm.expectRevert(abi.encodeWithSelector(ISwapRegistry.PoolAlreadyRegistered.selector, address(v3)));
        router.registerUniswapPool(address(v3Factory), address(v3));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        router.registerUniswapPool(attacker, address(v3));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        router.registerUniswapPool(address(v3Factory), attacker);
        vm.stopPrank();
    }

    function test_registry_guardianRemovesAtOnceAndAddsNothing() public {
        vm.startPrank(guardian);
        router.removePool(ours);
        router.setIntermediate(address(gold), false);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, guardian));
        router.setIntermediate(address(gold), true);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        router.registerPool(ours);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        router.setGuardian(attacker);
        vm.stopPrank();
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, ours, address(0)),
            abi.encodeWithSelector(ISwapRegistry.PoolNotRegistered.selector, ours)
        );
        _refused(
            order(cUSDT, AMOUNT, cUSDC),
            one(AMOUNT, goldCUSDT, address(goldCUSDC)),
            abi.encodeWithSelector(IEnhancedSwapRouter.NotAnIntermediate.selector, address(gold))
        );
        assertEq(router.poolsFor(address(cUSDC), address(cUSDT)).length, 2, "one less");
        assertEq(router.intermediates().length, 1, "one less");
        assertEq(uint256(router.poolEntry(ours).venue), 0, "no entry");
        vm.prank(timelock);
        router.registerPool(ours);
        run(order(cUSDT, AMOUNT, cUSDC), one(AMOUNT, ours, address(0)));
    }

    function test_ROUTER1_approvalsComeAndGoWithTheRegistration() public {
        assertApprovals();
        assertEq(cUSDT.allowance(address(router), ours), type(uint256).max, "given");
        vm.prank(guardian);
        router.removePool(ours);
        assertEq(cUSDT.allowance(address(router), ours), 0, "withdrawn");
        assertEq(cUSDC.allowance(address(router), ours), 0, "of both tokens");
        assertApprovals();
        vm.prank(timelock);
        router.registerPool(ours);
        assertApprovals();
    }

    /// @dev Whatever lies at the router: the approved pools take it from nobody but their caller.
    function test_ROUTER1_approvalsServeTheRoutersOwnSwapsOnly() public {
        cUSDT.mint(address(router), AMOUNT);
        cUSDC.mint(address(router), AMOUNT);
        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(router)));
        IPmmPool(ours).swapBase(AMOUNT, 0, address(router), attacker, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(router)));
        IPmmPool(ours).swapQuote(AMOUNT, 0, address(router), attacker, block.timestamp);
        vm.expectRevert();
        IPmmPublicPool(ours).addLiquidity(AMOUNT, AMOUNT, 0, attacker, block.timestamp);
        vm.stopPrank();
        assertEq(cUSDT.balanceOf(address(router)), AMOUNT, "ROUTER-1: stays");
        assertEq(cUSDC.balanceOf(address(router)), AMOUNT, "ROUTER-1: stays");
    }

    function test_registry_tokensThatKeepTheirApprovalDoNotHoldUpTheRemoval() public {
        (HostileToken token, address pool) = _hostilePool();
        bytes memory withdrawal = abi.encodeCall(token.approve, (pool, 0));
        vm.mockCallRevert(address(token), withdrawal, "no");
        vm.expectEmit(address(router));
        emit ISwapRegistry.ApprovalKept(address(token), pool);
        vm.prank(guardian);
        router.removePool(pool);
        vm.clearMockedCalls();
        assertEq(uint256(router.poolEntry(pool).venue), 0, "removed");
        assertEq(token.allowance(address(router), pool), type(uint256).max, "kept");
        assertEq(usdc.allowance(address(router), pool), 0, "the other is withdrawn");
        vm.mockCall(address(token), withdrawal, abi.encode(false));
        vm.prank(timelock);
        router.registerPool(pool);
        vm.expectEmit(address(router));
        emit ISwapRegistry.ApprovalKept(address(token), pool);
        vm.prank(guardian);
        router.removePool(pool);
        vm.clearMockedCalls();
        // Once the token is willing, adding and removing the pool withdraws it.
        vm.prank(timelock);
        router.registerPool(pool);
        vm.prank(guardian);
        router.removePool(pool);
        assertEq(token.allowance(address(router), pool), 0, "withdrawn");
    }

    function test_registry_rolesAndBounds() public {
        address[2] memory strangers = [attacker, manager];
        for (uint256 j = 0; j < 2; ++j) {
            vm.startPrank(strangers[j]);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, strangers[j]));
            router.removePool(ours);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, strangers[j]));
            router.setIntermediate(address(gold), false);
            vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, strangers[j]));
            router.registerUniswapPool(address(v3Factory), address(v3));
            vm.stopPrank();
        }
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        router.renounceOwnership();
        vm.expectRevert(abi.encodeWithSelector(ISwapRegistry.PoolNotRegistered.selector, attacker));
        router.removePool(attacker);
        uint256 listed = router.poolsFor(address(cUSDT), address(cUSDC)).length;
        uint256 most = router.MAX_POOLS_PER_PAIR();
        for (; listed < most; ++listed) router.registerPool(_another());
        address oneTooMany = _another();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, most + 1, 0, most));
        router.registerPool(oneTooMany);
        for (uint256 j = router.intermediates().length; j < router.MAX_INTERMEDIATES(); ++j) {
            router.setIntermediate(deploy("PlainERC20", abi.encode("T", 6)), true);
        }
        address last = deploy("PlainERC20", abi.encode("T", 6));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 9, 0, 8));
        router.setIntermediate(last, true);
        vm.stopPrank();
    }

    function test_create_refusesWhatIsNoContract() public {
        address quoter = address(router.quoter());
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("EnhancedSwapRouter", abi.encode(attacker, quoter, permit2, timelock, guardian));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("EnhancedSwapRouter", abi.encode(address(integration), attacker, permit2, timelock, guardian));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("EnhancedSwapRouter", abi.encode(address(integration), quoter, attacker, timelock, guardian));
    }

    // Internal

    function _refused(
        IEnhancedSwapRouter.Order memory order_,
        IEnhancedSwapRouter.Route[] memory routes,
        bytes memory reason
    ) private {
        PlainERC20 token = PlainERC20(order_.tokenIn);
        allow(token, order_.amountIn);
        uint256 held = token.balanceOf(trader);
        vm.expectRevert(reason);
        vm.prank(trader);
        router.swap(order_, routes);
        assertEq(token.balanceOf(trader), held, "nothing moved");
    }

    function _quoteAt(
        address pool,
        uint256 amount
    ) private view returns (uint256 amountOut, ISwapRegistry.PoolEntry memory entry) {
        entry = router.poolEntry(pool);
        amountOut = router.quoter().quotePool(pool, entry, address(router), entry.tokenA, amount);
    }

    /// @dev Another cUSDT/cUSDC pool of ours, registered with the integration.
    function _another() private returns (address pool) {
        vm.stopPrank();
        vm.prank(manager);
        pool = integration.createCUSDTCUSDCPool(FEE, 1e18, K, true);
        vm.startPrank(timelock);
    }

    /// @dev A pool of ours with a token that turns hostile later.
    function _hostilePool() private returns (HostileToken token, address pool) {
        token = HostileToken(deploy("HostileToken", abi.encode(6)));
        pool = funded(IDODOPMMIntegration.Venue.OURS, PlainERC20(address(token)), usdc, 1e18, 1e12);
        vm.prank(timelock);
        router.registerPool(pool);
    }
}
