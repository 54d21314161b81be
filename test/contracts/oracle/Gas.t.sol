// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ISignedPriceFeed} from "../../../contracts/interfaces/ISignedPriceFeed.sol";
import {SignedPriceFeed} from "../../../contracts/oracle/SignedPriceFeed.sol";
import {OracleBase} from "./OracleBase.t.sol";

/// @notice Gas of the calls that swaps and reporters pay for, as committed figures. Limits over real transactions are in
/// test/integration/xau-oracle.test.ts.
contract OracleGasTest is OracleBase {
    function test_gas_pullAnchors() public {
        oracle.pullAnchors(address(xau), address(six));
        uint256 first = vm.snapshotGasLastCall("oracle.pullAnchors first of the transaction");
        oracle.pullAnchors(address(xau), address(six));
        uint256 again = vm.snapshotGasLastCall("oracle.pullAnchors again");
        assertLt(again, first / 5, "the second pull reads no feed");
        oracle.pullValueInXau(address(six), 1_000_000);
        assertLt(vm.snapshotGasLastCall("oracle.pullValueInXau after pullAnchors"), first / 5, "both tokens are kept");
    }

    function test_gas_submit() public {
        SignedPriceFeed feed = feedsOf[address(six)][0];
        ISignedPriceFeed.Round memory round = ISignedPriceFeed.Round(2, USD, uint40(vm.getBlockTimestamp()));
        bytes[] memory signatures = _sign(feed, round, 2);
        feed.submit(round, signatures);
        vm.snapshotGasLastCall("signedPriceFeed.submit");
        (uint256 answer, , , ) = feed.latestTwo();
        assertEq(answer, USD, "accepted");
    }
}
