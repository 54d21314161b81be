// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title Stands for a Chainlink price feed, the price source of lending markets
/// @notice For the local world only: whoever calls sets the price, and how old it is.
contract SettablePriceFeed is IAggregatorV3 {
    struct Round {
        int256 answer;
        uint256 updatedAt;
    }

    error NoDataPresent();

    uint8 public immutable decimals;
    // solhint-disable-next-line const-name-snakecase
    uint256 public constant version = 1;
    Round[] private _rounds;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    /// @param updatedAt Unix seconds; may be long ago.
    function set(int256 answer, uint256 updatedAt) external {
        _rounds.push(Round(answer, updatedAt));
    }

    /// @notice The newest answer, as consumers of the first interface read it: 0 when there is none.
    function latestAnswer() external view returns (int256) {
        return _rounds.length == 0 ? int256(0) : _rounds[_rounds.length - 1].answer;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(uint80(_rounds.length));
    }

    function description() external pure returns (string memory) {
        return "local price";
    }

    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        require(roundId != 0 && roundId <= _rounds.length, NoDataPresent());
        Round memory round = _rounds[roundId - 1];
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }
}
