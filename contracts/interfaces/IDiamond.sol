// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title What EIP-2535 says about every diamond, and the errors of a cut
interface IDiamond is ICommonErrors {
    /// @dev The order is the standard's.
    enum FacetCutAction {
        Add,
        Replace,
        Remove
    }

    struct FacetCut {
        address facetAddress;
        FacetCutAction action;
        bytes4[] functionSelectors;
    }

    /// @notice Emitted after each change of the table of functions, the first one in the constructor included.
    event DiamondCut(FacetCut[] diamondCut, address init, bytes data);

    /// @notice Thrown when a call names a function that the diamond does not have.
    error FunctionNotFound(bytes4 selector);
    /// @notice Thrown on adding a function that exists.
    error SelectorExists(bytes4 selector, address facet);
    /// @notice Thrown on replacing or removing a function that does not exist.
    error SelectorMissing(bytes4 selector);
    /// @notice Thrown on replacing a function by the facet that it already has.
    error SameFacet(bytes4 selector, address facet);
    /// @notice Thrown on changing a function that is part of the diamond's own code: the cut functions, the token, issue and redeem.
    error ImmutableFunction(bytes4 selector);
    /// @notice Thrown when the diamond itself is named as a facet.
    error FacetIsDiamond();
    /// @notice Thrown when one part of a cut names no selector.
    error NoSelectors(address facet);
    /// @notice Thrown when a removal names a facet: the standard wants the zero address there.
    error RemovalNamesFacet(address facet);
    /// @notice Thrown when a cut has neither parts nor an initializer.
    error EmptyCut();
    /// @notice Thrown when calldata is given for an initializer that is not.
    error InitDataWithoutInit();
}
