// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IDodoV2Callee} from "../../interfaces/IDodoV2Pool.sol";
import {DodoPoolStandIn} from "./DodoPoolStandIn.sol";

/// @title Ownership in two steps, set once by whoever comes first
contract DodoOwnableStandIn {
    address public _OWNER_;
    address public _NEW_OWNER_;

    error NotOwner();
    error NotNewOwner();
    error OwnerSet();

    modifier onlyOwner() {
        require(msg.sender == _OWNER_, NotOwner());
        _;
    }

    function initOwner(address newOwner) public {
        require(_OWNER_ == address(0), OwnerSet());
        _OWNER_ = newOwner;
    }

    function transferOwnership(address newOwner) external onlyOwner {
        _NEW_OWNER_ = newOwner;
    }

    function claimOwnership() external {
        require(msg.sender == _NEW_OWNER_, NotNewOwner());
        _OWNER_ = _NEW_OWNER_;
        _NEW_OWNER_ = address(0);
    }
}

/// @title Stand-in of DODO's DPP pool: owner-funded, no shares, no public `sync`
/// @dev As on DODO, a clone belongs to whoever initialises it first.
contract DodoDppStandIn is DodoPoolStandIn, DodoOwnableStandIn {
    using SafeERC20 for IERC20;

    error ReserveNotEnough();

    function init(
        address owner,
        address maintainer,
        address base,
        address quote,
        uint256 lpFeeRate,
        uint256 mtFeeRate_,
        uint256 k,
        uint256 i,
        bool isOpenTWAP
    ) external {
        initOwner(owner);
        require(lpFeeRate <= WAD, FeeAboveOne());
        _init(maintainer, base, quote, lpFeeRate, mtFeeRate_, i, k, isOpenTWAP);
        _reset();
    }

    function version() external pure returns (string memory) {
        return "DPP 1.0.0";
    }

    /// @notice Re-anchors the targets to the balances.
    function reset(
        address assetTo,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        uint256 baseOut,
        uint256 quoteOut,
        uint256 minBaseReserve,
        uint256 minQuoteReserve
    ) external onlyOwner preventReentrant {
        require(_BASE_RESERVE_ >= minBaseReserve && _QUOTE_RESERVE_ >= minQuoteReserve, ReserveNotEnough());
        (_LP_FEE_RATE_, _I_, _K_) = (lpFeeRate, i, k);
        IERC20(_BASE_TOKEN_).safeTransfer(assetTo, baseOut);
        IERC20(_QUOTE_TOKEN_).safeTransfer(assetTo, quoteOut);
        _reset();
    }

    function _reset() internal {
        uint256 base = IERC20(_BASE_TOKEN_).balanceOf(address(this));
        uint256 quote = IERC20(_QUOTE_TOKEN_).balanceOf(address(this));
        (_BASE_TARGET_, _QUOTE_TARGET_, _RState_) = (uint112(base), uint112(quote), 0);
        _setReserves(base, quote);
    }

    function _callBack(address to, uint256 baseAmount, uint256 quoteAmount, bytes calldata data) internal override {
        IDodoV2Callee(to).DPPFlashLoanCall(msg.sender, baseAmount, quoteAmount, data);
    }
}

/// @title Stand-in of DODO's DPPAdmin: the contract that owns a private pool for its user
contract DodoDppAdminStandIn is DodoOwnableStandIn {
    address public dpp;

    function init(address owner, address dpp_) external {
        initOwner(owner);
        dpp = dpp_;
    }

    function reset(
        address assetTo,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        uint256 baseOut,
        uint256 quoteOut,
        uint256 minBaseReserve,
        uint256 minQuoteReserve
    ) external onlyOwner {
        DodoDppStandIn(dpp).reset(assetTo, lpFeeRate, i, k, baseOut, quoteOut, minBaseReserve, minQuoteReserve);
    }
}
