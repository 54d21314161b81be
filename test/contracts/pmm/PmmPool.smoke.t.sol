// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

contract PmmPoolSmokeTest is PmmTestBase {
    PlainERC20 internal base;
    PlainERC20 internal quote;
    IPmmPublicPool internal pool;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, K), 1e12, 1e12));
    }

    function test_balancedPoolStandsAtTheAnchor() public view {
        assertEq(pool.spotRatio(), WAD);
        assertEq(pool.getMidPrice(), WAD);
        assertEq(pool._RState_(), ONE);
    }

    /// @dev C5: 2,000 units sold into 1M/1M at k = 0.005 move the mid by 0.201 bps.
    function test_saleMovesTheMidAsMeasuredOnDodo() public {
        uint256 out = sell(pool, trader, true, 2_000e6);
        assertGt(out, 1_999.7e6);
        assertLt(out, 2_000e6);
        assertEq(pool._RState_(), BELOW);
        uint256 movedWad = WAD - pool.spotRatio();
        assertApproxEqAbs(movedWad, 0.201e14, 0.001e14);
    }

    function test_amountToAnchorClosesTheDeviation() public {
        sell(pool, trader, true, 2_000e6);
        (bool sellBase_, uint256 amountIn) = pool.amountToAnchor();
        assertFalse(sellBase_);
        sell(pool, stabilizer, false, amountIn);
        assertApproxEqAbs(pool.spotRatio(), WAD, 1e7);
        sell(pool, stabilizer, false, 1);
        assertGe(pool.spotRatio(), WAD);
    }

    function test_POOL10_historyKeepsBlockEnds() public {
        nextBlock();
        sell(pool, trader, true, 2_000e6);
        uint256 ratio = pool.spotRatio();
        nextBlock();
        nextBlock();
        uint256[] memory ends = pool.recentBlockEnds(3);
        assertEq(ends[0], ratio);
        assertEq(ends[1], ratio);
        assertEq(ends[2], WAD);
    }

    function test_exitReturnsTheShare() public {
        uint256 shares = pool_().balanceOf(provider);
        vm.prank(provider);
        (uint256 b, uint256 q) = pool.removeLiquidity(shares, 0, 0, provider, block.timestamp);
        assertGt(b, 0.99e12);
        assertGt(q, 0.99e12);
        assertGt(pool._BASE_RESERVE_(), 0);
    }

    function pool_() private view returns (PlainERC20) {
        return PlainERC20(address(pool));
    }
}
