// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IGuardianPause} from "./IGuardianPause.sol";
import {IReserveSource} from "./IReserveSource.sol";

/// @title The balance sheet of the system: five buckets of capital per token
/// @notice A public liquidity, B stabilization, C flash liquidity, D cross-chain buffer, E long-term reserves. A and B are what their
/// holders hold; C, D and E are recorded. Per token and holder, buckets + surplus = balance, and surplus is never negative.
/// @dev Units: token base units; rates and fees 1e18 = 1; rewards XAU wei. Rounding of an exchange: against the bucket, for E.
interface ICapitalBuckets is IGuardianPause, IReserveSource {
    /// @notice The order is ABI: append only.
    enum Bucket {
        PUBLIC_LIQUIDITY,
        STABILIZATION,
        FLASH,
        CROSS_CHAIN,
        RESERVE
    }

    /// @notice Why a refill is refused. The order is ABI: append only.
    enum RefillReason {
        NONE,
        PAUSED,
        NO_POLICY,
        NO_HOLDER,
        NO_PEG_BOARD,
        HALTED,
        COOLDOWN,
        NOT_LOW,
        ORACLE_DOUBT,
        BELOW_MINIMUM
    }

    /// @notice What a bucket should hold of a token. Without a policy a token is neither refilled nor given in exchange.
    struct Policy {
        /// @dev A refill needs less than `lowUnits` and fills up to `targetUnits`; in exchange it takes other tokens down to their target.
        uint128 lowUnits;
        uint128 targetUnits;
        /// @dev Smallest refill, > 0.
        uint128 minRefillUnits;
        uint32 cooldownSeconds;
    }

    struct Terms {
        /// @dev What the bucket pays E on top of the oracle's price.
        uint64 feeWad;
        /// @dev The caller's share of that.
        uint64 rewardShareWad;
        uint64 rewardBudgetXauWeiPerDay;
        /// @dev For the bound of twice the gas cost: price of the native coin, and the highest gas price that counts.
        uint64 nativePriceXauWei;
        uint64 maxGasPriceWei;
    }

    struct Quote {
        RefillReason reason;
        /// @dev The largest refill, units of the scarce token, and what the bucket pays for it, units of the surplus token.
        uint256 allowedUnits;
        uint256 paidUnits;
    }

    event AddToken(address indexed token, uint256 maxMoveUnitsPerDay);
    event SetMoveLimit(address indexed token, uint256 moveUnitsPerDay);
    event SetHolder(Bucket indexed bucket, address indexed holder);
    event SetPolicy(Bucket indexed bucket, address indexed token, Policy policy);
    event SetTerms(Terms terms);
    event SetPegBoard(address indexed pegBoard);
    event SetBridge(address indexed bridge);
    /// @notice Emitted when somebody pays into E, or surplus becomes part of E.
    event Funded(address indexed token, address indexed from, uint256 amountUnits, uint256 reserveAfter);
    event Moved(address indexed token, Bucket indexed from, Bucket indexed to, uint256 amountUnits);
    event Withdrawn(address indexed token, uint256 amountUnits, address indexed to);
    event BridgeTook(address indexed token, uint256 amountUnits, address indexed to, uint256 bufferAfter);
    event BridgeReturned(address indexed token, uint256 amountUnits, uint256 bufferAfter);
    event Refilled(
        Bucket indexed bucket,
        address indexed scarce,
        address indexed surplus,
        address caller,
        uint256 amountUnits,
        uint256 paidUnits,
        uint256 rewardUnits
    );

    error TokenNotAdded(address token);
    error TokenAlreadyAdded(address token);
    error RefillRefused(Bucket bucket, address token, RefillReason reason);
    /// @notice Thrown when a refill asks for less than half of what is allowed, which would start the cooldown for little.
    error RefillTooSmall(uint256 amountUnits, uint256 minimumUnits);
    /// @notice Thrown when the exchange would cost the bucket more than its caller expected. Units of the surplus token.
    error RefillTooDear(uint256 paidUnits, uint256 maxPaidUnits);
    /// @notice Thrown when moves of a token in a day would exceed their limit.
    error MoveLimitExceeded(address token, uint256 amountUnits, uint256 available);
    error SameBucket(Bucket bucket);
    error BucketTooSmall(Bucket bucket, address token, uint256 amountUnits, uint256 held);
    /// @notice Thrown when a bucket has no holder, or one that counts cannot be replaced because it still keeps tokens.
    error NoHolder(Bucket bucket);
    error HolderKeepsTokens(address holder, address token, uint256 units);
    /// @notice Thrown when a move would leave less in D than its lanes require.
    error CrossChainTooLow(address token, uint256 leftUnits, uint256 requiredUnits);
    error PolicyOutOfOrder(uint256 minRefillUnits, uint256 lowUnits, uint256 targetUnits);

