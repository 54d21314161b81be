// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";
import {IDodoV2Pool, IDodoV2PublicPool} from "./IDodoV2Pool.sol";

/// @title What both kinds of Cantilever pool offer beyond the DODO V2 interface
/// @notice Proactive-market-maker pool with an anchor (fixed `i` or the XAU oracle), exact rounding against the trader, and a history
/// of the ratio mid / anchor that a swing inside one block cannot touch.
/// @dev Units: amounts are token base units; `anchor`, `i` and mid = quote units per base unit times 1e18; rates and ratios 1e18 = 1.
/// @dev Rounding: gross output <= exact (formulas of docs/spec.md in real numbers from the stored state) and >= exact - 1 unit; each
/// fee rounds up, so net >= exact net - 2 (- 3 with a maintainer fee).
interface IPmmPool is IDodoV2Pool, ICommonErrors {
    enum Kind {
        PUBLIC,
        PRIVATE
    }

    /// @dev FIXED: the anchor is the stored `i`. ORACLE: the anchor is the oracle's, and `i` is not used.
    enum Pricing {
        FIXED,
        ORACLE
    }

    /// @notice What all pools of one implementation share, immutable.
    struct Config {
        /// @dev Prices ORACLE pools; zero when only FIXED pools are wanted.
        address oracle;
        /// @dev Pays no fee in `swapBase` and `swapQuote`; may be zero.
        address stabilizer;
        /// @dev Receives the maintainer fee; may be zero when the rate is zero.
        address maintainer;
        /// @dev Maintainer fee on outputs, 1e18 = 1, at most 0.01e18.
        uint256 mtFeeRate;
        /// @dev Flash loan fee on borrowed amounts, 1e18 = 1, at most 0.01e18.
        uint256 flashFeeRate;
        /// @dev Seconds between `proposeParameters` and `applyParameters`, 1 hour .. 30 days.
        uint256 parameterDelay;
    }

    /// @notice Emitted when a block's first change moves the former block-end value into the ring.
    event HistoryWritten(uint32 indexed blockNumber, uint256 ratioWad);
    /// @notice Emitted when new parameters are announced; applicable from `readyAt` (unix seconds).
    event ParametersProposed(uint256 i, uint256 k, uint256 lpFeeRate, uint256 readyAt);
    event ParametersApplied(uint256 i, uint256 k, uint256 lpFeeRate);
    event ParametersCancelled();

    /// @notice Thrown by swaps of a pool without liquidity.
    error EmptyPool();
    /// @notice Thrown when the output would empty a reserve.
    error ReserveExhausted(uint256 amountOut, uint256 reserve);
    /// @notice Thrown when reserves would exceed what the pool can record.
    error ReserveOverflow(uint256 reserve);
    /// @notice Thrown when the repayment of a flash loan is short. Units: base units of the two tokens.
    error FlashLoanNotRepaid(uint256 baseShort, uint256 quoteShort);
    /// @notice Thrown when the history of `blockNumber` is not kept (before creation, older than the ring, or not ended yet).
    error HistoryUnavailable(uint256 blockNumber);
    /// @notice Thrown by an implementation contract, which is no pool, and by a second initialisation.
    error NotInitializable();
    /// @notice Thrown when a proposed parameter moves further than one step may.
    error StepTooLarge(uint256 current, uint256 proposed, uint256 maxStepWad);
    /// @notice Thrown when parameters are applied while the mid stands further from the anchor than one LP fee.
    error NotBalanced(uint256 ratioWad, uint256 lpFeeRate);

    /// @notice Sells exactly `baseIn`, pulled from `payer`; pays `to` at least `minQuoteOut` or reverts.
    /// @dev Public pools: `payer` must be the caller. Private pools: the caller must be allow-listed. Surplus tokens in the pool are
    /// never counted and never paid out. Reverts TransferMismatch for fee-on-transfer tokens.
    function swapBase(
        uint256 baseIn,
        uint256 minQuoteOut,
        address payer,
        address to,
        uint256 deadline
    ) external returns (uint256 quoteOut);

