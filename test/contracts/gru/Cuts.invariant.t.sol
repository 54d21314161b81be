// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GruDiamond} from "../../../contracts/gru/GruDiamond.sol";
import {IDiamond} from "../../../contracts/interfaces/IDiamond.sol";
import {IDiamondCutTimelock} from "../../../contracts/interfaces/IDiamondCutTimelock.sol";
import {IDiamondLoupe} from "../../../contracts/interfaces/IDiamondLoupe.sol";
import {IGruOwnership} from "../../../contracts/interfaces/IGruOwnership.sol";
import {IGruToken} from "../../../contracts/interfaces/IGruToken.sol";
import {NumberedFacet} from "../../../contracts/mocks/gru/NumberedFacet.sol";
import {Base} from "../Base.t.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice Schedules, executes and cancels cuts in the name of everybody, most of them impossible: colliding selectors, the diamond's
/// own functions, too early, too late, twice. Each outcome is predicted by a model of the rules that shares no code with the diamond.
contract CutHandler is Base {
    uint256 private constant CANDIDATES = 10;
    uint256 private constant DELAY = 2 days;
    uint256 private constant LONGEST = 30 days;
    uint256 private constant WAIT = 14 days;

    GruDiamond public immutable M00;
    address private immutable _attacker;

    /// @notice Six functions of numbered facets, one of the first facets, three of the diamond's own code.
    bytes4[CANDIDATES] public candidates;
    address[3] public facets;
    address[CANDIDATES] private _facetOf;

    address public owner;
    address public pendingOwner;
    address public guardian;
    address public pendingGuardian;
    uint256 public guardianReadyAt;
    address[2] private _owners;
    address[2] private _guardians;

    bytes[] private _plans;
    mapping(bytes32 id => uint256) private _readyAt;
    uint256 public executed;
    uint256 public refused;

    constructor(GruDiamond m00, address owner_, address guardian_, address attacker) {
        (M00, owner, guardian, _attacker) = (m00, owner_, guardian_, attacker);
        (_owners[0], _owners[1]) = (owner_, vm.addr(4_000));
        (_guardians[0], _guardians[1]) = (guardian_, vm.addr(4_001));
        for (uint256 i = 0; i < 3; ++i) facets[i] = deploy("NumberedFacet", abi.encode(i));
        candidates = [
            NumberedFacet.n0.selector,
            NumberedFacet.n1.selector,
            NumberedFacet.n2.selector,
            NumberedFacet.n3.selector,
            NumberedFacet.n4.selector,
            NumberedFacet.n5.selector,
            IGruOwnership.pendingOwner.selector,
            IERC20.transfer.selector,
            IDiamondCutTimelock.diamondCut.selector,
            IGruToken.redeem.selector
        ];
        for (uint256 i = 6; i < CANDIDATES; ++i) _facetOf[i] = _loupe().facetAddress(candidates[i]);
    }

    // ---- Cuts

    function schedule(uint256 who, uint256 seed, uint256 delay) external {
        (IDiamond.FacetCut[] memory cuts, bytes32 salt) = _plan(seed);
        delay = delay % 4 == 0 ? bound(delay, 0, 31 days) : DELAY;
        bytes32 id = M00.cutId(cuts, address(0), "", salt);
        address caller = _caller(who);
        bool expected = caller == owner && delay >= DELAY && delay <= LONGEST && _readyAt[id] == 0;
        _call(caller, abi.encodeCall(M00.scheduleCut, (cuts, address(0), "", salt, delay)), expected, "schedule");
        if (!expected) return;
        _readyAt[id] = vm.getBlockTimestamp() + delay;
        _plans.push(abi.encode(cuts, salt));
    }

    function execute(uint256 who, uint256 index) external {
        if (_plans.length == 0) return;
        // Mostly the newest ones: older ones are often executed, cancelled or expired.
        uint256 from = _plans.length > 6 && index % 3 != 0 ? _plans.length - 6 : 0;
        _execute(_caller(who), _plans[bound(index, from, _plans.length - 1)]);
    }

    function executeUnscheduled(uint256 seed) external {
        (IDiamond.FacetCut[] memory cuts, bytes32 salt) = _plan(seed);
        _execute(owner, abi.encode(cuts, salt));
    }

    function cancel(uint256 who, uint256 index) external {
        if (_plans.length == 0) return;
        bytes32 id = _idOf(_plans[index % _plans.length]);
        address caller = _caller(who);
        bool expected = (caller == owner || caller == guardian) && _readyAt[id] != 0;
        _call(caller, abi.encodeCall(M00.cancelCut, (id)), expected, "cancel");
        if (expected) _readyAt[id] = 0;
    }

    // ---- Owner and guardian

    function announceGuardian(uint256 who, uint256 next) external {
        address caller = _caller(who);
        address account = next % 3 == 2 ? address(0) : _guardians[next % 3];
        _call(caller, abi.encodeCall(M00.announceGuardian, (account)), caller == owner, "announce");
        if (caller != owner) return;
        (pendingGuardian, guardianReadyAt) = (account, vm.getBlockTimestamp() + DELAY);
    }

    function applyGuardian(uint256 who) external {
        bool expected = pendingGuardian != address(0) && vm.getBlockTimestamp() >= guardianReadyAt;
        _call(_caller(who), abi.encodeCall(M00.applyGuardian, ()), expected, "guardian");
        if (expected) (guardian, pendingGuardian) = (pendingGuardian, address(0));
    }

    function offerOwnership(uint256 who, uint256 next) external {
        address caller = _caller(who);
        address account = next % 3 == 2 ? address(0) : _owners[next % 3];
        _call(caller, abi.encodeCall(IGruOwnership.transferOwnership, (account)), caller == owner, "offer");
        if (caller == owner) pendingOwner = account;
    }

    /// @dev The zero address tries, too: it is what `pendingOwner` holds while nobody is named.
    function acceptOwnership(uint256 who) external {
        address caller = who % 6 == 5 ? address(0) : _caller(who);
        bool expected = caller != address(0) && caller == pendingOwner;
        _call(caller, abi.encodeCall(IGruOwnership.acceptOwnership, ()), expected, "accept");
        if (expected) (owner, pendingOwner) = (caller, address(0));
    }

    function wait_(uint256 duration) external {
        skipTime(duration % 8 == 0 ? bound(duration, 1, 20 days) : bound(duration, 1, 40 hours), 2);
    }

    // ---- For the invariants

    function facetOf(uint256 candidate) external view returns (address) {
        return _facetOf[candidate];
    }

    /// @dev Scheduled cuts by the handler's books against the diamond's.
    function scheduleAgrees() external view returns (bool) {
        for (uint256 i = 0; i < _plans.length; ++i) {
            bytes32 id = _idOf(_plans[i]);
            if (M00.cutReadyAt(id) != _readyAt[id]) return false;
        }
        return true;
    }

    // ---- Internal

    function _execute(address caller, bytes memory plan) private {
        (IDiamond.FacetCut[] memory cuts, bytes32 salt) = abi.decode(plan, (IDiamond.FacetCut[], bytes32));
        bytes32 id = _idOf(plan);
        uint256 readyAt = _readyAt[id];
        bool onTime = readyAt != 0 && vm.getBlockTimestamp() >= readyAt && vm.getBlockTimestamp() <= readyAt + WAIT;
        (bool possible, address[CANDIDATES] memory afterwards) = _applied(cuts);
        bool expected = caller == owner && onTime && possible;
        bytes memory data =
            salt == bytes32(0)
                ? abi.encodeCall(M00.diamondCut, (cuts, address(0), ""))
                : abi.encodeCall(M00.executeCut, (cuts, address(0), "", salt));
        _call(caller, data, expected, "execute");
        if (!expected) return;
        _facetOf = afterwards;
        _readyAt[id] = 0;
        ++executed;
    }

    /// @dev One or two parts of one or two functions each, of any facet or of none.
    function _plan(uint256 seed) private view returns (IDiamond.FacetCut[] memory cuts, bytes32 salt) {
        uint256 random = uint256(keccak256(abi.encode(seed)));
        cuts = new IDiamond.FacetCut[](1 + (random & 1));
        for (uint256 i = 0; i < cuts.length; ++i) {
            random = uint256(keccak256(abi.encode(random)));
            cuts[i].action = IDiamond.FacetCutAction((random >> 8) % 3);
            bool naming = cuts[i].action != IDiamond.FacetCutAction.Remove;
            if ((random >> 16) % 16 == 0) naming = !naming;
            if (naming) cuts[i].facetAddress = (random >> 24) % 16 == 0 ? address(M00) : facets[(random >> 32) % 3];
            cuts[i].functionSelectors = new bytes4[](1 + ((random >> 40) & 1));
            for (uint256 j = 0; j < cuts[i].functionSelectors.length; ++j) {
                // The last three candidates spoil a cut: fewer of them.
                uint256 index = (random >> (48 + 8 * j)) % 24;
                cuts[i].functionSelectors[j] = candidates[index < CANDIDATES ? index : index % 7];
            }
        }
        salt = bytes32((random >> 80) & 1);
    }

    /// @dev The rules of EIP-2535 and of the diamond's own functions, on a list.
    function _applied(
        IDiamond.FacetCut[] memory cuts
    ) private view returns (bool possible, address[CANDIDATES] memory table) {
        table = _facetOf;
        for (uint256 i = 0; i < cuts.length; ++i) {
            address facet = cuts[i].facetAddress;
            bool removes = cuts[i].action == IDiamond.FacetCutAction.Remove;
            if (removes != (facet == address(0)) || facet == address(M00)) return (false, table);
            for (uint256 j = 0; j < cuts[i].functionSelectors.length; ++j) {
                uint256 at = _candidate(cuts[i].functionSelectors[j]);
                bool adds = cuts[i].action == IDiamond.FacetCutAction.Add;
                if (table[at] == address(M00) || adds != (table[at] == address(0)) || table[at] == facet) {
                    return (false, table);
                }
                table[at] = facet;
            }
        }
        return (true, table);
    }

    function _candidate(bytes4 selector) private view returns (uint256 at) {
        while (candidates[at] != selector) ++at;
    }

    function _idOf(bytes memory plan) private view returns (bytes32) {
        (IDiamond.FacetCut[] memory cuts, bytes32 salt) = abi.decode(plan, (IDiamond.FacetCut[], bytes32));
        return M00.cutId(cuts, address(0), "", salt);
    }

    function _caller(uint256 who) private view returns (address) {
        who %= 8;
        if (who < 4) return owner;
        if (who == 4) return guardian;
        if (who == 5) return _owners[0] == owner ? _owners[1] : _owners[0];
        if (who == 6) return _guardians[0] == guardian ? _guardians[1] : _guardians[0];
        return _attacker;
    }

    function _call(address caller, bytes memory data, bool expected, string memory what) private {
        vm.prank(caller);
        (bool ok, ) = address(M00).call(data);
        if (expected) assertTrue(ok, string.concat("GRU-5: refused by no rule: ", what));
        else assertFalse(ok, string.concat("GRU-5: accepted against the rules: ", what));
        if (!ok) ++refused;
    }

    function _loupe() private view returns (IDiamondLoupe) {
        return IDiamondLoupe(address(M00));
    }
}

