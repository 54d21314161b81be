// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";
import {IBridgeAdapter} from "../interfaces/IBridgeAdapter.sol";
import {Client, IAny2EVMMessageReceiver, IRouterClient} from "../interfaces/ICcip.sol";
import {ICcipAdapter} from "../interfaces/ICcipAdapter.sol";
import {BridgeLanes} from "./BridgeLanes.sol";
import {LaneLimits} from "./LaneLimits.sol";

/// @title CcipAdapter
/// @notice One end of the lane to one other chain over Chainlink CCIP; the other end is the same contract there.
/// @dev ROLES. Anyone: sends own tokens, retries, sends back what nobody claimed. Recipient: sends back what he does not want. Guardian:
/// holds payments for 24 hours, vetoes transfers; never what comes back. Owner (two steps, cannot be renounced; a timelock): lanes, limits, transport,
/// lifts vetoes. Router: says that a message was sent by the adapter on the other chain, and is believed: what a liar there could move is
/// what the limits let through.
/// @dev RETURNS pay only what this side remembers having sent, whole, once, to who sent it, out of the bucket for refunds; while that is
/// empty they stay claimable. The other side's word alone moves none.
/// @dev REPLAY. An id has one status, which starts with its arrival: paid or returned at most once. A return is sent when its tombstone is
/// written, so never for anything that was paid.
/// @dev ORDER. None is needed. Messages acknowledge what their side had paid; the books only move forward.
/// @dev LIVENESS. A payment that fails is kept and never fails the message. What does fail it (too little gas, a sender that is not named
/// any more) fails it in CCIP, where anyone can execute it again. Sending is never held.
/// @dev PRICE SOURCES: none, the router names its fee. ROUNDING: none. TOKEN REQUIREMENTS. Those of the lanes; a fee's token moves exactly
/// what it is told to.
/// @dev HOW TO STOP IT. `pause` holds what arrives; `setTransport` with no remote adapter closes both directions; lanes' zero capacity.
contract CcipAdapter is ICcipAdapter, BridgeLanes, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint8 public constant PAYLOAD_VERSION = 1;
    /// @notice How long a claim waits for its recipient before anyone may send it back.
    uint256 public constant RETURN_DELAY_SECONDS = 3 days;
    /// @notice Bounds of the gas that a message buys on the other chain: what an arrival needs when its payment uses all that it is entitled
    /// to and must be kept; and CCIP's own maximum.
    uint256 public constant MIN_GAS_LIMIT = 600_000;
    uint256 public constant MAX_GAS_LIMIT = 3_000_000;

    IRouterClient public immutable router;
    /// @inheritdoc ICcipAdapter
    uint256 public immutable remoteChainId;
    /// @inheritdoc ICcipAdapter
    uint64 public immutable remoteSelector;

    Transport private _transport;
    /// @inheritdoc ICcipAdapter
    mapping(bytes32 messageId => Status) public statusOf;
    /// @inheritdoc ICcipAdapter
    mapping(bytes32 messageId => bytes32) public sentHash;
    mapping(bytes32 messageId => Claim) private _claims;

    constructor(address router_, uint256 remoteChainId_, uint64 remoteSelector_, address owner_) GuardianPause(owner_) {
        require(router_.code.length > 0, NotAContract(router_));
        require(remoteChainId_ != block.chainid && remoteChainId_ != 0, UnsupportedChain(remoteChainId_));
        require(remoteSelector_ != 0, UnknownSelector(remoteSelector_));
        (router, remoteChainId, remoteSelector) = (IRouterClient(router_), remoteChainId_, remoteSelector_);
    }

    // --- Sending ---

    /// @inheritdoc IBridgeAdapter
    function send(Order calldata order) external payable nonReentrant returns (bytes32 messageId) {
        return _sendOrder(order);
    }

    /// @inheritdoc IBridgeAdapter
    function sendWithPermit(
        Order calldata order,
        Permit calldata permit
    ) external payable nonReentrant returns (bytes32 messageId) {
        require(order.token.code.length > 0, NotAContract(order.token));
        // Whoever saw the permit may have used it: then the allowance is there, and the token says so when it is not.
        // solhint-disable-next-line no-empty-blocks
        try
            IERC20Permit(order.token).permit(
                msg.sender,
                address(this),
                permit.valueUnits,
                permit.deadline,
                permit.v,
                permit.r,
                permit.s
            )
        {} catch {}
        return _sendOrder(order);
    }

    // --- Arriving ---

    /// @inheritdoc IAny2EVMMessageReceiver
    function ccipReceive(Client.Any2EVMMessage calldata message) external nonReentrant {
        require(msg.sender == address(router), NotAuthorized(msg.sender));
        require(message.sourceChainSelector == remoteSelector, UnknownSelector(message.sourceChainSelector));
        address remote = _transport.remoteAdapter;
        require(
            remote != address(0) && keccak256(message.sender) == keccak256(abi.encode(remote)),
            UnknownSender(message.sender)
        );
        require(message.destTokenAmounts.length == 0, UnexpectedTokens(message.destTokenAmounts.length));
        bytes32 messageId = message.messageId;
        bool vetoed = statusOf[messageId] == Status.VETOED && _claims[messageId].arrivedAt == 0;
        require(vetoed || statusOf[messageId] == Status.NONE, WrongStatus(messageId, statusOf[messageId]));
        uint256 version = abi.decode(message.data, (uint256));
        require(version == PAYLOAD_VERSION, UnknownVersion(version));
        Payload memory payload = abi.decode(message.data, (Payload));
        // Only what was sent from here comes back, whole, once, and to who sent it.
        bool back = payload.kind == Kind.RETURN;
        if (back) {
            bytes32 reply = payload.inReplyTo;
            bytes32 expected = _sentHashOf(payload.token, payload.recipient, payload.amountUnits);
            require(sentHash[reply] == expected, UnknownReturn(reply));
            delete sentHash[reply];
        }

        _acknowledge(payload.token, payload.paidUnits);
        emit Arrived(messageId, payload.token, payload.recipient, payload);
        Claim memory claim = Claim({
            kind: payload.kind,
            arrivedAt: uint40(block.timestamp),
            token: payload.token,
            sender: payload.sender,
            recipient: payload.recipient,
            amountUnits: payload.amountUnits
        });
        bool paid;
        bytes memory reason;
        // What comes back is a right of its sender: neither held nor vetoed.
        if (vetoed && !back) reason = abi.encodeWithSelector(WrongStatus.selector, messageId, Status.VETOED);
        else if (_isPaused() && !back) reason = abi.encodeWithSelector(Paused.selector);
        else (paid, reason) = _settle(messageId, claim);
        if (paid) return;
        statusOf[messageId] = vetoed && !back ? Status.VETOED : Status.CLAIMABLE;
        _claims[messageId] = claim;
        emit Stored(messageId, reason);
    }

    /// @inheritdoc ICcipAdapter
    function retry(bytes32 messageId) external nonReentrant {
        Claim memory claim = _claimable(messageId);
        require(claim.kind == Kind.RETURN || !_isPaused(), Paused());
        delete _claims[messageId];
        (bool paid, bytes memory reason) = _settle(messageId, claim);
        require(paid, NotPayable(messageId, reason));
    }

    /// @inheritdoc ICcipAdapter
    function sendBack(bytes32 messageId, uint256 maxFeeUnits) external payable nonReentrant returns (bytes32 returnId) {
        Claim memory claim = _returnable(messageId);
        // What came back already goes nowhere else.
        require(claim.kind == Kind.TRANSFER, WrongStatus(messageId, Status.CLAIMABLE));
        uint256 openAt = claim.arrivedAt + RETURN_DELAY_SECONDS;
        require(msg.sender == claim.recipient || block.timestamp >= openAt, NotReady(openAt, block.timestamp));
        statusOf[messageId] = Status.RETURNED;
        delete _claims[messageId];
        (returnId, ) = _dispatch(_returnOf(messageId, claim), maxFeeUnits);
        emit Returned(messageId, returnId, msg.sender);
    }

    // --- Guardian and owner ---

    /// @inheritdoc ICcipAdapter
    function veto(bytes32 messageId, bool vetoed) external {
        require(msg.sender == owner() || (vetoed && msg.sender == guardian), NotAuthorized(msg.sender));
        Status status = statusOf[messageId];
        Claim storage claim = _claims[messageId];
        bool arrived = claim.arrivedAt != 0;
        bool open =
            vetoed
                ? status == Status.NONE || (status == Status.CLAIMABLE && claim.kind == Kind.TRANSFER)
                : status == Status.VETOED;
        require(open, WrongStatus(messageId, status));
        if (vetoed) statusOf[messageId] = Status.VETOED;
        else statusOf[messageId] = arrived ? Status.CLAIMABLE : Status.NONE;
        emit Vetoed(messageId, vetoed);
    }

    /// @inheritdoc ICcipAdapter
    function setTransport(Transport calldata newTransport) external onlyOwner {
        require(
            newTransport.gasLimit >= MIN_GAS_LIMIT && newTransport.gasLimit <= MAX_GAS_LIMIT,
            OutOfRange(newTransport.gasLimit, MIN_GAS_LIMIT, MAX_GAS_LIMIT)
        );
        address feeToken = newTransport.feeToken;
        require(feeToken == address(0) || feeToken.code.length > 0, NotAContract(feeToken));
        _transport = newTransport;
        emit SetTransport(newTransport);
    }

    // --- Views ---

    /// @inheritdoc IBridgeAdapter
    function carries(uint256 chainId, address token) external view returns (bool) {
        return
            chainId == remoteChainId &&
            _transport.remoteAdapter != address(0) &&
            this.mode(token) != Mode.NONE &&
            router.isChainSupported(remoteSelector);
    }

    /// @inheritdoc IBridgeAdapter
    function spender(address) external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IBridgeAdapter
    function quote(
        uint256 destinationChainId,
        address token,
        uint256 amountUnits
    ) external view returns (Quote memory answer) {
        require(destinationChainId == remoteChainId, UnsupportedChain(destinationChainId));
        // All payloads are of one length, so who sends to whom changes no fee.
        Client.EVM2AnyMessage memory message = _messageOf(_transferOf(token, msg.sender, msg.sender, amountUnits));
        answer.feeToken = message.feeToken;
        answer.feeUnits = router.getFee(remoteSelector, message);
        answer.maxAmountUnits = LaneLimits.maxAmount(this, token, type(uint256).max);
    }

    /// @inheritdoc ICcipAdapter
    function quoteSendBack(bytes32 messageId) external view returns (address feeToken, uint256 feeUnits) {
        Client.EVM2AnyMessage memory message = _messageOf(_returnOf(messageId, _returnable(messageId)));
        return (message.feeToken, router.getFee(remoteSelector, message));
    }

    /// @inheritdoc ICcipAdapter
    function claimOf(bytes32 messageId) external view returns (Claim memory) {
        return _claims[messageId];
    }

    /// @inheritdoc ICcipAdapter
    function transport() external view returns (Transport memory) {
        return _transport;
    }

    /// @inheritdoc ICcipAdapter
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IAny2EVMMessageReceiver).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    // --- Internal ---

    function _sendOrder(Order calldata order) private returns (bytes32 messageId) {
        require(block.timestamp <= order.deadline, DeadlineExpired(order.deadline, block.timestamp));
        require(order.destinationChainId == remoteChainId, UnsupportedChain(order.destinationChainId));
        require(order.recipient != address(0), ZeroAddress());
        require(
            order.recipient != _transport.remoteAdapter && order.recipient != order.token,
            BadRecipient(order.recipient)
        );
        _take(order.token, msg.sender, order.amountUnits);
        uint256 feeUnits;
        (messageId, feeUnits) = _dispatch(
            _transferOf(order.token, msg.sender, order.recipient, order.amountUnits),
            order.maxFeeUnits
        );
        sentHash[messageId] = _sentHashOf(order.token, msg.sender, order.amountUnits);
        emit OrderSent(
            messageId,
            msg.sender,
            order.destinationChainId,
            order.token,
            order.recipient,
            order.amountUnits,
            _transport.feeToken,
            feeUnits
        );
    }

    /// @dev Hands a message to the router, at the caller's cost. What he paid above the fee comes back: the router would keep it.
    function _dispatch(
        Payload memory payload,
        uint256 maxFeeUnits
    ) private returns (bytes32 messageId, uint256 feeUnits) {
        Client.EVM2AnyMessage memory message = _messageOf(payload);
        feeUnits = router.getFee(remoteSelector, message);
        require(feeUnits <= maxFeeUnits, FeeAboveMaximum(feeUnits, maxFeeUnits));
        if (message.feeToken != address(0)) {
            require(msg.value == 0, OutOfRange(msg.value, 0, 0));
            _takeFee(message.feeToken, feeUnits);
            return (router.ccipSend(remoteSelector, message), feeUnits);
        }
        require(msg.value >= feeUnits, FeeTooLow(msg.value, feeUnits));
        messageId = router.ccipSend{value: feeUnits}(remoteSelector, message);
        uint256 excess = msg.value - feeUnits;
        if (excess == 0) return (messageId, feeUnits);
        (bool taken, ) = msg.sender.call{value: excess}("");
        require(taken, ExcessRefused(excess));
    }

    /// @dev Measured, because what is locked here may be the same token.
    function _takeFee(address feeToken, uint256 feeUnits) private {
        uint256 before = IERC20(feeToken).balanceOf(address(this));
        IERC20(feeToken).safeTransferFrom(msg.sender, address(this), feeUnits);
        uint256 held = IERC20(feeToken).balanceOf(address(this));
        uint256 received = held > before ? held - before : 0;
        require(received == feeUnits, TransferMismatch(feeToken, received, feeUnits));
        IERC20(feeToken).forceApprove(address(router), feeUnits);
    }

    /// @dev Pays and says so, or says why not: then its caller decides what becomes of the id.
    function _settle(bytes32 messageId, Claim memory claim) private returns (bool paid, bytes memory reason) {
        statusOf[messageId] = Status.PAID;
        (paid, reason) = claim.kind == Kind.RETURN
            ? _payBack(claim.token, claim.recipient, claim.amountUnits)
            : _pay(claim.token, claim.recipient, claim.amountUnits);
        if (!paid) return (false, reason);
        emit Paid(messageId, claim.token, claim.recipient, claim.amountUnits);
    }

    function _transferOf(
        address token,
        address sender,
        address recipient,
        uint256 amountUnits
    ) private view returns (Payload memory) {
        return
            Payload({
                version: PAYLOAD_VERSION,
                kind: Kind.TRANSFER,
                token: token,
                sender: sender,
                recipient: recipient,
                amountUnits: amountUnits,
                paidUnits: _paidUnits(token),
                inReplyTo: 0
            });
    }

    function _returnOf(bytes32 messageId, Claim memory claim) private view returns (Payload memory) {
        return
            Payload({
                version: PAYLOAD_VERSION,
                kind: Kind.RETURN,
                token: claim.token,
                sender: claim.recipient,
                recipient: claim.sender,
                amountUnits: claim.amountUnits,
                paidUnits: _paidUnits(claim.token),
                inReplyTo: messageId
            });
    }

    function _messageOf(Payload memory payload) private view returns (Client.EVM2AnyMessage memory message) {
        Transport memory own = _transport;
        require(own.remoteAdapter != address(0), UnsupportedChain(remoteChainId));
        require(router.isChainSupported(remoteSelector), UnsupportedChain(remoteChainId));
        message.receiver = abi.encode(own.remoteAdapter);
        message.data = abi.encode(payload);
        message.feeToken = own.feeToken;
        message.extraArgs =
            own.legacyArgs
                ? Client.argsToBytes(Client.EVMExtraArgsV1(own.gasLimit))
                : Client.argsToBytes(Client.EVMExtraArgsV2(own.gasLimit, true));
    }

    function _sentHashOf(address token, address sender, uint256 amountUnits) private pure returns (bytes32) {
        return keccak256(abi.encode(token, sender, amountUnits));
    }

    /// @dev A claim, or one that was vetoed: it is paid to nobody here, and its origin pays only what it sent.
    function _returnable(bytes32 messageId) private view returns (Claim memory claim) {
        Status status = statusOf[messageId];
        claim = _claims[messageId];
        bool arrived = claim.arrivedAt != 0;
        require(arrived && (status == Status.CLAIMABLE || status == Status.VETOED), WrongStatus(messageId, status));
    }

    function _claimable(bytes32 messageId) private view returns (Claim memory) {
        Status status = statusOf[messageId];
        require(status == Status.CLAIMABLE, WrongStatus(messageId, status));
        return _claims[messageId];
    }
}