    /// @notice Sells exactly `quoteIn`; see `swapBase`.
    function swapQuote(
        uint256 quoteIn,
        uint256 minBaseOut,
        address payer,
        address to,
        uint256 deadline
    ) external returns (uint256 baseOut);

    function kind() external view returns (Kind);

    function pricing() external view returns (Pricing);

    function factory() external view returns (address);

    /// @notice The oracle whose anchor prices the pool; zero for FIXED.
    function oracle() external view returns (address);

    /// @notice The fee-exempt stabilizer, immutable since creation; may be zero.
    function stabilizer() external view returns (address);

    /// @notice Flash loan fee rate on each borrowed amount, rounded up, paid to the reserves.
    function flashFeeRate() external view returns (uint256);

    /// @notice The maintainer's fee rate on outputs.
    function mtFeeRate() external view returns (uint256);

    /// @notice Seconds between the announcement of parameters and their application.
    function parameterDelay() external view returns (uint256);

    /// @notice Announced parameters; `readyAt` 0 = none.
    function pendingParameters() external view returns (uint256 i, uint256 k, uint256 lpFeeRate, uint256 readyAt);

    /// @notice Called once by the factory in the transaction that creates the clone.
    /// @param owner_ Owner of a private pool; receiver of the first shares of a public one.
    /// @return shares minted for the funding; 0 for private and for empty pools.
    function initialize(
        uint256 i,
        uint256 k,
        uint256 lpFeeRate,
        address owner_,
        uint256 baseReserve,
        uint256 quoteReserve
    ) external returns (uint256 shares);

    /// @notice Anchors for a trader now: by the newest round and by the one before (equal outside the grace window).
    /// @dev `sellBase` is priced with the smaller, `sellQuote` with the larger; for the stabilizer always with the newest. Reverts when the
    /// oracle has doubts.
    function anchors() external view returns (uint256 anchorNew, uint256 anchorPrevious);

    /// @notice mid / anchor now, from the stored state at the newest anchor. 1e18 = at the anchor.
    function spotRatio() external view returns (uint256 ratioWad);

    /// @notice What must be sold to bring the mid back to the newest anchor in one trade by a fee-exempt seller.
    /// @return sellBase_ true: sell `amountIn` base; false: sell `amountIn` quote. Rounded down; 0 at the anchor.
    function amountToAnchor() external view returns (bool sellBase_, uint256 amountIn);

    /// @notice `recentBlockEnds(count)`, and the answers of `amountToAnchor` at the anchor the caller knows already: one call for the
    /// stabilizer, which has pulled the oracle a moment ago. FIXED pools use their own `i`.
    /// @return ratiosWad newest first.
    /// @return anchor used; 0, with nothing after it, when `oracleAnchor` is no anchor.
    /// @return sellBase_ see `amountToAnchor`.
    /// @return amountIn see `amountToAnchor`.
    function stabilizerView(
        uint256 count,
        uint256 oracleAnchor
    ) external view returns (uint256[] memory ratiosWad, uint256 anchor, bool sellBase_, uint256 amountIn);

    /// @notice Block-end ratios of the last `count` ended blocks, newest first (element 0 is block.number - 1).
    /// @dev Blocks without a change repeat the value before: no heartbeat, no poke. Bounded by the ring size.
    function recentBlockEnds(uint256 count) external view returns (uint256[] memory ratiosWad);

    /// @notice The ratio that the pool's last change recorded, at the anchor of that moment: in the same block the coming block-end,
    /// unless something changes still.
    function recordedRatio() external view returns (uint256 ratioWad);

    /// @notice Block-end ratio of one ended block.
    function blockEndRatio(uint256 blockNumber) external view returns (uint256 ratioWad);

    /// @notice Mean of the block-end ratios of the last `count` ended blocks, rounded down.
    function twapRatio(uint256 count) external view returns (uint256 ratioWad);

