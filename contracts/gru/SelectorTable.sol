// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IDiamond} from "../interfaces/IDiamond.sol";

/// @title SelectorTable
/// @notice Which facet answers which selector: the diamond's table, changed by cuts only.
/// @dev Functions of the diamond's own code stand in the table under the diamond's address, so that the loupe shows them and no cut can
/// touch them.
library SelectorTable {
    /// @dev One slot: the dispatcher reads it once per call.
    struct Entry {
        address facet;
        uint96 index;
    }

    /// @custom:storage-location erc7201:cantilever.gru.SelectorTable
    struct Layout {
        address[] facets;
        mapping(address facet => uint256 indexPlusOne) placeOf;
        mapping(address facet => bytes4[]) selectorsOf;
        mapping(bytes4 selector => Entry) entryOf;
        mapping(bytes4 interfaceId => bool) supportsInterface;
    }

    /// @dev ERC-7201: keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~0xff.
    bytes32 internal constant SLOT =
        keccak256(abi.encode(uint256(keccak256("cantilever.gru.SelectorTable")) - 1)) & ~bytes32(uint256(0xff));

    function layout() internal pure returns (Layout storage table) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            table.slot := slot
        }
    }

    function facetOf(bytes4 selector) internal view returns (address) {
        return layout().entryOf[selector].facet;
    }

    /// @notice Applies one part of a cut after the other; any impossible part reverts the whole.
    function cut(IDiamond.FacetCut[] memory cuts) internal {
        for (uint256 i = 0; i < cuts.length; ++i) {
            IDiamond.FacetCut memory part = cuts[i];
            address facet = part.facetAddress;
            require(part.functionSelectors.length > 0, IDiamond.NoSelectors(facet));
            if (part.action == IDiamond.FacetCutAction.Remove) {
                require(facet == address(0), IDiamond.RemovalNamesFacet(facet));
            } else {
                require(facet != address(this), IDiamond.FacetIsDiamond());
                require(facet.code.length > 0, ICommonErrors.NotAContract(facet));
            }
            for (uint256 j = 0; j < part.functionSelectors.length; ++j) {
                _change(part.action, facet, part.functionSelectors[j]);
            }
        }
    }

    /// @notice Enters functions of the diamond's own code. For the constructor, in which the diamond has no code yet.
    function addImmutable(bytes4[] memory selectors) internal {
        for (uint256 i = 0; i < selectors.length; ++i) _add(address(this), selectors[i]);
    }

    function _change(IDiamond.FacetCutAction action, address facet, bytes4 selector) private {
        address current = facetOf(selector);
        require(current != address(this), IDiamond.ImmutableFunction(selector));
        if (action == IDiamond.FacetCutAction.Add) {
            _add(facet, selector);
            return;
        }
        require(current != address(0), IDiamond.SelectorMissing(selector));
        require(current != facet, IDiamond.SameFacet(selector, facet));
        _remove(current, selector);
        if (action == IDiamond.FacetCutAction.Replace) _add(facet, selector);
    }

    function _add(address facet, bytes4 selector) private {
        Layout storage table = layout();
        Entry storage entry = table.entryOf[selector];
        require(entry.facet == address(0), IDiamond.SelectorExists(selector, entry.facet));
        bytes4[] storage selectors = table.selectorsOf[facet];
        if (selectors.length == 0) {
            table.facets.push(facet);
            table.placeOf[facet] = table.facets.length;
        }
        (entry.facet, entry.index) = (facet, uint96(selectors.length));
        selectors.push(selector);
    }

    /// @dev The last selector of the facet takes the place of the removed one; a facet without selectors leaves the list likewise.
    function _remove(address facet, bytes4 selector) private {
        Layout storage table = layout();
        bytes4[] storage selectors = table.selectorsOf[facet];
        uint96 index = table.entryOf[selector].index;
        bytes4 lastSelector = selectors[selectors.length - 1];
        selectors[index] = lastSelector;
        table.entryOf[lastSelector].index = index;
        selectors.pop();
        delete table.entryOf[selector];
        if (selectors.length > 0) return;

        uint256 place = table.placeOf[facet];
        address lastFacet = table.facets[table.facets.length - 1];
        table.facets[place - 1] = lastFacet;
        table.placeOf[lastFacet] = place;
        table.facets.pop();
        delete table.placeOf[facet];
    }
}
