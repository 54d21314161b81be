// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IDODOPMMIntegration} from "../interfaces/IDODOPMMIntegration.sol";
import {IDodoV2DppProxy, IDodoV2DspFactory, IDodoV2DspProxy, IDodoV2Ownable} from "../interfaces/IDodoV2Periphery.sol";
import {IDodoV2Pool, IDodoV2PublicPool} from "../interfaces/IDodoV2Pool.sol";
import {IPmmFactory} from "../interfaces/IPmmFactory.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {PoolChecks} from "./PoolChecks.sol";
import {PushSwap} from "./PushSwap.sol";

/// @title DODOPMMIntegration
/// @notice Creates, registers and trades DODO V2 pools, DODO's own and ours, through one interface.
/// @dev ROLES. Owner (two steps): managers, default venue. Manager: creates and registers pools. Anyone: liquidity and swaps of registered
/// public pools, with the caller's own tokens.
/// @dev PRICE SOURCES. None: callers bring minimum and deadline. ROUNDING. That of the pools; liquidity is taken in the pool's ratio,
/// rounded up on the side that binds less.
/// @dev WHAT A POOL MUST BE. A clone of the accepted template, listed by the accepted factory (a registry alone can be edited), and
/// initialised; fee, k and orientation inside the bounds of PoolChecks. Calls go to registered pools only, never to a target that a
/// caller names, so approvals given to this contract serve nobody but their owner.
/// @dev TOKEN REQUIREMENTS. Exact transfers; anything else reverts TransferMismatch. This contract holds nothing between calls.
/// @dev LIVENESS. Exits depend on the pool only. HOW TO STOP IT. `removePool`; liquidity can still be redeemed at the pool itself.
contract DODOPMMIntegration is IDODOPMMIntegration, Ownable2Step, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 private constant WAD = 1e18;

    struct Stables {
        address cUSDT;
        address cUSDC;
        address usdt;
        address usdc;
    }

    /// @dev One funded creation; memory only.
    struct Creation {
        Venue venue;
        PoolTerms terms;
        uint256 baseIn;
        uint256 quoteIn;
        uint256 deadline;
        address owner;
        address spender;
    }

    address public immutable cUSDT;
    address public immutable cUSDC;
    address public immutable USDT;
    address public immutable USDC;
    /// @inheritdoc IDODOPMMIntegration
    address public immutable pmmFactory;

    DodoAddresses private _dodo;
    /// @inheritdoc IDODOPMMIntegration
    Venue public defaultVenue;
    /// @inheritdoc IDODOPMMIntegration
    mapping(address account => bool allowed) public isManager;
    mapping(address pool => PoolInfo info) private _infos;
    address[] private _pools;

    constructor(
        Stables memory stables,
        address pmmFactory_,
        DodoAddresses memory dodo,
        address owner_
    ) Ownable(owner_) {
        _requireCodeOrZero(pmmFactory_);
        _requireCodeOrZero(dodo.dspFactory);
        _requireCodeOrZero(dodo.dspProxy);
        _requireCodeOrZero(dodo.dspTemplate);
        _requireCodeOrZero(dodo.dppFactory);
        _requireCodeOrZero(dodo.dppProxy);
        _requireCodeOrZero(dodo.dppTemplate);
        _requireCodeOrZero(dodo.approve);
        cUSDT = stables.cUSDT;
        cUSDC = stables.cUSDC;
        USDT = stables.usdt;
        USDC = stables.usdc;
        pmmFactory = pmmFactory_;
        _dodo = dodo;
        defaultVenue = pmmFactory_ == address(0) ? Venue.DODO : Venue.OURS;
    }

    modifier onlyManager() {
        require(isManager[msg.sender] || msg.sender == owner(), NotAuthorized(msg.sender));
        _;
    }

    modifier inTime(uint256 deadline) {
        require(block.timestamp <= deadline, DeadlineExpired(deadline, block.timestamp));
        _;
    }

    // Creation

    /// @inheritdoc IDODOPMMIntegration
    function createPool(
        address baseToken,
        address quoteToken,
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external onlyManager nonReentrant returns (address pool) {
        return _createEmpty(PoolTerms(baseToken, quoteToken, lpFeeRate, initialPrice, k, isOpenTWAP));
    }

    /// @inheritdoc IDODOPMMIntegration
    function createCUSDTUSDTPool(
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external onlyManager nonReentrant returns (address pool) {
        return _createEmpty(PoolTerms(cUSDT, USDT, lpFeeRate, initialPrice, k, isOpenTWAP));
    }

    /// @inheritdoc IDODOPMMIntegration
    function createCUSDCUSDCPool(
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external onlyManager nonReentrant returns (address pool) {
        return _createEmpty(PoolTerms(cUSDC, USDC, lpFeeRate, initialPrice, k, isOpenTWAP));
    }

    /// @inheritdoc IDODOPMMIntegration
    function createCUSDTCUSDCPool(
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external onlyManager nonReentrant returns (address pool) {
        return _createEmpty(PoolTerms(cUSDT, cUSDC, lpFeeRate, initialPrice, k, isOpenTWAP));
    }

    /// @inheritdoc IDODOPMMIntegration
    function createFundedPool(
        Venue venue,
        PoolTerms calldata terms,
        uint256 baseIn,
        uint256 quoteIn,
        uint256 minShares,
        uint256 deadline
    ) external onlyManager nonReentrant inTime(deadline) returns (address pool, uint256 shares) {
        _requireTerms(venue, terms);
        Creation memory creation = Creation(venue, terms, baseIn, quoteIn, deadline, address(0), address(0));
        // In the pool's own ratio, because DODO donates what is beyond it.
        if (terms.initialPrice != 0) {
            (creation.baseIn, creation.quoteIn) = _inRatio(baseIn, quoteIn, WAD, terms.initialPrice);
        }
        _takeBoth(creation, _dodo.dspProxy);
        (pool, shares) = venue == Venue.OURS ? _fundedOnOurs(creation, minShares) : _fundedOnDodo(creation);
        require(shares >= minShares, SharesBelowMinimum(shares, minShares));
        _register(pool, venue, false);
        IERC20(pool).safeTransfer(msg.sender, shares);
        _returnRest(creation);
        emit LiquidityAdded(pool, msg.sender, creation.baseIn, creation.quoteIn, shares);
    }

    /// @inheritdoc IDODOPMMIntegration
    function createPrivatePool(
        Venue venue,
        PoolTerms calldata terms,
        uint256 baseIn,
        uint256 quoteIn,
        address owner,
        uint256 deadline
    ) external onlyManager nonReentrant inTime(deadline) returns (address pool) {
        require(owner != address(0), ZeroAddress());
        _requireTerms(venue, terms);
        Creation memory creation = Creation(venue, terms, baseIn, quoteIn, deadline, owner, address(0));
        _takeBoth(creation, _dodo.dppProxy);
        if (venue == Venue.OURS) (pool, ) = _fundedOnOurs(creation, 0);
        else pool = _privateOnDodo(creation);
        _register(pool, venue, true);
        if (venue == Venue.DODO) {
            // DODO makes its caller the owner of the pool's admin contract; hand that on.
            address admin = IDodoV2Ownable(pool)._OWNER_();
            IDodoV2Ownable(admin == address(this) ? pool : admin).transferOwnership(owner);
        }
        _returnRest(creation);
    }

    /// @inheritdoc IDODOPMMIntegration
    function registerPool(address pool) external onlyManager {
        require(pool.code.length > 0, NotAContract(pool));
        if (pmmFactory != address(0) && IPmmFactory(pmmFactory).isPool(pool)) {
            _register(pool, Venue.OURS, IPmmPool(pool).kind() == IPmmPool.Kind.PRIVATE);
            return;
        }
        address target = PoolChecks.cloneTarget(pool);
        require(
            target != address(0) && (target == _dodo.dspTemplate || target == _dodo.dppTemplate),
            PoolNotAccepted(pool)
        );
        _register(pool, Venue.DODO, target == _dodo.dppTemplate);
    }

    /// @inheritdoc IDODOPMMIntegration
    function removePool(address pool) external onlyManager {
        require(_infos[pool].isRegistered, PoolNotRegistered(pool));
        delete _infos[pool];
        uint256 last = _pools.length - 1;
        for (uint256 index = 0; index < last; ++index) {
            if (_pools[index] == pool) {
                _pools[index] = _pools[last];
                break;
            }
        }
        _pools.pop();
        emit PoolRemoved(pool);
    }

    // Liquidity

    /// @inheritdoc IDODOPMMIntegration
    function addLiquidity(
        address pool,
        uint256 baseIn,
        uint256 quoteIn,
        uint256 minShares,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256 shares, uint256 baseUsed, uint256 quoteUsed) {
        PoolInfo memory info = _publicPool(pool);
        require(to != address(0), ZeroAddress());
        (uint256 baseReserve, uint256 quoteReserve) = IDodoV2Pool(pool).getVaultReserve();
        if (baseReserve == 0 && quoteReserve == 0) (baseReserve, quoteReserve) = (WAD, _poolAnchor(pool, info.venue));
        (baseUsed, quoteUsed) = _inRatio(baseIn, quoteIn, baseReserve, quoteReserve);
        PushSwap.push(info.baseToken, msg.sender, pool, baseUsed);
        PushSwap.push(info.quoteToken, msg.sender, pool, quoteUsed);
        (shares, , ) = IDodoV2PublicPool(pool).buyShares(to);
        require(shares >= minShares, SharesBelowMinimum(shares, minShares));
        emit LiquidityAdded(pool, to, baseUsed, quoteUsed, shares);
    }

    /// @inheritdoc IDODOPMMIntegration
    function removeLiquidity(
        address pool,
        uint256 shares,
        uint256 minBase,
        uint256 minQuote,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256 baseOut, uint256 quoteOut) {
        _publicPool(pool);
        require(to != address(0) && to != pool, ZeroAddress());
        IERC20(pool).safeTransferFrom(msg.sender, address(this), shares);
        (baseOut, quoteOut) = IDodoV2PublicPool(pool).sellShares(shares, to, minBase, minQuote, "", deadline);
        require(baseOut >= minBase, OutputBelowMinimum(baseOut, minBase));
        require(quoteOut >= minQuote, OutputBelowMinimum(quoteOut, minQuote));
        emit LiquidityRemoved(pool, to, baseOut, quoteOut, shares);
    }

    // Swaps

    /// @inheritdoc IDODOPMMIntegration
    function swapExactIn(
        address pool,
        address tokenIn,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256 amountOut) {
        PoolInfo memory info = _publicPool(pool);
        address tokenOut = tokenIn == info.baseToken ? info.quoteToken : info.baseToken;
        return _swap(pool, tokenIn, tokenOut, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapCUSDTForUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, cUSDT, USDT, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapUSDTForCUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, USDT, cUSDT, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapCUSDCForUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, cUSDC, USDC, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapUSDCForCUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, USDC, cUSDC, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapCUSDTForCUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, cUSDT, cUSDC, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapCUSDCForCUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, cUSDC, cUSDT, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapCUSDTForUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, cUSDT, USDC, amountIn, minOut, to);
    }

    /// @inheritdoc IDODOPMMIntegration
    function swapUSDCForCUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant inTime(deadline) returns (uint256) {
        return _swap(pool, USDC, cUSDT, amountIn, minOut, to);
    }

    // Owner

    /// @inheritdoc IDODOPMMIntegration
    function setManager(address manager, bool allowed) external onlyOwner {
        require(manager != address(0), ZeroAddress());
        isManager[manager] = allowed;
        emit SetManager(manager, allowed);
    }

    /// @inheritdoc IDODOPMMIntegration
    function setDefaultVenue(Venue venue) external onlyOwner {
        _requireVenue(venue, venue == Venue.OURS ? pmmFactory : _dodo.dspFactory);
        defaultVenue = venue;
        emit SetDefaultVenue(venue);
    }

    // Views

    /// @inheritdoc IDODOPMMIntegration
    function quoteExactIn(address pool, address tokenIn, uint256 amountIn) external view returns (uint256 amountOut) {
        PoolInfo memory info = _infos[pool];
        require(info.isRegistered, PoolNotRegistered(pool));
        bool isSellBase = tokenIn == info.baseToken;
        require(isSellBase || tokenIn == info.quoteToken, WrongPair(pool, tokenIn, address(0)));
        _requireFilled(pool);
        bool quoted;
        (quoted, amountOut) = PushSwap.tryQuote(pool, isSellBase, amountIn);
        require(quoted, EmptyPool());
    }

    /// @inheritdoc IDODOPMMIntegration
    function anchorOf(address baseToken, address quoteToken, uint256 priceWad) external view returns (uint256 anchor) {
        anchor = PoolChecks.anchorOf(baseToken, quoteToken, priceWad);
        PoolChecks.requireOrientation(baseToken, quoteToken, anchor);
    }

    /// @inheritdoc IDODOPMMIntegration
    function poolInfo(address pool) external view returns (PoolInfo memory) {
        return _infos[pool];
    }

    /// @inheritdoc IDODOPMMIntegration
    function pools() external view returns (address[] memory) {
        return _pools;
    }

    /// @inheritdoc IDODOPMMIntegration
    function dodoAddresses() external view returns (DodoAddresses memory) {
        return _dodo;
    }

    // Internal: creation

    function _createEmpty(PoolTerms memory terms) internal returns (address pool) {
        Venue venue = defaultVenue;
        _requireTerms(venue, terms);
        if (venue == Venue.OURS) {
            pool = IPmmFactory(pmmFactory).createPool(_params(terms, IPmmPool.Kind.PUBLIC, address(0)));
        } else {
            pool = IDodoV2DspFactory(_dodo.dspFactory).createDODOStablePool(
                terms.baseToken,
                terms.quoteToken,
                terms.lpFeeRate,
                terms.initialPrice,
                terms.k,
                terms.isOpenTWAP
            );
        }
        _register(pool, venue, false);
    }

    /// @dev An owner makes it a private pool.
    function _fundedOnOurs(
        Creation memory creation,
        uint256 minShares
    ) internal returns (address pool, uint256 shares) {
        IPmmPool.Kind kind = creation.owner == address(0) ? IPmmPool.Kind.PUBLIC : IPmmPool.Kind.PRIVATE;
        IPmmFactory.PoolParams memory params = _params(creation.terms, kind, creation.owner);
        return
            IPmmFactory(pmmFactory).createFundedPool(
                params,
                creation.baseIn,
                creation.quoteIn,
                minShares,
                creation.deadline
            );
    }

    function _fundedOnDodo(Creation memory creation) internal returns (address pool, uint256 shares) {
        return
            IDodoV2DspProxy(_dodo.dspProxy).createDODOStablePair(
                creation.terms.baseToken,
                creation.terms.quoteToken,
                creation.baseIn,
                creation.quoteIn,
                creation.terms.lpFeeRate,
                creation.terms.initialPrice,
                creation.terms.k,
                creation.terms.isOpenTWAP,
                creation.deadline
            );
    }

    function _privateOnDodo(Creation memory creation) internal returns (address pool) {
        return
            IDodoV2DppProxy(_dodo.dppProxy).createDODOPrivatePool(
                creation.terms.baseToken,
                creation.terms.quoteToken,
                creation.baseIn,
                creation.quoteIn,
                creation.terms.lpFeeRate,
                creation.terms.initialPrice,
                creation.terms.k,
                creation.terms.isOpenTWAP,
                creation.deadline
            );
    }

    function _params(
        PoolTerms memory terms,
        IPmmPool.Kind kind,
        address owner
    ) internal pure returns (IPmmFactory.PoolParams memory) {
        return
            IPmmFactory.PoolParams({
                kind: kind,
                pricing: terms.initialPrice == 0 ? IPmmPool.Pricing.ORACLE : IPmmPool.Pricing.FIXED,
                baseToken: terms.baseToken,
                quoteToken: terms.quoteToken,
                lpFeeRate: terms.lpFeeRate,
                i: terms.initialPrice,
                k: terms.k,
                isOpenTWAP: terms.isOpenTWAP,
                owner: owner
            });
    }

    function _requireTerms(Venue venue, PoolTerms memory terms) internal view {
        require(terms.baseToken.code.length > 0, NotAContract(terms.baseToken));
        require(terms.quoteToken.code.length > 0, NotAContract(terms.quoteToken));
        require(terms.baseToken != terms.quoteToken, IdenticalTokens(terms.baseToken));
        PoolChecks.requireRates(terms.lpFeeRate, terms.k);
        // 0 asks our factory for oracle pricing, whose anchor the oracle checks; DODO has nothing like it.
        if (venue == Venue.OURS && terms.initialPrice == 0) return;
        PoolChecks.requireOrientation(terms.baseToken, terms.quoteToken, terms.initialPrice);
    }

    /// @dev Everything a pool must prove, whoever created it.
    function _register(address pool, Venue venue, bool isPrivate) internal {
        // DODO's clone factory does not notice a failed `create`.
        require(pool.code.length > 0, NotAContract(pool));
        require(!_infos[pool].isRegistered, PoolAlreadyRegistered(pool));
        address baseToken = IDodoV2Pool(pool)._BASE_TOKEN_();
        address quoteToken = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        require(baseToken != address(0) && quoteToken != address(0), PoolNotInitialised(pool));
        if (venue == Venue.OURS) {
            require(IPmmFactory(pmmFactory).isPool(pool), PoolNotAccepted(pool));
        } else {
            address template = isPrivate ? _dodo.dppTemplate : _dodo.dspTemplate;
            address factory = isPrivate ? _dodo.dppFactory : _dodo.dspFactory;
            require(template != address(0) && PoolChecks.cloneTarget(pool) == template, PoolNotAccepted(pool));
            require(PoolChecks.isListed(factory, baseToken, quoteToken, pool), PoolNotAccepted(pool));
            PoolChecks.requireRates(IDodoV2Pool(pool)._LP_FEE_RATE_(), IDodoV2Pool(pool)._K_());
            PoolChecks.requireOrientation(baseToken, quoteToken, IDodoV2Pool(pool)._I_());
        }
        _infos[pool] = PoolInfo(true, isPrivate, venue, baseToken, quoteToken);
        _pools.push(pool);
        emit PoolRegistered(pool, baseToken, quoteToken, venue, isPrivate);
    }

    // Internal: money

    function _swap(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minOut,
        address to
    ) internal returns (uint256 amountOut) {
        PoolInfo memory info = _publicPool(pool);
        bool isSellBase = tokenIn == info.baseToken && tokenOut == info.quoteToken;
        require(
            isSellBase || (tokenIn == info.quoteToken && tokenOut == info.baseToken),
            WrongPair(pool, tokenIn, tokenOut)
        );
        _requireFilled(pool);
        amountOut = PushSwap.swap(pool, isSellBase, tokenIn, tokenOut, amountIn, minOut, msg.sender, to);
        emit Swapped(pool, msg.sender, to, tokenIn, amountIn, tokenOut, amountOut);
    }

    /// @dev The largest amounts in the ratio baseRatio : quoteRatio that fit; the side that binds less is rounded up, never above what
    /// was offered.
    function _inRatio(
        uint256 baseIn,
        uint256 quoteIn,
        uint256 baseRatio,
        uint256 quoteRatio
    ) internal pure returns (uint256 baseUsed, uint256 quoteUsed) {
        require(baseIn > 0 && quoteIn > 0 && baseRatio > 0 && quoteRatio > 0, ZeroAmount());
        uint256 quoteNeeded = Math.mulDiv(baseIn, quoteRatio, baseRatio, Math.Rounding.Ceil);
        if (quoteNeeded <= quoteIn) return (baseIn, quoteNeeded);
        return (Math.min(baseIn, Math.mulDiv(quoteIn, baseRatio, quoteRatio, Math.Rounding.Ceil)), quoteIn);
    }

    /// @dev Pulls both tokens and lets the venue take them.
    function _takeBoth(Creation memory creation, address dodoProxy) internal {
        bool ours = creation.venue == Venue.OURS;
        creation.spender = ours ? pmmFactory : _dodo.approve;
        _requireVenue(creation.venue, creation.spender);
        _requireVenue(creation.venue, ours ? pmmFactory : dodoProxy);
        _take(creation.terms.baseToken, creation.baseIn, creation.spender);
        _take(creation.terms.quoteToken, creation.quoteIn, creation.spender);
    }

    function _take(address token, uint256 amount, address spender) internal {
        PushSwap.push(token, msg.sender, address(this), amount);
        IERC20(token).forceApprove(spender, amount);
    }

    /// @dev What the venue did not take goes back, and with it the approval.
    function _returnRest(Creation memory creation) internal {
        _returnRestOf(creation.terms.baseToken, creation.spender);
        _returnRestOf(creation.terms.quoteToken, creation.spender);
    }

    function _returnRestOf(address token, address spender) internal {
        IERC20(token).forceApprove(spender, 0);
        uint256 rest = IERC20(token).balanceOf(address(this));
        if (rest > 0) IERC20(token).safeTransfer(msg.sender, rest);
    }

    // Internal: reads

    function _publicPool(address pool) internal view returns (PoolInfo memory info) {
        info = _infos[pool];
        require(info.isRegistered, PoolNotRegistered(pool));
        require(!info.isPrivate, PrivatePool(pool));
    }

    function _poolAnchor(address pool, Venue venue) internal view returns (uint256 anchor) {
        if (venue == Venue.DODO) return IDodoV2Pool(pool)._I_();
        (anchor, ) = IPmmPool(pool).anchors();
    }

    function _requireFilled(address pool) internal view {
        (uint256 baseReserve, uint256 quoteReserve) = IDodoV2Pool(pool).getVaultReserve();
        require(baseReserve > 0 && quoteReserve > 0, EmptyPool());
    }

    function _requireVenue(Venue venue, address needed) internal pure {
        require(needed != address(0), VenueUnavailable(venue));
    }

    function _requireCodeOrZero(address account) internal view {
        require(account == address(0) || account.code.length > 0, NotAContract(account));
    }
}