    /// @notice For how many consecutive ended blocks, at most `maxCount`, the block-end ratio has stood outside 1 +- `bandWad` on the
    /// side of the newest one.
    function blocksOutside(uint256 bandWad, uint256 maxCount) external view returns (uint256 count, bool above);

    /// @notice Announces new parameters (governance of the pool). Bounds and steps are checked here and again at `applyParameters`.
    function proposeParameters(uint256 i, uint256 k, uint256 lpFeeRate) external;

    /// @notice Applies announced parameters after the delay; anyone may call.
    function applyParameters() external;

    function cancelParameters() external;
}

/// @title Shares of public pools: DODO's transfer-first functions and pull-based ones
/// @notice Shares are ERC-20 with permit. The first 1001 shares of a pool are locked for ever.
interface IPmmPublicPool is IPmmPool, IDodoV2PublicPool {
    /// @notice Thrown when an amount of shares is below what is accepted (first mint, `minShares`).
    error SharesBelowMinimum(uint256 shares, uint256 minShares);
    /// @notice Thrown when shares would be paid out into the pool itself.
    error BadReceiver(address receiver);

    /// @notice Pulls both tokens from the caller in proportion to the reserves, at most `baseMax` and `quoteMax`, rounded up, and mints
    /// shares rounded down. The first funding takes both amounts whole.
    function addLiquidity(
        uint256 baseMax,
        uint256 quoteMax,
        uint256 minShares,
        address to,
        uint256 deadline
    ) external returns (uint256 shares, uint256 baseIn, uint256 quoteIn);

    /// @notice Burns the caller's shares for both reserves in proportion, rounded down. Reads no oracle.
    function removeLiquidity(
        uint256 shares,
        uint256 minBaseOut,
        uint256 minQuoteOut,
        address to,
        uint256 deadline
    ) external returns (uint256 baseOut, uint256 quoteOut);
}

/// @title Owner functions of private pools
interface IPmmPrivatePool is IPmmPool {
    event SetAllowed(address indexed trader, bool allowed);
    event Deposited(address indexed from, uint256 baseIn, uint256 quoteIn);
    event Withdrawn(address indexed to, uint256 baseOut, uint256 quoteOut);
    event OwnershipTransferPrepared(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Thrown when a caller is not on the private pool's allow-list.
    error NotAllowed(address caller);

    function _OWNER_() external view returns (address);

    function _NEW_OWNER_() external view returns (address);

    function transferOwnership(address newOwner) external;

    function claimOwnership() external;

    function isAllowed(address trader) external view returns (bool);

    function setAllowed(address trader, bool allowed) external;

    /// @notice Sells exactly `baseIn` that the caller had paid into the pool before, in the same transaction: pays at least
    /// `minQuoteOut`, like `swapBase`. Not DODO's `sellBase`: whatever lies in the pool beyond `baseIn` stays and is paid out to nobody.
    /// @dev Reverts TransferMismatch when less than `baseIn` lies beyond the recorded reserve. On the allow-list whoever is quicker may
    /// sell what another left here; the mesh, which pays and sells in one call, is alone on the lists of its pools.
    function swapReceivedBase(
        uint256 baseIn,
        uint256 minQuoteOut,
        address to,
        uint256 deadline
    ) external returns (uint256 quoteOut);

    /// @notice Owner pulls tokens in from `payer`. The ratio mid / anchor stays: the surplus over the target is scaled with the scarce
    /// reserve. With an empty side, or when that is impossible, the targets become the reserves (mid = anchor).
    function deposit(uint256 baseIn, uint256 quoteIn, address payer) external;

    /// @notice Owner takes tokens out; targets as in `deposit`. Reads no oracle.
    function withdraw(uint256 baseOut, uint256 quoteOut, address to) external;

    /// @notice Owner takes what lies in the pool beyond its recorded reserves, of any token.
    function retrieve(address to, address token, uint256 amount) external;
}
