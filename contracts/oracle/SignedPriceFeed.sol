// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ISignedPriceFeed} from "../interfaces/ISignedPriceFeed.sol";

/// @title SignedPriceFeed
/// @notice Chainlink-interface feed for chains without Chainlink. Rounds are signed by k of n reporters and sent by anyone.
///
/// ROLES
/// - owner (two-step, ends as the timelock): schedules reporters (they count after SIGNER_DELAY_SECONDS), removes them, names the guardian.
/// - guardian: removes reporters at once, down to the threshold. Cannot add.
/// - reporters: sign rounds. `threshold` of them together set the price inside the hard bounds; fewer can do nothing.
/// - sender of a round: anyone; can only choose when, inside `maxDelaySeconds`, a signed round arrives.
///
/// PRICE SOURCES: the reporters. The answer must lie inside `minAnswer`..`maxAnswer`; both are immutable.
///
/// ROUNDING: none.
///
/// REPLAY: a round is bound to the feed's id (description and decimals), not to a chain: the same signed round is meant for every chain.
/// On one feed `roundId` and `observedAt` both strictly increase, so nothing is accepted twice and nothing old after something new.
/// Warning: two feeds with the same description and decimals accept each other's rounds. Give each source its own description.
///
/// TIMES: `updatedAt` and `startedAt` are `observedAt`, the reporters' clock, which is never after the block's. The arrival block
/// is kept apart; a reader that needs the time since arrival must use `latestTwo`.
///
/// LIVENESS: needs `threshold` reporters and any sender. Readers must bound the age; the feed itself never expires a round.
///
/// HOW TO STOP IT: remove reporters until only `threshold` are left, or let readers replace the feed; there is no pause, because a
/// feed that stops grows stale and every reader of ours then refuses it.
contract SignedPriceFeed is ISignedPriceFeed, Ownable2Step {
    /// @dev 9 + 9 + 5 + 5 + 4 = 32 bytes: everything a pool needs in one read. `latestTwo` unpacks this layout by hand.
    struct Newest {
        uint72 answer;
        uint72 previousAnswer;
        uint40 observedAt;
        uint40 arrivedInBlock;
        uint32 roundId;
    }

    /// @dev 5 + 4 bytes; read by getRoundData only.
    struct Previous {
        uint40 observedAt;
        uint32 roundId;
    }

    /// @notice What a feed is made of.
    struct FeedParams {
        /// @dev Names token and source, for example "cUSDT / USD a".
        string description;
        /// @dev Of the answer, at most 18.
        uint8 decimals;
        uint8 threshold;
        /// @dev At least 1.
        uint32 minGapBlocks;
        uint32 maxDelaySeconds;
        uint72 minAnswer;
        uint72 maxAnswer;
        /// @dev Reporters in force from the start.
        address[] signers;
        address owner;
        /// @dev May be zero.
        address guardian;
    }

    bytes32 private constant _DOMAIN_TYPEHASH = keccak256("EIP712Domain(string name,string version,bytes32 salt)");
    bytes32 private constant _ROUND_TYPEHASH = keccak256("Round(uint32 roundId,uint72 answer,uint40 observedAt)");
    bytes32 private constant _NAME_HASH = keccak256("Cantilever SignedPriceFeed");
    bytes32 private constant _VERSION_HASH = keccak256("1");

    /// @notice A scheduled reporter counts after this long: time for everybody to see it and for the guardian to act.
    uint256 public constant SIGNER_DELAY_SECONDS = 2 days;
    /// @notice Bounds the loops over reporters.
    uint256 public constant MAX_SIGNERS = 32;

    /// @inheritdoc ISignedPriceFeed
    bytes32 public immutable feedId;
    /// @inheritdoc ISignedPriceFeed
    uint256 public immutable threshold;
    /// @inheritdoc ISignedPriceFeed
    uint256 public immutable minGapBlocks;
    /// @inheritdoc ISignedPriceFeed
    uint256 public immutable maxDelaySeconds;
    /// @inheritdoc ISignedPriceFeed
    uint256 public immutable minAnswer;
    /// @inheritdoc ISignedPriceFeed
    uint256 public immutable maxAnswer;
    /// @inheritdoc IAggregatorV3
    uint8 public immutable decimals;
    /// @inheritdoc IAggregatorV3
    // solhint-disable-next-line const-name-snakecase
    uint256 public constant version = 1;
    bytes32 private immutable _domainSeparator;

    Newest private _newest;
    Previous private _previous;

    /// @notice Unix seconds from which a reporter counts; 0 = not a reporter.
    mapping(address signer => uint256) public activeFrom;
    /// @notice May remove reporters at once.
    address public guardian;
    address[] private _signers;
    /// @inheritdoc IAggregatorV3
    string public description;

    constructor(FeedParams memory params) Ownable(params.owner) {
        uint256 count = params.signers.length;
        require(count > 0 && count <= MAX_SIGNERS, OutOfRange(count, 1, MAX_SIGNERS));
        require(params.threshold > 0 && params.threshold <= count, OutOfRange(params.threshold, 1, count));
        require(params.decimals <= 18, OutOfRange(params.decimals, 0, 18));
        require(params.minGapBlocks > 0, OutOfRange(params.minGapBlocks, 1, type(uint32).max));
        require(params.maxDelaySeconds > 0, OutOfRange(params.maxDelaySeconds, 1, type(uint32).max));
        require(params.minAnswer > 0, OutOfRange(params.minAnswer, 1, params.maxAnswer));
        require(params.maxAnswer >= params.minAnswer, OutOfRange(params.maxAnswer, params.minAnswer, type(uint72).max));

        description = params.description;
        decimals = params.decimals;
        feedId = keccak256(abi.encode(params.description, params.decimals));
        _domainSeparator = keccak256(abi.encode(_DOMAIN_TYPEHASH, _NAME_HASH, _VERSION_HASH, feedId));
        threshold = params.threshold;
        minGapBlocks = params.minGapBlocks;
        maxDelaySeconds = params.maxDelaySeconds;
        minAnswer = params.minAnswer;
        maxAnswer = params.maxAnswer;
        for (uint256 i = 0; i < count; ++i) _addSigner(params.signers[i], block.timestamp);
        guardian = params.guardian;
        emit SetGuardian(params.guardian);
    }

    // --- Rounds ---

    /// @inheritdoc ISignedPriceFeed
    function submit(Round calldata round, bytes[] calldata signatures) external {
        Newest memory last = _newest;
        require(
            round.roundId > last.roundId && round.observedAt > last.observedAt,
            RoundNotNewer(round.roundId, round.observedAt)
        );
        require(
            round.observedAt <= block.timestamp && block.timestamp - round.observedAt <= maxDelaySeconds,
            ObservationOutsideWindow(round.observedAt, block.timestamp)
        );
        if (last.roundId != 0) {
            uint256 earliest = last.arrivedInBlock + minGapBlocks;
            require(block.number >= earliest, RoundTooSoon(block.number, earliest));
        }
        require(round.answer >= minAnswer && round.answer <= maxAnswer, OutOfRange(round.answer, minAnswer, maxAnswer));
        _checkSignatures(digest(round), signatures);

        _previous = Previous({observedAt: last.observedAt, roundId: last.roundId});
        _newest = Newest({
            answer: round.answer,
            previousAnswer: last.answer,
            observedAt: round.observedAt,
            arrivedInBlock: uint40(block.number),
            roundId: round.roundId
        });
        emit RoundSubmitted(round.roundId, round.answer, round.observedAt, msg.sender);
    }

    /// @inheritdoc ISignedPriceFeed
    function digest(Round calldata round) public view returns (bytes32) {
        return
            MessageHashUtils.toTypedDataHash(
                _domainSeparator,
                keccak256(abi.encode(_ROUND_TYPEHASH, round.roundId, round.answer, round.observedAt))
            );
    }

    // --- Reporters ---

    /// @inheritdoc ISignedPriceFeed
    function scheduleSigner(address signer) external onlyOwner {
        require(_signers.length < MAX_SIGNERS, OutOfRange(_signers.length + 1, 1, MAX_SIGNERS));
        _addSigner(signer, block.timestamp + SIGNER_DELAY_SECONDS);
        emit SetSigners(_signers, threshold);
    }

    /// @inheritdoc ISignedPriceFeed
    function removeSigner(address signer) external {
        require(msg.sender == owner() || msg.sender == guardian, NotAuthorized(msg.sender));
        uint256 from = activeFrom[signer];
        require(from != 0, SignerUnchanged(signer));
        if (from <= block.timestamp) {
            uint256 left = signers().length - 1;
            require(left >= threshold, TooFewSigners(left, threshold));
        }
        delete activeFrom[signer];
        uint256 last = _signers.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (_signers[i] == signer) _signers[i] = _signers[last];
        }
        _signers.pop();
        emit RemoveSigner(signer);
        emit SetSigners(_signers, threshold);
    }

    /// @notice Names who may remove reporters at once; zero for nobody but the owner.
    function setGuardian(address newGuardian) external onlyOwner {
        guardian = newGuardian;
        emit SetGuardian(newGuardian);
    }

    // --- Reads ---

    /// @inheritdoc ISignedPriceFeed
    function latestTwo()
        external
        view
        returns (uint256 answer, uint256 updatedAt, uint256 arrivedInBlock, uint256 previousAnswer)
    {
        uint256 packed;
        assembly ("memory-safe") {
            packed := sload(_newest.slot)
        }
        require(packed != 0, NoData(0));
        // Returned by hand: pools pay for every read, and encoding four words costs as much again as the rest.
        assembly {
            answer := and(packed, 0xffffffffffffffffff)
            updatedAt := and(shr(144, packed), 0xffffffffff)
            arrivedInBlock := and(shr(184, packed), 0xffffffffff)
            previousAnswer := and(shr(72, packed), 0xffffffffffffffffff)
            mstore(0x00, answer)
            mstore(0x20, updatedAt)
            mstore(0x40, arrivedInBlock)
            mstore(0x60, previousAnswer)
            return(0x00, 0x80)
        }
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        Newest memory newest = _newest;
        require(newest.roundId != 0, NoData(0));
        return _asRoundData(newest.roundId, newest.answer, newest.observedAt);
    }

    /// @inheritdoc IAggregatorV3
    /// @dev Only the two newest rounds are kept.
    function getRoundData(
        uint80 roundId
    ) external view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) {
        Newest memory newest = _newest;
        Previous memory previous = _previous;
        require(roundId != 0, NoData(roundId));
        if (roundId == newest.roundId) return _asRoundData(newest.roundId, newest.answer, newest.observedAt);
        require(roundId == previous.roundId, NoData(roundId));
        return _asRoundData(previous.roundId, newest.previousAnswer, previous.observedAt);
    }

    /// @inheritdoc ISignedPriceFeed
    function newestRound() external view returns (Round memory round, uint256 arrivedInBlock) {
        Newest memory newest = _newest;
        round = Round({roundId: newest.roundId, answer: newest.answer, observedAt: newest.observedAt});
        arrivedInBlock = newest.arrivedInBlock;
    }

    /// @inheritdoc ISignedPriceFeed
    function signers() public view returns (address[] memory active) {
        uint256 length = _signers.length;
        active = new address[](length);
        uint256 count;
        for (uint256 i = 0; i < length; ++i) {
            if (activeFrom[_signers[i]] <= block.timestamp) active[count++] = _signers[i];
        }
        assembly ("memory-safe") {
            mstore(active, count) // shortens the array; count <= length
        }
    }

    // --- Internal ---

    /// @dev Strictly increasing addresses make every signer count once. Malleable, short and foreign signatures recover to no reporter.
    function _checkSignatures(bytes32 hash, bytes[] calldata signatures) internal view {
        require(signatures.length >= threshold, NotEnoughSignatures(signatures.length, threshold));
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            (address signer, , ) = ECDSA.tryRecoverCalldata(hash, signatures[i]);
            uint256 from = activeFrom[signer];
            require(signer > last && from != 0 && from <= block.timestamp, BadSigner(signer));
            last = signer;
        }
    }

    function _addSigner(address signer, uint256 from) internal {
        require(signer != address(0), ZeroAddress());
        require(activeFrom[signer] == 0, SignerUnchanged(signer));
        activeFrom[signer] = from;
        _signers.push(signer);
        emit ScheduleSigner(signer, from);
    }

    function _asRoundData(
        uint32 roundId,
        uint72 answer,
        uint40 observedAt
    ) internal pure returns (uint80, int256, uint256, uint256, uint80) {
        return (roundId, int256(uint256(answer)), observedAt, observedAt, roundId);
    }
}
