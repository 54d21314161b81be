// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title How large the reserve of each token must be, from measured outflow, and which outflows have to wait
/// @notice required(tier) = P * T * m for FLOOR, WARN and POLICY; TARGET = max(POLICY, P * q). P is the decaying maximum of the net outflow
/// per rolling minute (contracts/reserve/OutflowMeter.sol), T the time to replenish.
/// @dev Units: amounts are base units of the token, P base units per minute, T seconds, m bps (10,000 = 1), q minutes. Requirements round
/// up, reserves and ratios round down.
/// @dev The floor is a gate for discretionary outflows only. Redemptions are recorded and never refused.
interface IReserveSystem is ICommonErrors {
    /// @notice The highest tier whose requirement the reserve meets.
    enum Tier {
        BREACHED,
        FLOOR,
        WARN,
        POLICY,
        TARGET
    }

    /// @notice What governance can never leave, fixed when a token is registered.
    struct Bounds {
        uint128 minPeakLow;
        uint128 minPeakHigh;
        uint128 maxRiseLow;
        uint128 maxRiseHigh;
        uint24 replenishLow;
        uint24 replenishHigh;
    }

    struct Sizing {
        /// @dev P never falls below it. Base units per minute.
        uint128 minPeakUnits;
        /// @dev P never rises by more in any hour. Base units per minute.
        uint128 maxRiseUnitsPerHour;
        /// @dev P halves in this time without new peaks.
        uint32 halfLifeSeconds;
        /// @dev T.
        uint24 replenishSeconds;
        /// @dev m of the three tiers: 0 < floor <= warn <= policy.
        uint24 floorBps;
        uint24 warnBps;
        uint24 policyBps;
        /// @dev q of TARGET.
        uint16 targetMinutes;
    }

    struct State {
        uint256 reserveUnits;
        uint256 recordedReserveUnits;
        uint256 peakUnits;
        int256 windowUnits;
        uint256 requiredFloorUnits;
        uint256 requiredWarnUnits;
        uint256 requiredPolicyUnits;
        uint256 requiredTargetUnits;
        /// @dev Reserve / required(FLOOR), 1e18 = 1.
        uint256 ratioWad;
        uint256 replenishSeconds;
        /// @dev How long the reserve lasts at P.
        uint256 secondsToExhaustion;
        Tier tier;
    }

    event RegisterToken(address indexed token, Bounds bounds);
    event SetSizing(address indexed token, Sizing sizing);
    event SetReporter(address indexed token, address indexed reporter, bool active);
    /// @notice Emitted for each recorded flow (positive = out) with the state after it.
    event FlowRecorded(
        address indexed token,
        address indexed reporter,
        int256 flowUnits,
        uint256 reserveUnits,
        uint256 peakUnits
    );
    event TierChanged(address indexed token, Tier from, Tier to, uint256 reserveUnits, uint256 requiredFloorUnits);

    error TokenNotRegistered(address token);
    error TokenAlreadyRegistered(address token);
    /// @notice Thrown when the multipliers of the tiers are not in ascending order, or the first is 0.
    error TiersOutOfOrder(uint256 floorBps, uint256 warnBps, uint256 policyBps);
    /// @notice Thrown when a discretionary outflow would leave less than required(FLOOR). Base units.
    error FloorBreached(address token, uint256 reserveAfter, uint256 required);
    /// @notice Thrown when one reporter more than `maximum` would be registered for a token.
    error TooManyReporters(uint256 maximum);

    /// @notice Reporters only; a call by anybody else changes nothing and does not revert, so that no setting here can stop a redemption.
    /// @param flowUnits what left the reserve (positive) or came in (negative); 0 reports a changed holding without a flow.
    /// @param reserveUnitsAfter what the reporter holds against outflows of `token` now.
    /// @return counted whether the caller is a reporter of the token.
    function record(address token, int256 flowUnits, uint256 reserveUnitsAfter) external returns (bool counted);

    /// @notice Reverts when a discretionary outflow of `amountUnits` would break the floor, at the P that the outflow would cause.
    function checkOutflow(address token, uint256 amountUnits) external view;

    /// @notice An amount for which `checkOutflow` passes; at most one that the reserve holds above the floor.
    function spendable(address token) external view returns (uint256 amountUnits);

    /// @notice Anyone: emits TierChanged when P has decayed into another tier.
    function refreshTier(address token) external returns (Tier);

    function state(address token) external view returns (State memory);

    /// @notice What all reporters hold now, asked of each.
    function reserveUnits(address token) external view returns (uint256);

    /// @notice The sum of what the reporters said last.
    function recordedReserveUnits(address token) external view returns (uint256);

    /// @notice P, base units per minute.
    function peakUnits(address token) external view returns (uint256);

    /// @notice Net outflow of the last 60 seconds; negative when more came in.
    function windowUnits(address token) external view returns (int256);

    function required(address token, Tier tier) external view returns (uint256);

    function tokens() external view returns (address[] memory);

    function reporters(address token) external view returns (address[] memory);

    function sizing(address token) external view returns (Sizing memory);

    function bounds(address token) external view returns (Bounds memory);

    function isRegistered(address token) external view returns (bool);

    /// @notice Owner only, once per token.
    function registerToken(address token, Bounds calldata bounds_, Sizing calldata sizing_) external;

    /// @notice Owner only, inside the token's bounds. P goes on from where it stands.
    function setSizing(address token, Sizing calldata sizing_) external;

    /// @notice Owner only. A new reporter is asked for its holding; a removed one no longer counts.
    function setReporter(address token, address reporter, bool active) external;
}
