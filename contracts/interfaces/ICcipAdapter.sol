// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAny2EVMMessageReceiver} from "./ICcip.sol";
import {IBridgeAdapter} from "./IBridgeAdapter.sol";
import {IBridgeLanes} from "./IBridgeLanes.sol";
import {IGuardianPause} from "./IGuardianPause.sol";

/// @title Tokens to and from one other chain, by messages of Chainlink CCIP
/// @notice One adapter serves one pair of chains: what is locked for one chain lies where no message of another one reaches.
/// @dev The router is believed about who sent a message; the rest is ours: books, limits, each id once, and a way back.
interface ICcipAdapter is IBridgeAdapter, IBridgeLanes, IAny2EVMMessageReceiver, IGuardianPause {
    /// @notice TRANSFER: pay `recipient` out of the lane. RETURN: what was sent from here could not be paid there; pay it back.
    /// The order is ABI: append only.
    enum Kind {
        TRANSFER,
        RETURN
    }

    /// @notice What becomes of a message that arrived. The order is ABI: append only.
    enum Status {
        NONE,
        CLAIMABLE,
        PAID,
        RETURNED,
        VETOED
    }

    /// @notice What a message carries, version 1.
    struct Payload {
        uint8 version;
        Kind kind;
        /// @dev The same address on both chains.
        address token;
        /// @dev Whose tokens they were on the chain that the message comes from.
        address sender;
        address recipient;
        uint256 amountUnits;
        /// @dev What the sending side had paid of this token, in all: tells the other one what has arrived.
        uint256 paidUnits;
        /// @dev Of a RETURN: the message that it answers.
        bytes32 inReplyTo;
    }

    /// @notice What arrived and was not paid at once.
    struct Claim {
        Kind kind;
        uint40 arrivedAt;
        address token;
        address sender;
        address recipient;
        uint256 amountUnits;
    }

    /// @notice How messages travel.
    struct Transport {
        /// @dev The adapter on the other chain: the only receiver, and the only sender who is heard. Zero = closed.
        address remoteAdapter;
        /// @dev Zero = the native coin.
        address feeToken;
        /// @dev For `ccipReceive` on the other chain.
        uint32 gasLimit;
        /// @dev Extra arguments of version 1: for lanes that do not know version 2.
        bool legacyArgs;
    }

    event SetTransport(Transport transport);
    event Arrived(bytes32 indexed messageId, address indexed token, address indexed recipient, Payload payload);
    /// @notice Arrived, and not paid yet; `reason` is the selector and data of why.
    event Stored(bytes32 indexed messageId, bytes reason);
    event Paid(bytes32 indexed messageId, address indexed token, address indexed recipient, uint256 amountUnits);
    /// @notice The tombstone: this id is never paid here; `returnId` takes it back.
    event Returned(bytes32 indexed messageId, bytes32 indexed returnId, address indexed by);
    /// @notice Emitted by veto and by its end; `messageId` may not have arrived yet.
    event Vetoed(bytes32 indexed messageId, bool vetoed);

    error UnknownSelector(uint64 selector);
    error UnknownSender(bytes sender);
    error UnknownVersion(uint256 version);
    /// @notice Thrown for an id that arrived before, or is not in the state that this needs.
    error WrongStatus(bytes32 messageId, Status status);
    /// @notice Thrown for a RETURN that answers nothing that was sent from here, or answers it otherwise, or again.
    error UnknownReturn(bytes32 inReplyTo);
    /// @notice Thrown for a recipient that could never move what it gets.
    error BadRecipient(address recipient);
    /// @notice Thrown when a message brings tokens of CCIP's own pools: none are expected here.
    error UnexpectedTokens(uint256 count);
    /// @notice Thrown when a claim still cannot be paid; `reason` says why.
    error NotPayable(bytes32 messageId, bytes reason);
    /// @notice Thrown when what was paid above the fee could not be given back.
    error ExcessRefused(uint256 amountWei);

    /// @notice Anyone: pays what arrived and is claimable.
    function retry(bytes32 messageId) external;

    /// @notice Its recipient at any time, anyone RETURN_DELAY_SECONDS after it arrived: sends a claim back to who had sent it, a vetoed one
    /// too. Never held. The caller pays the fee, in the native coin or, with his allowance, in the fee's token.
    function sendBack(bytes32 messageId, uint256 maxFeeUnits) external payable returns (bytes32 returnId);

    /// @notice Guardian or owner: a TRANSFER, arrived or not, is not paid here; it can be sent back. Owner only: lifts it.
    function veto(bytes32 messageId, bool vetoed) external;

    /// @notice What `sendBack` would cost now.
    function quoteSendBack(bytes32 messageId) external view returns (address feeToken, uint256 feeUnits);

    /// @notice Of a message from here: what its return must say, keccak256(token, sender, amountUnits); 0 when it was returned or never sent.
    function sentHash(bytes32 messageId) external view returns (bytes32);

    function statusOf(bytes32 messageId) external view returns (Status);

    function claimOf(bytes32 messageId) external view returns (Claim memory);

    function transport() external view returns (Transport memory);

    function remoteChainId() external view returns (uint256);

    /// @notice CCIP's name for the other chain.
    function remoteSelector() external view returns (uint64);

    function supportsInterface(bytes4 interfaceId) external view returns (bool);

    /// @notice Owner only.
    function setTransport(Transport calldata newTransport) external;
}
