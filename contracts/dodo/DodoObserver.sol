// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IDodoV2Pool, IDodoV2PublicPool} from "../interfaces/IDodoV2Pool.sol";
import {IDodoObserver} from "../interfaces/IDodoObserver.sol";

/// @title DodoObserver
/// @notice Keeps one mid per block of foreign DODO pools, written between transactions only.
/// @dev ROLES. Owner: pools and keepers. Keeper: observes from wherever it likes, so it must never be a contract that others can call.
/// Anyone else: only as the sender of the transaction itself, and without code (a delegated account could stand inside a flash loan and
/// still be the origin).
/// @dev PRICE SOURCES. The pool's `getMidPrice`, never its cumulative price. ROUNDING. Means round down.
/// @dev WHAT IT DOES NOT STOP. Whoever orders the transactions of a block can move the price, sample and move it back in three
/// transactions; it costs two fees in each block, and N blocks in a row are asked for. Our own pools need no observer.
/// @dev LIVENESS. A pool that reverts is passed over. HOW TO STOP IT. `removePool`; readers then revert.
contract DodoObserver is IDodoObserver, Ownable2Step {
    /// @notice Samples kept per pool.
    uint256 public constant RING_SIZE = 64;
    uint256 private constant WAD = 1e18;
    /// @dev For `sync` and for `getMidPrice`, so that one hostile pool cannot use up the gas of the others.
    uint256 private constant POOL_GAS = 300_000;

    struct Ring {
        /// @dev Samples ever started; the newest lies at (written - 1) % RING_SIZE.
        uint64 written;
        bool isRegistered;
        Sample[64] samples;
    }

    mapping(address pool => Ring ring) private _rings;
    /// @inheritdoc IDodoObserver
    mapping(address account => bool allowed) public isKeeper;

    constructor(address owner_) Ownable(owner_) {}

    // Owner

    /// @inheritdoc IDodoObserver
    function registerPool(address pool) external onlyOwner {
        require(pool.code.length > 0, NotAContract(pool));
        require(!_rings[pool].isRegistered, PoolAlreadyRegistered(pool));
        uint256 mid = IDodoV2Pool(pool).getMidPrice();
        require(mid > 0 && mid <= type(uint192).max, BadMid(pool, mid));
        _rings[pool].isRegistered = true;
        emit PoolRegistered(pool);
    }

    /// @inheritdoc IDodoObserver
    function removePool(address pool) external onlyOwner {
        require(_rings[pool].isRegistered, PoolNotRegistered(pool));
        // The samples go too: a pool that comes back starts without a past.
        delete _rings[pool].written;
        delete _rings[pool].isRegistered;
        emit PoolRemoved(pool);
    }

    /// @inheritdoc IDodoObserver
    function setKeeper(address keeper, bool allowed) external onlyOwner {
        require(keeper != address(0), ZeroAddress());
        isKeeper[keeper] = allowed;
        emit SetKeeper(keeper, allowed);
    }

    // Writing

    /// @inheritdoc IDodoObserver
    function observe(address[] calldata pools) external returns (uint256 observed) {
        require(_mayWrite(msg.sender), NotAuthorized(msg.sender));
        for (uint256 index = 0; index < pools.length; ++index) {
            address pool = pools[index];
            require(_rings[pool].isRegistered, PoolNotRegistered(pool));
            (bool ok, uint256 mid) = _sample(pool);
            if (!ok) {
                emit NotObserved(pool);
                continue;
            }
            _write(_rings[pool], mid);
            emit Observed(pool, block.number, mid);
            ++observed;
        }
    }

    // Reading

    /// @inheritdoc IDodoObserver
    function recentSamples(
        address pool,
        uint256 count,
        uint256 maxSpanBlocks
    ) public view returns (Sample[] memory samples) {
        Ring storage ring = _rings[pool];
        require(ring.isRegistered, PoolNotRegistered(pool));
        require(count > 0 && count < RING_SIZE, OutOfRange(count, 1, RING_SIZE - 1));
        samples = new Sample[](count);
        uint256 cursor = ring.written;
        // The sample of a block that has not ended may still be replaced.
        if (cursor > 0 && ring.samples[(cursor - 1) % RING_SIZE].blockNumber == block.number) --cursor;
        uint256 oldest = block.number > maxSpanBlocks ? block.number - maxSpanBlocks : 0;
        for (uint256 index = 0; index < count; ++index) {
            require(cursor > 0, NotEnoughSamples(pool, index, count));
            --cursor;
            Sample memory sample = ring.samples[cursor % RING_SIZE];
            require(sample.blockNumber >= oldest, NotEnoughSamples(pool, index, count));
            samples[index] = sample;
        }
    }

    /// @inheritdoc IDodoObserver
    function samplesOutside(
        address pool,
        uint256 anchor,
        uint256 bandWad,
        uint256 maxCount,
        uint256 maxSpanBlocks
    ) external view returns (uint256 count, bool above) {
        require(anchor > 0, ZeroAmount());
        Sample[] memory samples = recentSamples(pool, maxCount, maxSpanBlocks);
        above = samples[0].mid > anchor;
        uint256 upper = Math.mulDiv(anchor, WAD + bandWad, WAD, Math.Rounding.Ceil);
        uint256 lower = Math.mulDiv(anchor, Math.saturatingSub(WAD, bandWad), WAD);
        while (count < maxCount && (above ? samples[count].mid > upper : samples[count].mid < lower)) ++count;
    }

    /// @inheritdoc IDodoObserver
    function averageMid(address pool, uint256 count, uint256 maxSpanBlocks) external view returns (uint256 mid) {
        Sample[] memory samples = recentSamples(pool, count, maxSpanBlocks);
        for (uint256 index = 0; index < count; ++index) mid += samples[index].mid;
        mid /= count;
    }

    /// @inheritdoc IDodoObserver
    function isRegistered(address pool) external view returns (bool) {
        return _rings[pool].isRegistered;
    }

    // Internal

    function _mayWrite(address caller) internal view returns (bool) {
        // solhint-disable-next-line avoid-tx-origin
        return isKeeper[caller] || (caller == tx.origin && caller.code.length == 0);
    }

    /// @dev DSP and DVM pools are synced first, so that a donation shows in the mid and not only in the balance; DPP pools have no
    /// `sync`, and its failure changes nothing.
    function _sample(address pool) internal returns (bool ok, uint256 mid) {
        bytes memory answer;
        (ok, ) = pool.call{gas: POOL_GAS}(abi.encodeCall(IDodoV2PublicPool.sync, ()));
        (ok, answer) = pool.staticcall{gas: POOL_GAS}(abi.encodeCall(IDodoV2Pool.getMidPrice, ()));
        if (!ok || answer.length < 32) return (false, 0);
        mid = abi.decode(answer, (uint256));
        ok = mid > 0 && mid <= type(uint192).max;
    }

    function _write(Ring storage ring, uint256 mid) internal {
        uint256 written = ring.written;
        bool sameBlock = written > 0 && ring.samples[(written - 1) % RING_SIZE].blockNumber == block.number;
        uint256 slot = sameBlock ? written - 1 : written;
        ring.samples[slot % RING_SIZE] = Sample(uint32(block.number), uint32(block.timestamp), uint192(mid));
        if (!sameBlock) ring.written = uint64(written + 1);
    }
}
