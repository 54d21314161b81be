// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {GruDiamond} from "../../../contracts/gru/GruDiamond.sol";
import {CutTimelockStorage, OwnershipStorage} from "../../../contracts/gru/GruStorage.sol";
import {SelectorTable} from "../../../contracts/gru/SelectorTable.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IDiamond} from "../../../contracts/interfaces/IDiamond.sol";
import {IDiamondCutTimelock} from "../../../contracts/interfaces/IDiamondCutTimelock.sol";
import {IDiamondLoupe} from "../../../contracts/interfaces/IDiamondLoupe.sol";
import {CutInitializer} from "../../../contracts/mocks/gru/CutInitializer.sol";
import {NumberedFacet} from "../../../contracts/mocks/gru/NumberedFacet.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice Cuts, their timelock, loupe, ownership and storage of M00.
contract GruDiamondTest is GruBase {
    IDiamond.FacetCutAction private constant ADD = IDiamond.FacetCutAction.Add;
    IDiamond.FacetCutAction private constant REPLACE = IDiamond.FacetCutAction.Replace;
    IDiamond.FacetCutAction private constant REMOVE = IDiamond.FacetCutAction.Remove;

    NumberedFacet private one;
    NumberedFacet private two;

    function setUp() public override {
        super.setUp();
        (one, two) = (
            NumberedFacet(deploy("NumberedFacet", abi.encode(1))),
            NumberedFacet(deploy("NumberedFacet", abi.encode(2)))
        );
    }

    function _n0() private pure returns (bytes4[] memory) {
        return _selectors(NumberedFacet.n0.selector);
    }

    // ---- Table

    /// @dev GRU-4: every selector stands under one facet only, the loupe's four answers agree, and no two facets share one.
    function test_GRU4_noTwoFacetsShareASelector() public view {
        IDiamondLoupe.Facet[] memory facets = loupe.facets();
        assertEq(facets.length, 3, "loupe, ownership and the diamond itself");
        assertEq(loupe.facetAddresses().length, 3);
        uint256 count;
        bytes4[] memory seen = new bytes4[](64);
        for (uint256 i = 0; i < facets.length; ++i) {
            assertEq(loupe.facetAddresses()[i], facets[i].facetAddress);
            bytes4[] memory selectors = loupe.facetFunctionSelectors(facets[i].facetAddress);
            assertEq(selectors.length, facets[i].functionSelectors.length);
            for (uint256 j = 0; j < selectors.length; ++j) {
                assertEq(loupe.facetAddress(selectors[j]), facets[i].facetAddress, "GRU-4: dispatched elsewhere");
                for (uint256 k = 0; k < count; ++k) {
                    assertFalse(seen[k] == selectors[j], "GRU-4: two facets share a selector");
                }
                seen[count++] = selectors[j];
            }
        }
        assertEq(count, 38, "functions");
    }

    function test_addReplaceRemove_dispatch() public {
        NumberedFacet numbered = NumberedFacet(address(m00));
        vm.expectRevert(abi.encodeWithSelector(IDiamond.FunctionNotFound.selector, NumberedFacet.n0.selector));
        numbered.n0();
        _cut(_part(address(one), ADD, _n0()));
        assertEq(numbered.n0(), 1);
        _cut(_part(address(two), REPLACE, _n0()));
        assertEq(numbered.n0(), 2);
        assertEq(loupe.facetFunctionSelectors(address(one)).length, 0);
        _cut(_part(address(0), REMOVE, _n0()));
        assertEq(loupe.facetAddress(NumberedFacet.n0.selector), address(0));
        assertEq(loupe.facetAddresses().length, 3);
        vm.expectRevert(abi.encodeWithSelector(IDiamond.FunctionNotFound.selector, NumberedFacet.n0.selector));
        numbered.n0();
    }

    function test_cut_typedErrors() public {
        _cut(_part(address(one), ADD, _n0()));
        bytes4 n0 = NumberedFacet.n0.selector;
        bytes4 n1 = NumberedFacet.n1.selector;
        _expectCutToRevert(
            _part(address(two), ADD, _n0()),
            abi.encodeWithSelector(IDiamond.SelectorExists.selector, n0, address(one))
        );
        _expectCutToRevert(
            _part(address(one), REPLACE, _n0()),
            abi.encodeWithSelector(IDiamond.SameFacet.selector, n0, address(one))
        );
        _expectCutToRevert(
            _part(address(one), REPLACE, _selectors(n1)),
            abi.encodeWithSelector(IDiamond.SelectorMissing.selector, n1)
        );
        _expectCutToRevert(
            _part(address(0), REMOVE, _selectors(n1)),
            abi.encodeWithSelector(IDiamond.SelectorMissing.selector, n1)
        );
        _expectCutToRevert(
            _part(address(one), REMOVE, _n0()),
            abi.encodeWithSelector(IDiamond.RemovalNamesFacet.selector, address(one))
        );
        _expectCutToRevert(
            _part(holder, ADD, _selectors(n1)),
            abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder)
        );
        _expectCutToRevert(
            _part(holder, REPLACE, _n0()),
            abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder)
        );
        _expectCutToRevert(
            _part(address(m00), ADD, _selectors(n1)),
            abi.encodeWithSelector(IDiamond.FacetIsDiamond.selector)
        );
        _expectCutToRevert(
            _part(address(one), ADD, new bytes4[](0)),
            abi.encodeWithSelector(IDiamond.NoSelectors.selector, address(one))
        );
        bytes4[] memory twice = new bytes4[](2);
        (twice[0], twice[1]) = (n1, n1);
        _expectCutToRevert(
            _part(address(one), ADD, twice),
            abi.encodeWithSelector(IDiamond.SelectorExists.selector, n1, address(one))
        );
        assertEq(loupe.facetAddress(n1), address(0), "nothing of a failed cut stays");
    }

    /// @dev GRU-4: the cut functions, the token and the vault's front cannot be added, replaced or removed.
    function test_GRU4_ownFunctionsCannotBeCut() public {
        bytes4[] memory own = loupe.facetFunctionSelectors(address(m00));
        assertEq(own.length, 29, "GRU-4: own functions");
        for (uint256 i = 0; i < own.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(IDiamond.ImmutableFunction.selector, own[i]);
            _expectCutToRevert(_part(address(one), ADD, _selectors(own[i])), reason);
            _expectCutToRevert(_part(address(one), REPLACE, _selectors(own[i])), reason);
            _expectCutToRevert(_part(address(0), REMOVE, _selectors(own[i])), reason);
        }
    }

    function test_initializer_runsOnceAndItsFailureUndoesTheCut() public {
        CutInitializer initializer = CutInitializer(deploy("CutInitializer", ""));
        IDiamond.FacetCut[] memory cuts = _part(address(one), ADD, _n0());
        bytes memory data = abi.encodeCall(CutInitializer.fail, (7));
        _schedule(cuts, address(initializer), data);
        skipTime(DELAY, 2);
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(CutInitializer.InitRefused.selector, 7));
        m00.diamondCut(cuts, address(initializer), data);
        assertEq(loupe.facetAddress(NumberedFacet.n0.selector), address(0));

        data = abi.encodeCall(CutInitializer.declareInterface, (0x12345678));
        _schedule(cuts, address(initializer), data);
        skipTime(DELAY, 2);
        vm.prank(timelock);
        vm.expectEmit(address(m00));
        emit IDiamond.DiamondCut(cuts, address(initializer), data);
        m00.diamondCut(cuts, address(initializer), data);
        assertTrue(IERC165(address(m00)).supportsInterface(0x12345678));
        assertEq(NumberedFacet(address(m00)).n0(), 1);
    }

    function test_initializer_badArguments() public {
        IDiamond.FacetCut[] memory cuts = _part(address(one), ADD, _n0());
        vm.startPrank(timelock);
        vm.expectRevert(IDiamond.InitDataWithoutInit.selector);
        m00.scheduleCut(cuts, address(0), hex"01", bytes32(0), DELAY);
        vm.expectRevert(IDiamond.EmptyCut.selector);
        m00.scheduleCut(new IDiamond.FacetCut[](0), address(0), "", bytes32(0), DELAY);
        m00.scheduleCut(cuts, holder, "", bytes32(0), DELAY);
        skipTime(DELAY, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        m00.diamondCut(cuts, holder, "");
        vm.stopPrank();
    }

    // ---- Timelock

    function test_GRU5_scheduleWaitExecute() public {
        IDiamond.FacetCut[] memory cuts = _part(address(one), ADD, _n0());
        bytes32 salt = bytes32("salt");
        bytes32 id = m00.cutId(cuts, address(0), "", salt);
        uint256 readyAt = vm.getBlockTimestamp() + DELAY;
        vm.prank(timelock);
        vm.expectEmit(address(m00));
        emit IDiamondCutTimelock.ScheduleCut(id, cuts, address(0), "", salt, readyAt, readyAt + 14 days);
        m00.scheduleCut(cuts, address(0), "", salt, DELAY);
        assertEq(m00.cutReadyAt(id), readyAt);

        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IDiamondCutTimelock.AlreadyScheduled.selector, id));
        m00.scheduleCut(cuts, address(0), "", salt, DELAY);
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, readyAt, readyAt - 1));
        m00.executeCut(cuts, address(0), "", salt);
        vm.warp(readyAt);
        // another salt, another facet or another initializer is another cut (GRU-5)
        bytes4 notScheduled = IDiamondCutTimelock.NotScheduled.selector;
        vm.expectPartialRevert(notScheduled);
        m00.diamondCut(cuts, address(0), "");
        vm.expectPartialRevert(notScheduled);
        m00.executeCut(_part(address(two), ADD, _n0()), address(0), "", salt);
        vm.expectPartialRevert(notScheduled);
        m00.executeCut(cuts, address(two), "", salt);
        vm.stopPrank();
        address[3] memory others = [attacker, guardian, holder];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, others[i]));
            m00.executeCut(cuts, address(0), "", salt);
        }

        vm.startPrank(timelock);
        m00.executeCut(cuts, address(0), "", salt);
        assertEq(m00.cutReadyAt(id), 0);
        vm.expectRevert(abi.encodeWithSelector(notScheduled, id));
        m00.executeCut(cuts, address(0), "", salt);
        vm.stopPrank();
    }

    function test_GRU5_delayHasBounds() public {
        IDiamond.FacetCut[] memory cuts = _part(address(one), ADD, _n0());
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, DELAY - 1, DELAY, 30 days));
        m00.scheduleCut(cuts, address(0), "", bytes32(0), DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 30 days + 1, DELAY, 30 days));
        m00.scheduleCut(cuts, address(0), "", bytes32(0), 30 days + 1);
        vm.stopPrank();
        (address[] memory list, uint256[] memory units) = _basket();
        GruDiamond.Setup memory setup = _setup(list, units);
        setup.minCutDelaySeconds = 1 days - 1;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1 days - 1, 1 days, 30 days));
        deploy("GruDiamond", abi.encode(setup));
        assertEq(m00.minCutDelaySeconds(), DELAY, "GRU-5: the shortest delay");
    }

    function test_GRU5_cutsExpire() public {
        IDiamond.FacetCut[] memory cuts = _part(address(one), ADD, _n0());
        bytes32 id = _schedule(cuts, address(0), "");
        uint256 expiresAt = m00.cutReadyAt(id) + m00.MAX_WAIT_SECONDS();
        vm.warp(expiresAt + 1);
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IDiamondCutTimelock.CutExpired.selector, expiresAt, expiresAt + 1));
        m00.diamondCut(cuts, address(0), "");
        m00.cancelCut(id);
        vm.stopPrank();
        _cut(cuts);
        assertEq(NumberedFacet(address(m00)).n0(), 1, "GRU-5: scheduled anew");
    }

    function test_GRU5_guardianAndOwnerCancel() public {
        IDiamond.FacetCut[] memory cuts = _part(address(one), ADD, _n0());
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 id = _schedule(cuts, address(0), "");
            vm.prank(attacker);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
            m00.cancelCut(id);
            vm.prank(i == 0 ? guardian : timelock);
            m00.cancelCut(id);
            skipTime(DELAY, 2);
            vm.prank(timelock);
            vm.expectRevert(abi.encodeWithSelector(IDiamondCutTimelock.NotScheduled.selector, id));
            m00.diamondCut(cuts, address(0), "");
            vm.prank(guardian);
            vm.expectRevert(abi.encodeWithSelector(IDiamondCutTimelock.NotScheduled.selector, id));
            m00.cancelCut(id);
        }
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, guardian));
        m00.scheduleCut(cuts, address(0), "", bytes32(0), DELAY);
    }

    /// @dev GRU-5: a new guardian waits as long as a cut, so that the old one sees every cut that was scheduled before.
    function test_GRU5_guardianChangesAfterTheDelay() public {
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        m00.announceGuardian(attacker);
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        m00.applyGuardian();
        vm.prank(timelock);
        m00.announceGuardian(trader);
        uint256 readyAt = vm.getBlockTimestamp() + DELAY;
        (address pending, uint256 when) = m00.pendingGuardian();
        assertEq(pending, trader);
        assertEq(when, readyAt);
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, readyAt, readyAt - 1));
        m00.applyGuardian();
        assertEq(m00.guardian(), guardian);
        vm.warp(readyAt);
        m00.applyGuardian();
        assertEq(m00.guardian(), trader);
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        m00.applyGuardian();
        vm.prank(timelock);
        m00.announceGuardian(guardian);
        vm.prank(timelock);
        m00.announceGuardian(address(0));
        vm.warp(readyAt + DELAY);
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        m00.applyGuardian();
    }

    // ---- Ownership

    function test_ownership_twoSteps() public {
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        _ownership().transferOwnership(attacker);
        vm.prank(timelock);
        _ownership().transferOwnership(trader);
        assertEq(_ownership().owner(), timelock);
        assertEq(_ownership().pendingOwner(), trader);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        _ownership().acceptOwnership();
        vm.prank(trader);
        _ownership().acceptOwnership();
        assertEq(_ownership().owner(), trader);
        assertEq(_ownership().pendingOwner(), address(0));
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(0)));
        _ownership().acceptOwnership();
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        m00.scheduleCut(_part(address(one), ADD, _n0()), address(0), "", bytes32(0), DELAY);
    }

    /// @dev A facet called at its own address works on its own empty storage: nobody owns that.
    function test_facetsAloneHaveNoOwner() public {
        assertEq(ownershipFacet.owner(), address(0));
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        ownershipFacet.transferOwnership(timelock);
        assertEq(loupeFacet.facets().length, 0);
    }

    // ---- Standards and storage

    function test_supportsInterface() public view {
        IERC165 m00165 = IERC165(address(m00));
        bytes4[7] memory ids = [
            type(IERC165).interfaceId,
            bytes4(0x48e2b093), // the loupe, from EIP-2535
            bytes4(0x1f931c1c), // diamondCut, from EIP-2535
            bytes4(0x7f5828d0), // ERC-173
            type(IERC20).interfaceId,
            bytes4(0x9d8ff7da), // ERC-2612
            type(IERC5267).interfaceId
        ];
        for (uint256 i = 0; i < 7; ++i) assertTrue(m00165.supportsInterface(ids[i]));
        assertFalse(m00165.supportsInterface(0xffffffff));
    }

    /// @dev GRU-9: the slots computed from the names, as ERC-7201 says; each one in use, and the diamond's slot 0 not.
    function test_GRU9_namespacesAreDistinctAndUsed() public {
        string[3] memory names = [
            "cantilever.gru.SelectorTable",
            "cantilever.gru.Ownership",
            "cantilever.gru.CutTimelock"
        ];
        bytes32[3] memory declared = [SelectorTable.SLOT, OwnershipStorage.SLOT, CutTimelockStorage.SLOT];
        vm.prank(timelock);
        m00.announceGuardian(trader);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 slot = keccak256(abi.encode(uint256(keccak256(bytes(names[i]))) - 1)) & ~bytes32(uint256(0xff));
            assertEq(declared[i], slot, "GRU-9: not the slot of its name");
            assertNotEq(vm.load(address(m00), slot), bytes32(0), "GRU-9: an unused namespace");
            for (uint256 j = 0; j < i; ++j) assertNotEq(declared[j], slot, "GRU-9: two namespaces in one slot");
        }
        for (uint256 i = 0; i < 64; ++i) assertEq(vm.load(address(m00), bytes32(i)), bytes32(0), "GRU-9: plain slot");
        assertEq(uint256(vm.load(address(m00), SelectorTable.SLOT)), 3, "number of facets");
        assertEq(vm.load(address(m00), OwnershipStorage.SLOT), bytes32(uint256(uint160(timelock))));
        assertEq(vm.load(address(m00), CutTimelockStorage.SLOT), bytes32(uint256(uint160(guardian))));
    }

    function test_takesNoEther() public {
        vm.deal(holder, 1 ether);
        vm.prank(holder);
        (bool ok, bytes memory answer) = address(m00).call{value: 1}("");
        assertFalse(ok);
        assertEq(bytes32(bytes4(answer)), bytes32(IDiamond.FunctionNotFound.selector));
    }

    function test_constructor_needsOwnerGuardianAndFacets() public {
        (address[] memory list, uint256[] memory units) = _basket();
        GruDiamond.Setup memory setup = _setup(list, units);
        setup.owner = address(0);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        deploy("GruDiamond", abi.encode(setup));
        setup = _setup(list, units);
        setup.guardian = address(0);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        deploy("GruDiamond", abi.encode(setup));
        setup = _setup(list, units);
        setup.loupeFacet = holder;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        deploy("GruDiamond", abi.encode(setup));
    }
}
