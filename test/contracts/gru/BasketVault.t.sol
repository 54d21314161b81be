// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {BasketVault} from "../../../contracts/gru/BasketVault.sol";
import {GruDiamond} from "../../../contracts/gru/GruDiamond.sol";
import {IBasketVault} from "../../../contracts/interfaces/IBasketVault.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IGruToken} from "../../../contracts/interfaces/IGruToken.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice Issue and redeem over the real M1 tokens.
contract BasketVaultTest is GruBase {
    function test_firstIssue_takesTheInitialUnitsAndLocksAMillionth() public {
        uint256[] memory amounts = _issue(holder, 10e18);
        (, uint256[] memory units) = _basket();
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertEq(amounts[i], units[i] * 10, "amount");
            assertEq(tokens[i].balanceOf(address(vault)), units[i] * 10, "balance");
        }
        assertEq(m00.balanceOf(holder), 10e18 - LOCKED);
        assertEq(m00.balanceOf(LOCK), LOCKED);
        assertEq(m00.totalSupply(), 10e18);
    }

    function test_firstIssue_hasASmallestSize() public {
        uint256 minimum = vault.MIN_FIRST_SHARES();
        for (uint256 i = 0; i < TOKENS; ++i) {
            _give(holder, i, 1e18);
            vm.prank(holder);
            tokens[i].approve(address(vault), FOREVER);
        }
        vm.prank(holder);
        vm.expectRevert(abi.encodeWithSelector(IBasketVault.FirstIssueTooSmall.selector, minimum - 1, minimum));
        m00.issue(minimum - 1, _unlimited(), holder, FOREVER);
        vm.prank(holder);
        m00.issue(minimum, _unlimited(), holder, FOREVER);
        assertEq(m00.totalSupply(), minimum);
    }

    /// @dev GRU-1: amounts in are rounded up and amounts out down, checked against a wide integer comparison, not against the code.
    function testFuzz_GRU1_backingOfAShareNeverFalls(uint256 first, uint256 shares, uint256 donation, bool out) public {
        _issue(holder, bound(first, 1e15, 1e24));
        uint256 gift = bound(donation, 0, 1e12);
        for (uint256 i = 0; i < TOKENS; ++i) _give(address(vault), i, gift);
        uint256 supply = m00.totalSupply();
        uint256[TOKENS] memory had = _balances();
        if (out) _redeem(holder, bound(shares, 1e13, m00.balanceOf(holder)));
        else _issue(trader, bound(shares, 1, 1e24));
        uint256 supplyAfter = m00.totalSupply();
        uint256[TOKENS] memory has = _balances();
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertGe(has[i] * supply, had[i] * supplyAfter, "GRU-1: backing of a share fell");
            // and by no more than one unit against the caller
            uint256 exactTimesSupply = had[i] * supplyAfter;
            assertLt(has[i] * supply, exactTimesSupply + supply, "more than one unit against the caller");
        }
    }

    /// @dev GRU-2: in and out again, or out and in again, never gains a unit of anything.
    function testFuzz_GRU2_roundTripNeverGains(uint256 first, uint256 shares, uint256 donation) public {
        _issue(holder, bound(first, 1e15, 1e24));
        for (uint256 i = 0; i < TOKENS; ++i) _give(address(vault), i, bound(donation, 0, 1e15));
        shares = bound(shares, 1e13, 1e24);
        uint256[] memory paid = _issue(trader, shares);
        uint256[] memory got = _redeem(trader, shares);
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertLe(got[i], paid[i], "GRU-2: issue and redeem gained");
            assertLe(paid[i] - got[i], 1, "GRU-2: more than one unit lost");
        }
        uint256 part = bound(shares, 1e13, m00.balanceOf(holder));
        got = _redeem(holder, part);
        paid = _issue(holder, part);
        for (uint256 i = 0; i < TOKENS; ++i) assertGe(paid[i], got[i], "GRU-2: redeem and issue gained");
    }

    /// @dev GRU-2: the attacker issues first, inflates by a donation, and takes from the next issuer at most one unit per token.
    function testFuzz_GRU2_inflationTakesNothingFromTheNextIssuer(uint256 gift, uint256 shares) public {
        _issue(attacker, 1e15);
        _redeem(attacker, 1e15 - LOCKED - 1);
        for (uint256 i = 0; i < TOKENS; ++i) _give(address(vault), i, bound(gift, 0, 1e15));
        shares = bound(shares, 1e13, 1e21);
        uint256[] memory paid = _issue(holder, shares);
        // What is left of the attacker may be worth less than one unit of anything.
        uint256[] memory due = vault.previewRedeem(m00.balanceOf(attacker));
        if (due[0] + due[1] + due[2] + due[3] > 0) _redeem(attacker, m00.balanceOf(attacker));
        uint256[] memory got = _redeem(holder, shares);
        for (uint256 i = 0; i < TOKENS; ++i) assertLe(paid[i], got[i] + 1, "GRU-2: the next issuer lost");
    }

    /// @dev GRU-2: whoever donates before the first issue has given to the first issuer.
    function test_GRU2_donationBeforeTheFirstIssue() public {
        for (uint256 i = 0; i < TOKENS; ++i) _give(address(vault), i, 1_000e6);
        uint256[] memory paid = _issue(holder, 10e18);
        uint256[] memory got = _redeem(holder, m00.balanceOf(holder));
        for (uint256 i = 0; i < TOKENS; ++i) assertGe(got[i], paid[i], "GRU-2: the first issuer lost");
    }

    /// @dev GRU-3: when everybody leaves, everybody is paid, and only the locked part stays.
    function testFuzz_GRU3_everybodyCanLeave(uint256 a, uint256 b, uint256 gift) public {
        _issue(holder, bound(a, 1e15, 1e24));
        _issue(trader, bound(b, 1e13, 1e24));
        for (uint256 i = 0; i < TOKENS; ++i) _give(address(vault), i, bound(gift, 0, 1e9));
        _redeem(trader, m00.balanceOf(trader));
        _redeem(holder, m00.balanceOf(holder));
        assertEq(m00.totalSupply(), LOCKED);
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertGe(tokens[i].balanceOf(address(vault)), vault.previewRedeem(LOCKED)[i], "GRU-3: uncovered");
        }
    }

    function test_limitsDeadlinesAndLengths() public {
        _issue(holder, 10e18);
        uint256[] memory limits = vault.previewIssue(1e18);
        limits[2] -= 1;
        for (uint256 i = 0; i < TOKENS; ++i) {
            _give(trader, i, 1e18);
            vm.prank(trader);
            tokens[i].approve(address(vault), FOREVER);
        }
        vm.prank(trader);
        vm.expectRevert(
            abi.encodeWithSelector(
                IBasketVault.AmountAboveMaximum.selector,
                address(tokens[2]),
                limits[2] + 1,
                limits[2]
            )
        );
        m00.issue(1e18, limits, trader, FOREVER);

        limits = vault.previewRedeem(1e18);
        limits[1] += 1;
        vm.prank(holder);
        vm.expectRevert(
            abi.encodeWithSelector(
                IBasketVault.AmountBelowMinimum.selector,
                address(tokens[1]),
                limits[1] - 1,
                limits[1]
            )
        );
        m00.redeem(1e18, limits, holder, FOREVER);

        vm.startPrank(holder);
        uint256 past = vm.getBlockTimestamp() - 1;
        bytes memory expired = abi.encodeWithSelector(
            ICommonErrors.DeadlineExpired.selector,
            past,
            vm.getBlockTimestamp()
        );
        vm.expectRevert(expired);
        m00.issue(1e18, _unlimited(), holder, past);
        vm.expectRevert(expired);
        m00.redeem(1e18, new uint256[](TOKENS), holder, past);
        vm.expectRevert(expired);
        m00.redeemWithout(1e18, _only(address(tokens[0])), new uint256[](TOKENS), holder, past);

        bytes memory length = abi.encodeWithSelector(IBasketVault.LengthMismatch.selector, 3, TOKENS);
        vm.expectRevert(length);
        m00.issue(1e18, new uint256[](3), holder, FOREVER);
        vm.expectRevert(length);
        m00.redeem(1e18, new uint256[](3), holder, FOREVER);

        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        m00.issue(0, _unlimited(), holder, FOREVER);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        m00.redeem(0, new uint256[](TOKENS), holder, FOREVER);
        vm.stopPrank();
    }

    function test_redeem_revertsBeyondTheHoldersSharesAndToDeadEnds() public {
        _issue(holder, 10e18);
        _issue(trader, 10e18);
        uint256 had = m00.balanceOf(holder);
        vm.prank(holder);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, holder, had, had + 1));
        m00.redeem(had + 1, new uint256[](TOKENS), holder, FOREVER);
        address[3] memory deadEnds = [address(0), address(m00), address(vault)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(holder);
            vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, deadEnds[i]));
            m00.redeem(1e18, new uint256[](TOKENS), deadEnds[i], FOREVER);
        }
    }

    /// @dev GRU-2: shares worth less than one unit of every token are not burned for nothing; issuing them costs a unit of each.
    function test_GRU2_dustIsNotRedeemedForNothing() public {
        _issue(holder, 10e18);
        uint256[] memory paid = _issue(trader, 1);
        for (uint256 i = 0; i < TOKENS; ++i) assertEq(paid[i], 1, "GRU-2: dust costs a unit");
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(IBasketVault.RedemptionTooSmall.selector, 1));
        m00.redeem(1, new uint256[](TOKENS), trader, FOREVER);
        assertEq(m00.balanceOf(trader), 1, "GRU-2: dust was burned");
        // Enough for the token with 18 decimals is enough.
        _issue(trader, 1e5);
        assertEq(_redeem(trader, 1e5)[3], 10, "gold");
    }

    function test_onlyTheDiamondSpeaksToTheVault() public {
        _issue(holder, 10e18);
        uint256[] memory limits = new uint256[](TOKENS);
        bytes memory refused = abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, holder);
        vm.startPrank(holder);
        vm.expectRevert(refused);
        vault.redeem(holder, holder, 1e18, limits, new address[](0));
        vm.expectRevert(refused);
        vault.issue(holder, holder, 1e18, limits);
        vm.expectRevert(refused);
        vault.transferShares(holder, trader, 1);
        vm.expectRevert(refused);
        vault.spendShares(holder, trader, holder, 1);
        vm.expectRevert(refused);
        vault.approveShares(holder, trader, 1);
        vm.expectRevert(refused);
        vault.permitShares(holder, trader, 1, FOREVER, 0, bytes32(0), bytes32(0));
        vm.stopPrank();
    }

    // ---- A paused token

    /// @dev GRU-8: a paused token stops whole redemptions, and only them.
    function test_GRU8_pausedTokenDoesNotHoldTheOthers() public {
        _issue(holder, 10e18);
        _issue(trader, 10e18);
        vm.prank(guardian);
        tokens[1].pause();
        vm.prank(holder);
        vm.expectRevert(ICommonErrors.Paused.selector);
        m00.redeem(1e18, new uint256[](TOKENS), holder, FOREVER);

        uint256[] memory whole = vault.previewRedeem(1e18);
        uint256 backing = tokens[1].balanceOf(address(vault));
        vm.prank(holder);
        uint256[] memory got = m00.redeemWithout(
            1e18,
            _only(address(tokens[1])),
            new uint256[](TOKENS),
            holder,
            FOREVER
        );
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertEq(got[i], i == 1 ? 0 : whole[i], "GRU-8: amount");
            assertEq(tokens[i].balanceOf(holder), got[i], "GRU-8: paid");
        }
        assertEq(tokens[1].balanceOf(address(vault)), backing, "GRU-8: the forfeited part stays");
        assertGt(vault.previewRedeem(1e18)[1], whole[1], "GRU-8: and belongs to the others");
        vm.warp(vm.getBlockTimestamp() + 24 hours);
        _redeem(holder, 1e18);
    }

    function test_redeemWithout_badLists() public {
        _issue(holder, 10e18);
        uint256[] memory none = new uint256[](TOKENS);
        (address[] memory all, ) = _basket();
        vm.startPrank(holder);
        vm.expectRevert(abi.encodeWithSelector(IBasketVault.NotInBasket.selector, attacker));
        m00.redeemWithout(1e18, _only(attacker), none, holder, FOREVER);
        address[] memory twice = new address[](2);
        (twice[0], twice[1]) = (all[0], all[0]);
        vm.expectRevert(abi.encodeWithSelector(IBasketVault.NotInBasket.selector, all[0]));
        m00.redeemWithout(1e18, twice, none, holder, FOREVER);
        vm.expectRevert(IBasketVault.EverythingForfeited.selector);
        m00.redeemWithout(1e18, all, none, holder, FOREVER);
        none[0] = 1;
        vm.expectRevert(abi.encodeWithSelector(IBasketVault.AmountBelowMinimum.selector, all[0], 0, 1));
        m00.redeemWithout(1e18, _only(all[0]), none, holder, FOREVER);
        vm.stopPrank();
    }

    function test_vaultCannotBeFrozen() public {
        vm.prank(guardian);
        vm.expectPartialRevert(bytes4(keccak256("SystemContract(address)")));
        tokens[0].freeze(address(vault));
    }

    // ---- Construction

    function test_constructor_badBaskets() public {
        (address[] memory list, uint256[] memory units) = _basket();
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        deploy("BasketVault", abi.encode(address(0), list, units));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 16));
        deploy("BasketVault", abi.encode(address(m00), new address[](0), new uint256[](0)));
        vm.expectRevert(abi.encodeWithSelector(IBasketVault.LengthMismatch.selector, 3, TOKENS));
        deploy("BasketVault", abi.encode(address(m00), list, new uint256[](3)));
        list[3] = list[1];
        vm.expectRevert(abi.encodeWithSelector(IBasketVault.DuplicateToken.selector, list[1]));
        deploy("BasketVault", abi.encode(address(m00), list, units));
        list[3] = holder;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        deploy("BasketVault", abi.encode(address(m00), list, units));
        list[3] = address(tokens[3]);
        units[3] = 0;
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        deploy("BasketVault", abi.encode(address(m00), list, units));
    }

    function _balances() private view returns (uint256[TOKENS] memory list) {
        for (uint256 i = 0; i < TOKENS; ++i) list[i] = tokens[i].balanceOf(address(vault));
    }

    function _unlimited() private pure returns (uint256[] memory list) {
        list = new uint256[](TOKENS);
        for (uint256 i = 0; i < TOKENS; ++i) list[i] = FOREVER;
    }
}