    /// @notice What a bucket has of a token.
    function bucketUnits(Bucket bucket, address token) external view returns (uint256);

    /// @notice What the holder of a bucket keeps beyond its buckets: for C the flash vault, for D and E this contract, else 0.
    function surplus(Bucket bucket, address token) external view returns (uint256);

    /// @notice What `refill` would do now.
    function quoteRefill(Bucket bucket, address scarce, address surplusToken) external view returns (Quote memory);

    /// @notice Anyone: exchanges E's `scarce` token against the bucket's `surplusToken` at the oracle, for a bounded reward paid in the
    /// latter to the caller.
    /// @param amountUnits of `scarce`; more than allowed means all that is allowed, less than half of it is refused.
    /// @param maxPaidUnits of `surplusToken`.
    function refill(
        Bucket bucket,
        address scarce,
        address surplusToken,
        uint256 amountUnits,
        uint256 maxPaidUnits
    ) external returns (uint256 filledUnits, uint256 paidUnits, uint256 rewardUnits);

    /// @notice Anyone: pays into E.
    function fund(address token, uint256 amountUnits) external;

    /// @notice Anyone: makes the surplus that belongs to the holder of C, or of D and E, part of E.
    function absorb(Bucket bucket, address token) external returns (uint256 amountUnits);

    /// @notice The bridge: takes from D, and returns to it.
    function bridgeTake(address token, uint256 amountUnits, address to) external;

    function bridgeReturn(address token, uint256 amountUnits) external;

    /// @notice Owner only; inside the token's daily limit, and out of E above the reserve's floor.
    function move(address token, Bucket from, Bucket to, uint256 amountUnits) external;

    /// @notice Owner only: out of E, inside the same limits.
    function withdraw(address token, uint256 amountUnits, address to) external;

    function tokens() external view returns (address[] memory);

    function isToken(address token) external view returns (bool);

    function holderOf(Bucket bucket) external view returns (address);

    function policy(Bucket bucket, address token) external view returns (Policy memory);

    /// @notice What counts: low and target of the policy, and for D no less than its coordinator asks. Below the first it is refilled, up to
    /// the second; nothing but sends takes from it below the second, and the owner below the first.
    function levels(Bucket bucket, address token) external view returns (uint256 lowUnits, uint256 targetUnits);

    /// @notice Unix seconds from which a token of a bucket may be refilled.
    function refillReadyAt(Bucket bucket, address token) external view returns (uint256);

    /// @notice What the owner has taken out of a bucket and a refill will bring back without reward.
    function unrewardedUnits(Bucket bucket, address token) external view returns (uint256);

    function terms() external view returns (Terms memory);

    /// @notice XAU wei that rewards may still pay today.
    function rewardLeftXauWei() external view returns (uint256);

    /// @notice What the owner may still move of a token now.
    function moveAvailable(address token) external view returns (uint256);

    /// @notice The owner's limit as it works: what may be moved at once, what comes back per second, and the ceiling of the daily limit.
    function moveLimit(
        address token
    ) external view returns (uint256 capacityUnits, uint256 refillUnitsPerSecond, uint256 maxUnitsPerDay);

    /// @notice Owner only, once per token; no later limit is above `maxMoveUnitsPerDay`.
    function addToken(address token, uint256 maxMoveUnitsPerDay) external;

    /// @notice Owner only.
    function setMoveLimit(address token, uint256 moveUnitsPerDay) external;

    /// @notice Owner only; buckets A, B and C. A holder that still keeps tokens is not replaced.
    function setHolder(Bucket bucket, address holder) external;

    /// @notice Owner only.
    function setPolicy(Bucket bucket, address token, Policy calldata newPolicy) external;

    /// @notice Owner only.
    function setTerms(Terms calldata newTerms) external;

    /// @notice Owner only.
    function setPegBoard(address newPegBoard) external;

    /// @notice Owner only. Zero = nobody.
    function setBridge(address newBridge) external;
}
