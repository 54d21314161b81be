// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {AlltraAdapter} from "../../../contracts/bridge/AlltraAdapter.sol";
import {AlltraCustomBridge} from "../../../contracts/bridge/AlltraCustomBridge.sol";
import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {IM1TokenFactory} from "../../../contracts/interfaces/IM1TokenFactory.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {M1TokenFactory} from "../../../contracts/tokens/M1TokenFactory.sol";
import {Base} from "../Base.t.sol";

/// @title BridgeBase
/// @notice Two bridges in one EVM: `home` locks, `abroad` mints. Calls to either are made under its chain id. The token has one address on
/// both chains, so here it is one contract: what `abroad` minted is the supply beyond what was issued at home.
abstract contract BridgeBase is Base {
    uint256 internal constant HOME = 138;
    uint256 internal constant ABROAD = 651940;
    uint256 internal constant THRESHOLD = 3;
    uint256 internal constant ATTESTORS = 5;
    uint256 internal constant LIFETIME = 2 days;
    uint256 internal constant FEE_BPS = 5;

    M1Token internal token;
    AlltraCustomBridge internal home;
    AlltraCustomBridge internal abroad;
    AlltraAdapter internal homeAdapter;
    AlltraAdapter internal abroadAdapter;
    /// @dev Ascending by address.
    uint256[] internal keys;
    /// @dev Base units of one token, and what was issued at home.
    uint256 internal unit;
    uint256 internal issued;

    address internal timelock;
    address internal guardian;
    address internal issuer;
    address internal pauser;
    address internal freezer;
    address internal treasury;
    address internal trader;
    address internal recipient;
    address internal keeper;
    address internal attacker;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        vm.roll(1_000);
        timelock = makeAddr("timelock");
        guardian = makeAddr("guardian");
        issuer = makeAddr("issuer");
        pauser = makeAddr("pauser");
        freezer = makeAddr("freezer");
        treasury = makeAddr("treasury");
        trader = makeAddr("trader");
        recipient = makeAddr("recipient");
        keeper = makeAddr("keeper");
        attacker = makeAddr("attacker");
        unit = 10 ** _decimals();
        keys = _sortedKeys("attestor", ATTESTORS);

        M1TokenFactory factory = M1TokenFactory(deploy("M1TokenFactory", ""));
        uint64 nonce = vm.getNonce(address(this));
        address secondBridge = _created(nonce + 1);
        vm.chainId(HOME);
        home = AlltraCustomBridge(deploy("AlltraCustomBridge", abi.encode(_params(secondBridge))));
        vm.chainId(ABROAD);
        abroad = AlltraCustomBridge(deploy("AlltraCustomBridge", abi.encode(_params(address(home)))));
        assertEq(address(abroad), secondBridge, "the bridges know each other");
        vm.chainId(HOME);
        homeAdapter = _adapter(home);
        vm.chainId(ABROAD);
        abroadAdapter = _adapter(abroad);

        token = M1Token(factory.createToken(_common(), _chainSetup()));
        _issue(trader, 10_000_000 * unit);
        vm.startPrank(timelock);
        home.addLane(address(token), IBridgeLanes.Mode.LOCK, _limits());
        abroad.addLane(address(token), IBridgeLanes.Mode.MINT, _limits());
        home.setAdapter(address(homeAdapter), true);
        abroad.setAdapter(address(abroadAdapter), true);
        homeAdapter.setTerms(address(token), _terms());
        abroadAdapter.setTerms(address(token), _terms());
        vm.stopPrank();
    }

    function _decimals() internal pure virtual returns (uint8) {
        return 6;
    }

    // --- Making the world ---

    function _params(address remote) internal view returns (AlltraCustomBridge.BridgeParams memory) {
        return
            AlltraCustomBridge.BridgeParams({
                chainIdA: HOME,
                chainIdB: ABROAD,
                remoteBridge: remote,
                attestors: _addressesOf(keys),
                threshold: THRESHOLD,
                owner: timelock,
                guardian: guardian
            });
    }

    function _adapter(AlltraCustomBridge bridge) internal returns (AlltraAdapter) {
        return
            AlltraAdapter(
                deploy(
                    "AlltraAdapter",
                    abi.encode(
                        AlltraAdapter.AdapterParams({
                            bridge: address(bridge),
                            owner: timelock,
                            maxFeeBps: 50,
                            maxMinimumFeeWad: 1e18
                        })
                    )
                )
            );
    }

    function _terms() internal view returns (AlltraAdapter.Terms memory) {
        return
            AlltraAdapter.Terms({
                treasury: treasury,
                minimumUnits: uint64(unit / 10),
                feeBps: uint8(FEE_BPS),
                lifetimeSeconds: uint24(LIFETIME)
            });
    }

    /// @dev A million at once, and another in about eleven days: tests of limits do not depend on seconds.
    function _limits() internal view virtual returns (IBridgeLanes.Limits memory) {
        return
            IBridgeLanes.Limits({
                outCapacity: uint128(1_000_000 * unit),
                outRefillPerSecond: uint128(unit),
                inCapacity: uint128(800_000 * unit),
                inRefillPerSecond: uint128(unit),
                minUnits: uint128(unit)
            });
    }

    function _common() internal view returns (IM1TokenFactory.CommonArguments memory) {
        return IM1TokenFactory.CommonArguments("Cantilever token", "cTKN", _decimals(), timelock);
    }

    /// @dev `home` has no right to mint. `abroad` may mint less at once than its lane lets in.
    function _chainSetup() internal view returns (IM1Token.ChainSetup memory setup) {
        uint128 capacity = uint128(100_000_000 * unit);
        setup.minters = new IM1Token.MinterLimit[](2);
        setup.minters[0] = IM1Token.MinterLimit(issuer, capacity, capacity, capacity, capacity);
        setup.minters[1] = IM1Token.MinterLimit(
            address(abroad),
            uint128(600_000 * unit),
            uint128(unit),
            uint128(1_000_000 * unit),
            uint128(unit)
        );
        setup.pausers = new address[](1);
        setup.pausers[0] = pauser;
        setup.freezers = new address[](1);
        setup.freezers[0] = freezer;
        setup.systemContracts = new address[](2);
        (setup.systemContracts[0], setup.systemContracts[1]) = (address(home), address(abroad));
    }

    function _issue(address to, uint256 amountUnits) internal {
        vm.prank(issuer);
        token.mint(to, amountUnits);
        issued += amountUnits;
    }

    // --- Sending ---

    function _end(uint256 chainId) internal view returns (AlltraCustomBridge) {
        return chainId == HOME ? home : abroad;
    }

    function _adapterOf(uint256 chainId) internal view returns (AlltraAdapter) {
        return chainId == HOME ? homeAdapter : abroadAdapter;
    }

    function _other(uint256 chainId) internal pure returns (uint256) {
        return chainId == HOME ? ABROAD : HOME;
    }

    function _order(
        uint256 chainId,
        address to,
        uint256 amountUnits
    ) internal view returns (IBridgeAdapter.Order memory) {
        return
            IBridgeAdapter.Order({
                destinationChainId: _other(chainId),
                token: address(token),
                recipient: to,
                amountUnits: amountUnits,
                maxFeeUnits: type(uint256).max,
                deadline: vm.getBlockTimestamp()
            });
    }

    /// @dev What the next message of this amount will say; independent of what the bridge emits.
    function _next(
        uint256 chainId,
        address from,
        address to,
        uint256 amountUnits
    ) internal view returns (IAlltraCustomBridge.Message memory) {
        AlltraCustomBridge source = _end(chainId);
        return
            IAlltraCustomBridge.Message({
                sourceChainId: chainId,
                nonce: source.lastNonce() + 1,
                token: address(token),
                sender: from,
                recipient: to,
                amountUnits: amountUnits,
                sentAt: vm.getBlockTimestamp(),
                expiresAt: vm.getBlockTimestamp() + LIFETIME,
                paidUnits: source.book(address(token)).paidUnits
            });
    }

    function _send(
        uint256 chainId,
        address from,
        address to,
        uint256 amountUnits
    ) internal returns (IAlltraCustomBridge.Message memory message) {
        message = _next(chainId, from, to, amountUnits);
        IBridgeAdapter.Order memory order = _order(chainId, to, amountUnits);
        vm.chainId(chainId);
        vm.startPrank(from);
        token.approve(address(_end(chainId)), type(uint256).max);
        bytes32 id = _adapterOf(chainId).send(order);
        vm.stopPrank();
        assertEq(id, _end(chainId).messageId(message), "the id is the hash of what was asked for");
    }

    function _send(uint256 amountUnits) internal returns (IAlltraCustomBridge.Message memory) {
        return _send(HOME, trader, recipient, amountUnits);
    }

    // --- Attesting ---

    function _id(IAlltraCustomBridge.Message memory message) internal view returns (bytes32) {
        return home.messageId(message);
    }

    function _status(
        uint256 chainId,
        IAlltraCustomBridge.Message memory message
    ) internal view returns (IAlltraCustomBridge.Status) {
        return _end(chainId).statusOf(_id(message));
    }

    /// @dev Signatures of the first `count` attestors for the delivery of a message, where it arrives.
    function _attestDelivery(
        IAlltraCustomBridge.Message memory message,
        uint256 count
    ) internal returns (bytes[] memory) {
        uint256 chainId = _other(message.sourceChainId);
        vm.chainId(chainId);
        return _signatures(_end(chainId).deliveryDigest(_id(message)), count);
    }

    /// @dev The same for its refund, where it left.
    function _attestRefund(
        IAlltraCustomBridge.Message memory message,
        uint256 count
    ) internal returns (bytes[] memory) {
        vm.chainId(message.sourceChainId);
        return _signatures(_end(message.sourceChainId).refundDigest(_id(message)), count);
    }

    function _signatures(bytes32 digest, uint256 count) internal view returns (bytes[] memory signatures) {
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) signatures[i] = _signature(keys[i], digest);
    }

    function _signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // --- Arriving and coming back ---

    function _deliver(IAlltraCustomBridge.Message memory message) internal returns (IAlltraCustomBridge.Status) {
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        vm.prank(keeper);
        return _end(_other(message.sourceChainId)).deliver(message, signatures);
    }

    function _refund(IAlltraCustomBridge.Message memory message) internal returns (IAlltraCustomBridge.Status) {
        bytes[] memory signatures = _attestRefund(message, THRESHOLD);
        vm.prank(keeper);
        return _end(message.sourceChainId).refund(message, signatures);
    }

    function _cancel(address by, IAlltraCustomBridge.Message memory message) internal {
        uint256 chainId = _other(message.sourceChainId);
        vm.chainId(chainId);
        vm.prank(by);
        _end(chainId).cancel(message);
    }

    function _veto(address by, IAlltraCustomBridge.Message memory message) internal {
        uint256 chainId = _other(message.sourceChainId);
        bytes32 id = _id(message);
        vm.chainId(chainId);
        vm.prank(by);
        _end(chainId).veto(id);
    }

    function _expire(IAlltraCustomBridge.Message memory message) internal {
        uint256 left = message.expiresAt + 1 - vm.getBlockTimestamp();
        skipTime(left, 2);
    }

    /// @dev So that something can leave from abroad.
    function _bringAbroad(address to, uint256 amountUnits) internal {
        IAlltraCustomBridge.Message memory message = _send(HOME, trader, to, amountUnits);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "brought abroad");
    }

    // --- Checks ---

    /// @dev minted there - burned there <= locked here, from the token's own supply and the balance of the bridge that locks.
    function _mintedAbroad() internal view returns (uint256) {
        return token.totalSupply() - issued;
    }

    function _assertConserved() internal view {
        assertLe(_mintedAbroad(), home.bookUnits(address(token)), "BRIDGE-2: more minted than locked");
        assertLe(home.bookUnits(address(token)), token.balanceOf(address(home)), "BRIDGE-2: locked without tokens");
        assertEq(abroad.bookUnits(address(token)), _mintedAbroad(), "BRIDGE-2: books abroad");
    }

    // --- Helpers ---

    function _sortedKeys(string memory role, uint256 count) internal returns (uint256[] memory sorted) {
        sorted = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            string memory name = string.concat(role, " ", vm.toString(i));
            makeAddr(name);
            uint256 key = keyOf(name);
            uint256 at = i;
            for (; at > 0 && vm.addr(sorted[at - 1]) > vm.addr(key); --at) sorted[at] = sorted[at - 1];
            sorted[at] = key;
        }
    }

    function _addressesOf(uint256[] memory keys_) internal pure returns (address[] memory accounts) {
        accounts = new address[](keys_.length);
        for (uint256 i = 0; i < keys_.length; ++i) accounts[i] = vm.addr(keys_[i]);
    }

    /// @dev Where this contract creates with this nonce, 1 to 127.
    function _created(uint64 nonce) internal view returns (address) {
        assertLt(nonce, 128, "a nonce of one byte");
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), uint8(nonce))))));
    }
}
