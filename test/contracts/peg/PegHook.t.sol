// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPegBoard} from "../../../contracts/interfaces/IPegBoard.sol";
import {IPegManager} from "../../../contracts/interfaces/IPegManager.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {StablecoinPegManager} from "../../../contracts/peg/StablecoinPegManager.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {PegBase} from "./PegBase.t.sol";

/// @title PegHookBase
/// @notice The managers tell the stabilizer's limits; dollar tokens are guarded at 2 % around a dollar.
abstract contract PegHookBase is PegBase {
    IPegManager.State internal constant NORMAL = IPegManager.State.NORMAL;
    IPegManager.State internal constant DEFENDS = IPegManager.State.DEFENDING;
    IPegManager.State internal constant HALTED = IPegManager.State.HALTED;
    uint128 internal constant LOW = 0.98e18;
    uint128 internal constant HIGH = 1.02e18;

    function setUp() public virtual override {
        super.setUp();
        vm.startPrank(timelock);
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(4 * CAP, 200e9, 1.1e18));
        limits.setPegGuard(address(cUSDT), guard(address(stable), LOW, HIGH));
        limits.setPegGuard(address(cUSDC), guard(address(stable), LOW, HIGH));
        limits.setPegGuard(address(cEURT), guard(address(stable), 0.9e18, 1.3e18));
        limits.setPegGuard(address(xau), guard(address(commodity), 500e18, 20_000e18));
        stable.setSink(address(limits));
        commodity.setSink(address(limits));
        vm.stopPrank();
    }

    function guard(
        address manager,
        uint128 low,
        uint128 high
    ) internal pure returns (IStabilizerLimits.PegGuard memory) {
        return IStabilizerLimits.PegGuard(manager, low, high, 2e18);
    }

    function _haltCusdc() internal {
        report(cUSDC, 97500000);
        stable.poke(address(cUSDC));
        skipBlocks(GRACE);
        stable.poke(address(cUSDC));
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(HALTED), "set-up");
    }

    function _refuses(IPmmPool pool, IStabilizerLimits.Reason reason, string memory note) internal {
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(pool));
        assertEq(uint256(answer.reason), uint256(reason), note);
        (address base, address quote) = (pool._BASE_TOKEN_(), pool._QUOTE_TOKEN_());
        vm.expectRevert(noAction(pool, reason));
        stabilizer.executePrivateSwap(type(uint128).max, base, quote);
        vm.expectRevert(noAction(pool, reason));
        stabilizer.executePrivateSwap(type(uint128).max, quote, base);
    }
}

