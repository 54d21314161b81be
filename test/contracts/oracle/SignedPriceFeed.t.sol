// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {ISignedPriceFeed} from "../../../contracts/interfaces/ISignedPriceFeed.sol";
import {SignedPriceFeed} from "../../../contracts/oracle/SignedPriceFeed.sol";
import {OracleBase} from "./OracleBase.t.sol";

contract SignedPriceFeedTest is OracleBase {
    SignedPriceFeed internal feed;

    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function setUp() public override {
        super.setUp();
        feed = SignedPriceFeed(deploy("SignedPriceFeed", abi.encode(_feedParams("cUSDT / USD a", USD / 2, USD * 2))));
    }

    function _round(uint32 roundId, uint72 answer) internal view returns (ISignedPriceFeed.Round memory) {
        return ISignedPriceFeed.Round(roundId, answer, uint40(vm.getBlockTimestamp()));
    }

    function _submit(uint32 roundId, uint72 answer) internal {
        ISignedPriceFeed.Round memory round = _round(roundId, answer);
        feed.submit(round, _sign(feed, round, 2));
    }

    function _refuse(ISignedPriceFeed.Round memory round, bytes memory reason) internal {
        bytes[] memory signatures = _sign(feed, round, 2);
        vm.expectRevert(reason);
        feed.submit(round, signatures);
    }

    // --- Rounds ---

    function test_submit_keepsTwoRounds() public {
        _submit(1, USD);
        uint256 firstAt = vm.getBlockTimestamp();
        _nextBlocks(GRACE_BLOCKS);
        _submit(5, USD + 7); // gaps in the ids are allowed
        (uint256 answer, uint256 updatedAt, uint256 arrivedInBlock, uint256 previousAnswer) = feed.latestTwo();
        assertEq(answer, USD + 7, "newest");
        assertEq(updatedAt, vm.getBlockTimestamp(), "observed");
        assertEq(arrivedInBlock, vm.getBlockNumber(), "arrived");
        assertEq(previousAnswer, USD, "previous");
        (uint80 id, int256 signedAnswer, uint256 startedAt, uint256 at, uint80 answeredIn) = feed.latestRoundData();
        assertEq(id, 5, "id");
        assertEq(signedAnswer, int256(uint256(USD + 7)), "answer");
        assertEq(startedAt, at, "started");
        assertEq(answeredIn, 5, "answered in");
        (id, signedAnswer, , at, ) = feed.getRoundData(1);
        assertEq(id, 1, "previous id");
        assertEq(signedAnswer, int256(uint256(USD)), "previous answer");
        assertEq(at, firstAt, "previous time");
    }

    function test_D22_readsRevertInsteadOfAnsweringZero() public {
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.NoData.selector, 0));
        feed.latestTwo();
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.NoData.selector, 0));
        feed.latestRoundData();
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.NoData.selector, 0));
        feed.getRoundData(0);
        _submit(3, USD);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.NoData.selector, 2));
        feed.getRoundData(2);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.NoData.selector, 0));
        feed.getRoundData(0);
    }

    function test_submit_refusesReplayAndOlderRounds() public {
        _submit(4, USD);
        ISignedPriceFeed.Round memory first = _round(4, USD);
        _nextBlocks(GRACE_BLOCKS);
        _refuse(first, abi.encodeWithSelector(ISignedPriceFeed.RoundNotNewer.selector, 4, first.observedAt));
        ISignedPriceFeed.Round memory sameId = _round(4, USD);
        _refuse(sameId, abi.encodeWithSelector(ISignedPriceFeed.RoundNotNewer.selector, 4, sameId.observedAt));
        ISignedPriceFeed.Round memory sameTime = ISignedPriceFeed.Round(5, USD, first.observedAt);
        _refuse(sameTime, abi.encodeWithSelector(ISignedPriceFeed.RoundNotNewer.selector, 5, first.observedAt));
        _submit(5, USD);
    }

    function test_submit_refusesOldAndFutureObservations() public {
        ISignedPriceFeed.Round memory round = _round(1, USD);
        uint256 observedAt = round.observedAt;
        vm.warp(observedAt - 1);
        _refuse(
            round,
            abi.encodeWithSelector(ISignedPriceFeed.ObservationOutsideWindow.selector, round.observedAt, observedAt - 1)
        );
        vm.warp(observedAt + 61);
        _refuse(
            round,
            abi.encodeWithSelector(
                ISignedPriceFeed.ObservationOutsideWindow.selector,
                round.observedAt,
                observedAt + 61
            )
        );
        vm.warp(observedAt + 60);
        feed.submit(round, _sign(feed, round, 2));
    }

    function test_submit_keepsTheGapBetweenRounds() public {
        _submit(1, USD);
        uint256 arrived = vm.getBlockNumber();
        _nextBlocks(GRACE_BLOCKS - 1);
        _refuse(
            _round(2, USD),
            abi.encodeWithSelector(
                ISignedPriceFeed.RoundTooSoon.selector,
                arrived + GRACE_BLOCKS - 1,
                arrived + GRACE_BLOCKS
            )
        );
        _nextBlocks(1);
        _submit(2, USD);
    }

    function test_submit_keepsTheHardBounds() public {
        _refuse(
            _round(1, USD / 2 - 1),
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, USD / 2 - 1, USD / 2, USD * 2)
        );
        _refuse(
            _round(1, USD * 2 + 1),
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, USD * 2 + 1, USD / 2, USD * 2)
        );
        _submit(1, USD * 2);
    }

    // --- Signatures ---

    function test_submit_needsTheThresholdOfDifferentReporters() public {
        ISignedPriceFeed.Round memory round = _round(1, USD);
        bytes[] memory one = _sign(feed, round, 1);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.NotEnoughSignatures.selector, 1, 2));
        feed.submit(round, one);

        bytes[] memory twice = new bytes[](2);
        (twice[0], twice[1]) = (one[0], one[0]);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.BadSigner.selector, vm.addr(reporterKeys[0])));
        feed.submit(round, twice);

        bytes[] memory two = _sign(feed, round, 2);
        (two[0], two[1]) = (two[1], two[0]);
        vm.expectPartialRevert(ISignedPriceFeed.BadSigner.selector);
        feed.submit(round, two);

        feed.submit(round, _sign(feed, round, 3)); // more than needed is fine
    }

    function test_submit_refusesForeignMalleableAndMalformedSignatures() public {
        ISignedPriceFeed.Round memory round = _round(1, USD);
        bytes[] memory signatures = _sign(feed, round, 2);
        bytes memory good = signatures[1];

        signatures[1] = _signature(keyOf("attacker"), feed.digest(round));
        vm.expectPartialRevert(ISignedPriceFeed.BadSigner.selector);
        feed.submit(round, signatures);

        signatures[1] = _malleable(good);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.BadSigner.selector, address(0)));
        feed.submit(round, signatures);

        signatures[1] = "";
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.BadSigner.selector, address(0)));
        feed.submit(round, signatures);

        signatures[1] = bytes.concat(good, hex"00");
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.BadSigner.selector, address(0)));
        feed.submit(round, signatures);

        signatures[1] = good;
        feed.submit(round, signatures);
    }

    function testFuzz_submit_signaturesCoverEveryField(uint32 roundId, uint72 answer, uint40 earlier) public {
        ISignedPriceFeed.Round memory signed = _round(9, USD);
        bytes[] memory signatures = _sign(feed, signed, 2);
        ISignedPriceFeed.Round memory sent = ISignedPriceFeed.Round(
            uint32(bound(roundId, 1, type(uint32).max)),
            uint72(bound(answer, USD / 2, USD * 2)),
            uint40(vm.getBlockTimestamp() - bound(earlier, 0, 60))
        );
        vm.assume(sent.roundId != 9 || sent.answer != USD || sent.observedAt != signed.observedAt);
        vm.expectPartialRevert(ISignedPriceFeed.BadSigner.selector);
        feed.submit(sent, signatures);
    }

    function test_submit_sameRoundServesTwoChainsButNotAnotherFeed() public {
        vm.chainId(138);
        ISignedPriceFeed.Round memory round = _round(1, USD);
        bytes[] memory signatures = _sign(feed, round, 2);
        SignedPriceFeed otherChain = SignedPriceFeed(
            deploy("SignedPriceFeed", abi.encode(_feedParams("cUSDT / USD a", USD / 2, USD * 2)))
        );
        SignedPriceFeed otherSource = SignedPriceFeed(
            deploy("SignedPriceFeed", abi.encode(_feedParams("cUSDT / USD b", USD / 2, USD * 2)))
        );
        SignedPriceFeed.FeedParams memory params = _feedParams("cUSDT / USD a", USD / 2, USD * 2);
        params.decimals = 6;
        SignedPriceFeed otherScale = SignedPriceFeed(deploy("SignedPriceFeed", abi.encode(params)));

        feed.submit(round, signatures);
        vm.chainId(651940);
        otherChain.submit(round, signatures);
        vm.expectPartialRevert(ISignedPriceFeed.BadSigner.selector);
        otherSource.submit(round, signatures);
        vm.expectPartialRevert(ISignedPriceFeed.BadSigner.selector);
        otherScale.submit(round, signatures);
    }

    function _malleable(bytes memory signature) private pure returns (bytes memory) {
        bytes32 r;
        uint256 s;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        uint8 v = uint8(signature[64]);
        return abi.encodePacked(r, CURVE_ORDER - s, v == 27 ? uint8(28) : uint8(27));
    }

    // --- Reporters ---

    function test_scheduleSigner_countsOnlyAfterTheDelay() public {
        uint256 key = keyOf("new reporter");
        address newReporter = vm.addr(key);
        vm.prank(timelock);
        feed.scheduleSigner(newReporter);
        assertEq(feed.signers().length, 3, "not yet");
        vm.warp(vm.getBlockTimestamp() + 2 days - 1);
        ISignedPriceFeed.Round memory round = _round(1, USD);
        bytes[] memory signatures = _withKey(round, key);
        vm.expectPartialRevert(ISignedPriceFeed.BadSigner.selector);
        feed.submit(round, signatures);
        vm.warp(vm.getBlockTimestamp() + 1);
        assertEq(feed.signers().length, 4, "now");
        round = _round(1, USD);
        feed.submit(round, _withKey(round, key));
    }

    function _withKey(ISignedPriceFeed.Round memory round, uint256 key) private view returns (bytes[] memory list) {
        (uint256 low, uint256 high) = vm.addr(reporterKeys[0]) < vm.addr(key)
            ? (reporterKeys[0], key)
            : (key, reporterKeys[0]);
        list = new bytes[](2);
        list[0] = _signature(low, feed.digest(round));
        list[1] = _signature(high, feed.digest(round));
    }

    function test_removeSigner_atOnceDownToTheThreshold() public {
        address[3] memory reporters = [vm.addr(reporterKeys[0]), vm.addr(reporterKeys[1]), vm.addr(reporterKeys[2])];
        ISignedPriceFeed.Round memory round = _round(1, USD);
        bytes[] memory signatures = _sign(feed, round, 2);
        vm.prank(guardian);
        feed.removeSigner(reporters[0]);
        vm.expectPartialRevert(ISignedPriceFeed.BadSigner.selector);
        feed.submit(round, signatures);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.TooFewSigners.selector, 1, 2));
        vm.prank(guardian);
        feed.removeSigner(reporters[1]);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.SignerUnchanged.selector, reporters[0]));
        vm.prank(guardian);
        feed.removeSigner(reporters[0]);

        // A scheduled reporter can go whenever the guardian does not like him.
        address scheduled = makeAddr("scheduled");
        vm.prank(timelock);
        feed.scheduleSigner(scheduled);
        vm.prank(guardian);
        feed.removeSigner(scheduled);
        assertEq(feed.activeFrom(scheduled), 0, "forgotten");
        assertEq(feed.signers().length, 2, "the two that are left");
    }

    function test_ACCESS23_reportersAreTheOwnersAndTheGuardians() public {
        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        feed.scheduleSigner(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        feed.removeSigner(vm.addr(reporterKeys[0]));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        feed.setGuardian(attacker);
        vm.stopPrank();
        vm.startPrank(guardian);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        feed.scheduleSigner(attacker);
        vm.stopPrank();
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.SignerUnchanged.selector, vm.addr(reporterKeys[0])));
        feed.scheduleSigner(vm.addr(reporterKeys[0]));
        feed.transferOwnership(attacker);
        assertEq(feed.owner(), timelock, "two steps");
        vm.stopPrank();
    }

    function test_constructor_refusesParametersThatCannotWork() public {
        SignedPriceFeed.FeedParams memory params = _feedParams("x", 1, 2);
        params.threshold = 4;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 4, 1, 3));
        deploy("SignedPriceFeed", abi.encode(params));
        params = _feedParams("x", 1, 2);
        params.minGapBlocks = 0;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, type(uint32).max));
        deploy("SignedPriceFeed", abi.encode(params));
        params = _feedParams("x", 0, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 2));
        deploy("SignedPriceFeed", abi.encode(params));
        params = _feedParams("x", 3, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 2, 3, type(uint72).max));
        deploy("SignedPriceFeed", abi.encode(params));
        params = _feedParams("x", 1, 2);
        params.decimals = 19;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 19, 0, 18));
        deploy("SignedPriceFeed", abi.encode(params));
        params = _feedParams("x", 1, 2);
        params.signers[1] = params.signers[0];
        vm.expectRevert(abi.encodeWithSelector(ISignedPriceFeed.SignerUnchanged.selector, params.signers[0]));
        deploy("SignedPriceFeed", abi.encode(params));
        params = _feedParams("x", 1, 2);
        params.signers[1] = address(0);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        deploy("SignedPriceFeed", abi.encode(params));
    }
}
