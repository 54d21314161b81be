// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {BasketVault} from "../../../contracts/gru/BasketVault.sol";
import {GruDiamond} from "../../../contracts/gru/GruDiamond.sol";
import {IBasketVault} from "../../../contracts/interfaces/IBasketVault.sol";
import {IDiamond} from "../../../contracts/interfaces/IDiamond.sol";
import {PuppetFacet} from "../../../contracts/mocks/gru/PuppetFacet.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {Base} from "../Base.t.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice Three holders issue, redeem, transfer and forfeit, somebody donates and pauses, and between them a facet that may do anything
/// with the diamond orders the vault about, rewrites the diamond's storage and tries to use what it wrote.
contract GruHandler is Base {
    uint256 private constant TOKENS = 4;

    GruDiamond public immutable M00;
    BasketVault public immutable VAULT;
    address private immutable _minter;
    address private immutable _pauser;
    address private immutable _timelock;

    M1Token[4] public tokens;
    address[3] public holders;
    address public attacker;

    /// @notice What the holders should have, by the handler's own books.
    mapping(address account => uint256) public shares;
    uint256 public supply;
    /// @notice Paid in and out of each token by each account; a donation is paid in by nobody.
    mapping(address account => mapping(uint256 token => int256)) public net;
    bool public backingFell;
    bool public roundTripGained;
    uint256 public issues;
    uint256 public redemptions;
    uint256 public forfeits;
    uint256 public attacks;
    uint256 public refusals;

    constructor(GruDiamond m00, M1Token[4] memory tokens_, address minter, address pauser, address timelock) {
        (M00, VAULT) = (m00, BasketVault(m00.vault()));
        (_minter, _pauser, _timelock) = (minter, pauser, timelock);
        tokens = tokens_;
        for (uint256 i = 0; i < 3; ++i) {
            holders[i] = vm.addr(2_000 + i);
            for (uint256 j = 0; j < TOKENS; ++j) {
                vm.prank(holders[i]);
                tokens[j].approve(address(VAULT), type(uint256).max);
            }
        }
        attacker = vm.addr(3_000);
        supply = m00.totalSupply();
    }

    /// @dev Backing of a share of each token before and after, as cross products.
    modifier backingKept() {
        uint256 supplyBefore = M00.totalSupply();
        uint256[4] memory before = _balances();
        _;
        uint256[4] memory afterwards = _balances();
        uint256 supplyAfter = M00.totalSupply();
        for (uint256 i = 0; i < TOKENS; ++i) {
            if (afterwards[i] * supplyBefore < before[i] * supplyAfter) backingFell = true;
        }
    }

    function issue(uint256 who, uint256 amount) external backingKept {
        address holder = holders[who % 3];
        _issue(holder, bound(amount, 1, 1e23));
    }

    function redeem(uint256 who, uint256 amount) external backingKept {
        address holder = holders[who % 3];
        amount = bound(amount, 0, shares[holder]);
        if (amount == 0 || _anyPaused()) return;
        _redeem(holder, amount);
    }

    function redeemWithout(uint256 who, uint256 amount, uint256 mask) external backingKept {
        address holder = holders[who % 3];
        amount = bound(amount, 0, shares[holder]);
        mask = bound(mask, 1, 14);
        uint256 count;
        for (uint256 i = 0; i < TOKENS; ++i) {
            bool skip = (mask >> i) & 1 == 1;
            if (!skip && tokens[i].pausedUntil() > vm.getBlockTimestamp()) return;
            if (skip) ++count;
        }
        if (amount == 0 || _isDust(amount, mask)) return;
        address[] memory forfeited = new address[](count);
        for (uint256 i = TOKENS; i > 0; --i) {
            if ((mask >> (i - 1)) & 1 == 1) forfeited[--count] = address(tokens[i - 1]);
        }
        vm.prank(holder);
        uint256[] memory got = M00.redeemWithout(amount, forfeited, new uint256[](TOKENS), holder, type(uint256).max);
        _book(holder, -int256(amount), got, -1);
        ++forfeits;
    }

    /// @dev Issue and redeem the same at once: no unit of any token may come out on top.
    function roundTrip(uint256 who, uint256 amount) external backingKept {
        if (_anyPaused()) return;
        address holder = holders[who % 3];
        amount = bound(amount, 1, 1e23);
        uint256[] memory paid = _issue(holder, amount);
        uint256[] memory got = _redeem(holder, amount);
        for (uint256 i = 0; i < TOKENS; ++i) if (got[i] > paid[i]) roundTripGained = true;
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external backingKept {
        (address sender, address receiver) = (holders[from % 3], holders[to % 3]);
        amount = bound(amount, 0, shares[sender]);
        vm.prank(sender);
        M00.transfer(receiver, amount);
        shares[sender] -= amount;
        shares[receiver] += amount;
    }

    function donate(uint256 token, uint256 amount) external {
        if (tokens[token % TOKENS].pausedUntil() > vm.getBlockTimestamp()) return;
        vm.prank(_minter);
        tokens[token % TOKENS].mint(address(VAULT), bound(amount, 0, 1e12));
    }

    function pause(uint256 token) external {
        M1Token target = tokens[token % TOKENS];
        if (target.pauseAllowedAt() > vm.getBlockTimestamp()) return;
        vm.prank(_pauser);
        target.pause();
    }

    function wait_(uint256 duration) external {
        skipTime(bound(duration, 1, 30 hours), 2);
    }

    // ---- The facet

    /// @dev Orders the vault about as the diamond.
    function facetOrdersTheVault(uint256 kind, uint256 who, uint256 amount) external backingKept {
        address victim = holders[who % 3];
        amount = bound(amount, 1, 1e24);
        uint256[] memory limits = new uint256[](TOKENS);
        bytes memory order;
        if (kind % 5 == 0) {
            order = abi.encodeCall(IBasketVault.redeem, (victim, attacker, amount, limits, new address[](0)));
        } else if (kind % 5 == 1) {
            order = abi.encodeCall(IBasketVault.transferShares, (victim, attacker, amount));
        } else if (kind % 5 == 2) {
            order = abi.encodeCall(IBasketVault.spendShares, (victim, victim, attacker, amount));
        } else if (kind % 5 == 3) {
            order = abi.encodeCall(IBasketVault.approveShares, (victim, attacker, type(uint256).max));
        } else {
            for (uint256 i = 0; i < TOKENS; ++i) limits[i] = type(uint256).max;
            order = abi.encodeCall(IBasketVault.issue, (victim, attacker, amount, limits));
        }
        uint256 snapshot = vm.snapshotState();
        vm.prank(attacker);
        (bool ok, ) = PuppetFacet(address(M00)).puppetCall(address(VAULT), order);
        assertFalse(ok, "GRU-6: the vault obeyed a facet");
        _endTransaction(snapshot);
        ++refusals;
    }

    /// @dev Writes storage: any slot of the three namespaces' neighbourhoods, or the slots of an ordinary ERC-20.
    function facetWritesStorage(uint256 kind, uint256 slot, bytes32 value) external backingKept {
        uint256 snapshot = vm.snapshotState();
        vm.prank(attacker);
        if (kind % 2 == 0) PuppetFacet(address(M00)).puppetMint(attacker, bound(slot, 1, type(uint128).max));
        else PuppetFacet(address(M00)).puppetStore(bytes32(bound(slot, 0, 1 << 128)), value);
        _endTransaction(snapshot);
        if (kind % 2 == 0) return;
        // The write itself again, by cheatcode, so that it lasts into the transactions that follow.
        vm.store(address(M00), bytes32(bound(slot, 0, 1 << 128)), value);
    }

    /// @dev The attacker as an ordinary account: what it "has" must be worth nothing.
    function attackerUsesTheToken(uint256 kind, uint256 who, uint256 amount) external backingKept {
        address victim = holders[who % 3];
        amount = bound(amount, 1, 1e24);
        vm.startPrank(attacker);
        bool ok;
        if (kind % 4 == 0) {
            (ok, ) = address(M00).call(
                abi.encodeCall(M00.redeem, (amount, new uint256[](TOKENS), attacker, type(uint256).max))
            );
        } else if (kind % 4 == 1) {
            (ok, ) = address(M00).call(abi.encodeCall(M00.transfer, (attacker, amount)));
        } else if (kind % 4 == 2) {
            (ok, ) = address(M00).call(abi.encodeCall(M00.transferFrom, (victim, attacker, amount)));
        } else {
            (ok, ) = address(VAULT).call(abi.encodeCall(IBasketVault.transferShares, (victim, attacker, amount)));
        }
        vm.stopPrank();
        assertFalse(ok, "GRU-6: the attacker moved something");
        ++attacks;
    }

    // ---- Internal

    /// @dev A run is one transaction to the runner, so a closed front would stay closed. Going back to before the call opens it, as the
    /// end of the transaction does; a refused order has changed nothing else.
    function _endTransaction(uint256 snapshot) private {
        vm.revertToState(snapshot);
    }

    function _issue(address holder, uint256 amount) private returns (uint256[] memory paid) {
        if (_anyPaused()) return new uint256[](TOKENS);
        paid = VAULT.previewIssue(amount);
        for (uint256 i = 0; i < TOKENS; ++i) {
            vm.prank(_minter);
            tokens[i].mint(holder, paid[i]);
        }
        vm.prank(holder);
        M00.issue(amount, paid, holder, type(uint256).max);
        _book(holder, int256(amount), paid, 1);
        ++issues;
    }

    /// @dev A redemption that would be paid nothing is refused and the shares stay.
    function _redeem(address holder, uint256 amount) private returns (uint256[] memory got) {
        if (_isDust(amount, 0)) {
            vm.prank(holder);
            vm.expectRevert(abi.encodeWithSelector(IBasketVault.RedemptionTooSmall.selector, amount));
            M00.redeem(amount, new uint256[](TOKENS), holder, type(uint256).max);
            return new uint256[](TOKENS);
        }
        vm.prank(holder);
        got = M00.redeem(amount, new uint256[](TOKENS), holder, type(uint256).max);
        _book(holder, -int256(amount), got, -1);
        ++redemptions;
    }

    function _book(address holder, int256 change, uint256[] memory amounts, int256 sign) private {
        shares[holder] = uint256(int256(shares[holder]) + change);
        supply = uint256(int256(supply) + change);
        for (uint256 i = 0; i < TOKENS; ++i) net[holder][i] += sign * int256(amounts[i]);
    }

    /// @dev Whether nothing would be paid of any token outside `mask`.
    function _isDust(uint256 amount, uint256 mask) private view returns (bool) {
        uint256[] memory due = VAULT.previewRedeem(amount);
        for (uint256 i = 0; i < TOKENS; ++i) if (due[i] > 0 && (mask >> i) & 1 == 0) return false;
        return true;
    }

    function _anyPaused() private view returns (bool) {
        for (uint256 i = 0; i < TOKENS; ++i) if (tokens[i].pausedUntil() > vm.getBlockTimestamp()) return true;
        return false;
    }

    function _balances() private view returns (uint256[4] memory list) {
        for (uint256 i = 0; i < TOKENS; ++i) list[i] = tokens[i].balanceOf(address(VAULT));
    }
}

contract GruInvariantTest is GruBase {
    GruHandler private handler;

    function setUp() public override {
        super.setUp();
        _issue(holder, 1e18);
        PuppetFacet facet = PuppetFacet(deploy("PuppetFacet", ""));
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = PuppetFacet.puppetStore.selector;
        selectors[1] = PuppetFacet.puppetCall.selector;
        selectors[2] = PuppetFacet.puppetMint.selector;
        _cut(_part(address(facet), IDiamond.FacetCutAction.Add, selectors));
        handler = new GruHandler(m00, tokens, minter, guardian, timelock);
        targetContract(address(handler));
        targetSender(trader);
        selectors = new bytes4[](11);
        selectors[0] = GruHandler.issue.selector;
        selectors[1] = GruHandler.redeem.selector;
        selectors[2] = GruHandler.redeemWithout.selector;
        selectors[3] = GruHandler.roundTrip.selector;
        selectors[4] = GruHandler.transfer.selector;
        selectors[5] = GruHandler.donate.selector;
        selectors[6] = GruHandler.pause.selector;
        selectors[7] = GruHandler.wait_.selector;
        selectors[8] = GruHandler.facetOrdersTheVault.selector;
        selectors[9] = GruHandler.facetWritesStorage.selector;
        selectors[10] = GruHandler.attackerUsesTheToken.selector;
        targetSelector(address(handler), selectors);
    }

    /// @dev GRU-1: whoever issues, redeems, forfeits, donates or attacks, the backing of a share never falls, in no token.
    function invariant_GRU1_backingPerShareNeverFalls() public view {
        assertFalse(handler.backingFell(), "GRU-1: the backing of a share fell");
    }

    /// @dev GRU-2: no round trip gains a unit of anything.
    function invariant_GRU2_roundTripsNeverGain() public view {
        assertFalse(handler.roundTripGained(), "GRU-2: a round trip gained");
    }

    /// @dev GRU-3: the vault can pay everybody at once; shares are the sum of what holders have, by books of our own.
    function invariant_GRU3_vaultCoversAllShares() public view {
        uint256 sum = m00.balanceOf(LOCK) + m00.balanceOf(holder);
        uint256[] memory owed = new uint256[](TOKENS);
        _addClaim(owed, m00.balanceOf(LOCK) + m00.balanceOf(holder));
        for (uint256 i = 0; i < 3; ++i) {
            address account = handler.holders(i);
            assertEq(m00.balanceOf(account), handler.shares(account), "GRU-3: shares of a holder");
            sum += m00.balanceOf(account);
            _addClaim(owed, m00.balanceOf(account));
        }
        assertEq(m00.totalSupply(), sum, "GRU-3: shares without a holder");
        assertEq(m00.totalSupply(), handler.supply(), "GRU-3: supply");
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertGe(tokens[i].balanceOf(address(vault)), owed[i], "GRU-3: the vault owes more than it has");
        }
    }

    /// @dev GRU-6: with the worst facet in place, the attacker and the diamond own neither a share nor a token.
    function invariant_GRU6_facetsGetNothing() public view {
        address thief = handler.attacker();
        assertEq(m00.balanceOf(thief) + m00.balanceOf(address(m00)), 0, "GRU-6: shares");
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertEq(tokens[i].balanceOf(thief) + tokens[i].balanceOf(address(m00)), 0, "GRU-6: tokens");
            assertEq(m00.allowance(handler.holders(0), thief), 0, "GRU-6: allowance");
        }
    }

    function _addClaim(uint256[] memory owed, uint256 shares) private view {
        uint256[] memory claim = vault.previewRedeem(shares);
        for (uint256 i = 0; i < TOKENS; ++i) owed[i] += claim[i];
    }
}
