// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Pegged token with permit, roles and per-minter limits
/// @dev Also the XAU anchor (18 decimals). The pause deadline and the freeze flag are packed with each balance, so that a transfer
/// reads no storage slot beyond the two balances.
interface IM1Token is IERC20, IERC20Permit, ICommonErrors {
    /// @notice Emitted when a minter's bucket is set. Units: token base units; refill per second.
    event SetMinterLimit(
        address indexed minter,
        uint256 mintCapacity,
        uint256 mintRefillPerSecond,
        uint256 burnCapacity,
        uint256 burnRefillPerSecond
    );
    event Frozen(address indexed account);
    event Unfrozen(address indexed account);
    event PausedUntil(uint256 timestamp);
    event SetSystemContract(address indexed account, bool isSystem);

    /// @notice Thrown when a mint exceeds what is left in the minter's bucket.
    error MintLimitExceeded(address minter, uint256 amount, uint256 available);
    /// @notice Thrown when a minter burns bridged amounts beyond its bucket.
    error BurnLimitExceeded(address minter, uint256 amount, uint256 available);
    error AccountFrozen(address account);
    /// @notice Thrown on an attempt to freeze a registered system contract.
    error SystemContract(address account);

    function mint(address to, uint256 amount) external;

    /// @notice A holder's own burn: no role, no limit.
    function burn(uint256 amount) external;

    /// @notice A minter's burn of bridged amounts from an account that approved it: within the minter's burn bucket.
    function burnFrom(address from, uint256 amount) external;

    function mintAvailable(address minter) external view returns (uint256);
}
