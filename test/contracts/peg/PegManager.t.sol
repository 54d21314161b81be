// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPegBoard} from "../../../contracts/interfaces/IPegBoard.sol";
import {IPegManager} from "../../../contracts/interfaces/IPegManager.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PegSinkRecorder} from "../../../contracts/mocks/PegSinkRecorder.sol";
import {PegBase} from "./PegBase.t.sol";

contract PegManagerTest is PegBase {
    IPegManager.State internal constant NORMAL = IPegManager.State.NORMAL;
    IPegManager.State internal constant DEVIATES = IPegManager.State.DEVIATING;
    IPegManager.State internal constant DEFENDS = IPegManager.State.DEFENDING;
    IPegManager.State internal constant HALTED = IPegManager.State.HALTED;

    // --- Market

    /// @dev PEG-1
    function test_PEG1_marketStatesNeedTheirBlocksAndTheirDistance() public {
        // 1M a side, k 0.5 %: 80,000 USD move the mid by about 8 bps, 300,000 by about 30.
        sellUsd(stablePool, true, 80_000);
        for (uint256 block_ = 0; block_ < ENTER; ++block_) {
            pokeIs(cUSDT, NORMAL, "not long enough");
            skipBlocks(1);
        }
        pokeIs(cUSDT, DEVIATES, "three ended blocks outside 5 bps");
        pokeIs(cUSDC, DEVIATES, "the other side of the pool, too");
        sellUsd(stablePool, true, 220_000);
        skipBlocks(ENTER - 1);
        pokeIs(cUSDT, DEVIATES, "two ended blocks outside 20 bps");
        skipBlocks(1);
        pokeIs(cUSDT, DEFENDS, "three");

        // Back: first inside 5 bps, then inside 2 bps, each for six ended blocks.
        (, uint256 close) = stablePool.amountToAnchor();
        sell(stablePool, trader, false, (close * 88) / 100);
        skipBlocks(RECOVER - 1);
        pokeIs(cUSDT, DEFENDS, "hysteresis");
        skipBlocks(1);
        pokeIs(cUSDT, DEVIATES, "inside the first threshold, not calm");
        (, close) = stablePool.amountToAnchor();
        sell(stablePool, trader, false, close);
        skipBlocks(RECOVER - 1);
        pokeIs(cUSDT, DEVIATES, "hysteresis");
        skipBlocks(1);
        pokeIs(cUSDT, NORMAL, "calm");
    }

    /// @dev PEG-1
    function test_PEG1_swingInsideABlockChangesNothing() public {
        uint256 got = sellUsd(stablePool, true, 800_000);
        pokeIs(cUSDT, NORMAL, "during");
        sell(stablePool, trader, false, got);
        for (uint256 block_ = 0; block_ < 10; ++block_) {
            skipBlocks(1);
            pokeIs(cUSDT, NORMAL, "after");
        }
    }

    /// @dev PEG-1: Whoever pokes when, in whatever order: the market state at an unpoked chain equals that after the first poke.
    function test_PEG1_marketStateNeedsNoPokes() public {
        sellUsd(stablePool, true, 300_000);
        skipBlocks(40);
        pokeIs(cUSDT, DEFENDS, "one late poke finds it");
    }

    /// @dev PEG-6: In the middle of a flash loan a pool answers nothing; that is no evidence of calm.
    function test_PEG6_aPoolThatCannotAnswerLeavesTheStateAsItIs() public {
        sellUsd(stablePool, true, 300_000);
        skipBlocks(ENTER);
        pokeIs(cUSDT, DEFENDS, "set-up");
        bytes memory ask = abi.encodeCall(IPmmPool.recentBlockEnds, (RECOVER));
        vm.mockCallRevert(address(stablePool), ask, abi.encodeWithSelector(ICommonErrors.Reentrant.selector));
        pokeIs(cUSDT, DEFENDS, "no evidence");
    }

    // --- Price

    /// @dev PEG-2
    function test_PEG2_priceOutsideItsBandHaltsAndOnlySeenCalmEndsIt() public {
        report(cUSDC, 97500000);
        pokeIs(cUSDC, NORMAL, "first block outside");
        skipBlocks(1);
        pokeIs(cUSDC, HALTED, "second");
        assertTrue(board.isHalted(address(cUSDC)), "the board says so");
        assertFalse(board.isHalted(address(cUSDT)), "and of no other");
        skipBlocks(1);
        report(cUSDC, 98500000);
        for (uint256 block_ = 0; block_ < 10; ++block_) {
            pokeIs(cUSDC, HALTED, "inside the band, outside the recovery band");
            skipBlocks(1);
        }
        report(cUSDC, 99500000);
        for (uint256 block_ = 1; block_ < CALM_BLOCKS; ++block_) {
            pokeIs(cUSDC, HALTED, "not calm for long enough");
            skipBlocks(1);
        }
        pokeIs(cUSDC, NORMAL, "over");
    }

    /// @dev PEG-2
    function test_PEG2_aRelapseStartsTheWaitAnew() public {
        _haltCusdc();
        report(cUSDC, 99500000);
        stable.poke(address(cUSDC));
        skipBlocks(3);
        report(cUSDC, 97500000);
        pokeIs(cUSDC, HALTED, "relapse");
        skipBlocks(3);
        report(cUSDC, 1_00000000);
        pokeIs(cUSDC, HALTED, "first calm block");
        skipBlocks(CALM_BLOCKS - 2);
        pokeIs(cUSDC, HALTED, "one short");
        skipBlocks(1);
        pokeIs(cUSDC, NORMAL, "over");
    }

    /// @dev PEG-2
    function test_PEG2_aPremiumHaltsLikeADiscount() public {
        report(cUSDT, 1_02500000);
        stable.poke(address(cUSDT));
        skipBlocks(1);
        pokeIs(cUSDT, HALTED, "above the band");
    }

    /// @dev PEG-3
    function test_PEG3_aDoubtNeitherHaltsNorEndsAHalt() public {
        vm.prank(timelock);
        oracle.removeToken(address(cUSDT));
        for (uint256 block_ = 0; block_ < 5; ++block_) {
            pokeIs(cUSDT, NORMAL, "no price, no halt");
            skipBlocks(1);
        }
        _haltCusdc();
        report(cUSDC, 1_00000000);
        stable.poke(address(cUSDC));
        skipBlocks(2);
        vm.mockCallRevert(address(oracle), abi.encodeCall(IXAUOracle.priceInUsd, (address(cUSDC))), "");
        pokeIs(cUSDC, HALTED, "unseen");
        vm.clearMockedCalls();
        skipBlocks(2);
        pokeIs(cUSDC, HALTED, "calm counts from here");
        skipBlocks(CALM_BLOCKS - 1);
        pokeIs(cUSDC, NORMAL, "over");
    }

    /// @dev PEG-2
    function test_PEG2_theEuroFollowsItsCurrency() public {
        report(cEURT, 1_20000000);
        euro.push(1_20000000, vm.getBlockTimestamp());
        stable.poke(address(cEURT));
        skipBlocks(1);
        pokeIs(cEURT, NORMAL, "token and currency rose together");
        euro.push(1_10000000, vm.getBlockTimestamp());
        stable.poke(address(cEURT));
        skipBlocks(1);
        pokeIs(cEURT, HALTED, "the currency did not follow");
        assertFalse(stable.measure(address(cEURT)).priceDeviationWad == 0, "measured");
        skipTime(MAX_AGE, 2);
        assertFalse(stable.measure(address(cEURT)).priceKnown, "a stale reference is a doubt");
    }

    /// @dev PEG-2
    function test_PEG2_goldHasASecondOpinion() public {
        skipBlocks(GRACE);
        report(xau, XAU_USD + 100_00000000);
        commodity.poke(address(xau));
        skipBlocks(1);
        assertEq(uint256(commodity.poke(address(xau))), uint256(HALTED), "feeds and reference apart");
        IXAUOracle.Feed[] memory feeds = oracle.tokenConfig(address(xau)).feeds;
        IPegManager.Config memory own = config(feeds[1].source);
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IPegManager.ReferenceFeedMismatch.selector, feeds[1].source));
        commodity.setToken(address(xau), own, new address[](0));
        vm.expectRevert(abi.encodeWithSelector(IPegManager.ReferenceFeedMismatch.selector, address(0)));
        commodity.setToken(address(xau), config(address(0)), new address[](0));
    }

    /// @dev PEG-2
    /// hardhat-config: fuzz.runs = 200
    function testFuzz_PEG2_haltedFollowsAModelOfThePokes(uint256 seed) public {
        uint256 outsideSince;
        uint256 calmSince;
        bool halted;
        for (uint256 step = 0; step < 30; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            skipBlocks(GRACE + (seed % 4));
            uint72 price = uint72(95000000 + ((seed >> 8) % 10000000));
            if (seed % 3 == 0) price = 1_00000000;
            report(cUSDT, price);
            uint256 distance = price > 1e8 ? uint256(price) - 1e8 : 1e8 - uint256(price);
            // The model of the rules, in words of its own.
            if (distance * 1e10 > BAND) outsideSince = outsideSince == 0 ? vm.getBlockNumber() : outsideSince;
            else outsideSince = 0;
            bool calm = halted && distance * 1e10 <= RECOVER_BAND;
            calmSince = calm ? (calmSince == 0 ? vm.getBlockNumber() : calmSince) : 0;
            if (outsideSince > 0 && vm.getBlockNumber() >= outsideSince + HALT_BLOCKS - 1) halted = true;
            if (calmSince > 0 && vm.getBlockNumber() >= calmSince + CALM_BLOCKS - 1) (halted, calmSince) = (false, 0);
            bool answer = stable.poke(address(cUSDT)) == HALTED;
            assertEq(answer, halted, vm.toString(step));
            assertEq(uint256(sink.told(address(cUSDT))), uint256(stable.stateOf(address(cUSDT))), "sink");
        }
    }

    // --- Veto

    /// @dev PEG-4
    function test_PEG4_theGuardianVetoesBothWaysForADay() public {
        vm.startPrank(guardian);
        stable.veto(address(cUSDT), HALTED);
        assertTrue(board.isHalted(address(cUSDT)), "halted at once");
        assertEq(uint256(sink.told(address(cUSDT))), uint256(HALTED), "told at once");
        uint256 readyAt = vm.getBlockTimestamp() + 2 * stable.VETO_SECONDS();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, readyAt, vm.getBlockTimestamp()));
        stable.veto(address(cUSDT), NORMAL);
        vm.stopPrank();
        skipTime(stable.VETO_SECONDS(), 10);
        assertEq(uint256(stable.stateOf(address(cUSDT))), uint256(NORMAL), "ends by itself");
        stable.poke(address(cUSDT));
        assertEq(uint256(sink.told(address(cUSDT))), uint256(NORMAL), "and the next poke tells");

        _haltCusdc();
        vm.prank(guardian);
        stable.veto(address(cUSDC), NORMAL);
        assertFalse(board.isHalted(address(cUSDC)), "lifted");
        assertEq(uint256(stable.measuredStateOf(address(cUSDC))), uint256(HALTED), "still measured");
        vm.prank(timelock);
        stable.liftVeto(address(cUSDC));
        assertTrue(board.isHalted(address(cUSDC)), "the owner ends a veto");
    }

    /// @dev PEG-4
    function test_PEG4_onlyTheGuardianVetoesAndOnlyWhatAVetoIs() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(this)));
        stable.veto(address(cUSDT), HALTED);
        vm.startPrank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IPegManager.NotAVetoState.selector, DEFENDS));
        stable.veto(address(cUSDT), DEFENDS);
        vm.expectRevert(abi.encodeWithSelector(IPegManager.TokenNotManaged.selector, address(xau)));
        stable.veto(address(xau), HALTED);
        vm.stopPrank();
        vm.prank(timelock);
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        stable.liftVeto(address(cUSDT));
    }

    // --- Sink

    /// @dev PEG-5
    function test_PEG5_aRefusingSinkTakesTheChangeBack() public {
        sink.setRefuses(true);
        vm.prank(guardian);
        vm.expectRevert(PegSinkRecorder.Refused.selector);
        stable.veto(address(cUSDT), HALTED);
        assertEq(uint256(stable.stateOf(address(cUSDT))), uint256(NORMAL), "unchanged");
    }

    /// @dev PEG-5
    function test_PEG5_aNewSinkHearsEverything() public {
        _haltCusdc();
        PegSinkRecorder second = PegSinkRecorder(deploy("PegSinkRecorder", ""));
        vm.prank(timelock);
        stable.setSink(address(second));
        assertEq(second.calls(), 3, "every token");
        assertEq(uint256(second.told(address(cUSDC))), uint256(HALTED), "as it stands");
    }

    /// @dev PEG-5
    function test_PEG5_removingATokenSaysNormal() public {
        _haltCusdc();
        vm.prank(timelock);
        stable.removeToken(address(cUSDC));
        assertEq(uint256(sink.told(address(cUSDC))), uint256(NORMAL), "told");
        assertEq(stable.tokens().length, 2, "gone");
        vm.expectRevert(abi.encodeWithSelector(IPegManager.TokenNotManaged.selector, address(cUSDC)));
        stable.poke(address(cUSDC));
    }

    // --- Hostile callers and bad input

    /// @dev PEG-6: Gas that starves the measurement must not be able to write what was not measured.
    /// hardhat-config: isolate = true
    function test_PEG6_tooLittleGasRevertsInsteadOfMeasuringLess() public {
        sellUsd(stablePool, true, 300_000);
        report(cUSDT, 97500000);
        stable.poke(address(cUSDT));
        skipBlocks(ENTER);
        uint256 snapshot = vm.snapshotState();
        assertEq(uint256(stable.poke(address(cUSDT))), 3, "plenty");
        vm.revertToState(snapshot);
        snapshot = vm.snapshotState();
        for (uint256 gas_ = 100_000; gas_ <= 3_000_000; gas_ += 50_000) {
            try stable.poke{gas: gas_}(address(cUSDT)) returns (IPegManager.State state) {
                assertEq(uint256(state), uint256(HALTED), string.concat("gas ", vm.toString(gas_)));
            } catch {}
            vm.revertToState(snapshot);
            snapshot = vm.snapshotState();
        }
    }

    function test_configurationsAreChecked() public {
        IPegManager.Config memory own = config(address(0));
        own.calmWad = own.deviatingWad + 1;
        _refused(own, abi.encodeWithSelector(IPegManager.InconsistentConfig.selector));
        own = config(address(0));
        own.recoverBandWad = own.bandWad + 1;
        _refused(own, abi.encodeWithSelector(IPegManager.InconsistentConfig.selector));
        own = config(address(0));
        own.defendingWad = own.deviatingWad;
        _refused(own, abi.encodeWithSelector(IPegManager.InconsistentConfig.selector));
        own = config(address(0));
        own.enterBlocks = 65;
        _refused(own, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 65, 1, 64));
        own = config(address(0));
        own.haltBlocks = 301;
        _refused(own, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 301, 1, 300));
        own = config(address(0));
        own.maxReferenceAgeSeconds = 1;
        _refused(own, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1, 0, 0));
        own = config(makeAddr("nobody"));
        _refused(own, abi.encodeWithSelector(ICommonErrors.NotAContract.selector, makeAddr("nobody")));
        address meshPool = mesh.poolOf(address(cUSDC));
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IPegManager.NotAPoolOfToken.selector, address(xauPool), address(cUSDC)));
        stable.setToken(address(cUSDC), config(address(0)), _pools(address(stablePool), address(xauPool)));
        vm.expectRevert(abi.encodeWithSelector(IPegManager.NotAPoolOfToken.selector, meshPool, address(cUSDC)));
        stable.setToken(address(cUSDC), config(address(0)), _pools(address(stablePool), meshPool));
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.TokenNotConfigured.selector, address(this)));
        stable.setToken(address(this), config(address(0)), new address[](0));
        vm.expectRevert(abi.encodeWithSelector(IPegBoard.NotManagedBy.selector, address(cUSDC), address(commodity)));
        board.assign(address(cUSDC), address(commodity));
    }

    function _refused(IPegManager.Config memory own, bytes memory error_) private {
        vm.prank(timelock);
        vm.expectRevert(error_);
        stable.setToken(address(cUSDT), own, new address[](0));
    }

    function _haltCusdc() private {
        report(cUSDC, 97500000);
        stable.poke(address(cUSDC));
        skipBlocks(GRACE);
        stable.poke(address(cUSDC));
        assertEq(uint256(stable.stateOf(address(cUSDC))), uint256(HALTED), "set-up");
    }
}
