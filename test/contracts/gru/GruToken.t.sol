// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice M00 as a token: the diamond's ERC-20 and permit over the vault's book.
contract GruTokenTest is GruBase {
    function setUp() public override {
        super.setUp();
        _issue(holder, 100e18);
    }

    function test_metadata() public view {
        assertEq(m00.name(), "GRU M00");
        assertEq(m00.symbol(), "M00");
        assertEq(uint256(m00.decimals()), 18);
        (, string memory name, string memory version, uint256 chain, address verifier, , ) = m00.eip712Domain();
        bytes32 typeHash = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        bytes32 expected = keccak256(
            abi.encode(typeHash, keccak256(bytes(name)), keccak256(bytes(version)), chain, verifier)
        );
        assertEq(verifier, address(m00));
        assertEq(m00.DOMAIN_SEPARATOR(), expected);
    }

    function test_transfer_emitsFromTheDiamond() public {
        vm.expectEmit(address(m00));
        emit IERC20.Transfer(holder, trader, 7e18);
        vm.prank(holder);
        assertTrue(m00.transfer(trader, 7e18));
        assertEq(m00.balanceOf(trader), 7e18);
        assertEq(m00.balanceOf(holder), 93e18 - LOCKED);
        assertEq(m00.totalSupply(), 100e18);
    }

    function testFuzz_transfer_selfAndEveryAmount(uint256 amount, bool toSelf) public {
        uint256 had = m00.balanceOf(holder);
        amount = bound(amount, 0, had);
        vm.prank(holder);
        m00.transfer(toSelf ? holder : trader, amount);
        assertEq(m00.balanceOf(holder), toSelf ? had : had - amount);
        assertEq(m00.balanceOf(trader), toSelf ? 0 : amount);
    }

    function test_transfer_revertsAboveTheBalanceAndToDeadEnds() public {
        uint256 had = m00.balanceOf(holder);
        vm.prank(holder);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, holder, had, had + 1));
        m00.transfer(trader, had + 1);
        address[3] memory deadEnds = [address(0), address(m00), address(vault)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(holder);
            vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, deadEnds[i]));
            m00.transfer(deadEnds[i], 1);
        }
    }

    function test_allowance_isSpentOrInfinite() public {
        vm.prank(holder);
        m00.approve(trader, 3e18);
        vm.prank(trader);
        m00.transferFrom(holder, attacker, 2e18);
        assertEq(m00.allowance(holder, trader), 1e18);
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, trader, 1e18, 2e18));
        m00.transferFrom(holder, attacker, 2e18);
        vm.prank(holder);
        m00.approve(trader, FOREVER);
        vm.prank(trader);
        m00.transferFrom(holder, attacker, 2e18);
        assertEq(m00.allowance(holder, trader), FOREVER);
        vm.prank(holder);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidSpender.selector, address(0)));
        m00.approve(address(0), 1);
    }

    function _sign(
        string memory role,
        uint256 value,
        uint256 nonce,
        uint256 deadline
    ) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                holder,
                trader,
                value,
                nonce,
                deadline
            )
        );
        return vm.sign(keyOf(role), keccak256(abi.encodePacked(hex"1901", m00.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_permit_onceOnly() public {
        uint256 deadline = vm.getBlockTimestamp();
        (uint8 v, bytes32 r, bytes32 s) = _sign("holder", 5e18, 0, deadline);
        vm.expectEmit(address(m00));
        emit IERC20.Approval(holder, trader, 5e18);
        m00.permit(holder, trader, 5e18, deadline, v, r, s);
        assertEq(m00.allowance(holder, trader), 5e18);
        assertEq(m00.nonces(holder), 1);
        vm.expectPartialRevert(ICommonErrors.NotAuthorized.selector);
        m00.permit(holder, trader, 5e18, deadline, v, r, s);
    }

    function test_permit_revertsForAnotherSignerAmountChainOrTime() public {
        uint256 deadline = vm.getBlockTimestamp() + 1 hours;
        (uint8 v, bytes32 r, bytes32 s) = _sign("attacker", 5e18, 0, deadline);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        m00.permit(holder, trader, 5e18, deadline, v, r, s);

        (v, r, s) = _sign("holder", 5e18, 0, deadline);
        vm.expectPartialRevert(ICommonErrors.NotAuthorized.selector);
        m00.permit(holder, trader, 6e18, deadline, v, r, s);

        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(0)));
        m00.permit(address(0), trader, 5e18, deadline, 0, bytes32(0), bytes32(0));

        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        vm.expectPartialRevert(ICommonErrors.NotAuthorized.selector);
        m00.permit(holder, trader, 5e18, deadline, v, r, s);
        vm.chainId(chain);

        skipTime(1 hours + 1, 2);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, deadline, vm.getBlockTimestamp())
        );
        m00.permit(holder, trader, 5e18, deadline, v, r, s);
        assertEq(m00.allowance(holder, trader), 0);
    }
}
