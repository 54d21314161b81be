// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {BridgeReserveCoordinator} from "../../../contracts/bridge/BridgeReserveCoordinator.sol";
import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {IBridgeReserveCoordinator} from "../../../contracts/interfaces/IBridgeReserveCoordinator.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {BucketBase} from "../reserve/BucketBase.t.sol";

/// @title StandInBridge
/// @notice What the coordinator sees of a bridge and its adapter in one contract: it tells what moves before it moves, and keeps what left.
contract StandInBridge is IBridgeAdapter {
    BridgeReserveCoordinator public coordinator;
    mapping(address token => uint256) public inFlightUnits;
    address public feeToken;
    uint256 public feeUnits;
    address public feeTo;
    bool public closed;
    mapping(address token => IBridgeLanes.Mode) private _modes;
    uint256 private _count;

    function connect(BridgeReserveCoordinator coordinator_, address feeTo_) external {
        (coordinator, feeTo) = (coordinator_, feeTo_);
    }

    function setFee(address feeToken_, uint256 feeUnits_) external {
        (feeToken, feeUnits) = (feeToken_, feeUnits_);
    }

    function setBurns(address token) external {
        _modes[token] = IBridgeLanes.Mode.MINT;
    }

    function mode(address token) external view returns (IBridgeLanes.Mode) {
        return _modes[token] == IBridgeLanes.Mode.NONE ? IBridgeLanes.Mode.LOCK : _modes[token];
    }

    function setClosed(bool closed_) external {
        closed = closed_;
    }

    function send(Order calldata order) external payable returns (bytes32 messageId) {
        coordinator.recordSend(order.token, order.amountUnits);
        require(feeUnits <= order.maxFeeUnits, FeeAboveMaximum(feeUnits, order.maxFeeUnits));
        IERC20(order.token).transferFrom(msg.sender, address(this), order.amountUnits);
        if (feeUnits > 0) IERC20(order.token).transferFrom(msg.sender, feeTo, feeUnits);
        inFlightUnits[order.token] += order.amountUnits;
        messageId = bytes32(++_count);
        emit OrderSent(
            messageId,
            msg.sender,
            order.destinationChainId,
            order.token,
            order.recipient,
            order.amountUnits,
            feeToken,
            feeUnits
        );
    }

    function sendWithPermit(Order calldata, Permit calldata) external payable returns (bytes32) {
        revert UnsupportedChain(0);
    }

    /// @notice A send of tokens that are here already.
    function record(address token, uint256 amountUnits) external {
        coordinator.recordSend(token, amountUnits);
        inFlightUnits[token] += amountUnits;
    }

    function deliver(address token, address recipient, uint256 amountUnits, uint256 latencySeconds) external {
        IERC20(token).transfer(recipient, amountUnits);
        inFlightUnits[token] -= amountUnits;
        coordinator.recordDelivery(token, amountUnits, latencySeconds);
    }

    function refund(address token, address sender, uint256 amountUnits) external {
        IERC20(token).transfer(sender, amountUnits);
        inFlightUnits[token] -= amountUnits;
        coordinator.recordRefund(token, amountUnits);
    }

    function carries(uint256 chainId, address) external view returns (bool) {
        return chainId == 651940 && !closed;
    }

    function spender(address) external view returns (address) {
        return address(this);
    }

    function quote(uint256, address, uint256) external view returns (Quote memory) {
        return Quote(feeToken, feeUnits, type(uint256).max);
    }
}

/// @title CoordinatorBase
/// @notice The coordinator over the real buckets, peg managers and board: cUSDC (6 decimals, 20,000 in D) and XAU (18 decimals, 10 in D).
abstract contract CoordinatorBase is BucketBase {
    uint256 internal constant REMOTE_CHAIN = 651940;
    uint256 internal constant BUFFER = 20_000 * UNIT;
    uint256 internal constant GOLD_BUFFER = 10e18;
    uint32 internal constant MIN_LATENCY = 30;
    uint32 internal constant MAX_LATENCY = 1_830;
    /// @dev A quarter of the range.
    uint256 internal constant QUARTER = 450;
    uint32 internal constant LANE_COOLDOWN = 10 minutes;

    StandInBridge internal bridge;
    BridgeReserveCoordinator internal coordinator;
    address internal remote;

    function setUp() public virtual override {
        super.setUp();
        remote = makeAddr("coordinator of the other chain");
        bridge = new StandInBridge();
        coordinator = BridgeReserveCoordinator(
            deploy("BridgeReserveCoordinator", abi.encode(address(bridge), address(buckets), address(board), timelock))
        );
        bridge.connect(coordinator, makeAddr("fee collector"));
        vm.startPrank(timelock);
        buckets.setBridge(address(coordinator));
        buckets.move(address(xau), E, D, GOLD_BUFFER);
        coordinator.setSizing(address(cUSDC), laneSizing(UNIT));
        coordinator.setSizing(address(xau), laneSizing(5e14));
        coordinator.setRoute(address(bridge), REMOTE_CHAIN, remote);
        coordinator.setKeeper(keeper, true);
        coordinator.setGuardian(guardian);
        vm.stopPrank();
        skipTime(2 hours, 2);
    }

    /// @dev P0 = 1,000 a minute, so 500 must be there at 30 s; P may rise by 1,000,000 in an hour.
    function laneSizing(uint256 unit) internal pure returns (IBridgeReserveCoordinator.Sizing memory) {
        return
            IBridgeReserveCoordinator.Sizing({
                minPeakUnits: uint128(1_000 * unit),
                maxRiseUnitsPerHour: uint128(1_000_000 * unit),
                halfLifeSeconds: 1 hours,
                minLatencySeconds: MIN_LATENCY,
                maxLatencySeconds: MAX_LATENCY,
                cooldownSeconds: LANE_COOLDOWN,
                maxRebalanceUnits: uint128(5_000 * unit)
            });
    }

    function order(M1Token token, uint256 amountUnits) internal view returns (IBridgeAdapter.Order memory) {
        return IBridgeAdapter.Order(REMOTE_CHAIN, address(token), trader, amountUnits, ALL, vm.getBlockTimestamp());
    }

    function sendOut(M1Token token, uint256 amountUnits) internal {
        if (amountUnits > 0) mint(token, trader, amountUnits);
        vm.startPrank(trader);
        token.approve(address(bridge), ALL);
        bridge.send(order(token, amountUnits));
        vm.stopPrank();
    }

    function told(M1Token token, uint256 amountUnits, uint256 latencySeconds) internal {
        vm.prank(address(bridge));
        coordinator.recordDelivery(address(token), amountUnits, latencySeconds);
    }

    function laneOf(M1Token token) internal view returns (IBridgeReserveCoordinator.LaneState memory) {
        return coordinator.state(address(token));
    }

    function latency() internal view returns (uint256) {
        return laneOf(cUSDC).latencySeconds;
    }
}
