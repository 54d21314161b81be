// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";
import {IAlltraCustomBridge} from "../interfaces/IAlltraCustomBridge.sol";
import {IBridgeBook} from "../interfaces/IBridgeReserveCoordinator.sol";
import {AttestorSet} from "./AttestorSet.sol";
import {BridgeLanes} from "./BridgeLanes.sol";

/// @title AlltraCustomBridge
/// @notice One end of the lane between two chains; the other end is the same contract at the same address.
/// @dev ROLES. Adapters: send, for a payer whom they must have asked. Anyone: delivers and refunds what enough attestors signed, retries,
/// applies attestors. Recipient: cancels what was not delivered; anyone after it expired. Guardian: holds deliveries for 24 hours, vetoes
/// ids, removes attestors. Owner (two steps, cannot be renounced; a timelock): lanes, limits, tiers, adapters, coordinator, announces
/// attestors. Fewer attestors than the threshold can do nothing; enough of them can make deliveries, and refunds of what was really sent
/// from here, each up to its limit and what is locked, or the token lets this contract mint.
/// @dev REPLAY. An id is the hash of a whole message with both chains and both bridges, and each has one status on each chain, which only
/// moves forward: on its source SENT, REFUND_ACCEPTED, REFUNDED; on its destination ACCEPTED, DELIVERED or CANCELLED. So it is paid at
/// most once: attestors sign a refund when its CANCELLED is final, and a cancelled id is never paid.
/// @dev EPOCHS. What was accepted and is not paid yet counts for the epoch in which it was attested: when the set has changed it is
/// attested anew, so that nothing outlives the keys of a removed attestor.
/// @dev ORDER. None is needed. Messages acknowledge what their source had paid; the books only move forward, so a late one changes nothing.
/// @dev PRICE SOURCES: none. ROUNDING: none. TOKEN REQUIREMENTS: those of the lanes.
/// @dev LIVENESS. What cannot be paid stays claimable, a refund too that finds its bucket empty. Sending, cancelling and refunding are
/// never held; a coordinator may refuse sends, and when it fails at anything else it is passed over with an event.
/// @dev HOW TO STOP IT. `pause` (guardian or owner) holds deliver and retry; `removeAttestor` below the threshold ends attesting;
/// `setAdapter(adapter, false)` or a lane's zero capacity ends sending.
contract AlltraCustomBridge is IAlltraCustomBridge, BridgeLanes, EIP712, AttestorSet, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice What a bridge is made of; the same on both chains, so that CREATE2 gives one address.
    struct BridgeParams {
        /// @dev The two chains, either first.
        uint256 chainIdA;
        uint256 chainIdB;
        /// @dev The bridge on the other chain; zero = this address.
        address remoteBridge;
        /// @dev Ascending, in force from the start.
        address[] attestors;
        uint256 threshold;
        address owner;
        /// @dev May be zero.
        address guardian;
    }

    /// @dev 1 + 4 bytes. The epoch in which it was accepted; 0 unless it is.
    struct Progress {
        Status status;
        uint32 epoch;
    }

    bytes32 private constant _DELIVERY_TYPEHASH = keccak256("Delivery(bytes32 messageId,uint256 signerEpoch)");
    bytes32 private constant _REFUND_TYPEHASH = keccak256("Refund(bytes32 messageId,uint256 signerEpoch)");

    /// @notice Longest time between sending and the end of delivering: what cannot arrive comes back after it at the latest.
    uint256 public constant MAX_LIFETIME_SECONDS = 30 days;
    uint256 public constant MAX_TIERS = 8;
    /// @notice Gas that the coordinator's book is entitled to.
    uint256 public constant BOOK_GAS = 150_000;

    uint256 public immutable localChainId;
    /// @inheritdoc IAlltraCustomBridge
    uint256 public immutable remoteChainId;
    /// @inheritdoc IAlltraCustomBridge
    address public immutable remoteBridge;

    /// @inheritdoc IAlltraCustomBridge
    /// @dev 20 + 7 bytes beside the attestors' epoch and threshold: one slot for sends and deliveries.
    address public coordinator;
    uint56 private _lastNonce;
    /// @inheritdoc IAlltraCustomBridge
    mapping(address account => bool) public isAdapter;
    mapping(bytes32 messageId => Progress) private _progress;
    mapping(address token => Tier[]) private _tiers;

    constructor(
        BridgeParams memory params
    )
        GuardianPause(params.owner)
        EIP712("Cantilever AlltraCustomBridge", "1")
        AttestorSet(params.attestors, params.threshold)
    {
        bool isA = block.chainid == params.chainIdA;
        require(isA || block.chainid == params.chainIdB, WrongChain(block.chainid, params.chainIdB));
        require(params.chainIdA != params.chainIdB, WrongChain(params.chainIdA, params.chainIdB));
        localChainId = block.chainid;
        remoteChainId = isA ? params.chainIdB : params.chainIdA;
        remoteBridge = params.remoteBridge == address(0) ? address(this) : params.remoteBridge;
        guardian = params.guardian;
        emit SetGuardian(params.guardian);
    }

    // --- Sending ---

    /// @inheritdoc IAlltraCustomBridge
    function send(Sending calldata sending) external nonReentrant returns (bytes32 messageId_) {
        require(isAdapter[msg.sender], NotAuthorized(msg.sender));
        require(sending.recipient != address(0), ZeroAddress());
        // Nobody could ever move what the other bridge, or the token, was paid.
        require(
            sending.recipient != remoteBridge && sending.recipient != sending.token,
            NotAuthorized(sending.recipient)
        );
        // So that an adapter that turns bad takes no more in fees than the limits let out.
        require(sending.feeUnits <= sending.amountUnits, OutOfRange(sending.feeUnits, 0, sending.amountUnits));
        require(sending.expiresAt > block.timestamp, MessageExpired(sending.expiresAt, block.timestamp));
        uint256 latest = block.timestamp + MAX_LIFETIME_SECONDS;
        require(sending.expiresAt <= latest, OutOfRange(sending.expiresAt, block.timestamp + 1, latest));
        address book_ = coordinator;
        uint56 nonce = ++_lastNonce;
        if (book_ != address(0)) IBridgeBook(book_).recordSend(sending.token, sending.amountUnits);

        _take(sending.token, sending.from, sending.amountUnits);
        if (sending.feeUnits > 0) {
            // slither-disable-next-line arbitrary-send-erc20
            IERC20(sending.token).safeTransferFrom(sending.from, sending.feeTo, sending.feeUnits);
        }
        Message memory message = Message({
            sourceChainId: localChainId,
            nonce: nonce,
            token: sending.token,
            sender: sending.from,
            recipient: sending.recipient,
            amountUnits: sending.amountUnits,
            sentAt: block.timestamp,
            expiresAt: sending.expiresAt,
            paidUnits: _paidUnits(sending.token)
        });
        messageId_ = _idOf(message);
        _progress[messageId_] = Progress(Status.SENT, 0);
        emit Sent(messageId_, sending.token, sending.from, message);
    }

    // --- Arriving ---

    /// @inheritdoc IAlltraCustomBridge
    function deliver(
        Message calldata message,
        bytes[] calldata signatures
    ) external nonReentrant whenNotPaused returns (Status) {
        bytes32 id = _arriving(message);
        _checkAttestable(id, Status.NONE, Status.ACCEPTED);
        require(block.timestamp <= message.expiresAt, MessageExpired(message.expiresAt, block.timestamp));
        _checkSignatures(deliveryDigest(id), signatures);
        _acknowledge(message.token, message.paidUnits);
        // What a hold took is not the way's. The chains' clocks differ: the source's may be ahead.
        uint256 since = Math.max(message.sentAt, _pauseEnd());
        uint256 latencySeconds = block.timestamp > since ? block.timestamp - since : 0;
        (bool paid, bytes memory reason) = _arrive(id, message, latencySeconds);
        if (paid) return Status.DELIVERED;
        _progress[id] = Progress(Status.ACCEPTED, uint32(attestorEpoch()));
        emit Accepted(id, reason);
        return Status.ACCEPTED;
    }

    /// @inheritdoc IAlltraCustomBridge
    function retry(Message calldata message) external nonReentrant whenNotPaused {
        bytes32 id = _arriving(message);
        _checkAccepted(id, Status.ACCEPTED);
        // What it has waited for was no part of the way.
        (bool paid, bytes memory reason) = _arrive(id, message, 0);
        require(paid, NotPayable(id, reason));
    }

    /// @inheritdoc IAlltraCustomBridge
    function cancel(Message calldata message) external nonReentrant {
        bytes32 id = _arriving(message);
        require(
            msg.sender == message.recipient || block.timestamp > message.expiresAt,
            NotCancellable(id, msg.sender, message.expiresAt)
        );
        _cancel(id);
    }

    /// @inheritdoc IAlltraCustomBridge
    function veto(bytes32 messageId_) external nonReentrant {
        _checkOwnerOrGuardian();
        _cancel(messageId_);
    }

    // --- Coming back ---

    /// @inheritdoc IAlltraCustomBridge
    function refund(Message calldata message, bytes[] calldata signatures) external nonReentrant returns (Status) {
        bytes32 id = _departed(message);
        _checkAttestable(id, Status.SENT, Status.REFUND_ACCEPTED);
        _checkSignatures(refundDigest(id), signatures);
        (bool paid, bytes memory reason) = _return(id, message);
        if (paid) return Status.REFUNDED;
        _progress[id] = Progress(Status.REFUND_ACCEPTED, uint32(attestorEpoch()));
        emit RefundAccepted(id, reason);
        return Status.REFUND_ACCEPTED;
    }

    /// @inheritdoc IAlltraCustomBridge
    function retryRefund(Message calldata message) external nonReentrant {
        bytes32 id = _departed(message);
        _checkAccepted(id, Status.REFUND_ACCEPTED);
        (bool paid, bytes memory reason) = _return(id, message);
        require(paid, NotPayable(id, reason));
    }

    // --- Owner ---

    /// @inheritdoc IAlltraCustomBridge
    function setAdapter(address adapter, bool active) external onlyOwner {
        require(adapter != address(0), ZeroAddress());
        isAdapter[adapter] = active;
        emit SetAdapter(adapter, active);
    }

    /// @inheritdoc IAlltraCustomBridge
    function setTiers(address token, Tier[] calldata newTiers) external onlyOwner {
        require(newTiers.length <= MAX_TIERS, OutOfRange(newTiers.length, 0, MAX_TIERS));
        delete _tiers[token];
        for (uint256 i = 0; i < newTiers.length; ++i) {
            bool ascends = i == 0 ? newTiers[i].fromUnits == 0 : newTiers[i].fromUnits > newTiers[i - 1].fromUnits;
            bool deepens = i == 0 || _depth(newTiers[i]) >= _depth(newTiers[i - 1]);
            require(ascends && deepens, TiersNotAscending());
            _tiers[token].push(newTiers[i]);
        }
        emit SetTiers(token, newTiers);
    }

    /// @inheritdoc IAlltraCustomBridge
    function setCoordinator(address newCoordinator) external onlyOwner {
        require(newCoordinator == address(0) || newCoordinator.code.length > 0, NotAContract(newCoordinator));
        coordinator = newCoordinator;
        emit SetCoordinator(newCoordinator);
    }

    // --- Views ---

    /// @inheritdoc IAlltraCustomBridge
    function messageId(Message calldata message) external view returns (bytes32) {
        return _idOf(message);
    }

    /// @inheritdoc IAlltraCustomBridge
    function deliveryDigest(bytes32 messageId_) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_DELIVERY_TYPEHASH, messageId_, attestorEpoch())));
    }

    /// @inheritdoc IAlltraCustomBridge
    function refundDigest(bytes32 messageId_) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_REFUND_TYPEHASH, messageId_, attestorEpoch())));
    }

    /// @inheritdoc IAlltraCustomBridge
    function statusOf(bytes32 messageId_) external view returns (Status) {
        return _progress[messageId_].status;
    }

    /// @inheritdoc IAlltraCustomBridge
    function acceptedEpoch(bytes32 messageId_) external view returns (uint256) {
        return _progress[messageId_].epoch;
    }

    /// @inheritdoc IAlltraCustomBridge
    function lastNonce() external view returns (uint256) {
        return _lastNonce;
    }

    /// @inheritdoc IAlltraCustomBridge
    function confirmationsFor(address token, uint256 amountUnits) external view returns (uint256 confirmations) {
        Tier[] memory all = _tiers[token];
        for (uint256 i = 0; i < all.length && all[i].fromUnits <= amountUnits; ++i)
            confirmations = all[i].confirmations;
    }

    /// @inheritdoc IAlltraCustomBridge
    function tiers(address token) external view returns (Tier[] memory) {
        return _tiers[token];
    }

    // --- Internal ---

    /// @dev Pays the recipient; when that fails the caller decides what becomes of it.
    function _arrive(
        bytes32 id,
        Message calldata message,
        uint256 latencySeconds
    ) private returns (bool paid, bytes memory reason) {
        _progress[id] = Progress(Status.DELIVERED, 0);
        (paid, reason) = _pay(message.token, message.recipient, message.amountUnits);
        if (!paid) return (false, reason);
        emit Delivered(id, message.token, message.recipient, message.amountUnits);
        _record(id, abi.encodeCall(IBridgeBook.recordDelivery, (message.token, message.amountUnits, latencySeconds)));
    }

    /// @dev Pays the sender back; when that fails the caller decides what becomes of it.
    function _return(bytes32 id, Message calldata message) private returns (bool paid, bytes memory reason) {
        _progress[id] = Progress(Status.REFUNDED, 0);
        (paid, reason) = _payBack(message.token, message.sender, message.amountUnits);
        if (!paid) return (false, reason);
        emit Refunded(id, message.token, message.sender, message.amountUnits);
        _record(id, abi.encodeCall(IBridgeBook.recordRefund, (message.token, message.amountUnits)));
    }

    function _cancel(bytes32 id) private {
        Status status = _progress[id].status;
        require(status == Status.NONE || status == Status.ACCEPTED, WrongStatus(id, status));
        _progress[id] = Progress(Status.CANCELLED, 0);
        emit Cancelled(id, msg.sender);
    }

    /// @dev Too little gas is refused, so that nobody can choose that the book is passed over.
    function _record(bytes32 id, bytes memory callData) private {
        address book_ = coordinator;
        if (book_ == address(0)) return;
        (bool ok, bytes memory reason) = _tryCall(book_, BOOK_GAS, callData);
        if (!ok) emit CoordinatorFailed(id, reason);
    }

    /// @dev Not attested yet, or accepted by a set that counts no longer.
    function _checkAttestable(bytes32 id, Status fresh, Status accepted) private view {
        Progress memory own = _progress[id];
        bool stale = own.status == accepted && own.epoch != attestorEpoch();
        require(own.status == fresh || stale, WrongStatus(id, own.status));
    }

    function _checkAccepted(bytes32 id, Status accepted) private view {
        Progress memory own = _progress[id];
        require(own.status == accepted, WrongStatus(id, own.status));
        require(own.epoch == attestorEpoch(), StaleEpoch(id, own.epoch, attestorEpoch()));
    }

    /// @dev The finalized block is the deepest.
    function _depth(Tier calldata tier) private pure returns (uint256) {
        return tier.confirmations == 0 ? type(uint256).max : tier.confirmations;
    }

    /// @dev The id of a message from the other chain.
    function _arriving(Message calldata message) private view returns (bytes32) {
        require(message.sourceChainId == remoteChainId, WrongChain(message.sourceChainId, remoteChainId));
        return _idOf(message);
    }

    /// @dev The id of a message from this chain.
    function _departed(Message calldata message) private view returns (bytes32) {
        require(message.sourceChainId == localChainId, WrongChain(message.sourceChainId, localChainId));
        return _idOf(message);
    }

    function _idOf(Message memory message) private view returns (bytes32) {
        bool departs = message.sourceChainId == localChainId;
        require(departs || message.sourceChainId == remoteChainId, WrongChain(message.sourceChainId, localChainId));
        return
            departs
                ? keccak256(abi.encode(localChainId, address(this), remoteChainId, remoteBridge, message))
                : keccak256(abi.encode(remoteChainId, remoteBridge, localChainId, address(this), message));
    }
}
