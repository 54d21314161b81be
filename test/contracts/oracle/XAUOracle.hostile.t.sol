// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {HostileFeed} from "../../../contracts/mocks/HostileFeed.sol";
import {MockAggregator} from "../../../contracts/mocks/MockAggregator.sol";
import {OracleBase} from "./OracleBase.t.sol";

/// @notice One feed of three is hostile, or Chainlink-like: it may cost gas, it may not change the answer or stop it.
contract XAUOracleHostileTest is OracleBase {
    HostileFeed internal hostileSigned;
    HostileFeed internal hostileChainlink;

    function setUp() public override {
        super.setUp();
        hostileSigned = HostileFeed(deploy("HostileFeed", abi.encode(true)));
        hostileChainlink = HostileFeed(deploy("HostileFeed", abi.encode(false)));
    }

    function _use(address source, IXAUOracle.FeedKind kind, uint8 minFeeds) internal {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        config.feeds[1] = IXAUOracle.Feed(source, kind, MAX_AGE);
        config.minFeeds = minFeeds;
        vm.prank(timelock);
        oracle.setToken(address(six), config);
    }

    function _useHostile(bool isSigned, uint8 minFeeds) internal returns (HostileFeed feed) {
        feed = isSigned ? hostileSigned : hostileChainlink;
        _use(address(feed), isSigned ? IXAUOracle.FeedKind.SIGNED : IXAUOracle.FeedKind.CHAINLINK, minFeeds);
    }

    function _expectUnusable(string memory what) internal {
        assertEq(oracle.priceInUsd(address(six)), 1e18, what);
        IXAUOracle.TokenConfig memory config = oracle.tokenConfig(address(six));
        config.minFeeds = 3;
        uint256 snapshot = vm.snapshotState();
        vm.prank(timelock);
        oracle.setToken(address(six), config);
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, address(six), 2, 3));
        oracle.priceInUsd(address(six));
        vm.revertToState(snapshot);
    }

    function test_D22_everyMisbehaviourCountsAsUnusable() public {
        for (uint256 kind = 0; kind < 2; ++kind) {
            HostileFeed feed = _useHostile(kind == 0, 2);
            for (uint256 mode = 1; mode <= uint256(type(HostileFeed.Mode).max); ++mode) {
                // Values that would move the median if anything of them were believed.
                feed.set(HostileFeed.Mode(mode), USD + 1, vm.getBlockTimestamp() - 30, 1, USD + 1);
                _expectUnusable("misbehaving");
            }
        }
    }

    function test_D22_everyImpossibleValueCountsAsUnusable() public {
        uint256 now_ = vm.getBlockTimestamp();
        for (uint256 kind = 0; kind < 2; ++kind) {
            HostileFeed feed = _useHostile(kind == 0, 2);
            _set(feed, USD, now_ - 30);
            assertEq(oracle.priceInUsd(address(six)), 1e18, "an honest one counts");
            _set(feed, 0, now_ - 30);
            _expectUnusable("zero");
            _set(feed, uint256(-int256(uint256(USD))), now_ - 30);
            _expectUnusable("negative");
            _set(feed, type(uint256).max, now_ - 30);
            _expectUnusable("minus one");
            _set(feed, 1 << 128, now_ - 30);
            _expectUnusable("beyond 128 bits");
            _set(feed, (1 << 128) - 1, now_ - 30);
            _expectUnusable("beyond the bounds");
            _set(feed, USD, now_ + 1);
            _expectUnusable("from the future");
            _set(feed, USD, type(uint256).max);
            _expectUnusable("from the end of time");
            _set(feed, USD, now_ - MAX_AGE - 1);
            _expectUnusable("stale");
            _set(feed, USD, 0);
            _expectUnusable("never updated");
        }
        _useHostile(true, 2);
        hostileSigned.set(HostileFeed.Mode.HONEST, USD, now_, vm.getBlockNumber() + 1, USD);
        _expectUnusable("arrived in a block to come");
        hostileSigned.set(HostileFeed.Mode.HONEST, USD, now_, type(uint256).max, USD);
        _expectUnusable("arrived at the end of blocks");
        hostileSigned.set(HostileFeed.Mode.HONEST, USD, now_, vm.getBlockNumber(), 0);
        _expectUnusable("young without a round before");
        hostileSigned.set(HostileFeed.Mode.HONEST, USD, now_, vm.getBlockNumber(), type(uint256).max);
        _expectUnusable("young with an absurd round before");
    }

    function _set(HostileFeed feed, uint256 answer, uint256 updatedAt) private {
        feed.set(HostileFeed.Mode.HONEST, answer, updatedAt, 1, USD);
    }

    function test_gas_aHostileFeedCostsAtMostItsAllowance() public {
        _useHostile(true, 2);
        hostileSigned.set(HostileFeed.Mode.BURN_GAS, USD, 0, 0, 0);
        uint256 gasBefore = gasleft();
        oracle.priceInUsd(address(six));
        assertLe(gasBefore - gasleft(), 80_000, "SIGNED");
        _useHostile(false, 2);
        hostileChainlink.set(HostileFeed.Mode.BURN_GAS, USD, 0, 0, 0);
        gasBefore = gasleft();
        oracle.priceInUsd(address(six));
        assertLe(gasBefore - gasleft(), 150_000, "CHAINLINK");
    }

    /// @dev A caller who gives little gas could make feeds fail and so pick the median. He gets the true answer or a revert.
    function testFuzz_starvedCallerNeverChangesTheAnswer(uint256 gasGiven, bool chainlink, bool pull) public {
        if (chainlink) {
            MockAggregator aggregator = MockAggregator(deploy("MockAggregator", abi.encode(8)));
            aggregator.push(int256(uint256(USD)), vm.getBlockTimestamp() - 600);
            _use(address(aggregator), IXAUOracle.FeedKind.CHAINLINK, 1);
        } else {
            _use(address(feedsOf[address(six)][1]), IXAUOracle.FeedKind.SIGNED, 1);
        }
        _report(feedsOf[address(six)][0], USD - 200_000);
        _report(feedsOf[address(six)][2], USD + 100_000);
        _nextBlocks(GRACE_BLOCKS);
        (uint256 expected, ) = oracle.anchors(address(six), address(xau));
        gasGiven = bound(gasGiven, 1_000, 160_000);
        vm.cool(address(oracle));
        (bool ok, bytes memory answer) = address(oracle).call{gas: gasGiven}(
            pull
                ? abi.encodeCall(oracle.pullAnchors, (address(six), address(xau)))
                : abi.encodeCall(oracle.anchors, (address(six), address(xau)))
        );
        if (!ok) return;
        (uint256 got, ) = abi.decode(answer, (uint256, uint256));
        assertEq(got, expected, "the same answer with any gas");
    }

    function test_starvedCallerIsToldSo() public {
        _useHostile(true, 1);
        hostileSigned.set(HostileFeed.Mode.BURN_GAS, USD, 0, 0, 0);
        assertEq(oracle.priceInUsd(address(six)), 1e18, "with enough gas the other two answer");
        uint256 starved;
        uint256 answered;
        for (uint256 gasGiven = 10_000; gasGiven < 80_000; gasGiven += 250) {
            (bool ok, bytes memory answer) = address(oracle).staticcall{gas: gasGiven}(
                abi.encodeCall(oracle.priceInUsd, (address(six)))
            );
            if (ok) {
                ++answered;
                assertEq(abi.decode(answer, (uint256)), 1e18, "true answer");
            } else if (answer.length >= 4 && bytes4(answer) == IXAUOracle.GasTooLow.selector) {
                ++starved;
            } else {
                assertEq(answer.length, 0, "otherwise plain out of gas");
            }
        }
        assertGt(starved, 0, "too little for the hostile feed");
        assertGt(answered, 0, "enough for it");
    }

    // --- Chainlink rounds ---

    function test_chainlink_previousRoundInsideTheWindow() public {
        MockAggregator aggregator = MockAggregator(deploy("MockAggregator", abi.encode(8)));
        uint256 now_ = vm.getBlockTimestamp();
        uint256 window = GRACE_BLOCKS * MAX_BLOCK_SECONDS;
        aggregator.push(int256(uint256(USD)), now_ - 600);
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        while (config.feeds.length > 1) {
            IXAUOracle.Feed[] memory one = new IXAUOracle.Feed[](1);
            one[0] = IXAUOracle.Feed(address(aggregator), IXAUOracle.FeedKind.CHAINLINK, MAX_AGE);
            config.feeds = one;
        }
        config.minFeeds = 1;
        vm.prank(timelock);
        oracle.setToken(address(six), config);
        uint256 before = uint256(1e48) / 2650.25e18;

        (uint256 newest, uint256 previous) = oracle.anchors(address(six), address(xau));
        assertEq(newest, before, "old round");
        assertEq(previous, before, "old round, no read of the one before");

        aggregator.push(int256(uint256(USD + 100_000)), now_);
        (newest, previous) = oracle.anchors(address(six), address(xau));
        assertEq(previous, before, "young: the round before");
        assertGt(newest, previous, "young: the new one");
        vm.warp(now_ + window - 1);
        (, previous) = oracle.anchors(address(six), address(xau));
        assertEq(previous, before, "last second of the window");
        vm.warp(now_ + window);
        (newest, previous) = oracle.anchors(address(six), address(xau));
        assertEq(newest, previous, "after the window");

        // Two rounds inside one window: which price held before it is not known.
        aggregator.push(int256(uint256(USD)), now_ + window - 1);
        aggregator.push(int256(uint256(USD)), now_ + window);
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.NotEnoughFeeds.selector, address(six), 0, 1));
        oracle.anchors(address(six), address(xau));
        vm.warp(now_ + 2 * window);
        oracle.anchors(address(six), address(xau));
    }

    function test_chainlink_firstRoundOfAPhaseWaitsOutTheWindow() public {
        MockAggregator aggregator = MockAggregator(deploy("MockAggregator", abi.encode(18)));
        uint256 now_ = vm.getBlockTimestamp();
        aggregator.push(1e18, now_ - 600);
        aggregator.nextPhase();
        aggregator.push(1.0001e18, now_);
        _use(address(aggregator), IXAUOracle.FeedKind.CHAINLINK, 2);
        _expectUnusable("no round before in this phase");
        vm.warp(now_ + GRACE_BLOCKS * MAX_BLOCK_SECONDS);
        IXAUOracle.TokenConfig memory config = oracle.tokenConfig(address(six));
        config.minFeeds = 3;
        vm.prank(timelock);
        oracle.setToken(address(six), config);
        assertEq(oracle.priceInUsd(address(six)), 1e18, "counts after the window");
    }
}
