// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {DODOPMMIntegration} from "../../../contracts/dodo/DODOPMMIntegration.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {IDODOPMMProvider} from "../../../contracts/interfaces/IDODOPMMProvider.sol";
import {IDodoV2Pool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {IPmmFactory} from "../../../contracts/interfaces/IPmmFactory.sol";
import {IPmmPrivatePool} from "../../../contracts/interfaces/IPmmPool.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {DodoDppAdminStandIn, DodoDppStandIn} from "../../../contracts/mocks/dodo/DodoDppStandIn.sol";
import {DodoDspStandIn} from "../../../contracts/mocks/dodo/DodoDspStandIn.sol";
import {DodoBase} from "./DodoBase.t.sol";

/// @title One suite for both venues
abstract contract IntegrationTests is DodoBase {
    // Creation

    function test_create_theNamedPools() public {
        vm.startPrank(manager);
        address[3] memory pools = [
            integration.createCUSDTUSDTPool(FEE, 1e18, K, true),
            integration.createCUSDCUSDCPool(FEE, 1e18, K, true),
            integration.createCUSDTCUSDCPool(FEE, 1e18, K, false)
        ];
        vm.stopPrank();
        PlainERC20[2][3] memory pairs = [[cUSDT, usdt], [cUSDC, usdc], [cUSDT, cUSDC]];
        for (uint256 index = 0; index < 3; ++index) {
            IDodoV2Pool pool = IDodoV2Pool(pools[index]);
            assertEq(pool._BASE_TOKEN_(), address(pairs[index][0]), "base");
            assertEq(pool._QUOTE_TOKEN_(), address(pairs[index][1]), "quote");
            assertEq(pool._LP_FEE_RATE_(), FEE, "fee");
            assertEq(pool._I_(), 1e18, "i");
            assertEq(pool._K_(), K, "k");
            IDODOPMMIntegration.PoolInfo memory info = integration.poolInfo(pools[index]);
            assertTrue(info.isRegistered && !info.isPrivate && info.venue == _venue(), "registered as public");
        }
        assertEq(integration.pools().length, 3, "three");
    }

    function test_create_fundedPoolTakesThePoolsRatioAndReturnsTheRest() public {
        give(gold, manager, 1_000e18);
        give(usdt, manager, 1_000_000e6);
        uint256 price = integration.anchorOf(address(gold), address(usdt), 2650.25e18);
        assertEq(price, 2650.25e6, "i = price * 10^(18 + 6 - 18)");
        vm.prank(manager);
        (address pool, uint256 shares) = integration.createFundedPool(
            _venue(),
            terms(gold, usdt, price),
            1_000e18,
            1_000_000e6,
            1,
            block.timestamp
        );
        (uint256 base, uint256 quote) = IDodoV2Pool(pool).getVaultReserve();
        assertEq(quote, 1_000_000e6, "the binding side is used up");
        assertApproxEqRel(base, (uint256(1_000_000e18) / 2650.25e18) * 1e18, 1e15, "the other in ratio");
        assertEq(gold.balanceOf(manager), 1_000e18 - base, "the rest came back");
        assertGt(shares, 0, "shares");
        assertEq(IERC20(pool).balanceOf(manager), shares, "to the caller");
        assertEq(gold.balanceOf(address(integration)) + usdt.balanceOf(address(integration)), 0, "nothing stays");
        assertEq(gold.allowance(address(integration), address(approve)), 0, "no approval stays");
        assertEq(gold.allowance(address(integration), address(factory)), 0, "no approval stays");
        assertEq(IDodoV2Pool(pool).getMidPrice(), price, "mid = i when balanced");
    }

    function test_D3_privatePoolIsFundedAndOwnedInOneTransaction() public {
        give(gold, manager, 100e18);
        give(usdt, manager, 265_025e6);
        vm.prank(manager);
        address pool = integration.createPrivatePool(
            _venue(),
            terms(gold, usdt, 2650.25e6),
            100e18,
            265_025e6,
            provider,
            block.timestamp
        );
        (uint256 base, uint256 quote) = IDodoV2Pool(pool).getVaultReserve();
        assertEq(base, 100e18, "base");
        assertEq(quote, 265_025e6, "quote");
        assertTrue(integration.poolInfo(pool).isPrivate, "private");
        _assertPrivateOwner(pool, provider);
        // Not for the public, whoever registered it.
        give(usdt, trader, 1e6);
        vm.startPrank(trader);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PrivatePool.selector, pool));
        integration.swapExactIn(pool, address(usdt), 1e6, 0, trader, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PrivatePool.selector, pool));
        integration.addLiquidity(pool, 1, 1, 0, trader, block.timestamp);
        vm.stopPrank();
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMProvider.NotAPublicPool.selector, pool));
        quoter.registerPool(pool);
    }

    function _assertPrivateOwner(address pool, address owner) internal virtual;

    // Refusals

    function test_D5_D6_D8_refusesUnsafeTerms() public {
        uint256[4] memory fees = [uint256(0), 1e13 - 1, 0.01e18 + 1, 2e18];
        for (uint256 index = 0; index < 4; ++index) {
            vm.prank(manager);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, fees[index], 1e13, 0.01e18));
            integration.createPool(address(cUSDT), address(cUSDC), fees[index], 1e18, K, true);
        }
        uint256[4] memory ks = [uint256(0), 1e14 - 1, 0.999e18 + 1, 1e18 - 1];
        for (uint256 index = 0; index < 4; ++index) {
            vm.prank(manager);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, ks[index], 1e14, 0.999e18));
            integration.createPool(address(cUSDT), address(cUSDC), FEE, 1e18, ks[index], true);
        }
    }

    function test_D7_refusesTheOrientationThatLosesDigits() public {
        // 6-decimal base, 18-decimal quote at 2650.25: DODO's reciprocal floor(1e36 / i) is 377, three digits.
        uint256 price = 2650.25e30;
        vm.startPrank(manager);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDODOPMMIntegration.UnsafeOrientation.selector,
                address(usdt),
                address(gold),
                price,
                1e9
            )
        );
        integration.createPool(address(usdt), address(gold), FEE, price, K, true);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDODOPMMIntegration.UnsafeOrientation.selector,
                address(gold),
                address(usdt),
                1e9 - 1,
                1e9
            )
        );
        integration.createPool(address(gold), address(usdt), FEE, 1e9 - 1, K, true);
        vm.expectPartialRevert(IDODOPMMIntegration.UnsafeOrientation.selector);
        integration.anchorOf(address(usdt), address(gold), 2650.25e18);
        vm.stopPrank();
    }

    function test_create_refusesWhatIsNoTokenPair() public {
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        integration.createPool(attacker, address(cUSDC), FEE, 1e18, K, true);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(cUSDC)));
        integration.createPool(address(cUSDC), address(cUSDC), FEE, 1e18, K, true);
        vm.stopPrank();
    }

    // Liquidity

    function testFuzz_liquidity_inRatioInAndOut(uint256 baseIn, uint256 quoteIn, uint256 imbalance) public {
        address pool = stablePool();
        imbalance = bound(imbalance, 1e6, 400_000e6);
        give(cUSDT, trader, imbalance);
        vm.prank(trader);
        integration.swapExactIn(pool, address(cUSDT), imbalance, 0, trader, block.timestamp);

        baseIn = bound(baseIn, 10e6, 500_000e6);
        quoteIn = bound(quoteIn, 10e6, 500_000e6);
        give(cUSDT, provider, baseIn);
        give(cUSDC, provider, quoteIn);
        (uint256 base, uint256 quote) = IDodoV2Pool(pool).getVaultReserve();
        vm.prank(provider);
        (uint256 shares, uint256 baseUsed, uint256 quoteUsed) = integration.addLiquidity(
            pool,
            baseIn,
            quoteIn,
            1,
            provider,
            block.timestamp
        );
        assertTrue(baseUsed == baseIn || quoteUsed == quoteIn, "as much as fits");
        assertLe(baseUsed, baseIn, "base");
        assertLe(quoteUsed, quoteIn, "quote");
        // Nothing is donated: both sides are in the pool's ratio up to one unit.
        assertApproxEqAbs(baseUsed * quote, quoteUsed * base, base > quote ? base : quote, "ratio");

        vm.startPrank(provider);
        IERC20(pool).approve(address(integration), shares);
        (uint256 baseOut, uint256 quoteOut) = integration.removeLiquidity(
            pool,
            shares,
            (baseUsed * 9_999) / 10_000,
            (quoteUsed * 9_999) / 10_000,
            provider,
            block.timestamp
        );
        vm.stopPrank();
        assertLe(baseOut, baseUsed, "never more out than in");
        assertLe(quoteOut, quoteUsed, "never more out than in");
    }

    function test_liquidity_limits() public {
        address pool = stablePool();
        give(cUSDT, provider, 1e9);
        give(cUSDC, provider, 1e9);
        vm.startPrank(provider);
        vm.expectPartialRevert(IDODOPMMIntegration.SharesBelowMinimum.selector);
        integration.addLiquidity(pool, 1e9, 1e9, 1e30, provider, block.timestamp);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        integration.addLiquidity(pool, 0, 1e9, 0, provider, block.timestamp);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        integration.addLiquidity(pool, 1e9, 1e9, 0, address(0), block.timestamp);
        vm.expectPartialRevert(ICommonErrors.DeadlineExpired.selector);
        integration.addLiquidity(pool, 1e9, 1e9, 0, provider, block.timestamp - 1);
        vm.expectPartialRevert(ICommonErrors.DeadlineExpired.selector);
        integration.removeLiquidity(pool, 1, 0, 0, provider, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolNotRegistered.selector, attacker));
        integration.addLiquidity(attacker, 1e9, 1e9, 0, provider, block.timestamp);
        vm.stopPrank();
    }

    // Swaps

    function testFuzz_swap_paysTheQuote(uint256 amountIn, bool isBase) public {
        address pool = stablePool();
        amountIn = bound(amountIn, 1e4, 900_000e6);
        PlainERC20 tokenIn = isBase ? cUSDT : cUSDC;
        PlainERC20 tokenOut = isBase ? cUSDC : cUSDT;
        give(tokenIn, trader, amountIn);
        uint256 quoted = integration.quoteExactIn(pool, address(tokenIn), amountIn);
        vm.prank(trader);
        uint256 out = integration.swapExactIn(pool, address(tokenIn), amountIn, quoted, trader, block.timestamp);
        assertEq(out, quoted, "quote");
        assertEq(tokenOut.balanceOf(trader), out, "received");
        assertEq(tokenIn.balanceOf(trader), 0, "paid");
        assertLt(out, amountIn, "fee and curve");
    }

    function test_swap_theNamedOnes() public {
        vm.startPrank(manager);
        address a = integration.createCUSDTUSDTPool(FEE, 1e18, K, true);
        address b = integration.createCUSDCUSDCPool(FEE, 1e18, K, true);
        address c = integration.createPool(address(cUSDT), address(usdc), FEE, 1e18, K, true);
        vm.stopPrank();
        address d = stablePool();
        _fill(a, cUSDT, usdt);
        _fill(b, cUSDC, usdc);
        _fill(c, cUSDT, usdc);
        PlainERC20[4] memory all = [cUSDT, cUSDC, usdt, usdc];
        for (uint256 index = 0; index < 4; ++index) give(all[index], trader, 1_000e6);
        vm.startPrank(trader);
        uint256 until = block.timestamp;
        assertEq(integration.swapCUSDTForUSDT(a, 1e6, 1, attacker, until), usdt.balanceOf(attacker), "cUSDT to USDT");
        integration.swapUSDTForCUSDT(a, 1e6, 0.999e6, trader, until);
        integration.swapCUSDCForUSDC(b, 1e6, 0.999e6, trader, until);
        integration.swapUSDCForCUSDC(b, 1e6, 0.999e6, trader, until);
        integration.swapCUSDTForUSDC(c, 1e6, 0.999e6, trader, until);
        integration.swapUSDCForCUSDT(c, 1e6, 0.999e6, trader, until);
        integration.swapCUSDTForCUSDC(d, 1e6, 0.999e6, trader, until);
        integration.swapCUSDCForCUSDT(d, 1e6, 0.999e6, trader, until);
        vm.expectRevert(
            abi.encodeWithSelector(IDODOPMMIntegration.WrongPair.selector, d, address(cUSDT), address(usdt))
        );
        integration.swapCUSDTForUSDT(d, 1e6, 0, trader, until);
        vm.expectRevert(
            abi.encodeWithSelector(IDODOPMMIntegration.WrongPair.selector, d, address(gold), address(cUSDT))
        );
        integration.swapExactIn(d, address(gold), 1e6, 0, trader, until);
        vm.stopPrank();
    }

    function _fill(address pool, PlainERC20 base, PlainERC20 quote) internal {
        give(base, provider, 1e12);
        give(quote, provider, 1e12);
        vm.prank(provider);
        integration.addLiquidity(pool, 1e12, 1e12, 1, provider, block.timestamp);
    }

    function test_D9_minimumAndDeadlineInOneCall() public {
        address pool = stablePool();
        give(cUSDT, trader, 1e9);
        uint256 quoted = integration.quoteExactIn(pool, address(cUSDT), 1e9);
        vm.startPrank(trader);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, quoted, quoted + 1));
        integration.swapExactIn(pool, address(cUSDT), 1e9, quoted + 1, trader, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, block.timestamp - 1, block.timestamp)
        );
        integration.swapExactIn(pool, address(cUSDT), 1e9, 0, trader, block.timestamp - 1);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        integration.swapExactIn(pool, address(cUSDT), 1e9, 0, pool, block.timestamp);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        integration.swapExactIn(pool, address(cUSDT), 0, 0, trader, block.timestamp);
        vm.stopPrank();
        assertEq(cUSDT.balanceOf(trader), 1e9, "nothing moved");
    }

    function test_D15_onlyRegisteredTargetsEverTakeTokens() public {
        give(cUSDT, trader, 1e9); // approved to the integration
        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolNotRegistered.selector, address(cUSDT)));
        integration.swapExactIn(address(cUSDT), address(cUSDT), 1e9, 0, attacker, block.timestamp);
        vm.stopPrank();
        assertEq(cUSDT.balanceOf(trader), 1e9, "another's approval serves nobody");
    }

    function test_D26_emptyPoolSaysSo() public {
        vm.prank(manager);
        address pool = integration.createCUSDTCUSDCPool(FEE, 1e18, K, true);
        vm.expectRevert(IDODOPMMIntegration.EmptyPool.selector);
        integration.quoteExactIn(pool, address(cUSDT), 1e6);
        give(cUSDT, trader, 1e6);
        vm.prank(trader);
        vm.expectRevert(IDODOPMMIntegration.EmptyPool.selector);
        integration.swapExactIn(pool, address(cUSDT), 1e6, 0, trader, block.timestamp);
    }

    function test_TOKEN24_hostileTokensAreRefused() public {
        HostileToken hostile = HostileToken(deploy("HostileToken", abi.encode(6)));
        vm.prank(manager);
        address pool = integration.createPool(address(hostile), address(cUSDC), FEE, 1e18, K, true);
        hostile.mint(provider, 1e12);
        hostile.mint(trader, 1e12);
        give(cUSDC, provider, 1e12);
        vm.startPrank(provider);
        hostile.approve(address(integration), type(uint256).max);
        integration.addLiquidity(pool, 1e12, 1e12, 1, provider, block.timestamp);
        vm.stopPrank();
        vm.startPrank(trader);
        hostile.approve(address(integration), type(uint256).max);
        hostile.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectPartialRevert(ICommonErrors.TransferMismatch.selector);
        integration.swapExactIn(pool, address(hostile), 1e9, 0, trader, block.timestamp);
        hostile.setMode(HostileToken.Mode.RETURNS_FALSE);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(hostile)));
        integration.swapExactIn(pool, address(hostile), 1e9, 0, trader, block.timestamp);
        hostile.setMode(HostileToken.Mode.REVERTS);
        vm.expectRevert(HostileToken.Refused.selector);
        integration.swapExactIn(pool, address(hostile), 1e9, 0, trader, block.timestamp);
        // A hook that re-enters the integration is refused; the swap itself goes on.
        hostile.setHook(
            address(integration),
            abi.encodeCall(IDODOPMMIntegration.swapExactIn, (pool, address(hostile), 1, 0, attacker, block.timestamp))
        );
        integration.swapExactIn(pool, address(hostile), 1e9, 1, trader, block.timestamp);
        assertFalse(hostile.hookSucceeded(), "re-entered");
        assertEq(hostile.hookError(), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "by the guard");
        vm.stopPrank();
    }

    // Registry and roles

    function test_registry_refusesStrangersPools() public {
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        integration.registerPool(attacker);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolNotAccepted.selector, address(cUSDT)));
        integration.registerPool(address(cUSDT));
        vm.stopPrank();
        address pool = stablePool();
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolAlreadyRegistered.selector, pool));
        integration.registerPool(pool);
        integration.removePool(pool);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolNotRegistered.selector, pool));
        integration.removePool(pool);
        integration.registerPool(pool); // a pool that exists is recognised
        vm.stopPrank();
        assertTrue(integration.poolInfo(pool).venue == _venue(), "venue found out");
    }

    function test_ACCESS23_managersOnly() public {
        vm.startPrank(attacker);
        bytes memory refused = abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker);
        vm.expectRevert(refused);
        integration.createPool(address(cUSDT), address(cUSDC), FEE, 1e18, K, true);
        vm.expectRevert(refused);
        integration.createCUSDTUSDTPool(FEE, 1e18, K, true);
        vm.expectRevert(refused);
        integration.createCUSDCUSDCPool(FEE, 1e18, K, true);
        vm.expectRevert(refused);
        integration.createCUSDTCUSDCPool(FEE, 1e18, K, true);
        vm.expectRevert(refused);
        integration.createFundedPool(_venue(), terms(cUSDT, cUSDC, 1e18), 1, 1, 1, block.timestamp);
        vm.expectRevert(refused);
        integration.createPrivatePool(_venue(), terms(cUSDT, cUSDC, 1e18), 1, 1, attacker, block.timestamp);
        vm.expectRevert(refused);
        integration.registerPool(attacker);
        vm.expectRevert(refused);
        integration.removePool(attacker);
        bytes memory notOwner = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", attacker);
        vm.expectRevert(notOwner);
        integration.setManager(attacker, true);
        vm.expectRevert(notOwner);
        integration.setDefaultVenue(IDODOPMMIntegration.Venue.DODO);
        vm.expectRevert(notOwner);
        quoter.registerPool(attacker);
        vm.expectRevert(notOwner);
        quoter.removePool(attacker, attacker, attacker);
        vm.stopPrank();
    }

    // Provider

    function test_provider_takesTheBestPool() public {
        address first = stablePool();
        vm.prank(manager);
        address second = integration.createPool(address(cUSDC), address(cUSDT), 3e14, 1e18, K, true);
        _fill(second, cUSDC, cUSDT);
        vm.prank(manager);
        address empty = integration.createPool(address(cUSDT), address(cUSDC), FEE, 1e18, K, false);
        vm.startPrank(timelock);
        quoter.registerPool(second);
        quoter.registerPool(empty);
        quoter.registerPool(first);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMProvider.PoolAlreadyRegistered.selector, first));
        quoter.registerPool(first);
        vm.stopPrank();
        (uint256 out, address pool) = quoter.getQuote(address(cUSDT), address(cUSDC), 1_000e6);
        assertEq(pool, first, "the cheaper one");
        assertEq(out, integration.quoteExactIn(first, address(cUSDT), 1_000e6), "its quote");

        give(cUSDT, trader, 201_000e6);
        vm.startPrank(trader);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, out, out + 1));
        quoter.executeSwap(address(cUSDT), address(cUSDC), 1_000e6, out + 1, trader, block.timestamp);
        vm.expectPartialRevert(ICommonErrors.DeadlineExpired.selector);
        quoter.executeSwap(address(cUSDT), address(cUSDC), 1_000e6, out, trader, block.timestamp - 1);
        assertEq(
            quoter.executeSwap(address(cUSDT), address(cUSDC), 1_000e6, out, trader, block.timestamp),
            out,
            "executed"
        );
        quoter.executeSwap(address(cUSDT), address(cUSDC), 200_000e6, 1, trader, block.timestamp);
        vm.stopPrank();
        (, pool) = quoter.getQuote(address(cUSDT), address(cUSDC), 1_000e6);
        assertEq(pool, second, "now the other, whose base is the other token");

        vm.prank(manager);
        integration.removePool(second);
        (, pool) = quoter.getQuote(address(cUSDT), address(cUSDC), 1_000e6);
        assertEq(pool, first, "what the integration dropped is passed over");
        vm.startPrank(timelock);
        quoter.removePool(first, address(cUSDC), address(cUSDT));
        quoter.removePool(second, address(cUSDC), address(cUSDT));
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMProvider.PoolNotRegistered.selector, first));
        quoter.removePool(first, address(cUSDC), address(cUSDT));
        vm.stopPrank();
        assertEq(quoter.poolsFor(address(cUSDT), address(cUSDC)).length, 1, "the empty one is left");
        vm.expectRevert(
            abi.encodeWithSelector(IDODOPMMProvider.NoLiquidity.selector, address(cUSDT), address(cUSDC), 1e6)
        );
        quoter.getQuote(address(cUSDT), address(cUSDC), 1e6);
        vm.prank(trader);
        vm.expectRevert(
            abi.encodeWithSelector(IDODOPMMProvider.NoLiquidity.selector, address(cUSDT), address(cUSDC), 1e6)
        );
        quoter.executeSwap(address(cUSDT), address(cUSDC), 1e6, 0, trader, block.timestamp);
    }

    function test_D26_providerCountsInEachTokensOwnUnits() public {
        give(gold, manager, 1_000e18);
        give(usdt, manager, 3_000_000e6);
        vm.prank(manager);
        (address pool, ) = integration.createFundedPool(
            _venue(),
            terms(gold, usdt, 2650.25e6),
            1_000e18,
            3_000_000e6,
            1,
            block.timestamp
        );
        vm.prank(timelock);
        quoter.registerPool(pool);
        (uint256 dollars, ) = quoter.getQuote(address(gold), address(usdt), 1e18);
        assertApproxEqRel(dollars, 2650.25e6, 2e14, "an ounce in 6 decimals");
        (uint256 ounces, ) = quoter.getQuote(address(usdt), address(gold), 2650.25e6);
        assertApproxEqRel(ounces, 1e18, 2e14, "and back in 18");
    }
}

