// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IDodoV2Callee, IDodoV2PublicPool} from "../interfaces/IDodoV2Pool.sol";
import {IPmmFactory} from "../interfaces/IPmmFactory.sol";
import {IPmmPool, IPmmPublicPool} from "../interfaces/IPmmPool.sol";
import {PmmMath} from "./PmmMath.sol";
import {PmmPool} from "./PmmPool.sol";
import {PmmState} from "./PmmState.sol";
import {PoolWords} from "./PoolWords.sol";

/// @title PublicPmmPool
/// @notice Pool that anyone may trade with and provide liquidity to; shares are ERC-20 with permit.
/// @dev ROLES: the factory's owner announces and cancels parameter changes; the stabilizer (immutable) pays no fee in pull-based swaps;
/// everybody else is a stranger.
/// @dev PRICE SOURCES: FIXED pools their own `i`; ORACLE pools the XAU oracle, of whose newest and previous anchor a trader gets the
/// worse. Nothing reads a price from token balances.
/// @dev ROUNDING: outputs down, each fee up, shares minted down, tokens pulled for shares up, tokens paid for shares down, targets up.
/// LP fees stay in the reserves and so in the curve: splitting a sale may pay more than the one sale after fees, never more than the
/// fee-free output of the one sale.
/// @dev TOKEN REQUIREMENTS: a transfer moves exactly its amount and the balance changes through transfers only. Pulls are measured and
/// refuse other tokens. After a downward rebase `sync` records the smaller balance.
/// @dev LIVENESS: swaps of ORACLE pools stop while the oracle has doubts; `removeLiquidity` and `sellShares` never read it.
/// @dev HOW TO STOP IT: nobody can. Governance may only move parameters step by step; holders withdraw at any time.
contract PublicPmmPool is PmmPool, ERC20Permit, IPmmPublicPool {
    using PoolWords for uint256;
    using SafeERC20 for IERC20;

    /// @dev Shares of the first mint that nobody owns: they make inflating the value of one share a gift to nobody.
    uint256 private constant LOCKED_SHARES = 1001;
    address private constant LOCK = 0x000000000000000000000000000000000000dEaD;
    /// @dev DODO's bounds: the first mint, and each later transfer-first mint, must be worth the arithmetic.
    uint256 private constant MIN_FIRST_SHARES = 2002;
    uint256 private constant MIN_BOUGHT_SHARES = 1001;

    constructor(Config memory config) PmmState(config) ERC20("", "") ERC20Permit("Cantilever PMM Share") {}

    /// @inheritdoc IPmmPool
    function initialize(
        uint256 i,
        uint256 k,
        uint256 lpFeeRate,
        address owner_,
        uint256 baseReserve,
        uint256 quoteReserve
    ) external lock returns (uint256 shares) {
        _initialize(i, k, lpFeeRate, baseReserve, quoteReserve);
        if (baseReserve != 0 || quoteReserve != 0) shares = _mintFirst(baseReserve, quoteReserve, owner_);
    }

    /// @inheritdoc IPmmPool
    function kind() external pure returns (Kind) {
        return Kind.PUBLIC;
    }

    // ---- Pull-based liquidity

    /// @inheritdoc IPmmPublicPool
    function addLiquidity(
        uint256 baseMax,
        uint256 quoteMax,
        uint256 minShares,
        address to,
        uint256 deadline
    ) external lock returns (uint256 shares, uint256 baseIn, uint256 quoteIn) {
        _checkDeadline(deadline);
        uint256 reserves = _reserves;
        uint256 supply = totalSupply();
        if (supply == 0) {
            (baseIn, quoteIn) = (baseMax, quoteMax);
        } else {
            (uint256 baseReserve, uint256 quoteReserve) = (reserves.baseOf(), reserves.quoteOf());
            require(baseReserve != 0 && quoteReserve != 0, EmptyPool());
            shares = Math.min(Math.mulDiv(baseMax, supply, baseReserve), Math.mulDiv(quoteMax, supply, quoteReserve));
            require(shares != 0, ZeroAmount());
            baseIn = Math.mulDiv(shares, baseReserve, supply, Math.Rounding.Ceil);
            quoteIn = Math.mulDiv(shares, quoteReserve, supply, Math.Rounding.Ceil);
        }
        (address base, address quote) = _tokens();
        _pull(base, msg.sender, baseIn);
        _pull(quote, msg.sender, quoteIn);
        if (supply == 0) {
            shares = _fundFirst(reserves, baseIn, quoteIn, to);
        } else {
            PmmMath.State memory state = _grow(reserves, baseIn, quoteIn, shares, supply);
            _storeWithoutOracle(state, reserves, _targets);
            _mintShares(to, shares);
        }
        require(shares >= minShares, SharesBelowMinimum(shares, minShares));
    }

    /// @inheritdoc IPmmPublicPool
    function removeLiquidity(
        uint256 shares,
        uint256 minBaseOut,
        uint256 minQuoteOut,
        address to,
        uint256 deadline
    ) external lock returns (uint256 baseOut, uint256 quoteOut) {
        return _exit(shares, to, minBaseOut, minQuoteOut, deadline);
    }

    // ---- DODO's liquidity functions

    /// @inheritdoc IDodoV2PublicPool
    function buyShares(address to) external lock returns (uint256 shares, uint256 baseInput, uint256 quoteInput) {
        require(_params != 0, NotInitializable());
        (baseInput, quoteInput) = (_baseInput(), _quoteInput());
        uint256 reserves = _reserves;
        uint256 supply = totalSupply();
        if (supply == 0) {
            shares = _fundFirst(reserves, baseInput, quoteInput, to);
        } else {
            (uint256 baseReserve, uint256 quoteReserve) = (reserves.baseOf(), reserves.quoteOf());
            require(baseReserve != 0 && quoteReserve != 0, EmptyPool());
            shares = Math.min(
                Math.mulDiv(baseInput, supply, baseReserve),
                Math.mulDiv(quoteInput, supply, quoteReserve)
            );
            require(shares >= MIN_BOUGHT_SHARES, SharesBelowMinimum(shares, MIN_BOUGHT_SHARES));
            PmmMath.State memory state = _grow(reserves, baseInput, quoteInput, shares, supply);
            _storeAtAnchor(state, reserves);
            _mintShares(to, shares);
        }
    }

    /// @inheritdoc IDodoV2PublicPool
    function sellShares(
        uint256 shareAmount,
        address to,
        uint256 baseMinAmount,
        uint256 quoteMinAmount,
        bytes calldata data,
        uint256 deadline
    ) external lock returns (uint256 baseAmount, uint256 quoteAmount) {
        (baseAmount, quoteAmount) = _exit(shareAmount, to, baseMinAmount, quoteMinAmount, deadline);
        if (data.length != 0) {
            IDodoV2Callee(to).DVMSellShareCall(msg.sender, shareAmount, baseAmount, quoteAmount, data);
        }
    }

    /// @inheritdoc IDodoV2PublicPool
    function sync() external lock {
        require(totalSupply() != 0, EmptyPool());
        (address base, address quote) = _tokens();
        uint256 reserves = _reserves;
        PmmMath.State memory state = _state(0, 0, reserves, _targets);
        (state.base, state.quote) = (_balance(base), _balance(quote));
        _settle(state);
        _storeAtAnchor(state, reserves);
    }

    // ---- Shares

    function _fundFirst(uint256 reserves, uint256 baseIn, uint256 quoteIn, address to) private returns (uint256) {
        require(baseIn != 0 && quoteIn != 0, ZeroAmount());
        PmmMath.State memory state = _state(0, 0, reserves, 0);
        (state.base, state.quote) = (baseIn, quoteIn);
        _settle(state);
        _storeWithoutOracle(state, reserves, _targets);
        return _mintFirst(baseIn, quoteIn, to);
    }

    /// @dev DODO's measure of a first mint: the smaller side in base units at the anchor.
    function _mintFirst(uint256 baseIn, uint256 quoteIn, address to) private returns (uint256 shares) {
        (uint256 anchor, ) = _pullAnchors(_params);
        shares = Math.min(baseIn, Math.mulDiv(quoteIn, WAD, anchor));
        require(shares >= MIN_FIRST_SHARES, SharesBelowMinimum(shares, MIN_FIRST_SHARES));
        _mint(LOCK, LOCKED_SHARES);
        shares -= LOCKED_SHARES;
        _mintShares(to, shares);
    }

    /// @dev The state behind an increase of reserves; targets grow with the shares.
    function _grow(
        uint256 reserves,
        uint256 baseIn,
        uint256 quoteIn,
        uint256 shares,
        uint256 supply
    ) private view returns (PmmMath.State memory state) {
        state = _state(0, 0, reserves, _targets);
        state.base += baseIn;
        state.quote += quoteIn;
        _scaleTargets(state, supply + shares, supply);
    }

    function _exit(
        uint256 shares,
        address to,
        uint256 minBaseOut,
        uint256 minQuoteOut,
        uint256 deadline
    ) private returns (uint256 baseOut, uint256 quoteOut) {
        _checkDeadline(deadline);
        require(to != address(this), BadReceiver(to));
        require(shares != 0, ZeroAmount());
        (baseOut, quoteOut) = _release(shares, totalSupply());
        require(baseOut >= minBaseOut, OutputBelowMinimum(baseOut, minBaseOut));
        require(quoteOut >= minQuoteOut, OutputBelowMinimum(quoteOut, minQuoteOut));

        _burn(msg.sender, shares);
        (address base, address quote) = _tokens();
        IERC20(base).safeTransfer(to, baseOut);
        IERC20(quote).safeTransfer(to, quoteOut);
        emit Burn(msg.sender, shares);
        emit SellShares(msg.sender, to, shares, totalSupply());
    }

    /// @dev Takes the part of `shares` out of the recorded reserves.
    function _release(uint256 shares, uint256 supply) private returns (uint256 baseOut, uint256 quoteOut) {
        uint256 held = balanceOf(msg.sender);
        require(shares <= held, ERC20InsufficientBalance(msg.sender, held, shares));
        (uint256 reserves, uint256 targets) = (_reserves, _targets);
        PmmMath.State memory state = _state(0, 0, reserves, targets);
        baseOut = Math.mulDiv(state.base, shares, supply);
        quoteOut = Math.mulDiv(state.quote, shares, supply);
        state.base -= baseOut;
        state.quote -= quoteOut;
        _scaleTargets(state, supply - shares, supply);
        _storeWithoutOracle(state, reserves, targets);
    }

    /// @dev Rounded up: reserves keep at least the same share, so that no surplus turns negative.
    function _scaleTargets(PmmMath.State memory state, uint256 numerator, uint256 denominator) private pure {
        state.baseTarget = Math.mulDiv(state.baseTarget, numerator, denominator, Math.Rounding.Ceil);
        state.quoteTarget = Math.mulDiv(state.quoteTarget, numerator, denominator, Math.Rounding.Ceil);
        _settle(state);
    }

    /// @dev For changes that may move the ratio: recorded at the newest anchor.
    function _storeAtAnchor(PmmMath.State memory state, uint256 oldReserves) private {
        uint256 params = _params;
        state.k = params.kOf();
        (state.anchor, ) = _pullAnchors(params);
        _store(state, oldReserves, _targets);
    }

    function _mintShares(address to, uint256 shares) private {
        _mint(to, shares);
        emit Mint(to, shares);
        emit BuyShares(to, shares, totalSupply());
    }

    // ---- Kind

    function _checkCaller() internal view override {}

    function _checkPayer(address payer) internal view override {
        require(payer == msg.sender, NotAuthorized(payer));
    }

    function _checkGovernance() internal view override {
        require(msg.sender == IPmmFactory(factory()).owner(), NotAuthorized(msg.sender));
    }

    function _flashCallback(
        address to,
        uint256 baseAmount,
        uint256 quoteAmount,
        bytes calldata data
    ) internal override {
        IDodoV2Callee(to).DSPFlashLoanCall(msg.sender, baseAmount, quoteAmount, data);
    }

    // ---- ERC-20 metadata (a clone has no storage of its own for it)

    function name() public pure override returns (string memory) {
        return "Cantilever PMM Share";
    }

    function symbol() public pure override returns (string memory) {
        return "CPS";
    }

    /// @dev As the base token's.
    function decimals() public view override returns (uint8) {
        (address base, ) = _tokens();
        return IERC20Metadata(base).decimals();
    }
}
