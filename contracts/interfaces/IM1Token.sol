// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Pegged token with permit, roles and per-minter limits
/// @dev Also the XAU anchor (18 decimals). The freeze flag is packed with each balance, and the pause deadline is packed with the
/// balance of every registered system contract (pools, mesh, stabilizer, bridge). So a transfer with a system contract on either side
/// reads no storage slot beyond the two balances (and the allowance). Only a transfer between two ordinary accounts reads one more.
interface IM1Token is IERC20Metadata, IERC20Permit, ICommonErrors {
    /// @notice A minter and its two buckets. Units: token base units; refill in base units per second.
    struct MinterLimit {
        address minter;
        uint128 mintCapacity;
        uint128 mintRefillPerSecond;
        uint128 burnCapacity;
        uint128 burnRefillPerSecond;
    }

    /// @notice What differs from chain to chain, set once by the creator in the transaction that creates the token.
    struct ChainSetup {
        MinterLimit[] minters;
        address[] pausers;
        address[] freezers;
        address[] systemContracts;
    }

    /// @notice Emitted when a minter's bucket is set. Units: token base units; refill per second.
    event SetMinterLimit(
        address indexed minter,
        uint256 mintCapacity,
        uint256 mintRefillPerSecond,
        uint256 burnCapacity,
        uint256 burnRefillPerSecond
    );
    /// @notice Emitted after a minter's mint with what is left in its bucket.
    event MinterMinted(address indexed minter, address indexed to, uint256 amount, uint256 mintAvailableAfter);
    /// @notice Emitted after a minter's burn with what is left in its bucket.
    event MinterBurned(address indexed minter, address indexed from, uint256 amount, uint256 burnAvailableAfter);
    event Frozen(address indexed account);
    event Unfrozen(address indexed account);
    /// @notice Emitted when the pause deadline changes. Unix seconds; 0 = not paused.
    event PausedUntil(uint256 timestamp);
    event SetSystemContract(address indexed account, bool isSystem);

    /// @notice Thrown when a mint exceeds what is left in the minter's bucket.
    error MintLimitExceeded(address minter, uint256 amount, uint256 available);
    /// @notice Thrown when a minter burns bridged amounts beyond its bucket.
    error BurnLimitExceeded(address minter, uint256 amount, uint256 available);
    error AccountFrozen(address account);
    /// @notice Thrown on an attempt to freeze a registered system contract.
    error SystemContract(address account);
    /// @notice Thrown when a mint would take the supply above what a packed balance can hold.
    error SupplyTooLarge(uint256 supply, uint256 maximum);
    /// @notice Thrown when one system contract more than `maximum` would be registered.
    error TooManySystemContracts(uint256 maximum);

    /// @notice Creates `amount` for `to`: MINTER_ROLE, within the caller's mint bucket.
    function mint(address to, uint256 amount) external;

    /// @notice A holder's own burn: no role, no limit, not stopped by a pause (an exit), only by a freeze.
    function burn(uint256 amount) external;

    /// @notice A minter's burn of bridged amounts from an account that approved it: within the minter's burn bucket.
    function burnFrom(address from, uint256 amount) external;

    /// @notice Burns what the holder redeems at a reserve vault: REDEEMER_ROLE, out of the allowance that the holder gave it. No limit and
    /// no pause applies, because a redemption is an exit; a freeze does.
    function burnForRedemption(address from, uint256 amount) external;

    /// @notice Stops transfers, mints and burnFrom for MAX_PAUSE_SECONDS: PAUSER_ROLE.
    /// @dev A pauser cannot extend a pause, and the next one has to wait PAUSE_COOLDOWN_SECONDS after the end of the last.
    function pause() external;

    /// @notice Moves the end of a pause to `timestamp`, at most MAX_PAUSE_SECONDS from now: the admin (timelock) only.
    function renewPause(uint256 timestamp) external;

    /// @notice Ends a pause early: the admin, or a pauser unless the admin renewed it.
    function unpause() external;

    /// @notice Freezes an account (neither sends nor receives): FREEZER_ROLE. Reverts for a registered system contract.
    /// @dev The spender of a transferFrom is not checked: it moves the holder's money, and reading its flag would cost a slot.
    function freeze(address account) external;

    function unfreeze(address account) external;

    /// @notice Registers a system contract, or removes it: the admin only.
    function setSystemContract(address account, bool isSystem) external;

    /// @notice Sets a minter's buckets: the admin only. The role MINTER_ROLE is granted apart.
    /// @dev The first setting starts with full buckets; a later one keeps what is left, at most the new capacity.
    function setMinterLimit(MinterLimit calldata limit) external;

    /// @notice What the minter could mint or burn now, base units; says nothing about its role.
    function mintAvailable(address minter) external view returns (uint256);

    function burnAvailable(address minter) external view returns (uint256);

    /// @notice Unix seconds until which the token is paused; 0 or a past time when it is not.
    function pausedUntil() external view returns (uint256);

    /// @notice Unix seconds from which a pauser may pause.
    function pauseAllowedAt() external view returns (uint256);

    function isFrozen(address account) external view returns (bool);

    function isSystemContract(address account) external view returns (bool);

    function systemContracts() external view returns (address[] memory);
}
