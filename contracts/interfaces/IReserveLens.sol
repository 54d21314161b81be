// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICapitalBuckets} from "./ICapitalBuckets.sol";
import {IReserveSystem} from "./IReserveSystem.sol";

/// @title Everything about reserves and capital buckets, in one call
/// @notice Read only, holds nothing, has no roles. What keepers ask before they refill, and what people look at.
/// @dev Units: token base units; prices are not passed on.
interface IReserveLens {
    struct TokenView {
        address token;
        /// @dev Held in A, B, C, D and E, and beyond the books in C and in the buckets' own contract (gifts, loan fees).
        uint256[5] bucketUnits;
        uint256 flashSurplusUnits;
        uint256 ownSurplusUnits;
        /// @dev False: a holder did not answer (a flash loan is running), and the numbers above are 0.
        bool bucketsReadable;
        /// @dev False: the reserve system does not know the token, or cannot read its reserves; `reserve` says nothing then.
        bool reserveReadable;
        IReserveSystem.State reserve;
    }

    /// @dev The best refill of one bucket in one token: what the policy wants, and whether anyone could do it now.
    struct RefillView {
        ICapitalBuckets.Bucket bucket;
        address scarce;
        ICapitalBuckets.Policy policy;
        /// @dev NONE: `refill` would pass with `surplusToken`. Else why the best candidate is refused.
        ICapitalBuckets.RefillReason reason;
        /// @dev The candidate that `reason` is about; 0 when the bucket keeps no other token.
        address surplusToken;
        uint256 allowedUnits;
        uint256 paidUnits;
        /// @dev Unix seconds before which the cooldown refuses.
        uint256 readyAt;
    }

    struct Snapshot {
        uint256 blockNumber;
        uint256 timestamp;
        TokenView[] tokens;
        /// @dev One for each bucket and token with a low-water mark: without one nothing is ever refilled.
        RefillView[] refills;
    }

    function buckets() external view returns (ICapitalBuckets);

    function reserveSystem() external view returns (IReserveSystem);

    /// @notice Every token of the buckets and every policy with a low-water mark.
    /// @dev Evaluate it in the context of the block in which the answer shall hold: cooldowns depend on the timestamp.
    function snapshot() external view returns (Snapshot memory);

    /// @notice The refills alone: less work for the node when only they matter.
    function refills() external view returns (RefillView[] memory);

    /// @notice One token. Reverts where a holder does; `snapshot` catches that.
    function bucketsOf(
        address token
    ) external view returns (uint256[5] memory bucketUnits, uint256 flashSurplusUnits, uint256 ownSurplusUnits);

    /// @notice The refill with the largest exchange, among the other tokens of the bucket.
    function bestRefill(ICapitalBuckets.Bucket bucket, address scarce) external view returns (RefillView memory);
}
