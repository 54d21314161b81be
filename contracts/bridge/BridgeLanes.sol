// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";
import {IBridgeLanes} from "../interfaces/IBridgeLanes.sol";
import {IM1Token} from "../interfaces/IM1Token.sol";
import {TokenBucket} from "../tokens/TokenBucket.sol";

/// @title BridgeLanes
/// @notice Takes tokens that leave and pays tokens that arrive, inside books and limits. What was said, by whom, and how often it counts
/// is the inheritor's business.
/// @dev ROLES. Owner: adds lanes, sets limits. It cannot move a token, and a lane's mode never changes.
/// @dev ROUNDING. None; amounts are integers. Buckets refill whole base units per whole second.
/// @dev TOKEN REQUIREMENTS. LOCK: any ERC-20; what a transfer moves is measured, and anything but the exact amount refused. MINT: an M1
/// token that gave this contract MINTER_ROLE and buckets; its own limits apply beside the lane's.
/// @dev STORAGE. Books have 104 bits each (2e31 base units), buckets 96 (7e28), so that a send writes one slot of a lane and reads two,
/// and a delivery writes two and reads two.
/// @dev REFUNDS have a bucket of their own, with the limits of departures: they wait no longer than it took to leave, and whoever could
/// refund everything that was ever sent gets no more out at once than anybody can send. Its limits rise with those of departures and never
/// fall: what has left must be able to come back, also through a lane that was closed since. Nothing fills or empties it but time and
/// refunds.
/// @dev LIVENESS. `_pay` and `_payBack` never revert for what a token does: they say why they could not pay, and nothing has changed then.
/// @dev HOW TO STOP IT. Zero capacity closes a direction for arrivals and departures of one token; MINT lanes also end with MINTER_ROLE.
abstract contract BridgeLanes is IBridgeLanes, GuardianPause {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev 31 + 26 + 30 + 32 + 32 + 29 of 32 bytes.
    struct Lane {
        uint104 sentUnits;
        uint96 outLevel;
        uint40 outUpdatedAt;
        Mode mode;
        uint104 paidUnits;
        uint104 refundedUnits;
        uint104 acknowledgedUnits;
        uint96 inLevel;
        uint40 inUpdatedAt;
        uint96 outCapacity;
        uint80 outRefillPerSecond;
        uint80 minUnits;
        uint96 inCapacity;
        uint80 inRefillPerSecond;
        uint80 backRefillPerSecond;
        uint96 backLevel;
        uint40 backUpdatedAt;
        uint96 backCapacity;
    }

    /// @notice Bounds what readers of all lanes pay.
    uint256 public constant MAX_LANES = 64;
    /// @notice Gas that paying is entitled to, so that no caller can make it fail by giving little.
    uint256 public constant PAY_GAS = 300_000;
    /// @notice Of what a token says when it cannot pay, so much is kept: bytes.
    uint256 public constant MAX_REASON_BYTES = 256;

    uint256 private constant _CALL_OVERHEAD_GAS = 5_000;

    mapping(address token => Lane) private _lanes;
    address[] private _tokens;

    // --- Owner ---

    /// @inheritdoc IBridgeLanes
    function addLane(address token, Mode mode_, Limits calldata limits_) external onlyOwner {
        require(token.code.length > 0, NotAContract(token));
        require(mode_ != Mode.NONE, OutOfRange(uint8(mode_), uint8(Mode.LOCK), uint8(Mode.MINT)));
        require(_lanes[token].mode == Mode.NONE, LaneExists(token));
        require(_tokens.length < MAX_LANES, OutOfRange(_tokens.length + 1, 1, MAX_LANES));
        // Reverts for a token without minters' buckets.
        if (mode_ == Mode.MINT) IM1Token(token).mintAvailable(address(this));
        _lanes[token].mode = mode_;
        _tokens.push(token);
        emit AddLane(token, mode_);
        _setLimits(token, limits_);
    }

    /// @inheritdoc IBridgeLanes
    function setLimits(address token, Limits calldata limits_) external onlyOwner {
        _laneOf(token);
        _setLimits(token, limits_);
    }

    // --- Itself ---

    /// @notice This contract only: its own entry, so that a payment that fails undoes all it did.
    /// @param back whether this is a refund of what was sent.
    function payOut(address token, address to, uint256 amountUnits, bool back) external {
        require(msg.sender == address(this), NotAuthorized(msg.sender));
        Lane storage lane = _laneOf(token);
        (uint256 sent, uint256 refunded, uint256 paid) = (lane.sentUnits, lane.refundedUnits, lane.paidUnits);
        bool locks = lane.mode == Mode.LOCK;
        // No more is released than is locked. What is minted was locked on the other side: only attestors can say so.
        if (locks || back) {
            uint256 open = locks ? sent - refunded - paid : sent - refunded;
            require(amountUnits <= open, BookExceeded(token, amountUnits, open));
        }
        if (back) {
            uint256 level = _backAvailable(lane);
            require(amountUnits <= level, RefundLimit(token, amountUnits, level));
            (lane.backLevel, lane.backUpdatedAt) = (uint96(level - amountUnits), uint40(block.timestamp));
            lane.refundedUnits = uint104(refunded + amountUnits);
        } else {
            uint256 level = _inAvailable(lane);
            require(amountUnits <= level, InboundLimit(token, amountUnits, level));
            (lane.inLevel, lane.inUpdatedAt) = (uint96(level - amountUnits), uint40(block.timestamp));
            lane.paidUnits = (paid + amountUnits).toUint104();
        }
        if (locks) _release(token, to, amountUnits);
        else IM1Token(token).mint(to, amountUnits);
    }

    // --- Views ---

    /// @inheritdoc IBridgeLanes
    function mode(address token) external view returns (Mode) {
        return _lanes[token].mode;
    }

    /// @inheritdoc IBridgeLanes
    function book(address token) external view returns (Book memory) {
        Lane storage lane = _lanes[token];
        return
            Book({
                sentUnits: lane.sentUnits,
                refundedUnits: lane.refundedUnits,
                paidUnits: lane.paidUnits,
                acknowledgedUnits: lane.acknowledgedUnits
            });
    }

    /// @inheritdoc IBridgeLanes
    function bookUnits(address token) external view returns (uint256) {
        Lane storage lane = _lanes[token];
        uint256 arrived = uint256(lane.paidUnits) + lane.refundedUnits;
        return lane.mode == Mode.MINT ? arrived - lane.sentUnits : lane.sentUnits - arrived;
    }

    /// @inheritdoc IBridgeLanes
    function inFlightUnits(address token) external view returns (uint256) {
        Lane storage lane = _lanes[token];
        // Never below zero: nothing is acknowledged beyond it, and what is refunded was never paid.
        uint256 settled = uint256(lane.refundedUnits) + lane.acknowledgedUnits;
        return lane.sentUnits > settled ? lane.sentUnits - settled : 0;
    }

    /// @inheritdoc IBridgeLanes
    function limits(address token) external view returns (Limits memory) {
        Lane storage lane = _lanes[token];
        return
            Limits({
                outCapacity: lane.outCapacity,
                outRefillPerSecond: lane.outRefillPerSecond,
                inCapacity: lane.inCapacity,
                inRefillPerSecond: lane.inRefillPerSecond,
                minUnits: lane.minUnits
            });
    }

    /// @inheritdoc IBridgeLanes
    function outAvailable(address token) external view returns (uint256) {
        return _outAvailable(_lanes[token]);
    }

    /// @inheritdoc IBridgeLanes
    function inAvailable(address token) external view returns (uint256) {
        return _inAvailable(_lanes[token]);
    }

    /// @inheritdoc IBridgeLanes
    function refundAvailable(address token) external view returns (uint256) {
        return _backAvailable(_lanes[token]);
    }

    /// @inheritdoc IBridgeLanes
    function refundLimits(address token) external view returns (uint256 capacityUnits, uint256 refillPerSecond) {
        return (_lanes[token].backCapacity, _lanes[token].backRefillPerSecond);
    }

    /// @inheritdoc IBridgeLanes
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    // --- Internal ---

    /// @dev Locks or burns `amountUnits` of `from`, who has allowed it to this contract; reverts unless exactly that happened.
    /// The caller guards against re-entrance.
    function _take(address token, address from, uint256 amountUnits) internal {
        Lane storage lane = _laneOf(token);
        uint256 minUnits = lane.minUnits;
        require(amountUnits >= minUnits, OutOfRange(amountUnits, minUnits, type(uint96).max));
        uint256 level = _outAvailable(lane);
        require(amountUnits <= level, OutboundLimit(token, amountUnits, level));
        (lane.outLevel, lane.outUpdatedAt) = (uint96(level - amountUnits), uint40(block.timestamp));
        uint256 sent = lane.sentUnits;
        lane.sentUnits = (sent + amountUnits).toUint104();
        if (lane.mode == Mode.LOCK) {
            uint256 before = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(from, address(this), amountUnits);
            uint256 held = IERC20(token).balanceOf(address(this));
            uint256 received = held > before ? held - before : 0;
            require(received == amountUnits, TransferMismatch(token, received, amountUnits));
        } else {
            uint256 minted = uint256(lane.paidUnits) + lane.refundedUnits - sent;
            require(amountUnits <= minted, BookExceeded(token, amountUnits, minted));
            IM1Token(token).burnFrom(from, amountUnits);
        }
    }

    /// @dev Pays what arrived out of the bucket for arrivals. When it could not: why, and nothing has changed.
    /// Refused with too little gas: its caller could choose otherwise that it fails. The caller guards against re-entrance.
    function _pay(address token, address to, uint256 amountUnits) internal returns (bool paid, bytes memory reason) {
        return _tryCall(address(this), PAY_GAS, abi.encodeCall(this.payOut, (token, to, amountUnits, false)));
    }

    /// @dev The same for what comes back to who sent it, out of the bucket for refunds.
    function _payBack(
        address token,
        address to,
        uint256 amountUnits
    ) internal returns (bool paid, bytes memory reason) {
        return _tryCall(address(this), PAY_GAS, abi.encodeCall(this.payOut, (token, to, amountUnits, true)));
    }

    /// @dev What the other side says it had paid. Books only move forward, and a claim of more than can have arrived is ignored.
    function _acknowledge(address token, uint256 paidThereUnits) internal {
        Lane storage lane = _lanes[token];
        if (paidThereUnits <= lane.acknowledgedUnits) return;
        if (paidThereUnits > lane.sentUnits - lane.refundedUnits) return;
        lane.acknowledgedUnits = uint104(paidThereUnits);
    }

    /// @dev What was paid here in all: what messages to the other side acknowledge.
    function _paidUnits(address token) internal view returns (uint256) {
        return _lanes[token].paidUnits;
    }

    /// @dev Calls with exactly `entitledGas`: reverts when less is left, and reports anything else that fails.
    /// By hand, because an answer without end must not cost more than its gas.
    function _tryCall(
        address target,
        uint256 entitledGas,
        bytes memory callData
    ) internal returns (bool ok, bytes memory reason) {
        // A 64th stays with the caller.
        uint256 required = (entitledGas * 64) / 63 + _CALL_OVERHEAD_GAS;
        require(gasleft() >= required, GasTooLow(gasleft(), required));
        uint256 most = MAX_REASON_BYTES;
        assembly ("memory-safe") {
            ok := call(entitledGas, target, 0, add(callData, 0x20), mload(callData), 0, 0)
            if iszero(ok) {
                let size := returndatasize()
                if gt(size, most) {
                    size := most
                }
                reason := mload(0x40)
                mstore(reason, size)
                returndatacopy(add(reason, 0x20), 0, size)
                mstore(0x40, add(reason, and(add(size, 0x3f), not(0x1f))))
            }
        }
    }

    function _laneOf(address token) private view returns (Lane storage lane) {
        lane = _lanes[token];
        require(lane.mode != Mode.NONE, UnknownToken(token));
    }

    /// @dev No more than the amount leaves, and all of it: else the payment did not happen.
    function _release(address token, address to, uint256 amountUnits) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(to, amountUnits);
        uint256 held = IERC20(token).balanceOf(address(this));
        uint256 left = before > held ? before - held : 0;
        require(left == amountUnits, TransferMismatch(token, left, amountUnits));
    }

    function _setLimits(address token, Limits calldata limits_) private {
        require(limits_.minUnits > 0, ZeroAmount());
        Lane storage lane = _lanes[token];
        // Buckets start full; later they keep what they held, at most the capacity.
        (uint256 outLevel, uint256 inLevel) = lane.outUpdatedAt == 0
            ? (limits_.outCapacity, limits_.inCapacity)
            : (Math.min(_outAvailable(lane), limits_.outCapacity), Math.min(_inAvailable(lane), limits_.inCapacity));
        lane.minUnits = uint256(limits_.minUnits).toUint80();
        (lane.outCapacity, lane.inCapacity) = (
            uint256(limits_.outCapacity).toUint96(),
            uint256(limits_.inCapacity).toUint96()
        );
        lane.outRefillPerSecond = uint256(limits_.outRefillPerSecond).toUint80();
        lane.inRefillPerSecond = uint256(limits_.inRefillPerSecond).toUint80();
        (lane.outLevel, lane.outUpdatedAt) = (uint96(outLevel), uint40(block.timestamp));
        (lane.inLevel, lane.inUpdatedAt) = (uint96(inLevel), uint40(block.timestamp));
        // Neither falls: what left when they were higher comes back through them.
        (lane.backLevel, lane.backCapacity) =
            lane.backUpdatedAt == 0
                ? (lane.outCapacity, lane.outCapacity)
                : (uint96(_backAvailable(lane)), _higher(lane.backCapacity, lane.outCapacity));
        if (lane.outRefillPerSecond > lane.backRefillPerSecond) lane.backRefillPerSecond = lane.outRefillPerSecond;
        lane.backUpdatedAt = uint40(block.timestamp);
        emit SetLimits(token, limits_);
    }

    function _outAvailable(Lane storage lane) private view returns (uint256) {
        return TokenBucket.filled(lane.outLevel, lane.outUpdatedAt, lane.outCapacity, lane.outRefillPerSecond);
    }

    function _inAvailable(Lane storage lane) private view returns (uint256) {
        return TokenBucket.filled(lane.inLevel, lane.inUpdatedAt, lane.inCapacity, lane.inRefillPerSecond);
    }

    function _backAvailable(Lane storage lane) private view returns (uint256) {
        return TokenBucket.filled(lane.backLevel, lane.backUpdatedAt, lane.backCapacity, lane.backRefillPerSecond);
    }

    function _higher(uint96 one, uint96 other) private pure returns (uint96) {
        return one > other ? one : other;
    }
}
