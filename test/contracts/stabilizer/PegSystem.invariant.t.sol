// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IDodoV2PublicPool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {IPmmPool, IPmmPrivatePool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {AttackBase} from "../audit/AttackBase.t.sol";

/// @title The whole peg system under random hostile calls
/// @notice The runner calls the functions of the first part in any order; each one notes what it saw. The invariants of the second
/// part read these notes and the chain. Time moves only in `passBlocks`, so that many calls share a block.
contract PegSystemInvariantTest is AttackBase {
    /// @dev Valuation of the test itself, XAU wei: one unit of a 6-decimal stablecoin is 3.8e11 XAU wei.
    uint256 private constant DUST_XAU_WEI = 1e13;

    struct Notes {
        uint256 executions;
        uint256 refusals;
        uint256 spikes;
        bool tooSoon;
        bool executedWithoutCause;
        bool decisionChangedBySpike;
        bool deviationGrew;
        bool signTurned;
        bool inventoryFell;
        bool executedAboveGasLimit;
        bool meshOpened;
    }

    Notes private _notes;
    mapping(address pool => uint256 blockNumber) private _lastExecution;
    uint256 private _largestVolume;
    uint256 private _largestPoolVolume;
    mapping(address token => uint256 blockNumber) private _reportedIn;

    function setUp() public override {
        super.setUp();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = this.trade.selector;
        selectors[1] = this.passBlocks.selector;
        selectors[2] = this.executeAny.selector;
        selectors[3] = this.executeAll.selector;
        selectors[4] = this.spike.selector;
        selectors[5] = this.executeDust.selector;
        selectors[6] = this.executeAtHighGasPrice.selector;
        selectors[7] = this.moveFeed.selector;
        selectors[8] = this.breakIntoTheMesh.selector;
        selectors[9] = this.donateAndSync.selector;
        selectors[10] = this.borrowFromPool.selector;
        selectors[11] = this.disturbAndWait.selector;
        targetSelector(address(this), selectors);
    }

    // --- What the runner calls

    function trade(uint256 poolIndex, bool isBase, uint256 usd) external {
        sellUsd(publicPools[poolIndex % 4], isBase, bound(usd, 1, 60_000));
    }

    /// @dev What makes an execution due.
    function disturbAndWait(uint256 poolIndex, bool isBase, uint256 usd) external {
        sellUsd(publicPools[poolIndex % 4], isBase, bound(usd, 40_000, 120_000));
        _pass(4);
    }

    function passBlocks(uint256 count) external {
        _pass(bound(count, 1, 6));
    }

    function executeAny(uint256 poolIndex, bool rightWay, uint256 size) external {
        IPmmPool pool = publicPools[poolIndex % 4];
        _tryExecute(pool, rightWay, bound(size, 1, type(uint128).max));
    }

    function executeDust(uint256 poolIndex) external {
        IPmmPool pool = publicPools[poolIndex % 4];
        uint256 before = _lastExecution[address(pool)];
        _tryExecute(pool, true, 1);
        // STAB-17: one unit must not burn the cooldown.
        if (_lastExecution[address(pool)] != before) _notes.tooSoon = true;
    }

    function executeAll(uint256 maxSize) external {
        IStabilizer.Order[] memory orders = new IStabilizer.Order[](4);
        Before[4] memory before;
        for (uint256 index = 0; index < 4; ++index) {
            IPmmPool pool = publicPools[index];
            orders[index] = IStabilizer.Order(address(pool), bound(maxSize, 1, type(uint128).max));
            before[index] = _before(pool);
        }
        uint256 inventory = inventoryValue();
        vm.prank(attacker);
        uint256 executed = stabilizer.executeBatch(orders);
        if (executed == 0) ++_notes.refusals;
        if (inventoryValue() + DUST_XAU_WEI < inventory) _notes.inventoryFell = true;
        for (uint256 index = 0; index < 4; ++index) _noteExecution(publicPools[index], before[index]);
    }

    /// @dev STAB-14: a swing of any size inside one block, then the way back to the same reserves.
    function spike(uint256 poolIndex, bool isBase, uint256 usd) external {
        IPmmPool pool = publicPools[poolIndex % 4];
        IStabilizerLimits.Allowance memory before = limits.allowance(address(pool));
        uint256[] memory ends = pool.recentBlockEnds(8);
        uint256 snapshot = vm.snapshotState();
        sellUsd(pool, isBase, bound(usd, 1_000, 900_000));
        IStabilizerLimits.Allowance memory inside = limits.allowance(address(pool));
        uint256[] memory endsInside = pool.recentBlockEnds(8);
        bool changed =
            inside.blockEndDeviationWad != before.blockEndDeviationWad ||
                inside.averageDeviationWad != before.averageDeviationWad;
        for (uint256 index = 0; index < 8; ++index) if (ends[index] != endsInside[index]) changed = true;
        // A pool that was not due is not due inside the spike either.
        bool wasDue = before.reason == IStabilizerLimits.Reason.NONE;
        if (!wasDue && inside.reason == IStabilizerLimits.Reason.NONE && _isQuiet(before.reason)) changed = true;
        vm.revertToState(snapshot);
        ++_notes.spikes;
        if (changed) _notes.decisionChangedBySpike = true;
    }

    /// @dev STAB-17: above the gas price limit nothing executes and nothing changes.
    function executeAtHighGasPrice(uint256 poolIndex) external {
        IPmmPool pool = publicPools[poolIndex % 4];
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(pool));
        if (answer.tokenIn == address(0)) return;
        (uint256 lastBlock, uint256 level, , ) = limits.usage(address(pool));
        vm.txGasPrice(uint256(limits.globalConfig().maxGasPriceWei) + 1);
        vm.prank(attacker);
        (bool ok, ) = address(stabilizer).call(
            abi.encodeCall(IStabilizer.executePrivateSwap, (type(uint128).max, answer.tokenIn, answer.tokenOut))
        );
        vm.txGasPrice(0);
        (uint256 lastAfter, uint256 levelAfter, , ) = limits.usage(address(pool));
        if (ok || lastAfter != lastBlock || levelAfter != level) _notes.executedAboveGasLimit = true;
    }

    function moveFeed(uint256 tokenIndex, bool up) external {
        M1Token token = allTokens[tokenIndex % 4];
        if (vm.getBlockNumber() < _reportedIn[address(token)] + GRACE + 1) return;
        uint72 answer = answerOf[address(token)];
        uint72 step = answer / 2000; // 5 bps
        uint72 moved = up ? answer + step : answer - step;
        // Stay inside the bounds of the oracle's configuration.
        if (moved > 3_500e8 || moved < 0.6e8) return;
        if (address(token) == address(xau) && moved < 2_000e8) return;
        if (address(token) != address(xau) && moved > 1.6e8) return;
        _reportedIn[address(token)] = vm.getBlockNumber();
        report(token, moved);
        newTransaction();
    }

    /// @dev MESH-18: every entry of a mesh pool and of the mesh, by a stranger.
    function breakIntoTheMesh(uint256 tokenIndex, uint256 amount) external {
        M1Token token = allTokens[1 + (tokenIndex % 3)];
        address pool = mesh.poolOf(address(token));
        amount = bound(amount, 1, 1e12);
        (uint256 xauBefore, uint256 tokenBefore) = mesh.reserves(address(token));
        uint256 deadline = vm.getBlockTimestamp();
        vm.startPrank(attacker);
        token.approve(pool, type(uint256).max);
        xau.approve(pool, type(uint256).max);
        token.transfer(pool, amount);
        bool opened;
        bytes[10] memory calls = [
            abi.encodeCall(IPmmPool.swapQuote, (amount, 0, attacker, attacker, deadline)),
            abi.encodeCall(IPmmPool.swapBase, (amount, 0, address(stabilizer), attacker, deadline)),
            abi.encodeWithSignature("sellQuote(address)", attacker),
            abi.encodeWithSignature("sellBase(address)", attacker),
            abi.encodeWithSignature("flashLoan(uint256,uint256,address,bytes)", 1, 0, attacker, bytes("")),
            abi.encodeWithSignature("sync()"),
            abi.encodeCall(IPmmPrivatePool.withdraw, (1, 0, attacker)),
            abi.encodeCall(IPmmPrivatePool.setAllowed, (attacker, true)),
            abi.encodeCall(IPmmPrivatePool.retrieve, (attacker, address(token), 1)),
            abi.encodeCall(IPmmPrivatePool.transferOwnership, (attacker))
        ];
        for (uint256 index = 0; index < calls.length; ++index) {
            (bool ok, ) = pool.call(calls[index]);
            if (ok) opened = true;
        }
        (bool swapped, ) = address(mesh).call(
            abi.encodeCall(mesh.swap, (address(token), amount, address(xau), 0, deadline))
        );
        vm.stopPrank();
        (uint256 xauAfter, uint256 tokenAfter) = mesh.reserves(address(token));
        if (opened || swapped || xauAfter != xauBefore || tokenAfter != tokenBefore) _notes.meshOpened = true;
    }

    function donateAndSync(uint256 poolIndex, bool isBase, uint256 usd) external {
        IPmmPool pool = publicPools[poolIndex % 4];
        (M1Token base, M1Token quote) = tokensOf(pool);
        M1Token token = isBase ? base : quote;
        uint256 amount = unitsOfUsd(token, bound(usd, 1, 5_000));
        vm.prank(attacker);
        token.transfer(address(pool), amount);
        IDodoV2PublicPool(address(pool)).sync();
    }

    function borrowFromPool(uint256 poolIndex, bool isBase, uint256 part) external {
        IPmmPool pool = publicPools[poolIndex % 4];
        (uint256 baseReserve, uint256 quoteReserve) = pool.getVaultReserve();
        uint256 loan = (isBase ? baseReserve : quoteReserve) / bound(part, 1, 50);
        borrower.borrow(pool, isBase ? loan : 0, isBase ? 0 : loan, false, 0);
    }

    /// @dev The handlers do reach what the invariants speak of.
    function test_handlersReachExecutionsRefusalsAndSpikes() public {
        this.disturbAndWait(0, true, 60_000);
        this.executeDust(0);
        assertEq(_notes.executions, 0, "dust executed");
        assertEq(_notes.refusals, 1, "dust refused");
        this.executeAny(0, false, type(uint128).max);
        assertEq(_notes.refusals, 2, "wrong way refused");
        this.executeAtHighGasPrice(0);
        this.executeAny(0, true, type(uint128).max);
        assertEq(_notes.executions, 1, "executed");
        this.disturbAndWait(1, false, 90_000);
        this.disturbAndWait(2, true, 90_000);
        this.executeAll(type(uint128).max);
        assertEq(_notes.executions, 3, "executed in a batch");
        this.spike(3, true, 900_000);
        assertEq(_notes.spikes, 1, "spikes");
        assertGt(_largestPoolVolume, CAP / 2, "volume was seen");
    }

    // --- Invariants

    /// @notice STAB-12: cooldown, per-block volume of a pool and of all pools.
    function invariant_STAB12_cooldownAndVolume() public view {
        assertTrue(!_notes.tooSoon, "an execution inside the cooldown");
        assertLe(_largestPoolVolume, CAP, "volume of a pool in one block");
        assertLe(_largestVolume, limits.globalConfig().capXauWei, "volume of all pools in one block");
        for (uint256 index = 0; index < 4; ++index) {
            (, uint256 level, uint256 rewardToday, ) = limits.usage(address(publicPools[index]));
            assertLe(level, poolConfig().bucketXauWei, "bucket level");
            assertLe(rewardToday, poolConfig().rewardBudgetXauWeiPerDay + 1e9, "reward of the day");
        }
    }

    /// @notice STAB-13: no execution without a cause, whoever calls and in whatever token order.
    function invariant_STAB13_noExecutionWithoutCause() public view {
        assertTrue(!_notes.executedWithoutCause, "executed while shouldRebalance was false, or the wrong way");
    }

    /// @notice STAB-14: a spike inside one block changes no history and no decision.
    function invariant_STAB14_spikesChangeNothing() public view {
        assertTrue(!_notes.decisionChangedBySpike, "a spike changed a decision");
    }

    /// @notice STAB-15: each execution makes the deviation smaller and does not turn its sign.
    function invariant_STAB15_deviationShrinks() public view {
        assertTrue(!_notes.deviationGrew, "deviation grew");
        assertTrue(!_notes.signTurned, "sign turned");
    }

    /// @notice STAB-16: what the protocol stabilises with, counted token by token, never falls by an execution.
    function invariant_STAB16_inventoryNeverFalls() public view {
        assertTrue(!_notes.inventoryFell, "inventory fell");
    }

    /// @notice STAB-17: gas price limit and dust.
    function invariant_STAB17_gasPriceAndDust() public view {
        assertTrue(!_notes.executedAboveGasLimit, "above the gas price limit");
    }

    /// @notice MESH-18: no stranger moved anything in a mesh pool.
    function invariant_MESH18_meshStaysPrivate() public view {
        assertTrue(!_notes.meshOpened, "a stranger got in");
    }

    /// @notice POOL-1 and POOL-6 of every pool of the system.
    function invariant_POOL1_poolsAreSolvent() public view {
        for (uint256 index = 0; index < 4; ++index) _assertSolvent(publicPools[index]);
        for (uint256 index = 1; index < 4; ++index) _assertSolvent(IPmmPool(mesh.poolOf(address(allTokens[index]))));
    }

    /// @notice LIVE-25: with a fresh oracle a holder can always trade and the owner always withdraw, in every reached state.
    function invariant_LIVE25_swapAndWithdrawStayOpen() public {
        uint256 snapshot = vm.snapshotState();
        _pass(GRACE);
        for (uint256 index = 0; index < 4; ++index) {
            IPmmPool pool = publicPools[index];
            (M1Token base, ) = tokensOf(pool);
            assertGt(swap(pool, true, unitsOfUsd(base, 100)), 0, "swap");
        }
        uint256 held = cUSDC.balanceOf(address(stabilizer));
        vm.prank(timelock);
        stabilizer.withdraw(address(cUSDC), held, timelock);
        assertEq(cUSDC.balanceOf(timelock), held, "withdrawn");
        vm.revertToState(snapshot);
    }

    // --- Internal

    struct Before {
        IStabilizerLimits.Reason reason;
        address tokenIn;
        address tokenOut;
        int256 deviationWad;
        uint256 lastBlock;
        uint256 bucketXauWei;
    }

    function _before(IPmmPool pool) private view returns (Before memory before) {
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(pool));
        before.reason = answer.reason;
        before.tokenIn = answer.tokenIn;
        before.tokenOut = answer.tokenOut;
        before.deviationWad = int256(pool.spotRatio()) - int256(WAD);
        (before.lastBlock, before.bucketXauWei, , ) = limits.usage(address(pool));
    }

    function _tryExecute(IPmmPool pool, bool rightWay, uint256 size) private {
        Before memory before = _before(pool);
        (address tokenIn, address tokenOut) = (before.tokenIn, before.tokenOut);
        if (tokenIn == address(0)) (tokenIn, tokenOut) = (pool._BASE_TOKEN_(), pool._QUOTE_TOKEN_());
        if (!rightWay) (tokenIn, tokenOut) = (tokenOut, tokenIn);
        (, bool shouldRebalance) = stabilizer.checkDeviation(address(pool));
        uint256 inventory = inventoryValue();
        vm.prank(attacker);
        try stabilizer.executePrivateSwap(size, tokenIn, tokenOut) {
            if (!shouldRebalance || !rightWay) _notes.executedWithoutCause = true;
        } catch {
            ++_notes.refusals;
        }
        if (inventoryValue() + DUST_XAU_WEI < inventory) _notes.inventoryFell = true;
        _noteExecution(pool, before);
    }

    function _noteExecution(IPmmPool pool, Before memory before) private {
        (uint256 lastBlock, uint256 bucketXauWei, , uint256 volume) = limits.usage(address(pool));
        if (lastBlock == before.lastBlock) return;
        ++_notes.executions;
        uint256 previous = _lastExecution[address(pool)];
        if (previous != 0 && lastBlock < previous + poolConfig().minBlocks) _notes.tooSoon = true;
        _lastExecution[address(pool)] = lastBlock;
        // Before and after lie in one block, so the bucket did not refill between.
        uint256 own = before.bucketXauWei - bucketXauWei;
        if (own > _largestPoolVolume) _largestPoolVolume = own;
        if (volume > _largestVolume) _largestVolume = volume;
        int256 afterWad = int256(pool.spotRatio()) - int256(WAD);
        if (abs(afterWad) > abs(before.deviationWad)) _notes.deviationGrew = true;
        // One unit of a 6-decimal token in a pool of 1e12 moves the mid by about 1e-14.
        bool turned = (afterWad > 0) != (before.deviationWad > 0) && abs(afterWad) > 1e6;
        if (turned) _notes.signTurned = true;
    }

    /// @dev Reasons that only the history decides: spot, cooldown and limits may open inside a block.
    function _isQuiet(IStabilizerLimits.Reason reason) private pure returns (bool) {
        return reason == IStabilizerLimits.Reason.INSIDE_BAND || reason == IStabilizerLimits.Reason.NOT_SUSTAINED;
    }

    function _assertSolvent(IPmmPool pool) private view {
        (M1Token base, M1Token quote) = tokensOf(pool);
        (uint256 baseReserve, uint256 quoteReserve) = pool.getVaultReserve();
        assertGe(base.balanceOf(address(pool)), baseReserve, "base");
        assertGe(quote.balanceOf(address(pool)), quoteReserve, "quote");
        assertGt(baseReserve, 0, "base reserve");
        assertGt(quoteReserve, 0, "quote reserve");
    }

    function _pass(uint256 count) private {
        skipBlocks(count);
        newTransaction();
    }
}
