// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The PMM formulas with integer rounding of DODO's kind
/// @dev Own code after the published formulas. Rounds towards zero at every step, which here and there favours the trader: exactly
/// what our own pools do not do.
library DodoMathStandIn {
    uint256 internal constant WAD = 1e18;

    /// @notice Output when the reserve moves back from `v2` to `v1` (v0 >= v1 >= v2 > 0).
    function back(uint256 v0, uint256 v1, uint256 v2, uint256 p, uint256 k) internal pure returns (uint256) {
        uint256 fair = (p * (v1 - v2)) / WAD;
        if (k == 0) return fair;
        uint256 ratio = Math.ceilDiv(((v0 * v0) / v1) * WAD, v2);
        return ((WAD - k + (k * ratio) / WAD) * fair) / WAD;
    }

    /// @notice Output for `delta` when the reserve `v1` moves away from its target `v0`.
    function away(uint256 v0, uint256 v1, uint256 delta, uint256 p, uint256 k) internal pure returns (uint256) {
        if (delta == 0) return 0;
        uint256 pDelta = (p * delta) / WAD;
        if (k == 0) return Math.min(pDelta, v1);
        if (k == WAD) {
            uint256 t = (pDelta * v1) / ((v0 * v0) / WAD);
            return (v1 * t) / (t + WAD);
        }
        // (1-k) v2^2 + b v2 - k v0^2 = 0 with b = k v0^2 / v1 - (1-k) v1 + p delta
        uint256 part = (((k * v0) / v1) * v0) / WAD + pDelta;
        uint256 whole = ((WAD - k) * v1) / WAD;
        uint256 b = whole >= part ? whole - part : part - whole;
        uint256 root = Math.sqrt(b * b + ((4 * (WAD - k) * k) / WAD) * ((v0 * v0) / WAD));
        uint256 numerator = whole >= part ? root + b : root - b;
        if (numerator == 0) return v1;
        uint256 v2 = Math.ceilDiv(numerator * WAD, 2 * (WAD - k));
        return v2 > v1 ? 0 : v1 - v2;
    }

    /// @notice The target at which the reserve `v1` lies `delta` of the other token away.
    function target(uint256 v1, uint256 delta, uint256 p, uint256 k) internal pure returns (uint256) {
        if (v1 == 0) return 0;
        if (k == 0) return v1 + (p * delta) / WAD;
        uint256 x = (((4 * k * p) / WAD) * delta) / v1;
        uint256 root = Math.sqrt((x + WAD) * WAD);
        return (v1 * (WAD + ((root - WAD) * WAD) / (2 * k))) / WAD;
    }
}
