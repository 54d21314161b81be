// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IStabilizerLimits} from "./IStabilizerLimits.sol";

/// @title Everything a keeper must know about every registered pool, in one call
/// @notice Read only, holds nothing, has no roles. One unreadable pool never hides the others: it is reported as unreadable.
/// @dev Evaluate it in the context of the block the keeper wants to act in (`pending`, or a block-number override): block ends and the
/// cooldown depend on `block.number`, and many nodes run an eth_call on `latest` with the number of the block that has already ended.
/// `Snapshot.blockNumber` says which block the answer is for.
/// @dev Units: amounts are token base units, anchors quote units per base unit times 1e18, ratios and deviations 1e18 = 1.
interface IPegLens {
    struct PoolView {
        address pool;
        /// @dev False: nothing below but `failure` is meaningful.
        bool readable;
        /// @dev Selector of the error that made the pool unreadable; 0 when it failed without data.
        bytes4 failure;
        /// @dev Selector of the error of `anchors()` (the oracle's doubt); 0 when the anchor is known.
        bytes4 anchorFailure;
        address baseToken;
        address quoteToken;
        uint256 baseReserve;
        uint256 quoteReserve;
        /// @dev Both 0 while the oracle has doubts.
        uint256 anchorNew;
        uint256 anchorPrevious;
        /// @dev 0 when it cannot be computed (oracle in doubt, empty pool).
        uint256 spotRatioWad;
        /// @dev Newest first: element 0 is the end of block `blockNumber - 1`. Empty when the history is not available.
        uint256[] blockEndRatiosWad;
        /// @dev Configuration that explains the answer (IStabilizerLimits.PoolConfig).
        uint256 thresholdWad;
        uint256 fastThresholdWad;
        uint256 confirmations;
        uint256 minBlocks;
        uint256 rewardShareWad;
        /// @dev Value of `allowance.maxAmountIn` in XAU wei at the oracle; 0 when unknown or nothing is allowed.
        uint256 maxAmountInXauWei;
        IStabilizerLimits.Allowance allowance;
    }

    struct Snapshot {
        /// @dev The block the answer holds for, its timestamp, and its parent (0 where the node does not tell).
        uint256 blockNumber;
        uint256 timestamp;
        bytes32 parentHash;
        uint256 maxGasPriceWei;
        uint256 globalCapXauWei;
        /// @dev Value of one whole native coin, XAU wei: what gas costs, as rewards count it. 0 = no rewards.
        uint256 nativePriceXauWei;
        PoolView[] pools;
    }

    function limits() external view returns (IStabilizerLimits);

    /// @notice Reads every pool registered with the limits contract.
    /// @param blockEnds How many block ends to return for each pool; 0 for none.
    /// @dev Reverts only when the limits contract itself cannot be read.
    function snapshot(uint256 blockEnds) external view returns (Snapshot memory);

    /// @notice One pool. Reverts when the pool or the limits contract does.
    function poolView(address pool, uint256 blockEnds) external view returns (PoolView memory);
}