contract CutsInvariantTest is GruBase {
    CutHandler private handler;
    uint256 private constant CANDIDATES = 10;

    function setUp() public override {
        super.setUp();
        handler = new CutHandler(m00, timelock, guardian, attacker);
        targetContract(address(handler));
        targetSender(trader);
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = CutHandler.schedule.selector;
        selectors[1] = CutHandler.execute.selector;
        selectors[2] = CutHandler.executeUnscheduled.selector;
        selectors[3] = CutHandler.cancel.selector;
        selectors[4] = CutHandler.announceGuardian.selector;
        selectors[5] = CutHandler.applyGuardian.selector;
        selectors[6] = CutHandler.offerOwnership.selector;
        selectors[7] = CutHandler.acceptOwnership.selector;
        selectors[8] = CutHandler.wait_.selector;
        // Twice as often as the rest.
        selectors[9] = CutHandler.schedule.selector;
        selectors[10] = CutHandler.execute.selector;
        targetSelector(address(handler), selectors);
    }

    /// @dev GRU-4: every function belongs to the facet that the cuts gave it, each to one facet only, and the own ones to the diamond.
    function invariant_GRU4_tableIsWhatTheCutsSaid() public view {
        int256 added;
        for (uint256 i = 0; i < CANDIDATES; ++i) {
            address facet = handler.facetOf(i);
            assertEq(loupe.facetAddress(handler.candidates(i)), facet, "GRU-4: dispatched elsewhere");
            if (i < 6 && facet != address(0)) ++added;
            if (i == 6 && facet == address(0)) --added;
        }
        IDiamondLoupe.Facet[] memory list = loupe.facets();
        uint256 count;
        for (uint256 i = 0; i < list.length; ++i) {
            address facet = list[i].facetAddress;
            bytes4[] memory selectors = list[i].functionSelectors;
            assertGt(selectors.length, 0, "GRU-4: a facet without functions");
            assertEq(loupe.facetAddresses()[i], facet, "GRU-4: the loupe disagrees with itself");
            for (uint256 j = 0; j < selectors.length; ++j) {
                assertEq(loupe.facetAddress(selectors[j]), facet, "GRU-4: listed under another facet");
            }
            if (facet == address(m00)) assertEq(selectors.length, 29, "GRU-4: own functions");
            count += selectors.length;
        }
        // Each listed one is dispatched to its lister, and there are as many as there should be: none is listed twice.
        assertEq(count, uint256(38 + added), "GRU-4: number of functions");
    }

    /// @dev GRU-5: what is scheduled, and who owns and guards, is what the rules made of the calls; every call's outcome was predicted.
    function invariant_GRU5_cutsFollowTheTimelock() public view {
        assertTrue(handler.scheduleAgrees(), "GRU-5: schedule");
        assertEq(_ownership().owner(), handler.owner(), "GRU-5: owner");
        assertEq(m00.guardian(), handler.guardian(), "GRU-5: guardian");
        assertTrue(handler.owner() != address(0) && handler.guardian() != address(0), "GRU-5: nobody");
    }
}
