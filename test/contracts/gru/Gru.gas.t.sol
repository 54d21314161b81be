// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {GruBase} from "./GruBase.t.sol";

/// @notice Gas of M00's calls on cold accounts over a basket of four M1 tokens, without the transaction's own 21,000 and calldata.
contract GruGasTest is GruBase {
    uint256[] private limits = new uint256[](TOKENS);

    function setUp() public override {
        super.setUp();
        _issue(holder, 1_000e18);
        _issue(trader, 1_000e18);
        for (uint256 i = 0; i < TOKENS; ++i) {
            _give(trader, i, 1e24);
            vm.prank(trader);
            tokens[i].approve(address(vault), FOREVER);
        }
    }

    function _cool() private {
        vm.cool(address(m00));
        vm.cool(address(vault));
        for (uint256 i = 0; i < TOKENS; ++i) vm.cool(address(tokens[i]));
    }

    function test_gas_issueAndRedeem() public {
        uint256[] memory maxAmounts = vault.previewIssue(7e18);
        uint256[] memory minAmounts = vault.previewRedeem(5e18);
        _cool();
        vm.prank(trader);
        m00.issue(7e18, maxAmounts, trader, FOREVER);
        vm.snapshotGasLastCall("m00.issue four tokens");
        _cool();
        vm.prank(trader);
        m00.redeem(5e18, minAmounts, trader, FOREVER);
        vm.snapshotGasLastCall("m00.redeem four tokens");
        assertEq(m00.balanceOf(trader), 1_002e18);
    }

    function test_gas_transferAndDispatch() public {
        _cool();
        vm.prank(holder);
        m00.transfer(trader, 1e18);
        vm.snapshotGasLastCall("m00.transfer");
        assertEq(m00.balanceOf(trader), 1_001e18);
        _cool();
        vm.cool(address(ownershipFacet));
        address owner = _ownership().owner();
        vm.snapshotGasLastCall("m00.owner through a facet");
        assertEq(owner, timelock);
    }
}
