// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IDodoV2Callee} from "../interfaces/IDodoV2Pool.sol";
import {IPmmPool, IPmmPrivatePool} from "../interfaces/IPmmPool.sol";
import {PmmMath} from "./PmmMath.sol";
import {PmmPool} from "./PmmPool.sol";
import {PmmState} from "./PmmState.sol";
import {PoolWords} from "./PoolWords.sol";

/// @title PrivatePmmPool
/// @notice Owner-funded pool that only allow-listed addresses may use.
/// @dev ROLES: the owner (two-step) funds, withdraws, allows traders and announces parameters; allowed traders trade, borrow and apply
/// announced parameters; the stabilizer (immutable) pays no fee but is allowed only if listed.
/// @dev PRICE SOURCES: FIXED pools their own `i`; ORACLE pools the XAU oracle, of whose newest and previous anchor a trader gets the
/// worse. Nothing reads a price from token balances.
/// @dev ROUNDING: outputs down, each fee up, targets up.
/// @dev TOKEN REQUIREMENTS: a transfer moves exactly its amount and the balance changes through transfers only. Pulls are measured and
/// refuse other tokens.
/// @dev LIVENESS: swaps of ORACLE pools stop while the oracle has doubts; `withdraw` never reads it.
/// @dev HOW TO STOP IT: the owner removes traders from the list or withdraws.
contract PrivatePmmPool is PmmPool, IPmmPrivatePool {
    using PoolWords for uint256;
    using SafeERC20 for IERC20;

    address public override _OWNER_;
    address public override _NEW_OWNER_;
    mapping(address trader => bool) private _allowed;

    modifier onlyOwner() {
        require(msg.sender == _OWNER_, NotAuthorized(msg.sender));
        _;
    }

    constructor(Config memory config) PmmState(config) {}

    /// @inheritdoc IPmmPool
    function initialize(
        uint256 i,
        uint256 k,
        uint256 lpFeeRate,
        address owner_,
        uint256 baseReserve,
        uint256 quoteReserve
    ) external lock returns (uint256) {
        require(owner_ != address(0), ZeroAddress());
        _initialize(i, k, lpFeeRate, baseReserve, quoteReserve);
        _OWNER_ = owner_;
        emit OwnershipTransferred(address(0), owner_);
        return 0;
    }

    /// @inheritdoc IPmmPool
    function kind() external pure returns (Kind) {
        return Kind.PRIVATE;
    }

    // ---- Sale of an amount that was paid in just before

    /// @inheritdoc IPmmPrivatePool
    function swapReceivedBase(
        uint256 baseIn,
        uint256 minQuoteOut,
        address to,
        uint256 deadline
    ) external lock returns (uint256 quoteOut) {
        _checkCaller();
        _checkDeadline(deadline);
        uint256 surplus = _baseInput();
        (address base, ) = _tokens();
        require(surplus >= baseIn, TransferMismatch(base, surplus, baseIn));
        quoteOut = _sell(true, baseIn, to, msg.sender == stabilizer);
        require(quoteOut >= minQuoteOut, OutputBelowMinimum(quoteOut, minQuoteOut));
    }

    // ---- Owner

    /// @inheritdoc IPmmPrivatePool
    function deposit(uint256 baseIn, uint256 quoteIn, address payer) external lock onlyOwner {
        require(baseIn != 0 || quoteIn != 0, ZeroAmount());
        (address base, address quote) = _tokens();
        if (baseIn != 0) _pull(base, payer, baseIn);
        if (quoteIn != 0) _pull(quote, payer, quoteIn);
        uint256 reserves = _reserves;
        _resize(reserves, reserves.baseOf() + baseIn, reserves.quoteOf() + quoteIn);
        emit Deposited(payer, baseIn, quoteIn);
    }

    /// @inheritdoc IPmmPrivatePool
    function withdraw(uint256 baseOut, uint256 quoteOut, address to) external lock onlyOwner {
        require(baseOut != 0 || quoteOut != 0, ZeroAmount());
        require(to != address(0), ZeroAddress());
        uint256 reserves = _reserves;
        require(baseOut <= reserves.baseOf(), ReserveExhausted(baseOut, reserves.baseOf()));
        require(quoteOut <= reserves.quoteOf(), ReserveExhausted(quoteOut, reserves.quoteOf()));
        _resize(reserves, reserves.baseOf() - baseOut, reserves.quoteOf() - quoteOut);
        (address base, address quote) = _tokens();
        if (baseOut != 0) IERC20(base).safeTransfer(to, baseOut);
        if (quoteOut != 0) IERC20(quote).safeTransfer(to, quoteOut);
        emit Withdrawn(to, baseOut, quoteOut);
    }

    /// @inheritdoc IPmmPrivatePool
    function retrieve(address to, address token, uint256 amount) external lock onlyOwner {
        (address base, address quote) = _tokens();
        uint256 surplus =
            token == base
                ? _baseInput()
                : token == quote
                    ? _quoteInput()
                    : _balance(token);
        require(amount <= surplus, OutOfRange(amount, 0, surplus));
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IPmmPrivatePool
    function setAllowed(address trader, bool allowed) external lock onlyOwner {
        require(trader != address(0), ZeroAddress());
        _allowed[trader] = allowed;
        emit SetAllowed(trader, allowed);
    }

    /// @inheritdoc IPmmPrivatePool
    function isAllowed(address trader) public view returns (bool) {
        return _allowed[trader] || trader == _OWNER_;
    }

    /// @inheritdoc IPmmPrivatePool
    function transferOwnership(address newOwner) external lock onlyOwner {
        emit OwnershipTransferPrepared(_OWNER_, newOwner);
        _NEW_OWNER_ = newOwner;
    }

    /// @inheritdoc IPmmPrivatePool
    function claimOwnership() external lock {
        require(msg.sender == _NEW_OWNER_, NotAuthorized(msg.sender));
        emit OwnershipTransferred(_OWNER_, msg.sender);
        (_OWNER_, _NEW_OWNER_) = (msg.sender, address(0));
    }

    /// @dev Keeps surplus / scarce reserve, and with it the ratio at any anchor; else mid = anchor with the reserves as they are.
    function _resize(uint256 reserves, uint256 newBase, uint256 newQuote) private {
        uint256 targets = _targets;
        PmmMath.State memory state = _state(0, 0, reserves, targets);
        if (state.r == PmmMath.BELOW) {
            uint256 surplus = ((state.base - state.baseTarget) * newQuote) / state.quote;
            (state.baseTarget, state.quoteTarget) = (newBase > surplus ? newBase - surplus : newBase, newQuote);
        } else if (state.r == PmmMath.ABOVE) {
            uint256 surplus = ((state.quote - state.quoteTarget) * newBase) / state.base;
            (state.quoteTarget, state.baseTarget) = (newQuote > surplus ? newQuote - surplus : newQuote, newBase);
        }
        (state.base, state.quote) = (newBase, newQuote);
        _settle(state);
        _storeWithoutOracle(state, reserves, targets);
    }

    // ---- Kind

    /// @dev A private pool created with `isOpenTWAP` false keeps none, as DODO's keep no cumulative price: mesh pools trade for less gas.
    function _keepsHistory() internal view override returns (bool) {
        (, , , uint256 flags) = _args();
        return flags & 2 != 0;
    }

    function _checkCaller() internal view override {
        require(isAllowed(msg.sender), NotAllowed(msg.sender));
    }

    function _checkPayer(address) internal view override {
        _checkCaller();
    }

    function _checkGovernance() internal view override {
        require(msg.sender == _OWNER_, NotAuthorized(msg.sender));
    }

    function _flashCallback(
        address to,
        uint256 baseAmount,
        uint256 quoteAmount,
        bytes calldata data
    ) internal override {
        IDodoV2Callee(to).DPPFlashLoanCall(msg.sender, baseAmount, quoteAmount, data);
    }
}