contract IntegrationOnOursTest is IntegrationTests {
    function _venue() internal pure override returns (IDODOPMMIntegration.Venue) {
        return IDODOPMMIntegration.Venue.OURS;
    }

    function _assertPrivateOwner(address pool, address owner) internal view override {
        assertEq(IPmmPrivatePool(pool)._OWNER_(), owner, "owner at once");
    }

    function test_oraclePricedPoolNeedsAnOracle() public {
        vm.prank(manager);
        vm.expectRevert(IPmmFactory.BadPricing.selector);
        integration.createPool(address(cUSDT), address(cUSDC), FEE, 0, K, true); // this factory has none
    }
}

contract IntegrationOnDodoTest is IntegrationTests {
    function _venue() internal pure override returns (IDODOPMMIntegration.Venue) {
        return IDODOPMMIntegration.Venue.DODO;
    }

    function _assertPrivateOwner(address pool, address owner) internal override {
        DodoDppAdminStandIn admin = DodoDppAdminStandIn(DodoDppStandIn(pool)._OWNER_());
        assertEq(admin._NEW_OWNER_(), owner, "offered");
        vm.startPrank(owner);
        admin.claimOwnership();
        admin.reset(owner, FEE, 2650.25e6, K, 1e18, 1e6, 0, 0);
        vm.stopPrank();
        assertEq(gold.balanceOf(owner), 1e18, "the owner has the pool's funds in hand");
    }

    function test_D4_failedCloneIsNoticed() public {
        dspFactory.setFailsToClone(true);
        vm.prank(manager);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, address(0)));
        integration.createPool(address(cUSDT), address(cUSDC), FEE, 1e18, K, true);
    }

    function test_D16_listingProvesNothing() public {
        // The registry's admin lists a pool of other code; and a right clone that the factory does not list.
        DodoDspStandIn foreign = DodoDspStandIn(deploy("DodoDspStandIn", ""));
        foreign.init(attacker, address(cUSDT), address(cUSDC), FEE, 0, 1e18, K, true);
        dspFactory.addPoolByAdmin(attacker, address(cUSDT), address(cUSDC), address(foreign));
        address clone = Clones.clone(dspFactory._DSP_TEMPLATE_());
        DodoDspStandIn(clone).init(attacker, address(cUSDT), address(cUSDC), FEE, 0, 1e18, K, true);
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolNotAccepted.selector, address(foreign)));
        integration.registerPool(address(foreign));
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolNotAccepted.selector, clone));
        integration.registerPool(clone);
        vm.stopPrank();
    }

    function test_D3_uninitialisedCloneIsRefused() public {
        address clone = dppFactory.createDODOPrivatePool();
        vm.prank(manager);
        vm.expectRevert(abi.encodeWithSelector(IDODOPMMIntegration.PoolNotInitialised.selector, clone));
        integration.registerPool(clone);
        // Why: whoever comes first owns what lies in it.
        gold.mint(clone, 1e18);
        vm.startPrank(attacker);
        DodoDppStandIn(clone).init(attacker, attacker, address(gold), address(usdt), FEE, 0, K, 2650.25e6, false);
        DodoDppStandIn(clone).reset(attacker, FEE, 2650.25e6, K, 1e18, 0, 0, 0);
        vm.stopPrank();
        assertEq(gold.balanceOf(attacker), 1e18, "emptied by a stranger");
    }

    function test_D5_D8_existingPoolsWithUnsafeTermsAreRefused() public {
        address[3] memory pools = [
            dspFactory.createDODOStablePool(address(cUSDT), address(cUSDC), 2e18, 1e18, K, true),
            dspFactory.createDODOStablePool(address(cUSDT), address(cUSDC), FEE, 1e18, 1e18 - 1, true),
            dspFactory.createDODOStablePool(address(cUSDT), address(cUSDC), 0, 1e18, K, true)
        ];
        for (uint256 index = 0; index < 3; ++index) {
            vm.prank(manager);
            vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
            integration.registerPool(pools[index]);
        }
        address lost = dspFactory.createDODOStablePool(address(usdt), address(gold), FEE, 2650e30, K, true);
        vm.prank(manager);
        vm.expectPartialRevert(IDODOPMMIntegration.UnsafeOrientation.selector);
        integration.registerPool(lost);
    }

    function test_D10_twoWordAnswersAreUnderstood() public {
        address pool = stablePool();
        vm.mockCall(
            pool,
            abi.encodeCall(IDodoV2Pool.querySellBase, (address(integration), 1e6)),
            abi.encode(uint256(777), uint256(3)) // as a DVM pool answers
        );
        assertEq(integration.quoteExactIn(pool, address(cUSDT), 1e6), 777, "first word");
    }

    function test_venue_withoutAddressesIsUnavailable() public {
        IDODOPMMIntegration.DodoAddresses memory none;
        DODOPMMIntegration.Stables memory stables = DODOPMMIntegration.Stables(
            address(cUSDT),
            address(cUSDC),
            address(usdt),
            address(usdc)
        );
        DODOPMMIntegration bare = DODOPMMIntegration(
            deploy("DODOPMMIntegration", abi.encode(stables, address(factory), none, timelock))
        );
        vm.startPrank(timelock);
        vm.expectRevert(
            abi.encodeWithSelector(IDODOPMMIntegration.VenueUnavailable.selector, IDODOPMMIntegration.Venue.DODO)
        );
        bare.setDefaultVenue(IDODOPMMIntegration.Venue.DODO);
        vm.expectRevert(
            abi.encodeWithSelector(IDODOPMMIntegration.VenueUnavailable.selector, IDODOPMMIntegration.Venue.DODO)
        );
        bare.createFundedPool(IDODOPMMIntegration.Venue.DODO, terms(cUSDT, cUSDC, 1e18), 1e6, 1e6, 1, block.timestamp);
        vm.stopPrank();
        none.approve = attacker;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("DODOPMMIntegration", abi.encode(stables, address(factory), none, timelock));
    }
}
