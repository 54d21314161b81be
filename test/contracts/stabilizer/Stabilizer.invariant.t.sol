// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {StabilizerBase} from "./StabilizerBase.t.sol";

/// @title StabilizerHandler
/// @notice What the outside world can do, in any order and size: traders, liquidity, donations, flash loans, oracle rounds, executions by
/// anyone, griefing, passing time. Prices stay what they were, so that the inventory's value changes through executions only.
contract StabilizerHandler is StabilizerBase {
    IPmmPool[4] internal poolOf;
    /// @notice Ghosts: what the invariants compare with.
    uint256 public executions;
    uint256 public inventoryAtStart;
    uint256 public violations;
    uint256 public refusals;
    mapping(address pool => uint256) public lastBlock;
    mapping(uint256 blockNumber => uint256) public volumeInBlock;
    uint256 public largestBlockVolume;

    constructor() {
        setUp();
        poolOf = [stablePool, xauPool, xauUsdcPool, xauEurPool];
        inventoryAtStart = inventoryValue();
    }

    function trade(uint256 seed, bool isBase, uint256 usd) external {
        sellUsd(poolOf[seed % 4], isBase, bound(usd, 1, 150_000));
    }

    function tradeDust(uint256 seed, bool isBase, uint256 units) external {
        sell(poolOf[seed % 4], trader, isBase, bound(units, 1_000, 1e9));
    }

    function donate(uint256 seed, uint256 usd) external {
        IPmmPool pool = poolOf[seed % 4];
        M1Token token = M1Token(seed & 8 == 0 ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_());
        mint(token, address(pool), unitsOfUsd(token, bound(usd, 1, 10_000)));
    }

    function passBlocks(uint256 count) external {
        skipBlocks(bound(count, 1, 6));
    }

    function passManyBlocks(uint256 count) external {
        skipBlocks(bound(count, 10, 300));
    }

    function repeatRound(uint256 seed) external {
        skipBlocks(GRACE);
        M1Token token = [xau, cUSDT, cUSDC, cEURT][seed % 4];
        report(token, answerOf[address(token)]);
    }

    /// @dev A whole episode, so that short runs, too, meet executions of every size.
    function disturbAndExecute(uint256 seed, bool isBase, uint256 usd, uint256 size) external {
        sellUsd(poolOf[seed % 4], isBase, bound(usd, 30_000, 300_000));
        skipBlocks(4);
        executeAsAnyone(seed, size, false, 50e9);
    }

    /// @dev Whatever the size, direction and caller.
    function executeAsAnyone(uint256 seed, uint256 size, bool wrongWay, uint256 gasPrice) public {
        IPmmPool pool = poolOf[seed % 4];
        vm.txGasPrice(bound(gasPrice, 0, 250e9));
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(pool));
        (address tokenIn, address tokenOut) = (pool._BASE_TOKEN_(), pool._QUOTE_TOKEN_());
        if (answer.sellBase == wrongWay) (tokenIn, tokenOut) = (tokenOut, tokenIn);
        size = bound(size, 0, type(uint128).max);
        if (size % 3 != 0 && answer.maxAmountIn > 0) size = size % (2 * answer.maxAmountIn);
        uint256 before = pool.spotRatio();
        uint256 inventory = inventoryValue();
        vm.prank(seed & 16 == 0 ? keeper : attacker);
        try stabilizer.executePrivateSwap(size, tokenIn, tokenOut) {
            _executed(pool, answer, before, inventory, M1Token(tokenIn));
            if (wrongWay || size < answer.minAmountIn) ++violations; // must have been refused
            if (tx.gasprice > 200e9) ++violations;
        } catch {
            ++refusals;
            if (inventoryValue() != inventory) ++violations; // a refusal has no effect
        }
        vm.txGasPrice(0);
    }

    function batchAsAnyone(uint256 seed) external {
        IStabilizer.Order[] memory orders = new IStabilizer.Order[](4);
        for (uint256 index = 0; index < 4; ++index) {
            orders[index] = IStabilizer.Order(address(poolOf[(index + (seed % 4)) % 4]), type(uint128).max);
        }
        IStabilizerLimits.Allowance[4] memory answers;
        uint256[4] memory before;
        uint256[4] memory lasts;
        for (uint256 index = 0; index < 4; ++index) {
            answers[index] = limits.allowance(address(poolOf[index]));
            before[index] = poolOf[index].spotRatio();
            lasts[index] = lastExecutionBlock(poolOf[index]);
        }
        uint256 inventory = inventoryValue();
        vm.prank(attacker);
        uint256 executed = stabilizer.executeBatch(orders); // never reverts
        uint256 counted;
        for (uint256 index = 0; index < 4; ++index) {
            if (lastExecutionBlock(poolOf[index]) == lasts[index]) continue;
            ++counted;
            _executed(poolOf[index], answers[index], before[index], inventory, M1Token(answers[index].tokenIn));
        }
        if (counted != executed) ++violations;
    }

    function settleSome(uint256 seed, uint256 usd) external {
        M1Token[3] memory stables = [cUSDT, cUSDC, cEURT];
        M1Token tokenIn = stables[seed % 3];
        M1Token tokenOut = stables[((seed % 3) + 1) % 3];
        uint256 amount = unitsOfUsd(tokenIn, bound(usd, 1, 20_000));
        if (amount > tokenIn.balanceOf(address(stabilizer))) return;
        uint256 inventory = inventoryValue();
        vm.prank(keeper);
        try stabilizer.settle(address(tokenIn), amount, address(tokenOut), 0) {} catch {
            return;
        }
        // An internal move: every token is still there (the valuation rounds each sum down by at most one).
        if (_distance(inventoryValue(), inventory) > 4) ++violations;
    }

    function _executed(
        IPmmPool pool,
        IStabilizerLimits.Allowance memory answer,
        uint256 before,
        uint256 inventory,
        M1Token tokenIn
    ) internal {
        ++executions;
        // STAB-13
        if (answer.reason != IStabilizerLimits.Reason.NONE) ++violations;
        // STAB-12: cooldown
        uint256 last = lastBlock[address(pool)];
        if (last != 0 && block.number < last + poolConfig().minBlocks) ++violations;
        lastBlock[address(pool)] = block.number;
        // STAB-12: volume, as the limits count it and not above the caps
        (, , , uint256 volume) = limits.usage(address(pool));
        volumeInBlock[block.number] = volume;
        if (volume > largestBlockVolume) largestBlockVolume = volume;
        // STAB-15
        uint256 ratio = pool.spotRatio();
        if (before < WAD ? ratio <= before || ratio > WAD : ratio >= before || ratio < WAD) ++violations;
        // STAB-16, reward included
        if (inventoryValue() < inventory) ++violations;
        if (tokenIn.balanceOf(address(stabilizer)) > type(uint128).max) ++violations;
    }

    function _distance(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a - b : b - a;
    }

    // What the invariants look at

    function inventoryNow() external view returns (uint256) {
        return inventoryValue();
    }

    function stabilizerSum() external view returns (uint256) {
        return stabilizer.inventoryXauWei();
    }

    function bucketLevels() external view returns (uint256[4] memory levels) {
        for (uint256 index = 0; index < 4; ++index) (, levels[index], , ) = limits.usage(address(poolOf[index]));
    }

    /// @dev LIVE-25: after a quiet time with fresh prices and inventory, every pool that stands outside its band can be acted on.
    function stuckPools() external returns (uint256 stuck) {
        skipBlocks(400);
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 index = 0; index < 4; ++index) {
            report(all[index], answerOf[address(all[index])]);
            mint(all[index], address(stabilizer), unitsOfUsd(all[index], 1_000_000));
        }
        skipBlocks(GRACE);
        for (uint256 index = 0; index < 4; ++index) {
            IPmmPool pool = poolOf[index];
            uint256 ratio = pool.recordedRatio();
            bool outside = ratio > WAD + THETA || ratio + THETA < WAD;
            IStabilizerLimits.Reason reason = reasonOf(pool);
            if (outside != (reason == IStabilizerLimits.Reason.NONE)) ++stuck;
        }
    }
}

