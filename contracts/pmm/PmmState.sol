// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {PmmMath} from "./PmmMath.sol";
import {PoolWords} from "./PoolWords.sol";

/// @title PmmState
/// @notice Storage, clone arguments, re-entrancy lock, anchor and block-end history of a pool.
abstract contract PmmState is IPmmPool {
    using PoolWords for uint256;

    /// @dev Blocks for which a block-end ratio is kept: one ring slot per changed block, so never fewer.
    uint256 internal constant RING_SIZE = 128;
    /// @dev Most blocks that one call averages or lists.
    uint256 internal constant MAX_BLOCK_COUNT = 64;
    uint256 internal constant MAX_ANCHOR = 1e36;
    uint256 internal constant WAD = 1e18;
    uint256 internal constant MAX_SHARED_FEE_RATE = 0.01e18;

    /// @dev Offset of the arguments in the code of an OpenZeppelin clone, and their length:
    /// base 20 | quote 20 | factory 20 | flags 1 (bit 0: ORACLE pricing, bit 1: isOpenTWAP).
    uint256 private constant ARGS_OFFSET = 0x2d;
    uint256 private constant ARGS_LENGTH = 61;

    address private immutable _implementation;
    address public immutable override oracle;
    address public immutable override stabilizer;
    address public immutable override _MAINTAINER_;
    uint256 public immutable override mtFeeRate;
    uint256 public immutable override flashFeeRate;
    uint256 public immutable override parameterDelay;

    // Storage. Layout of the words: PoolWords.
    uint256 internal _reserves;
    uint256 internal _head;
    uint256 internal _targets;
    uint256 internal _params;
    uint256[RING_SIZE] private _ring;
    /// @dev Keeps DODO's cumulative price continuous over changes of `i`: wad price seconds, modulo 2^256.
    uint256 internal _cumulativeOffset;

    bool private transient _locked;

    /// @dev Refuses re-entrance, and work on the implementation itself, whose arguments are not arguments.
    modifier lock() {
        _enter();
        _;
        _locked = false;
    }

    /// @dev A view that must not be read while a call is in progress (read-only re-entrancy).
    modifier settled() {
        require(!_locked, Reentrant());
        _;
    }

    constructor(Config memory config) {
        require(config.mtFeeRate <= MAX_SHARED_FEE_RATE, OutOfRange(config.mtFeeRate, 0, MAX_SHARED_FEE_RATE));
        require(config.flashFeeRate <= MAX_SHARED_FEE_RATE, OutOfRange(config.flashFeeRate, 0, MAX_SHARED_FEE_RATE));
        require(config.mtFeeRate == 0 || config.maintainer != address(0), ZeroAddress());
        require(
            config.parameterDelay >= 1 hours && config.parameterDelay <= 30 days,
            OutOfRange(config.parameterDelay, 1 hours, 30 days)
        );
        _implementation = address(this);
        oracle = config.oracle;
        stabilizer = config.stabilizer;
        _MAINTAINER_ = config.maintainer;
        mtFeeRate = config.mtFeeRate;
        flashFeeRate = config.flashFeeRate;
        parameterDelay = config.parameterDelay;
    }

    function _enter() private {
        require(!_locked, Reentrant());
        require(address(this) != _implementation, NotInitializable());
        _locked = true;
    }

    // ---- Clone arguments

    function _tokens() internal view returns (address base, address quote) {
        (base, quote, , ) = _args();
    }

    function _isOracle() internal view returns (bool) {
        (, , , uint256 flags) = _args();
        return flags & 1 != 0;
    }

    function _args() internal view returns (address base, address quote, address factory_, uint256 flags) {
        assembly ("memory-safe") {
            // 61 bytes fit the scratch space (0x00 .. 0x3f).
            extcodecopy(address(), 0, ARGS_OFFSET, ARGS_LENGTH)
            base := shr(96, mload(0))
            quote := shr(96, mload(20))
            factory_ := shr(96, mload(40))
            flags := byte(0, mload(60))
        }
    }

    // ---- Anchor and curve

    /// @dev Newest and previous anchor for views. Only ORACLE pools store no `i`.
    function _readAnchors() internal view returns (uint256 anchorNew, uint256 anchorPrevious) {
        anchorNew = _params.iOf();
        if (anchorNew != 0) return (anchorNew, anchorNew);
        (address base, address quote) = _tokens();
        (anchorNew, anchorPrevious) = IXAUOracle(oracle).anchors(base, quote);
        _checkAnchors(anchorNew, anchorPrevious);
    }

    /// @dev The same for state-changing calls, where the oracle may keep the price for the rest of the transaction.
    function _pullAnchors(uint256 params) internal returns (uint256 anchorNew, uint256 anchorPrevious) {
        anchorNew = params.iOf();
        if (anchorNew != 0) return (anchorNew, anchorNew);
        (address base, address quote) = _tokens();
        (anchorNew, anchorPrevious) = IXAUOracle(oracle).pullAnchors(base, quote);
        _checkAnchors(anchorNew, anchorPrevious);
    }

    function _checkAnchors(uint256 anchorNew, uint256 anchorPrevious) private pure {
        require(anchorNew != 0 && anchorNew <= MAX_ANCHOR, OutOfRange(anchorNew, 1, MAX_ANCHOR));
        require(anchorPrevious != 0 && anchorPrevious <= MAX_ANCHOR, OutOfRange(anchorPrevious, 1, MAX_ANCHOR));
    }

    /// @dev What a trader gets: sales of base at the smaller anchor, sales of quote at the larger.
    function _traderAnchor(bool isSellBase, uint256 anchorNew, uint256 anchorPrevious) internal pure returns (uint256) {
        return (anchorNew < anchorPrevious) == isSellBase ? anchorNew : anchorPrevious;
    }

    function _state(
        uint256 anchor,
        uint256 k,
        uint256 reserves,
        uint256 targets
    ) internal pure returns (PmmMath.State memory state) {
        (state.anchor, state.k) = (anchor, k);
        _unpack(state, reserves, targets);
    }

    function _unpack(PmmMath.State memory state, uint256 reserves, uint256 targets) internal pure {
        (state.base, state.quote, state.r) = (reserves.baseOf(), reserves.quoteOf(), reserves.rOf());
        (state.baseTarget, state.quoteTarget) = (targets.baseOf(), targets.quoteOf());
    }

    /// @dev Stored state at the newest anchor. An empty pool has no anchor to ask for: everything but k is zero.
    function _viewState() internal view returns (PmmMath.State memory) {
        uint256 reserves = _reserves;
        (uint256 anchor, ) = _readAnchors();
        return _state(anchor, _params.kOf(), reserves, _targets);
    }

    // ---- History

    /// @dev Public pools always do.
    function _keepsHistory() internal view virtual returns (bool) {
        return true;
    }

    /// @dev Starts the history. Call once.
    function _startHistory() internal {
        _head = PoolWords.packHead(WAD, block.number, block.timestamp, 0);
    }

    /// @dev Makes `ratio` the value of this block's end. A block's first change moves the former head, with its value, into the ring.
    /// @return The ring index to store.
    function _record(uint256 ratio, uint256 index) internal returns (uint256) {
        unchecked {
            uint256 head = _head;
            uint256 lastBlock = head.blockOf();
            if (lastBlock == block.number) {
                _head = head.withRatio(ratio);
                return index;
            }
            _ring[index] = head;
            emit HistoryWritten(uint32(lastBlock), head.ratioOf());
            // ratio < 2^80 and seconds < 2^32: the sum stays below 2^112 until the 32-bit clock wraps.
            uint256 elapsed = uint32(block.timestamp - head.timestampOf());
            uint256 cumulative = head.cumulativeOf() + head.ratioOf() * elapsed;
            _head = PoolWords.packHead(ratio, block.number, block.timestamp, cumulative);
            return (index + 1) % RING_SIZE;
        }
    }

    /// @inheritdoc IPmmPool
    function recentBlockEnds(uint256 count) public view settled returns (uint256[] memory) {
        return _recentBlockEnds(count, _reserves);
    }

    function _recentBlockEnds(uint256 count, uint256 reserves) internal view returns (uint256[] memory ratiosWad) {
        require(count != 0 && count <= MAX_BLOCK_COUNT, OutOfRange(count, 1, MAX_BLOCK_COUNT));
        require(_keepsHistory(), HistoryUnavailable(block.number - 1));
        ratiosWad = new uint256[](count);
        uint256 cursor = _head;
        uint256 index = reserves.indexOf();
        uint256 blockNumber = block.number;
        unchecked {
            for (uint256 j = 0; j < count; ++j) {
                --blockNumber; // below 0 only before block 64; no head is that old then, and `_seek` finds the end of the history
                if (cursor.blockOf() > blockNumber) (cursor, index) = _seek(cursor, index, blockNumber);
                ratiosWad[j] = cursor.ratioOf();
            }
        }
    }

    /// @inheritdoc IPmmPool
    function recordedRatio() external view settled returns (uint256 ratioWad) {
        require(_keepsHistory(), HistoryUnavailable(block.number));
        return _head.ratioOf();
    }

    /// @inheritdoc IPmmPool
    function blockEndRatio(uint256 blockNumber) public view settled returns (uint256 ratioWad) {
        // The bound makes the answer independent of how many of the kept blocks had a change.
        require(
            blockNumber < block.number && block.number - blockNumber <= RING_SIZE && _keepsHistory(),
            HistoryUnavailable(blockNumber)
        );
        return _blockEnd(blockNumber);
    }

    function _blockEnd(uint256 blockNumber) internal view returns (uint256) {
        (uint256 cursor, ) = _seek(_head, _reserves.indexOf(), blockNumber);
        return cursor.ratioOf();
    }

    /// @inheritdoc IPmmPool
    function twapRatio(uint256 count) external view returns (uint256 ratioWad) {
        uint256[] memory ratios = recentBlockEnds(count);
        for (uint256 j = 0; j < count; ++j) ratioWad += ratios[j];
        ratioWad /= count;
    }

    /// @inheritdoc IPmmPool
    function blocksOutside(
        uint256 bandWad,
        uint256 maxCount
    ) external view settled returns (uint256 count, bool above) {
        require(maxCount != 0 && maxCount <= MAX_BLOCK_COUNT, OutOfRange(maxCount, 1, MAX_BLOCK_COUNT));
        uint256 cursor = _head;
        uint256 index = _reserves.indexOf();
        for (; count < maxCount; ++count) {
            while (cursor.blockOf() >= block.number - count) {
                index = (index + RING_SIZE - 1) % RING_SIZE;
                cursor = _ring[index];
                if (cursor == 0) return (count, above); // before creation
            }
            uint256 ratio = cursor.ratioOf();
            if (count == 0) above = ratio > WAD;
            if (above ? ratio <= WAD + bandWad : ratio + bandWad >= WAD) break;
        }
    }

    /// @dev Walks back from `cursor` to the last change at or before the end of `blockNumber`. `index` is the slot after `cursor`'s
    /// predecessor. Callers ask for the last RING_SIZE blocks only, so that no overwritten slot is met.
    function _seek(uint256 cursor, uint256 index, uint256 blockNumber) private view returns (uint256, uint256) {
        while (cursor.blockOf() > blockNumber) {
            index = (index + RING_SIZE - 1) % RING_SIZE;
            cursor = _ring[index];
            require(cursor != 0, HistoryUnavailable(blockNumber));
        }
        return (cursor, index);
    }
}
