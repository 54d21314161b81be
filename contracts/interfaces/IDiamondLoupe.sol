// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title The loupe of EIP-2535: which function is answered by which facet
/// @dev Functions of the diamond's own code are listed under the diamond's own address, as the standard says.
interface IDiamondLoupe {
    struct Facet {
        address facetAddress;
        bytes4[] functionSelectors;
    }

    function facets() external view returns (Facet[] memory);

    function facetFunctionSelectors(address facet) external view returns (bytes4[] memory);

    function facetAddresses() external view returns (address[] memory);

    /// @notice The facet that answers `functionSelector`; zero when there is none.
    function facetAddress(bytes4 functionSelector) external view returns (address);
}
