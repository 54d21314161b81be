// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICapitalHolder} from "../interfaces/ICapitalHolder.sol";
import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IPmmPublicPool} from "../interfaces/IPmmPool.sol";
import {IPublicLiquidity} from "../interfaces/IPublicLiquidity.sol";

/// @title PublicLiquidity
/// @notice Keeps the protocol's shares of the public pools, and what is on its way into or out of them.
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): pools, providing, leaving, the buckets once; it cannot take tokens.
/// Buckets: release what lies here, the only way out. Other providers' shares are out of reach.
/// @dev PRICE SOURCES. None. ROUNDING. Parts of reserves down. TOKEN REQUIREMENTS. Those of the pools.
/// @dev LIVENESS. `leave` reads no oracle. `holding` asks at most MAX_POOLS pools and reverts while one of them is in the middle of a
/// call, when its reserves are not what it holds. HOW TO STOP IT. Nothing runs by itself.
contract PublicLiquidity is IPublicLiquidity, Ownable2Step, ReentrancyGuardTransient {
    using Math for uint256;
    using SafeERC20 for IERC20;

    uint256 public constant MAX_POOLS = 8;

    /// @inheritdoc ICapitalHolder
    address public buckets;
    address[] private _pools;

    constructor(address owner_) Ownable(owner_) {}

    // Owner

    /// @inheritdoc IPublicLiquidity
    function provide(
        address pool,
        uint256 baseMax,
        uint256 quoteMax,
        uint256 minShares
    ) external onlyOwner nonReentrant returns (uint256 shares) {
        _requirePool(pool);
        address baseToken = IDodoV2Pool(pool)._BASE_TOKEN_();
        address quoteToken = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        IERC20(baseToken).forceApprove(pool, baseMax);
        IERC20(quoteToken).forceApprove(pool, quoteMax);
        uint256 baseIn;
        uint256 quoteIn;
        (shares, baseIn, quoteIn) = IPmmPublicPool(pool).addLiquidity(
            baseMax,
            quoteMax,
            minShares,
            address(this),
            block.timestamp
        );
        IERC20(baseToken).forceApprove(pool, 0);
        IERC20(quoteToken).forceApprove(pool, 0);
        emit Provided(pool, shares, baseIn, quoteIn);
    }

    /// @inheritdoc IPublicLiquidity
    function leave(
        address pool,
        uint256 shares,
        uint256 minBaseOut,
        uint256 minQuoteOut
    ) external onlyOwner nonReentrant returns (uint256 baseOut, uint256 quoteOut) {
        _requirePool(pool);
        (baseOut, quoteOut) = IPmmPublicPool(pool).removeLiquidity(
            shares,
            minBaseOut,
            minQuoteOut,
            address(this),
            block.timestamp
        );
        emit Left(pool, shares, baseOut, quoteOut);
    }

    /// @inheritdoc IPublicLiquidity
    function addPool(address pool) external onlyOwner {
        require(pool.code.length > 0, NotAContract(pool));
        require(!_isAdded(pool), PoolAlreadyAdded(pool));
        require(_pools.length < MAX_POOLS, TooManyPools(MAX_POOLS));
        _pools.push(pool);
        emit AddPool(pool);
    }

    /// @inheritdoc IPublicLiquidity
    function removePool(address pool) external onlyOwner {
        _requirePool(pool);
        uint256 shares = IERC20(pool).balanceOf(address(this));
        require(shares == 0, SharesLeft(pool, shares));
        uint256 last = _pools.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (_pools[i] == pool) _pools[i] = _pools[last];
        }
        _pools.pop();
        emit RemovePool(pool);
    }

    /// @inheritdoc ICapitalHolder
    function setBuckets(address newBuckets) external onlyOwner {
        require(buckets == address(0), BucketsAlreadySet(buckets));
        require(newBuckets.code.length > 0, NotAContract(newBuckets));
        buckets = newBuckets;
        emit SetBuckets(newBuckets);
    }

    /// @notice Always reverts: without an owner the liquidity could never be taken out.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // Bucket A

    /// @inheritdoc ICapitalHolder
    function holding(address token) external view returns (uint256 units) {
        require(!_reentrancyGuardEntered(), Reentrant());
        units = IERC20(token).balanceOf(address(this));
        for (uint256 i = 0; i < _pools.length; ++i) {
            IDodoV2Pool pool = IDodoV2Pool(_pools[i]);
            bool isBase = pool._BASE_TOKEN_() == token;
            if (!isBase && pool._QUOTE_TOKEN_() != token) continue;
            (uint256 baseUnits, uint256 quoteUnits) = partOf(_pools[i]);
            units += isBase ? baseUnits : quoteUnits;
        }
    }

    /// @inheritdoc ICapitalHolder
    function release(address token, uint256 amountUnits, address to) external nonReentrant {
        require(msg.sender == buckets, NotAuthorized(msg.sender));
        require(!_isAdded(token), NotAuthorized(token));
        IERC20(token).safeTransfer(to, amountUnits);
        emit Released(token, amountUnits, to);
    }

    // Views

    /// @inheritdoc IPublicLiquidity
    function pools() external view returns (address[] memory) {
        return _pools;
    }

    /// @inheritdoc IPublicLiquidity
    function partOf(address pool) public view returns (uint256 baseUnits, uint256 quoteUnits) {
        uint256 shares = IERC20(pool).balanceOf(address(this));
        if (shares == 0) return (0, 0);
        uint256 supply = IERC20(pool).totalSupply();
        (baseUnits, quoteUnits) = IDodoV2Pool(pool).getVaultReserve();
        (baseUnits, quoteUnits) = (baseUnits.mulDiv(shares, supply), quoteUnits.mulDiv(shares, supply));
    }

    // Internal

    function _requirePool(address pool) internal view {
        require(_isAdded(pool), PoolNotAdded(pool));
    }

    function _isAdded(address pool) internal view returns (bool) {
        for (uint256 i = 0; i < _pools.length; ++i) {
            if (_pools[i] == pool) return true;
        }
        return false;
    }
}
