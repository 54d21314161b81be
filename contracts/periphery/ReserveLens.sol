// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICapitalBuckets} from "../interfaces/ICapitalBuckets.sol";
import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IReserveLens} from "../interfaces/IReserveLens.sol";
import {IReserveSystem} from "../interfaces/IReserveSystem.sol";

/// @title One read for keepers and people: the five buckets, the reserves behind each token, and which refill anyone could make now
/// @dev ROLES: none. The contract holds no token, has no state and no owner.
/// @dev PRICE SOURCES: none of its own; quotes come from the buckets. ROUNDING: none; every number is passed on as read.
/// @dev TOKEN REQUIREMENTS: none beyond the buckets' own.
/// @dev LIVENESS: a token whose holder or reserve source does not answer is reported as unreadable and hides no other. The buckets and
/// the reserve system themselves are trusted. HOW TO STOP IT: not needed; nothing depends on it but keepers.
contract ReserveLens is IReserveLens, ICommonErrors {
    /// @dev A to D: E is where refills come from.
    uint8 private constant _BUCKETS_WITH_POLICY = 4;

    ICapitalBuckets public immutable override buckets;
    IReserveSystem public immutable override reserveSystem;

    constructor(ICapitalBuckets buckets_, IReserveSystem reserveSystem_) {
        require(address(buckets_).code.length != 0, NotAContract(address(buckets_)));
        require(address(reserveSystem_).code.length != 0, NotAContract(address(reserveSystem_)));
        buckets = buckets_;
        reserveSystem = reserveSystem_;
    }

    /// @inheritdoc IReserveLens
    function snapshot() external view override returns (Snapshot memory answer) {
        address[] memory tokens = buckets.tokens();
        (answer.blockNumber, answer.timestamp) = (block.number, block.timestamp);
        answer.tokens = new TokenView[](tokens.length);
        for (uint256 index = 0; index < tokens.length; ++index) answer.tokens[index] = _token(tokens[index]);
        answer.refills = _refills(tokens);
    }

    /// @inheritdoc IReserveLens
    function refills() external view override returns (RefillView[] memory) {
        return _refills(buckets.tokens());
    }

    /// @inheritdoc IReserveLens
    function bucketsOf(
        address token
    )
        external
        view
        override
        returns (uint256[5] memory bucketUnits, uint256 flashSurplusUnits, uint256 ownSurplusUnits)
    {
        for (uint8 bucket = 0; bucket < bucketUnits.length; ++bucket) {
            bucketUnits[bucket] = buckets.bucketUnits(ICapitalBuckets.Bucket(bucket), token);
        }
        flashSurplusUnits = buckets.surplus(ICapitalBuckets.Bucket.FLASH, token);
        ownSurplusUnits = buckets.surplus(ICapitalBuckets.Bucket.RESERVE, token);
    }

    /// @inheritdoc IReserveLens
    function bestRefill(
        ICapitalBuckets.Bucket bucket,
        address scarce
    ) external view override returns (RefillView memory) {
        return _refill(bucket, scarce, buckets.policy(bucket, scarce), buckets.tokens());
    }

    function _token(address token) internal view returns (TokenView memory seen) {
        seen.token = token;
        try this.bucketsOf(token) returns (uint256[5] memory units, uint256 flashUnits, uint256 ownUnits) {
            (seen.bucketUnits, seen.flashSurplusUnits, seen.ownSurplusUnits) = (units, flashUnits, ownUnits);
            seen.bucketsReadable = true;
        } catch {
            seen.bucketsReadable = false;
        }
        if (!reserveSystem.isRegistered(token)) return seen;
        try reserveSystem.state(token) returns (IReserveSystem.State memory state) {
            (seen.reserve, seen.reserveReadable) = (state, true);
        } catch {
            seen.reserveReadable = false;
        }
    }

    function _refills(address[] memory tokens) internal view returns (RefillView[] memory list) {
        list = new RefillView[](_policies(tokens));
        uint256 next = 0;
        for (uint8 bucket = 0; bucket < _BUCKETS_WITH_POLICY; ++bucket) {
            for (uint256 index = 0; index < tokens.length; ++index) {
                ICapitalBuckets.Policy memory policy = buckets.policy(ICapitalBuckets.Bucket(bucket), tokens[index]);
                if (policy.lowUnits == 0) continue;
                list[next++] = _refill(ICapitalBuckets.Bucket(bucket), tokens[index], policy, tokens);
            }
        }
    }

    /// @dev The candidate with the most to exchange; without any, the refusal that came last in the contract's order of questions.
    function _refill(
        ICapitalBuckets.Bucket bucket,
        address scarce,
        ICapitalBuckets.Policy memory policy,
        address[] memory tokens
    ) internal view returns (RefillView memory best) {
        (best.bucket, best.scarce, best.policy) = (bucket, scarce, policy);
        best.reason = ICapitalBuckets.RefillReason.NO_POLICY;
        best.readyAt = buckets.refillReadyAt(bucket, scarce);
        for (uint256 index = 0; index < tokens.length; ++index) {
            address candidate = tokens[index];
            if (candidate == scarce || buckets.policy(bucket, candidate).minRefillUnits == 0) continue;
            ICapitalBuckets.Quote memory quote = _quote(bucket, scarce, candidate);
            bool isFirst = best.surplusToken == address(0);
            bool isPossible = quote.reason == ICapitalBuckets.RefillReason.NONE;
            if (!isFirst && !(isPossible && quote.allowedUnits > best.allowedUnits) && !_isCloser(quote, best))
                continue;
            (best.reason, best.surplusToken) = (quote.reason, candidate);
            (best.allowedUnits, best.paidUnits) = (quote.allowedUnits, quote.paidUnits);
            if (_isSameForAll(quote.reason)) break;
        }
    }

    /// @dev Refusals that no other token could lift: nothing but the bucket and its scarce token were looked at.
    function _isSameForAll(ICapitalBuckets.RefillReason reason) internal pure returns (bool) {
        return
            reason == ICapitalBuckets.RefillReason.PAUSED ||
            reason == ICapitalBuckets.RefillReason.COOLDOWN ||
            reason == ICapitalBuckets.RefillReason.NOT_LOW;
    }

    /// @dev Of two refusals the one that came last in the contract's own order of questions says most.
    function _isCloser(ICapitalBuckets.Quote memory quote, RefillView memory best) internal pure returns (bool) {
        if (best.reason == ICapitalBuckets.RefillReason.NONE) return false;
        return quote.reason == ICapitalBuckets.RefillReason.NONE || quote.reason > best.reason;
    }

    /// @dev A holder that does not answer (a flash loan is running) is nothing to refill from.
    function _quote(
        ICapitalBuckets.Bucket bucket,
        address scarce,
        address candidate
    ) internal view returns (ICapitalBuckets.Quote memory quote) {
        try buckets.quoteRefill(bucket, scarce, candidate) returns (ICapitalBuckets.Quote memory answer) {
            quote = answer;
        } catch {
            quote.reason = ICapitalBuckets.RefillReason.NO_HOLDER;
        }
    }

    function _policies(address[] memory tokens) internal view returns (uint256 count) {
        for (uint8 bucket = 0; bucket < _BUCKETS_WITH_POLICY; ++bucket) {
            for (uint256 index = 0; index < tokens.length; ++index) {
                if (buckets.policy(ICapitalBuckets.Bucket(bucket), tokens[index]).lowUnits != 0) ++count;
            }
        }
    }
}
