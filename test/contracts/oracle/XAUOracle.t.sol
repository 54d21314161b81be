// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {SignedPriceFeed} from "../../../contracts/oracle/SignedPriceFeed.sol";
import {OracleBase} from "./OracleBase.t.sol";

/// @notice Prices, medians, the grace window and the transient copy, with honest feeds.
contract XAUOracleTest is OracleBase {
    function _feed(address token, uint256 index) internal view returns (SignedPriceFeed) {
        return feedsOf[token][index];
    }

    // --- Prices ---

    function test_prices_ofThreeTokens() public view {
        assertEq(oracle.priceInUsd(address(xau)), 2650.25e18, "XAU in USD");
        assertEq(oracle.priceInUsd(address(six)), 1e18, "six in USD");
        assertEq(oracle.priceInXau(address(xau)), 1e18, "XAU in XAU is exactly one");
        assertEq(oracle.priceInXau(address(six)), uint256(1e36) / 2650.25e18, "six in XAU, rounded down");
        assertEq(oracle.valueInXau(address(xau), 12_345), 12_345, "XAU is worth itself");
        assertEq(oracle.valueInXau(address(six), 2650_250000), 1e18, "2,650.25 six are one ounce");
        assertEq(
            oracle.valueInXau(address(eight), 3e8),
            (uint256(3) * 64_123_45678901 * 1e18) / 2650_25000000,
            "eight decimals"
        );
    }

    function test_D7_anchorIsDodosIForAllDecimals() public view {
        (uint256 newest, uint256 previous) = oracle.anchors(address(xau), address(six));
        assertEq(newest, 2650_250000, "XAU (18) / six (6): 2650.25 * 10^(18 + 6 - 18)");
        assertEq(previous, newest, "outside the grace window");
        (newest, ) = oracle.anchors(address(eight), address(six));
        assertEq(newest, uint256(64_123_45678901) * 1e8, "eight (8) / six (6): 64123.45678901 * 10^16");
        (newest, ) = oracle.anchors(address(six), address(xau));
        assertEq(newest, uint256(1e48) / 2650.25e18, "six (6) / XAU (18): 10^30 / 2650.25");
    }

    function testFuzz_median_ofThreeAnswers(uint256 a, uint256 b, uint256 c) public {
        uint72[3] memory answers = [
            uint72(bound(a, USD - USD / 300, USD)),
            uint72(bound(b, USD - USD / 300, USD)),
            uint72(bound(c, USD - USD / 300, USD))
        ];
        for (uint256 i = 0; i < SOURCES; ++i) _report(_feed(address(six), i), answers[i]);
        _nextBlocks(GRACE_BLOCKS);
        uint256 got = oracle.priceInUsd(address(six)) / 1e10;
        uint256 below;
        uint256 above;
        bool isOne;
        for (uint256 i = 0; i < SOURCES; ++i) {
            if (answers[i] < got) ++below;
            if (answers[i] > got) ++above;
            if (answers[i] == got) isOne = true;
        }
        assertTrue(isOne && below <= 1 && above <= 1, "the middle one");
    }

    function test_median_evenCountIsTheMeanOfTheMiddleTwoRoundedDown() public {
        // The third feed grows stale, the other two answer 1 USD and 1.00000001 USD.
        vm.warp(vm.getBlockTimestamp() + MAX_AGE);
        _nextBlocks(1);
        _report(_feed(address(six), 0), USD);
        _report(_feed(address(six), 1), USD + 1);
        _nextBlocks(GRACE_BLOCKS);
        assertEq(oracle.priceInUsd(address(six)), 1.000000005e18, "mean");
    }

    // --- Doubts ---

    function test_D22_staleFeedsNeverGiveALastPrice() public {
        _report(_feed(address(six), 0), USD);
        uint256 observedAt = vm.getBlockTimestamp();
        _nextBlocks(GRACE_BLOCKS);
        vm.warp(observedAt + MAX_AGE + 1);
        bytes memory reason = abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, address(six), 0, 2);
        vm.expectRevert(reason);
        oracle.priceInUsd(address(six));
        vm.expectRevert(reason);
        oracle.priceInXau(address(six));
        vm.expectRevert(reason);
        oracle.valueInXau(address(six), 1);
        vm.expectRevert(reason);
        oracle.pullValueInXau(address(six), 1);
        vm.expectRevert(reason);
        oracle.anchors(address(six), address(xau));
        vm.expectRevert(reason);
        oracle.pullAnchors(address(six), address(xau));
        assertEq(oracle.pullValueInXau(address(xau), 5), 5, "XAU needs no feed to be worth itself");
    }

    function test_D22_ageIsCheckedToTheSecond() public {
        uint256 observedAt = vm.getBlockTimestamp();
        for (uint256 i = 0; i < SOURCES; ++i) _report(_feed(address(six), i), USD);
        vm.roll(vm.getBlockNumber() + GRACE_BLOCKS);
        vm.warp(observedAt + MAX_AGE);
        assertEq(oracle.priceInUsd(address(six)), 1e18, "at the limit");
        vm.warp(observedAt + MAX_AGE + 1);
        vm.expectPartialRevert(IXAUOracle.NotEnoughFeeds.selector);
        oracle.priceInUsd(address(six));
    }

    function test_ORACLE22_disagreementReverts() public {
        _report(_feed(address(six), 0), USD + USD / 100); // 1 % above the median: at the limit
        _nextBlocks(GRACE_BLOCKS);
        assertEq(oracle.priceInUsd(address(six)), 1e18, "at the limit");
        _report(_feed(address(six), 0), USD + USD / 100 + 1);
        _nextBlocks(GRACE_BLOCKS);
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.FeedsDisagree.selector, address(six), 101, 100));
        oracle.priceInUsd(address(six));
    }

    function test_ORACLE22_hardBoundsExcludeAFeed() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        config.minPriceWad = 0.999e18;
        config.maxPriceWad = 1.001e18;
        config.minFeeds = 3;
        vm.prank(timelock);
        oracle.setToken(address(six), config);
        _report(_feed(address(six), 2), USD + USD / 500);
        _nextBlocks(GRACE_BLOCKS);
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, address(six), 2, 3));
        oracle.priceInUsd(address(six));
    }

    function test_anchors_refuseUnknownAndIdenticalTokens() public {
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.TokenNotConfigured.selector, attacker));
        oracle.anchors(address(six), attacker);
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.TokenNotConfigured.selector, attacker));
        oracle.priceInUsd(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(six)));
        oracle.pullAnchors(address(six), address(six));
    }

    // --- Grace window ---

    function test_previous_standsInWhileTheRoundIsYoung() public {
        for (uint256 i = 0; i < SOURCES; ++i) _report(_feed(address(six), i), USD + 100_000); // +10 bps
        (uint256 newest, uint256 previous) = oracle.anchors(address(eight), address(six));
        uint256 before = uint256(64_123_45678901) * 1e8;
        assertEq(previous, before, "the round before");
        assertEq(newest, (before * 1e8) / (USD + 100_000), "the new one");
        _nextBlocks(GRACE_BLOCKS - 1);
        (, previous) = oracle.anchors(address(eight), address(six));
        assertEq(previous, before, "last block of the window");
        _nextBlocks(1);
        (newest, previous) = oracle.anchors(address(eight), address(six));
        assertEq(previous, newest, "after the window");
    }

    function test_previous_medianMixesFeedsInsideAndOutsideTheWindow() public {
        // One feed moves by 40 bps: the newest median stays, and so does the previous one.
        _report(_feed(address(six), 0), USD + 400_000);
        (uint256 newest, uint256 previous) = oracle.anchors(address(six), address(xau));
        assertEq(newest, previous, "one feed alone moves no median");
        // Two blocks later the second follows, while the first is still inside its window.
        _nextBlocks(2);
        _report(_feed(address(six), 1), USD + 300_000);
        (newest, previous) = oracle.anchors(address(six), address(xau));
        assertEq(previous, uint256(1e48) / 2650.25e18, "both rounds before");
        assertEq(newest, (uint256(1e48) * (USD + 300_000)) / USD / 2650.25e18, "median of the new ones");
        // The first leaves its window: previous median of 1.004, 1.000, 1.000.
        _nextBlocks(1);
        (, previous) = oracle.anchors(address(six), address(xau));
        assertEq(previous, uint256(1e48) / 2650.25e18, "one new, two old");
    }

    function test_previous_feedWithASingleRoundWaitsOutTheWindow() public {
        SignedPriceFeed fresh = _newFeed(USD / 2, USD * 2);
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        config.feeds[2].source = address(fresh);
        config.minFeeds = 3;
        vm.prank(timelock);
        oracle.setToken(address(six), config); // a feed without any round may be configured
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, address(six), 2, 3));
        oracle.priceInUsd(address(six));
        _report(fresh, USD);
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, address(six), 2, 3));
        oracle.priceInUsd(address(six));
        _nextBlocks(GRACE_BLOCKS);
        assertEq(oracle.priceInUsd(address(six)), 1e18, "counts after the window");
    }

    // --- Transient copy ---

    function test_pull_keepsThePriceForTheTransaction() public {
        (uint256 before, ) = oracle.pullAnchors(address(eight), address(six));
        for (uint256 i = 0; i < SOURCES; ++i) _report(_feed(address(six), i), USD + 100_000);
        (uint256 newest, uint256 previous) = oracle.pullAnchors(address(eight), address(six));
        assertEq(newest, before, "as if before the report");
        assertEq(previous, before, "both");
        (newest, ) = oracle.anchors(address(eight), address(six));
        assertEq(newest, before, "the views agree with what was pulled");
        assertEq(oracle.priceInUsd(address(six)), 1e18, "each of them");
        // XAU was not pulled: only what was pulled is kept.
        _report(_feed(address(xau), 0), XAU_USD + 1);
        _report(_feed(address(xau), 1), XAU_USD + 1);
        assertEq(oracle.priceInUsd(address(xau)), uint256(XAU_USD + 1) * 1e10, "read now");
    }

    function test_pull_isForgottenWhenTheTokenIsConfiguredAnew() public {
        oracle.pullAnchors(address(eight), address(six));
        vm.prank(timelock);
        oracle.removeToken(address(six));
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.TokenNotConfigured.selector, address(six)));
        oracle.pullAnchors(address(eight), address(six));
    }

    function test_pullValueInXau_equalsTheView() public {
        uint256 expected = oracle.valueInXau(address(six), 123_456_789);
        assertEq(oracle.pullValueInXau(address(six), 123_456_789), expected, "first");
        assertEq(oracle.pullValueInXau(address(six), 123_456_789), expected, "from the copy");
    }
}
