// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title The basket behind M00, and the book of who owns which share of it
/// @notice The basket moves in two ways only: `issue` takes a pro-rata part of every token in, `redeem` pays one out. Shares move only
/// by their holder's call, allowance or signature.
/// @dev Speaks only to the diamond's own code. In a transaction in which replaceable code has run inside the diamond, the diamond has
/// called `closeFront` before it, and the vault refuses everything that the diamond asks for in the rest of that transaction.
/// @dev Units: shares 1e18 = one M00; tokens in their base units; arrays in the order of `basket()`.
interface IBasketVault is ICommonErrors {
    /// @notice Emitted after an issue. The locked shares of the very first one are part of `shares`.
    event Issue(
        address indexed payer,
        address indexed receiver,
        uint256 shares,
        uint256[] amountsIn,
        uint256 totalSharesAfter
    );
    /// @notice Emitted after a redemption. `amountsOut` is 0 for each forfeited token.
    event Redeem(
        address indexed holder,
        address indexed receiver,
        uint256 shares,
        uint256[] amountsOut,
        address[] forfeited,
        uint256 totalSharesAfter
    );

    /// @notice Thrown when the diamond asks for something after replaceable code has run in it in the same transaction.
    error FrontClosed();
    error NotInBasket(address token);
    error DuplicateToken(address token);
    error LengthMismatch(uint256 length, uint256 expected);
    /// @notice Thrown when an issue would take more of a token than the caller accepts.
    error AmountAboveMaximum(address token, uint256 amount, uint256 maximum);
    /// @notice Thrown when a redemption would pay less of a token than the caller accepts.
    error AmountBelowMinimum(address token, uint256 amount, uint256 minimum);
    /// @notice Thrown when the first issue is too small to leave its receiver anything worth having beside the locked shares.
    error FirstIssueTooSmall(uint256 shares, uint256 minimum);
    /// @notice Thrown when a redemption is too small to be paid one unit of any token.
    error RedemptionTooSmall(uint256 shares);
    /// @notice Thrown when a redemption forfeits every token.
    error EverythingForfeited();

    /// @notice Takes ceil(shares * balance / totalShares) of every token from `payer` and credits `shares` to `receiver`.
    /// @dev The first issue takes ceil(shares * initialUnitsPerShare / 1e18) and locks LOCKED_SHARES of its shares for ever.
    /// @return amountsIn what was taken of each token.
    /// @return received shares that the receiver got.
    function issue(
        address payer,
        address receiver,
        uint256 shares,
        uint256[] calldata maxAmountsIn
    ) external returns (uint256[] memory amountsIn, uint256 received);

    /// @notice Burns `shares` of `holder` and pays floor(shares * balance / totalShares) of every token to `receiver`, but nothing of
    /// the tokens in `forfeited`, which are not even called: their part stays with the remaining holders.
    /// @param forfeited in the order of the basket, without repetition; empty for a whole redemption.
    function redeem(
        address holder,
        address receiver,
        uint256 shares,
        uint256[] calldata minAmountsOut,
        address[] calldata forfeited
    ) external returns (uint256[] memory amountsOut);

    /// @notice Ends the diamond's authority until the end of the transaction: the diamond only.
    function closeFront() external;

    /// @notice Moves shares of a holder who is the diamond's caller.
    function transferShares(address from, address to, uint256 shares) external;

    /// @notice Moves shares out of an allowance of the diamond's caller `spender`.
    function spendShares(address spender, address from, address to, uint256 shares) external;

    function approveShares(address owner, address spender, uint256 shares) external;

    /// @notice An allowance by the owner's EIP-712 signature in the diamond's domain.
    function permitShares(
        address owner,
        address spender,
        uint256 shares,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    // solhint-disable-next-line func-name-mixedcase
    function DIAMOND() external view returns (address);

    /// @notice The tokens, and what the first share costs of each: base units per 1e18 shares. Fixed for ever.
    function basket() external view returns (address[] memory tokens, uint256[] memory initialUnitsPerShare);

    /// @notice What `issue` would take now. Reverts in the middle of a call.
    function previewIssue(uint256 shares) external view returns (uint256[] memory amountsIn);

    /// @notice What `redeem` would pay now. Reverts in the middle of a call.
    function previewRedeem(uint256 shares) external view returns (uint256[] memory amountsOut);

    function totalShares() external view returns (uint256);

    function sharesOf(address account) external view returns (uint256);

    function shareAllowance(address owner, address spender) external view returns (uint256);

    function permitNonce(address owner) external view returns (uint256);

    function domainSeparator() external view returns (bytes32);
}
