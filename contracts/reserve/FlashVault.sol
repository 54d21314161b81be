// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {IERC3156FlashLender} from "@openzeppelin/contracts/interfaces/IERC3156FlashLender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";
import {ICapitalHolder} from "../interfaces/ICapitalHolder.sol";
import {IFlashVault} from "../interfaces/IFlashVault.sol";

/// @title FlashVault
/// @notice Keeps bucket C and lends it out for the length of one call, for a fee.
/// @dev ROLES. Anyone: borrow. Buckets: release, the only way out besides a loan. Owner (two steps, cannot be renounced; a timelock):
/// fees, guardian, the buckets once; it cannot take tokens. Guardian: pauses loans for 24 hours.
/// @dev PRICE SOURCES. None. ROUNDING. The fee is rounded up: at least one base unit.
/// @dev ACCOUNTING. What is here after a loan is at least what was here before it plus the fee, measured. While a loan runs nothing else
/// runs and `holding` reverts, so nobody can count tokens that are out, or return a loan as a payment of another kind.
/// @dev TOKEN REQUIREMENTS. None beyond ERC-20: a token that keeps a part of a transfer cannot be repaid by less than all of it.
/// @dev LIVENESS. `release` is never paused. HOW TO STOP IT. `pause`, or a fee of 0 for one token.
contract FlashVault is IFlashVault, GuardianPause, ReentrancyGuardTransient {
    using Math for uint256;
    using SafeERC20 for IERC20;

    /// @notice 0.01 bps to 1 %: a free loan would make every swing cheaper.
    uint256 public constant MIN_FEE_WAD = 1e12;
    uint256 public constant MAX_FEE_WAD = 0.01e18;

    uint256 private constant _WAD = 1e18;
    bytes32 private constant _CALLBACK_SUCCESS = keccak256("ERC3156FlashBorrower.onFlashLoan");

    /// @inheritdoc ICapitalHolder
    address public buckets;
    /// @inheritdoc IFlashVault
    mapping(address token => uint256) public feeWad;

    constructor(address owner_) GuardianPause(owner_) {}

    // Loans

    /// @inheritdoc IERC3156FlashLender
    function flashLoan(
        IERC3156FlashBorrower receiver,
        address token,
        uint256 amount,
        bytes calldata data
    ) external nonReentrant whenNotPaused returns (bool) {
        require(amount > 0, ZeroAmount());
        uint256 fee = flashFee(token, amount);
        uint256 before = IERC20(token).balanceOf(address(this));
        require(amount <= before, LoanTooLarge(token, amount, before));
        IERC20(token).safeTransfer(address(receiver), amount);
        bytes32 answer = receiver.onFlashLoan(msg.sender, token, amount, fee, data);
        require(answer == _CALLBACK_SUCCESS, CallbackRefused(address(receiver)));
        IERC20(token).safeTransferFrom(address(receiver), address(this), amount + fee);
        uint256 left = IERC20(token).balanceOf(address(this));
        require(left >= before + fee, TransferMismatch(token, left, before + fee));
        emit FlashLoan(address(receiver), token, msg.sender, amount, fee);
        return true;
    }

    /// @inheritdoc IERC3156FlashLender
    function maxFlashLoan(address token) external view returns (uint256) {
        if (feeWad[token] == 0 || _isPaused() || _reentrancyGuardEntered()) return 0;
        return IERC20(token).balanceOf(address(this));
    }

    /// @inheritdoc IERC3156FlashLender
    function flashFee(address token, uint256 amount) public view returns (uint256) {
        uint256 rateWad = feeWad[token];
        require(rateWad != 0, TokenNotLent(token));
        return amount.mulDiv(rateWad, _WAD, Math.Rounding.Ceil);
    }

    // Bucket C

    /// @inheritdoc ICapitalHolder
    function holding(address token) external view returns (uint256) {
        require(!_reentrancyGuardEntered(), Reentrant());
        return IERC20(token).balanceOf(address(this));
    }

    /// @inheritdoc ICapitalHolder
    function release(address token, uint256 amountUnits, address to) external nonReentrant {
        require(msg.sender == buckets, NotAuthorized(msg.sender));
        IERC20(token).safeTransfer(to, amountUnits);
        emit Released(token, amountUnits, to);
    }

    // Owner

    /// @inheritdoc ICapitalHolder
    function setBuckets(address newBuckets) external onlyOwner {
        require(buckets == address(0), BucketsAlreadySet(buckets));
        require(newBuckets.code.length > 0, NotAContract(newBuckets));
        buckets = newBuckets;
        emit SetBuckets(newBuckets);
    }

    /// @inheritdoc IFlashVault
    function setFee(address token, uint256 newFeeWad) external onlyOwner {
        require(
            newFeeWad == 0 || (newFeeWad >= MIN_FEE_WAD && newFeeWad <= MAX_FEE_WAD),
            OutOfRange(newFeeWad, MIN_FEE_WAD, MAX_FEE_WAD)
        );
        feeWad[token] = newFeeWad;
        emit SetFee(token, newFeeWad);
    }
}
