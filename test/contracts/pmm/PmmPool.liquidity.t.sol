// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmPool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {FlashBorrower} from "../../../contracts/mocks/FlashBorrower.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

contract PmmPoolLiquidityTest is PmmTestBase {
    PlainERC20 private base;
    PlainERC20 private quote;
    IPmmPublicPool private pool;
    PlainERC20 private shares;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, K), 1e12, 1e12));
        shares = PlainERC20(address(pool));
    }

    function give(address who, uint256 baseAmount, uint256 quoteAmount) private {
        base.mint(who, baseAmount);
        quote.mint(who, quoteAmount);
        vm.startPrank(who);
        base.approve(address(pool), type(uint256).max);
        quote.approve(address(pool), type(uint256).max);
        vm.stopPrank();
    }

    function add(
        address who,
        uint256 baseMax,
        uint256 quoteMax
    ) private returns (uint256 minted, uint256 baseIn, uint256 quoteIn) {
        give(who, baseMax, quoteMax);
        vm.prank(who);
        return pool.addLiquidity(baseMax, quoteMax, 0, who, block.timestamp);
    }

    function test_firstFundingLocksShares() public view {
        assertEq(shares.totalSupply(), 1e12);
        assertEq(shares.balanceOf(provider), 1e12 - 1001);
        assertEq(shares.decimals(), 6);
        assertEq(pool._BASE_TARGET_(), 1e12);
        assertEq(pool._QUOTE_TARGET_(), 1e12);
    }

    function test_D17_firstFundingNeedsBothSidesAndEnoughShares() public {
        pool = IPmmPublicPool(factory.createPool(publicParams(address(base), address(quote), WAD, K)));
        give(attacker, 1e12, 1e12);
        vm.startPrank(attacker);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        pool.addLiquidity(1e6, 0, 0, attacker, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IPmmPublicPool.SharesBelowMinimum.selector, 2001, 2002));
        pool.addLiquidity(1e6, 2001, 0, attacker, block.timestamp);
        base.transfer(address(pool), 1e6);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        pool.buyShares(attacker);
        quote.transfer(address(pool), 1e6);
        (uint256 minted, , ) = pool.buyShares(attacker);
        vm.stopPrank();
        assertEq(minted, 1e6 - 1001);
        assertEq(pool.spotRatio(), WAD);
    }

    /// @dev D17, POOL-8: the first depositor makes one share as dear as he can, then a victim deposits: the attacker loses.
    function testFuzz_D17_POOL8_inflationLosesMoney(uint256 donation, uint256 victimIn, bool pull) public {
        pool = IPmmPublicPool(factory.createPool(publicParams(address(base), address(quote), WAD, K)));
        shares = PlainERC20(address(pool));
        give(attacker, 2002, 2002);
        vm.prank(attacker);
        pool.addLiquidity(2002, 2002, 0, attacker, block.timestamp);
        donation = bound(donation, 1, 1e12);
        base.mint(address(pool), donation);
        quote.mint(address(pool), donation);
        pool.sync();
        victimIn = bound(victimIn, 1e6, 1e12);
        uint256 baseIn = victimIn;
        if (pull) {
            give(provider, victimIn, victimIn);
            vm.prank(provider);
            try pool.addLiquidity(victimIn, victimIn, 0, provider, block.timestamp) returns (
                uint256,
                uint256 taken,
                uint256
            ) {
                baseIn = taken;
            } catch {
                return; // too little for one share: nothing was taken
            }
        } else {
            base.mint(address(pool), victimIn);
            quote.mint(address(pool), victimIn);
            try pool.buyShares(provider) {} catch {
                return;
            }
        }
        uint256 held = shares.balanceOf(attacker);
        vm.prank(attacker);
        (uint256 baseOut, ) = pool.removeLiquidity(held, 0, 0, attacker, block.timestamp);
        assertLt(baseOut, 2002 + donation, "inflating a share paid");
        if (pull) {
            uint256 victimHeld = shares.balanceOf(provider);
            vm.prank(provider);
            (uint256 victimOut, ) = pool.removeLiquidity(victimHeld, 0, 0, provider, block.timestamp);
            assertGe(victimOut + 2, baseIn, "the victim lost more than rounding");
        }
    }

    struct Holding {
        uint256 base;
        uint256 quote;
        uint256 supply;
        uint256 ratio;
    }

    function holding() private view returns (Holding memory held) {
        (held.base, held.quote) = pool.getVaultReserve();
        (held.supply, held.ratio) = (shares.totalSupply(), pool.spotRatio());
    }

    function assertShareNotLess(Holding memory later, Holding memory earlier) private pure {
        assertGe(later.base * earlier.supply, earlier.base * later.supply, "base per share fell");
        assertGe(later.quote * earlier.supply, earlier.quote * later.supply, "quote per share fell");
        assertApproxEqAbs(later.ratio, earlier.ratio, earlier.ratio / 1e5, "the ratio moved");
    }

    /// @dev POOL-8: additions and exits of others never lower what one share holds of either reserve, nor move the ratio.
    function testFuzz_POOL8_addAndExitKeepValueAndRatio(uint256 trade, bool isBase, uint256 size, uint256 part) public {
        sell(pool, trader, isBase, bound(trade, 1e6, 2e12));
        Holding memory start = holding();
        (uint256 minted, uint256 baseIn, uint256 quoteIn) = add(attacker, bound(size, 1e6, 1e13), 1e13);
        Holding memory grown = holding();
        assertEq(grown.base, start.base + baseIn);
        assertEq(grown.quote, start.quote + quoteIn);
        assertShareNotLess(grown, start);
        vm.prank(attacker);
        (uint256 baseOut, uint256 quoteOut) = pool.removeLiquidity(
            bound(part, 1, minted),
            0,
            0,
            attacker,
            block.timestamp
        );
        assertLe(baseOut, baseIn);
        assertLe(quoteOut, quoteIn);
        assertShareNotLess(holding(), grown);
    }

    /// @dev Value of a share by the targets at the anchor (here 1 : 1): what its holder has once the pool is back at the anchor. Unlike
    /// the reserves' value it does not rise and fall with the imbalance.
    function targetValue() private view returns (uint256) {
        IPmmPool.PMMState memory state = pool.getPMMState();
        return state.B0 + state.Q0;
    }

    /// @dev POOL-8: adding around a trade at any imbalance, and trading back, takes nothing from those who stay.
    function testFuzz_POOL8_liquidityAroundATradeTakesNothing(uint256 start, uint256 size, uint256 trade) public {
        sell(pool, trader, true, bound(start, 1e6, 1e12));
        uint256 supply = shares.totalSupply();
        uint256 value = targetValue();
        trade = bound(trade, 1e6, 1e12);
        (uint256 minted, , ) = add(attacker, bound(size, 1e6, 1e12), 1e13);
        uint256 got = sell(pool, attacker, trade & 1 == 0, trade);
        vm.prank(attacker);
        pool.removeLiquidity(minted, 0, 0, attacker, block.timestamp);
        if (got != 0) sell(pool, attacker, trade & 1 != 0, got);
        assertEq(shares.totalSupply(), supply);
        // Two units: getPMMState rounds the adjusted target up.
        assertGe(targetValue() + 2, value, "value was taken from a share");
    }

    function test_exitHonoursMinimaDeadlineAndReceiver() public {
        vm.startPrank(provider);
        vm.expectPartialRevert(ICommonErrors.OutputBelowMinimum.selector);
        pool.removeLiquidity(1e9, 1e9 + 1, 0, provider, block.timestamp);
        vm.expectPartialRevert(ICommonErrors.OutputBelowMinimum.selector);
        pool.removeLiquidity(1e9, 0, 1e9 + 1, provider, block.timestamp);
        vm.expectPartialRevert(ICommonErrors.DeadlineExpired.selector);
        pool.removeLiquidity(1e9, 0, 0, provider, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(IPmmPublicPool.BadReceiver.selector, address(pool)));
        pool.sellShares(1e9, address(pool), 0, 0, "", block.timestamp);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        pool.removeLiquidity(0, 0, 0, provider, block.timestamp);
        vm.stopPrank();
        vm.prank(attacker);
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientBalance(address,uint256,uint256)")));
        pool.removeLiquidity(1, 0, 0, attacker, block.timestamp);
    }

    function test_sellSharesCallsBackAfterPaying() public {
        FlashBorrower seller = FlashBorrower(deploy("FlashBorrower", ""));
        vm.prank(provider);
        shares.transfer(address(seller), 1e9);
        seller.planCall(address(pool), abi.encodeCall(IPmmPool.spotRatio, ()));
        bytes memory call = abi.encodeCall(pool.sellShares, (1e9, address(seller), 0, 0, "data", block.timestamp));
        seller.run(address(pool), call);
        assertEq(seller.callbacks(), 1);
        assertEq(base.balanceOf(address(seller)), 1e9);
        assertEq(quote.balanceOf(address(seller)), 1e9);
        assertFalse(seller.callSucceeded(), "a guarded view answered in the middle of a call");
        assertEq(bytes32(seller.callError()), bytes32(ICommonErrors.Reentrant.selector));
    }

    function test_everybodyLeavesAndAnotherComes() public {
        sell(pool, trader, true, 5e11);
        uint256 held = shares.balanceOf(provider);
        vm.prank(provider);
        pool.removeLiquidity(held, 0, 0, provider, block.timestamp);
        assertEq(shares.totalSupply(), 1001);
        assertGt(pool._BASE_RESERVE_(), 0);
        assertGt(pool._QUOTE_RESERVE_(), 0);
        (uint256 minted, , ) = add(trader, 1e12, 1e12);
        assertGt(minted, 0);
        sell(pool, trader, false, 1e9);
    }

    /// @dev A downward rebase of a token is recorded by sync, and the pool goes on.
    function test_syncRecordsDonationsAndLosses() public {
        base.mint(address(pool), 1e9);
        sell(pool, trader, true, 1e9);
        uint256 ratio = pool.spotRatio();
        pool.sync();
        assertLt(pool.spotRatio(), ratio); // more surplus of base
        assertEq(pool._BASE_RESERVE_(), base.balanceOf(address(pool)));
        vm.prank(address(pool));
        base.transfer(attacker, 3e9); // the token takes balance away
        pool.sync();
        assertEq(pool._BASE_RESERVE_(), base.balanceOf(address(pool)));
        assertEq(pool._RState_(), ONE); // below its target no surplus is left
        sell(pool, trader, true, 1e9);
    }
}

