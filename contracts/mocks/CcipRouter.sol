// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {Client, IAny2EVMMessageReceiver, IRouterClient} from "../interfaces/ICcip.sol";

/// @title CcipRouter
/// @notice One chain's end of a network that behaves like CCIP, ramps included: a fee by gas and bytes in coin or token, lanes that are
/// supported or not, the gas limit of the message applied on delivery, failed messages that anyone executes again with more gas, any order.
/// @dev What the real network's nodes do, the test does: it calls `execute` when and in what order it likes.
contract CcipRouter is IRouterClient {
    using ERC165Checker for address;
    using SafeERC20 for IERC20;

    /// @dev As the real off-ramp's.
    enum State {
        UNTOUCHED,
        IN_PROGRESS,
        SUCCESS,
        FAILURE
    }

    struct Sent {
        uint64 destination;
        address sender;
        address receiver;
        uint256 gasLimit;
        bytes data;
    }

    event MessageSent(bytes32 indexed messageId, uint64 indexed destination, address indexed sender);
    event ExecutionStateChanged(bytes32 indexed messageId, State state, bytes returnData);

    error MessageGasLimitTooHigh();
    error InvalidExtraArgsTag();
    error FeeTokenNotSupported(address feeToken);
    error AlreadyExecuted(bytes32 messageId, State state);
    error NotForThisChain(bytes32 messageId, uint64 destination);
    error TokensNotSupported();

    uint256 public constant MAX_GAS_LIMIT = 3_000_000;
    uint256 public constant DEFAULT_GAS_LIMIT = 200_000;

    uint64 public immutable selector;
    address public immutable feeToken;
    /// @notice Wei, or units of the fee token: per message, per gas, per byte of data.
    uint256 public baseFee = 1e15;
    uint256 public constant FEE_PER_GAS = 1e9;
    uint256 public constant FEE_PER_BYTE = 1e10;

    mapping(uint64 destination => bool) public isChainSupported;
    mapping(bytes32 messageId => Sent) private _sent;
    mapping(bytes32 messageId => State) public stateOf;
    uint256 private _count;

    constructor(uint64 selector_, address feeToken_) {
        (selector, feeToken) = (selector_, feeToken_);
    }

    function setSupported(uint64 destination, bool supported) external {
        isChainSupported[destination] = supported;
    }

    function setBaseFee(uint256 baseFee_) external {
        baseFee = baseFee_;
    }

    // --- Source ---

    function getFee(uint64 destination, Client.EVM2AnyMessage memory message) public view returns (uint256) {
        require(isChainSupported[destination], UnsupportedDestinationChain(destination));
        require(message.feeToken == address(0) || message.feeToken == feeToken, FeeTokenNotSupported(message.feeToken));
        return baseFee + FEE_PER_GAS * gasLimitOf(message.extraArgs) + FEE_PER_BYTE * message.data.length;
    }

    function ccipSend(
        uint64 destination,
        Client.EVM2AnyMessage calldata message
    ) external payable returns (bytes32 messageId) {
        uint256 fee = getFee(destination, message);
        require(message.tokenAmounts.length == 0, TokensNotSupported());
        if (message.feeToken == address(0)) {
            require(msg.value >= fee, InsufficientFeeTokenAmount());
        } else {
            require(msg.value == 0, InvalidMsgValue());
            IERC20(feeToken).safeTransferFrom(msg.sender, address(this), fee);
        }
        messageId = keccak256(abi.encode(selector, destination, ++_count));
        _sent[messageId] = Sent({
            destination: destination,
            sender: msg.sender,
            receiver: abi.decode(message.receiver, (address)),
            gasLimit: gasLimitOf(message.extraArgs),
            data: message.data
        });
        emit MessageSent(messageId, destination, msg.sender);
    }

    function sentMessage(bytes32 messageId) external view returns (Sent memory) {
        return _sent[messageId];
    }

    /// @notice Empty arguments mean the default, version 1 a gas limit, version 2 also an order.
    function gasLimitOf(bytes memory extraArgs) public pure returns (uint256 gasLimit) {
        if (extraArgs.length == 0) return DEFAULT_GAS_LIMIT;
        bytes4 tag = bytes4(extraArgs);
        require(tag == Client.EVM_EXTRA_ARGS_V1_TAG || tag == Client.EVM_EXTRA_ARGS_V2_TAG, InvalidExtraArgsTag());
        require(extraArgs.length == (tag == Client.EVM_EXTRA_ARGS_V1_TAG ? 36 : 68), InvalidExtraArgsTag());
        assembly ("memory-safe") {
            gasLimit := mload(add(extraArgs, 36))
        }
        require(gasLimit <= MAX_GAS_LIMIT, MessageGasLimitTooHigh());
    }

    // --- Destination ---

    /// @notice What the network does once a message is final.
    function execute(CcipRouter source, bytes32 messageId) external returns (State) {
        require(stateOf[messageId] == State.UNTOUCHED, AlreadyExecuted(messageId, stateOf[messageId]));
        return _execute(source, messageId, source.sentMessage(messageId).gasLimit);
    }

    /// @notice What anyone can do with a message that has failed; 0 = the gas limit that was paid for.
    function manuallyExecute(CcipRouter source, bytes32 messageId, uint256 gasLimit) external returns (State) {
        require(stateOf[messageId] == State.FAILURE, AlreadyExecuted(messageId, stateOf[messageId]));
        uint256 paid = source.sentMessage(messageId).gasLimit;
        return _execute(source, messageId, gasLimit == 0 ? paid : gasLimit);
    }

    function _execute(CcipRouter source, bytes32 messageId, uint256 gasLimit) private returns (State state) {
        Sent memory sent = source.sentMessage(messageId);
        require(sent.destination == selector, NotForThisChain(messageId, sent.destination));
        stateOf[messageId] = State.IN_PROGRESS;
        (state, sent.data) = _call(source.selector(), messageId, sent, gasLimit);
        stateOf[messageId] = state;
        emit ExecutionStateChanged(messageId, state, sent.data);
    }

    /// @dev A receiver that is none counts as a success without a call.
    function _call(
        uint64 sourceSelector,
        bytes32 messageId,
        Sent memory sent,
        uint256 gasLimit
    ) private returns (State, bytes memory) {
        if (
            sent.receiver.code.length == 0 ||
            !sent.receiver.supportsInterface(type(IAny2EVMMessageReceiver).interfaceId)
        ) return (State.SUCCESS, "");
        Client.Any2EVMMessage memory message;
        message.messageId = messageId;
        message.sourceChainSelector = sourceSelector;
        message.sender = abi.encode(sent.sender);
        message.data = sent.data;
        (bool ok, bytes memory answer) = sent.receiver.call{gas: gasLimit}(
            abi.encodeCall(IAny2EVMMessageReceiver.ccipReceive, (message))
        );
        return (ok ? State.SUCCESS : State.FAILURE, answer);
    }
}
