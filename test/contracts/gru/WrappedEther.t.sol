// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {WrappedEther} from "../../../contracts/gru/WrappedEther.sol";
import {IWrappedEther} from "../../../contracts/interfaces/IWrappedEther.sol";
import {ForcedEther} from "../../../contracts/mocks/gru/ForcedEther.sol";
import {Base} from "../Base.t.sol";

contract WrappedEtherTest is Base {
    WrappedEther private m0;
    address private holder;
    address private spender;

    receive() external payable {
        m0.withdraw(1 ether);
    }

    function setUp() public {
        vm.warp(1_700_000_000);
        m0 = WrappedEther(payable(deploy("WrappedEther", "")));
        holder = makeAddr("holder");
        spender = makeAddr("spender");
        vm.deal(holder, 10 ether);
    }

    function test_metadata() public view {
        assertEq(m0.symbol(), "M0");
        assertEq(uint256(m0.decimals()), 18);
    }

    function test_everyWayOfDepositing() public {
        vm.expectEmit(address(m0));
        emit IWrappedEther.Deposit(holder, 1 ether);
        vm.prank(holder);
        m0.deposit{value: 1 ether}();
        vm.prank(holder);
        (bool ok, ) = address(m0).call{value: 2 ether}("");
        assertTrue(ok);
        vm.prank(holder);
        (ok, ) = address(m0).call{value: 3 ether}(hex"deadbeef");
        assertTrue(ok);
        assertEq(m0.balanceOf(holder), 6 ether);
        assertEq(m0.totalSupply(), 6 ether);
        assertEq(address(m0).balance, 6 ether);
    }

    function testFuzz_withdraw(uint256 amount) public {
        vm.prank(holder);
        m0.deposit{value: 4 ether}();
        amount = bound(amount, 0, 4 ether);
        vm.expectEmit(address(m0));
        emit IWrappedEther.Withdrawal(holder, amount);
        vm.prank(holder);
        m0.withdraw(amount);
        assertEq(holder.balance, 6 ether + amount);
        assertEq(m0.totalSupply(), 4 ether - amount);
    }

    function test_withdraw_revertsAboveTheBalance() public {
        vm.prank(holder);
        m0.deposit{value: 1 ether}();
        vm.prank(holder);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, holder, 1 ether, 1 ether + 1)
        );
        m0.withdraw(1 ether + 1);
    }

    /// @dev This contract withdraws again whenever it is paid: it gets what it had, and the last attempt fails the whole.
    function test_withdraw_reentranceFindsNothing() public {
        vm.prank(holder);
        m0.deposit{value: 5 ether}();
        vm.deal(address(this), 1 ether);
        m0.deposit{value: 1 ether}();
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(this), 0, 1 ether)
        );
        m0.withdraw(1 ether);
        assertEq(m0.totalSupply(), 6 ether);
    }

    function test_withdraw_revertsWhenTheReceiverRefuses() public {
        ForcedEther noReceiver = ForcedEther(deploy("ForcedEther", ""));
        vm.deal(address(noReceiver), 1 ether);
        vm.prank(address(noReceiver));
        m0.deposit{value: 1 ether}();
        vm.prank(address(noReceiver));
        vm.expectRevert(Errors.FailedCall.selector);
        m0.withdraw(1 ether);
        assertEq(m0.balanceOf(address(noReceiver)), 1 ether);
    }

    function test_transferFrom_ownerNeedsNoAllowance_othersDo() public {
        vm.prank(holder);
        m0.deposit{value: 2 ether}();
        vm.prank(holder);
        m0.transferFrom(holder, spender, 1 ether);
        assertEq(m0.balanceOf(spender), 1 ether);
        vm.prank(spender);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, spender, 0, 1 ether));
        m0.transferFrom(holder, spender, 1 ether);
        vm.prank(holder);
        m0.approve(spender, type(uint256).max);
        vm.prank(spender);
        m0.transferFrom(holder, spender, 1 ether);
        assertEq(m0.allowance(holder, spender), type(uint256).max);
    }

    /// @dev WETH9 accepts any permit in silence, because its fallback answers; this one checks.
    function test_permit_isRealAndSingleUse() public {
        uint256 deadline = vm.getBlockTimestamp() + 1 hours;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                holder,
                spender,
                1 ether,
                0,
                deadline
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", m0.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf("holder"), digest);
        m0.permit(holder, spender, 1 ether, deadline, v, r, s);
        assertEq(m0.allowance(holder, spender), 1 ether);
        assertEq(m0.nonces(holder), 1);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        m0.permit(holder, spender, 1 ether, deadline, v, r, s);
    }

    function test_forcedEtherBacksNothing() public {
        vm.prank(holder);
        m0.deposit{value: 1 ether}();
        vm.deal(address(this), 3 ether);
        new ForcedEther{value: 3 ether}().force(payable(address(m0)));
        assertEq(address(m0).balance, 4 ether);
        assertEq(m0.totalSupply(), 1 ether);
    }

    function test_isAnErc20WithPermit() public view {
        assertEq(IERC20(address(m0)).totalSupply(), 0);
        assertEq(IERC20Permit(address(m0)).nonces(holder), 0);
    }
}
