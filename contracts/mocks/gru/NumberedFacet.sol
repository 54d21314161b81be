// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title NumberedFacet
/// @notice Answers six functions with its own number: shows which facet a selector is dispatched to.
contract NumberedFacet {
    uint256 private immutable _number;

    constructor(uint256 number) {
        _number = number;
    }

    function n0() external view returns (uint256) {
        return _number;
    }

    function n1() external view returns (uint256) {
        return _number;
    }

    function n2() external view returns (uint256) {
        return _number;
    }

    function n3() external view returns (uint256) {
        return _number;
    }

    function n4() external view returns (uint256) {
        return _number;
    }

    function n5() external view returns (uint256) {
        return _number;
    }
}
