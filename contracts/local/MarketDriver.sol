// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";

/// @title Carries a block's trades of the local market in one transaction, and reads pools in one call
/// @notice For the simulator and the local world only; refused outside localhost. A trade that reverts is reported and left out.
/// @dev ROLES: traders approve this contract; only the operator, fixed at construction, may make it trade for them.
contract MarketDriver is ICommonErrors {
    using SafeERC20 for IERC20;

    struct Trade {
        IPmmPool pool;
        bool sellBase;
        uint128 amountIn;
        address trader;
    }

    /// @dev What the block left behind. `ratioWad` and anchors are 0 while the oracle has doubts. `recordedRatioWad` is what the pool's
    /// history holds for its newest block-end: the ratio behind the last trade, which later rounds do not change.
    struct PoolState {
        uint256 ratioWad;
        uint256 anchorNew;
        uint256 anchorPrevious;
        uint256 baseReserve;
        uint256 quoteReserve;
        uint256 baseTarget;
        uint256 quoteTarget;
        uint256 rState;
        uint256 recordedRatioWad;
    }

    /// @notice What the trades left behind, one state per pool asked for.
    event Observed(PoolState[] states);
    event TradeFailed(address indexed pool, uint256 indexed tradeIndex, bytes4 reason);

    address public immutable operator;

    constructor(address operator_) {
        require(operator_ != address(0), ZeroAddress());
        operator = operator_;
    }

    /// @notice Makes the trades in order, then reads `observed` in the same transaction: with no later transaction in the block that is
    /// the block's end.
    function run(Trade[] calldata trades, IPmmPool[] calldata observed) external {
        require(msg.sender == operator, NotAuthorized(msg.sender));
        for (uint256 i = 0; i < trades.length; ++i) {
            try this.trade(trades[i]) {} catch (bytes memory reason) {
                // forge-lint: disable-next-line(unsafe-typecast)
                emit TradeFailed(address(trades[i].pool), i, bytes4(reason));
            }
        }
        emit Observed(_readAll(observed));
    }

    /// @dev One trade in its own call frame, so that its failure undoes the transfer as well.
    function trade(Trade calldata order) external {
        require(msg.sender == address(this), NotAuthorized(msg.sender));
        IPmmPool pool = order.pool;
        if (order.sellBase) {
            IERC20(pool._BASE_TOKEN_()).safeTransferFrom(order.trader, address(pool), order.amountIn);
            pool.sellBase(order.trader);
        } else {
            IERC20(pool._QUOTE_TOKEN_()).safeTransferFrom(order.trader, address(pool), order.amountIn);
            pool.sellQuote(order.trader);
        }
    }

    function read(IPmmPool[] calldata pools) external view returns (PoolState[] memory states) {
        return _readAll(pools);
    }

    function _readAll(IPmmPool[] calldata pools) private view returns (PoolState[] memory states) {
        states = new PoolState[](pools.length);
        for (uint256 i = 0; i < pools.length; ++i) {
            states[i] = _read(pools[i]);
        }
    }

    function _read(IPmmPool pool) private view returns (PoolState memory state) {
        (state.baseReserve, state.quoteReserve) = pool.getVaultReserve();
        state.baseTarget = pool._BASE_TARGET_();
        state.quoteTarget = pool._QUOTE_TARGET_();
        state.rState = pool._RState_();
        state.recordedRatioWad = pool.recordedRatio();
        try pool.anchors() returns (uint256 anchorNew, uint256 anchorPrevious) {
            state.anchorNew = anchorNew;
            state.anchorPrevious = anchorPrevious;
        } catch {
            return state; // the oracle has doubts: no anchor, no ratio
        }
        try pool.spotRatio() returns (uint256 ratioWad) {
            state.ratioWad = ratioWad;
        } catch {
            state.ratioWad = 0;
        }
    }
}
