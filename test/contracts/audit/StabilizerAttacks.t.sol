// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {Vm} from "../Vm.sol";
import {StabilizerBase} from "../stabilizer/StabilizerBase.t.sol";

/// @notice Pretends to be a pool and a token at once: `approve` gets control with the stabilizer as caller.
contract HostilePool {
    IStabilizer private immutable _stabilizer;
    address private immutable _victimToken;
    address private immutable _victimPool;
    bool public tookControl;

    error Escaped();

    constructor(IStabilizer stabilizer, address victimToken, address victimPool) {
        _stabilizer = stabilizer;
        _victimToken = victimToken;
        _victimPool = victimPool;
    }

    function _BASE_TOKEN_() external view returns (address) {
        return address(this);
    }

    function _QUOTE_TOKEN_() external view returns (address) {
        return _victimToken;
    }

    function approve(address, uint256) external returns (bool) {
        tookControl = true;
        // From inside the stabilizer's own call: nothing here is done in its name.
        try IERC20(_victimToken).transferFrom(address(_stabilizer), address(this), 1) returns (bool) {
            revert Escaped();
        } catch {}
        try IPmmPool(_victimPool).swapQuote(1e6, 0, address(_stabilizer), address(this), block.timestamp) {
            revert Escaped();
        } catch {}
        return true;
    }
}

/// @notice Runs the stabilizer from inside a flash loan of the pool that it should act on.
contract FlashCaller {
    IStabilizer private immutable _stabilizer;
    IPmmPool private immutable _pool;
    uint256 public executed;
    bool public singleReverted;

    constructor(IStabilizer stabilizer, IPmmPool pool) {
        _stabilizer = stabilizer;
        _pool = pool;
    }

    function run(uint256 baseAmount, uint256 quoteAmount) external {
        _pool.flashLoan(baseAmount, quoteAmount, address(this), "x");
    }

    function DSPFlashLoanCall(address, uint256 baseAmount, uint256 quoteAmount, bytes calldata) external {
        IStabilizer.Order[] memory orders = new IStabilizer.Order[](1);
        orders[0] = IStabilizer.Order(address(_pool), type(uint128).max);
        executed = _stabilizer.executeBatch(orders);
        address base = _pool._BASE_TOKEN_();
        address quote = _pool._QUOTE_TOKEN_();
        try _stabilizer.executePrivateSwap(type(uint128).max, quote, base) {} catch {
            singleReverted = true;
        }
        if (baseAmount != 0) IERC20(base).transfer(address(_pool), baseAmount + baseAmount / 1e4 + 1);
        if (quoteAmount != 0) IERC20(quote).transfer(address(_pool), quoteAmount + quoteAmount / 1e4 + 1);
    }
}

