// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmPool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

/// @notice Block-end history against a model that simply writes down every block's last ratio.
contract PmmPoolHistoryTest is PmmTestBase {
    uint256 private constant RING = 128;

    PlainERC20 private base;
    PlainERC20 private quote;
    IPmmPublicPool private pool;
    uint256 private created;
    mapping(uint256 blockNumber => uint256) private endRatio;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, K), 1e12, 1e12));
        created = vm.getBlockNumber();
    }

    /// @dev Ends the current block and as many quiet ones as asked for.
    function endBlocks(uint256 count) private {
        uint256 ratio = pool.spotRatio();
        for (uint256 j = 0; j < count; ++j) {
            endRatio[vm.getBlockNumber()] = ratio;
            nextBlock();
        }
    }

    /// @dev POOL-10, POOL-11: any pattern of changed and quiet blocks gives exactly the block ends that were.
    function testFuzz_POOL10_POOL11_historyEqualsTheModel(uint256[24] memory moves) public {
        uint256 cumulative = 0;
        uint256 since = vm.getBlockTimestamp();
        uint256 ratioBefore = WAD;
        for (uint256 j = 0; j < moves.length; ++j) {
            if (moves[j] % 4 != 0) {
                if (vm.getBlockTimestamp() != since) {
                    cumulative += ratioBefore * (vm.getBlockTimestamp() - since);
                    since = vm.getBlockTimestamp();
                }
                sell(pool, trader, moves[j] & 8 == 0, bound(moves[j] >> 8, 1e6, 1e11));
                assertEq(pool._BLOCK_TIMESTAMP_LAST_(), since);
            }
            ratioBefore = pool.spotRatio();
            endBlocks(1 + ((moves[j] >> 4) % 7));
        }
        assertEq(pool._BASE_PRICE_CUMULATIVE_LAST_(), cumulative);

        uint256 kept = vm.getBlockNumber() - created;
        uint256 count = kept > 64 ? 64 : kept;
        uint256[] memory ends = pool.recentBlockEnds(count);
        uint256 sum = 0;
        for (uint256 j = 0; j < count; ++j) {
            assertEq(ends[j], endRatio[vm.getBlockNumber() - 1 - j]);
            sum += ends[j];
        }
        assertEq(pool.twapRatio(count), sum / count);
        for (uint256 j = 1; j <= kept && j <= RING; ++j) {
            assertEq(pool.blockEndRatio(vm.getBlockNumber() - j), endRatio[vm.getBlockNumber() - j]);
        }
    }

    /// @dev POOL-10 over the wrap of the ring: changes in 200 blocks in a row, the last 128 stay readable.
    function test_POOL10_ringWraps() public {
        for (uint256 j = 0; j < 200; ++j) {
            sell(pool, trader, j % 3 != 0, 1e9 + j);
            endBlocks(1);
        }
        for (uint256 j = 1; j <= RING; ++j) {
            assertEq(pool.blockEndRatio(vm.getBlockNumber() - j), endRatio[vm.getBlockNumber() - j]);
        }
        uint256 tooOld = vm.getBlockNumber() - RING - 1;
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.HistoryUnavailable.selector, tooOld));
        pool.blockEndRatio(tooOld);
        // A change in the current block takes nothing away from the last 128.
        sell(pool, trader, true, 1e9);
        assertEq(pool.blockEndRatio(vm.getBlockNumber() - RING), endRatio[vm.getBlockNumber() - RING]);
    }

    /// @dev POOL-10, D1, FR1, FR4: a swing of 90 % of a reserve opened and closed in one block, after an idle day, leaves no trace; a
    /// cumulative that credits the last price to the idle time, as DODO's does, would have moved.
    function test_POOL10_D1_swingInsideABlockLeavesNoTrace() public {
        endBlocks(70);
        vm.warp(vm.getBlockTimestamp() + 1 days);
        uint256 snapshot = vm.snapshotState();
        nextBlock();
        nextBlock();
        bytes32 quiet = viewsHash();
        vm.revertToState(snapshot);

        uint256 idle = vm.getBlockTimestamp() - pool._BLOCK_TIMESTAMP_LAST_();
        sell(pool, attacker, true, 9e12);
        uint256 swungRatio = pool.spotRatio();
        assertLt(swungRatio, 0.97e18);
        (, uint256 amountIn) = pool.amountToAnchor();
        sell(pool, attacker, false, amountIn + 1);
        // What DODO would have stored for the idle time with the price after the first sale.
        assertGt((WAD * idle - swungRatio * idle) / idle, 1e14);
        nextBlock();
        nextBlock();
        assertEq(viewsHash(), quiet, "the swing left a trace");
    }

    function viewsHash() private view returns (bytes32) {
        uint256[] memory ends = pool.recentBlockEnds(64);
        (uint256 count, bool above) = pool.blocksOutside(0, 64);
        uint256 elapsed = block.timestamp - pool._BLOCK_TIMESTAMP_LAST_();
        uint256 cumulativeNow = pool._BASE_PRICE_CUMULATIVE_LAST_() + elapsed * pool.spotRatio();
        return keccak256(abi.encode(ends, pool.twapRatio(64), pool.twapRatio(3), count, above, cumulativeNow));
    }

    function test_blocksOutsideCountsOneSideOnly() public {
        endBlocks(3);
        (uint256 count, ) = pool.blocksOutside(0, 64);
        assertEq(count, 0);
        sell(pool, trader, true, 5e10); // about 5 bps below
        endBlocks(4);
        (uint256 outside, bool above) = pool.blocksOutside(3e14, 64);
        assertEq(outside, 4);
        assertFalse(above);
        (outside, ) = pool.blocksOutside(3e14, 2);
        assertEq(outside, 2);
        (outside, ) = pool.blocksOutside(8e14, 64);
        assertEq(outside, 0);
        sell(pool, trader, false, 1e11); // over to the other side
        endBlocks(2);
        (outside, above) = pool.blocksOutside(3e14, 64);
        assertEq(outside, 2);
        assertTrue(above);
    }

    function test_historyBeforeCreationIsUnavailable() public {
        uint256 before = created - 1;
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.HistoryUnavailable.selector, before));
        pool.blockEndRatio(before);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.HistoryUnavailable.selector, before));
        pool.recentBlockEnds(1);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.HistoryUnavailable.selector, created));
        pool.blockEndRatio(created); // not ended yet
        (uint256 count, ) = pool.blocksOutside(0, 64);
        assertEq(count, 0);
        endBlocks(1);
        assertEq(pool.blockEndRatio(created), WAD);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 65, 1, 64));
        pool.recentBlockEnds(65);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 64));
        pool.twapRatio(0);
    }

    /// @dev A moving oracle writes no false history: the recorded ratio is that of the pool's own anchor of the moment.
    function test_movingOracleWritesNoHistory() public {
        PlainERC20 xau = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        oracle.setAnchors(address(xau), address(base), 2650e6, 2650e6);
        pool = IPmmPublicPool(fund(publicParams(address(xau), address(base), 0, K), 1e21, 2_650_000e6));
        nextBlock();
        sell(pool, trader, true, 1e18);
        uint256 ratio = pool.spotRatio();
        assertLt(ratio, WAD);
        for (uint256 j = 1; j <= 5; ++j) {
            nextBlock();
            oracle.setAnchors(address(xau), address(base), 2650e6 + j * 10e6, 2650e6);
            assertEq(pool.blockEndRatio(vm.getBlockNumber() - 1), ratio);
        }
        assertEq(pool.twapRatio(4), ratio);
        assertEq(uint256(pool.pricing()), uint256(IPmmPool.Pricing.ORACLE));
    }

    /// @dev Of the newest and the previous anchor a sale gets the worse, whichever way the oracle moved.
    function test_oracleSandwichGetsTheWorseAnchor() public {
        PlainERC20 xau = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        oracle.setAnchors(address(xau), address(base), 2650e6, 2650e6);
        pool = IPmmPublicPool(fund(publicParams(address(xau), address(base), 0, K), 1e21, 2_650_000e6));
        (uint256 sellAtOld, , , ) = pool.querySellBase(trader, 1e18);
        (uint256 buyAtOld, , , ) = pool.querySellQuote(trader, 2650e6);
        oracle.setAnchors(address(xau), address(base), 2660e6, 2650e6);
        (uint256 out, , , ) = pool.querySellBase(trader, 1e18);
        assertEq(out, sellAtOld, "a sale of base must not profit from a risen oracle");
        (out, , , ) = pool.querySellQuote(trader, 2650e6);
        assertLt(out, buyAtOld);
        oracle.setAnchors(address(xau), address(base), 2640e6, 2650e6);
        (out, , , ) = pool.querySellBase(trader, 1e18);
        assertLt(out, sellAtOld);
        (out, , , ) = pool.querySellQuote(trader, 2650e6);
        assertEq(out, buyAtOld, "a sale of quote must not profit from a fallen oracle");
        (uint256 anchorNew, uint256 anchorPrevious) = pool.anchors();
        assertEq(anchorNew, 2640e6);
        assertEq(anchorPrevious, 2650e6);
        // Swap, report, swap back inside the grace window: a loss.
        oracle.setAnchors(address(xau), address(base), 2650e6, 2650e6);
        uint256 spent = 26_500e6;
        uint256 bought = sell(pool, attacker, false, spent);
        oracle.setAnchors(address(xau), address(base), 2660e6, 2650e6);
        assertLt(sell(pool, attacker, true, bought), spent);
    }

    function test_D22_oracleInDoubtStopsSwapsButNotExits() public {
        PlainERC20 xau = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        oracle.setAnchors(address(xau), address(base), 2650e6, 2650e6);
        pool = IPmmPublicPool(fund(publicParams(address(xau), address(base), 0, K), 1e21, 2_650_000e6));
        sell(pool, trader, true, 1e18);
        oracle.setAnchors(address(xau), address(base), 0, 0);
        vm.expectRevert();
        pool.querySellBase(trader, 1e18);
        vm.expectRevert();
        pool.spotRatio();
        vm.prank(provider);
        (uint256 baseOut, uint256 quoteOut) = pool.removeLiquidity(1e20, 0, 0, provider, block.timestamp);
        assertGt(baseOut, 0);
        assertGt(quoteOut, 0);
        nextBlock();
        assertGt(pool.recentBlockEnds(1)[0], 0);
    }
}
