// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title PoolTrap
/// @notice Answers what a pool answers, and counts every call that is no question: nothing may ever call it.
contract PoolTrap {
    address public immutable token0;
    address public immutable token1;
    address public factory;
    uint24 public immutable fee = 500;
    uint256 public calls;

    error Trapped();

    constructor(address token0_, address token1_, address factory_) {
        (token0, token1, factory) = (token0_, token1_, factory_);
    }

    /// @notice As a factory that vouches for it, too.
    function getPool(address, address, uint24) external view returns (address) {
        return address(this);
    }

    fallback() external {
        ++calls;
        revert Trapped();
    }
}
