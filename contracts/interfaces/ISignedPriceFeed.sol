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
    event SetSigners(address[] signers, uint256 threshold);

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
    /// @notice Thrown by reads before the first round, or of a round that is not kept.
    error NoData(uint80 roundId);

    /// @notice keccak256 of the feed's description: what the reporters sign beside the round.
    function feedId() external view returns (bytes32);

    /// @notice EIP-712 digest of a round (domain: name, version and the feed id as salt; no chain id, no contract).
    function digest(Round calldata round) external view returns (bytes32);

    /// @notice Accepts a round signed by at least `threshold` reporters, signatures in strictly increasing signer order.
    function submit(Round calldata round, bytes[] calldata signatures) external;

    /// @notice Both kept rounds and the block in which the newest arrived, in one storage read. Answers with `decimals()` decimals.
    /// @dev `previousAnswer` is 0 before the second round.
    function latestTwo()
        external
        view
        returns (uint256 answer, uint256 updatedAt, uint256 arrivedInBlock, uint256 previousAnswer);
}
