// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title StandInToken
/// @notice Stands in for a reserve asset (USDT, USDC, EURT) where the real one does not exist: local networks and simulations.
/// @dev ROLES. None: anybody mints, because nothing here is worth anything. The parameters refuse it on every other network.
/// @dev PRICE SOURCES. None. HOW TO STOP IT. Not needed.
contract StandInToken is ERC20 {
    uint8 private immutable _decimals;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        _decimals = decimals_;
    }

    /// @notice Makes `amountUnits` out of nothing.
    function mint(address to, uint256 amountUnits) external {
        _mint(to, amountUnits);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}