contract PmmPoolFlashLoanTest is PmmTestBase {
    PlainERC20 private base;
    PlainERC20 private quote;
    IPmmPublicPool private pool;
    FlashBorrower private borrower;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, K), 1e12, 1e12));
        borrower = FlashBorrower(deploy("FlashBorrower", ""));
        base.mint(address(borrower), 1e13);
        quote.mint(address(borrower), 1e13);
    }

    function borrow(uint256 baseAmount, uint256 quoteAmount) private {
        bytes memory data = abi.encode(address(base), address(quote));
        borrower.run(address(pool), abi.encodeCall(pool.flashLoan, (baseAmount, quoteAmount, address(borrower), data)));
    }

    /// @dev D11: the fee is ours and stays in the reserves.
    function testFuzz_D11_loanPaysItsFee(uint256 baseAmount, uint256 quoteAmount) public {
        baseAmount = bound(baseAmount, 1, 1e12);
        quoteAmount = bound(quoteAmount, 0, 1e12);
        uint256 baseFee = (baseAmount * FLASH_FEE + WAD - 1) / WAD;
        uint256 quoteFee = (quoteAmount * FLASH_FEE + WAD - 1) / WAD;
        borrower.plan(baseAmount + baseFee, quoteAmount + quoteFee);
        borrow(baseAmount, quoteAmount);
        assertEq(pool._BASE_RESERVE_(), 1e12 + baseFee);
        assertEq(pool._QUOTE_RESERVE_(), 1e12 + quoteFee);
        assertEq(base.balanceOf(address(pool)), 1e12 + baseFee);
        assertEq(pool.spotRatio(), WAD);
        assertEq(borrower.callbacks(), 1);
    }

    function test_D11_unpaidFeeReverts() public {
        borrower.plan(1e9, 0);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.FlashLoanNotRepaid.selector, 1e5, 0));
        borrow(1e9, 0);
        borrower.plan(0, 0);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.FlashLoanNotRepaid.selector, 1e9 + 1e5, 2e9 + 2e5));
        borrow(1e9, 2e9);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        borrow(0, 0);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.ReserveExhausted.selector, 1e12 + 1, 1e12));
        borrow(1e12 + 1, 0);
    }

    /// @dev An implicit swap pays at least what a swap pays, plus the fee of the loan; the state behind it is the swap's.
    function testFuzz_D11_implicitSwapIsNeverCheaperThanASwap(uint256 amountIn, bool missingBase) public {
        amountIn = bound(amountIn, 1e3, 2e12);
        (uint256 paid, , , ) = missingBase
            ? pool.querySellQuote(trader, amountIn)
            : pool.querySellBase(trader, amountIn);
        // The fee of the loan comes out of what the borrower keeps: take = paid - fee(take), rounded against him.
        uint256 take = (paid * WAD) / (WAD + FLASH_FEE);
        uint256 snapshot = vm.snapshotState();
        borrower.plan(missingBase ? 0 : amountIn, missingBase ? amountIn : 0);
        borrow(missingBase ? take : 0, missingBase ? 0 : take);
        (uint256 b, uint256 q) = pool.getVaultReserve();
        assertGe(base.balanceOf(address(pool)), b);
        assertGe(quote.balanceOf(address(pool)), q);
        uint256 fee = (take * FLASH_FEE + WAD - 1) / WAD;
        assertEq(missingBase ? b : q, 1e12 - paid + fee);
        vm.revertToState(snapshot);
        borrower.plan(missingBase ? 0 : amountIn, missingBase ? amountIn : 0);
        vm.expectPartialRevert(IPmmPool.FlashLoanNotRepaid.selector);
        borrow(missingBase ? take + 2 : 0, missingBase ? 0 : take + 2);
    }

    /// @dev D12, D14, TOKEN-24: nothing of the pool answers or acts while a loan is out.
    function test_D12_D14_reentranceIsRefusedEverywhere() public {
        bytes[] memory calls = new bytes[](16);
        calls[0] = abi.encodeCall(pool.sellBase, (attacker));
        calls[1] = abi.encodeCall(pool.flashLoan, (1, 1, attacker, ""));
        calls[2] = abi.encodeCall(pool.buyShares, (attacker));
        calls[3] = abi.encodeCall(pool.sync, ());
        calls[4] = abi.encodeCall(pool.swapBase, (1, 0, address(borrower), attacker, block.timestamp));
        calls[5] = abi.encodeCall(pool.initialize, (WAD, K, FEE, attacker, 0, 0));
        calls[6] = abi.encodeCall(pool.applyParameters, ());
        calls[7] = abi.encodeCall(pool.removeLiquidity, (1, 0, 0, attacker, block.timestamp));
        calls[8] = abi.encodeCall(pool.getMidPrice, ());
        calls[9] = abi.encodeCall(pool.getVaultReserve, ());
        calls[10] = abi.encodeCall(pool.spotRatio, ());
        calls[11] = abi.encodeCall(pool.querySellBase, (attacker, 1));
        calls[12] = abi.encodeCall(pool.getPMMStateForCall, ());
        calls[13] = abi.encodeCall(pool.twapRatio, (1));
        calls[14] = abi.encodeCall(pool._BASE_RESERVE_, ());
        calls[15] = abi.encodeCall(pool.getBaseInput, ());
        for (uint256 j = 0; j < calls.length; ++j) {
            borrower.planCall(address(pool), calls[j]);
            borrower.plan(1e9 + 1e5, 0);
            borrow(1e9, 0);
            assertFalse(borrower.callSucceeded());
            assertEq(bytes32(borrower.callError()), bytes32(ICommonErrors.Reentrant.selector));
        }
    }

    function test_donationDoesNotRepayTwice() public {
        base.mint(address(pool), 1e9); // somebody's stray transfer
        borrower.plan(0, 0);
        vm.expectPartialRevert(IPmmPool.FlashLoanNotRepaid.selector);
        borrow(1e9, 0);
    }
}
