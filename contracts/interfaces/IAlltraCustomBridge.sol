// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAttestorSet} from "./IAttestorSet.sol";
import {IBridgeLanes} from "./IBridgeLanes.sol";
import {IGuardianPause} from "./IGuardianPause.sol";

/// @title One lane between two chains: tokens are locked at home and minted abroad, burned abroad and released at home
/// @notice A message is sent on its source, attested by k of n who watched its block become final, and delivered on its destination by
/// anyone. What cannot be paid at once stays claimable. What shall not be paid any more is cancelled on the destination, and refunded on
/// the source after k of n attest that the cancellation is final.
/// @dev Both bridges have the same code and, by CREATE2, the same address. Units: token base units, unix seconds.
interface IAlltraCustomBridge is IAttestorSet, IBridgeLanes, IGuardianPause {
    /// @notice What becomes of a message on its source (SENT .. REFUNDED) and on its destination (ACCEPTED .. CANCELLED).
    /// The order is ABI: append only.
    enum Status {
        NONE,
        SENT,
        REFUND_ACCEPTED,
        REFUNDED,
        ACCEPTED,
        DELIVERED,
        CANCELLED
    }

    /// @notice What is attested. Its id is the hash of its fields with both chain ids and both bridges.
    struct Message {
        uint256 sourceChainId;
        /// @dev From 1, on its source.
        uint256 nonce;
        /// @dev The same address on both chains.
        address token;
        /// @dev Whose tokens they were; a refund goes there.
        address sender;
        address recipient;
        uint256 amountUnits;
        /// @dev The source's timestamp.
        uint256 sentAt;
        /// @dev Not delivered later than this; anyone may cancel it then.
        uint256 expiresAt;
        /// @dev What the source had paid of this token, in all, when it sent this: tells the destination what has arrived.
        uint256 paidUnits;
    }

    /// @notice What an adapter asks for.
    struct Sending {
        address token;
        /// @dev Whose allowance to the bridge pays amount and fee: adapters name their caller and nobody else.
        address from;
        address recipient;
        uint256 amountUnits;
        /// @dev Beside the amount, to `feeTo`, in the same token.
        uint256 feeUnits;
        address feeTo;
        uint256 expiresAt;
    }

    /// @notice From `fromUnits` on so many blocks must lie above a block of the other chain; 0 = the finalized block of a chain that has it.
    /// @dev Many small messages are one large one for a chain that reorganises, so `fromUnits` is compared with a sum: see `confirmationsFor`.
    /// The last tier says what is final.
    struct Tier {
        uint128 fromUnits;
        uint32 confirmations;
    }

    /// @notice Everything that attestors need; the id is in a topic.
    event Sent(bytes32 indexed messageId, address indexed token, address indexed sender, Message message);
    /// @notice Attested, and not paid yet; `reason` is the selector and data of why.
    event Accepted(bytes32 indexed messageId, bytes reason);
    event Delivered(bytes32 indexed messageId, address indexed token, address indexed recipient, uint256 amountUnits);
    /// @notice The tombstone: this id is never paid here.
    event Cancelled(bytes32 indexed messageId, address indexed by);
    event RefundAccepted(bytes32 indexed messageId, bytes reason);
    event Refunded(bytes32 indexed messageId, address indexed token, address indexed sender, uint256 amountUnits);
    event SetAdapter(address indexed adapter, bool active);
    event SetTiers(address indexed token, Tier[] tiers);
    event SetCoordinator(address indexed coordinator);
    /// @notice Emitted when the coordinator's book could not be written; money moved all the same.
    event CoordinatorFailed(bytes32 indexed messageId, bytes reason);

    error WrongChain(uint256 chainId, uint256 expected);
    error WrongStatus(bytes32 messageId, Status status);
    error MessageExpired(uint256 expiresAt, uint256 timestamp);
    /// @notice Thrown when a stranger cancels what its recipient may still get.
    error NotCancellable(bytes32 messageId, address caller, uint256 expiresAt);
    /// @notice Thrown when a claim still cannot be paid; `reason` says why.
    error NotPayable(bytes32 messageId, bytes reason);
    /// @notice Thrown when amounts do not ascend, or a larger one needs less depth.
    error TiersNotAscending();
    /// @notice Thrown when what was accepted must be attested again, because the set has changed since.
    error StaleEpoch(bytes32 messageId, uint256 epoch, uint256 current);

    /// @notice Adapters only. Takes amount and fee from `sending.from`, who has allowed both to this contract.
    /// Never stopped by the guardian: what is burned or locked here can be refunded.
    function send(Sending calldata sending) external returns (bytes32 messageId);

    /// @notice Anyone, with `attestorThreshold` signatures of `deliveryDigest`, ascending by signer. Pays, or keeps it claimable.
    /// Refused while deliveries are held, after `expiresAt`, and for an id that was used or cancelled; what an older epoch accepted may come again.
    function deliver(Message calldata message, bytes[] calldata signatures) external returns (Status);

    /// @notice Anyone: pays what was accepted.
    function retry(Message calldata message) external;

    /// @notice On the destination: the recipient at any time, anyone after `expiresAt`; not once it is delivered.
    function cancel(Message calldata message) external;

    /// @notice Guardian or owner, on the destination: cancels by id, also what was never sent.
    function veto(bytes32 messageId) external;

    /// @notice Anyone, on the source, with `attestorThreshold` signatures of `refundDigest`. Never held; REFUND_ACCEPTED while the bucket for
    /// refunds does not hold as much.
    function refund(Message calldata message, bytes[] calldata signatures) external returns (Status);

    /// @notice Anyone: pays a refund that was accepted and could not be paid.
    function retryRefund(Message calldata message) external;

    function messageId(Message calldata message) external view returns (bytes32);

    /// @notice EIP-712, for this chain's epoch: of a message that arrives here, and of one that was sent from here.
    function deliveryDigest(bytes32 messageId_) external view returns (bytes32);

    function refundDigest(bytes32 messageId_) external view returns (bytes32);

    function statusOf(bytes32 messageId_) external view returns (Status);

    /// @notice The epoch that accepted it; 0 when it is not ACCEPTED or REFUND_ACCEPTED. Another than `attestorEpoch`: attest again.
    function acceptedEpoch(bytes32 messageId_) external view returns (uint256);

    /// @notice The nonce of the last message that was sent from here.
    function lastNonce() external view returns (uint256);

    /// @notice Blocks above a block of the *other* chain before attestors may attest so much; 0 = its finalized block.
    /// @dev Ask with a sum, never with one amount. A delivery may be attested at a block B of the source that lies so deep as this answers for
    /// `book(token).sentUnits` of the source at B, less the same at its block that lies as deep as the last tier; then everything that
    /// was sent up to B may be. A refund waits until the tombstone lies as deep as the last tier, whatever its amount.
    function confirmationsFor(address token, uint256 amountUnits) external view returns (uint256);

    function tiers(address token) external view returns (Tier[] memory);

    function remoteChainId() external view returns (uint256);

    function remoteBridge() external view returns (address);

    function isAdapter(address account) external view returns (bool);

    /// @notice Is told of sends (and may refuse them), deliveries and refunds; zero = nobody.
    function coordinator() external view returns (address);

    /// @notice Owner only.
    function setAdapter(address adapter, bool active) external;

    /// @notice Owner only. Ascending from 0 units, and never less deep for more.
    function setTiers(address token, Tier[] calldata newTiers) external;

    /// @notice Owner only.
    function setCoordinator(address newCoordinator) external;
}