contract PegHookTest is PegHookBase {
    // --- Halted

    /// @dev PEG-7
    /// hardhat-config: isolate = true
    function test_PEG7_aHaltedTokenStopsItsPoolsAndNoOther() public {
        disturb(stablePool, true, 40_000);
        disturb(xauUsdcPool, true, 40_000);
        disturb(xauPool, true, 40_000);
        vm.prank(guardian);
        stable.veto(address(cUSDC), HALTED);
        _refuses(stablePool, IStabilizerLimits.Reason.PEG_HALTED, "cUSDT/cUSDC");
        _refuses(xauUsdcPool, IStabilizerLimits.Reason.PEG_HALTED, "XAU/cUSDC");
        execute(keeper, xauPool);

        vm.prank(timelock);
        stable.liftVeto(address(cUSDC));
        execute(keeper, stablePool);
        execute(keeper, xauUsdcPool);
    }

    /// @dev PEG-7: either token, on either side of a pool, and a batch says why.
    /// hardhat-config: isolate = true
    function test_PEG7_aBatchSkipsWhatIsHalted() public {
        disturb(xauPool, false, 40_000);
        vm.prank(guardian);
        commodity.veto(address(xau), HALTED);
        IStabilizer.Order[] memory orders = new IStabilizer.Order[](1);
        orders[0] = IStabilizer.Order(address(xauPool), type(uint128).max);
        vm.expectEmit(true, true, true, true, address(stabilizer));
        emit IStabilizer.Skipped(address(xauPool), IStabilizerLimits.Reason.PEG_HALTED);
        assertEq(stabilizer.executeBatch(orders), 0, "nothing");
    }

    /// @dev PEG-7: Halted with the inventory kept, from the first price outside to normal service.
    /// hardhat-config: isolate = true
    function test_PEG7_depegKeepsTheInventoryAndEndsInNormalService() public {
        disturb(stablePool, false, 40_000);
        uint256 goodBefore = inventoryUnits(cUSDT);
        uint256 badBefore = inventoryUnits(cUSDC);
        report(cUSDC, 88000000);
        stable.poke(address(cUSDC));
        for (uint256 block_ = 0; block_ < 20; ++block_) {
            sellUsd(stablePool, false, 10_000);
            skipBlocks(1);
            if (block_ > 0) stable.poke(address(cUSDC));
            vm.expectRevert();
            stabilizer.executePrivateSwap(type(uint128).max, address(cUSDT), address(cUSDC));
        }
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(HALTED), "halted");
        assertEq(inventoryUnits(cUSDT), goodBefore, "the good token is kept");
        assertEq(inventoryUnits(cUSDC), badBefore, "none of the bad was bought");

        report(cUSDC, 1_00000000);
        for (uint256 block_ = 0; block_ < CALM_BLOCKS; ++block_) {
            stable.poke(address(cUSDC));
            skipBlocks(1);
        }
        assertLt(uint256(limits.pegStateOf(address(cUSDC))), uint256(HALTED), "calm, whatever the market state");
        uint256 before = inventoryValue();
        execute(keeper, stablePool);
        assertGe(inventoryValue(), before, "normal service, at no loss");
    }

    // --- Guard

    /// @dev PEG-8: The very transaction that brings the price may be the one that tries to use the stabilizer: no poke has happened.
    /// hardhat-config: isolate = true
    function test_PEG8_noPokeIsNeededToRefuseAPriceOutsideTheGuard() public {
        disturb(stablePool, false, 40_000);
        uint256 snapshot = vm.snapshotState();
        uint72[4] memory outside = [uint72(97999999), 88000000, 1_02000001, 1_50000000];
        for (uint256 index = 0; index < outside.length; ++index) {
            report(cUSDC, outside[index]);
            assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(NORMAL), "nobody has poked");
            _refuses(stablePool, IStabilizerLimits.Reason.PRICE_OUTSIDE_GUARD, "outside");
            vm.revertToState(snapshot);
            snapshot = vm.snapshotState();
        }
        report(cUSDC, 98000000);
        execute(keeper, stablePool);
        vm.revertToState(snapshot);
        report(cUSDC, 1_02000000);
        execute(keeper, stablePool);
    }

    /// @dev PEG-8: The other token of the pool counts as well, the tokens of other pools do not.
    /// hardhat-config: isolate = true
    function test_PEG8_eachTokenOfThePoolIsGuarded() public {
        disturb(stablePool, true, 40_000);
        disturb(xauPool, true, 40_000);
        disturb(xauUsdcPool, true, 40_000);
        report(cUSDT, 97000000);
        _refuses(stablePool, IStabilizerLimits.Reason.PRICE_OUTSIDE_GUARD, "as base");
        _refuses(xauPool, IStabilizerLimits.Reason.PRICE_OUTSIDE_GUARD, "as quote");
        execute(keeper, xauUsdcPool);
    }

    /// @dev PEG-8: Taking a guard off is the owner's decision, and then the pool acts as it did before there were any.
    /// hardhat-config: isolate = true
    function test_PEG8_withoutAGuardEveryPriceCounts() public {
        disturb(stablePool, false, 40_000);
        report(cUSDC, 97000000);
        _refuses(stablePool, IStabilizerLimits.Reason.PRICE_OUTSIDE_GUARD, "guarded");
        vm.startPrank(timelock);
        stable.setSink(address(0));
        limits.setPegGuard(address(cUSDC), IStabilizerLimits.PegGuard(address(0), 0, 0, 0));
        vm.stopPrank();
        execute(keeper, stablePool);
    }

    // --- Managers

    /// @dev PEG-9
    /// hardhat-config: isolate = true
    function test_PEG9_onlyTheTokensOwnManagerTells() public {
        address[4] memory callers = [address(commodity), guardian, timelock, address(this)];
        for (uint256 index = 0; index < callers.length; ++index) {
            vm.prank(callers[index]);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, callers[index]));
            limits.pegChanged(address(cUSDC), HALTED);
        }
        vm.prank(address(stable));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(stable)));
        limits.pegChanged(makeAddr("a token without a manager"), HALTED);
    }

    /// @dev PEG-9: A manager is never asked. One that reverts in every call changes nothing, and the owner can take it off.
    /// hardhat-config: isolate = true
    function test_PEG9_aBrokenManagerNeitherBlocksNorDelays() public {
        disturb(stablePool, true, 40_000);
        vm.etch(address(stable), hex"fe");
        execute(keeper, stablePool);
        skipBlocks(8);

        disturb(stablePool, true, 40_000);
        vm.prank(address(stable));
        limits.pegChanged(address(cUSDT), HALTED);
        _refuses(stablePool, IStabilizerLimits.Reason.PEG_HALTED, "its last word counts");
        vm.prank(timelock);
        limits.setPegGuard(address(cUSDT), guard(address(0), LOW, HIGH));
        assertEq(uint256(limits.pegStateOf(address(cUSDT))), uint256(NORMAL), "nobody speaks for it");
        execute(keeper, stablePool);
    }

    /// @dev PEG-9
    /// hardhat-config: isolate = true
    function test_PEG9_anotherManagerStartsWithWhatHeKnows() public {
        _haltCusdc();
        StablecoinPegManager next = StablecoinPegManager(
            deploy("StablecoinPegManager", abi.encode(address(oracle), timelock))
        );
        vm.startPrank(timelock);
        stable.setSink(address(0));
        next.setToken(address(cUSDC), config(address(0)), new address[](0));
        limits.setPegGuard(address(cUSDC), guard(address(next), LOW, HIGH));
        next.setSink(address(limits));
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(NORMAL), "he has not measured yet");
        vm.stopPrank();
        vm.prank(address(stable));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(stable)));
        limits.pegChanged(address(cUSDC), NORMAL);
        next.poke(address(cUSDC));
        skipBlocks(1);
        next.poke(address(cUSDC));
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(HALTED), "now he has");
    }

    /// @dev PEG-9: The band may be moved while the token is halted; that is not a new manager.
    /// hardhat-config: isolate = true
    function test_PEG9_aChangedBandKeepsTheState() public {
        _haltCusdc();
        vm.prank(timelock);
        limits.setPegGuard(address(cUSDC), guard(address(stable), 0.9e18, 1.1e18));
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(HALTED), "kept");
        disturb(stablePool, true, 40_000);
        _refuses(stablePool, IStabilizerLimits.Reason.PEG_HALTED, "and followed");
    }

    /// @dev PEG-9: A pool that is registered while a token is halted starts halted; configuration and counters do not move the state.
    /// hardhat-config: isolate = true
    function test_PEG9_stateSurvivesConfigurationAndRegistration() public {
        disturb(stablePool, true, 40_000);
        vm.prank(guardian);
        stable.veto(address(cUSDC), HALTED);
        vm.startPrank(timelock);
        limits.setPoolConfig(address(stablePool), poolConfig());
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(5 * CAP, 200e9, 1.1e18));
        vm.stopPrank();
        _refuses(stablePool, IStabilizerLimits.Reason.PEG_HALTED, "configured");
        vm.startPrank(timelock);
        limits.removePool(address(stablePool));
        stable.liftVeto(address(cUSDC));
        limits.registerPool(address(stablePool), poolConfig());
        vm.stopPrank();
        execute(keeper, stablePool);

        vm.prank(timelock);
        limits.removePool(address(stablePool));
        _haltCusdc();
        vm.prank(timelock);
        limits.registerPool(address(stablePool), poolConfig());
        disturb(stablePool, true, 40_000);
        _refuses(stablePool, IStabilizerLimits.Reason.PEG_HALTED, "registered while halted");
    }

    // --- Defending

    /// @dev PEG-10: 300,000 USD need more than one cap. NORMAL gives one, DEFENDING two, the ceiling's worth at most.
    /// hardhat-config: isolate = true
    function test_PEG10_defendingRaisesTheCapInsideTheCeiling() public {
        disturb(stablePool, true, 300_000);
        uint256 normal = limits.allowance(address(stablePool)).maxAmountIn;
        stable.poke(address(cUSDT));
        assertEq(uint256(limits.pegStateOf(address(cUSDT))), uint256(DEFENDS), "set-up");
        uint256 raised = limits.allowance(address(stablePool)).maxAmountIn;
        assertApproxEqRel(raised, 2 * normal, 1e12, "twice");
        uint256 snapshot = vm.snapshotState();
        execute(keeper, stablePool);
        (, , , uint256 volume) = limits.usage(address(stablePool));
        assertGt(volume, CAP, "and it executes");
        assertLe(volume, 2 * CAP, "no more");
        vm.revertToState(snapshot);

        vm.startPrank(timelock);
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(800e18, 200e9, 1.1e18));
        limits.setPegGuard(address(cUSDT), IStabilizerLimits.PegGuard(address(stable), LOW, HIGH, 1e18));
        vm.stopPrank();
        assertEq(limits.allowance(address(stablePool)).maxAmountIn, normal, "the smaller multiple of the two tokens");
        vm.startPrank(timelock);
        limits.setPegGuard(address(cUSDT), IStabilizerLimits.PegGuard(address(stable), LOW, HIGH, 10e18));
        limits.setPegGuard(address(cUSDC), IStabilizerLimits.PegGuard(address(stable), LOW, HIGH, 10e18));
        IStabilizerLimits.PoolConfig memory config_ = poolConfig();
        config_.capXauWei = 100e18;
        config_.bucketXauWei = 2_000e18;
        limits.setPoolConfig(address(stablePool), config_);
        vm.stopPrank();
        // 10 x 100 would be 1,000; the immutable ceiling is 200.
        sellUsd(stablePool, true, 600_000);
        uint256 most = valueXau(cUSDC, limits.allowance(address(stablePool)).maxAmountIn);
        assertLe(most, 200e18, "ceiling");
    }

    /// @dev PEG-10: The global cap has to leave room for two pools that defend.
    /// hardhat-config: isolate = true
    function test_PEG10_theGlobalCapCoversTwoDefendingPools() public {
        vm.startPrank(timelock);
        vm.expectRevert(
            abi.encodeWithSelector(IStabilizerLimits.GlobalCapTooSmall.selector, 4 * CAP - 1, 4 * uint256(CAP))
        );
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(4 * CAP - 1, 200e9, 0));
        limits.setPegGuard(address(cEURT), IStabilizerLimits.PegGuard(address(stable), LOW, HIGH, 1e18));
        limits.setPegGuard(address(cUSDT), IStabilizerLimits.PegGuard(address(stable), LOW, HIGH, 3e18));
        vm.expectRevert(
            abi.encodeWithSelector(IStabilizerLimits.GlobalCapTooSmall.selector, 4 * CAP, 5 * uint256(CAP))
        );
        limits.setPegGuard(address(cUSDC), IStabilizerLimits.PegGuard(address(stable), LOW, HIGH, 3e18));
        vm.stopPrank();
    }

    // --- Configuration

    /// hardhat-config: isolate = true
    function test_guardsAreCheckedAndReadBack() public {
        IStabilizerLimits.PegGuard memory own = guard(address(stable), LOW, HIGH);
        assertEq(keccak256(abi.encode(limits.pegGuard(address(cUSDC)))), keccak256(abi.encode(own)), "read back");
        vm.expectRevert();
        limits.setPegGuard(address(cUSDC), own);
        vm.startPrank(timelock);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        limits.setPegGuard(address(0), own);
        own.manager = makeAddr("nobody");
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, own.manager));
        limits.setPegGuard(address(cUSDC), own);
        own = guard(address(stable), 0, HIGH);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, type(uint128).max));
        limits.setPegGuard(address(cUSDC), own);
        own = guard(address(stable), HIGH, LOW);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, LOW, HIGH, type(uint128).max));
        limits.setPegGuard(address(cUSDC), own);
        own = guard(address(stable), LOW, HIGH);
        own.defendingCapWad = 1e18 - 1;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1e18 - 1, 1e18, 10e18));
        limits.setPegGuard(address(cUSDC), own);
        own.defendingCapWad = 10e18 + 1;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 10e18 + 1, 1e18, 10e18));
        limits.setPegGuard(address(cUSDC), own);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1e18, 0, 0));
        limits.setPegGuard(address(cUSDC), IStabilizerLimits.PegGuard(address(0), 0, 0, 1e18));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1, 0, 0));
        limits.setPegGuard(address(cUSDC), IStabilizerLimits.PegGuard(address(0), 1, 0, 0));
        vm.stopPrank();
    }

    // --- Board

    /// @dev PEG-11: What the board calls due is exactly what changes something.
    /// hardhat-config: isolate = true
    function test_PEG11_aPokeIsDueExactlyWhenItChangesSomething() public {
        assertFalse(stable.pokeDue(address(cUSDC)), "calm");
        report(cUSDC, 97500000);
        assertTrue(stable.pokeDue(address(cUSDC)), "a run outside begins");
        stable.poke(address(cUSDC));
        assertFalse(stable.pokeDue(address(cUSDC)), "seen");
        skipBlocks(HALT_BLOCKS - 1);
        assertTrue(stable.pokeDue(address(cUSDC)), "long enough");
        stable.poke(address(cUSDC));
        skipBlocks(40);
        assertFalse(stable.pokeDue(address(cUSDC)), "halted and outside");
        report(cUSDC, 1_00000000);
        assertTrue(stable.pokeDue(address(cUSDC)), "a run of calm begins");
        stable.poke(address(cUSDC));
        for (uint256 block_ = 1; block_ < CALM_BLOCKS; ++block_) {
            assertFalse(stable.pokeDue(address(cUSDC)), "calm goes on");
            skipBlocks(1);
        }
        assertTrue(stable.pokeDue(address(cUSDC)), "calm for long enough");
        stable.poke(address(cUSDC));
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(NORMAL), "over");

        vm.prank(guardian);
        stable.veto(address(cUSDC), HALTED);
        assertFalse(stable.pokeDue(address(cUSDC)), "a veto tells at once");
        skipTime(24 hours, 2);
        report(cUSDC, 1_00000000);
        assertTrue(stable.pokeDue(address(cUSDC)), "its end has to be told");
        stable.poke(address(cUSDC));
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(NORMAL), "told");
    }

    /// @dev PEG-11
    /// hardhat-config: isolate = true
    function test_PEG11_theBoardTellsEveryTokenAndPokesThoseNamed() public {
        report(cUSDC, 97500000);
        IPegBoard.TokenStatus[] memory list = board.status();
        assertEq(list.length, 4, "all");
        assertEq(list[1].token, address(cUSDC), "in order of assignment");
        assertTrue(list[1].readable && list[1].pokeDue && list[1].priceKnown, "due");
        assertEq(list[1].priceDeviationWad, -0.025e18, "by how much");
        assertFalse(list[0].pokeDue, "nothing to do");
        address[] memory which = new address[](2);
        (which[0], which[1]) = (makeAddr("nobody's token"), address(cUSDC));
        board.poke(which);
        skipBlocks(1);
        board.poke(which);
        assertTrue(board.isHalted(address(cUSDC)), "poked");
        assertEq(uint256(board.statusOf(address(cUSDC)).state), uint256(HALTED), "status");
        assertEq(uint256(limits.pegStateOf(address(cUSDC))), uint256(HALTED), "told");
    }

    /// @dev PEG-11: A manager that fails hides nobody and holds up nobody.
    /// hardhat-config: isolate = true
    function test_PEG11_aBrokenManagerHidesNoOther() public {
        report(cUSDC, 97500000);
        vm.mockCallRevert(address(commodity), "", hex"12345678");
        IPegBoard.TokenStatus[] memory list = board.status();
        assertFalse(list[3].readable, "gold");
        assertEq(list[3].token, address(xau), "by its name");
        assertTrue(list[1].pokeDue, "the others");
        address[] memory which = new address[](2);
        (which[0], which[1]) = (address(xau), address(cUSDC));
        vm.expectEmit(true, true, true, true, address(board));
        emit IPegBoard.PokeFailed(address(xau), 0x12345678);
        board.poke(which);
        assertFalse(stable.pokeDue(address(cUSDC)), "poked");
    }

    /// hardhat-config: isolate = true
    function test_boardKeepsItsList() public {
        vm.startPrank(timelock);
        board.assign(address(cUSDT), address(0));
        board.assign(address(cUSDT), address(0));
        assertEq(board.tokens().length, 3, "off");
        board.assign(address(cUSDT), address(stable));
        board.assign(address(cUSDT), address(stable));
        assertEq(board.tokens().length, 4, "on, once");
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        board.renounceOwnership();
        vm.stopPrank();
    }
}

