// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IReserveSource} from "../interfaces/IReserveSource.sol";
import {IReserveSystem} from "../interfaces/IReserveSystem.sol";

/// @title PlainReserveSource
/// @notice A reporter that holds what it says: the tests of ReserveSystem decide how much.
contract PlainReserveSource is IReserveSource {
    IReserveSystem private immutable _system;
    mapping(address token => uint256) public reserveUnits;

    constructor(IReserveSystem system_) {
        _system = system_;
    }

    function report(address token, int256 flowUnits, uint256 held) external returns (bool) {
        reserveUnits[token] = held;
        return _system.record(token, flowUnits, held);
    }
}
