// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {OracleBase} from "./OracleBase.t.sol";

contract XAUOracleTest is OracleBase {
    function test_priceInUsd_isTheMedian() public view {
        assertEq(oracle.priceInUsd(address(xau)), uint256(XAU_USD) * 1e10, "XAU");
        assertEq(oracle.priceInUsd(address(six)), 1e18, "six");
    }

    function test_anchors_areDodosI() public {
        (uint256 newest, uint256 previous) = oracle.anchors(address(xau), address(six));
        assertEq(newest, 2650_250000, "XAU (18) / six (6): 2650.25 * 10^(18 + 6 - 18)");
        assertEq(previous, newest, "outside the grace window");
    }
}
