// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {PegManager} from "./PegManager.sol";

/// @title CommodityPegManager
/// @notice Tokens pegged to a quantity of a commodity (XAU: one troy ounce of gold). The reference is `parWad` units at a feed of the
/// commodity besides those of the oracle: without a second opinion a price could never be found wrong.
/// @dev ROLES, PRICE SOURCES, ROUNDING, LIVENESS, HOW TO STOP IT: see PegManager.
contract CommodityPegManager is PegManager {
    constructor(address oracle_, address owner_) PegManager(oracle_, owner_) {}

    function _checkReference(address referenceFeed) internal pure override {
        require(referenceFeed != address(0), ReferenceFeedMismatch(referenceFeed));
    }
}
