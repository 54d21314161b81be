// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Mid prices of foreign DODO pools, one sample per block
/// @dev DODO's own cumulative price can be stamped inside one transaction and must not be used. Here a sample is taken between
/// transactions: by a keeper, or by a call that an account without code sent itself, so that no flash loan is open around it. Of
/// several samples in a block the last one counts; a sample can be read once its block has ended.
interface IDodoObserver is ICommonErrors {
    struct Sample {
        uint32 blockNumber;
        uint32 timestamp;
        /// @dev DODO's mid: quote base units per base base-unit times 1e18.
        uint192 mid;
    }

    event PoolRegistered(address indexed pool);
    event PoolRemoved(address indexed pool);
    event SetKeeper(address indexed keeper, bool allowed);
    event Observed(address indexed pool, uint256 blockNumber, uint256 mid);
    /// @notice Emitted by `observe` for a pool that was left out.
    event NotObserved(address indexed pool);

    error PoolNotRegistered(address pool);
    error PoolAlreadyRegistered(address pool);
    /// @notice Thrown when fewer samples than asked are kept, or the newest `count` reach further back than `maxSpanBlocks`.
    error NotEnoughSamples(address pool, uint256 available, uint256 required);
    /// @notice Thrown when a mid is 0 or does not fit a sample.
    error BadMid(address pool, uint256 mid);

    /// @notice Takes a sample of each pool. A pool that cannot answer is passed over with an event.
    function observe(address[] calldata pools) external returns (uint256 observed);

    /// @notice The newest `count` samples of ended blocks, newest first, each of another block.
    /// @param maxSpanBlocks the oldest of them must be of block.number - maxSpanBlocks or later.
    function recentSamples(
        address pool,
        uint256 count,
        uint256 maxSpanBlocks
    ) external view returns (Sample[] memory samples);

    /// @notice In how many of the newest samples in a row, at most `maxCount`, the mid stood outside `anchor` * (1 +- bandWad), all on
    /// the side of the newest.
    function samplesOutside(
        address pool,
        uint256 anchor,
        uint256 bandWad,
        uint256 maxCount,
        uint256 maxSpanBlocks
    ) external view returns (uint256 count, bool above);

    /// @notice Mean of the newest `count` samples, rounded down.
    function averageMid(address pool, uint256 count, uint256 maxSpanBlocks) external view returns (uint256 mid);

    function isRegistered(address pool) external view returns (bool);

    function isKeeper(address account) external view returns (bool);

    /// @notice Owner only.
    function registerPool(address pool) external;

    /// @notice Owner only.
    function removePool(address pool) external;

    /// @notice Owner only.
    function setKeeper(address keeper, bool allowed) external;
}
