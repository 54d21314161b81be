// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IFlashVault} from "../../../contracts/interfaces/IFlashVault.sol";
import {Erc3156Borrower} from "../../../contracts/mocks/Erc3156Borrower.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {BucketBase} from "./BucketBase.t.sol";

contract FlashVaultTest is BucketBase {
    Erc3156Borrower private borrower;

    function setUp() public override {
        super.setUp();
        borrower = Erc3156Borrower(deploy("Erc3156Borrower", ""));
        mint(cUSDC, address(borrower), 1_000 * UNIT);
    }

    function _borrow(uint256 amount) private returns (bool) {
        return flash.flashLoan(borrower, address(cUSDC), amount, "");
    }

    function test_loanPaysItsFeeRoundedUp() public {
        assertEq(flash.maxFlashLoan(address(cUSDC)), 50_000 * UNIT);
        assertEq(flash.maxFlashLoan(address(cUSDT)), 0, "not lent");
        assertEq(flash.flashFee(address(cUSDC), 1), 1, "a unit at least");
        assertEq(flash.flashFee(address(cUSDC), 50_000 * UNIT), 5 * UNIT);
        vm.expectEmit(address(flash));
        emit IFlashVault.FlashLoan(address(borrower), address(cUSDC), address(this), 50_000 * UNIT, 5 * UNIT);
        assertTrue(_borrow(50_000 * UNIT));
        assertEq(buckets.surplus(C, address(cUSDC)), 5 * UNIT, "surplus of C");
        assertEq(buckets.bucketUnits(C, address(cUSDC)), 50_000 * UNIT, "C itself unchanged");
        assertEq(buckets.absorb(C, address(cUSDC)), 5 * UNIT, "for E");
        assertAllBooks();
    }

    /// @dev BUCKET-10: while a loan runs nobody counts, moves or absorbs what is out, and nothing re-enters.
    function test_BUCKET10_nothingCountsWhileALoanRuns() public {
        bytes4 locked = ReentrancyGuard.ReentrancyGuardReentrantCall.selector;
        _inside(address(flash), abi.encodeCall(flash.holding, (address(cUSDC))), ICommonErrors.Reentrant.selector);
        _inside(address(flash), abi.encodeCall(flash.flashLoan, (borrower, address(cUSDC), 1, "")), locked);
        _inside(address(flash), abi.encodeCall(flash.release, (address(cUSDC), 1, attacker)), locked);
        _inside(
            address(buckets),
            abi.encodeCall(buckets.absorb, (C, address(cUSDC))),
            ICommonErrors.Reentrant.selector
        );
        _inside(
            address(buckets),
            abi.encodeCall(buckets.surplus, (C, address(cUSDC))),
            ICommonErrors.Reentrant.selector
        );
        assertEq(flash.maxFlashLoan(address(cUSDC)), cUSDC.balanceOf(address(flash)), "after it, everything");
        assertAllBooks();
    }

    function _inside(address target, bytes memory data, bytes4 expected) private {
        borrower.plan(target, data);
        assertTrue(_borrow(1_000 * UNIT));
        assertFalse(borrower.callSucceeded(), "succeeded inside a loan");
        assertEq(bytes32(borrower.callError()), bytes32(expected));
    }

    /// @dev BUCKET-10: a loan cannot be paid into E and then be claimed to be back, nor be kept in part.
    function test_BUCKET10_aLoanComesBackWhole() public {
        borrower.plan(address(buckets), abi.encodeCall(buckets.fund, (address(cUSDC), 10_000 * UNIT)));
        borrower.approveFor(address(cUSDC), address(buckets));
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientBalance.selector);
        _borrow(10_000 * UNIT);
        borrower.plan(address(0), "");
        borrower.setAnswer(bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(IFlashVault.CallbackRefused.selector, address(borrower)));
        _borrow(10_000 * UNIT);
        assertEq(cUSDC.balanceOf(address(flash)), 50_000 * UNIT, "whole");
        assertAllBooks();
    }

    /// @dev BUCKET-10: a token that keeps a part of transfers makes loans fail, not shrink.
    function test_BUCKET10_feeOnTransferCannotBeRepaidByLess() public {
        HostileToken hostile = HostileToken(deploy("HostileToken", abi.encode(6)));
        hostile.mint(address(flash), 1e9);
        hostile.mint(address(borrower), 1e9);
        vm.prank(timelock);
        flash.setFee(address(hostile), FEE);
        hostile.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectPartialRevert(ICommonErrors.TransferMismatch.selector);
        flash.flashLoan(borrower, address(hostile), 1e8, "");
        hostile.setHook(address(flash), abi.encodeCall(flash.flashLoan, (borrower, address(hostile), 1, "")));
        assertTrue(flash.flashLoan(borrower, address(hostile), 1e8, ""));
        assertFalse(hostile.hookSucceeded(), "re-entered");
        assertEq(hostile.balanceOf(address(flash)), 1e9 + 1e4, "fee");
    }

    /// @dev BUCKET-10: money borrowed from C and held for a moment in B or beside E changes no refill.
    function test_BUCKET10_aLoanCannotFakeScarcityOrSurplus() public {
        drain(cUSDT, cUSDC, 200_000);
        ICapitalBuckets.Quote memory before = buckets.quoteRefill(B, address(cUSDT), address(cUSDC));
        borrower.plan(address(buckets), abi.encodeCall(buckets.refill, (B, address(cUSDT), address(cUSDC), ALL, ALL)));
        assertTrue(_borrow(50_000 * UNIT));
        assertTrue(borrower.callSucceeded(), "a refill of B inside a loan is a refill like any other");
        assertEq(buckets.bucketUnits(B, address(cUSDC)), 500_000 * UNIT, "the same exchange");
        assertEq(buckets.bucketUnits(B, address(cUSDT)), 300_000 * UNIT + before.allowedUnits, "of the same size");
        assertAllBooks();
    }

    function test_badLoansAreNamed() public {
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        _borrow(0);
        vm.expectRevert(
            abi.encodeWithSelector(IFlashVault.LoanTooLarge.selector, address(cUSDC), 50_000 * UNIT + 1, 50_000 * UNIT)
        );
        _borrow(50_000 * UNIT + 1);
        vm.expectRevert(abi.encodeWithSelector(IFlashVault.TokenNotLent.selector, address(cUSDT)));
        flash.flashLoan(IERC3156FlashBorrower(borrower), address(cUSDT), 1, "");
        vm.prank(guardian);
        flash.pause();
        assertEq(flash.maxFlashLoan(address(cUSDC)), 0, "paused");
        vm.expectRevert(ICommonErrors.Paused.selector);
        _borrow(1);
        // The way out is not paused.
        vm.prank(timelock);
        buckets.move(address(cUSDC), C, E, 50_000 * UNIT);
        assertAllBooks();
        vm.startPrank(timelock);
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        flash.setFee(address(cUSDC), 1e12 - 1);
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        flash.setFee(address(cUSDC), 0.01e18 + 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        flash.release(address(cUSDC), 1, timelock);
        vm.stopPrank();
    }
}
