// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ICommonErrors} from "./ICommonErrors.sol";

/// @title M00: one share of the GRU basket, an ERC-20 with permit
/// @dev Units: 18 decimals; token amounts in the order of the vault's `basket()`, in base units. Approve the *vault* for the basket
/// tokens, never the diamond. `previewIssue` and `previewRedeem` of the vault say what a call would move.
interface IGruToken is IERC20Metadata, IERC20Permit, IERC5267, ICommonErrors {
    /// @notice The basket and the book of shares; fixed for ever.
    function vault() external view returns (address);

    /// @notice Takes a pro-rata amount of every basket token from the caller, rounded up, and issues `shares` to `receiver`.
    /// @param maxAmountsIn one per basket token; a donation between quote and call can raise the price.
    /// @param deadline unix seconds.
    function issue(
        uint256 shares,
        uint256[] calldata maxAmountsIn,
        address receiver,
        uint256 deadline
    ) external returns (uint256[] memory amountsIn);

    /// @notice Burns the caller's `shares` and pays a pro-rata amount of every basket token, rounded down, to `receiver`.
    function redeem(
        uint256 shares,
        uint256[] calldata minAmountsOut,
        address receiver,
        uint256 deadline
    ) external returns (uint256[] memory amountsOut);

    /// @notice As `redeem`, without the tokens in `forfeited`: the way out while one of them is paused or broken.
    /// @dev Warning: the part of a forfeited token is given up to the remaining holders, for ever. A pause of an M1 token ends by
    /// itself after at most 24 h unless the timelock renews it; waiting costs nothing.
    /// @param forfeited tokens in the order of the basket, without repetition.
    function redeemWithout(
        uint256 shares,
        address[] calldata forfeited,
        uint256[] calldata minAmountsOut,
        address receiver,
        uint256 deadline
    ) external returns (uint256[] memory amountsOut);
}