/// @title Attacks on stabilizer, limits and mesh by somebody without a role
contract StabilizerAttacksTest is StabilizerBase {
    // Approvals

    function test_strangerCannotRevokeTheApprovalOfAMeshPool() public {
        address meshPool = mesh.poolOf(address(cUSDC));
        vm.prank(attacker);
        stabilizer.syncApprovals(meshPool);
        assertGt(xau.allowance(address(stabilizer), meshPool), type(uint128).max, "XAU");
        assertGt(cUSDC.allowance(address(stabilizer), meshPool), type(uint128).max, "token");
    }

    function test_replenishmentSurvivesAStrangerBeforeEachExecution() public {
        disturb(stablePool, true, 40_000);
        address[] memory tokens = mesh.tokens();
        vm.startPrank(attacker);
        for (uint256 index = 0; index < tokens.length; ++index) stabilizer.syncApprovals(mesh.poolOf(tokens[index]));
        vm.stopPrank();
        vm.recordLogs();
        execute(attacker, stablePool);
        assertTrue(_replenished(), "the spent token was bought back");
    }

    function test_hostilePoolInSyncApprovalsActsForNobody() public {
        HostilePool hostile = new HostilePool(stabilizer, address(cUSDC), mesh.poolOf(address(cUSDC)));
        uint256 before = inventoryValue();
        stabilizer.syncApprovals(address(hostile));
        assertTrue(hostile.tookControl(), "control");
        assertEq(cUSDC.allowance(address(stabilizer), address(hostile)), 0, "no approval");
        assertEq(inventoryValue(), before, "inventory");
    }

    // Mesh parameters

    function test_parametersOfMeshPoolsCanBeApplied() public {
        address meshPool = mesh.poolOf(address(cUSDC));
        uint256 k = (IPmmPool(meshPool)._K_() * 11) / 10;
        vm.prank(timelock);
        mesh.proposeParameters(meshPool, 0, k, MESH_FEE * 2);
        skipTime(1 days, 2);
        report(xau, XAU_USD);
        report(cUSDC, 1_00000000);
        mesh.applyParameters(meshPool);
        assertEq(IPmmPool(meshPool)._K_(), k, "k");
        assertEq(IPmmPool(meshPool)._LP_FEE_RATE_(), MESH_FEE * 2, "fee");
    }

    // Gas griefing

    /// @notice Whatever gas the caller leaves, an execution either reverts or also buys the spent token back.
    function test_callerCannotStarveTheReplenishment() public {
        disturb(stablePool, true, 40_000);
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        uint256 succeeded;
        for (uint256 gasLimit = 250_000; gasLimit < 1_500_000; gasLimit += 10_000) {
            uint256 snapshot = vm.snapshotState();
            vm.recordLogs();
            vm.prank(attacker);
            try stabilizer.executePrivateSwap{gas: gasLimit}(type(uint128).max, answer.tokenIn, answer.tokenOut) {
                ++succeeded;
                assertTrue(_replenished(), "executed without replenishment");
            } catch {}
            vm.revertToState(snapshot);
        }
        assertGt(succeeded, 10, "some limits suffice");
    }

    // Self-made deviations

    /// @notice STAB-16: sell, let the stabilizer buy, buy back: the attacker pays, reward and LP shares of the whole pool included.
    function testFuzz_selfMadeDeviationNeverPays(uint256 usd, bool isBase, bool isLp, uint256 waits) public {
        usd = bound(usd, 1_000, 400_000);
        waits = bound(waits, 1, 12);
        vm.txGasPrice(200e9);
        address pool = address(stablePool);
        uint256 lpShares = IERC20(pool).balanceOf(provider);
        if (isLp) {
            vm.prank(provider);
            IERC20(pool).transfer(attacker, lpShares);
        }
        mint(cUSDT, attacker, 10_000_000e6);
        mint(cUSDC, attacker, 10_000_000e6);
        uint256 wealthBefore = _wealth();
        uint256 inventoryBefore = inventoryValue();
        _swap(isBase, usd * 1e6);
        for (uint256 round = 0; round < 4; ++round) {
            skipBlocks(waits);
            IStabilizerLimits.Allowance memory answer = limits.allowance(pool);
            if (answer.reason != IStabilizerLimits.Reason.NONE) continue;
            vm.prank(attacker);
            stabilizer.executePrivateSwap(type(uint128).max, answer.tokenIn, answer.tokenOut);
        }
        (bool sellBase, uint256 back) = stablePool.amountToAnchor();
        if (back != 0) _swap(sellBase, back);
        assertLt(_wealth(), wealthBefore, "attacker");
        assertGe(inventoryValue(), inventoryBefore, "inventory");
    }

    /// @notice D18: shrinking the deviation for one transaction, burning the cooldown and restoring it costs two fees on the whole size.
    function test_D18_burningTheCooldownCostsTwoFeesOnTheWholeDeviation() public {
        disturb(stablePool, true, 60_000);
        mint(cUSDT, attacker, 1_000_000e6);
        mint(cUSDC, attacker, 1_000_000e6);
        // The deviation was made by somebody else; what the attacker could take by closing it is not a gain of the attack.
        uint256 wealthBefore = _wealth();
        (, uint256 close) = stablePool.amountToAnchor();
        uint256 leave = 600e6; // a little more than the smallest trade
        uint256 baseBack = _swap(false, close - leave);
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        assertEq(
            uint256(answer.reason),
            uint256(IStabilizerLimits.Reason.NONE),
            "the full close of what is left is allowed"
        );
        vm.prank(attacker);
        stabilizer.executePrivateSwap(type(uint128).max, answer.tokenIn, answer.tokenOut);
        _swap(true, baseBack);
        uint256 paidXau = wealthBefore - _wealth();
        // 2 * 1 bp on about 60,000 USD, in XAU, less what rounding and the curve give.
        assertGt(paidXau, uint256(2 * 1e14 * 55_000e18) / uint256(2650.25e18), "cost");
    }

    function test_insideAFlashLoanNothingIsDone() public {
        disturb(stablePool, true, 40_000);
        FlashCaller caller = new FlashCaller(stabilizer, stablePool);
        mint(cUSDT, address(caller), 1_000e6);
        mint(cUSDC, address(caller), 1_000e6);
        (uint256 lastBefore, uint256 bucketBefore, , ) = limits.usage(address(stablePool));
        caller.run(900_000e6, 0);
        assertEq(caller.executed(), 0, "executed");
        assertTrue(caller.singleReverted(), "single");
        (uint256 lastAfter, uint256 bucketAfter, , ) = limits.usage(address(stablePool));
        assertEq(lastAfter, lastBefore, "cooldown");
        assertEq(bucketAfter, bucketBefore, "bucket");
        assertReason(stablePool, IStabilizerLimits.Reason.NONE, "still allowed");
    }

    /// @notice STAB-14: a swing of any size inside one block, from in front of and behind the block's end, changes no answer.
    function testFuzz_swingInsideOneBlockIsNoTrigger(uint256 usd, bool isBase) public {
        usd = bound(usd, 1_000, 900_000);
        mint(cUSDT, attacker, 10_000_000e6);
        mint(cUSDC, attacker, 10_000_000e6);
        for (uint256 round = 0; round < 5; ++round) {
            uint256 out = _swap(isBase, usd * 1e6);
            _swap(!isBase, out);
            (bool sellBase, uint256 back) = stablePool.amountToAnchor();
            if (back != 0) _swap(sellBase, back);
            skipBlocks(1);
            assertReason(stablePool, IStabilizerLimits.Reason.INSIDE_BAND, "reason");
        }
    }

    // Confused deputies

    function test_nobodyCanPayWithTheStabilizersApprovals() public {
        address meshPool = mesh.poolOf(address(cUSDC));
        vm.startPrank(attacker);
        vm.expectPartialRevert(bytes4(keccak256("NotAuthorized(address)")));
        stablePool.swapBase(1e6, 0, address(stabilizer), attacker, vm.getBlockTimestamp());
        vm.expectPartialRevert(bytes4(keccak256("NotAllowed(address)")));
        IPmmPool(meshPool).swapQuote(1e6, 0, address(stabilizer), attacker, vm.getBlockTimestamp());
        vm.expectPartialRevert(bytes4(keccak256("NotAllowed(address)")));
        IPmmPool(meshPool).flashLoan(1, 1, attacker, "");
        vm.expectPartialRevert(bytes4(keccak256("NotAllowed(address)")));
        IPmmPool(meshPool).sellBase(attacker);
        vm.expectPartialRevert(bytes4(keccak256("NotAuthorized(address)")));
        mesh.swap(address(cUSDC), 1e6, address(cUSDT), 0, vm.getBlockTimestamp());
        vm.expectPartialRevert(bytes4(keccak256("NotAuthorized(address)")));
        mesh.fund(address(cUSDC), 0, 1);
        vm.expectPartialRevert(bytes4(keccak256("NotAuthorized(address)")));
        stabilizer.executeOrder(IStabilizer.Order(address(stablePool), 1), attacker);
        vm.stopPrank();
    }

    // Helpers

    function _swap(bool isBase, uint256 amountIn) private returns (uint256 amountOut) {
        M1Token token = isBase ? cUSDT : cUSDC;
        vm.startPrank(attacker);
        token.approve(address(stablePool), amountIn);
        amountOut =
            isBase
                ? stablePool.swapBase(amountIn, 0, attacker, attacker, vm.getBlockTimestamp())
                : stablePool.swapQuote(amountIn, 0, attacker, attacker, vm.getBlockTimestamp());
        vm.stopPrank();
    }

    /// @dev XAU wei of balances and LP shares.
    function _wealth() private view returns (uint256 value) {
        value = valueXau(cUSDT, cUSDT.balanceOf(attacker)) + valueXau(cUSDC, cUSDC.balanceOf(attacker));
        value += xau.balanceOf(attacker);
        uint256 shares = IERC20(address(stablePool)).balanceOf(attacker);
        (uint256 base, uint256 quote) = stablePool.getVaultReserve();
        uint256 supply = IERC20(address(stablePool)).totalSupply();
        value += (valueXau(cUSDT, base) * shares) / supply + (valueXau(cUSDC, quote) * shares) / supply;
    }

    function _replenished() private returns (bool) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 index = 0; index < logs.length; ++index) {
            if (logs[index].topics[0] != IStabilizer.Stabilized.selector) continue;
            (, , , , uint256 boughtBack, , ) = abi.decode(
                logs[index].data,
                (bool, uint256, uint256, uint256, uint256, uint256, uint256)
            );
            return boughtBack > 0;
        }
        return false;
    }
}
