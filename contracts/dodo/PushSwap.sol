// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IDodoV2Pool, IDodoV2PublicPool} from "../interfaces/IDodoV2Pool.sol";

/// @title One transfer-first trade with a minimum, and the matching quote
/// @dev DODO's `sell*` has neither minimum nor deadline and counts what lies in the pool beyond its reserves: transfer, call and check
/// happen here in one call. Surplus that others left in the pool goes to this caller, as DODO means it.
library PushSwap {
    using SafeERC20 for IERC20;

    /// @notice Moves `amountIn` from `payer` to the pool, trades, and counts what `to` received.
    /// @dev Warning: `payer` must be the caller of the contract that uses this.
    function swap(
        address pool,
        bool isSellBase,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minOut,
        address payer,
        address to
    ) internal returns (uint256 amountOut) {
        require(to != address(0) && to != pool, ICommonErrors.ZeroAddress());
        push(tokenIn, payer, pool, amountIn);
        uint256 before = IERC20(tokenOut).balanceOf(to);
        if (isSellBase) IDodoV2Pool(pool).sellBase(to);
        else IDodoV2Pool(pool).sellQuote(to);
        amountOut = IERC20(tokenOut).balanceOf(to) - before;
        require(amountOut >= minOut, ICommonErrors.OutputBelowMinimum(amountOut, minOut));
    }

    /// @notice Trades `amountIn` that this contract itself holds; the caller of this function measures what `to` received.
    /// @dev Surplus that others left in the pool is synced into its reserves first, so that it reaches its liquidity providers and not
    /// this trade. For DSP pools only: DPP pools have no `sync`.
    function sell(address pool, bool isSellBase, address tokenIn, uint256 amountIn, address to) internal {
        uint256 surplus = isSellBase ? IDodoV2Pool(pool).getBaseInput() : IDodoV2Pool(pool).getQuoteInput();
        if (surplus != 0) IDodoV2PublicPool(pool).sync();
        uint256 before = IERC20(tokenIn).balanceOf(pool);
        IERC20(tokenIn).safeTransfer(pool, amountIn);
        uint256 received = IERC20(tokenIn).balanceOf(pool) - before;
        require(received == amountIn, ICommonErrors.TransferMismatch(tokenIn, received, amountIn));
        if (isSellBase) IDodoV2Pool(pool).sellBase(to);
        else IDodoV2Pool(pool).sellQuote(to);
    }

    /// @notice Transfers exactly `amount` or reverts.
    function push(address token, address from, address to, uint256 amount) internal {
        require(amount > 0, ICommonErrors.ZeroAmount());
        uint256 before = IERC20(token).balanceOf(to);
        IERC20(token).safeTransferFrom(from, to, amount);
        uint256 received = IERC20(token).balanceOf(to) - before;
        require(received == amount, ICommonErrors.TransferMismatch(token, received, amount));
    }

    /// @notice Net output of a trade now, or false when the pool cannot answer.
    /// @dev DVM pools return two words, DSP and DPP four: only the first is decoded.
    function tryQuote(
        address pool,
        bool isSellBase,
        uint256 amountIn
    ) internal view returns (bool quoted, uint256 amountOut) {
        return tryQuoteFor(address(this), pool, isSellBase, amountIn);
    }

    /// @notice As `tryQuote`, for a trade that `trader` will make.
    function tryQuoteFor(
        address trader,
        address pool,
        bool isSellBase,
        uint256 amountIn
    ) internal view returns (bool quoted, uint256 amountOut) {
        bytes memory call =
            isSellBase
                ? abi.encodeCall(IDodoV2Pool.querySellBase, (trader, amountIn))
                : abi.encodeCall(IDodoV2Pool.querySellQuote, (trader, amountIn));
        bytes memory answer;
        (quoted, answer) = pool.staticcall(call);
        if (!quoted || answer.length < 64) return (false, 0);
        amountOut = abi.decode(answer, (uint256));
    }
}
