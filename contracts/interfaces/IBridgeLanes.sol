// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Books and limits of tokens that leave and arrive
/// @notice LOCK: what leaves is kept here, what arrives is paid out of it. MINT: what leaves is burned, what arrives is minted, and no more
/// is burned than was minted. So, per token and pair of chains: minted there - burned there <= locked here, in flight included.
interface IBridgeLanes is ICommonErrors {
    /// @notice The order is ABI: append only.
    enum Mode {
        NONE,
        LOCK,
        MINT
    }

    /// @notice Gross limits: each direction has a bucket of its own, and refunds have one with the limits of departures. Base units, and base
    /// units per second.
    struct Limits {
        uint128 outCapacity;
        uint128 outRefillPerSecond;
        uint128 inCapacity;
        uint128 inRefillPerSecond;
        /// @dev Smallest amount that may be sent, > 0.
        uint128 minUnits;
    }

    /// @notice What has moved in all; none of them ever falls.
    struct Book {
        uint128 sentUnits;
        uint128 refundedUnits;
        uint128 paidUnits;
        /// @dev Of what was sent, what the other side said it had paid.
        uint128 acknowledgedUnits;
    }

    event AddLane(address indexed token, Mode mode);
    event SetLimits(address indexed token, Limits limits);

    error UnknownToken(address token);
    error LaneExists(address token);
    error OutboundLimit(address token, uint256 amountUnits, uint256 available);
    error InboundLimit(address token, uint256 amountUnits, uint256 available);
    error RefundLimit(address token, uint256 amountUnits, uint256 available);
    /// @notice Thrown when more would be released than is locked, or burned than was minted.
    error BookExceeded(address token, uint256 amountUnits, uint256 bookUnits);
    /// @notice Thrown when a caller leaves too little gas for what must not fail for want of it.
    error GasTooLow(uint256 gasLeft, uint256 required);

    function mode(address token) external view returns (Mode);

    function book(address token) external view returns (Book memory);

    /// @notice LOCK: what is locked for the other side. MINT: what was minted and not burned again.
    function bookUnits(address token) external view returns (uint256);

    /// @notice Upper bound of what was sent and neither arrived nor was refunded; exact after the other side's next message.
    function inFlightUnits(address token) external view returns (uint256);

    function limits(address token) external view returns (Limits memory);

    /// @notice What may leave, and arrive, now.
    function outAvailable(address token) external view returns (uint256);

    function inAvailable(address token) external view returns (uint256);

    /// @notice What may come back now to who sent it.
    function refundAvailable(address token) external view returns (uint256);

    /// @notice Of what comes back: the highest limits that departures ever had here.
    function refundLimits(address token) external view returns (uint256 capacityUnits, uint256 refillPerSecond);

    function tokens() external view returns (address[] memory);

    /// @notice Owner only, once per token: its mode never changes.
    function addLane(address token, Mode mode_, Limits calldata limits_) external;

    /// @notice Owner only.
    function setLimits(address token, Limits calldata limits_) external;
}
