// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC3156FlashLender} from "@openzeppelin/contracts/interfaces/IERC3156FlashLender.sol";
import {ICapitalHolder} from "./ICapitalHolder.sol";
import {IGuardianPause} from "./IGuardianPause.sol";

/// @title Bucket C: lends its tokens for the length of one call
/// @notice ERC-3156. Fees stay here as surplus of bucket C until `CapitalBuckets.absorb` makes them part of E.
interface IFlashVault is IERC3156FlashLender, ICapitalHolder, IGuardianPause {
    event FlashLoan(address indexed receiver, address indexed token, address initiator, uint256 amount, uint256 fee);
    event SetFee(address indexed token, uint256 feeWad);

    error TokenNotLent(address token);
    /// @notice Thrown when a loan asks for more than there is.
    error LoanTooLarge(address token, uint256 amount, uint256 available);
    /// @notice Thrown when the borrower does not answer as ERC-3156 wants it.
    error CallbackRefused(address receiver);

    /// @notice Fee of a token's loans, 1e18 = 100 %; 0 = the token is not lent.
    function feeWad(address token) external view returns (uint256);

    /// @notice Owner only; at least MIN_FEE_WAD, or 0 to stop lending the token.
    function setFee(address token, uint256 newFeeWad) external;
}
