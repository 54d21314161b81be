// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {CcipAdapter} from "../../../contracts/bridge/CcipAdapter.sol";
import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {ICcipAdapter} from "../../../contracts/interfaces/ICcipAdapter.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {CcipRouter} from "../../../contracts/mocks/CcipRouter.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {M1Base} from "../tokens/M1Base.t.sol";

/// @title CcipBase
/// @notice Two chains in one machine: a router and an adapter each, and one M1 token at the same address on both. It is locked at home and
/// minted abroad, so its supply is what there was at first and what is minted abroad.
abstract contract CcipBase is M1Base {
    uint64 internal constant HOME_SELECTOR = 111;
    uint64 internal constant ABROAD_SELECTOR = 222;
    uint256 internal constant HOME_CHAIN = 138;
    uint256 internal constant ABROAD_CHAIN = 1;
    uint32 internal constant GAS_LIMIT = 650_000;
    uint256 internal constant UNIT = 1e6;
    uint256 internal constant START = 1_000_000 * UNIT;
    uint256 internal constant ALL = type(uint256).max;

    PlainERC20 internal link;
    CcipRouter internal homeRouter;
    CcipRouter internal abroadRouter;
    CcipAdapter internal home;
    CcipAdapter internal abroad;
    address internal guardian;

    function setUp() public virtual override {
        super.setUp();
        guardian = makeAddr("guardian");
        link = PlainERC20(deploy("PlainERC20", abi.encode("LINK", 18)));
        homeRouter = CcipRouter(deploy("CcipRouter", abi.encode(HOME_SELECTOR, address(link))));
        abroadRouter = CcipRouter(deploy("CcipRouter", abi.encode(ABROAD_SELECTOR, address(link))));
        homeRouter.setSupported(ABROAD_SELECTOR, true);
        abroadRouter.setSupported(HOME_SELECTOR, true);
        vm.chainId(HOME_CHAIN);
        home = CcipAdapter(
            deploy("CcipAdapter", abi.encode(address(homeRouter), ABROAD_CHAIN, ABROAD_SELECTOR, timelock))
        );
        abroad = CcipAdapter(
            deploy("CcipAdapter", abi.encode(address(abroadRouter), HOME_CHAIN + 1, HOME_SELECTOR, timelock))
        );
        vm.startPrank(timelock);
        home.setTransport(transport(address(abroad)));
        abroad.setTransport(transport(address(home)));
        home.setGuardian(guardian);
        abroad.setGuardian(guardian);
        token.grantRole(token.MINTER_ROLE(), address(abroad));
        token.setMinterLimit(IM1Token.MinterLimit(address(abroad), CAPACITY, REFILL, CAPACITY, REFILL));
        home.addLane(address(token), IBridgeLanes.Mode.LOCK, limitsOf(_capacity()));
        abroad.addLane(address(token), IBridgeLanes.Mode.MINT, limitsOf(_capacity()));
        vm.stopPrank();
        _mint(trader, START);
        vm.deal(trader, 1_000e18);
        vm.deal(attacker, 1_000e18);
        vm.startPrank(trader);
        token.approve(address(home), ALL);
        token.approve(address(abroad), ALL);
        vm.stopPrank();
    }

    /// @dev Of the lanes' buckets: so much that no test meets it by accident.
    function _capacity() internal pure virtual returns (uint256) {
        return 10 * START;
    }

    function transport(address remote) internal pure returns (ICcipAdapter.Transport memory) {
        return ICcipAdapter.Transport(remote, address(0), GAS_LIMIT, false);
    }

    function limitsOf(uint256 capacity) internal pure returns (IBridgeLanes.Limits memory) {
        return IBridgeLanes.Limits(uint128(capacity), 1e6, uint128(capacity), 1e6, uint128(UNIT));
    }

    function order(
        CcipAdapter from,
        address to,
        uint256 amountUnits
    ) internal view returns (IBridgeAdapter.Order memory) {
        return IBridgeAdapter.Order(from.remoteChainId(), address(token), to, amountUnits, ALL, vm.getBlockTimestamp());
    }

    function feeOf(CcipAdapter from, uint256 amountUnits) internal view returns (uint256) {
        return from.quote(from.remoteChainId(), address(token), amountUnits).feeUnits;
    }

    function sendFrom(CcipAdapter from, address to, uint256 amountUnits) internal returns (bytes32 id) {
        IBridgeAdapter.Order memory wanted = order(from, to, amountUnits);
        uint256 fee = feeOf(from, amountUnits);
        vm.prank(trader);
        id = from.send{value: fee}(wanted);
    }

    function executeAt(CcipRouter at, bytes32 id) internal returns (CcipRouter.State) {
        return at.execute(address(at) == address(homeRouter) ? abroadRouter : homeRouter, id);
    }

    function arrives(CcipRouter at, bytes32 id) internal {
        assertEq(uint256(executeAt(at, id)), uint256(CcipRouter.State.SUCCESS), "the message succeeds");
    }

    function assertStatus(CcipAdapter at, bytes32 id, ICcipAdapter.Status status, string memory note) internal view {
        assertEq(uint256(at.statusOf(id)), uint256(status), note);
    }

    /// @dev CCIP-1 without anything under way: what is locked at home is what is minted abroad.
    function assertBooks(uint256 openUnits) internal view {
        assertEq(token.balanceOf(address(home)), home.bookUnits(address(token)), "CCIP-1: locked is what is there");
        assertEq(token.totalSupply(), START + abroad.bookUnits(address(token)), "CCIP-1: minted is what there is more");
        assertEq(
            home.bookUnits(address(token)),
            abroad.bookUnits(address(token)) + openUnits,
            "CCIP-1: locked = minted + under way"
        );
    }
}
