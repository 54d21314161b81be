// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";
import {IAttestorSet} from "../interfaces/IAttestorSet.sol";

/// @title AttestorSet
/// @notice k of n accounts whose signatures count together. What they sign is the inheritor's business, and must name the epoch.
/// @dev ROLES. Owner: announces a set, which counts ATTESTOR_DELAY_SECONDS later; withdraws it. Guardian and owner: remove attestors at
/// once, announced ones too, and withdraw what was announced. Anyone: applies a set that is ready. Nobody can add at once.
/// @dev EPOCHS. Every change begins a new one, so that what a removed attestor signed counts no longer, not even beside others.
/// @dev LIVENESS. With fewer attestors than the threshold nothing is attested until a new set counts: two days at least.
/// @dev HOW TO STOP IT. The guardian removes attestors until fewer than the threshold are left.
abstract contract AttestorSet is IAttestorSet, GuardianPause {
    /// @notice Time for everybody to see an announced set, and for the guardian to act.
    uint256 public constant ATTESTOR_DELAY_SECONDS = 2 days;
    /// @notice Bounds the loops over attestors.
    uint256 public constant MAX_ATTESTORS = 32;

    /// @inheritdoc IAttestorSet
    mapping(address account => bool) public isAttestor;
    uint40 private _scheduledReadyAt;
    uint8 private _scheduledThreshold;
    /// @dev Ascending, as the announced ones.
    address[] private _attestors;
    address[] private _scheduled;
    /// @dev Last, so that an inheritor's first fields share the slot: every attested call reads it.
    uint8 private _threshold;
    uint32 private _epoch;

    constructor(address[] memory attestors_, uint256 threshold_) {
        _checkSet(attestors_, threshold_);
        _set(attestors_, threshold_);
    }

    // --- Changes of the set ---

    /// @inheritdoc IAttestorSet
    function scheduleAttestors(address[] calldata newAttestors, uint256 threshold) external onlyOwner {
        _checkSet(newAttestors, threshold);
        _scheduled = newAttestors;
        _scheduledThreshold = uint8(threshold);
        _scheduledReadyAt = uint40(block.timestamp + ATTESTOR_DELAY_SECONDS);
        emit ScheduleAttestors(newAttestors, threshold, _scheduledReadyAt);
    }

    /// @inheritdoc IAttestorSet
    function cancelAttestors() external {
        _checkOwnerOrGuardian();
        require(_scheduledReadyAt != 0, NothingPending());
        _clearScheduled();
        emit CancelAttestors();
    }

    /// @inheritdoc IAttestorSet
    function applyAttestors() external {
        uint256 readyAt = _scheduledReadyAt;
        require(readyAt != 0, NothingPending());
        require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
        address[] memory newAttestors = _scheduled;
        uint256 threshold = _scheduledThreshold;
        // Who was removed meanwhile may be missing: a set that could attest nothing must not replace one that can.
        require(newAttestors.length >= threshold, OutOfRange(newAttestors.length, threshold, MAX_ATTESTORS));
        address[] memory old = _attestors;
        for (uint256 i = 0; i < old.length; ++i) isAttestor[old[i]] = false;
        _clearScheduled();
        _set(newAttestors, threshold);
    }

    /// @inheritdoc IAttestorSet
    function removeAttestor(address attestor) external {
        _checkOwnerOrGuardian();
        bool counts = isAttestor[attestor];
        bool waits = _removeFrom(_scheduled, attestor);
        require(counts || waits, AttestorUnchanged(attestor));
        if (waits) emit ScheduleAttestors(_scheduled, _scheduledThreshold, _scheduledReadyAt);
        if (!counts) return;
        isAttestor[attestor] = false;
        _removeFrom(_attestors, attestor);
        ++_epoch;
        emit SetAttestors(_epoch, _attestors, _threshold);
    }

    // --- Views ---

    /// @inheritdoc IAttestorSet
    function attestorEpoch() public view returns (uint256) {
        return _epoch;
    }

    /// @inheritdoc IAttestorSet
    function attestorThreshold() external view returns (uint256) {
        return _threshold;
    }

    /// @inheritdoc IAttestorSet
    function attestors() external view returns (address[] memory) {
        return _attestors;
    }

    /// @inheritdoc IAttestorSet
    function scheduledAttestors() external view returns (address[] memory, uint256 threshold, uint256 readyAt) {
        return (_scheduled, _scheduledThreshold, _scheduledReadyAt);
    }

    // --- Internal ---

    /// @dev Strictly ascending signers make each count once. Malleable, short and foreign signatures recover to nobody in the set.
    function _checkSignatures(bytes32 digest, bytes[] calldata signatures) internal view {
        uint256 threshold = _threshold;
        require(signatures.length >= threshold, NotEnoughSignatures(signatures.length, threshold));
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signatures[i]);
            require(signer > last && isAttestor[signer], BadSigner(signer));
            last = signer;
        }
    }

    function _checkOwnerOrGuardian() internal view {
        require(msg.sender == owner() || msg.sender == guardian, NotAuthorized(msg.sender));
    }

    function _set(address[] memory newAttestors, uint256 threshold) private {
        for (uint256 i = 0; i < newAttestors.length; ++i) isAttestor[newAttestors[i]] = true;
        _attestors = newAttestors;
        _threshold = uint8(threshold);
        ++_epoch;
        emit SetAttestors(_epoch, newAttestors, threshold);
    }

    function _clearScheduled() private {
        delete _scheduled;
        (_scheduledThreshold, _scheduledReadyAt) = (0, 0);
    }

    /// @dev Keeps the order.
    function _removeFrom(address[] storage set, address attestor) private returns (bool found) {
        uint256 count = set.length;
        for (uint256 i = 0; i < count; ++i) {
            if (found) set[i - 1] = set[i];
            else found = set[i] == attestor;
        }
        if (found) set.pop();
    }

    function _checkSet(address[] memory set, uint256 threshold) private pure {
        require(set.length > 0 && set.length <= MAX_ATTESTORS, OutOfRange(set.length, 1, MAX_ATTESTORS));
        require(threshold > 0 && threshold <= set.length, OutOfRange(threshold, 1, set.length));
        require(set[0] != address(0), ZeroAddress());
        for (uint256 i = 1; i < set.length; ++i) require(set[i] > set[i - 1], BadSigner(set[i]));
    }
}
