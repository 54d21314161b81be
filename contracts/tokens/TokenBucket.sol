// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title TokenBucket
/// @notice A bucket that fills at a constant rate up to a capacity and from which amounts are taken.
/// @dev In any window of t seconds at most `capacity + t * refillPerSecond` can be taken. Zero capacity = closed.
library TokenBucket {
    /// @dev Two slots: 16 + 16, and 16 + 5 of 32 bytes.
    struct Bucket {
        uint128 capacity;
        uint128 refillPerSecond;
        uint128 level;
        uint40 updatedAt;
    }

    /// @notice Takes `amount` if the bucket holds it.
    /// @return ok whether it did; `left` = what the bucket holds afterwards.
    function take(Bucket storage bucket, uint256 amount) internal returns (bool ok, uint256 left) {
        left = available(bucket);
        if (amount > left) return (false, left);
        unchecked {
            left -= amount;
        }
        bucket.level = uint128(left);
        bucket.updatedAt = uint40(block.timestamp);
        return (true, left);
    }

    /// @notice Sets capacity and refill. The first time the bucket starts full; later it keeps what it held, at most the capacity.
    function configure(Bucket storage bucket, uint128 capacity, uint128 refillPerSecond) internal {
        uint256 level = bucket.updatedAt == 0 ? capacity : available(bucket);
        bucket.capacity = capacity;
        bucket.refillPerSecond = refillPerSecond;
        bucket.level = level > capacity ? capacity : uint128(level);
        bucket.updatedAt = uint40(block.timestamp);
    }

    /// @notice What could be taken now.
    function available(Bucket storage bucket) internal view returns (uint256) {
        return filled(bucket.level, bucket.updatedAt, bucket.capacity, bucket.refillPerSecond);
    }

    /// @notice The same for buckets that are packed otherwise: `level` as of `updatedAt`, at most 128 and 40 bits as in a `Bucket`.
    function filled(
        uint256 level,
        uint256 updatedAt,
        uint256 capacity,
        uint256 refillPerSecond
    ) internal view returns (uint256) {
        // No overflow: 40 bits of seconds times 128 bits, plus 128 bits.
        uint256 now_ = level + (block.timestamp - updatedAt) * refillPerSecond;
        return now_ > capacity ? capacity : now_;
    }
}