/// @notice A basket in which one token misbehaves; the other is honest.
contract BasketVaultHostileTest is GruBase {
    HostileToken private honest;
    HostileToken private hostile;

    function setUp() public override {
        super.setUp();
        (honest, hostile) = (
            HostileToken(deploy("HostileToken", abi.encode(6))),
            HostileToken(deploy("HostileToken", abi.encode(18)))
        );
        address[] memory list = new address[](2);
        uint256[] memory units = new uint256[](2);
        (list[0], list[1]) = (address(hostile), address(honest));
        (units[0], units[1]) = (1e18, 1e6);
        m00 = GruDiamond(payable(deploy("GruDiamond", abi.encode(_setup(list, units)))));
        vault = BasketVault(m00.vault());
        for (uint256 i = 0; i < 2; ++i) {
            address account = i == 0 ? holder : trader;
            hostile.mint(account, 1e30);
            honest.mint(account, 1e30);
            vm.startPrank(account);
            hostile.approve(address(vault), FOREVER);
            honest.approve(address(vault), FOREVER);
            vm.stopPrank();
        }
        vm.prank(holder);
        m00.issue(10e18, _limits(FOREVER), holder, FOREVER);
    }

    function _limits(uint256 value) private pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (value, value);
    }

    function _exit() private returns (uint256[] memory) {
        vm.prank(holder);
        return m00.redeemWithout(1e18, _only(address(hostile)), _limits(0), holder, FOREVER);
    }

    function test_GRU8_feeOnTransferIsRefused() public {
        hostile.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.prank(trader);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(hostile), 0.99e18, 1e18)
        );
        m00.issue(1e18, _limits(FOREVER), trader, FOREVER);
        assertEq(_exit()[1], 1e6, "GRU-8: the way out");
    }

    function test_GRU8_refusingAndLyingTokensDoNotHoldTheOther() public {
        hostile.setMode(HostileToken.Mode.RETURNS_FALSE);
        vm.prank(holder);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(hostile)));
        m00.redeem(1e18, _limits(0), holder, FOREVER);
        hostile.setMode(HostileToken.Mode.REVERTS);
        vm.prank(holder);
        vm.expectRevert(HostileToken.Refused.selector);
        m00.redeem(1e18, _limits(0), holder, FOREVER);
        assertEq(_exit()[1], 1e6, "GRU-8: the way out");
    }

    /// @dev GRU-8: not even a token whose code is gone, or whose balance cannot be read.
    function test_GRU8_tokenWithoutAnswerDoesNotHoldTheOther() public {
        vm.etch(address(hostile), hex"fe");
        vm.prank(holder);
        vm.expectRevert();
        m00.redeem(1e18, _limits(0), holder, FOREVER);
        assertEq(_exit()[1], 1e6, "GRU-8: the way out");
    }

    /// @dev GRU-1: during the hook neither issue, nor redeem, nor a view that prices shares is open.
    function test_GRU1_hooksMeetALockedVault() public {
        bytes[4] memory attempts = [
            abi.encodeCall(IGruToken.redeem, (1, _limits(0), attacker, FOREVER)),
            abi.encodeCall(IGruToken.issue, (1, _limits(FOREVER), attacker, FOREVER)),
            abi.encodeCall(IBasketVault.previewRedeem, (1e18)),
            abi.encodeCall(IBasketVault.previewIssue, (1e18))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            hostile.setHook(i < 2 ? address(m00) : address(vault), attempts[i]);
            vm.prank(trader);
            m00.issue(1e18, _limits(FOREVER), trader, FOREVER);
            assertFalse(hostile.hookSucceeded(), "GRU-1: re-entered during issue");
            assertEq(bytes32(hostile.hookError()), bytes32(ICommonErrors.Reentrant.selector));
            vm.prank(holder);
            m00.redeem(1e18, _limits(0), holder, FOREVER);
            assertFalse(hostile.hookSucceeded(), "GRU-1: re-entered during redeem");
            assertEq(bytes32(hostile.hookError()), bytes32(ICommonErrors.Reentrant.selector));
        }
    }

    function test_rebaseDownwardsIsShared() public {
        hostile.slash(address(vault), 5e18);
        vm.prank(holder);
        uint256[] memory got = m00.redeem(1e18, _limits(0), holder, FOREVER);
        assertEq(got[0], 0.5e18);
        assertEq(got[1], 1e6);
        hostile.slash(address(vault), hostile.balanceOf(address(vault)));
        vm.prank(holder);
        assertEq(m00.redeem(1e18, _limits(0), holder, FOREVER)[0], 0);
    }
}
