// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAggregatorV3} from "./IAggregatorV3.sol";
import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Chainlink-interface feed whose rounds are signed by k of n reporters and sent by anyone
/// @notice Keeps the current and the previous round. The signed message names the feed by its id, not by chain or address, so the
/// same signed round is valid on every chain that runs the feed.
interface ISignedPriceFeed is IAggregatorV3, ICommonErrors {
    struct Round {
        /// @dev Strictly increasing, gaps allowed (a chain may miss a round).
        uint32 roundId;
        /// @dev USD per whole token with `decimals()` decimals.
        uint72 answer;
        /// @dev Unix seconds at which the reporters looked; strictly increasing.
        uint40 observedAt;
    }

    /// @notice Emitted for each accepted round.
    event RoundSubmitted(uint32 indexed roundId, uint72 answer, uint40 observedAt, address sender);
    /// @notice Emitted when the reporter set changes.
    /// @dev `signers` holds every scheduled reporter too, in force from its own `activeFrom`.
    event SetSigners(address[] signers, uint256 threshold);
    /// @notice Emitted when a reporter is scheduled; it counts from `activeFrom` (unix seconds) on.
    event ScheduleSigner(address indexed signer, uint256 activeFrom);
    event RemoveSigner(address indexed signer);
    event SetGuardian(address indexed guardian);

    /// @notice Thrown when the round's id or time does not come after the current one.
    error RoundNotNewer(uint32 roundId, uint40 observedAt);
    /// @notice Thrown when the observation is older than `maxDelaySeconds` or lies in the future.
    error ObservationOutsideWindow(uint40 observedAt, uint256 timestamp);
    /// @notice Thrown when a round follows the last one sooner than `minGapBlocks`.
    error RoundTooSoon(uint256 blockNumber, uint256 earliestBlock);
    /// @notice Thrown when fewer signatures than the threshold are given.
    error NotEnoughSignatures(uint256 given, uint256 required);
    /// @notice Thrown when a signature is not by a reporter, or the signers are not in strictly increasing order.
    error BadSigner(address recovered);
    /// @notice Thrown when a reporter is scheduled twice, or one is removed that is not there.
    error SignerUnchanged(address signer);
    /// @notice Thrown when a removal would leave fewer active reporters than the threshold.
    error TooFewSigners(uint256 left, uint256 threshold);
    /// @notice Thrown by reads before the first round, or of a round that is not kept.
    error NoData(uint80 roundId);

    /// @notice keccak256(abi.encode(description, decimals)): what the reporters sign beside the round. The decimals are part of it, so
    /// that one answer cannot mean two prices on two chains.
    function feedId() external view returns (bytes32);

    /// @notice EIP-712 digest of a round (domain: name, version and the feed id as salt; no chain id, no contract).
    function digest(Round calldata round) external view returns (bytes32);

    /// @notice Fewest blocks from one round to the next.
    function minGapBlocks() external view returns (uint256);

    /// @notice Oldest observation accepted, seconds before the block's timestamp.
    function maxDelaySeconds() external view returns (uint256);

    /// @notice Signatures a round needs.
    function threshold() external view returns (uint256);

    /// @notice Hard bounds of an answer.
    function minAnswer() external view returns (uint256);

    function maxAnswer() external view returns (uint256);

    /// @notice The newest round and the block in which it arrived; all zero before the first. For reporters, who have to know what comes
    /// next; whoever needs a price uses a read that reverts without one.
    function newestRound() external view returns (Round memory round, uint256 arrivedInBlock);

    /// @notice Reporters in force now.
    function signers() external view returns (address[] memory);

    /// @notice Schedules a reporter: the owner only; it counts after the delay.
    function scheduleSigner(address signer) external;

    /// @notice Removes a reporter at once, active or scheduled: the owner or the guardian.
    function removeSigner(address signer) external;

    /// @notice Accepts a round signed by at least `threshold` reporters, signatures in strictly increasing signer order.
    function submit(Round calldata round, bytes[] calldata signatures) external;

    /// @notice Both kept rounds and the block in which the newest arrived, in one storage read. Answers with `decimals()` decimals.
    /// @dev `previousAnswer` is 0 before the second round.
    function latestTwo()
        external
        view
        returns (uint256 answer, uint256 updatedAt, uint256 arrivedInBlock, uint256 previousAnswer);
}
