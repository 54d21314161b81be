// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title A pause that ends by itself
interface IGuardianPause is ICommonErrors {
    event SetGuardian(address indexed guardian);
    /// @notice Emitted when the end of the pause changes. Unix seconds; a past time = not paused.
    event PausedUntil(uint256 timestamp);

    /// @notice May pause, and nothing else. Zero = nobody.
    function guardian() external view returns (address);

    /// @notice Unix seconds until which the paused functions refuse.
    function pausedUntil() external view returns (uint256);

    /// @notice Unix seconds from which the guardian may pause again.
    function pauseAllowedAt() external view returns (uint256);

    /// @notice Guardian: pauses for MAX_PAUSE_SECONDS and then not again for PAUSE_COOLDOWN_SECONDS. Owner: at any time.
    function pause() external;

    /// @notice Owner only. Ends a pause early; the guardian's wait for the next one counts from now then.
    function unpause() external;

    /// @notice Owner only.
    function setGuardian(address newGuardian) external;
}