/// @dev PEG-12: Price, poke, execution, veto and time in any order.
contract PegOrderTest is PegHookBase {
    uint256 private executed;
    uint256 private refused;

    /// @dev PEG-12
    /// hardhat-config: isolate = true
    function testFuzz_PEG12_noOrderOfPushExecutionAndRecoveryTradesALostPeg(uint256 seed) public {
        M1Token[2] memory tokens = [cUSDT, cUSDC];
        disturb(stablePool, seed % 2 == 0, 60_000);
        for (uint256 step = 0; step < 24; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            M1Token token = tokens[(seed >> 8) % 2];
            uint256 action = seed % 8;
            if (action < 2) {
                // Half of the prices are inside, some at the very edge.
                uint72[6] memory answers = [uint72(1_00000000), 99900000, 98000000, 97999999, 88000000, 1_02000001];
                skipBlocks(GRACE);
                report(token, answers[(seed >> 16) % 6]);
            } else if (action < 4) {
                stable.poke(address(token));
            } else if (action == 4) {
                IPegManager.State wish = (seed >> 24) % 2 == 0 ? HALTED : NORMAL;
                vm.prank(guardian);
                try stable.veto(address(token), wish) {} catch {}
            } else if (action == 5) {
                sellUsd(stablePool, (seed >> 32) % 2 == 0, 1 + ((seed >> 40) % 60_000));
            }
            if (action != 6) skipBlocks(1 + ((seed >> 48) % 4));
            _tryToExecute();
        }
        assertGt(executed + refused, 0, "something was tried");
    }

    /// @dev Of the whole inventory nothing may move while a peg is lost, by price or by word; and it never loses.
    function _tryToExecute() private {
        bool lost = _isLost(cUSDT) || _isLost(cUSDC);
        (uint256 t, uint256 c) = (inventoryUnits(cUSDT), inventoryUnits(cUSDC));
        uint256 before = inventoryValue();
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        try stabilizer.executePrivateSwap(type(uint128).max, answer.tokenIn, answer.tokenOut) {
            assertFalse(lost, "executed with a lost peg");
            assertEq(uint256(answer.reason), 0, "the view knew");
            ++executed;
        } catch {
            assertNotEq(uint256(answer.reason), 0, "refused without a reason");
            ++refused;
            assertTrue(inventoryUnits(cUSDT) == t && inventoryUnits(cUSDC) == c, "nothing moved");
        }
        assertGe(inventoryValue() + 2, before, "no loss");
    }

    function _isLost(M1Token token) private view returns (bool) {
        uint256 price = uint256(answerOf[address(token)]) * 1e10;
        return price < LOW || price > HIGH || limits.pegStateOf(address(token)) == HALTED;
    }

    /// @dev PEG-12: The fuzz test means something: its sequences contain executions as well as refusals.
    /// hardhat-config: isolate = true
    function test_PEG12_theSequencesAreNotEmpty() public {
        uint256 total;
        for (uint256 seed = 1; seed <= 6; ++seed) {
            uint256 snapshot = vm.snapshotState();
            testFuzz_PEG12_noOrderOfPushExecutionAndRecoveryTradesALostPeg(seed * 7919);
            uint256 done = executed;
            vm.revertToState(snapshot);
            total += done;
        }
        assertGt(total, 0, "executions");
    }
}
