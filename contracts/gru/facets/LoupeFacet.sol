// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IDiamondLoupe} from "../../interfaces/IDiamondLoupe.sol";
import {SelectorTable} from "../SelectorTable.sol";

/// @title LoupeFacet
/// @notice Which facet answers which function, and ERC-165.
/// @dev Calls nobody and writes nothing: the diamond runs it without closing its front.
/// @dev ROLES, PRICE SOURCES, ROUNDING: none. LIVENESS: cost grows with the number of functions.
contract LoupeFacet is IDiamondLoupe, IERC165 {
    /// @inheritdoc IDiamondLoupe
    function facets() external view returns (Facet[] memory list) {
        SelectorTable.Layout storage table = SelectorTable.layout();
        uint256 count = table.facets.length;
        list = new Facet[](count);
        for (uint256 i = 0; i < count; ++i) {
            address facet = table.facets[i];
            list[i] = Facet(facet, table.selectorsOf[facet]);
        }
    }

    /// @inheritdoc IDiamondLoupe
    function facetFunctionSelectors(address facet) external view returns (bytes4[] memory) {
        return SelectorTable.layout().selectorsOf[facet];
    }

    /// @inheritdoc IDiamondLoupe
    function facetAddresses() external view returns (address[] memory) {
        return SelectorTable.layout().facets;
    }

    /// @inheritdoc IDiamondLoupe
    function facetAddress(bytes4 functionSelector) external view returns (address) {
        return SelectorTable.facetOf(functionSelector);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external view returns (bool) {
        return SelectorTable.layout().supportsInterface[interfaceId];
    }
}
