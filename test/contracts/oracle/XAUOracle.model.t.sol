// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {HostileFeed} from "../../../contracts/mocks/HostileFeed.sol";
import {OracleBase} from "./OracleBase.t.sol";

/// @notice Random feeds of both kinds, from one to eight, in every state, against a model that ranks instead of sorting.
contract XAUOracleModelTest is OracleBase {
    uint256 private constant MIN = 0.5e18;
    uint256 private constant MAX = 2e18;

    uint256 private _random;
    uint256[] private _newest;
    uint256[] private _previous;
    uint256[] private _feedNewest;

    function _draw(uint256 limit) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % limit;
    }

    /// @dev An answer with 8 decimals: mostly near one dollar, sometimes impossible.
    function _drawAnswer() private returns (uint256) {
        uint256 kind = _draw(10);
        if (kind == 0) return 0;
        if (kind == 1) return type(uint256).max - _draw(1e9);
        if (kind == 2) return _draw(1e9); // anywhere, often out of bounds
        return USD - 1_000_000 + _draw(2_000_000);
    }

    /// @dev Configures `count` feeds and fills the model's lists with what has to count.
    function _setUpFeeds(uint256 count, uint8 minFeeds) private {
        IXAUOracle.TokenConfig memory config;
        config.tokenDecimals = 6;
        config.minFeeds = minFeeds;
        config.maxDisagreementBps = MAX_DISAGREEMENT_BPS;
        config.minPriceWad = uint128(MIN);
        config.maxPriceWad = uint128(MAX);
        config.feeds = new IXAUOracle.Feed[](count);
        for (uint256 i = 0; i < count; ++i) config.feeds[i] = _makeFeed();
        vm.prank(timelock);
        oracle.setToken(address(six), config);
    }

    function _makeFeed() private returns (IXAUOracle.Feed memory) {
        bool isSigned = _draw(2) == 0;
        HostileFeed feed = HostileFeed(deploy("HostileFeed", abi.encode(isSigned)));
        HostileFeed.Mode mode =
            _draw(6) == 0 ? HostileFeed.Mode(_draw(uint256(type(HostileFeed.Mode).max) + 1)) : HostileFeed.Mode.HONEST;
        uint256 now_ = vm.getBlockTimestamp();
        uint256 age = _draw(MAX_AGE + 200);
        if (_draw(3) == 0) age = _draw(20); // around the window of CHAINLINK
        bool fromFuture = _draw(12) == 0;
        uint256 ageBlocks = _draw(6);
        uint256 answer = _drawAnswer();
        uint256 before = _drawAnswer();
        feed.set(mode, answer, fromFuture ? now_ + 1 + age : now_ - age, vm.getBlockNumber() - ageBlocks, before);

        bool young = isSigned ? ageBlocks < GRACE_BLOCKS : age < GRACE_BLOCKS * MAX_BLOCK_SECONDS;
        bool counts = mode == HostileFeed.Mode.HONEST && !fromFuture && age <= MAX_AGE && _isPrice(answer);
        if (young && !_isPrice(before)) counts = false;
        _feedNewest.push(counts ? answer * 1e10 : 0);
        if (counts) {
            _newest.push(answer * 1e10);
            _previous.push((young ? before : answer) * 1e10);
        }
        return
            IXAUOracle.Feed(
                address(feed),
                isSigned ? IXAUOracle.FeedKind.SIGNED : IXAUOracle.FeedKind.CHAINLINK,
                MAX_AGE
            );
    }

    function _isPrice(uint256 answer) private pure returns (bool) {
        return answer >= MIN / 1e10 && answer <= MAX / 1e10;
    }

    /// @dev The value of rank `rank` (0 = smallest), by counting; ties by position.
    function _ranked(uint256[] storage values, uint256 rank) private view returns (uint256) {
        for (uint256 i = 0; i < values.length; ++i) {
            uint256 smaller;
            for (uint256 j = 0; j < values.length; ++j) {
                if (values[j] < values[i] || (values[j] == values[i] && j < i)) ++smaller;
            }
            if (smaller == rank) return values[i];
        }
        assertTrue(false, "no such rank");
        return 0;
    }

    function _median(uint256[] storage values) private view returns (uint256) {
        uint256 n = values.length;
        if (n % 2 == 1) return _ranked(values, n / 2);
        return (_ranked(values, n / 2 - 1) + _ranked(values, n / 2)) / 2;
    }

    /// forge-config: default.fuzz.runs = 512
    /// @dev ORACLE-22.
    function testFuzz_ORACLE22_agreesWithTheModel(uint256 seed) public {
        _check(seed);
    }

    /// @dev The random feeds reach every outcome, or the fuzz test would prove little.
    function test_model_reachesEveryOutcome() public {
        uint256[4] memory outcomes;
        uint256 snapshot = vm.snapshotState();
        for (uint256 seed = 1; seed <= 60; ++seed) {
            uint256 outcome = uint256(_check(seed));
            vm.revertToState(snapshot);
            ++outcomes[outcome];
        }
        for (uint256 i = 0; i < 4; ++i) assertGt(outcomes[i], 2, "an outcome is missing");
    }

    enum Outcome {
        TOO_FEW,
        DISAGREE,
        EQUAL,
        MOVED
    }

    function _check(uint256 seed) private returns (Outcome) {
        vm.warp(1_800_000_000); // the feeds of the base are stale from here on, except XAU's
        for (uint256 i = 0; i < SOURCES; ++i) _report(feedsOf[address(xau)][i], XAU_USD);
        _nextBlocks(GRACE_BLOCKS);
        _random = seed;
        uint256 count = 1 + _draw(8);
        uint256 minFeeds = 1 + _draw(count);
        _setUpFeeds(count, uint8(minFeeds));

        (uint256[] memory feedNewest, ) = oracle.feedPrices(address(six));
        for (uint256 i = 0; i < count; ++i) assertEq(feedNewest[i], _feedNewest[i], "diagnosis of a feed");

        uint256 usable = _newest.length;
        if (usable < minFeeds) {
            vm.expectRevert(abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, address(six), usable, minFeeds));
            oracle.pullAnchors(address(xau), address(six));
            return Outcome.TOO_FEW;
        }
        uint256 median = _median(_newest);
        uint256 spread = _ranked(_newest, usable - 1) - _ranked(_newest, 0);
        if (spread * 10_000 > median * MAX_DISAGREEMENT_BPS) {
            vm.expectPartialRevert(IXAUOracle.FeedsDisagree.selector);
            oracle.pullAnchors(address(xau), address(six));
            return Outcome.DISAGREE;
        }
        assertEq(oracle.priceInUsd(address(six)), median, "median");
        (uint256 newest, uint256 previous) = oracle.pullAnchors(address(xau), address(six));
        assertEq(newest, (2650.25e18 * uint256(1e6)) / median, "anchor by the newest rounds");
        assertEq(previous, (2650.25e18 * uint256(1e6)) / _median(_previous), "anchor by the previous rounds");
        return newest == previous ? Outcome.EQUAL : Outcome.MOVED;
    }
}