contract StabilizerInvariantTest is StabilizerBase {
    StabilizerHandler internal handler;

    function setUp() public override {
        handler = new StabilizerHandler();
        targetContract(address(handler));
        targetSender(makeAddr("world"));
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = StabilizerHandler.trade.selector;
        selectors[1] = StabilizerHandler.tradeDust.selector;
        selectors[2] = StabilizerHandler.donate.selector;
        selectors[3] = StabilizerHandler.passBlocks.selector;
        selectors[4] = StabilizerHandler.passManyBlocks.selector;
        selectors[5] = StabilizerHandler.repeatRound.selector;
        selectors[6] = StabilizerHandler.executeAsAnyone.selector;
        selectors[7] = StabilizerHandler.batchAsAnyone.selector;
        selectors[8] = StabilizerHandler.settleSome.selector;
        selectors[9] = StabilizerHandler.disturbAndExecute.selector;
        targetSelector(address(handler), selectors);
    }

    /// @dev STAB-12, STAB-13, STAB-15, STAB-16, STAB-17 are checked at each execution and refusal by the handler.
    function invariant_STAB12_13_15_16_17_noExecutionBreaksItsRules() public view {
        assertEq(handler.violations(), 0, "violations");
    }

    function invariant_STAB12_blockVolumeStaysBelowTheGlobalCap() public view {
        assertLe(handler.largestBlockVolume(), 2 * uint256(CAP), "global cap");
        uint256[4] memory levels = handler.bucketLevels();
        for (uint256 index = 0; index < 4; ++index) assertLe(levels[index], 10 * uint256(CAP), "bucket ceiling");
    }

    function invariant_STAB16_inventoryNeverFalls() public view {
        assertGe(handler.inventoryNow() + 4, handler.inventoryAtStart(), "inventory at constant prices");
        assertApproxEqAbs(handler.stabilizerSum(), handler.inventoryNow(), 8, "its own sum is the independent one");
    }

    /// hardhat-config: invariant.runs = 4
    function invariant_LIVE25_noPoolIsStuck() public {
        assertEq(handler.stuckPools(), 0, "stuck");
    }
}

/// @title The handler reaches what it is there to reach
contract StabilizerHandlerTest is StabilizerBase {
    StabilizerHandler internal handler;

    function setUp() public override {
        handler = new StabilizerHandler();
    }

    function test_handler_executesAndIsRefused() public {
        handler.trade(0, true, 100_000);
        handler.passBlocks(5);
        handler.executeAsAnyone(0, 1, false, 0);
        assertEq(handler.refusals(), 1, "one wei is refused");
        handler.executeAsAnyone(0, 3 * 2 ** 100, false, 0);
        assertEq(handler.executions(), 1, "executed");
        handler.trade(1, false, 120_000);
        handler.passBlocks(6);
        handler.batchAsAnyone(1);
        assertGt(handler.executions(), 1, "batch");
        assertEq(handler.violations(), 0, "no violation");
        assertEq(handler.stuckPools(), 0, "nothing stuck");
    }
}
