// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Value of the basket in XAU, at the oracle
interface IGruNav {
    /// @notice Value of the whole basket in XAU wei, each token rounded down. Reverts when the oracle has any doubt.
    function basketValueXauWei() external view returns (uint256);

    /// @notice Value of one M00 (1e18 shares) in XAU wei, rounded down; 0 before the first issue.
    function shareValueXauWei() external view returns (uint256);
}
