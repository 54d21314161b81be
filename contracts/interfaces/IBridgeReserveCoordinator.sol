// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IGuardianPause} from "./IGuardianPause.sol";
import {IPegManager} from "./IPegManager.sol";

/// @title Who a bridge tells what moves
interface IBridgeBook {
    /// @notice The bridge, before tokens leave; reverts when they must not.
    function recordSend(address token, uint256 amountUnits) external;

    /// @notice The bridge, after tokens arrived. @param latencySeconds from the source's block, or the end of a
    /// hold after it, to this one; 0 for what waited here.
    function recordDelivery(address token, uint256 amountUnits, uint256 latencySeconds) external;

    /// @notice The bridge, after what was sent came back.
    function recordRefund(address token, uint256 amountUnits) external;
}

/// @title Holds bucket D to the rule BridgeReserve >= PeakBridgeOutflow * Latency, per token
/// @notice The peak is the decaying maximum of what left net in a minute; the latency that of the messages that arrived. A send that would
/// break the rule is refused: it is a discretionary outflow. Deliveries and refunds are never gated.
/// @dev Units: token base units, seconds. required = peak per minute * latency / 60, rounded up.
interface IBridgeReserveCoordinator is IBridgeBook, IGuardianPause {
    struct Sizing {
        /// @dev Peak, base units per minute: never below `minPeakUnits`; rises at most so much per hour; halves in so many seconds.
        uint128 minPeakUnits;
        uint128 maxRiseUnitsPerHour;
        uint32 halfLifeSeconds;
        /// @dev Latency in seconds: measured, kept in these bounds, and the same half-life.
        uint32 minLatencySeconds;
        uint32 maxLatencySeconds;
        /// @dev Between two triggers, and between two rebalancings.
        uint32 cooldownSeconds;
        /// @dev What a rebalancing moves at most.
        uint128 maxRebalanceUnits;
    }

    struct LaneState {
        uint256 reserveUnits;
        uint256 requiredUnits;
        uint256 peakUnitsPerMinute;
        uint256 latencySeconds;
        uint256 inFlightUnits;
        IPegManager.State peg;
        uint256 triggerReadyAt;
        uint256 rebalanceReadyAt;
    }

    event SetSizing(address indexed token, Sizing sizing);
    event SetKeeper(address indexed keeper, bool active);
    event SetRoute(address indexed adapter, uint256 remoteChainId, address remoteCoordinator);
    /// @notice Emitted when a flow, positive = out, found the last minute's above the peak and raised it.
    event PeakMeasured(address indexed token, int256 flowUnits, uint256 peakUnitsPerMinute);
    /// @notice Emitted when a message raised the latency.
    event LatencyMeasured(address indexed token, uint256 measuredSeconds, uint256 latencySeconds);
    /// @notice The reserve is below what is required: whoever runs a keeper knows what to do. At most once per cooldown.
    event RebalancingTriggered(
        address indexed token,
        uint256 reserveUnits,
        uint256 requiredUnits,
        uint256 inFlightUnits
    );
    /// @notice Surplus of bucket D left for the coordinator of the other chain.
    event Rebalanced(address indexed token, uint256 amountUnits, bytes32 indexed messageId);
    /// @notice What arrived for this contract became part of bucket D.
    event Absorbed(address indexed token, uint256 amountUnits);

    error LaneNotSized(address token);
    /// @notice Thrown when a send would leave less than what is required.
    error ReserveTooLow(address token, uint256 reserveUnits, uint256 requiredUnits);
    error PegHalted(address token);
    error NothingToRebalance(address token, uint256 surplusUnits);
    error InconsistentSizing();
    /// @notice Thrown while no adapter is named that carries this token to the other chain.
    error NoRoute(address token);
    /// @notice Thrown when the adapter wants its fee in something else than the token that it carries.
    error FeeNotInToken(address feeToken);

    function state(address token) external view returns (LaneState memory);

    function requiredUnits(address token) external view returns (uint256);

    /// @notice What bucket D asks: below the requirement it is low, and twice as much is its target. Above that is surplus.
    function levels(address token) external view returns (uint256 lowUnits, uint256 targetUnits);

    /// @notice Bucket D of this token.
    function reserveUnits(address token) external view returns (uint256);

    /// @notice The largest send that would not be refused now; 0 while the peg is HALTED, the largest uint256 where no send is too large, as
    /// where it burns.
    function sendableUnits(address token) external view returns (uint256);

    /// @notice Anyone: emits RebalancingTriggered when it is due. @return triggered whether it was.
    function check(address token) external returns (bool triggered);

    /// @notice Keepers: sends surplus of D to the coordinator of the other chain: what lies above the target of `ICapitalBuckets.levels`. At
    /// least half of what could be sent, so that no dust starts the cooldown.
    function rebalance(address token, uint256 amountUnits, uint256 maxFeeUnits) external returns (bytes32 messageId);

    /// @notice Anyone: makes what arrived here part of bucket D.
    function absorb(address token) external returns (uint256 amountUnits);

    function sizing(address token) external view returns (Sizing memory);

    /// @notice Owner only.
    function setSizing(address token, Sizing calldata sizing_) external;

    /// @notice Owner only.
    function setKeeper(address keeper, bool active) external;

    /// @notice Owner only. What carries a rebalancing, and who gets it there. Zero adapter = none.
    function setRoute(address adapter, uint256 remoteChainId, address remoteCoordinator) external;

    function route() external view returns (address adapter, uint256 remoteChainId, address remoteCoordinator);

    function isKeeper(address account) external view returns (bool);
}
