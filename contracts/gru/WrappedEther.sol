// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IWrappedEther} from "../interfaces/IWrappedEther.sol";

/// @title WrappedEther
/// @notice M0 of the GRU family: WETH9's functions, events and habits, and ERC-2612.
/// @dev ROLES: none. PRICE SOURCES: none. ROUNDING: none, one wei is one unit.
/// @dev DIFFERENCES from WETH9: errors instead of empty reverts; a real `permit`, where WETH9's fallback silently accepts one; deposits
/// and withdrawals also emit ERC-20's Transfer; transfers to the zero address revert; `withdraw` leaves the receiver all gas;
/// `totalSupply` counts deposits, so ether forced into the contract backs nothing and stays.
/// @dev LIVENESS: depends on nobody. HOW TO STOP IT: nobody can.
contract WrappedEther is IWrappedEther, ERC20Permit {
    constructor() ERC20("Wrapped Ether", "M0") ERC20Permit("Wrapped Ether") {}

    receive() external payable {
        deposit();
    }

    fallback() external payable {
        deposit();
    }

    /// @inheritdoc IWrappedEther
    function withdraw(uint256 wad) external {
        _burn(msg.sender, wad);
        emit Withdrawal(msg.sender, wad);
        Address.sendValue(payable(msg.sender), wad);
    }

    /// @inheritdoc IWrappedEther
    function deposit() public payable {
        _mint(msg.sender, msg.value);
        emit Deposit(msg.sender, msg.value);
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, ERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }

    /// @dev As in WETH9, an owner may name himself in `transferFrom` without an allowance.
    function _spendAllowance(address owner, address spender, uint256 value) internal override {
        if (owner != spender) super._spendAllowance(owner, spender, value);
    }
}
