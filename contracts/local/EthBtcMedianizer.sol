// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Stands for Maker's ETH/BTC medianizer, the price source of tBTC v1
/// @notice For the local world only: whoever calls sets the price.
/// @dev `value` is BTC per ETH, 1e18 = one. Slot 0 holds the price and slot 1 the flag, for tools that write storage.
contract EthBtcMedianizer {
    uint256 private _value;
    bool private _live;

    function poke(uint256 value, bool live) external {
        _value = value;
        _live = live;
    }

    function peek() external view returns (uint256 value, bool live) {
        return (_value, _live);
    }
}
