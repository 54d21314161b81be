// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {PmmMath} from "./PmmMath.sol";
import {PmmState} from "./PmmState.sol";
import {PoolWords} from "./PoolWords.sol";

/// @title PmmPool
/// @notice What public and private pools share: sales, queries, flash loans and delayed parameter changes.
abstract contract PmmPool is PmmState {
    using PoolWords for uint256;
    using SafeERC20 for IERC20;

    // Accepted parameters; the factory's checks read them through `checkParameters`.
    uint256 internal constant MIN_I = 1e9;
    uint256 internal constant MAX_I = 1e36;
    uint256 internal constant MIN_K = 1e14; // 0.0001
    uint256 internal constant MAX_K = 0.999e18;
    uint256 internal constant MIN_LP_FEE_RATE = 1e13; // 0.1 bps
    uint256 internal constant MAX_LP_FEE_RATE = 1e16; // 1 %
    uint256 internal constant MAX_K_STEP = 0.25e18;

    uint256 private _pendingParams;
    uint256 private _pendingReadyAt;

    // ---- Access, decided by the kind

    /// @dev Reverts unless the caller may use state-changing functions.
    function _checkCaller() internal view virtual;

    /// @dev Reverts unless the caller may have `payer` pay.
    function _checkPayer(address payer) internal view virtual;

    /// @dev Reverts unless the caller may announce parameters.
    function _checkGovernance() internal view virtual;

    function _flashCallback(address to, uint256 baseAmount, uint256 quoteAmount, bytes calldata data) internal virtual;

    // ---- Initialisation

    /// @dev Parameters, first reserves with mid = anchor, and the start of the history.
    function _initialize(uint256 i, uint256 k, uint256 lpFeeRate, uint256 baseReserve, uint256 quoteReserve) internal {
        require(msg.sender == factory(), NotAuthorized(msg.sender));
        require(_params == 0, NotInitializable());
        _checkParameters(_isOracle(), i, k, lpFeeRate);
        _params = PoolWords.packParams(i, k, lpFeeRate);
        _startHistory();
        if (baseReserve == 0 && quoteReserve == 0) return;
        require(baseReserve <= PmmMath.MAX_RESERVE, ReserveOverflow(baseReserve));
        require(quoteReserve <= PmmMath.MAX_RESERVE, ReserveOverflow(quoteReserve));
        _reserves = PoolWords.packReserves(baseReserve, quoteReserve, PmmMath.ONE, 0);
        _targets = PoolWords.packTargets(baseReserve, quoteReserve);
    }

    // ---- Pull-based sales

    /// @inheritdoc IPmmPool
    function swapBase(
        uint256 baseIn,
        uint256 minQuoteOut,
        address payer,
        address to,
        uint256 deadline
    ) external lock returns (uint256 quoteOut) {
        return _swap(true, baseIn, minQuoteOut, payer, to, deadline);
    }

    /// @inheritdoc IPmmPool
    function swapQuote(
        uint256 quoteIn,
        uint256 minBaseOut,
        address payer,
        address to,
        uint256 deadline
    ) external lock returns (uint256 baseOut) {
        return _swap(false, quoteIn, minBaseOut, payer, to, deadline);
    }

    function _swap(
        bool isSellBase,
        uint256 amountIn,
        uint256 minOut,
        address payer,
        address to,
        uint256 deadline
    ) private returns (uint256 amountOut) {
        _checkPayer(payer);
        _checkDeadline(deadline);
        (address base, address quote) = _tokens();
        _pull(isSellBase ? base : quote, payer, amountIn);
        amountOut = _sell(isSellBase, amountIn, to, msg.sender == stabilizer);
        require(amountOut >= minOut, OutputBelowMinimum(amountOut, minOut));
    }

    // ---- DODO's transfer-first sales

    /// @inheritdoc IDodoV2Pool
    function sellBase(address to) external lock returns (uint256 receiveQuoteAmount) {
        _checkCaller();
        return _sell(true, _baseInput(), to, false);
    }

    /// @inheritdoc IDodoV2Pool
    function sellQuote(address to) external lock returns (uint256 receiveBaseAmount) {
        _checkCaller();
        return _sell(false, _quoteInput(), to, false);
    }

    /// @dev `amountIn` already lies in the pool beyond the recorded reserve.
    function _sell(bool isSellBase, uint256 amountIn, address to, bool exempt) internal returns (uint256 amountOut) {
        uint256 reserves = _reserves;
        uint256 targets = _targets;
        PmmMath.State memory state;
        (uint256 anchorNew, uint256 lpFeeRate) = _load(isSellBase, state, reserves, targets);
        // The older anchor guards against outsiders who trade around a round; the stabilizer is none and acts at the newest.
        if (exempt) state.anchor = anchorNew;
        uint256 mtFee;
        (amountOut, mtFee, ) = _fill(isSellBase, state, amountIn, exempt ? 0 : lpFeeRate, exempt ? 0 : mtFeeRate);
        state.anchor = anchorNew;
        _store(state, reserves, targets);

        _pay(isSellBase, amountIn, amountOut, mtFee, to, true);
    }

    /// @dev In a flash loan the receiver holds the output already.
    function _pay(
        bool isSellBase,
        uint256 amountIn,
        uint256 amountOut,
        uint256 mtFee,
        address to,
        bool transferOut
    ) private {
        (address tokenIn, address tokenOut) = _tokens();
        if (!isSellBase) (tokenIn, tokenOut) = (tokenOut, tokenIn);
        if (mtFee != 0) IERC20(tokenOut).safeTransfer(_MAINTAINER_, mtFee);
        if (transferOut) IERC20(tokenOut).safeTransfer(to, amountOut);
        emit DODOSwap(tokenIn, tokenOut, amountIn, amountOut, msg.sender, to);
    }

    /// @dev Fills `state` at the anchor a trader gets; the newest anchor is for the record.
    function _load(
        bool isSellBase,
        PmmMath.State memory state,
        uint256 reserves,
        uint256 targets
    ) private returns (uint256 anchorNew, uint256 lpFeeRate) {
        uint256 params = _params;
        uint256 anchorPrevious;
        (anchorNew, anchorPrevious) = _pullAnchors(params);
        state.anchor = _traderAnchor(isSellBase, anchorNew, anchorPrevious);
        state.k = params.kOf();
        _unpack(state, reserves, targets);
        lpFeeRate = params.lpFeeRateOf();
    }

    /// @dev Prices one sale and moves `state` behind it. Fees are taken from the output and rounded up; the LP fee stays in the reserves.
    function _fill(
        bool isSellBase,
        PmmMath.State memory state,
        uint256 amountIn,
        uint256 lpFeeRate,
        uint256 mtRate
    ) internal pure returns (uint256 amountOut, uint256 mtFee, uint256 newInTarget) {
        require(amountIn != 0, ZeroAmount());
        require(state.base != 0 && state.quote != 0, EmptyPool());
        unchecked {
            (uint256 newReserveIn, uint256 reserveOut) = isSellBase
                ? (state.base + amountIn, state.quote)
                : (state.quote + amountIn, state.base);
            require(
                amountIn <= PmmMath.MAX_RESERVE && newReserveIn <= PmmMath.MAX_RESERVE,
                ReserveOverflow(newReserveIn)
            );
            uint256 gross;
            (gross, newInTarget) = PmmMath.trade(isSellBase, state, amountIn);
            require(gross < reserveOut, ReserveExhausted(gross, reserveOut));
            uint256 lpFee = _feeUp(gross, lpFeeRate);
            if (mtRate != 0) mtFee = Math.min(_feeUp(gross, mtRate), gross - lpFee);
            amountOut = gross - lpFee - mtFee;
            _move(isSellBase, state, newReserveIn, reserveOut - amountOut - mtFee, newInTarget);
        }
    }

    function _move(
        bool isSellBase,
        PmmMath.State memory state,
        uint256 newReserveIn,
        uint256 newReserveOut,
        uint256 newInTarget
    ) private pure {
        (state.base, state.quote) = isSellBase ? (newReserveIn, newReserveOut) : (newReserveOut, newReserveIn);
        if (newInTarget != 0) {
            if (newInTarget == newReserveIn) return _anchorHere(state);
            if (isSellBase) state.baseTarget = newInTarget;
            else state.quoteTarget = newInTarget;
        } else if (state.r != PmmMath.ONE) {
            return;
        }
        state.r = isSellBase ? PmmMath.BELOW : PmmMath.ABOVE;
    }

    /// @dev mid = anchor with the reserves as they are.
    function _anchorHere(PmmMath.State memory state) internal pure {
        (state.baseTarget, state.quoteTarget, state.r) = (state.base, state.quote, PmmMath.ONE);
    }

    /// @dev Restores the rules between reserves, targets and R after reserves changed without a sale.
    function _settle(PmmMath.State memory state) internal pure {
        require(state.base <= PmmMath.MAX_RESERVE, ReserveOverflow(state.base));
        require(state.quote <= PmmMath.MAX_RESERVE, ReserveOverflow(state.quote));
        if (
            state.r == PmmMath.ONE ||
            state.base == 0 ||
            state.quote == 0 ||
            (state.r == PmmMath.BELOW ? state.base <= state.baseTarget : state.quote <= state.quoteTarget)
        ) _anchorHere(state);
    }

    /// @dev Records the history, then writes what differs from the two words read before.
    function _store(PmmMath.State memory state, uint256 oldReserves, uint256 oldTargets) internal {
        _storeWithRatio(state, oldReserves, oldTargets, _keepsHistory() ? PmmMath.ratioWad(state) : 0);
    }

    /// @dev For liquidity operations that keep the ratio up to rounding: an ORACLE pool keeps its recorded value, so that no oracle can
    /// hold up an exit.
    function _storeWithoutOracle(PmmMath.State memory state, uint256 oldReserves, uint256 oldTargets) internal {
        uint256 ratio = _keepsHistory() ? WAD : 0;
        if (ratio != 0 && state.r != PmmMath.ONE) {
            uint256 params = _params;
            (state.anchor, state.k) = (params.iOf(), params.kOf());
            ratio = state.anchor == 0 ? _head.ratioOf() : PmmMath.ratioWad(state);
        }
        _storeWithRatio(state, oldReserves, oldTargets, ratio);
    }

    function _storeWithRatio(
        PmmMath.State memory state,
        uint256 oldReserves,
        uint256 oldTargets,
        uint256 ratio
    ) internal {
        uint256 index = oldReserves.indexOf();
        // A ratio is never 0: that stands for a pool without history.
        if (ratio != 0) index = _record(ratio, index);
        _reserves = PoolWords.packReserves(state.base, state.quote, state.r, index);
        uint256 targets = PoolWords.packTargets(state.baseTarget, state.quoteTarget);
        if (targets != oldTargets) _targets = targets;
        if (state.r != oldReserves.rOf()) emit RChange(state.r);
    }

    function _feeUp(uint256 amount, uint256 rate) internal pure returns (uint256) {
        unchecked {
            return (amount * rate + WAD - 1) / WAD; // amount < 2^112, rate <= 1e18
        }
    }

    function _checkDeadline(uint256 deadline) internal view {
        require(deadline >= block.timestamp, DeadlineExpired(deadline, block.timestamp));
    }

    /// @dev `balanceOf` without the detours of the compiler; reverts as it does when the token does not answer.
    function _balance(address token) internal view returns (uint256 held) {
        bool ok;
        assembly ("memory-safe") {
            mstore(0x00, 0x70a08231) // balanceOf(address)
            mstore(0x20, address())
            ok := and(gt(returndatasize(), 31), staticcall(gas(), token, 0x1c, 0x24, 0x00, 0x20))
            held := mload(0x00)
        }
        require(ok, NotAContract(token));
    }

    /// @dev Takes exactly `amount` or reverts.
    function _pull(address token, address payer, uint256 amount) internal {
        uint256 before = _balance(token);
        IERC20(token).safeTransferFrom(payer, address(this), amount);
        uint256 received = _balance(token) - before;
        require(received == amount, TransferMismatch(token, received, amount));
    }

    // ---- Flash loans

    /// @inheritdoc IDodoV2Pool
    function flashLoan(uint256 baseAmount, uint256 quoteAmount, address assetTo, bytes calldata data) external lock {
        _checkCaller();
        uint256 reserves = _reserves;
        require(baseAmount != 0 || quoteAmount != 0, ZeroAmount());
        require(baseAmount <= reserves.baseOf(), ReserveExhausted(baseAmount, reserves.baseOf()));
        require(quoteAmount <= reserves.quoteOf(), ReserveExhausted(quoteAmount, reserves.quoteOf()));
        (address base, address quote) = _tokens();
        if (baseAmount != 0) IERC20(base).safeTransfer(assetTo, baseAmount);
        if (quoteAmount != 0) IERC20(quote).safeTransfer(assetTo, quoteAmount);
        if (data.length != 0) _flashCallback(assetTo, baseAmount, quoteAmount, data);
        _settleLoan(_feeUp(baseAmount, flashFeeRate), _feeUp(quoteAmount, flashFeeRate), assetTo);
        emit DODOFlashLoan(msg.sender, assetTo, baseAmount, quoteAmount);
    }

    /// @dev Each side must be back with its fee; one missing side may be covered by selling the other side's surplus, at the price and
    /// the fees of a swap on the state before the loan.
    function _settleLoan(uint256 baseFee, uint256 quoteFee, address assetTo) private {
        (uint256 reserves, uint256 targets) = (_reserves, _targets);
        (bool isSellBase, uint256 over, uint256 short) = _measureLoan(reserves, baseFee, quoteFee);
        PmmMath.State memory state;
        (uint256 anchorNew, uint256 lpFeeRate) = _load(isSellBase, state, reserves, targets);
        if (short != 0) _cover(isSellBase, state, over, short, lpFeeRate, assetTo);
        state.anchor = anchorNew;
        state.base += baseFee;
        state.quote += quoteFee;
        _settle(state);
        _store(state, reserves, targets);
    }

    /// @dev Sells `over`, which the pool holds already; the borrower keeps `short` of the other token. What the sale pays beyond it
    /// becomes surplus.
    function _cover(
        bool isSellBase,
        PmmMath.State memory state,
        uint256 over,
        uint256 short,
        uint256 lpFeeRate,
        address assetTo
    ) private {
        (uint256 paid, uint256 mtFee, ) = _fill(isSellBase, state, over, lpFeeRate, mtFeeRate);
        // Not `require`: it would compute the difference also when it is negative.
        if (paid < short) revert FlashLoanNotRepaid(isSellBase ? 0 : short - paid, isSellBase ? short - paid : 0);
        _pay(isSellBase, over, short, mtFee, assetTo, false);
    }

    /// @return isSellBase whether base covers for missing quote, or the reverse.
    /// @return over what the pool holds of the covering token beyond all that is owed.
    /// @return short what is missing of the other token; 0 = repaid.
    function _measureLoan(
        uint256 reserves,
        uint256 baseFee,
        uint256 quoteFee
    ) private view returns (bool isSellBase, uint256 over, uint256 short) {
        (address base, address quote) = _tokens();
        (uint256 baseShort, uint256 baseOver) = _compare(_balance(base), reserves.baseOf() + baseFee);
        (uint256 quoteShort, uint256 quoteOver) = _compare(_balance(quote), reserves.quoteOf() + quoteFee);
        isSellBase = quoteShort != 0;
        (over, short) = isSellBase ? (baseOver, quoteShort) : (quoteOver, baseShort);
        require(short == 0 || over != 0, FlashLoanNotRepaid(baseShort, quoteShort));
    }

    function _compare(uint256 held, uint256 owed) private pure returns (uint256 short, uint256 over) {
        return held < owed ? (owed - held, uint256(0)) : (uint256(0), held - owed);
    }

    // ---- Parameters

    /// @inheritdoc IPmmPool
    function proposeParameters(uint256 i, uint256 k, uint256 lpFeeRate) external lock {
        _checkGovernance();
        _checkStep(_params, i, k, lpFeeRate);
        uint256 readyAt = block.timestamp + parameterDelay;
        _pendingParams = PoolWords.packParams(i, k, lpFeeRate);
        _pendingReadyAt = readyAt;
        emit ParametersProposed(i, k, lpFeeRate, readyAt);
    }

    /// @inheritdoc IPmmPool
    function cancelParameters() external lock {
        _checkGovernance();
        require(_pendingReadyAt != 0, NothingPending());
        (_pendingParams, _pendingReadyAt) = (0, 0);
        emit ParametersCancelled();
    }

    /// @inheritdoc IPmmPool
    function applyParameters() external lock {
        _checkCaller();
        uint256 pending = _pendingParams;
        uint256 readyAt = _pendingReadyAt;
        require(readyAt != 0, NothingPending());
        require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
        (_pendingParams, _pendingReadyAt) = (0, 0);

        uint256 params = _params;
        (uint256 i, uint256 k, uint256 lpFeeRate) = (pending.iOf(), pending.kOf(), pending.lpFeeRateOf());
        _checkStep(params, i, k, lpFeeRate);

        bool isOracle = _isOracle();
        (uint256 reserves, uint256 targets) = (_reserves, _targets);
        (uint256 anchor, ) = _pullAnchors(params);
        PmmMath.State memory state = _state(anchor, params.kOf(), reserves, targets);
        _checkBalanced(PmmMath.ratioWad(state), params.lpFeeRateOf());
        _checkBalanced(_blockEnd(block.number - 1), params.lpFeeRateOf());

        _params = pending;
        state.k = k;
        if (!isOracle) state.anchor = i;
        _store(state, reserves, targets);
        if (!isOracle) {
            uint256 cumulative = _head.cumulativeOf();
            unchecked {
                _cumulativeOffset += cumulative * params.iOf() - cumulative * i;
            }
        }
        emit ParametersApplied(i, k, lpFeeRate);
    }

    /// @inheritdoc IPmmPool
    function pendingParameters() external view returns (uint256 i, uint256 k, uint256 lpFeeRate, uint256 readyAt) {
        uint256 pending = _pendingParams;
        return (pending.iOf(), pending.kOf(), pending.lpFeeRateOf(), _pendingReadyAt);
    }

    /// @dev The step of `i` is at most one LP fee, so that a sandwich around it pays two fees for one step.
    function _checkStep(uint256 params, uint256 i, uint256 k, uint256 lpFeeRate) private view {
        _checkParameters(_isOracle(), i, k, lpFeeRate);
        uint256 currentFee = params.lpFeeRateOf();
        _checkDistance(params.iOf(), i, currentFee);
        _checkDistance(params.kOf(), k, MAX_K_STEP);
        require(
            lpFeeRate <= 2 * currentFee && currentFee <= 2 * lpFeeRate,
            StepTooLarge(currentFee, lpFeeRate, 2 * WAD)
        );
    }

    function _checkDistance(uint256 current, uint256 proposed, uint256 maxStepWad) private pure {
        uint256 distance = current > proposed ? current - proposed : proposed - current;
        require(distance <= Math.mulDiv(current, maxStepWad, WAD), StepTooLarge(current, proposed, maxStepWad));
    }

    function _checkBalanced(uint256 ratio, uint256 lpFeeRate) private pure {
        require((ratio > WAD ? ratio - WAD : WAD - ratio) <= lpFeeRate, NotBalanced(ratio, lpFeeRate));
    }

    function _checkParameters(bool isOracle, uint256 i, uint256 k, uint256 lpFeeRate) internal pure {
        (uint256 minI, uint256 maxI) = isOracle ? (uint256(0), uint256(0)) : (MIN_I, MAX_I);
        require(i >= minI && i <= maxI, OutOfRange(i, minI, maxI));
        require(k >= MIN_K && k <= MAX_K, OutOfRange(k, MIN_K, MAX_K));
        require(
            lpFeeRate >= MIN_LP_FEE_RATE && lpFeeRate <= MAX_LP_FEE_RATE,
            OutOfRange(lpFeeRate, MIN_LP_FEE_RATE, MAX_LP_FEE_RATE)
        );
    }

    // ---- Queries

    /// @inheritdoc IDodoV2Pool
    function querySellBase(
        address trader,
        uint256 payBaseAmount
    )
        external
        view
        settled
        returns (uint256 receiveQuoteAmount, uint256 mtFee, uint8 newRState, uint256 newBaseTarget)
    {
        return _query(true, trader, payBaseAmount);
    }

    /// @inheritdoc IDodoV2Pool
    function querySellQuote(
        address trader,
        uint256 payQuoteAmount
    )
        external
        view
        settled
        returns (uint256 receiveBaseAmount, uint256 mtFee, uint8 newRState, uint256 newQuoteTarget)
    {
        return _query(false, trader, payQuoteAmount);
    }

    function _query(
        bool isSellBase,
        address trader,
        uint256 amountIn
    ) private view returns (uint256 amountOut, uint256 mtFee, uint8 newRState, uint256 newInTarget) {
        PmmMath.State memory state = _queryState(isSellBase, trader);
        (uint256 lpFeeRate, uint256 mtRate) = getUserFeeRate(trader);
        (amountOut, mtFee, newInTarget) = _fill(isSellBase, state, amountIn, lpFeeRate, mtRate);
        if (newInTarget == 0) newInTarget = isSellBase ? state.baseTarget : state.quoteTarget;
        newRState = state.r;
    }

    function _queryState(bool isSellBase, address trader) private view returns (PmmMath.State memory) {
        (uint256 anchorNew, uint256 anchorPrevious) = _readAnchors();
        if (trader == stabilizer) anchorPrevious = anchorNew;
        return _state(_traderAnchor(isSellBase, anchorNew, anchorPrevious), _params.kOf(), _reserves, _targets);
    }

    /// @inheritdoc IDodoV2Pool
    function getPMMState() public view settled returns (PMMState memory pmm) {
        PmmMath.State memory state = _viewState();
        (, uint256 shortUp) = PmmMath.shortage(state);
        return
            PMMState({
                i: state.anchor,
                K: state.k,
                B: state.base,
                Q: state.quote,
                B0: state.r == PmmMath.ABOVE ? state.base + shortUp : state.baseTarget,
                Q0: state.r == PmmMath.BELOW ? state.quote + shortUp : state.quoteTarget,
                R: state.r
            });
    }

    /// @inheritdoc IDodoV2Pool
    function getPMMStateForCall()
        external
        view
        returns (uint256 i, uint256 K, uint256 B, uint256 Q, uint256 B0, uint256 Q0, uint256 R)
    {
        PMMState memory state = getPMMState();
        return (state.i, state.K, state.B, state.Q, state.B0, state.Q0, state.R);
    }

    /// @inheritdoc IDodoV2Pool
    function getMidPrice() external view settled returns (uint256 midPrice) {
        PmmMath.State memory state = _viewState();
        return Math.mulDiv(state.anchor, PmmMath.ratioWad(state), WAD);
    }

    /// @inheritdoc IPmmPool
    function anchors() external view settled returns (uint256 anchorNew, uint256 anchorPrevious) {
        return _readAnchors();
    }

    /// @inheritdoc IPmmPool
    function spotRatio() external view settled returns (uint256 ratioWad) {
        return PmmMath.ratioWad(_viewState());
    }

    /// @inheritdoc IPmmPool
    function amountToAnchor() external view settled returns (bool sellBase_, uint256 amountIn) {
        PmmMath.State memory state = _viewState();
        (amountIn, ) = PmmMath.shortage(state);
        return (state.r == PmmMath.ABOVE, amountIn);
    }

    /// @inheritdoc IPmmPool
    function stabilizerView(
        uint256 count,
        uint256 oracleAnchor
    ) external view settled returns (uint256[] memory ratiosWad, uint256 anchor, bool sellBase_, uint256 amountIn) {
        uint256 reserves = _reserves;
        ratiosWad = _recentBlockEnds(count, reserves);
        uint256 params = _params;
        anchor = params.iOf();
        if (anchor == 0) anchor = oracleAnchor <= MAX_ANCHOR ? oracleAnchor : 0;
        if (anchor == 0) return (ratiosWad, 0, false, 0);
        PmmMath.State memory state = _state(anchor, params.kOf(), reserves, _targets);
        (amountIn, ) = PmmMath.shortage(state);
        sellBase_ = state.r == PmmMath.ABOVE;
    }

    /// @inheritdoc IDodoV2Pool
    function getVaultReserve() external view settled returns (uint256 baseReserve, uint256 quoteReserve) {
        uint256 reserves = _reserves;
        return (reserves.baseOf(), reserves.quoteOf());
    }

    /// @inheritdoc IDodoV2Pool
    function getBaseInput() external view settled returns (uint256 input) {
        return _baseInput();
    }

    /// @inheritdoc IDodoV2Pool
    function getQuoteInput() external view settled returns (uint256 input) {
        return _quoteInput();
    }

    function _baseInput() internal view returns (uint256) {
        (address base, ) = _tokens();
        return Math.saturatingSub(_balance(base), _reserves.baseOf());
    }

    function _quoteInput() internal view returns (uint256) {
        (, address quote) = _tokens();
        return Math.saturatingSub(_balance(quote), _reserves.quoteOf());
    }

    /// @inheritdoc IDodoV2Pool
    function getUserFeeRate(address user) public view returns (uint256 lpFeeRate, uint256 mtFeeRate_) {
        if (user == stabilizer) return (0, 0);
        return (_params.lpFeeRateOf(), mtFeeRate);
    }

    // ---- Getters

    /// @inheritdoc IPmmPool
    function pricing() external view returns (Pricing) {
        return _isOracle() ? Pricing.ORACLE : Pricing.FIXED;
    }

    /// @inheritdoc IPmmPool
    function factory() public view returns (address factory_) {
        (, , factory_, ) = _args();
    }

    /// @inheritdoc IDodoV2Pool
    function version() external pure returns (string memory) {
        return "Cantilever PMM 1.0.0";
    }

    function _BASE_TOKEN_() external view returns (address base) {
        (base, ) = _tokens();
    }

    function _QUOTE_TOKEN_() external view returns (address quote) {
        (, quote) = _tokens();
    }

    function _BASE_RESERVE_() external view settled returns (uint112) {
        return uint112(_reserves.baseOf());
    }

    function _QUOTE_RESERVE_() external view settled returns (uint112) {
        return uint112(_reserves.quoteOf());
    }

    function _BASE_TARGET_() external view settled returns (uint112) {
        return uint112(_targets.baseOf());
    }

    function _QUOTE_TARGET_() external view settled returns (uint112) {
        return uint112(_targets.quoteOf());
    }

    function _RState_() external view settled returns (uint32) {
        return _reserves.rOf();
    }

    /// @inheritdoc IDodoV2Pool
    /// @dev FIXED: price seconds of `i`-scaled mids at block ends. ORACLE: ratio seconds (mid / anchor at each block's own anchor).
    function _BASE_PRICE_CUMULATIVE_LAST_() external view settled returns (uint256) {
        uint256 cumulative = _head.cumulativeOf();
        if (_isOracle()) return cumulative;
        unchecked {
            return (cumulative * _params.iOf() + _cumulativeOffset) / WAD;
        }
    }

    function _BLOCK_TIMESTAMP_LAST_() external view settled returns (uint32) {
        return uint32(_head.timestampOf());
    }

    function _IS_OPEN_TWAP_() external view returns (bool) {
        (, , , uint256 flags) = _args();
        return flags & 2 != 0;
    }

    function _MT_FEE_RATE_MODEL_() external pure returns (address) {
        return address(0);
    }

    function _I_() external view returns (uint256) {
        return _params.iOf();
    }

    function _K_() external view returns (uint256) {
        return _params.kOf();
    }

    function _LP_FEE_RATE_() external view returns (uint256) {
        return _params.lpFeeRateOf();
    }
}
