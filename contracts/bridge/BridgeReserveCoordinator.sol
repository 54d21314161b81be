// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";
import {IBridgeAdapter} from "../interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../interfaces/IBridgeLanes.sol";
import {IBridgeBook, IBridgeReserveCoordinator} from "../interfaces/IBridgeReserveCoordinator.sol";
import {ICapitalBuckets} from "../interfaces/ICapitalBuckets.sol";
import {IPegBoard} from "../interfaces/IPegBoard.sol";
import {OutflowMeter} from "../reserve/OutflowMeter.sol";
import {LatencyMeter} from "./LatencyMeter.sol";

/// @title BridgeReserveCoordinator
/// @notice Measures what a bridge carries, says what bucket D must hold, refuses sends that would break that, and levels D between chains.
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): sizes, keepers, the route. Bridge: tells what moves. Keepers: send
/// surplus to the coordinator of the other chain, in bounded steps. Guardian: pauses that for 24 hours. Anyone: `check`, `absorb`.
/// @dev PEG STATES are read from the peg board when they matter and kept nowhere here: one home, nothing to register, nothing to miss.
/// @dev PRICE SOURCES. None: flows, reserve and requirement of a token are base units of that token.
/// @dev ROUNDING. The requirement up. Outflows are metered up to the next quantum and inflows down: one base unit up to 8 decimals, beyond
/// that 10^-6 of a token.
/// @dev EXITS. Where a send burns what was minted, it is its holder's way home: it takes nothing out of bucket D and is never refused, only
/// recorded. What is refused are sends that lock.
/// @dev WHAT A LIAR GAINS. Latency: see LatencyMeter. Peak: a send that would raise the requirement above the reserve leaves no trace, so
/// nobody can close a lane by pumping the peak, only make the reserve count for less until it has decayed (RES-5).
/// @dev LIVENESS. What is recorded of deliveries and refunds reads no other contract and cannot fail for a sized token. Gas is bounded: 60
/// cells in 15 slots. A send that locks waits for the peg board and for the buckets.
/// @dev TOKEN REQUIREMENTS. Those of CapitalBuckets. HOW TO STOP IT. `pause` stops `rebalance`; the bridge's owner can take it out.
contract BridgeReserveCoordinator is IBridgeReserveCoordinator, GuardianPause, ReentrancyGuardTransient {
    using LatencyMeter for LatencyMeter.Meter;
    using Math for uint256;
    using OutflowMeter for OutflowMeter.Meter;
    using SafeERC20 for IERC20;

    uint256 public constant MIN_HALF_LIFE_SECONDS = 1 hours;
    uint256 public constant MAX_HALF_LIFE_SECONDS = 30 days;
    uint256 public constant MAX_LATENCY_SECONDS = 1 days;
    uint256 public constant MAX_COOLDOWN_SECONDS = 1 days;
    /// @notice Smallest cap of the hourly rise in quanta: one per second and half.
    uint256 public constant MIN_RISE_QUANTA = 7_200;
    /// @notice Largest fee of a rebalancing: 0.5 %.
    uint256 public constant MAX_FEE_WAD = 0.005e18;
    /// @notice What is above so many times the requirement is surplus.
    uint256 public constant SURPLUS_FACTOR = 2;

    uint256 private constant _WAD = 1e18;
    /// @dev A flow of more quanta saturates the meter's cell.
    uint256 private constant _MAX_QUANTA = uint64(type(int64).max);
    /// @dev In the tag of the latency's meter: 8 bits for the quantum's exponent, and above them the lane's mode, 0 = not asked yet.
    uint32 private constant _MODE_SHIFT = 8;

    /// @dev One slot for what every hook reads of the latency (its tag: the quantum's exponent and the mode), the meter's 18, and
    /// 128 + 40 + 40 + 32 = 240 bits for what keepers do.
    struct Lane {
        LatencyMeter.Meter latency;
        OutflowMeter.Meter flow;
        uint128 maxRebalanceUnits;
        uint40 triggeredAt;
        uint40 rebalancedAt;
        uint32 cooldownSeconds;
    }

    struct Route {
        address adapter;
        uint256 remoteChainId;
        address remoteCoordinator;
    }

    address public immutable bridge;
    ICapitalBuckets public immutable buckets;
    IPegBoard public immutable pegBoard;

    /// @inheritdoc IBridgeReserveCoordinator
    mapping(address account => bool) public isKeeper;
    mapping(address token => Lane) private _lanes;
    /// @inheritdoc IBridgeReserveCoordinator
    Route public route;

    /// @dev Set while a rebalancing is on its way to the bridge, taken by the first send that matches.
    address private transient _ownToken;
    uint256 private transient _ownUnits;

    constructor(address bridge_, address buckets_, address pegBoard_, address owner_) GuardianPause(owner_) {
        require(bridge_.code.length > 0, NotAContract(bridge_));
        require(buckets_.code.length > 0, NotAContract(buckets_));
        require(pegBoard_.code.length > 0, NotAContract(pegBoard_));
        (bridge, buckets, pegBoard) = (bridge_, ICapitalBuckets(buckets_), IPegBoard(pegBoard_));
    }

    modifier onlyBridge() {
        require(msg.sender == bridge, NotAuthorized(msg.sender));
        _;
    }

    // Bridge

    /// @inheritdoc IBridgeBook
    /// @dev Records first and judges the peak that this very send has caused; a refusal takes the record back. A rebalancing is no demand:
    /// it moves neither peak nor window, and has been judged before.
    function recordSend(address token, uint256 amountUnits) external onlyBridge {
        Lane storage lane = _sized(token);
        bool burns = _burnsHere(lane, token);
        if (!burns) require(!pegBoard.isHalted(token), PegHalted(token));
        if (token == _ownToken && amountUnits == _ownUnits) {
            (_ownToken, _ownUnits) = (address(0), 0);
            return;
        }
        uint256 quantum = _quantum(lane);
        uint256 quanta = Math.min(amountUnits.ceilDiv(quantum), _MAX_QUANTA);
        uint256 peak = lane.flow.record(int256(quanta)) * quantum;
        if (!burns) {
            uint256 needed = _required(lane, peak);
            uint256 held = reserveUnits(token);
            require(held >= needed, ReserveTooLow(token, held, needed));
        }
        if (_raised(lane)) emit PeakMeasured(token, int256(quanta * quantum), peak);
    }

    /// @inheritdoc IBridgeBook
    function recordDelivery(address token, uint256 amountUnits, uint256 latencySeconds) external onlyBridge {
        Lane storage lane = _sized(token);
        (uint256 quanta, uint256 peak) = _recordInflow(lane, token, amountUnits);
        // Below 2^63 * 10^18, and P is never 0.
        if (lane.latency.record(latencySeconds, (quanta * LatencyMeter.WEIGHT_ONE) / peak)) {
            emit LatencyMeasured(token, latencySeconds, lane.latency.secondsNow());
        }
    }

    /// @inheritdoc IBridgeBook
    function recordRefund(address token, uint256 amountUnits) external onlyBridge {
        _recordInflow(_sized(token), token, amountUnits);
    }

    // Anyone

    /// @inheritdoc IBridgeReserveCoordinator
    function check(address token) external returns (bool triggered) {
        Lane storage lane = _sized(token);
        uint256 needed = requiredUnits(token);
        uint256 held = reserveUnits(token);
        if (held >= needed || block.timestamp < _readyAt(lane.triggeredAt, lane)) return false;
        lane.triggeredAt = uint40(block.timestamp);
        emit RebalancingTriggered(token, held, needed, IBridgeLanes(bridge).inFlightUnits(token));
        return true;
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function absorb(address token) external nonReentrant returns (uint256 amountUnits) {
        amountUnits = IERC20(token).balanceOf(address(this));
        require(amountUnits > 0, ZeroAmount());
        IERC20(token).forceApprove(address(buckets), amountUnits);
        buckets.bridgeReturn(token, amountUnits);
        emit Absorbed(token, amountUnits);
    }

    // Keepers

    /// @inheritdoc IBridgeReserveCoordinator
    function rebalance(
        address token,
        uint256 amountUnits,
        uint256 maxFeeUnits
    ) external whenNotPaused nonReentrant returns (bytes32 messageId) {
        require(isKeeper[msg.sender], NotAuthorized(msg.sender));
        Lane storage lane = _sized(token);
        require(amountUnits > 0, ZeroAmount());
        require(amountUnits <= lane.maxRebalanceUnits, OutOfRange(amountUnits, 1, lane.maxRebalanceUnits));
        uint256 readyAt = _readyAt(lane.rebalancedAt, lane);
        require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
        require(!pegBoard.isHalted(token), PegHalted(token));
        Route memory to = route;
        require(to.adapter != address(0), NoRoute(token));
        IBridgeAdapter adapter = IBridgeAdapter(to.adapter);
        require(adapter.carries(to.remoteChainId, token), NoRoute(token));

        uint256 feeUnits = _fee(to, token, amountUnits, maxFeeUnits);
        uint256 surplus = reserveUnits(token).saturatingSub(_kept(token));
        require(amountUnits + feeUnits <= surplus, NothingToRebalance(token, surplus));
        // Dust would start the cooldown for little.
        uint256 least = Math.min(lane.maxRebalanceUnits, surplus) / 2;
        require(amountUnits + feeUnits >= least, OutOfRange(amountUnits + feeUnits, least, surplus));
        lane.rebalancedAt = uint40(block.timestamp);

        buckets.bridgeTake(token, amountUnits + feeUnits, address(this));
        address spender = adapter.spender(token);
        IERC20(token).forceApprove(spender, amountUnits + feeUnits);
        (_ownToken, _ownUnits) = (token, amountUnits);
        messageId = adapter.send(
            IBridgeAdapter.Order({
                destinationChainId: to.remoteChainId,
                token: token,
                recipient: to.remoteCoordinator,
                amountUnits: amountUnits,
                maxFeeUnits: feeUnits,
                deadline: block.timestamp
            })
        );
        (_ownToken, _ownUnits) = (address(0), 0);
        IERC20(token).forceApprove(spender, 0);
        emit Rebalanced(token, amountUnits, messageId);
    }

    // Owner

    /// @inheritdoc IBridgeReserveCoordinator
    function setSizing(address token, Sizing calldata sizing_) external onlyOwner {
        require(buckets.isToken(token), ICapitalBuckets.TokenNotAdded(token));
        require(sizing_.minLatencySeconds <= sizing_.maxLatencySeconds, InconsistentSizing());
        _requireInRange(sizing_.minLatencySeconds, 1, MAX_LATENCY_SECONDS);
        _requireInRange(sizing_.maxLatencySeconds, 1, MAX_LATENCY_SECONDS);
        _requireInRange(sizing_.halfLifeSeconds, MIN_HALF_LIFE_SECONDS, MAX_HALF_LIFE_SECONDS);
        _requireInRange(sizing_.cooldownSeconds, 1, MAX_COOLDOWN_SECONDS);
        Lane storage lane = _lanes[token];
        // The buckets accept at most 18.
        uint256 decimals = IERC20Metadata(token).decimals();
        lane.latency.tag = decimals > 8 ? uint32(decimals - 6) : 0;
        uint256 quantum = _quantum(lane);
        uint256 minimum = uint256(sizing_.minPeakUnits).ceilDiv(quantum);
        uint256 maxRise = sizing_.maxRiseUnitsPerHour / quantum;
        _requireInRange(minimum, 1, _MAX_QUANTA);
        _requireInRange(maxRise, MIN_RISE_QUANTA, _MAX_QUANTA);
        lane.flow.configure(uint72(minimum), uint72(maxRise), sizing_.halfLifeSeconds);
        lane.latency.configure(
            uint24(sizing_.minLatencySeconds),
            uint24(sizing_.maxLatencySeconds),
            sizing_.halfLifeSeconds
        );
        lane.maxRebalanceUnits = sizing_.maxRebalanceUnits;
        lane.cooldownSeconds = sizing_.cooldownSeconds;
        emit SetSizing(token, sizing_);
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function setKeeper(address keeper, bool active) external onlyOwner {
        require(keeper != address(0), ZeroAddress());
        isKeeper[keeper] = active;
        emit SetKeeper(keeper, active);
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function setRoute(address adapter, uint256 remoteChainId, address remoteCoordinator) external onlyOwner {
        if (adapter != address(0)) {
            require(adapter.code.length > 0, NotAContract(adapter));
            require(remoteCoordinator != address(0), ZeroAddress());
        }
        route = Route(adapter, remoteChainId, remoteCoordinator);
        emit SetRoute(adapter, remoteChainId, remoteCoordinator);
    }

    // Views

    /// @inheritdoc IBridgeReserveCoordinator
    function state(address token) external view returns (LaneState memory answer) {
        Lane storage lane = _sized(token);
        answer.reserveUnits = reserveUnits(token);
        answer.requiredUnits = requiredUnits(token);
        answer.peakUnitsPerMinute = lane.flow.peakNow() * _quantum(lane);
        answer.latencySeconds = lane.latency.secondsNow();
        answer.inFlightUnits = IBridgeLanes(bridge).inFlightUnits(token);
        answer.peg = pegBoard.stateOf(token);
        answer.triggerReadyAt = _readyAt(lane.triggeredAt, lane);
        answer.rebalanceReadyAt = _readyAt(lane.rebalancedAt, lane);
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function requiredUnits(address token) public view returns (uint256) {
        Lane storage lane = _sized(token);
        return _required(lane, lane.flow.peakNow() * _quantum(lane));
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function levels(address token) external view returns (uint256 lowUnits, uint256 targetUnits) {
        lowUnits = requiredUnits(token);
        return (lowUnits, SURPLUS_FACTOR * lowUnits);
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function reserveUnits(address token) public view returns (uint256) {
        return buckets.bucketUnits(ICapitalBuckets.Bucket.CROSS_CHAIN, token);
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function sendableUnits(address token) external view returns (uint256) {
        Lane storage lane = _sized(token);
        if (_burns(token)) return type(uint256).max;
        if (pegBoard.isHalted(token)) return 0;
        uint256 quantum = _quantum(lane);
        uint256 held = reserveUnits(token);
        uint256 peak = lane.flow.peakNow();
        if (_required(lane, peak * quantum) > held) return 0;
        if (_required(lane, (peak + lane.flow.roomToRise()) * quantum) <= held) return type(uint256).max;
        // The highest peak that the reserve carries. It lies below peak + room, so the window itself decides.
        int256 highest = int256(Math.mulDiv(held, 60, lane.latency.secondsNow() * quantum));
        int256 window = lane.flow.windowNow();
        return window >= highest ? 0 : uint256(highest - window) * quantum;
    }

    /// @inheritdoc IBridgeReserveCoordinator
    function sizing(address token) external view returns (Sizing memory answer) {
        Lane storage lane = _sized(token);
        uint256 quantum = _quantum(lane);
        answer.minPeakUnits = uint128(lane.flow.minimum * quantum);
        answer.maxRiseUnitsPerHour = uint128(lane.flow.maxRisePerHour * quantum);
        answer.halfLifeSeconds = lane.latency.halfLifeSeconds;
        answer.minLatencySeconds = lane.latency.minSeconds;
        answer.maxLatencySeconds = lane.latency.maxSeconds;
        answer.cooldownSeconds = lane.cooldownSeconds;
        answer.maxRebalanceUnits = lane.maxRebalanceUnits;
    }

    // Internal

    function _recordInflow(
        Lane storage lane,
        address token,
        uint256 amountUnits
    ) private returns (uint256 quanta, uint256 peak) {
        uint256 quantum = _quantum(lane);
        quanta = Math.min(amountUnits / quantum, _MAX_QUANTA);
        peak = lane.flow.record(-int256(quanta));
        if (_raised(lane)) emit PeakMeasured(token, -int256(quanta * quantum), peak * quantum);
    }

    /// @dev Whether what leaves was minted here.
    function _burns(address token) private view returns (bool) {
        return IBridgeLanes(bridge).mode(token) == IBridgeLanes.Mode.MINT;
    }

    /// @dev The same for the hook, which asks the bridge once: a lane's mode never changes. What burns is neither asked about its peg nor
    /// about D, and costs no more than its record.
    function _burnsHere(Lane storage lane, address token) private returns (bool) {
        uint32 tag = lane.latency.tag;
        uint32 known = tag >> _MODE_SHIFT;
        if (known == 0) {
            known = uint32(IBridgeLanes(bridge).mode(token));
            lane.latency.tag = tag | (known << _MODE_SHIFT);
        }
        return known == uint32(IBridgeLanes.Mode.MINT);
    }

    /// @dev What a rebalancing leaves: the requirement may be little in calm times, and rise faster than the bucket is filled again.
    function _kept(address token) private view returns (uint256 targetUnits) {
        (, targetUnits) = buckets.levels(ICapitalBuckets.Bucket.CROSS_CHAIN, token);
    }

    /// @dev Whether P rose in this second.
    function _raised(Lane storage lane) private view returns (bool) {
        return lane.flow.peakAt == block.timestamp;
    }

    /// @dev In the token itself, no more than the keeper says, and never more than the share of what is moved.
    function _fee(
        Route memory to,
        address token,
        uint256 amountUnits,
        uint256 maxFeeUnits
    ) private view returns (uint256 feeUnits) {
        IBridgeAdapter.Quote memory quote = IBridgeAdapter(to.adapter).quote(to.remoteChainId, token, amountUnits);
        feeUnits = quote.feeUnits;
        require(feeUnits == 0 || quote.feeToken == token, FeeNotInToken(quote.feeToken));
        uint256 highest = Math.min(maxFeeUnits, amountUnits.mulDiv(MAX_FEE_WAD, _WAD));
        require(feeUnits <= highest, IBridgeAdapter.FeeAboveMaximum(feeUnits, highest));
    }

    /// @dev Rounded up. Below 2^72 quanta of at most 10^12 units times 2^17 seconds.
    function _required(Lane storage lane, uint256 peakUnits) private view returns (uint256) {
        return (peakUnits * lane.latency.secondsNow()).ceilDiv(60);
    }

    function _readyAt(uint256 lastAt, Lane storage lane) private view returns (uint256) {
        return lastAt == 0 ? 0 : lastAt + lane.cooldownSeconds;
    }

    function _quantum(Lane storage lane) private view returns (uint256) {
        return 10 ** uint8(lane.latency.tag);
    }

    function _sized(address token) private view returns (Lane storage lane) {
        lane = _lanes[token];
        require(lane.latency.halfLifeSeconds != 0, LaneNotSized(token));
    }

    function _requireInRange(uint256 value, uint256 low, uint256 high) private pure {
        require(value >= low && value <= high, OutOfRange(value, low, high));
    }
}
