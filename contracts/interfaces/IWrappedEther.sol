// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title Wrapped ether, with the functions and events of WETH9
/// @dev Units: wei of ether, one to one, 18 decimals. Ether sent with any calldata that is no function is a deposit, as in WETH9.
interface IWrappedEther is IERC20Metadata, IERC20Permit {
    event Deposit(address indexed dst, uint256 wad);
    event Withdrawal(address indexed src, uint256 wad);

    /// @notice Wraps the ether sent along for the caller.
    function deposit() external payable;

    /// @notice Burns `wad` of the caller's tokens and sends the ether to the caller.
    function withdraw(uint256 wad) external;
}
