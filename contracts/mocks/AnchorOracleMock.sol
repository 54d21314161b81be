// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title AnchorOracleMock
/// @notice The part of IXAUOracle that pools use, with anchors set by hand; reverts like the oracle for pairs without feeds.
contract AnchorOracleMock {
    struct Anchors {
        uint256 newest;
        uint256 previous;
    }

    mapping(address base => mapping(address quote => Anchors)) private _anchors;

    function setAnchors(address base, address quote, uint256 newest, uint256 previous) external {
        _anchors[base][quote] = Anchors(newest, previous);
    }

    function pullAnchors(address base, address quote) external view returns (uint256, uint256) {
        return anchors(base, quote);
    }

    function anchors(address base, address quote) public view returns (uint256 newest, uint256 previous) {
        Anchors memory pair = _anchors[base][quote];
        require(pair.newest != 0, IXAUOracle.TokenNotConfigured(base));
        return (pair.newest, pair.previous);
    }
}
