// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IDiamond} from "./IDiamond.sol";

/// @title The only way to change a diamond's functions: schedule, wait, execute
/// @notice The owner schedules and executes; owner and guardian cancel. A cut is named by the hash of everything it does and a salt, so
/// that what is executed is what everybody could read for the whole delay.
/// @dev Units: unix seconds.
interface IDiamondCutTimelock is IDiamond {
    /// @notice Emitted with everything that `id` stands for.
    event ScheduleCut(
        bytes32 indexed id,
        FacetCut[] diamondCut,
        address init,
        bytes data,
        bytes32 salt,
        uint256 readyAt,
        uint256 expiresAt
    );
    event ExecuteCut(bytes32 indexed id);
    event CancelCut(bytes32 indexed id, address indexed caller);
    event AnnounceGuardian(address indexed guardian, uint256 readyAt);
    event SetGuardian(address indexed guardian);

    /// @notice Thrown on scheduling what is scheduled.
    error AlreadyScheduled(bytes32 id);
    /// @notice Thrown on executing or cancelling what was never scheduled, or was executed or cancelled.
    error NotScheduled(bytes32 id);
    /// @notice Thrown on executing a cut later than MAX_WAIT_SECONDS after it became ready.
    error CutExpired(uint256 expiresAt, uint256 timestamp);

    /// @notice Starts the delay of a cut: the owner only.
    /// @param delaySeconds at least `minCutDelaySeconds`.
    function scheduleCut(
        FacetCut[] calldata cuts,
        address init,
        bytes calldata data,
        bytes32 salt,
        uint256 delaySeconds
    ) external returns (bytes32 id);

    /// @notice Executes a scheduled cut after its delay: the owner only.
    function executeCut(FacetCut[] calldata cuts, address init, bytes calldata data, bytes32 salt) external;

    /// @notice EIP-2535's function: `executeCut` with salt 0.
    function diamondCut(FacetCut[] calldata cuts, address init, bytes calldata data) external;

    /// @notice Forgets a scheduled cut: the owner or the guardian.
    function cancelCut(bytes32 id) external;

    /// @notice Starts the delay of a new guardian: the owner only. Announcing the zero address withdraws the announcement.
    /// @dev The outgoing guardian keeps its veto for as long as a cut announced before would need.
    function announceGuardian(address newGuardian) external;

    /// @notice Puts the announced guardian in place after the delay: anyone.
    function applyGuardian() external;

    /// @notice Shortest delay of a cut; fixed for ever.
    function minCutDelaySeconds() external view returns (uint256);

    /// @notice A cut may be executed this long after it became ready.
    // solhint-disable-next-line func-name-mixedcase
    function MAX_WAIT_SECONDS() external view returns (uint256);

    /// @notice When a scheduled cut may be executed; 0 when it is not scheduled.
    function cutReadyAt(bytes32 id) external view returns (uint256);

    function cutId(
        FacetCut[] calldata cuts,
        address init,
        bytes calldata data,
        bytes32 salt
    ) external view returns (bytes32);

    function guardian() external view returns (address);

    function pendingGuardian() external view returns (address account, uint256 readyAt);
}
