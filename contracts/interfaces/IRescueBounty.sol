// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Pays whoever redeems a called tBTC v1 deposit, out of what its operators promised for it
/// @notice Ether is wei, TBTC has 18 decimals, times are unix seconds. States are those of protocol/tbtc/states.ts.
interface IRescueBounty is ICommonErrors {
    /// @notice What one operator promises for one deposit.
    struct Pledge {
        address deposit;
        uint128 bountyWei;
    }

    /// @notice What stands for a deposit.
    struct Bounty {
        /// @dev All pledges that are neither paid nor withdrawn.
        uint128 openWei;
        /// @dev The part of them whose withdrawal is announced. Still paid for a rescue, but may be gone soon.
        uint128 leavingWei;
        /// @dev Who rescued it through here; zero = nobody.
        address provider;
    }

    /// @notice A rescue as its provider wants it.
    struct Order {
        address deposit;
        /// @dev Satoshis that the payment brings, eight bytes, the lowest first.
        bytes8 outputValue;
        /// @dev With its length in front.
        bytes redeemerOutputScript;
        /// @dev The most TBTC that it may cost.
        uint256 maxCostUnits;
        /// @dev The least bounty that it is done for.
        uint256 minBountyWei;
        uint256 deadline;
    }

    /// @notice An operator's signed word that a redemption made elsewhere was his rescue.
    struct Release {
        address operator;
        address deposit;
        address recipient;
        uint256 amountWei;
        /// @dev Any number; tells two releases apart that are otherwise the same.
        uint256 nonce;
        uint256 deadline;
    }

    event Pledged(address indexed deposit, address indexed operator, uint256 bountyWei, uint256 openWei);
    event WithdrawalAnnounced(
        address indexed deposit,
        address indexed operator,
        uint256 bountyWei,
        uint256 readyAt,
        uint256 leavingWei
    );
    event WithdrawalCancelled(address indexed deposit, address indexed operator, uint256 bountyWei, uint256 leavingWei);
    event Withdrawn(address indexed deposit, address indexed operator, uint256 bountyWei, uint256 openWei);
    event Rescued(
        address indexed deposit,
        address indexed provider,
        address indexed agent,
        uint256 bountyWei,
        uint256 costUnits
    );
    event Claimed(address indexed deposit, address indexed provider, uint256 bountyWei);
    event Released(
        address indexed deposit,
        address indexed operator,
        address indexed recipient,
        bytes32 digest,
        uint256 amountWei,
        uint256 openWei
    );
    event Collected(address indexed account, address indexed to, uint256 amountWei);
    event AgentCreated(address indexed provider, address indexed agent);

    /// @notice Thrown for an address that the known factory never opened as a deposit.
    error UnknownDeposit(address deposit);
    /// @notice Thrown when the pledges are not exactly the ether that came with them.
    error ValueMismatch(uint256 pledgedWei, uint256 valueWei);
    /// @notice Thrown when a deposit is in no state that could be rescued.
    error NotRescuable(address deposit, uint256 state);
    /// @notice Thrown for a release while anybody could still rescue the deposit: it would go round the notice.
    error StillRescuable(address deposit, uint256 state);
    /// @notice Thrown when the operator has less here than is asked for.
    error PledgeTooSmall(address deposit, address operator, uint256 pledgedWei, uint256 askedWei);
    /// @notice Thrown when a provider has redeemed the deposit through here: pledges wait for how that ends, or are his.
    error Earmarked(address deposit, address provider);
    /// @notice Thrown when nothing is promised, or less than the provider asks for.
    error BountyBelowMinimum(uint256 openWei, uint256 minBountyWei);
    error CostAboveMaximum(uint256 costUnits, uint256 maxCostUnits);
    /// @notice Thrown for a claim of a deposit that nobody rescued through here.
    error NotRescued(address deposit);
    /// @notice Thrown for a claim before the payment in bitcoin is proven, or after it failed.
    error NotRedeemed(address deposit, uint256 state);
    error AlreadyClaimed(address deposit);
    error BadSignature(address operator);
    error ReleaseUsed(bytes32 digest);

    // --- Operators ---

    /// @notice Promises ether for deposits in ACTIVE or COURTESY_CALL; anyone may, pledges of several add up. What an earlier pledge of
    /// the caller's announced to leave stays.
    function pledge(Pledge[] calldata pledges) external payable;

    /// @notice From NOTICE_SECONDS later on the caller may withdraw what he pledged for these deposits. Until he does it is still paid for a
    /// rescue.
    function announceWithdrawal(address[] calldata deposits) external;

    /// @notice Takes announcements back.
    function cancelWithdrawal(address[] calldata deposits) external;

    /// @notice Books the caller's pledges to what he can collect: announced long enough ago, or for deposits that can no longer be rescued and
    /// that nobody rescued through here, or whose rescue ended in a liquidation.
    function withdraw(address[] calldata deposits) external;

    // --- Providers ---

    /// @notice Redeems a deposit with the caller's TBTC (the allowance goes here) and earmarks its whole bounty for him. Calls the deposit first
    /// when it is ACTIVE and its collateral allows that.
    /// @dev The redeemer in the eyes of tBTC is the caller's agent.
    function rescue(Order calldata order) external returns (uint256 bountyWei, uint256 costUnits);

    /// @notice Anyone: books the bounties of rescued deposits to their providers once the payment in bitcoin is proven, once each.
    function claim(address[] calldata deposits) external;

    /// @notice Anyone: books what an operator released by his signature to whom he named, once. Only when nobody can rescue the deposit any more
    /// and nobody rescued it through here, or its rescue ended in a liquidation.
    function release(Release calldata order, bytes calldata signature) external;

    /// @notice Pays out all that is booked to the caller.
    function collect(address payable to) external returns (uint256 amountWei);

    // --- Views ---

    function bounties(address[] calldata deposits) external view returns (Bounty[] memory);

    /// @notice What an operator pledged for a deposit; `readyAt` 0 = not announced to leave.
    function pledgeOf(address deposit, address operator) external view returns (uint256 pledgedWei, uint256 readyAt);

    /// @notice What an account can collect.
    function collectableWei(address account) external view returns (uint256);

    /// @notice The provider's agent, also before it exists.
    function agentOf(address provider) external view returns (address);

    /// @notice What the operator signs: EIP-712.
    function releaseDigest(Release calldata order) external view returns (bytes32);

    function isReleaseUsed(bytes32 digest) external view returns (bool);
}
