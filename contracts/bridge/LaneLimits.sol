// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IBridgeLanes} from "../interfaces/IBridgeLanes.sol";
import {IM1Token} from "../interfaces/IM1Token.sol";

/// @title LaneLimits
/// @notice What lane and token, and who else must agree, together let through; for quotes.
library LaneLimits {
    /// @notice The largest amount that would leave now; 0 where that is below the smallest. @param mostUnits what somebody else lets through.
    function maxAmount(IBridgeLanes lanes, address token, uint256 mostUnits) internal view returns (uint256 maxUnits) {
        IBridgeLanes.Mode mode = lanes.mode(token);
        if (mode == IBridgeLanes.Mode.NONE) return 0;
        maxUnits = Math.min(mostUnits, lanes.outAvailable(token));
        if (mode == IBridgeLanes.Mode.MINT) {
            maxUnits = Math.min(maxUnits, lanes.bookUnits(token));
            maxUnits = Math.min(maxUnits, IM1Token(token).burnAvailable(address(lanes)));
        }
        if (maxUnits < lanes.limits(token).minUnits) return 0;
    }
}
