// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {M1Base} from "./M1Base.t.sol";

abstract contract M1TokenBehaviour is M1Base {
    uint256 internal unit;

    function setUp() public virtual override {
        super.setUp();
        unit = 10 ** token.decimals();
        _mint(trader, 1_000 * unit);
        _mint(pool, 1_000 * unit);
    }

    function _move(address from, address to, uint256 amount) internal {
        vm.prank(from);
        token.transfer(to, amount);
    }

    function _expectPausedBetween(address from, address to) internal {
        vm.expectRevert(ICommonErrors.Paused.selector);
        _move(from, to, 1);
    }

    function _expectDenied(address caller, bytes32 role) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, caller, role));
        vm.prank(caller);
    }

    // --- ERC-20 ---

    function testFuzz_transfer_conservesAndKeepsFlags(uint256 amount, bool toPool) public {
        amount = bound(amount, 0, 1_000 * unit);
        address to = toPool ? pool : holder;
        uint256 before = token.balanceOf(to);
        _move(trader, to, amount);
        assertEq(token.balanceOf(trader), 1_000 * unit - amount, "sender");
        assertEq(token.balanceOf(to), before + amount, "receiver");
        assertEq(token.totalSupply(), 2_000 * unit, "supply");
        assertTrue(token.isSystemContract(pool), "system flag survives");
        assertFalse(token.isFrozen(trader) || token.isFrozen(to), "no flag appears");
    }

    function test_transfer_toOneselfChangesNothing() public {
        _move(trader, trader, 1_000 * unit);
        assertEq(token.balanceOf(trader), 1_000 * unit, "trader");
        _move(pool, pool, 1);
        assertEq(token.balanceOf(pool), 1_000 * unit, "system contract");
    }

    function test_transfer_revertsBeyondTheBalance() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector,
                trader,
                1_000 * unit,
                1_000 * unit + 1
            )
        );
        _move(trader, holder, 1_000 * unit + 1);
        // Amounts beyond 128 bits would reach the flags if they were not compared first.
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientBalance.selector);
        _move(trader, holder, 1 << 128);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        _move(trader, address(0), 1);
    }

    function test_transferFrom_spendsAllowanceButNotTheInfiniteOne() public {
        vm.prank(trader);
        token.approve(router, 10);
        vm.prank(router);
        token.transferFrom(trader, holder, 4);
        assertEq(token.allowance(trader, router), 6, "left");
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, router, 6, 7));
        vm.prank(router);
        token.transferFrom(trader, holder, 7);

        vm.prank(trader);
        token.approve(router, type(uint256).max);
        vm.prank(router);
        token.transferFrom(trader, holder, 4);
        assertEq(token.allowance(trader, router), type(uint256).max, "infinite");
    }

    function test_permit_worksOnceAndOnlyForItsOwner() public {
        uint256 deadline = block.timestamp + 60;
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(keyOf("trader"), trader, 5, 0, deadline);
        token.permit(trader, router, 5, deadline, v, r, s);
        assertEq(token.allowance(trader, router), 5, "allowance");
        assertEq(token.nonces(trader), 1, "nonce");
        vm.expectPartialRevert(ICommonErrors.NotAuthorized.selector);
        token.permit(trader, router, 5, deadline, v, r, s);

        (v, r, s) = _signPermit(keyOf("attacker"), trader, 5, 1, deadline);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        token.permit(trader, router, 5, deadline, v, r, s);

        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(0)));
        token.permit(address(0), router, 5, deadline, 27, bytes32(0), bytes32(0));

        (v, r, s) = _signPermit(keyOf("trader"), trader, 5, 1, deadline);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, deadline, deadline + 1));
        token.permit(trader, router, 5, deadline, v, r, s);
    }

    function test_permit_isBoundToTheChain() public {
        uint256 deadline = block.timestamp + 60;
        vm.chainId(138);
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(keyOf("trader"), trader, 5, 0, deadline);
        vm.chainId(651940);
        vm.expectPartialRevert(ICommonErrors.NotAuthorized.selector);
        token.permit(trader, router, 5, deadline, v, r, s);
        vm.chainId(138);
        token.permit(trader, router, 5, deadline, v, r, s);
    }

    function _signPermit(
        uint256 key,
        address owner,
        uint256 value,
        uint256 nonce,
        uint256 deadline
    ) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Cantilever USDT"),
                keccak256("1"),
                block.chainid,
                address(token)
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                owner,
                router,
                value,
                nonce,
                deadline
            )
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", separator, structHash)));
    }

    // --- Mint and burn buckets ---

    function testFuzz_mint_neverExceedsCapacityPlusRefill(
        uint256[8] calldata amounts,
        uint16[8] calldata waits
    ) public {
        _setLimit(1_000 * unit, unit);
        uint256 start = vm.getBlockTimestamp();
        uint256 available = token.mintAvailable(minter);
        uint256 minted;
        for (uint256 i = 0; i < 8; ++i) {
            vm.warp(vm.getBlockTimestamp() + waits[i]);
            uint256 amount = bound(amounts[i], 0, 1_500 * unit);
            bool allowed = amount <= token.mintAvailable(minter);
            vm.prank(minter);
            try token.mint(holder, amount) {
                assertTrue(allowed, "minted more than available");
                minted += amount;
            } catch {
                assertFalse(allowed, "refused what was available");
            }
        }
        assertLe(minted, available + (vm.getBlockTimestamp() - start) * unit, "window bound");
        assertEq(token.balanceOf(holder), minted, "balance");
    }

    function test_burn_holderHasNoLimitButTheMinterHas() public {
        _setLimit(uint128(unit), 0);
        vm.prank(trader);
        token.approve(minter, type(uint256).max);
        vm.prank(minter);
        token.burnFrom(trader, unit);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.BurnLimitExceeded.selector, minter, 1, 0));
        vm.prank(minter);
        token.burnFrom(trader, 1);
        vm.prank(trader);
        token.burn(999 * unit);
        assertEq(token.balanceOf(trader), 0, "all burnt");
        assertEq(token.totalSupply(), 1_000 * unit, "supply");
    }

    function test_burnFrom_needsAllowance() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, minter, 0, 1));
        vm.prank(minter);
        token.burnFrom(trader, 1);
    }

    function test_mint_revertsBeyondTheBucketAndRefills() public {
        _setLimit(uint128(10 * unit), uint128(unit));
        uint256 available = token.mintAvailable(minter);
        vm.prank(minter);
        token.mint(holder, available);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.MintLimitExceeded.selector, minter, 1, 0));
        vm.prank(minter);
        token.mint(holder, 1);
        vm.warp(block.timestamp + 3);
        assertEq(token.mintAvailable(minter), 3 * unit, "three seconds");
        vm.warp(block.timestamp + 1_000);
        assertEq(token.mintAvailable(minter), 10 * unit, "full");
    }

    function test_setMinterLimit_startsFullOnceAndNeverRefillsByResetting() public {
        address bridge = makeAddr("bridge");
        vm.startPrank(timelock);
        token.setMinterLimit(IM1Token.MinterLimit(bridge, 100, 0, 50, 0));
        token.grantRole(token.MINTER_ROLE(), bridge);
        vm.stopPrank();
        assertEq(token.mintAvailable(bridge), 100, "full at first");
        assertEq(token.burnAvailable(bridge), 50, "burn bucket is its own");
        vm.prank(bridge);
        token.mint(holder, 100);
        vm.prank(timelock);
        token.setMinterLimit(IM1Token.MinterLimit(bridge, 200, 0, 50, 0));
        assertEq(token.mintAvailable(bridge), 0, "setting again gives nothing");
    }

    function test_mint_supplyFitsThePackedBalance() public {
        uint128 most = type(uint128).max;
        vm.prank(timelock);
        token.setMinterLimit(IM1Token.MinterLimit(minter, most, most, 0, 0));
        vm.warp(block.timestamp + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IM1Token.SupplyTooLarge.selector, uint256(most) + 2_000 * unit, uint256(most))
        );
        vm.prank(minter);
        token.mint(holder, most);
        vm.prank(minter);
        token.mint(holder, most - 2_000 * unit);
        assertEq(token.totalSupply(), most, "exactly full");
        _move(holder, trader, token.balanceOf(holder));
        _move(pool, trader, 1_000 * unit);
        assertEq(token.balanceOf(trader), most, "one account holds all");
        assertFalse(token.isFrozen(trader) || token.isSystemContract(trader), "no carry into the flags");
    }

    function _setLimit(uint256 capacity, uint256 refill) internal {
        vm.prank(timelock);
        token.setMinterLimit(
            IM1Token.MinterLimit(minter, uint128(capacity), uint128(refill), uint128(capacity), uint128(refill))
        );
    }

    // --- Pause ---

    function test_pause_stopsEveryPairAndMintsButNotTheHoldersBurn() public {
        vm.prank(pauser);
        token.pause();
        assertEq(token.pausedUntil(), block.timestamp + 24 hours, "deadline");
        _expectPausedBetween(trader, holder);
        _expectPausedBetween(trader, pool);
        _expectPausedBetween(pool, trader);
        _expectPausedBetween(pool, mesh);
        vm.expectRevert(ICommonErrors.Paused.selector);
        _mint(holder, 1);
        vm.prank(trader);
        token.approve(minter, 1);
        vm.expectRevert(ICommonErrors.Paused.selector);
        vm.prank(minter);
        token.burnFrom(trader, 1);
        vm.prank(trader);
        token.burn(1); // ACCESS-23: an exit is not paused
    }

    function test_LIVE25_pauseEndsByItselfAfter24Hours() public {
        vm.prank(pauser);
        token.pause();
        vm.warp(block.timestamp + 24 hours - 1);
        _expectPausedBetween(pool, trader);
        vm.warp(block.timestamp + 1);
        _move(pool, trader, 1);
        _move(trader, holder, 1);
        _mint(holder, 1);
    }

    function test_pause_cannotBeProlongedByThePauser() public {
        vm.startPrank(pauser);
        token.pause();
        uint256 allowedAt = token.pauseAllowedAt();
        assertEq(allowedAt, block.timestamp + 48 hours, "one day of pause, one day of rest");
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, allowedAt, block.timestamp));
        token.pause();
        vm.warp(allowedAt - 1);
        vm.expectPartialRevert(ICommonErrors.NotReady.selector);
        token.pause();
        vm.warp(allowedAt);
        token.pause();
        token.unpause();
        vm.expectPartialRevert(ICommonErrors.NotReady.selector);
        token.pause();
        vm.stopPrank();
    }

    function test_renewPause_isTheTimelocksAndAtMost24HoursAtATime() public {
        vm.prank(pauser);
        token.pause();
        uint256 latest = block.timestamp + 24 hours;
        vm.startPrank(timelock);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, latest + 1, block.timestamp + 1, latest)
        );
        token.renewPause(latest + 1);
        vm.warp(latest - 10);
        token.renewPause(latest + 1 hours);
        vm.stopPrank();
        vm.warp(latest + 1 hours - 1);
        _expectPausedBetween(pool, trader);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, pauser));
        vm.prank(pauser);
        token.unpause();
        vm.prank(timelock);
        token.unpause();
        _move(pool, trader, 1);
        vm.prank(pauser);
        token.pause(); // the timelock's unpause clears the rest
        _expectPausedBetween(pool, trader);
    }

    function test_unpause_revertsWhenNotPaused() public {
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        vm.prank(pauser);
        token.unpause();
    }

    function test_setSystemContract_duringAPauseCarriesTheDeadline() public {
        vm.prank(pauser);
        token.pause();
        vm.prank(timelock);
        token.setSystemContract(holder, true);
        _expectPausedBetween(trader, holder);
        vm.prank(timelock);
        token.setSystemContract(pool, false);
        _expectPausedBetween(pool, trader);
        assertEq(token.systemContracts().length, 2, "mesh and holder");
        vm.prank(timelock);
        token.unpause();
        _move(trader, holder, 1);
        _move(pool, trader, 1);
    }

    function test_setSystemContract_boundsTheCostOfAPause() public {
        vm.startPrank(timelock);
        for (uint256 i = 0; i < 62; ++i) token.setSystemContract(address(uint160(0x1000 + i)), true);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.TooManySystemContracts.selector, 64));
        token.setSystemContract(holder, true);
        token.setSystemContract(pool, true); // already one: nothing happens
        vm.stopPrank();
        assertEq(token.systemContracts().length, 64, "full");
        vm.prank(pauser);
        uint256 gasBefore = gasleft();
        token.pause();
        assertLe(gasBefore - gasleft(), 600_000, "gas of a pause with 64 system contracts");
    }

    // --- Freeze ---

    function test_freeze_stopsSendingReceivingAndBurning() public {
        vm.prank(freezer);
        token.freeze(trader);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.AccountFrozen.selector, trader));
        _move(trader, pool, 1);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.AccountFrozen.selector, trader));
        _move(pool, trader, 1);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.AccountFrozen.selector, trader));
        vm.prank(trader);
        token.burn(1);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.AccountFrozen.selector, trader));
        _mint(trader, 1);
        assertEq(token.balanceOf(trader), 1_000 * unit, "the flag is not part of the balance");
        vm.prank(freezer);
        token.unfreeze(trader);
        _move(trader, pool, 1);
    }

    function test_freeze_refusesSystemContracts() public {
        vm.expectRevert(abi.encodeWithSelector(IM1Token.SystemContract.selector, pool));
        vm.prank(freezer);
        token.freeze(pool);
        vm.prank(freezer);
        token.freeze(holder);
        vm.expectRevert(abi.encodeWithSelector(IM1Token.AccountFrozen.selector, holder));
        vm.prank(timelock);
        token.setSystemContract(holder, true);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        vm.prank(freezer);
        token.freeze(address(0));
    }

    // --- ACCESS-23 ---

    function test_ACCESS23_everyRoleIsNeeded() public {
        bytes32 minterRole = token.MINTER_ROLE();
        bytes32 pauserRole = token.PAUSER_ROLE();
        bytes32 freezerRole = token.FREEZER_ROLE();
        _expectDenied(attacker, minterRole);
        token.mint(attacker, 1);
        _expectDenied(attacker, minterRole);
        token.burnFrom(trader, 1);
        _expectDenied(attacker, pauserRole);
        token.pause();
        _expectDenied(attacker, bytes32(0));
        token.renewPause(block.timestamp + 1);
        _expectDenied(attacker, freezerRole);
        token.freeze(trader);
        _expectDenied(attacker, freezerRole);
        token.unfreeze(trader);
        _expectDenied(attacker, bytes32(0));
        token.setSystemContract(attacker, true);
        _expectDenied(attacker, bytes32(0));
        token.setMinterLimit(IM1Token.MinterLimit(attacker, 1, 1, 1, 1));
        vm.prank(pauser);
        token.pause();
        _expectDenied(attacker, pauserRole);
        token.unpause();
    }

    function test_ACCESS23_adminHandsOverInTwoSteps() public {
        address nextAdmin = makeAddr("next admin");
        vm.prank(timelock);
        token.beginDefaultAdminTransfer(nextAdmin);
        vm.warp(block.timestamp + 1);
        assertTrue(token.hasRole(bytes32(0), timelock), "still the old admin");
        vm.prank(nextAdmin);
        token.acceptDefaultAdminTransfer();
        assertFalse(token.hasRole(bytes32(0), timelock), "the old admin keeps nothing");
        assertEq(token.owner(), nextAdmin, "the new admin");
    }

    function test_ACCESS23_setUpIsClosedAfterCreation() public {
        IM1Token.ChainSetup memory setup = _setup();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        vm.prank(attacker);
        token.setUpChain(setup);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(factory)));
        vm.prank(address(factory));
        token.setUpChain(setup);
        assertFalse(token.hasRole(bytes32(0), creator) || token.hasRole(bytes32(0), address(factory)), "no power");
    }
}

contract M1TokenSixTest is M1TokenBehaviour {}

contract M1TokenEightTest is M1TokenBehaviour {
    function _decimals() internal pure override returns (uint8) {
        return 8;
    }
}

contract M1TokenEighteenTest is M1TokenBehaviour {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}
