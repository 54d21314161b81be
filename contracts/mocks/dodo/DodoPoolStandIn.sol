// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IDodoV2Callee, IDodoV2Pool} from "../../interfaces/IDodoV2Pool.sol";
import {DodoMathStandIn} from "./DodoMathStandIn.sol";

/// @title What DODO's DSP and DPP pools have in common, for tests without a fork
/// @dev Own code after DODO's published behaviour: transfer first, four-word queries, fees on the output, R state, unguarded views, and
/// the cumulative price that credits the mid *after* a trade to the whole time before it.
abstract contract DodoPoolStandIn is IDodoV2Pool {
    using SafeERC20 for IERC20;

    uint256 internal constant WAD = 1e18;

    address public _BASE_TOKEN_;
    address public _QUOTE_TOKEN_;
    uint112 public _BASE_RESERVE_;
    uint112 public _QUOTE_RESERVE_;
    uint112 public _BASE_TARGET_;
    uint112 public _QUOTE_TARGET_;
    uint32 public _RState_;
    uint32 public _BLOCK_TIMESTAMP_LAST_;
    bool public _IS_OPEN_TWAP_;
    bool internal _isInitialised;
    bool internal _isEntered;
    address public _MAINTAINER_;
    address public _MT_FEE_RATE_MODEL_;
    uint256 public _BASE_PRICE_CUMULATIVE_LAST_;
    uint256 public _I_;
    uint256 public _K_;
    uint256 public _LP_FEE_RATE_;
    /// @dev The fee model answers this for everybody.
    uint256 public mtFeeRate;

    error AlreadyInitialised();
    error Reentered();
    error FlashLoanFailed();
    error FeeAboveOne();
    error BadTerms();

    modifier preventReentrant() {
        require(!_isEntered, Reentered());
        _isEntered = true;
        _;
        _isEntered = false;
    }

    function _init(
        address maintainer,
        address base,
        address quote,
        uint256 lpFeeRate,
        uint256 mtFeeRate_,
        uint256 i,
        uint256 k,
        bool isOpenTWAP
    ) internal {
        require(!_isInitialised, AlreadyInitialised());
        _isInitialised = true;
        // As on DODO: the fee rate is not checked here.
        require(base != quote && i > 0 && i <= 1e36 && k <= WAD, BadTerms());
        (_MAINTAINER_, _BASE_TOKEN_, _QUOTE_TOKEN_) = (maintainer, base, quote);
        (_LP_FEE_RATE_, mtFeeRate, _I_, _K_) = (lpFeeRate, mtFeeRate_, i, k);
        _IS_OPEN_TWAP_ = isOpenTWAP;
        _BLOCK_TIMESTAMP_LAST_ = uint32(block.timestamp);
    }

    // Trading

    function sellBase(address to) external preventReentrant returns (uint256 receiveQuoteAmount) {
        uint256 balance = IERC20(_BASE_TOKEN_).balanceOf(address(this));
        uint256 input = balance - _BASE_RESERVE_;
        uint256 mtFee;
        uint8 newR;
        uint256 newTarget;
        (receiveQuoteAmount, mtFee, newR, newTarget) = querySellBase(msg.sender, input);
        IERC20(_QUOTE_TOKEN_).safeTransfer(to, receiveQuoteAmount);
        if (mtFee > 0) IERC20(_QUOTE_TOKEN_).safeTransfer(_MAINTAINER_, mtFee);
        if (_RState_ != newR) {
            _BASE_TARGET_ = uint112(newTarget);
            _RState_ = newR;
            emit RChange(newR);
        }
        _setReserves(balance, IERC20(_QUOTE_TOKEN_).balanceOf(address(this)));
        emit DODOSwap(_BASE_TOKEN_, _QUOTE_TOKEN_, input, receiveQuoteAmount, msg.sender, to);
    }

    function sellQuote(address to) external preventReentrant returns (uint256 receiveBaseAmount) {
        uint256 balance = IERC20(_QUOTE_TOKEN_).balanceOf(address(this));
        uint256 input = balance - _QUOTE_RESERVE_;
        uint256 mtFee;
        uint8 newR;
        uint256 newTarget;
        (receiveBaseAmount, mtFee, newR, newTarget) = querySellQuote(msg.sender, input);
        IERC20(_BASE_TOKEN_).safeTransfer(to, receiveBaseAmount);
        if (mtFee > 0) IERC20(_BASE_TOKEN_).safeTransfer(_MAINTAINER_, mtFee);
        if (_RState_ != newR) {
            _QUOTE_TARGET_ = uint112(newTarget);
            _RState_ = newR;
            emit RChange(newR);
        }
        _setReserves(IERC20(_BASE_TOKEN_).balanceOf(address(this)), balance);
        emit DODOSwap(_QUOTE_TOKEN_, _BASE_TOKEN_, input, receiveBaseAmount, msg.sender, to);
    }

    /// @dev A free loan, or a swap of whatever side came back above its reserve.
    function flashLoan(
        uint256 baseAmount,
        uint256 quoteAmount,
        address assetTo,
        bytes calldata data
    ) external preventReentrant {
        IERC20(_BASE_TOKEN_).safeTransfer(assetTo, baseAmount);
        IERC20(_QUOTE_TOKEN_).safeTransfer(assetTo, quoteAmount);
        if (data.length > 0) _callBack(assetTo, baseAmount, quoteAmount, data);
        uint256 base = IERC20(_BASE_TOKEN_).balanceOf(address(this));
        uint256 quote = IERC20(_QUOTE_TOKEN_).balanceOf(address(this));
        require(base >= _BASE_RESERVE_ || quote >= _QUOTE_RESERVE_, FlashLoanFailed());
        if (base < _BASE_RESERVE_) {
            (uint256 out, , uint8 newR, uint256 newTarget) = querySellQuote(msg.sender, quote - _QUOTE_RESERVE_);
            require(_BASE_RESERVE_ - base <= out, FlashLoanFailed());
            if (_RState_ != newR) (_QUOTE_TARGET_, _RState_) = (uint112(newTarget), newR);
        }
        if (quote < _QUOTE_RESERVE_) {
            (uint256 out, , uint8 newR, uint256 newTarget) = querySellBase(msg.sender, base - _BASE_RESERVE_);
            require(_QUOTE_RESERVE_ - quote <= out, FlashLoanFailed());
            if (_RState_ != newR) (_BASE_TARGET_, _RState_) = (uint112(newTarget), newR);
        }
        _setReserves(base, quote);
        emit DODOFlashLoan(msg.sender, assetTo, baseAmount, quoteAmount);
    }

    function _callBack(address to, uint256 baseAmount, uint256 quoteAmount, bytes calldata data) internal virtual {
        IDodoV2Callee(to).DSPFlashLoanCall(msg.sender, baseAmount, quoteAmount, data);
    }

    // Queries

    function querySellBase(
        address,
        uint256 payBaseAmount
    ) public view returns (uint256 receiveQuoteAmount, uint256 mtFee, uint8 newRState, uint256 newBaseTarget) {
        PMMState memory s = getPMMState();
        uint256 output;
        if (s.R == 0) {
            output = DodoMathStandIn.away(s.Q0, s.Q, payBaseAmount, s.i, s.K);
            newRState = 2;
        } else if (s.R == 1) {
            uint256 toTarget = s.B0 - s.B;
            uint256 atTarget = s.Q - s.Q0;
            if (payBaseAmount < toTarget) {
                output = DodoMathStandIn.back(s.B0, s.B + payBaseAmount, s.B, s.i, s.K);
                if (output > atTarget) output = atTarget;
                newRState = 1;
            } else {
                output = atTarget + DodoMathStandIn.away(s.Q0, s.Q0, payBaseAmount - toTarget, s.i, s.K);
                newRState = payBaseAmount == toTarget ? 0 : 2;
            }
        } else {
            output = DodoMathStandIn.away(s.Q0, s.Q, payBaseAmount, s.i, s.K);
            newRState = 2;
        }
        newBaseTarget = s.B0;
        (receiveQuoteAmount, mtFee) = _afterFees(output);
    }

    function querySellQuote(
        address,
        uint256 payQuoteAmount
    ) public view returns (uint256 receiveBaseAmount, uint256 mtFee, uint8 newRState, uint256 newQuoteTarget) {
        PMMState memory s = getPMMState();
        uint256 p = 1e36 / s.i;
        uint256 output;
        if (s.R == 0) {
            output = DodoMathStandIn.away(s.B0, s.B, payQuoteAmount, p, s.K);
            newRState = 1;
        } else if (s.R == 1) {
            output = DodoMathStandIn.away(s.B0, s.B, payQuoteAmount, p, s.K);
            newRState = 1;
        } else {
            uint256 toTarget = s.Q0 - s.Q;
            uint256 atTarget = s.B - s.B0;
            if (payQuoteAmount < toTarget) {
                output = DodoMathStandIn.back(s.Q0, s.Q + payQuoteAmount, s.Q, p, s.K);
                if (output > atTarget) output = atTarget;
                newRState = 2;
            } else {
                output = atTarget + DodoMathStandIn.away(s.B0, s.B0, payQuoteAmount - toTarget, p, s.K);
                newRState = payQuoteAmount == toTarget ? 0 : 1;
            }
        }
        newQuoteTarget = s.Q0;
        (receiveBaseAmount, mtFee) = _afterFees(output);
    }

    function _afterFees(uint256 output) internal view returns (uint256 net, uint256 mtFee) {
        require(_LP_FEE_RATE_ <= WAD, FeeAboveOne());
        mtFee = (output * mtFeeRate) / WAD;
        net = output - mtFee - (output * _LP_FEE_RATE_) / WAD;
    }

    function getPMMState() public view returns (PMMState memory s) {
        s = PMMState(_I_, _K_, _BASE_RESERVE_, _QUOTE_RESERVE_, _BASE_TARGET_, _QUOTE_TARGET_, uint8(_RState_));
        if (s.R == 2 && s.B >= s.B0) s.Q0 = DodoMathStandIn.target(s.Q, s.B - s.B0, s.i, s.K);
        if (s.R == 1 && s.Q >= s.Q0) s.B0 = DodoMathStandIn.target(s.B, s.Q - s.Q0, 1e36 / s.i, s.K);
    }

    function getPMMStateForCall()
        external
        view
        returns (uint256 i, uint256 K, uint256 B, uint256 Q, uint256 B0, uint256 Q0, uint256 R)
    {
        PMMState memory s = getPMMState();
        return (s.i, s.K, s.B, s.Q, s.B0, s.Q0, s.R);
    }

    function getMidPrice() public view returns (uint256 midPrice) {
        PMMState memory s = getPMMState();
        if (s.R == 2) {
            uint256 r = (((s.Q0 * s.Q0) / s.Q) * WAD) / s.Q;
            return (s.i * WAD) / (WAD - s.K + (s.K * r) / WAD);
        }
        uint256 ratio = (((s.B0 * s.B0) / s.B) * WAD) / s.B;
        return (s.i * (WAD - s.K + (s.K * ratio) / WAD)) / WAD;
    }

    function getVaultReserve() external view returns (uint256 baseReserve, uint256 quoteReserve) {
        return (_BASE_RESERVE_, _QUOTE_RESERVE_);
    }

    function getBaseInput() external view returns (uint256 input) {
        return IERC20(_BASE_TOKEN_).balanceOf(address(this)) - _BASE_RESERVE_;
    }

    function getQuoteInput() external view returns (uint256 input) {
        return IERC20(_QUOTE_TOKEN_).balanceOf(address(this)) - _QUOTE_RESERVE_;
    }

    function getUserFeeRate(address) external view returns (uint256, uint256) {
        return (_LP_FEE_RATE_, mtFeeRate);
    }

    // Internal

    /// @dev The flaw: the mid after the change is credited to the whole interval before it.
    function _setReserves(uint256 base, uint256 quote) internal {
        (_BASE_RESERVE_, _QUOTE_RESERVE_) = (uint112(base), uint112(quote));
        if (!_IS_OPEN_TWAP_) return;
        uint32 elapsed;
        unchecked {
            elapsed = uint32(block.timestamp) - _BLOCK_TIMESTAMP_LAST_;
        }
        if (elapsed > 0 && base != 0 && quote != 0) _BASE_PRICE_CUMULATIVE_LAST_ += getMidPrice() * elapsed;
        _BLOCK_TIMESTAMP_LAST_ = uint32(block.timestamp);
    }
}
