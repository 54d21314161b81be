// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IBasketVault} from "../interfaces/IBasketVault.sol";
import {ShareLedger} from "./ShareLedger.sol";

/// @title BasketVault
/// @notice Holds the basket behind M00. Not upgradable, without owner, without settings: it pays only to those whose shares it burns.
/// @dev ROLES. The diamond's own code (ShareLedger). No cut, owner or guardian can move a token or a share.
/// @dev PRICE SOURCES. None: every part is pro rata of the vault's own balances and its own count of shares.
/// @dev ROUNDING. Amounts in up, amounts out down, so the backing of a share never falls. Donations belong to all shares. Shares that
/// are worth less than one unit of every token cannot be redeemed.
/// @dev FIRST ISSUE. LOCKED_SHARES of it belong to nobody for ever, so the count never returns to zero. Issuers name shares, not
/// amounts, and pay for exactly these: inflating a share by a donation takes nothing from the next issuer beyond one unit per token.
/// @dev TOKEN REQUIREMENTS. A transfer moves exactly its amount; others are refused when they move (`TransferMismatch`). Hooks meet a
/// locked vault. The vault must be registered as a system contract of its M1 tokens, so that it cannot be frozen.
/// @dev LIVENESS. `redeem` reads no oracle and no setting. A paused or broken token stops `issue` and whole redemptions, never
/// redemptions that forfeit it. HOW TO STOP IT: nobody can.
contract BasketVault is ShareLedger {
    using SafeERC20 for IERC20;

    /// @notice Shares of the first issue that nobody owns: a millionth of one M00.
    uint256 public constant LOCKED_SHARES = 1e12;
    /// @notice Smallest first issue.
    uint256 public constant MIN_FIRST_SHARES = 1e15;
    /// @notice Bounds the cost of a redemption.
    uint256 public constant MAX_TOKENS = 16;
    /// @notice Owner of the locked shares.
    address public constant LOCK = 0x000000000000000000000000000000000000dEaD;

    uint256 private constant ONE_SHARE = 1e18;

    /// @dev Written by the constructor only.
    address[] private _tokens;
    uint256[] private _initialUnits;

    bool private transient _locked;

    /// @param initialUnitsPerShare base units of each token per 1e18 shares of the first issue.
    constructor(address diamond, address[] memory tokens, uint256[] memory initialUnitsPerShare) ShareLedger(diamond) {
        require(tokens.length > 0 && tokens.length <= MAX_TOKENS, OutOfRange(tokens.length, 1, MAX_TOKENS));
        require(
            initialUnitsPerShare.length == tokens.length,
            LengthMismatch(initialUnitsPerShare.length, tokens.length)
        );
        for (uint256 i = 0; i < tokens.length; ++i) {
            require(tokens[i].code.length > 0 && tokens[i] != diamond, NotAContract(tokens[i]));
            require(initialUnitsPerShare[i] > 0, ZeroAmount());
            for (uint256 j = 0; j < i; ++j) require(tokens[j] != tokens[i], DuplicateToken(tokens[i]));
        }
        _tokens = tokens;
        _initialUnits = initialUnitsPerShare;
    }

    modifier lock() {
        require(!_locked, Reentrant());
        _locked = true;
        _;
        _locked = false;
    }

    /// @dev A view that must not be read while a call is in progress (read-only re-entrancy).
    modifier notInCall() {
        require(!_locked, Reentrant());
        _;
    }

    /// @inheritdoc IBasketVault
    function issue(
        address payer,
        address receiver,
        uint256 shares,
        uint256[] calldata maxAmountsIn
    ) external onlyFront lock returns (uint256[] memory amountsIn, uint256 received) {
        require(shares > 0, ZeroAmount());
        amountsIn = _amountsIn(shares);
        uint256 count = _tokens.length;
        require(maxAmountsIn.length == count, LengthMismatch(maxAmountsIn.length, count));
        for (uint256 i = 0; i < count; ++i) {
            require(amountsIn[i] <= maxAmountsIn[i], AmountAboveMaximum(_tokens[i], amountsIn[i], maxAmountsIn[i]));
            _pull(_tokens[i], payer, amountsIn[i]);
        }
        received = shares;
        if (totalShares == 0) {
            require(shares >= MIN_FIRST_SHARES, FirstIssueTooSmall(shares, MIN_FIRST_SHARES));
            received = shares - LOCKED_SHARES;
            _credit(LOCK, LOCKED_SHARES);
        }
        _credit(receiver, received);
        emit Issue(payer, receiver, shares, amountsIn, totalShares);
    }

    /// @inheritdoc IBasketVault
    function redeem(
        address holder,
        address receiver,
        uint256 shares,
        uint256[] calldata minAmountsOut,
        address[] calldata forfeited
    ) external onlyFront lock returns (uint256[] memory amountsOut) {
        require(shares > 0, ZeroAmount());
        _checkReceiver(receiver);
        uint256 count = _tokens.length;
        require(minAmountsOut.length == count, LengthMismatch(minAmountsOut.length, count));
        amountsOut = _amountsOut(shares, forfeited);
        _debit(holder, shares);
        bool isPaid;
        for (uint256 i = 0; i < count; ++i) {
            require(amountsOut[i] >= minAmountsOut[i], AmountBelowMinimum(_tokens[i], amountsOut[i], minAmountsOut[i]));
            if (amountsOut[i] == 0) continue;
            isPaid = true;
            _push(_tokens[i], receiver, amountsOut[i]);
        }
        require(isPaid, RedemptionTooSmall(shares));
        emit Redeem(holder, receiver, shares, amountsOut, forfeited, totalShares);
    }

    /// @inheritdoc IBasketVault
    function basket() external view returns (address[] memory tokens, uint256[] memory initialUnitsPerShare) {
        return (_tokens, _initialUnits);
    }

    /// @inheritdoc IBasketVault
    function previewIssue(uint256 shares) external view notInCall returns (uint256[] memory amountsIn) {
        return _amountsIn(shares);
    }

    /// @inheritdoc IBasketVault
    function previewRedeem(uint256 shares) external view notInCall returns (uint256[] memory amountsOut) {
        return _amountsOut(shares, new address[](0));
    }

    /// @dev Rounded up. What somebody donated before the first issue is a gift to it.
    function _amountsIn(uint256 shares) private view returns (uint256[] memory amounts) {
        uint256 total = totalShares;
        uint256 count = _tokens.length;
        amounts = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            amounts[i] =
                total == 0
                    ? Math.mulDiv(shares, _initialUnits[i], ONE_SHARE, Math.Rounding.Ceil)
                    : Math.mulDiv(shares, _balanceOf(_tokens[i]), total, Math.Rounding.Ceil);
        }
    }

    /// @dev Rounded down. A forfeited token is not called: its `balanceOf` may be what is broken.
    function _amountsOut(uint256 shares, address[] memory forfeited) private view returns (uint256[] memory amounts) {
        uint256 total = totalShares;
        uint256 count = _tokens.length;
        uint256 skipped;
        amounts = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            address token = _tokens[i];
            if (skipped < forfeited.length && forfeited[skipped] == token) ++skipped;
            else if (total > 0) amounts[i] = Math.mulDiv(shares, _balanceOf(token), total);
        }
        if (skipped < forfeited.length) revert NotInBasket(forfeited[skipped]);
        require(skipped < count, EverythingForfeited());
    }

    function _pull(address token, address payer, uint256 amount) private {
        uint256 before = _balanceOf(token);
        IERC20(token).safeTransferFrom(payer, address(this), amount);
        uint256 moved = _balanceOf(token) - before;
        require(moved == amount, TransferMismatch(token, moved, amount));
    }

    function _push(address token, address receiver, uint256 amount) private {
        uint256 before = _balanceOf(token);
        IERC20(token).safeTransfer(receiver, amount);
        uint256 left = _balanceOf(token);
        require(
            left <= before && before - left == amount,
            TransferMismatch(token, before - Math.min(left, before), amount)
        );
    }

    function _balanceOf(address token) private view returns (uint256) {
        return IERC20(token).balanceOf(address(this));
    }
}
