// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IReserveSource} from "../interfaces/IReserveSource.sol";
import {IReserveSystem} from "../interfaces/IReserveSystem.sol";
import {OutflowMeter} from "./OutflowMeter.sol";

/// @title ReserveSystem
/// @notice Measures the outflow of each token, says how large its reserve must be, and gates discretionary outflows at the floor.
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): registers tokens, sets sizes inside the bounds that registration fixed,
/// names reporters. Reporters (reserve vaults, capital buckets, later the bridge): record flows. Nobody holds or moves funds here.
/// @dev PRICE SOURCES. None: flows, reserves and requirements of a token are base units of that token.
/// @dev ROUNDING. Requirements up, reserves and ratios down; outflows are metered up to the next quantum and inflows down. A quantum is one
/// base unit up to 8 decimals, beyond that 10^-6 of a token.
/// @dev LIVENESS. `record` cannot revert: unknown callers are ignored, amounts saturate. Gas of every call is bounded, whatever happened
/// before (60 cells, 8 reporters). A reporter that fails stops `checkOutflow` and the views, never a redemption.
/// @dev HOW TO STOP IT. Nothing to stop; `setReporter(…, false)` takes a reporter out.
contract ReserveSystem is IReserveSystem, Ownable2Step {
    using Math for uint256;
    using OutflowMeter for OutflowMeter.Meter;
    using SafeCast for uint256;

    uint256 public constant MAX_REPORTERS = 8;
    uint256 public constant MIN_HALF_LIFE_SECONDS = 1 hours;
    uint256 public constant MAX_HALF_LIFE_SECONDS = 30 days;
    /// @notice Largest multiplier of a tier: 100.
    uint256 public constant MAX_TIER_BPS = 1_000_000;
    /// @notice Largest q of TARGET, minutes: a week.
    uint256 public constant MAX_TARGET_MINUTES = 10_080;
    /// @notice Smallest cap of the hourly rise in quanta: one per second and half.
    uint256 public constant MIN_RISE_QUANTA = 7_200;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _BPS_MINUTES = 10_000 * 60;
    uint256 private constant _MAX_REPORT = type(uint104).max;

    /// @dev 112 + 24 + 24 + 24 + 24 + 16 + 8 + 8 = 240 bits: all that a record needs. `targetMinutes` is never 0 for a registered token.
    struct Book {
        uint112 recordedReserve;
        uint24 replenishSeconds;
        uint24 floorBps;
        uint24 warnBps;
        uint24 policyBps;
        uint16 targetMinutes;
        uint8 quantumExponent;
        Tier tier;
    }

    /// @dev 104 + 8 bits.
    struct Report {
        uint104 reserve;
        bool active;
    }

    mapping(address token => Book) private _books;
    mapping(address token => OutflowMeter.Meter) private _meters;
    mapping(address token => mapping(address reporter => Report)) private _reports;
    mapping(address token => address[]) private _reporters;
    mapping(address token => Bounds) private _bounds;
    address[] private _tokens;

    constructor(address owner_) Ownable(owner_) {}

    // Owner

    /// @inheritdoc IReserveSystem
    function registerToken(address token, Bounds calldata bounds_, Sizing calldata sizing_) external onlyOwner {
        require(token.code.length > 0, NotAContract(token));
        require(!isRegistered(token), TokenAlreadyRegistered(token));
        uint256 decimals = IERC20Metadata(token).decimals();
        require(decimals <= 18, OutOfRange(decimals, 0, 18));
        _requireAscending(1, bounds_.minPeakLow, bounds_.minPeakHigh);
        _requireAscending(1, bounds_.maxRiseLow, bounds_.maxRiseHigh);
        _requireAscending(1, bounds_.replenishLow, bounds_.replenishHigh);
        _books[token].quantumExponent = decimals > 8 ? uint8(decimals - 6) : 0;
        _bounds[token] = bounds_;
        _tokens.push(token);
        emit RegisterToken(token, bounds_);
        _setSizing(token, sizing_);
    }

    /// @inheritdoc IReserveSystem
    function setSizing(address token, Sizing calldata sizing_) external onlyOwner {
        _requireRegistered(token);
        _setSizing(token, sizing_);
    }

    /// @inheritdoc IReserveSystem
    function setReporter(address token, address reporter, bool active) external onlyOwner {
        _requireRegistered(token);
        Report storage report = _reports[token][reporter];
        address[] storage list = _reporters[token];
        if (report.active == active) return;
        Book storage book = _books[token];
        if (active) {
            require(reporter.code.length > 0, NotAContract(reporter));
            require(list.length < MAX_REPORTERS, TooManyReporters(MAX_REPORTERS));
            list.push(reporter);
            report.reserve = uint104(Math.min(IReserveSource(reporter).reserveUnits(token), _MAX_REPORT));
            book.recordedReserve += report.reserve;
        } else {
            for (uint256 i = 0; i < list.length; ++i) {
                if (list[i] == reporter) list[i] = list[list.length - 1];
            }
            list.pop();
            book.recordedReserve -= report.reserve;
            report.reserve = 0;
        }
        report.active = active;
        emit SetReporter(token, reporter, active);
        _noteTier(token, book, _peak(token));
    }

    /// @notice Always reverts: without an owner no reporter could be replaced.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // Reporters

    /// @inheritdoc IReserveSystem
    function record(address token, int256 flowUnits, uint256 reserveUnitsAfter) external returns (bool counted) {
        Report storage report = _reports[token][msg.sender];
        if (!report.active) return false;
        Book storage book = _books[token];
        uint256 quantum = _quantum(book);
        uint256 peak = _meters[token].record(_toQuanta(flowUnits, quantum)) * quantum;

        uint104 reserve = uint104(Math.min(reserveUnitsAfter, _MAX_REPORT));
        // At most 8 reports of 104 bits: 107 bits.
        uint256 total = book.recordedReserve - report.reserve + reserve;
        book.recordedReserve = uint112(total);
        report.reserve = reserve;
        emit FlowRecorded(token, msg.sender, flowUnits, total, peak);
        _noteTier(token, book, peak);
        return true;
    }

    /// @inheritdoc IReserveSystem
    function refreshTier(address token) external returns (Tier) {
        _requireRegistered(token);
        return _noteTier(token, _books[token], _peak(token));
    }

    // The gate

    /// @inheritdoc IReserveSystem
    function checkOutflow(address token, uint256 amountUnits) external view {
        _requireRegistered(token);
        Book storage book = _books[token];
        uint256 quantum = _quantum(book);
        uint256 peak = _meters[token].peakAfter(amountUnits.ceilDiv(quantum)) * quantum;
        uint256 needed = _required(book, peak, Tier.FLOOR);
        uint256 held = reserveUnits(token);
        uint256 reserveAfter = held.saturatingSub(amountUnits);
        require(amountUnits <= held && reserveAfter >= needed, FloorBreached(token, reserveAfter, needed));
    }

    /// @inheritdoc IReserveSystem
    /// @dev An outflow that keeps the window below P does not move P; a larger one moves it at most to window + outflow.
    function spendable(address token) external view returns (uint256) {
        _requireRegistered(token);
        Book storage book = _books[token];
        OutflowMeter.Meter storage meter = _meters[token];
        uint256 quantum = _quantum(book);
        uint256 held = reserveUnits(token);
        uint256 peak = meter.peakNow();
        uint256 free = held.saturatingSub(_required(book, peak * quantum, Tier.FLOOR));
        int256 window = meter.windowNow();
        uint256 quiet = window >= int256(peak) ? 0 : uint256(int256(peak) - window) * quantum;
        if (free <= quiet) return free;
        uint256 raised = meter.peakAfter(free.ceilDiv(quantum)) * quantum;
        return Math.max(quiet, held.saturatingSub(_required(book, raised, Tier.FLOOR)));
    }

    // Views

    /// @inheritdoc IReserveSystem
    function state(address token) external view returns (State memory answer) {
        _requireRegistered(token);
        Book storage book = _books[token];
        answer.reserveUnits = reserveUnits(token);
        answer.recordedReserveUnits = book.recordedReserve;
        answer.peakUnits = _peak(token);
        answer.windowUnits = windowUnits(token);
        answer.requiredFloorUnits = _required(book, answer.peakUnits, Tier.FLOOR);
        answer.requiredWarnUnits = _required(book, answer.peakUnits, Tier.WARN);
        answer.requiredPolicyUnits = _required(book, answer.peakUnits, Tier.POLICY);
        answer.requiredTargetUnits = _required(book, answer.peakUnits, Tier.TARGET);
        answer.ratioWad = answer.reserveUnits.mulDiv(_WAD, answer.requiredFloorUnits);
        answer.replenishSeconds = book.replenishSeconds;
        answer.secondsToExhaustion = answer.reserveUnits.mulDiv(60, answer.peakUnits);
        answer.tier = _tierOf(book, answer.reserveUnits, answer.peakUnits);
    }

    /// @inheritdoc IReserveSystem
    function reserveUnits(address token) public view returns (uint256 total) {
        address[] storage list = _reporters[token];
        for (uint256 i = 0; i < list.length; ++i) total += IReserveSource(list[i]).reserveUnits(token);
    }

    /// @inheritdoc IReserveSystem
    function recordedReserveUnits(address token) external view returns (uint256) {
        return _books[token].recordedReserve;
    }

    /// @inheritdoc IReserveSystem
    function peakUnits(address token) external view returns (uint256) {
        _requireRegistered(token);
        return _peak(token);
    }

    /// @inheritdoc IReserveSystem
    function windowUnits(address token) public view returns (int256) {
        _requireRegistered(token);
        return _meters[token].windowNow() * int256(_quantum(_books[token]));
    }

    /// @inheritdoc IReserveSystem
    function required(address token, Tier tier) external view returns (uint256) {
        _requireRegistered(token);
        return _required(_books[token], _peak(token), tier);
    }

    /// @inheritdoc IReserveSystem
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IReserveSystem
    function reporters(address token) external view returns (address[] memory) {
        return _reporters[token];
    }

    /// @inheritdoc IReserveSystem
    function sizing(address token) external view returns (Sizing memory) {
        _requireRegistered(token);
        Book storage book = _books[token];
        OutflowMeter.Meter storage meter = _meters[token];
        uint256 quantum = _quantum(book);
        return
            Sizing({
                minPeakUnits: (meter.minimum * quantum).toUint128(),
                maxRiseUnitsPerHour: (meter.maxRisePerHour * quantum).toUint128(),
                halfLifeSeconds: meter.halfLifeSeconds,
                replenishSeconds: book.replenishSeconds,
                floorBps: book.floorBps,
                warnBps: book.warnBps,
                policyBps: book.policyBps,
                targetMinutes: book.targetMinutes
            });
    }

    /// @inheritdoc IReserveSystem
    function bounds(address token) external view returns (Bounds memory) {
        return _bounds[token];
    }

    /// @inheritdoc IReserveSystem
    function isRegistered(address token) public view returns (bool) {
        return _books[token].targetMinutes != 0;
    }

    // Internal

    function _setSizing(address token, Sizing calldata sizing_) internal {
        Bounds memory limit = _bounds[token];
        _requireInRange(sizing_.minPeakUnits, limit.minPeakLow, limit.minPeakHigh);
        _requireInRange(sizing_.maxRiseUnitsPerHour, limit.maxRiseLow, limit.maxRiseHigh);
        _requireInRange(sizing_.replenishSeconds, limit.replenishLow, limit.replenishHigh);
        _requireInRange(sizing_.halfLifeSeconds, MIN_HALF_LIFE_SECONDS, MAX_HALF_LIFE_SECONDS);
        _requireInRange(sizing_.targetMinutes, 1, MAX_TARGET_MINUTES);
        require(
            sizing_.floorBps > 0 && sizing_.floorBps <= sizing_.warnBps && sizing_.warnBps <= sizing_.policyBps,
            TiersOutOfOrder(sizing_.floorBps, sizing_.warnBps, sizing_.policyBps)
        );
        _requireInRange(sizing_.policyBps, 1, MAX_TIER_BPS);

        Book storage book = _books[token];
        book.replenishSeconds = sizing_.replenishSeconds;
        book.floorBps = sizing_.floorBps;
        book.warnBps = sizing_.warnBps;
        book.policyBps = sizing_.policyBps;
        book.targetMinutes = sizing_.targetMinutes;
        uint256 quantum = _quantum(book);
        uint256 minimum = uint256(sizing_.minPeakUnits).ceilDiv(quantum);
        uint256 maxRise = sizing_.maxRiseUnitsPerHour / quantum;
        // In quanta they must fit the meter's cells.
        _requireInRange(minimum, 1, uint64(type(int64).max));
        _requireInRange(maxRise, MIN_RISE_QUANTA, uint64(type(int64).max));
        _meters[token].configure(uint72(minimum), uint72(maxRise), sizing_.halfLifeSeconds);
        emit SetSizing(token, sizing_);
        _noteTier(token, book, _peak(token));
    }

    /// @dev Remembers the tier of the recorded reserve and tells when it has changed.
    function _noteTier(address token, Book storage book, uint256 peak) internal returns (Tier tier) {
        uint256 recorded = book.recordedReserve;
        tier = _tierOf(book, recorded, peak);
        Tier before = book.tier;
        if (tier == before) return tier;
        book.tier = tier;
        emit TierChanged(token, before, tier, recorded, _required(book, peak, Tier.FLOOR));
    }

    function _tierOf(Book storage book, uint256 reserve, uint256 peak) internal view returns (Tier) {
        if (reserve < _required(book, peak, Tier.FLOOR)) return Tier.BREACHED;
        if (reserve < _required(book, peak, Tier.WARN)) return Tier.FLOOR;
        if (reserve < _required(book, peak, Tier.POLICY)) return Tier.WARN;
        return reserve < _required(book, peak, Tier.TARGET) ? Tier.POLICY : Tier.TARGET;
    }

    /// @dev At least 1 for every tier, because P and all factors are positive. No overflow: P is below 2^110.
    function _required(Book storage book, uint256 peak, Tier tier) internal view returns (uint256) {
        if (tier == Tier.BREACHED) return 0;
        uint256 multiplierBps = book.policyBps;
        if (tier == Tier.FLOOR) multiplierBps = book.floorBps;
        else if (tier == Tier.WARN) multiplierBps = book.warnBps;
        uint256 byTime = (peak * book.replenishSeconds * multiplierBps).ceilDiv(_BPS_MINUTES);
        return tier == Tier.TARGET ? Math.max(byTime, peak * book.targetMinutes) : byTime;
    }

    function _peak(address token) internal view returns (uint256) {
        return _meters[token].peakNow() * _quantum(_books[token]);
    }

    function _quantum(Book storage book) internal view returns (uint256) {
        return 10 ** book.quantumExponent;
    }

    /// @dev Out rounds up, in rounds down. The edge int256.min has no positive counterpart.
    function _toQuanta(int256 flowUnits, uint256 quantum) internal pure returns (int256) {
        if (flowUnits >= 0) return int256(uint256(flowUnits).ceilDiv(quantum));
        return flowUnits == type(int256).min ? flowUnits / 2 : flowUnits / int256(quantum);
    }

    function _requireRegistered(address token) internal view {
        require(isRegistered(token), TokenNotRegistered(token));
    }

    function _requireAscending(uint256 lowest, uint256 low, uint256 high) internal pure {
        require(low >= lowest && low <= high, OutOfRange(low, lowest, high));
    }

    function _requireInRange(uint256 value, uint256 low, uint256 high) internal pure {
        require(value >= low && value <= high, OutOfRange(value, low, high));
    }
}
