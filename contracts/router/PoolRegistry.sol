// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IDODOPMMIntegration} from "../interfaces/IDODOPMMIntegration.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {ISwapRegistry} from "../interfaces/ISwapRegistry.sol";
import {IUniswapV3Factory, IUniswapV3Pool} from "../interfaces/IUniswapV3.sol";

/// @title PoolRegistry
/// @notice Which pools may be called. Every entry was proven by a registry or factory that deploys or verifies its code.
/// @dev Proofs are taken once where they cannot change (kind of our pools, factory of a Uniswap pool) and again at each swap where they
/// can (the integration's registry of DODO pools).
/// @dev APPROVALS. Pools of ours pull what they sell, so each may take the router's balance of its two tokens from its registration to its
/// removal. That gives nothing away: their code is the factory's, never changes, and takes tokens from its direct caller only, and the
/// router owns nothing between calls. Nobody else is ever approved. Why not an approval for each swap: it costs 25,000 gas, half of it
/// refunded, and protects nothing more (docs/decisions/2026-11-21-router-approvals.md).
abstract contract PoolRegistry is ISwapRegistry, Ownable2Step {
    using SafeERC20 for IERC20;

    /// @notice Bounds what a quote walks through.
    uint256 public constant MAX_POOLS_PER_PAIR = 8;
    uint256 public constant MAX_INTERMEDIATES = 8;

    IDODOPMMIntegration public immutable integration;

    /// @inheritdoc ISwapRegistry
    address public guardian;
    /// @inheritdoc ISwapRegistry
    mapping(address token => bool accepted) public isIntermediate;
    mapping(address pool => PoolEntry) internal _entries;
    mapping(address lower => mapping(address higher => address[] pools)) private _pools;
    address[] private _intermediates;

    constructor(address integration_, address owner_, address guardian_) Ownable(owner_) {
        require(integration_.code.length > 0, NotAContract(integration_));
        integration = IDODOPMMIntegration(integration_);
        guardian = guardian_;
        emit SetGuardian(guardian_);
    }

    modifier onlyOwnerOrGuardian() {
        require(msg.sender == guardian || msg.sender == owner(), NotAuthorized(msg.sender));
        _;
    }

    // Owner and guardian

    /// @inheritdoc ISwapRegistry
    function registerPool(address pool) external onlyOwner {
        IDODOPMMIntegration.PoolInfo memory info = integration.poolInfo(pool);
        require(info.isRegistered, PoolNotRegistered(pool));
        require(!info.isPrivate, PrivatePool(pool));
        bool ours = info.venue == IDODOPMMIntegration.Venue.OURS;
        // Asked of the pool itself, too: it is what a swap asks.
        if (ours) _requirePublic(pool);
        _register(pool, PoolEntry(ours ? Venue.PMM : Venue.DODO, info.baseToken, info.quoteToken));
        if (!ours) return;
        IERC20(info.baseToken).forceApprove(pool, type(uint256).max);
        IERC20(info.quoteToken).forceApprove(pool, type(uint256).max);
    }

    /// @inheritdoc ISwapRegistry
    function registerUniswapPool(address factory, address pool) external onlyOwner {
        require(factory.code.length > 0, NotAContract(factory));
        require(pool.code.length > 0, NotAContract(pool));
        address token0 = IUniswapV3Pool(pool).token0();
        address token1 = IUniswapV3Pool(pool).token1();
        address listed = IUniswapV3Factory(factory).getPool(token0, token1, IUniswapV3Pool(pool).fee());
        require(listed == pool, PoolNotAccepted(pool, factory));
        _register(pool, PoolEntry(Venue.UNISWAP_V3, token0, token1));
    }

    /// @inheritdoc ISwapRegistry
    function removePool(address pool) external onlyOwnerOrGuardian {
        PoolEntry memory entry = _entries[pool];
        require(entry.venue != Venue.NONE, PoolNotRegistered(pool));
        delete _entries[pool];
        _drop(_list(entry.tokenA, entry.tokenB), pool);
        emit PoolRemoved(pool, msg.sender);
        if (entry.venue != Venue.PMM) return;
        _withdrawApproval(entry.tokenA, pool);
        _withdrawApproval(entry.tokenB, pool);
    }

    /// @inheritdoc ISwapRegistry
    function setIntermediate(address token, bool accepted) external onlyOwnerOrGuardian {
        require(!accepted || msg.sender == owner(), NotAuthorized(msg.sender));
        if (isIntermediate[token] == accepted) return;
        isIntermediate[token] = accepted;
        if (accepted) {
            require(token.code.length > 0, NotAContract(token));
            _intermediates.push(token);
            uint256 count = _intermediates.length;
            require(count <= MAX_INTERMEDIATES, OutOfRange(count, 0, MAX_INTERMEDIATES));
        } else {
            _drop(_intermediates, token);
        }
        emit SetIntermediate(token, accepted);
    }

    /// @inheritdoc ISwapRegistry
    function setGuardian(address newGuardian) external onlyOwner {
        guardian = newGuardian;
        emit SetGuardian(newGuardian);
    }

    /// @notice Always reverts: without an owner no pool could ever be added.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // Views

    /// @inheritdoc ISwapRegistry
    function poolEntry(address pool) external view returns (PoolEntry memory) {
        return _entries[pool];
    }

    /// @inheritdoc ISwapRegistry
    function poolsFor(address tokenA, address tokenB) external view returns (address[] memory) {
        return _list(tokenA, tokenB);
    }

    /// @inheritdoc ISwapRegistry
    function intermediates() external view returns (address[] memory) {
        return _intermediates;
    }

    // Internal

    function _register(address pool, PoolEntry memory entry) private {
        require(_entries[pool].venue == Venue.NONE, PoolAlreadyRegistered(pool));
        require(entry.tokenA != entry.tokenB, IdenticalTokens(entry.tokenA));
        _entries[pool] = entry;
        address[] storage list = _list(entry.tokenA, entry.tokenB);
        list.push(pool);
        require(list.length <= MAX_POOLS_PER_PAIR, OutOfRange(list.length, 0, MAX_POOLS_PER_PAIR));
        emit PoolRegistered(pool, entry.venue, entry.tokenA, entry.tokenB);
    }

    /// @dev A token that refuses must not hold up the removal: the approval it keeps serves a pool that is called no more.
    function _withdrawApproval(address token, address pool) private {
        (bool done, bytes memory answer) = token.call(abi.encodeCall(IERC20.approve, (pool, 0)));
        if (!done || (answer.length != 0 && bytes32(answer) == 0)) emit ApprovalKept(token, pool);
    }

    /// @dev What can have changed since the registration, and what must never be wrong.
    function _requireUsable(address pool, Venue venue) internal view {
        if (venue == Venue.PMM) {
            _requirePublic(pool);
        } else if (venue == Venue.DODO) {
            IDODOPMMIntegration.PoolInfo memory info = integration.poolInfo(pool);
            require(info.isRegistered, PoolNotRegistered(pool));
            require(!info.isPrivate, PrivatePool(pool));
        } else {
            require(venue == Venue.UNISWAP_V3, PoolNotRegistered(pool));
        }
    }

    function _requirePublic(address pool) private view {
        require(IPmmPool(pool).kind() == IPmmPool.Kind.PUBLIC, PrivatePool(pool));
    }

    function _list(address tokenA, address tokenB) private view returns (address[] storage) {
        return tokenA < tokenB ? _pools[tokenA][tokenB] : _pools[tokenB][tokenA];
    }

    function _drop(address[] storage list, address item) private {
        uint256 index = 0;
        while (list[index] != item) ++index;
        list[index] = list[list.length - 1];
        list.pop();
    }
}
