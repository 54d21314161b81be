// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmFactory} from "../../../contracts/interfaces/IPmmFactory.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {PmmFactory} from "../../../contracts/pmm/PmmFactory.sol";
import {StabilizerBase} from "./StabilizerBase.t.sol";

contract StabilizerLimitsTest is StabilizerBase {
    function _expectOutOfRange(uint256 value, uint256 minimum, uint256 maximum) internal {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, value, minimum, maximum));
    }

    function _set(IStabilizerLimits.PoolConfig memory config) internal {
        vm.prank(timelock);
        limits.setPoolConfig(address(stablePool), config);
    }

    // Configuration

    function test_config_isReadBackAsSet() public view {
        assertEq(
            keccak256(abi.encode(limits.poolConfig(address(stablePool)))),
            keccak256(abi.encode(poolConfig())),
            "pool"
        );
        assertEq(
            keccak256(abi.encode(limits.globalConfig())),
            keccak256(abi.encode(IStabilizerLimits.GlobalConfig(2 * CAP, 200e9, 1.1e18))),
            "global"
        );
        assertEq(keccak256(abi.encode(limits.ceilings())), keccak256(abi.encode(_ceilings())), "ceilings");
    }

    function test_config_everyFieldHasItsBounds() public {
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.thresholdWad = 1e12 - 1;
        _expectOutOfRange(1e12 - 1, 1e12, 0.05e18);
        _set(config);
        config = poolConfig();
        config.fastThresholdWad = 0.05e18 + 1;
        _expectOutOfRange(0.05e18 + 1, 1e12, 0.05e18);
        _set(config);
        config = poolConfig();
        config.fastThresholdWad = config.thresholdWad - 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                IStabilizerLimits.FastBelowThreshold.selector,
                config.fastThresholdWad,
                config.thresholdWad
            )
        );
        _set(config);
        config = poolConfig();
        config.gainWad = 1e18 + 1;
        _expectOutOfRange(1e18 + 1, 1, 1e18);
        _set(config);
        config = poolConfig();
        config.maxSlippageWad = 0.05e18 + 1;
        _expectOutOfRange(0.05e18 + 1, 0, 0.05e18);
        _set(config);
        config = poolConfig();
        config.maxDeviationAgreeWad = 0.05e18 + 1;
        _expectOutOfRange(0.05e18 + 1, 0, 0.05e18);
        _set(config);
        config = poolConfig();
        config.minShareWad = 0;
        _expectOutOfRange(0, 1, 1e18);
        _set(config);
        config = poolConfig();
        config.minBlocks = 301;
        _expectOutOfRange(301, 1, 300);
        _set(config);
        config.minBlocks = 0;
        _expectOutOfRange(0, 1, 300);
        _set(config);
        config = poolConfig();
        (config.confirmations, config.windowBlocks) = (33, 33);
        vm.expectRevert(abi.encodeWithSelector(IStabilizerLimits.HistoryTooLong.selector, 65, 64));
        _set(config);
        config = poolConfig();
        config.confirmations = 0;
        _expectOutOfRange(0, 1, 64);
        _set(config);
        config = poolConfig();
        config.capXauWei = 200e18 + 1;
        _expectOutOfRange(200e18 + 1, 1, 200e18);
        _set(config);
        config = poolConfig();
        config.bucketXauWei = 2_000e18 + 1;
        _expectOutOfRange(2_000e18 + 1, 1, 2_000e18);
        _set(config);
        config = poolConfig();
        config.bucketRefillXauWeiPerBlock = 0; // a bucket that never refills would stop the pool for good
        _expectOutOfRange(0, 1, 18e18);
        _set(config);
        config = poolConfig();
        config.minTradeXauWei = config.capXauWei + 1;
        _expectOutOfRange(config.capXauWei + 1, 1, config.capXauWei);
        _set(config);
        config = poolConfig();
        config.rewardShareWad = 0.5e18 + 1;
        _expectOutOfRange(0.5e18 + 1, 0, 0.5e18);
        _set(config);
        config = poolConfig();
        config.rewardBudgetXauWeiPerDay = 1e18 + 1;
        _expectOutOfRange(1e18 + 1, 0, 1e18);
        _set(config);
        assertEq(
            keccak256(abi.encode(limits.poolConfig(address(stablePool)))),
            keccak256(abi.encode(poolConfig())),
            "nothing changed"
        );
    }

    function test_globalCap_coversTheTwoLargestPools() public {
        vm.startPrank(timelock);
        vm.expectRevert(
            abi.encodeWithSelector(IStabilizerLimits.GlobalCapTooSmall.selector, 2 * CAP - 1, 2 * uint256(CAP))
        );
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(2 * CAP - 1, 200e9, 0));
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.capXauWei = CAP + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IStabilizerLimits.GlobalCapTooSmall.selector, 2 * CAP, 2 * uint256(CAP) + 1)
        );
        limits.setPoolConfig(address(stablePool), config);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 800e18 + 1, 1, 800e18));
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(800e18 + 1, 200e9, 0));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1_001e9, 1, 1_000e9));
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(2 * CAP, 1_001e9, 0));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 10e18 + 1, 0, 10e18));
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(2 * CAP, 200e9, 10e18 + 1));
        vm.stopPrank();
    }

    function test_config_ceilingsThatStorageCannotKeepAreRefused() public {
        IStabilizerLimits.Ceilings memory high = _ceilings();
        high.poolCapXauWei = uint128(type(uint72).max) + 1;
        _expectOutOfRange(high.poolCapXauWei, 1, type(uint72).max);
        deploy("StabilizerLimits", abi.encode(address(oracle), high, timelock));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("StabilizerLimits", abi.encode(attacker, _ceilings(), timelock));
    }

    function test_config_changeRefillsNothing() public {
        disturb(stablePool, true, 300_000);
        execute(keeper, stablePool);
        (uint256 last, uint256 level, , ) = limits.usage(address(stablePool));
        assertLt(level, 9 * uint256(CAP) + 1e13, "one cap used");
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.bucketRefillXauWeiPerBlock = 18e18;
        skipBlocks(1);
        _set(config);
        (uint256 lastAfter, uint256 levelAfter, , ) = limits.usage(address(stablePool));
        assertEq(lastAfter, last, "cooldown");
        assertEq(levelAfter, level + CAP / 10, "the elapsed block at the old rate");
        skipBlocks(1);
        (, levelAfter, , ) = limits.usage(address(stablePool));
        assertEq(levelAfter, 10 * uint256(CAP), "later blocks at the new rate, up to the capacity");

        skipBlocks(3);
        execute(keeper, stablePool);
        (last, level, , ) = limits.usage(address(stablePool));
        vm.startPrank(timelock);
        limits.removePool(address(stablePool));
        limits.registerPool(address(stablePool), poolConfig());
        vm.stopPrank();
        (lastAfter, levelAfter, , ) = limits.usage(address(stablePool));
        assertEq(lastAfter, last, "registering again does not end the cooldown");
        assertEq(levelAfter, level, "nor refill the bucket");
    }

    function test_config_globalSettingsReachEveryPool() public {
        disturb(stablePool, true, 300_000);
        vm.txGasPrice(150e9);
        assertReason(stablePool, IStabilizerLimits.Reason.NONE, "below the old limit");
        vm.prank(timelock);
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(2 * CAP, 100e9, 0));
        address[] memory pools = limits.pools();
        for (uint256 index = 0; index < pools.length; ++index) {
            assertEq(
                keccak256(abi.encode(limits.poolConfig(pools[index]))),
                keccak256(abi.encode(poolConfig())),
                "own settings stay"
            );
        }
        assertReason(stablePool, IStabilizerLimits.Reason.GAS_PRICE, "above the new one");
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.GAS_PRICE));
        stabilizer.executePrivateSwap(type(uint256).max, address(cUSDC), address(cUSDT));
        vm.txGasPrice(100e9);
        uint256 held = cUSDT.balanceOf(keeper);
        execute(keeper, stablePool);
        assertEq(cUSDT.balanceOf(keeper), held, "rewards are off");
        vm.txGasPrice(0);
    }

    function test_config_settingsOutliveManyChanges() public {
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        for (uint256 count = 0; count < 300; ++count) {
            config.minTradeXauWei = uint128(1 + count);
            _set(config);
        }
        assertEq(limits.poolConfig(address(stablePool)).minTradeXauWei, 300, "the newest");
        assertEq(
            keccak256(abi.encode(limits.poolConfig(address(xauPool)))),
            keccak256(abi.encode(poolConfig())),
            "another pool's, written long before"
        );
    }

    // Registry

    function test_registry_aPairsUsageOutlivesItsPool() public {
        disturb(stablePool, true, 300_000);
        execute(keeper, stablePool);
        (uint256 last, uint256 level, , ) = limits.usage(address(stablePool));
        IPmmPool second = _publicPool(cUSDT, cUSDC);
        vm.startPrank(timelock);
        limits.removePool(address(stablePool));
        limits.registerPool(address(second), poolConfig());
        vm.stopPrank();
        (uint256 lastAfter, uint256 levelAfter, , ) = limits.usage(address(second));
        assertEq(lastAfter, last, "another pool does not end the cooldown");
        assertEq(levelAfter, level, "nor refill the bucket");
        assertEq(limits.poolFor(address(cUSDT), address(cUSDC)), address(second), "registered");
        assertReason(stablePool, IStabilizerLimits.Reason.NOT_REGISTERED, "the former one");
    }

    function test_registry_onePoolPerPair() public {
        IPmmPool second = _publicPool(cUSDT, cUSDC);
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IStabilizerLimits.PairTaken.selector, address(cUSDT), address(cUSDC)));
        limits.registerPool(address(second), poolConfig());
        vm.expectRevert(abi.encodeWithSelector(IStabilizerLimits.PoolAlreadyRegistered.selector, address(stablePool)));
        limits.registerPool(address(stablePool), poolConfig());
        vm.stopPrank();
        assertEq(limits.poolFor(address(cUSDC), address(cUSDT)), address(stablePool), "either order");
        assertEq(limits.poolFor(address(cUSDT), address(cUSDC)), address(stablePool), "either order");
        assertEq(limits.poolFor(address(cUSDT), address(cEURT)), address(0), "none");
        assertEq(limits.pools().length, 4, "four");
    }

    function test_registry_refusesWhatItCannotTrust() public {
        vm.startPrank(timelock);
        _refused(attacker); // no code
        _refused(address(cUSDT)); // no pool
        _refused(mesh.poolOf(address(cUSDT))); // private
        limits.setFactory(address(factory), false);
        IPmmPool second = stablePool;
        limits.removePool(address(second));
        _refused(address(second)); // factory no longer accepted
        vm.stopPrank();
    }

    /// @dev D25: a threshold below twice the fee only stalls who pays the fee; pools that do not exempt this stabilizer are refused.
    function test_D25_poolMustExemptTheStabilizer() public {
        PmmFactory other = _otherFactory();
        IPmmFactory.PoolParams memory params = IPmmFactory.PoolParams({
            kind: IPmmPool.Kind.PUBLIC,
            pricing: IPmmPool.Pricing.FIXED,
            baseToken: address(cEURT),
            quoteToken: address(cUSDC),
            lpFeeRate: 1e14,
            i: 1.08e18,
            k: 0.005e18,
            isOpenTWAP: true,
            owner: address(0)
        });
        address pool = other.createPool(params);
        vm.startPrank(timelock);
        limits.setFactory(address(other), true);
        _refused(pool);
        vm.stopPrank();
    }

    function test_D25_thresholdBelowTwiceTheFeeStillActsAtNoLoss() public {
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.thresholdWad = 1.5e14; // the fee is 1 bp
        _set(config);
        disturb(stablePool, true, 16_000); // about 1.6 bps
        uint256 before = inventoryValue();
        execute(keeper, stablePool);
        assertGt(inventoryValue(), before, "fee-exempt: any deviation is worth closing");
    }

    function _otherFactory() internal returns (PmmFactory) {
        IPmmPool.Config memory config = IPmmPool.Config({
            oracle: address(oracle),
            stabilizer: attacker,
            maintainer: address(0),
            mtFeeRate: 0,
            flashFeeRate: 0,
            parameterDelay: 1 days
        });
        return
            PmmFactory(
                deploy(
                    "PmmFactory",
                    abi.encode(
                        timelock,
                        deploy("PublicPmmPool", abi.encode(config)),
                        deploy("PrivatePmmPool", abi.encode(config))
                    )
                )
            );
    }

    function _refused(address pool) internal {
        vm.expectRevert(abi.encodeWithSelector(IStabilizerLimits.NotAStabilizedPool.selector, pool));
        limits.registerPool(pool, poolConfig());
    }

    function test_removedPoolIsNotActedOn() public {
        disturb(stablePool, true, 40_000);
        vm.prank(timelock);
        limits.removePool(address(stablePool));
        assertReason(stablePool, IStabilizerLimits.Reason.NOT_REGISTERED, "reason");
        vm.expectRevert(noAction(IPmmPool(address(0)), IStabilizerLimits.Reason.NOT_REGISTERED));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
        vm.expectRevert(abi.encodeWithSelector(IStabilizerLimits.PoolNotRegistered.selector, address(stablePool)));
        limits.poolConfig(address(stablePool));
        assertEq(limits.pools().length, 3, "three left");
    }

    // Rewards

    function test_STAB16_aRewardIsTakenOncePerExecution() public {
        disturb(stablePool, true, 40_000);
        vm.txGasPrice(100e9);
        vm.startPrank(address(stabilizer));
        limits.consume(address(cUSDC), address(cUSDT), type(uint256).max);
        vm.stopPrank();
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        limits.consumeReward(1e18);
        vm.startPrank(address(stabilizer));
        uint256 reward = limits.consumeReward(1e18);
        assertGt(reward, 0, "the first");
        (, , uint256 today, ) = limits.usage(address(stablePool));
        assertApproxEqAbs(today, reward, 1e9, "counted");
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(stabilizer)));
        limits.consumeReward(1e18);
        vm.stopPrank();
        vm.txGasPrice(0);
    }

    // Reasons

    function test_reason_youngPoolHasNoHistory() public {
        IPmmPool young = _publicPool(cEURT, cUSDC);
        vm.prank(timelock);
        limits.registerPool(address(young), poolConfig());
        assertReason(young, IStabilizerLimits.Reason.HISTORY_UNAVAILABLE, "created in this block");
        skipBlocks(3);
        assertReason(young, IStabilizerLimits.Reason.HISTORY_UNAVAILABLE, "three block-ends of four");
        skipBlocks(1);
        assertReason(young, IStabilizerLimits.Reason.INSIDE_BAND, "four");
    }

    function test_reason_spotOnTheOtherSide() public {
        disturb(stablePool, true, 40_000);
        sellUsd(stablePool, false, 90_000);
        assertReason(stablePool, IStabilizerLimits.Reason.SPOT_DISAGREES, "other side");
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.SPOT_DISAGREES));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
    }

    function test_trigger_latencyOfASlowCreepIsFourBlocks() public {
        // Half a unit of theta per block: the first block-end outside is followed until it executes.
        uint256 first;
        for (uint256 count = 0; count < 20; ++count) {
            sellUsd(stablePool, true, 7_000);
            if (first == 0 && stablePool.recordedRatio() + THETA < WAD) first = block.number;
            skipBlocks(1);
            if (reasonOf(stablePool) == IStabilizerLimits.Reason.NONE) break;
        }
        assertGt(first, 0, "left the band");
        assertLe(block.number - first, 4, "latency");
    }

    // Roles

    function test_ACCESS23_ownerOnly() public {
        vm.startPrank(attacker);
        bytes memory notOwner = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", attacker);
        vm.expectRevert(notOwner);
        limits.registerPool(address(stablePool), poolConfig());
        vm.expectRevert(notOwner);
        limits.setPoolConfig(address(stablePool), poolConfig());
        vm.expectRevert(notOwner);
        limits.removePool(address(stablePool));
        vm.expectRevert(notOwner);
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(2 * CAP, 1, 0));
        vm.expectRevert(notOwner);
        limits.setFactory(attacker, true);
        vm.expectRevert(notOwner);
        limits.setStabilizer(attacker);
        vm.expectRevert(notOwner);
        limits.setGuardian(attacker);
        vm.expectRevert(notOwner);
        limits.unpause();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        limits.pause();
        vm.stopPrank();
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IStabilizerLimits.StabilizerAlreadySet.selector, address(stabilizer)));
        limits.setStabilizer(address(mesh));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        limits.renounceOwnership();
        limits.transferOwnership(provider);
        assertEq(limits.owner(), timelock, "two steps");
        vm.stopPrank();
    }

    function test_pause_endsByItselfAndCannotBeChained() public {
        uint256 start = block.timestamp;
        vm.startPrank(guardian);
        limits.pause();
        assertEq(limits.pausedUntil(), start + 24 hours, "24 h");
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, start + 48 hours, start));
        limits.pause();
        vm.warp(start + 48 hours - 1);
        assertTrue(reasonOf(stablePool) != IStabilizerLimits.Reason.PAUSED, "over after 24 h");
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.NotReady.selector, start + 48 hours, start + 48 hours - 1)
        );
        limits.pause();
        vm.warp(start + 48 hours);
        limits.pause();
        vm.stopPrank();
        vm.startPrank(timelock);
        limits.unpause();
        assertTrue(reasonOf(stablePool) != IStabilizerLimits.Reason.PAUSED, "ended by the owner");
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        limits.unpause();
        limits.pause();
        vm.stopPrank();
    }
}
