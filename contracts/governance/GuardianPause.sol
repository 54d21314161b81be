// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IGuardianPause} from "../interfaces/IGuardianPause.sol";

/// @title GuardianPause
/// @notice Owner in two steps who cannot renounce, and a guardian whose pause ends after 24 hours and cannot be repeated for 24 more.
/// @dev What the pause stops is the inheritor's business (`whenNotPaused`); it must never be an exit.
abstract contract GuardianPause is IGuardianPause, Ownable2Step {
    uint256 public constant MAX_PAUSE_SECONDS = 24 hours;
    uint256 public constant PAUSE_COOLDOWN_SECONDS = 24 hours;

    /// @inheritdoc IGuardianPause
    address public guardian;
    uint40 private _pausedUntil;
    uint40 private _pauseAllowedAt;

    constructor(address owner_) Ownable(owner_) {}

    modifier whenNotPaused() {
        require(!_isPaused(), Paused());
        _;
    }

    /// @inheritdoc IGuardianPause
    function pause() external {
        if (msg.sender != owner()) {
            require(msg.sender == guardian, NotAuthorized(msg.sender));
            require(block.timestamp >= _pauseAllowedAt, NotReady(_pauseAllowedAt, block.timestamp));
        }
        uint256 end = block.timestamp + MAX_PAUSE_SECONDS;
        _pauseAllowedAt = uint40(end + PAUSE_COOLDOWN_SECONDS);
        _setPausedUntil(end);
    }

    /// @inheritdoc IGuardianPause
    function unpause() external onlyOwner {
        require(_isPaused(), NothingPending());
        _pauseAllowedAt = uint40(block.timestamp + PAUSE_COOLDOWN_SECONDS);
        _setPausedUntil(block.timestamp);
    }

    /// @inheritdoc IGuardianPause
    function setGuardian(address newGuardian) external onlyOwner {
        guardian = newGuardian;
        emit SetGuardian(newGuardian);
    }

    /// @notice Always reverts: without an owner nothing held here could ever be moved or repaired.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    /// @inheritdoc IGuardianPause
    function pausedUntil() external view returns (uint256) {
        return _pausedUntil;
    }

    /// @inheritdoc IGuardianPause
    function pauseAllowedAt() external view returns (uint256) {
        return _pauseAllowedAt;
    }

    function _isPaused() internal view returns (bool) {
        return block.timestamp < _pausedUntil;
    }

    /// @dev The end of the last pause, over or not; 0 when there was none.
    function _pauseEnd() internal view returns (uint256) {
        return _pausedUntil;
    }

    function _setPausedUntil(uint256 timestamp) private {
        _pausedUntil = uint40(timestamp);
        emit PausedUntil(timestamp);
    }
}
