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
        xau = new PlainERC20("XAU", 18);
        usd = new PlainERC20("USD", 6);
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

    function quote(address who, bool isBase, uint256 amountIn) internal view returns (uint256 amountOut) {
        if (isBase) (amountOut, , , ) = pool.querySellBase(who, amountIn);
        else (amountOut, , , ) = pool.querySellQuote(who, amountIn);
    }
}
