// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IDodoV2Pool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPegLens} from "../../../contracts/interfaces/IPegLens.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {ScriptedTarget} from "../../../contracts/mocks/ScriptedTarget.sol";
import {PegLens} from "../../../contracts/periphery/PegLens.sol";
import {Base} from "../Base.t.sol";

/// @notice The lens against scripted contracts: what it passes on, and that no pool can hide another one.
contract PegLensTest is Base {
    ScriptedTarget internal limits;
    ScriptedTarget internal oracle;
    ScriptedTarget internal healthy;
    ScriptedTarget internal broken;
    PegLens internal lens;

    address internal constant BASE_TOKEN = address(0xB0);
    address internal constant QUOTE_TOKEN = address(0xB1);
    uint256 internal constant MAX_AMOUNT_IN = 7_000e6;
    uint256 internal constant VALUE_XAU_WEI = 3e18;

    function setUp() public {
        limits = ScriptedTarget(deploy("ScriptedTarget", ""));
        oracle = ScriptedTarget(deploy("ScriptedTarget", ""));
        healthy = ScriptedTarget(deploy("ScriptedTarget", ""));
        broken = ScriptedTarget(deploy("ScriptedTarget", ""));
        lens = PegLens(deploy("PegLens", abi.encode(IStabilizerLimits(address(limits)), IXAUOracle(address(oracle)))));

        address[] memory pools = new address[](3);
        (pools[0], pools[1], pools[2]) = (address(broken), address(healthy), address(0xDEAD));
        _answer(limits, IStabilizerLimits.pools.selector, abi.encode(pools));
        _answer(
            limits,
            IStabilizerLimits.globalConfig.selector,
            abi.encode(
                IStabilizerLimits.GlobalConfig({capXauWei: 11e18, maxGasPriceWei: 22e9, nativePriceXauWei: 33e14})
            )
        );
        IStabilizerLimits.PoolConfig memory config;
        config.thresholdWad = 3e14;
        config.fastThresholdWad = 8e14;
        config.confirmations = 2;
        config.minBlocks = 3;
        config.rewardShareWad = 1e17;
        _answer(limits, IStabilizerLimits.poolConfig.selector, abi.encode(config));
        IStabilizerLimits.Allowance memory allowed;
        allowed.tokenIn = BASE_TOKEN;
        allowed.tokenOut = QUOTE_TOKEN;
        allowed.sellBase = true;
        allowed.maxAmountIn = MAX_AMOUNT_IN;
        allowed.blockEndDeviationWad = -5e14;
        allowed.readyAtBlock = 77;
        _answer(limits, IStabilizerLimits.allowance.selector, abi.encode(allowed));
        _answer(oracle, IXAUOracle.valueInXau.selector, abi.encode(VALUE_XAU_WEI));

        _scriptPool(healthy);
        _scriptPool(broken);
    }

    function _answer(ScriptedTarget target, bytes4 selector, bytes memory data) internal {
        target.script(selector, ScriptedTarget.Kind.RETURN, data);
    }

    function _scriptPool(ScriptedTarget pool) internal {
        _answer(pool, IDodoV2Pool._BASE_TOKEN_.selector, abi.encode(BASE_TOKEN));
        _answer(pool, IDodoV2Pool._QUOTE_TOKEN_.selector, abi.encode(QUOTE_TOKEN));
        _answer(pool, IDodoV2Pool.getVaultReserve.selector, abi.encode(uint256(1_000e6), uint256(2_000e6)));
        _answer(pool, IPmmPool.anchors.selector, abi.encode(uint256(1e18), uint256(1.01e18)));
        _answer(pool, IPmmPool.spotRatio.selector, abi.encode(uint256(1.0005e18)));
        uint256[] memory ends = new uint256[](2);
        (ends[0], ends[1]) = (1.0004e18, 1.0003e18);
        _answer(pool, IPmmPool.recentBlockEnds.selector, abi.encode(ends));
    }

    function _assertHealthy(IPegLens.PoolView memory seen) internal view {
        assertEq(seen.pool, address(healthy), "pool");
        assertTrue(seen.readable, "readable");
        assertEq(seen.baseToken, BASE_TOKEN, "base token");
        assertEq(seen.quoteToken, QUOTE_TOKEN, "quote token");
        assertEq(seen.baseReserve, 1_000e6, "base reserve");
        assertEq(seen.quoteReserve, 2_000e6, "quote reserve");
        assertEq(seen.anchorNew, 1e18, "anchor");
        assertEq(seen.anchorPrevious, 1.01e18, "previous anchor");
        assertEq(seen.spotRatioWad, 1.0005e18, "spot");
        assertEq(seen.blockEndRatiosWad.length, 2, "block ends");
        assertEq(seen.blockEndRatiosWad[0], 1.0004e18, "newest block end first");
        assertEq(seen.thresholdWad, 3e14, "threshold");
        assertEq(seen.fastThresholdWad, 8e14, "fast threshold");
        assertEq(seen.confirmations, 2, "confirmations");
        assertEq(seen.minBlocks, 3, "minBlocks");
        assertEq(seen.rewardShareWad, 1e17, "reward share");
        assertEq(seen.maxAmountInXauWei, VALUE_XAU_WEI, "value");
        assertEq(seen.allowance.maxAmountIn, MAX_AMOUNT_IN, "allowance");
        assertEq(seen.allowance.blockEndDeviationWad, -5e14, "deviation");
        assertEq(seen.allowance.readyAtBlock, 77, "ready at");
    }

    function test_snapshot_passesOnWhatItReads() public {
        vm.roll(1_000);
        vm.warp(123_456);
        IPegLens.Snapshot memory seen = lens.snapshot(2);
        assertEq(seen.blockNumber, 1_000, "block");
        assertEq(seen.timestamp, 123_456, "timestamp");
        assertEq(seen.maxGasPriceWei, 22e9, "gas price");
        assertEq(seen.globalCapXauWei, 11e18, "global cap");
        assertEq(seen.nativePriceXauWei, 33e14, "native price");
        assertEq(seen.pools.length, 3, "pools");
        _assertHealthy(seen.pools[1]);
    }

    /// @dev A registered address without code makes every call to it revert without data.
    function test_snapshot_reportsAPoolWithoutCode() public view {
        IPegLens.PoolView memory seen = lens.snapshot(2).pools[2];
        assertEq(seen.pool, address(0xDEAD), "pool");
        assertFalse(seen.readable, "readable");
        assertEq(bytes32(seen.failure), bytes32(0), "no selector");
    }

    function test_snapshot_survivesAPoolThatReverts() public {
        broken.script(
            IDodoV2Pool.getVaultReserve.selector,
            ScriptedTarget.Kind.REVERT,
            abi.encodeWithSelector(ICommonErrors.Reentrant.selector)
        );
        IPegLens.Snapshot memory seen = lens.snapshot(2);
        assertFalse(seen.pools[0].readable, "readable");
        assertEq(seen.pools[0].pool, address(broken), "pool");
        assertEq(bytes32(seen.pools[0].failure), bytes32(ICommonErrors.Reentrant.selector), "failure");
        _assertHealthy(seen.pools[1]);
    }

    function test_snapshot_survivesGarbage() public {
        _answer(broken, IDodoV2Pool.getVaultReserve.selector, hex"01");
        IPegLens.Snapshot memory seen = lens.snapshot(2);
        assertFalse(seen.pools[0].readable, "readable");
        _assertHealthy(seen.pools[1]);
    }

    function test_snapshot_survivesAPoolThatBurnsAllGas() public {
        broken.script(IDodoV2Pool._BASE_TOKEN_.selector, ScriptedTarget.Kind.BURN_GAS, "");
        IPegLens.Snapshot memory seen = lens.snapshot{gas: 12_000_000}(2);
        assertFalse(seen.pools[0].readable, "readable");
        _assertHealthy(seen.pools[1]);
    }

    /// @dev Doubts of the oracle are news, not an unreadable pool: the allowance names them.
    function test_snapshot_keepsAPoolWhoseOracleHasDoubts() public {
        broken.script(
            IPmmPool.anchors.selector,
            ScriptedTarget.Kind.REVERT,
            abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, BASE_TOKEN, 1, 2)
        );
        broken.script(IPmmPool.spotRatio.selector, ScriptedTarget.Kind.REVERT, "");
        broken.script(IPmmPool.recentBlockEnds.selector, ScriptedTarget.Kind.REVERT, "");
        oracle.script(IXAUOracle.valueInXau.selector, ScriptedTarget.Kind.REVERT, "");
        IPegLens.PoolView memory seen = lens.snapshot(2).pools[0];
        assertTrue(seen.readable, "readable");
        assertEq(bytes32(seen.anchorFailure), bytes32(IXAUOracle.NotEnoughFeeds.selector), "anchor failure");
        assertEq(seen.anchorNew, 0, "no anchor");
        assertEq(seen.spotRatioWad, 0, "no spot");
        assertEq(seen.blockEndRatiosWad.length, 0, "no history");
        assertEq(seen.maxAmountInXauWei, 0, "no value");
        assertEq(seen.allowance.maxAmountIn, MAX_AMOUNT_IN, "allowance still read");
    }

    function test_snapshot_withoutBlockEnds() public view {
        assertEq(lens.snapshot(0).pools[1].blockEndRatiosWad.length, 0, "block ends");
    }

    function test_constructor_refusesAddressesWithoutCode() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, address(0xDEAD)));
        deploy("PegLens", abi.encode(IStabilizerLimits(address(0xDEAD)), IXAUOracle(address(oracle))));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, address(0xDEAD)));
        deploy("PegLens", abi.encode(IStabilizerLimits(address(limits)), IXAUOracle(address(0xDEAD))));
    }
}
