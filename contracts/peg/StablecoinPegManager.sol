// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {PegManager} from "./PegManager.sol";

/// @title StablecoinPegManager
/// @notice Tokens pegged to a currency: the reference is `parWad` dollars, or `parWad` units of another currency at its USD feed.
/// @dev ROLES, PRICE SOURCES, ROUNDING, LIVENESS, HOW TO STOP IT: see PegManager. The price that counts for an M1 token is that of the
/// reserve asset behind it, because its feeds are that asset's.
contract StablecoinPegManager is PegManager {
    constructor(address oracle_, address owner_) PegManager(oracle_, owner_) {}

    /// @dev Any: the dollar needs no feed, another currency has one.
    function _checkReference(address) internal pure override {}
}
