// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {BridgeReserveCoordinator} from "../../../contracts/bridge/BridgeReserveCoordinator.sol";
import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeReserveCoordinator} from "../../../contracts/interfaces/IBridgeReserveCoordinator.sol";
import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {XAUOracle} from "../../../contracts/oracle/XAUOracle.sol";
import {CapitalBuckets} from "../../../contracts/reserve/CapitalBuckets.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

// solhint-disable check-send-result, multiple-sends
/// @dev Both ends of the real lane, each with buckets and a coordinator: 20,000 in D at home, nothing abroad.
contract CoordinatorOnBridgeTest is BridgeBase {
    ICapitalBuckets.Bucket private constant D = ICapitalBuckets.Bucket.CROSS_CHAIN;
    ICapitalBuckets.Bucket private constant E = ICapitalBuckets.Bucket.RESERVE;
    uint32 private constant COOLDOWN = 10 minutes;

    mapping(uint256 chainId => CapitalBuckets) private _buckets;
    mapping(uint256 chainId => BridgeReserveCoordinator) private _coordinators;
    uint256 private buffer;

    function setUp() public override {
        super.setUp();
        buffer = 20_000 * unit;
        _build(HOME);
        _build(ABROAD);
        _connect(HOME);
        _connect(ABROAD);
        _issue(trader, buffer);
        vm.chainId(HOME);
        vm.startPrank(trader);
        token.approve(address(_buckets[HOME]), buffer);
        _buckets[HOME].fund(address(token), buffer);
        vm.stopPrank();
        vm.prank(timelock);
        _buckets[HOME].move(address(token), E, D, buffer);
        skipTime(2 hours, 2);
    }

    /// @dev LANE-1, LANE-11. 40,000 a minute at 30 seconds need all of 20,000.
    function test_LANE1_theRealBridgeSendsNoMore() public {
        IAlltraCustomBridge.Message memory message = _send(40_000 * unit);
        IBridgeAdapter.Order memory order = _order(HOME, recipient, unit);
        vm.chainId(HOME);
        vm.prank(trader);
        vm.expectPartialRevert(IBridgeReserveCoordinator.ReserveTooLow.selector);
        homeAdapter.send(order);
        // Abroad has no reserve: everything arrives, and goes home again.
        skipTime(45, 2);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "delivered");
        assertEq(_lane(ABROAD).latencySeconds, 45, "measured by the blocks");
        assertEq(_lane(ABROAD).reserveUnits, 0, "without a reserve");
        vm.chainId(ABROAD);
        assertTrue(_coordinators[ABROAD].check(address(token)), "which somebody is told");
        order = _order(ABROAD, recipient, unit);
        vm.startPrank(recipient);
        token.approve(address(abroad), 2 * unit);
        abroadAdapter.send(order);
        vm.stopPrank();
    }

    /// @dev BRIDGE-10, LANE-8: the quote knows the coordinator, and so much is taken.
    function test_BRIDGE10_theQuoteKnowsTheCoordinator() public {
        assertEq(_max(HOME), 40_000 * unit, "what the reserve carries, less than the bucket holds");
        assertEq(_max(ABROAD), 0, "nothing was minted there");
        _deliver(_send(40_000 * unit));
        assertEq(_max(HOME), 0, "no more in this minute");
        assertEq(_max(ABROAD), 40_000 * unit, "burns are not asked about");
        // Whoever does not answer refuses sends, too.
        vm.prank(timelock);
        home.setCoordinator(address(token));
        assertEq(_max(HOME), 0, "no answer");
        vm.prank(timelock);
        home.setCoordinator(address(0));
        assertEq(_max(HOME), home.outAvailable(address(token)), "nobody is asked");
    }

    /// @dev LANE-5, LANE-6. Through the adapter and the bridge, and into bucket D of the other chain.
    function test_LANE5_LANE6_levelsTheTwoChains() public {
        uint256 amount = 5_000 * unit;
        IAlltraCustomBridge.Message memory message = _level(amount);
        uint256 fee = amount / 2_000;
        assertEq(_lane(HOME).reserveUnits, buffer - amount - fee, "amount and fee");
        assertEq(token.balanceOf(treasury), fee, "the adapter's fee");
        assertEq(_lane(HOME).peakUnitsPerMinute, 1_000 * unit, "no demand");
        assertEq(_lane(HOME).inFlightUnits, amount, "under way");
        skipTime(40, 2);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "delivered");
        vm.chainId(ABROAD);
        vm.prank(attacker);
        _coordinators[ABROAD].absorb(address(token));
        assertEq(_lane(ABROAD).reserveUnits, amount, "in D over there");
        assertEq(token.balanceOf(address(_buckets[ABROAD])), amount, "and there in fact");
    }

    /// @dev LANE-6. What expired comes back into D.
    function test_LANE6_anExpiredRebalancingComesBack() public {
        uint256 amount = 5_000 * unit;
        IAlltraCustomBridge.Message memory message = _level(amount);
        _expire(message);
        _cancel(attacker, message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "refunded");
        _coordinators[HOME].absorb(address(token));
        assertEq(_lane(HOME).reserveUnits, buffer - amount / 2_000, "all but the fee");
        assertEq(token.balanceOf(address(_coordinators[HOME])), 0, "nothing stays");
    }

    /// @dev LANE-2. The bridge gives the hook BOOK_GAS; the dearest record needs less, so no delivery goes unrecorded.
    function test_LANE2_theDearestRecordFitsTheBridgesGas() public {
        BridgeReserveCoordinator own = _coordinators[HOME];
        uint256 bookGas = home.BOOK_GAS();
        vm.startPrank(address(home));
        for (uint256 second = 0; second < 60; ++second) {
            own.recordDelivery(address(token), unit, 20);
            skipTime(1, 1);
        }
        skipTime(58, 1);
        vm.cool(address(own));
        own.recordDelivery{gas: bookGas}(address(token), 1_000 * unit, 1 days);
        vm.stopPrank();
        assertLt(vm.snapshotGasLastCall("recordDelivery, 59 cells expire, late"), (bookGas / 3) * 2, "with room");
        assertEq(own.state(address(token)).latencySeconds, 30 + 450, "recorded");
    }

    function test_gas_sendAndDeliver() public {
        for (uint256 second = 0; second < 120; ++second) {
            vm.prank(address(home));
            _coordinators[HOME].recordDelivery(address(token), unit, 20);
            vm.prank(address(abroad));
            _coordinators[ABROAD].recordDelivery(address(token), unit, 20);
            skipTime(second > 60 ? 12 : 1, 1);
        }
        _deliver(_send(100 * unit));
        _deliver(_send(ABROAD, recipient, trader, 10 * unit));
        _measure(HOME, trader, recipient, "");
        _measure(ABROAD, recipient, trader, " back");
    }

    /// @dev One message, cold: what leaves through the adapter and what arrives with the threshold's signatures.
    function _measure(uint256 chainId, address from, address to, string memory suffix) private {
        uint256 other = _other(chainId);
        IBridgeAdapter.Order memory order = _order(chainId, to, 10 * unit);
        IAlltraCustomBridge.Message memory message = _next(chainId, from, to, 10 * unit);
        _coolAll(chainId);
        vm.chainId(chainId);
        vm.prank(from);
        _adapterOf(chainId).send(order);
        assertLt(vm.snapshotGasLastCall(string.concat("send", suffix)), 150_000, "send");
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        _coolAll(other);
        vm.prank(keeper);
        _end(other).deliver(message, signatures);
        assertLt(vm.snapshotGasLastCall(string.concat("deliver", suffix)), 180_000, "deliver");
    }

    // Helpers

    function _build(uint256 chainId) private {
        vm.chainId(chainId);
        XAUOracle oracle = XAUOracle(
            deploy("XAUOracle", abi.encode(deploy("PlainERC20", abi.encode("XAU", 18)), 2, 4, timelock))
        );
        CapitalBuckets own = CapitalBuckets(
            deploy(
                "CapitalBuckets",
                abi.encode(address(oracle), deploy("ReserveSystem", abi.encode(timelock)), timelock)
            )
        );
        _buckets[chainId] = own;
        _coordinators[chainId] = BridgeReserveCoordinator(
            deploy(
                "BridgeReserveCoordinator",
                abi.encode(address(_end(chainId)), address(own), deploy("PegBoard", abi.encode(timelock)), timelock)
            )
        );
        vm.startPrank(timelock);
        own.addToken(address(token), 10 * buffer);
        own.setBridge(address(_coordinators[chainId]));
        vm.stopPrank();
    }

    function _connect(uint256 chainId) private {
        vm.chainId(chainId);
        BridgeReserveCoordinator own = _coordinators[chainId];
        uint256 other = _other(chainId);
        vm.startPrank(timelock);
        own.setSizing(
            address(token),
            IBridgeReserveCoordinator.Sizing({
                minPeakUnits: uint128(1_000 * unit),
                maxRiseUnitsPerHour: uint128(1_000_000 * unit),
                halfLifeSeconds: 1 hours,
                minLatencySeconds: 30,
                maxLatencySeconds: 1_830,
                cooldownSeconds: COOLDOWN,
                maxRebalanceUnits: uint128(5_000 * unit)
            })
        );
        own.setKeeper(keeper, true);
        own.setRoute(address(_adapterOf(chainId)), other, address(_coordinators[other]));
        _end(chainId).setCoordinator(address(own));
        vm.stopPrank();
    }

    function _level(uint256 amountUnits) private returns (IAlltraCustomBridge.Message memory message) {
        message = _next(HOME, address(_coordinators[HOME]), address(_coordinators[ABROAD]), amountUnits);
        vm.chainId(HOME);
        vm.prank(keeper);
        bytes32 id = _coordinators[HOME].rebalance(address(token), amountUnits, type(uint256).max);
        assertEq(id, home.messageId(message), "for the other coordinator, and nobody else");
    }

    function _max(uint256 chainId) private view returns (uint256) {
        return _adapterOf(chainId).quote(_other(chainId), address(token), unit).maxAmountUnits;
    }

    function _lane(uint256 chainId) private view returns (IBridgeReserveCoordinator.LaneState memory) {
        return _coordinators[chainId].state(address(token));
    }

    function _coolAll(uint256 chainId) private {
        vm.cool(address(_end(chainId)));
        vm.cool(address(_adapterOf(chainId)));
        vm.cool(address(_coordinators[chainId]));
        vm.cool(address(_buckets[chainId]));
        vm.cool(address(_coordinators[chainId].pegBoard()));
        vm.cool(address(token));
    }
}
