// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

/// @notice The stabilizer is no outsider who trades around a price round: it pays no fee and acts at the newest anchor, so that a
/// round does not hold up a correction until the grace window is over.
contract PmmPoolStabilizerTest is PmmTestBase {
    IPmmPublicPool internal pool;
    PlainERC20 internal xau;
    PlainERC20 internal usd;

    function setUp() public {
        setUpFactory(0);
        xau = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        usd = PlainERC20(deploy("PlainERC20", abi.encode("USD", 6)));
        oracle.setAnchors(address(xau), address(usd), 2650e6, 2650e6);
        pool = IPmmPublicPool(fund(publicParams(address(xau), address(usd), 0, K), 1e21, 2_650_000e6));
    }

    function testFuzz_STAB16_theStabilizerTradesAtTheNewestAnchorInsideTheGraceWindow(
        uint256 previous,
        bool isBase,
        uint256 amountIn
    ) public {
        previous = bound(previous, 2640e6, 2660e6);
        amountIn = isBase ? bound(amountIn, 1e16, 1e20) : bound(amountIn, 10e6, 100_000e6);

        // Outside the window, at the same newest anchor: what the stabilizer must get inside it as well.
        uint256 atNewest = quote(stabilizer, isBase, amountIn);
        uint256 outsiderAtNewest = quote(trader, isBase, amountIn);
        oracle.setAnchors(address(xau), address(usd), 2650e6, previous);
        assertEq(quote(stabilizer, isBase, amountIn), atNewest, "stabilizer's quote");
        assertLe(quote(trader, isBase, amountIn), outsiderAtNewest, "an outsider never gains by the window");
        assertEq(sell(pool, stabilizer, isBase, amountIn), atNewest, "stabilizer's swap");
    }

    /// @dev A correction of a pool that stands 2 bps off loses nothing in the block of a round of 5 bps.
    function test_STAB16_aRoundOf5BpsDoesNotMakeACorrectionLose() public {
        sell(pool, trader, false, 53_000e6);
        assertGt(pool.spotRatio(), 1.0001e18);
        oracle.setAnchors(address(xau), address(usd), 2650e6, 2648.675e6);
        (bool sellsBase, uint256 amountIn) = pool.amountToAnchor();
        assertTrue(sellsBase);
        assertGe(sell(pool, stabilizer, true, amountIn), (amountIn * 2650e6) / 1e18, "worse than the anchor");
        assertLe(pool.spotRatio() > 1e18 ? pool.spotRatio() - 1e18 : 1e18 - pool.spotRatio(), 1e9);
    }

    function testFuzz_stabilizerView_agreesWithTheViewsItStandsFor(
        bool isBase,
        uint256 amountIn,
        uint256 count
    ) public {
        count = bound(count, 1, 5);
        for (uint256 j = 0; j < 5; ++j) {
            nextBlock();
            sell(pool, trader, isBase, isBase ? bound(amountIn, 1e16, 1e20) : bound(amountIn, 10e6, 100_000e6));
        }
        nextBlock();
        (bool sellsBase, uint256 toAnchor) = pool.amountToAnchor();
        (uint256[] memory ratios, uint256 anchor, bool sellsBase_, uint256 toAnchor_) = pool.stabilizerView(
            count,
            2650e6
        );
        assertEq(keccak256(abi.encode(ratios)), keccak256(abi.encode(pool.recentBlockEnds(count))), "history");
        assertEq(anchor, 2650e6, "the anchor it is told");
        assertEq(sellsBase_, sellsBase, "side");
        assertEq(toAnchor_, toAnchor, "amount");
    }

    function test_stabilizerView_withoutAnAnchorAnswersTheHistoryOnly() public {
        sell(pool, trader, true, 1e20);
        nextBlock();
        uint256[2] memory none = [uint256(0), 1e36 + 1];
        for (uint256 j = 0; j < 2; ++j) {
            (uint256[] memory ratios, uint256 anchor, , uint256 amountIn) = pool.stabilizerView(1, none[j]);
            assertLt(ratios[0], 1e18, "history");
            assertEq(anchor + amountIn, 0, "nothing else");
        }
        vm.expectRevert();
        pool.stabilizerView(65, 2650e6);
    }

    function test_stabilizerView_ofAFixedPoolUsesItsOwnAnchor() public {
        IPmmPublicPool fixedPool = IPmmPublicPool(
            fund(publicParams(address(xau), address(usd), 2600e6, K), 1e21, 2_600_000e6)
        );
        sell(fixedPool, trader, true, 1e20);
        nextBlock();
        (bool sellsBase, uint256 toAnchor) = fixedPool.amountToAnchor();
        (, uint256 anchor, bool sellsBase_, uint256 toAnchor_) = fixedPool.stabilizerView(1, 2650e6);
        assertEq(anchor, 2600e6, "its own");
        assertTrue(sellsBase_ == sellsBase && toAnchor_ == toAnchor, "as amountToAnchor");
        (, anchor, , toAnchor_) = fixedPool.stabilizerView(1, 0);
        assertTrue(anchor == 2600e6 && toAnchor_ == toAnchor, "without any oracle");
    }

    function quote(address who, bool isBase, uint256 amountIn) internal view returns (uint256 amountOut) {
        if (isBase) (amountOut, , , ) = pool.querySellBase(who, amountIn);
        else (amountOut, , , ) = pool.querySellQuote(who, amountIn);
    }
}
