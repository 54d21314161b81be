// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Who attests what happened on the other chain: k of n
/// @notice Signatures count for one epoch only. Every change of the set begins a new one: attestors sign again what is still open.
interface IAttestorSet is ICommonErrors {
    /// @notice Emitted when a set is announced; it can be applied from `readyAt` on, unix seconds.
    event ScheduleAttestors(address[] attestors, uint256 threshold, uint256 readyAt);
    event CancelAttestors();
    /// @notice Emitted when a set counts, ascending.
    event SetAttestors(uint256 indexed epoch, address[] attestors, uint256 threshold);

    /// @notice Thrown when fewer signatures come than count.
    error NotEnoughSignatures(uint256 count, uint256 threshold);
    /// @notice Thrown for a signature that recovers to nobody in the set, or not after the one before: signers ascend strictly.
    error BadSigner(address signer);
    /// @notice Thrown for an account that is already in the set, or is not in it.
    error AttestorUnchanged(address attestor);

    /// @notice From 1; one more with every change of the set or its threshold.
    function attestorEpoch() external view returns (uint256);

    function attestorThreshold() external view returns (uint256);

    /// @notice Ascending.
    function attestors() external view returns (address[] memory);

    function isAttestor(address account) external view returns (bool);

    /// @notice The set that waits; `readyAt` 0 = none.
    function scheduledAttestors() external view returns (address[] memory, uint256 threshold, uint256 readyAt);

    /// @notice Owner only: announces a whole set, ascending. It replaces one that waits.
    function scheduleAttestors(address[] calldata newAttestors, uint256 threshold) external;

    /// @notice Owner or guardian.
    function cancelAttestors() external;

    /// @notice Anyone, once the announced set is ready. Whom the guardian removed since it was announced stays out of it.
    function applyAttestors() external;

    /// @notice Owner or guardian: at once, also below the threshold; then nothing is attested until a new set counts.
    function removeAttestor(address attestor) external;
}
