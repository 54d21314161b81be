// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {AccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ShortString, ShortStrings} from "@openzeppelin/contracts/utils/ShortStrings.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IM1Token} from "../interfaces/IM1Token.sol";
import {TokenBucket} from "./TokenBucket.sol";

/// @title M1Token
/// @notice Pegged token (cUSDT, cUSDC, cEURT with 6 decimals) and the XAU anchor (18 decimals, one token = one troy ounce).
///
/// ROLES
/// - DEFAULT_ADMIN_ROLE (one holder, two-step hand-over, ends as the timelock): grants roles, sets minters' limits, registers system
///   contracts, renews a pause.
/// - MINTER_ROLE (bridge, reserve): mint and burnFrom inside its buckets, so a leaked key has a bounded cost.
/// - REDEEMER_ROLE (reserve vaults only): burns what a holder who approved it redeems, without limit and during a pause: an exit.
/// - PAUSER_ROLE: one pause of 24 h, then a cooldown. FREEZER_ROLE: freezes single accounts, never a system contract.
/// - The creator may call `setUpChain` in the transaction that creates the token, once; there is no initializer afterwards.
///
/// PRICE SOURCES: none.
///
/// ROUNDING: none; amounts are integers. Buckets refill whole base units per whole second.
///
/// STORAGE: one slot per account: amount (128 bits) | pause deadline (40, system contracts only) | system flag | frozen flag.
/// The pause deadline cannot be written into every balance, so it is mirrored into the slots of the registered system contracts. A
/// transfer that touches one of them finds it there; a transfer between two ordinary accounts reads the global slot (2,100 gas more).
///
/// LIVENESS: a pause ends by itself after at most 24 h unless the timelock renews it; the holder's own burn works during a pause.
/// Pausing costs about 7,200 gas per registered system contract, at most 64.
///
/// HOW TO STOP IT: `pause` stops transfers, mints and burnFrom; `freeze` stops one account; revoking MINTER_ROLE stops a minter.
contract M1Token is IM1Token, IERC20Errors, AccessControlDefaultAdminRules, EIP712, Nonces {
    using ShortStrings for string;
    using ShortStrings for ShortString;
    using TokenBucket for TokenBucket.Bucket;

    /// @dev 16 (amount) + 5 (pausedUntil) + 1 (flags) of 32 bytes, as one word because transfers handle it as one.
    struct Account {
        uint256 packed;
    }

    /// @dev 16 + 5 + 5 + 1 of 32 bytes. Mints and burns touch the supply, so they find the pause deadline for nothing.
    struct Global {
        uint128 totalSupply;
        uint40 pausedUntil;
        uint40 pauseAllowedAt;
        bool renewedByAdmin;
    }

    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");
    bytes32 public constant REDEEMER_ROLE = keccak256("REDEEMER_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    bytes32 public constant FREEZER_ROLE = keccak256("FREEZER_ROLE");

    /// @notice Longest pause, and longest step of a renewal.
    uint256 public constant MAX_PAUSE_SECONDS = 24 hours;
    /// @notice A pauser's next pause waits this long after the end of the last one.
    uint256 public constant PAUSE_COOLDOWN_SECONDS = 24 hours;
    /// @notice Bounds the cost of a pause.
    uint256 public constant MAX_SYSTEM_CONTRACTS = 64;

    bytes32 private constant _PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    uint256 private constant _AMOUNT_MASK = type(uint128).max;
    uint256 private constant _PAUSE_SHIFT = 128;
    uint256 private constant _PAUSE_MASK = uint256(type(uint40).max) << _PAUSE_SHIFT;
    uint256 private constant _SYSTEM_FLAG = 1 << 168;
    uint256 private constant _FROZEN_FLAG = 1 << 169;

    /// @notice Who created the token: could set it up in the creating transaction and has no power since.
    address public immutable CREATOR;
    uint8 private immutable _decimals;
    ShortString private immutable _symbol;

    mapping(address account => Account) private _accounts;
    mapping(address owner => mapping(address spender => uint256)) private _allowances;
    Global private _global;
    mapping(address minter => TokenBucket.Bucket) private _mintBuckets;
    mapping(address minter => TokenBucket.Bucket) private _burnBuckets;
    address[] private _systemContracts;

    /// @dev Set while the creating transaction runs and never after it.
    bool private transient _creating;

    /// @dev Takes nothing that differs between chains, so that CREATE2 gives one address everywhere.
    constructor(
        string memory name_,
        string memory symbol_,
        uint8 decimals_,
        address admin
    ) EIP712(name_, "1") AccessControlDefaultAdminRules(0, admin) {
        _symbol = symbol_.toShortString();
        _decimals = decimals_;
        CREATOR = msg.sender;
        _creating = true;
    }

    // --- Creation ---

    /// @notice Sets what differs between chains: the creator only, once, in the transaction that creates the token.
    function setUpChain(ChainSetup calldata setup) external {
        require(_creating && msg.sender == CREATOR, NotAuthorized(msg.sender));
        _creating = false;
        for (uint256 i = 0; i < setup.minters.length; ++i) {
            _setMinterLimit(setup.minters[i]);
            _grantRole(MINTER_ROLE, setup.minters[i].minter);
        }
        for (uint256 i = 0; i < setup.pausers.length; ++i) _grantRole(PAUSER_ROLE, setup.pausers[i]);
        for (uint256 i = 0; i < setup.freezers.length; ++i) _grantRole(FREEZER_ROLE, setup.freezers[i]);
        for (uint256 i = 0; i < setup.systemContracts.length; ++i) _setSystemContract(setup.systemContracts[i], true);
    }

    // --- ERC-20 ---

    /// @inheritdoc IERC20
    function transfer(address to, uint256 value) external returns (bool) {
        _transfer(msg.sender, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        _spendAllowance(from, msg.sender, value);
        _transfer(from, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 value) external returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    /// @inheritdoc IERC20Permit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        require(block.timestamp <= deadline, DeadlineExpired(deadline, block.timestamp));
        bytes32 structHash = keccak256(abi.encode(_PERMIT_TYPEHASH, owner, spender, value, _useNonce(owner), deadline));
        (address signer, , ) = ECDSA.tryRecover(_hashTypedDataV4(structHash), v, r, s);
        require(signer != address(0) && signer == owner, NotAuthorized(signer));
        _approve(owner, spender, value);
    }

    // --- Mint and burn ---

    /// @inheritdoc IM1Token
    function mint(address to, uint256 amount) external onlyRole(MINTER_ROLE) {
        (bool ok, uint256 available) = _mintBuckets[msg.sender].take(amount);
        require(ok, MintLimitExceeded(msg.sender, amount, available));
        require(to != address(0), ERC20InvalidReceiver(to));

        Global storage global = _global;
        require(block.timestamp >= global.pausedUntil, Paused());
        uint256 supplyAfter = global.totalSupply + amount;
        require(supplyAfter <= _AMOUNT_MASK, SupplyTooLarge(supplyAfter, _AMOUNT_MASK));
        Account storage receiver = _accounts[to];
        uint256 packed = receiver.packed;
        require(packed & _FROZEN_FLAG == 0, AccountFrozen(to));

        global.totalSupply = uint128(supplyAfter);
        unchecked {
            receiver.packed = packed + amount; // no carry into the flags: amount <= supply <= 2^128 - 1
        }
        emit Transfer(address(0), to, amount);
        emit MinterMinted(msg.sender, to, amount, available);
    }

    /// @inheritdoc IM1Token
    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }

    /// @inheritdoc IM1Token
    function burnFrom(address from, uint256 amount) external onlyRole(MINTER_ROLE) {
        (bool ok, uint256 available) = _burnBuckets[msg.sender].take(amount);
        require(ok, BurnLimitExceeded(msg.sender, amount, available));
        require(block.timestamp >= _global.pausedUntil, Paused());
        _spendAllowance(from, msg.sender, amount);
        _burn(from, amount);
        emit MinterBurned(msg.sender, from, amount, available);
    }

    /// @inheritdoc IM1Token
    function burnForRedemption(address from, uint256 amount) external onlyRole(REDEEMER_ROLE) {
        _spendAllowance(from, msg.sender, amount);
        _burn(from, amount);
    }

    // --- Pause and freeze ---

    /// @inheritdoc IM1Token
    function pause() external onlyRole(PAUSER_ROLE) {
        uint256 allowedAt = _global.pauseAllowedAt;
        require(block.timestamp >= allowedAt, NotReady(allowedAt, block.timestamp));
        uint256 end = block.timestamp + MAX_PAUSE_SECONDS;
        _setPause(end, end + PAUSE_COOLDOWN_SECONDS, false);
    }

    /// @inheritdoc IM1Token
    function renewPause(uint256 timestamp) external onlyRole(DEFAULT_ADMIN_ROLE) {
        uint256 latest = block.timestamp + MAX_PAUSE_SECONDS;
        require(timestamp > block.timestamp && timestamp <= latest, OutOfRange(timestamp, block.timestamp + 1, latest));
        _setPause(timestamp, timestamp + PAUSE_COOLDOWN_SECONDS, true);
    }

    /// @inheritdoc IM1Token
    function unpause() external {
        bool isAdmin = hasRole(DEFAULT_ADMIN_ROLE, msg.sender);
        if (!isAdmin) {
            _checkRole(PAUSER_ROLE);
            require(!_global.renewedByAdmin, NotAuthorized(msg.sender));
        }
        require(block.timestamp < _global.pausedUntil, NothingPending());
        // A pauser who ends a false alarm still waits, or pause and unpause in turn would be a pause without end.
        _setPause(0, isAdmin ? 0 : block.timestamp + PAUSE_COOLDOWN_SECONDS, false);
    }

    /// @inheritdoc IM1Token
    function freeze(address account) external onlyRole(FREEZER_ROLE) {
        require(account != address(0), ZeroAddress());
        Account storage entry = _accounts[account];
        require(entry.packed & _SYSTEM_FLAG == 0, SystemContract(account));
        entry.packed |= _FROZEN_FLAG;
        emit Frozen(account);
    }

    /// @inheritdoc IM1Token
    function unfreeze(address account) external onlyRole(FREEZER_ROLE) {
        _accounts[account].packed &= ~_FROZEN_FLAG;
        emit Unfrozen(account);
    }

    // --- Administration ---

    /// @inheritdoc IM1Token
    function setSystemContract(address account, bool isSystem) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setSystemContract(account, isSystem);
    }

    /// @inheritdoc IM1Token
    function setMinterLimit(MinterLimit calldata limit) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setMinterLimit(limit);
    }

    // --- Views ---

    /// @inheritdoc IERC20Metadata
    function name() external view returns (string memory) {
        return _EIP712Name();
    }

    /// @inheritdoc IERC20Metadata
    function symbol() external view returns (string memory) {
        return _symbol.toString();
    }

    /// @inheritdoc IERC20Metadata
    function decimals() external view returns (uint8) {
        return _decimals;
    }

    /// @inheritdoc IERC20
    function totalSupply() external view returns (uint256) {
        return _global.totalSupply;
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) external view returns (uint256) {
        return _accounts[account].packed & _AMOUNT_MASK;
    }

    /// @inheritdoc IERC20
    function allowance(address owner, address spender) external view returns (uint256) {
        return _allowances[owner][spender];
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @inheritdoc IERC20Permit
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IM1Token
    function mintAvailable(address minter) external view returns (uint256) {
        return _mintBuckets[minter].available();
    }

    /// @inheritdoc IM1Token
    function burnAvailable(address minter) external view returns (uint256) {
        return _burnBuckets[minter].available();
    }

    /// @inheritdoc IM1Token
    function pausedUntil() external view returns (uint256) {
        return _global.pausedUntil;
    }

    /// @inheritdoc IM1Token
    function pauseAllowedAt() external view returns (uint256) {
        return _global.pauseAllowedAt;
    }

    /// @inheritdoc IM1Token
    function isFrozen(address account) external view returns (bool) {
        return _accounts[account].packed & _FROZEN_FLAG != 0;
    }

    /// @inheritdoc IM1Token
    function isSystemContract(address account) external view returns (bool) {
        return _accounts[account].packed & _SYSTEM_FLAG != 0;
    }

    /// @inheritdoc IM1Token
    function systemContracts() external view returns (address[] memory) {
        return _systemContracts;
    }

    // --- Internal ---

    function _transfer(address from, address to, uint256 value) internal {
        require(from != address(0), ERC20InvalidSender(from));
        require(to != address(0), ERC20InvalidReceiver(to));
        Account storage sender = _accounts[from];
        Account storage receiver = _accounts[to];
        uint256 fromPacked = sender.packed;
        uint256 toPacked = receiver.packed;

        // Ordinary accounts carry no deadline and all system contracts carry the same, so the union has the right one.
        uint256 union = fromPacked | toPacked;
        uint256 deadline = union & _SYSTEM_FLAG == 0 ? _global.pausedUntil : (union & _PAUSE_MASK) >> _PAUSE_SHIFT;
        require(block.timestamp >= deadline, Paused());
        if (union & _FROZEN_FLAG != 0) revert AccountFrozen(fromPacked & _FROZEN_FLAG != 0 ? from : to);
        uint256 balance = fromPacked & _AMOUNT_MASK;
        require(value <= balance, ERC20InsufficientBalance(from, balance, value));

        if (from != to) {
            unchecked {
                // No borrow from or carry into the flags: value <= balance, and all balances together are <= 2^128 - 1.
                sender.packed = fromPacked - value;
                receiver.packed = toPacked + value;
            }
        }
        emit Transfer(from, to, value);
    }

    function _burn(address from, uint256 amount) internal {
        Account storage holder = _accounts[from];
        uint256 packed = holder.packed;
        require(packed & _FROZEN_FLAG == 0, AccountFrozen(from));
        uint256 balance = packed & _AMOUNT_MASK;
        require(amount <= balance, ERC20InsufficientBalance(from, balance, amount));
        unchecked {
            holder.packed = packed - amount;
            _global.totalSupply -= uint128(amount);
        }
        emit Transfer(from, address(0), amount);
    }

    function _approve(address owner, address spender, uint256 value) internal {
        require(spender != address(0), ERC20InvalidSpender(spender));
        _allowances[owner][spender] = value;
        emit Approval(owner, spender, value);
    }

    function _spendAllowance(address owner, address spender, uint256 value) internal {
        mapping(address => uint256) storage allowances = _allowances[owner];
        uint256 current = allowances[spender];
        if (current == type(uint256).max) return;
        require(value <= current, ERC20InsufficientAllowance(spender, current, value));
        unchecked {
            allowances[spender] = current - value;
        }
    }

    function _setPause(uint256 timestamp, uint256 allowedAt, bool renewedByAdmin) internal {
        Global storage global = _global;
        global.pausedUntil = uint40(timestamp);
        global.pauseAllowedAt = uint40(allowedAt);
        global.renewedByAdmin = renewedByAdmin;
        for (uint256 i = 0; i < _systemContracts.length; ++i) {
            Account storage entry = _accounts[_systemContracts[i]];
            entry.packed = (entry.packed & ~_PAUSE_MASK) | (timestamp << _PAUSE_SHIFT);
        }
        emit PausedUntil(timestamp);
    }

    function _setSystemContract(address account, bool isSystem) internal {
        require(account != address(0), ZeroAddress());
        Account storage entry = _accounts[account];
        uint256 packed = entry.packed;
        if ((packed & _SYSTEM_FLAG != 0) == isSystem) return;
        if (isSystem) {
            require(packed & _FROZEN_FLAG == 0, AccountFrozen(account));
            require(_systemContracts.length < MAX_SYSTEM_CONTRACTS, TooManySystemContracts(MAX_SYSTEM_CONTRACTS));
            entry.packed = packed | _SYSTEM_FLAG | (uint256(_global.pausedUntil) << _PAUSE_SHIFT);
            _systemContracts.push(account);
        } else {
            entry.packed = packed & ~(_SYSTEM_FLAG | _PAUSE_MASK);
            uint256 last = _systemContracts.length - 1;
            for (uint256 i = 0; i < last; ++i) {
                if (_systemContracts[i] == account) _systemContracts[i] = _systemContracts[last];
            }
            _systemContracts.pop();
        }
        emit SetSystemContract(account, isSystem);
    }

    function _setMinterLimit(MinterLimit calldata limit) internal {
        require(limit.minter != address(0), ZeroAddress());
        _mintBuckets[limit.minter].configure(limit.mintCapacity, limit.mintRefillPerSecond);
        _burnBuckets[limit.minter].configure(limit.burnCapacity, limit.burnRefillPerSecond);
        emit SetMinterLimit(
            limit.minter,
            limit.mintCapacity,
            limit.mintRefillPerSecond,
            limit.burnCapacity,
            limit.burnRefillPerSecond
        );
    }
}
