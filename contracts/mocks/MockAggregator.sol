// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title MockAggregator
/// @notice Chainlink-like feed with phases: round ids are `phase << 64 | n`, and an unknown round reverts as Chainlink's does.
contract MockAggregator is IAggregatorV3 {
    struct Round {
        int256 answer;
        uint256 updatedAt;
    }

    error NoDataPresent();

    uint8 public immutable decimals;
    // solhint-disable-next-line const-name-snakecase
    uint256 public constant version = 4;
    uint80 public latestId;
    mapping(uint80 id => Round) public rounds;

    constructor(uint8 decimals_) {
        decimals = decimals_;
        latestId = uint80(1) << 64;
    }

    function description() external pure returns (string memory) {
        return "mock / USD";
    }

    /// @notice Adds a round to the current phase.
    function push(int256 answer, uint256 updatedAt) external {
        rounds[++latestId] = Round(answer, updatedAt);
    }

    /// @notice Starts a new phase, whose first round has no round before.
    function nextPhase() external {
        latestId = ((latestId >> 64) + 1) << 64;
    }

    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = rounds[roundId];
        require(round.updatedAt != 0, NoDataPresent());
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(latestId);
    }
}
