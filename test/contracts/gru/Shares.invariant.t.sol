// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {BasketVault} from "../../../contracts/gru/BasketVault.sol";
import {GruDiamond} from "../../../contracts/gru/GruDiamond.sol";
import {IBasketVault} from "../../../contracts/interfaces/IBasketVault.sol";
import {IDiamond} from "../../../contracts/interfaces/IDiamond.sol";
import {PuppetFacet} from "../../../contracts/mocks/gru/PuppetFacet.sol";
import {Base} from "../Base.t.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice Four holders transfer, approve, spend and sign; somebody replays, alters and steals signatures, and a facet that may do
/// anything brings them to the vault. Each outcome is predicted by books of the handler's own.
contract ShareHandler is Base {
    uint256 private constant HOLDERS = 4;
    bytes32 private constant PERMIT = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    struct Signed {
        uint256 owner;
        address spender;
        uint256 value;
        uint256 nonce;
        uint256 deadline;
        uint256 chain;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    GruDiamond public immutable M00;
    BasketVault public immutable VAULT;
    address public immutable THIEF;
    uint256 private immutable _chain;

    address[4] public holders;
    mapping(address account => uint256) public shares;
    mapping(address owner => mapping(address spender => uint256)) public allowed;
    mapping(address owner => uint256) public nonces;
    Signed[] private _signed;
    uint256 public accepted;
    uint256 public refused;

    constructor(GruDiamond m00) {
        (M00, VAULT, THIEF, _chain) = (m00, BasketVault(m00.vault()), vm.addr(6_000), block.chainid);
        for (uint256 i = 0; i < HOLDERS; ++i) holders[i] = vm.addr(5_000 + i);
    }

    /// @dev Takes what the test gave the holders into the books.
    function start() external {
        for (uint256 i = 0; i < HOLDERS; ++i) shares[holders[i]] = M00.balanceOf(holders[i]);
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        (address sender, address receiver) = (_anybody(from), _anybody(to));
        amount = _amount(amount, shares[sender]);
        bool expected = amount <= shares[sender];
        _call(sender, abi.encodeCall(M00.transfer, (receiver, amount)), expected, "transfer");
        if (expected) _move(sender, receiver, amount);
    }

    function transferFrom(uint256 who, uint256 from, uint256 to, uint256 amount) external {
        (address spender, address sender, address receiver) = (_anybody(who), _anybody(from), _anybody(to));
        uint256 allowance = allowed[sender][spender];
        amount = _amount(amount, allowance < shares[sender] ? allowance : shares[sender]);
        bool expected = amount <= shares[sender] && amount <= allowance;
        _call(spender, abi.encodeCall(M00.transferFrom, (sender, receiver, amount)), expected, "transferFrom");
        if (!expected) return;
        if (allowance != type(uint256).max) allowed[sender][spender] = allowance - amount;
        _move(sender, receiver, amount);
    }

    function approve(uint256 who, uint256 spender, uint256 amount) external {
        address owner = holders[who % HOLDERS];
        // Only holders: an allowance for the thief would be one he may use.
        address to = holders[spender % HOLDERS];
        amount = amount % 5 == 0 ? type(uint256).max : bound(amount, 0, 1e22);
        _call(owner, abi.encodeCall(M00.approve, (to, amount)), true, "approve");
        allowed[owner][to] = amount;
    }

    /// @dev A signature of a holder for another one; some for a later nonce, an earlier time or another chain.
    function sign(uint256 who, uint256 spender, uint256 value, uint256 flavour) external {
        Signed memory order;
        order.owner = who % HOLDERS;
        order.spender = holders[spender % HOLDERS];
        order.value = bound(value, 0, 1e22);
        order.nonce = nonces[holders[order.owner]] + (flavour % 5 == 1 ? 1 : 0);
        order.deadline = vm.getBlockTimestamp() + (flavour % 3 == 0 ? 0 : bound(flavour, 1, 30 days));
        order.chain = flavour % 7 == 3 ? _chain + 1 : _chain;
        vm.chainId(order.chain);
        bytes32 digest = _digest(order);
        vm.chainId(_chain);
        (order.v, order.r, order.s) = vm.sign(5_000 + order.owner, digest);
        _signed.push(order);
    }

    /// @dev Anybody brings a signature, new or old, as it is or altered in one place.
    function permit(uint256 who, uint256 index, uint256 change) external {
        if (_signed.length == 0) return;
        Signed memory order = _signed[index % 2 == 0 ? _signed.length - 1 : index % _signed.length];
        bool intact = change % 8 > 4;
        if (change % 8 == 0) order.value += 1;
        else if (change % 8 == 1) order.spender = THIEF;
        else if (change % 8 == 2) order.owner = (order.owner + 1) % HOLDERS;
        else if (change % 8 == 3) order.deadline += 1;
        else if (change % 8 == 4) order.s = bytes32(uint256(order.s) ^ 1);
        address owner = holders[order.owner];
        bool expected =
            intact && order.chain == _chain && order.nonce == nonces[owner] && vm.getBlockTimestamp() <= order.deadline;
        _call(_anybody(who), _permitCall(order), expected, "permit");
        if (!expected) return;
        allowed[owner][order.spender] = order.value;
        ++nonces[owner];
    }

    /// @dev The facet brings a signature straight to the vault, valid or not, or names a holder as its caller: all refused.
    function facetUsesSignaturesAndNames(uint256 kind, uint256 index, uint256 who) external {
        address victim = holders[who % HOLDERS];
        bytes memory order;
        if (kind % 4 == 0 && _signed.length > 0) {
            Signed memory signed = _signed[index % _signed.length];
            order = abi.encodeCall(
                IBasketVault.permitShares,
                (holders[signed.owner], THIEF, signed.value, signed.deadline, signed.v, signed.r, signed.s)
            );
        } else if (kind % 4 == 1) {
            order = abi.encodeCall(IBasketVault.approveShares, (victim, THIEF, type(uint256).max));
        } else if (kind % 4 == 2) {
            order = abi.encodeCall(IBasketVault.spendShares, (_anybody(index), victim, THIEF, 1));
        } else {
            order = abi.encodeCall(IBasketVault.transferShares, (victim, THIEF, 0));
        }
        uint256 snapshot = vm.snapshotState();
        vm.prank(THIEF);
        (bool ok, ) = PuppetFacet(address(M00)).puppetCall(address(VAULT), order);
        assertFalse(ok, "GRU-7: the vault obeyed a facet");
        // As the end of the transaction would: the front opens again.
        vm.revertToState(snapshot);
    }

    function wait_(uint256 duration) external {
        skipTime(bound(duration, 1, 10 days), 2);
    }

    // ---- Internal

    function _digest(Signed memory order) private view returns (bytes32) {
        bytes32 content = keccak256(
            abi.encode(PERMIT, holders[order.owner], order.spender, order.value, order.nonce, order.deadline)
        );
        return keccak256(abi.encodePacked(hex"1901", M00.DOMAIN_SEPARATOR(), content));
    }

    function _permitCall(Signed memory order) private view returns (bytes memory) {
        return
            abi.encodeCall(
                M00.permit,
                (holders[order.owner], order.spender, order.value, order.deadline, order.v, order.r, order.s)
            );
    }

    function _call(address caller, bytes memory data, bool expected, string memory what) private {
        vm.prank(caller);
        (bool ok, ) = address(M00).call(data);
        if (expected) assertTrue(ok, string.concat("GRU-7: refused by no rule: ", what));
        else assertFalse(ok, string.concat("GRU-7: accepted against the rules: ", what));
        if (ok) ++accepted;
        else ++refused;
    }

    function _move(address from, address to, uint256 amount) private {
        shares[from] -= amount;
        shares[to] += amount;
    }

    /// @dev Four holders, and one time in five the thief.
    function _anybody(uint256 seed) private view returns (address) {
        return seed % 5 == 4 ? THIEF : holders[seed % 5];
    }

    /// @dev Mostly possible, sometimes one too many.
    function _amount(uint256 seed, uint256 limit) private pure returns (uint256) {
        if (limit > type(uint128).max) limit = type(uint128).max;
        return seed % 6 == 0 ? limit + 1 : bound(seed, 0, limit);
    }
}

contract SharesInvariantTest is GruBase {
    ShareHandler private handler;
    uint256 private supply;

    function setUp() public override {
        super.setUp();
        handler = new ShareHandler(m00);
        for (uint256 i = 0; i < 4; ++i) _issue(handler.holders(i), 1_000e18);
        supply = m00.totalSupply();
        bytes4[] memory puppet = _selectors(PuppetFacet.puppetCall.selector);
        _cut(_part(deploy("PuppetFacet", ""), IDiamond.FacetCutAction.Add, puppet));
        handler.start();
        targetContract(address(handler));
        targetSender(trader);
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = ShareHandler.transfer.selector;
        selectors[1] = ShareHandler.transferFrom.selector;
        selectors[2] = ShareHandler.approve.selector;
        selectors[3] = ShareHandler.sign.selector;
        selectors[4] = ShareHandler.permit.selector;
        selectors[5] = ShareHandler.facetUsesSignaturesAndNames.selector;
        selectors[6] = ShareHandler.wait_.selector;
        // Twice as often as the rest.
        selectors[7] = ShareHandler.permit.selector;
        targetSelector(address(handler), selectors);
    }

    /// @dev GRU-7: balances, allowances and nonces are what the holders' own calls and signatures made of them.
    function invariant_GRU7_sharesMoveOnlyByTheirHolder() public view {
        uint256 sum = m00.balanceOf(LOCK) + m00.balanceOf(handler.THIEF());
        for (uint256 i = 0; i < 4; ++i) {
            address owner = handler.holders(i);
            assertEq(m00.balanceOf(owner), handler.shares(owner), "GRU-7: shares");
            assertEq(m00.nonces(owner), handler.nonces(owner), "GRU-7: nonce");
            assertEq(m00.allowance(owner, handler.THIEF()), 0, "GRU-7: allowance of the thief");
            for (uint256 j = 0; j < 4; ++j) {
                address spender = handler.holders(j);
                assertEq(m00.allowance(owner, spender), handler.allowed(owner, spender), "GRU-7: allowance");
            }
            sum += m00.balanceOf(owner);
        }
        assertEq(sum, supply, "GRU-7: shares without a holder");
        assertEq(m00.totalSupply(), supply, "GRU-7: supply");
    }
}
