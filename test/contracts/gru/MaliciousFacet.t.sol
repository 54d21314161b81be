// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {GruDiamond} from "../../../contracts/gru/GruDiamond.sol";
import {OwnershipStorage} from "../../../contracts/gru/GruStorage.sol";
import {SelectorTable} from "../../../contracts/gru/SelectorTable.sol";
import {IBasketVault} from "../../../contracts/interfaces/IBasketVault.sol";
import {IDiamond} from "../../../contracts/interfaces/IDiamond.sol";
import {IGruToken} from "../../../contracts/interfaces/IGruToken.sol";
import {CutInitializer} from "../../../contracts/mocks/gru/CutInitializer.sol";
import {PuppetFacet} from "../../../contracts/mocks/gru/PuppetFacet.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice A facet that may do anything is cut in by the rules, and everything it could try is tried.
/// @dev A test runs in one transaction, so a front that an attack closed stays closed until the test ends; that holders get everything
/// back in later transactions is shown in test/integration/gru.test.ts.
contract MaliciousFacetTest is GruBase {
    uint256 private constant SHARES = 1_000e18;

    PuppetFacet private puppet;
    uint256[TOKENS] private vaultBefore;
    uint256 private holderBefore;

    function setUp() public override {
        super.setUp();
        _issue(holder, SHARES);
        PuppetFacet facet = PuppetFacet(deploy("PuppetFacet", ""));
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = PuppetFacet.puppetStore.selector;
        selectors[1] = PuppetFacet.puppetCall.selector;
        selectors[2] = PuppetFacet.puppetCallOrRevert.selector;
        selectors[3] = PuppetFacet.puppetDelegate.selector;
        selectors[4] = PuppetFacet.puppetMint.selector;
        selectors[5] = PuppetFacet.puppetView.selector;
        _cut(_part(address(facet), IDiamond.FacetCutAction.Add, selectors));
        puppet = PuppetFacet(address(m00));
        for (uint256 i = 0; i < TOKENS; ++i) vaultBefore[i] = tokens[i].balanceOf(address(vault));
        holderBefore = m00.balanceOf(holder);
        // What a careless holder may have left standing.
        _give(holder, 0, 1_000e6);
        vm.prank(holder);
        tokens[0].approve(address(vault), FOREVER);
        vm.prank(holder);
        m00.approve(address(m00), FOREVER);
    }

    /// @dev GRU-6: the attacker has nothing, the holder and the vault have everything.
    function _assertNothingGained() private view {
        assertEq(m00.balanceOf(attacker), 0, "GRU-6: shares of the attacker");
        assertEq(m00.balanceOf(address(m00)), 0, "GRU-6: shares of the diamond");
        assertEq(m00.balanceOf(holder), holderBefore, "GRU-6: shares of the holder");
        assertEq(m00.totalSupply(), SHARES, "GRU-6: supply");
        assertEq(tokens[0].balanceOf(holder), 1_000e6, "GRU-6: the holder's own tokens");
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertEq(tokens[i].balanceOf(address(vault)), vaultBefore[i], "GRU-6: basket");
            assertEq(tokens[i].balanceOf(attacker), 0, "GRU-6: tokens of the attacker");
        }
    }

    function _expectRefused(bytes memory data) private {
        vm.prank(attacker);
        (bool ok, bytes memory answer) = puppet.puppetCall(address(vault), data);
        assertFalse(ok, "GRU-6: the vault obeyed a facet");
        assertEq(bytes32(bytes4(answer)), bytes32(IBasketVault.FrontClosed.selector), "GRU-6: reason");
    }

    function test_GRU6_mintedInTheDiamondIsWorthNothing() public {
        vm.prank(attacker);
        puppet.puppetMint(attacker, type(uint128).max);
        _assertNothingGained();
        vm.prank(attacker);
        vm.expectRevert(IBasketVault.FrontClosed.selector);
        m00.redeem(1e18, new uint256[](TOKENS), attacker, FOREVER);
        _assertNothingGained();
    }

    /// @dev GRU-6: every verb of the vault, asked for as the diamond.
    function test_GRU6_vaultRefusesEveryOrderOfAFacet() public {
        uint256[] memory any = new uint256[](TOKENS);
        address[] memory none = new address[](0);
        _expectRefused(abi.encodeCall(IBasketVault.redeem, (holder, attacker, SHARES / 2, any, none)));
        _expectRefused(abi.encodeCall(IBasketVault.transferShares, (holder, attacker, 1e18)));
        _expectRefused(abi.encodeCall(IBasketVault.spendShares, (address(m00), holder, attacker, 1e18)));
        _expectRefused(abi.encodeCall(IBasketVault.approveShares, (holder, attacker, FOREVER)));
        any = vault.previewIssue(1e15);
        _expectRefused(abi.encodeCall(IBasketVault.issue, (holder, attacker, 1e15, any)));
        _assertNothingGained();
    }

    function test_GRU6_selfCallsOfTheDiamondAreRefused() public {
        vm.prank(attacker);
        (bool ok, ) = puppet.puppetCall(address(m00), abi.encodeCall(m00.transferFrom, (holder, attacker, 1e18)));
        assertFalse(ok, "GRU-6: an allowance for the diamond is no allowance for a facet");
        vm.prank(attacker);
        (ok, ) = puppet.puppetCall(
            address(m00),
            abi.encodeCall(IGruToken.redeem, (1, new uint256[](TOKENS), attacker, FOREVER))
        );
        assertFalse(ok, "GRU-6: redemption by the diamond");
        _assertNothingGained();
    }

    function test_GRU6_codeOfTheVaultRunInTheDiamondMovesNothing() public {
        bytes memory order = abi.encodeCall(IBasketVault.transferShares, (holder, attacker, 1e18));
        vm.prank(attacker);
        puppet.puppetDelegate(address(vault), order);
        _assertNothingGained();
        for (uint256 i = 0; i < TOKENS; ++i) {
            vm.prank(attacker);
            puppet.puppetCall(
                address(tokens[i]),
                abi.encodeCall(tokens[i].transferFrom, (address(vault), attacker, 1))
            );
        }
        _assertNothingGained();
    }

    /// @dev GRU-6: with the table rewritten so that a token function belongs to the facet, the diamond's own code still answers it.
    function test_GRU6_rewrittenTableChangesNoTokenFunction() public {
        address evil = loupe.facetAddress(PuppetFacet.puppetStore.selector);
        bytes32 slot = keccak256(abi.encode(m00.transfer.selector, uint256(SelectorTable.SLOT) + 3));
        vm.prank(attacker);
        puppet.puppetStore(slot, bytes32(uint256(uint160(evil))));
        assertEq(loupe.facetAddress(m00.transfer.selector), evil, "the attack did not reach the table");
        vm.prank(attacker);
        puppet.puppetStore(OwnershipStorage.SLOT, bytes32(uint256(uint160(attacker))));
        assertEq(_ownership().owner(), attacker, "the attack did not reach the owner");
        vm.prank(holder);
        vm.expectRevert(IBasketVault.FrontClosed.selector);
        m00.transfer(trader, 1e18);
        _assertNothingGained();
    }

    /// @dev GRU-6: no amount of gas lets a facet run without the front being closed before.
    function testFuzz_GRU6_starvedCallsCloseTheFrontOrFail(uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 1, 300_000);
        bytes memory order = abi.encodeCall(IBasketVault.transferShares, (holder, attacker, 1e18));
        vm.cool(address(vault));
        vm.cool(address(m00));
        vm.prank(attacker);
        try puppet.puppetCallOrRevert{gas: gasLimit}(address(vault), order) {
            assertTrue(false, "GRU-6: a starved call moved shares");
        } catch {}
        _assertNothingGained();
    }

    /// @dev GRU-6: an initializer runs in the diamond, too.
    function test_GRU6_initializerOfACutIsRefused() public {
        CutInitializer initializer = CutInitializer(deploy("CutInitializer", ""));
        bytes memory order = abi.encodeCall(IBasketVault.transferShares, (holder, attacker, 1e18));
        bytes memory data = abi.encodeCall(CutInitializer.callAsDiamond, (address(vault), order));
        IDiamond.FacetCut[] memory cuts = new IDiamond.FacetCut[](0);
        _schedule(cuts, address(initializer), data);
        skipTime(DELAY, 2);
        vm.prank(timelock);
        vm.expectRevert(IBasketVault.FrontClosed.selector);
        m00.diamondCut(cuts, address(initializer), data);
        _assertNothingGained();
    }

    /// @dev Reading a facet, or calling one of the first two, does not get in the way of what follows in the same transaction.
    function test_frontStaysOpenAfterReadsAndFirstFacets() public {
        puppet.puppetView();
        (bool ok, ) = address(m00).call(abi.encodeCall(loupe.facets, ()));
        assertTrue(ok);
        (ok, ) = address(m00).call(abi.encodeCall(_ownership().owner, ()));
        assertTrue(ok);
        vm.prank(holder);
        m00.transfer(trader, 1e18);
        assertEq(m00.balanceOf(trader), 1e18);
    }

    function test_frontClosesForTheRestOfTheTransaction() public {
        (bool ok, ) = address(m00).call(abi.encodeCall(PuppetFacet.puppetView, ()));
        assertTrue(ok);
        vm.prank(holder);
        vm.expectRevert(IBasketVault.FrontClosed.selector);
        m00.transfer(trader, 1e18);
    }

    function test_closeFront_onlyByTheDiamond() public {
        vm.prank(attacker);
        vm.expectPartialRevert(bytes4(keccak256("NotAuthorized(address)")));
        vault.closeFront();
    }

    // ---- When the front cannot be closed

    /// @dev GRU-6: should `closeFront` ever fail in a call that may write, whatever the cause, the facet runs without any right to
    /// write: it fails closed.
    function test_GRU6_facetCannotWriteWhileTheFrontStaysOpen() public {
        vm.mockCallRevert(address(vault), abi.encodeCall(IBasketVault.closeFront, ()), "");
        bytes32 before = vm.load(address(m00), OwnershipStorage.SLOT);
        vm.prank(attacker);
        (bool ok, ) = address(m00).call{gas: 1_000_000}(
            abi.encodeCall(PuppetFacet.puppetStore, (OwnershipStorage.SLOT, bytes32(uint256(1))))
        );
        assertFalse(ok, "GRU-6: wrote with an open front");
        assertEq(vm.load(address(m00), OwnershipStorage.SLOT), before, "GRU-6: storage");
        bytes memory order = abi.encodeCall(IBasketVault.transferShares, (holder, attacker, 1e18));
        vm.prank(attacker);
        (ok, ) = address(m00).call{gas: 1_000_000}(
            abi.encodeCall(PuppetFacet.puppetCallOrRevert, (address(vault), order))
        );
        assertFalse(ok, "GRU-6: ordered with an open front");
        // Through the diamond's own functions, too.
        vm.prank(attacker);
        (ok, ) = address(m00).call{gas: 1_000_000}(
            abi.encodeCall(
                PuppetFacet.puppetCallOrRevert,
                (address(m00), abi.encodeCall(m00.transferFrom, (holder, attacker, 1e18)))
            )
        );
        assertFalse(ok, "GRU-6: the diamond called itself with an open front");
        (ok, ) = address(m00).call{gas: 1_000_000}(abi.encodeCall(PuppetFacet.puppetView, ()));
        assertTrue(ok, "reading needs no right");
        _assertNothingGained();
        vm.prank(holder);
        m00.transfer(trader, 1e18);
        assertEq(m00.balanceOf(trader), 1e18, "the token does not depend on it");
    }

    function test_GRU6_initializerNeedsAClosedFront() public {
        CutInitializer initializer = CutInitializer(deploy("CutInitializer", ""));
        IDiamond.FacetCut[] memory cuts = new IDiamond.FacetCut[](0);
        bytes memory data = abi.encodeCall(CutInitializer.declareInterface, (0x12345678));
        _schedule(cuts, address(initializer), data);
        skipTime(DELAY, 2);
        vm.mockCallRevert(address(vault), abi.encodeCall(IBasketVault.closeFront, ()), "");
        vm.prank(timelock);
        vm.expectRevert(GruDiamond.FrontStaysOpen.selector);
        m00.diamondCut(cuts, address(initializer), data);
    }

    /// @dev The diamond gives `closeFront` 5,000 gas on a cold vault: a fifth of it must do, or repricing could stop every facet.
    function test_closeFront_needsAFifthOfItsGas() public {
        vm.cool(address(vault));
        vm.prank(address(m00));
        (bool ok, ) = address(vault).call{gas: 1_000}(abi.encodeCall(IBasketVault.closeFront, ()));
        assertTrue(ok, "closeFront");
    }

    function test_tooLittleGasIsNamed() public {
        vm.prank(attacker);
        (bool ok, bytes memory answer) = address(m00).call{gas: 14_000}(abi.encodeCall(PuppetFacet.puppetView, ()));
        assertFalse(ok);
        assertEq(bytes32(bytes4(answer)), bytes32(GruDiamond.GasTooLow.selector));
    }
}
