// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Chainlink price feed interface
/// @dev Source: Chainlink data feeds documentation, AggregatorV3Interface.
interface IAggregatorV3 {
    function decimals() external view returns (uint8);

    function description() external view returns (string memory);

    function version() external view returns (uint256);

    /// @dev Reverts when the round is not known.
    function getRoundData(
        uint80 roundId
    ) external view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @dev Reverts when there is no round yet.
    function latestRoundData()
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
