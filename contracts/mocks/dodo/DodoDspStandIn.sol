// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DodoPoolStandIn} from "./DodoPoolStandIn.sol";

/// @title Stand-in of DODO's DSP pool: public shares
contract DodoDspStandIn is DodoPoolStandIn, ERC20 {
    using SafeERC20 for IERC20;

    event BuyShares(address to, uint256 increaseShares, uint256 totalShares);
    event SellShares(address payer, address to, uint256 decreaseShares, uint256 totalShares);

    error NoBaseInput();
    error ZeroQuoteAmount();
    error MintAmountNotEnough();
    error WithdrawNotEnough();
    error TimeExpired();

    constructor() ERC20("DLP", "DLP") {}

    function init(
        address maintainer,
        address base,
        address quote,
        uint256 lpFeeRate,
        uint256 mtFeeRate_,
        uint256 i,
        uint256 k,
        bool isOpenTWAP
    ) external {
        _init(maintainer, base, quote, lpFeeRate, mtFeeRate_, i, k, isOpenTWAP);
    }

    function version() external pure returns (string memory) {
        return "DSP 1.0.1";
    }

    function sync() external preventReentrant {
        _setReserves(IERC20(_BASE_TOKEN_).balanceOf(address(this)), IERC20(_QUOTE_TOKEN_).balanceOf(address(this)));
    }

    function buyShares(
        address to
    ) external preventReentrant returns (uint256 shares, uint256 baseInput, uint256 quoteInput) {
        uint256 base = IERC20(_BASE_TOKEN_).balanceOf(address(this));
        uint256 quote = IERC20(_QUOTE_TOKEN_).balanceOf(address(this));
        (baseInput, quoteInput) = (base - _BASE_RESERVE_, quote - _QUOTE_RESERVE_);
        require(baseInput > 0, NoBaseInput());
        if (totalSupply() == 0) {
            require(quote > 0, ZeroQuoteAmount());
            shares = quote < (base * _I_) / WAD ? (quote * WAD) / _I_ : base;
            (_BASE_TARGET_, _QUOTE_TARGET_) = (uint112(shares), uint112((shares * _I_) / WAD));
            require(shares > 2001, MintAmountNotEnough());
            _mint(address(1), 1001);
            shares -= 1001;
        } else {
            uint256 baseRatio = (baseInput * WAD) / _BASE_RESERVE_;
            uint256 quoteRatio = (quoteInput * WAD) / _QUOTE_RESERVE_;
            uint256 ratio = quoteRatio < baseRatio ? quoteRatio : baseRatio;
            shares = (totalSupply() * ratio) / WAD;
            _BASE_TARGET_ += uint112((uint256(_BASE_TARGET_) * ratio) / WAD);
            _QUOTE_TARGET_ += uint112((uint256(_QUOTE_TARGET_) * ratio) / WAD);
        }
        require(shares > 1000, MintAmountNotEnough());
        _mint(to, shares);
        _setReserves(base, quote);
        emit BuyShares(to, shares, totalSupply());
    }

    function sellShares(
        uint256 shareAmount,
        address to,
        uint256 baseMinAmount,
        uint256 quoteMinAmount,
        bytes calldata,
        uint256 deadline
    ) external preventReentrant returns (uint256 baseAmount, uint256 quoteAmount) {
        require(deadline >= block.timestamp, TimeExpired());
        uint256 base = IERC20(_BASE_TOKEN_).balanceOf(address(this));
        uint256 quote = IERC20(_QUOTE_TOKEN_).balanceOf(address(this));
        uint256 supply = totalSupply();
        (baseAmount, quoteAmount) = ((base * shareAmount) / supply, (quote * shareAmount) / supply);
        require(baseAmount >= baseMinAmount && quoteAmount >= quoteMinAmount, WithdrawNotEnough());
        _BASE_TARGET_ -= uint112((uint256(_BASE_TARGET_) * shareAmount) / supply);
        _QUOTE_TARGET_ -= uint112((uint256(_QUOTE_TARGET_) * shareAmount) / supply);
        _burn(msg.sender, shareAmount);
        IERC20(_BASE_TOKEN_).safeTransfer(to, baseAmount);
        IERC20(_QUOTE_TOKEN_).safeTransfer(to, quoteAmount);
        _setReserves(base - baseAmount, quote - quoteAmount);
        emit SellShares(msg.sender, to, shareAmount, totalSupply());
    }
}
