// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {ISignedPriceFeed} from "../../../contracts/interfaces/ISignedPriceFeed.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";

/// @title PegAttacker
/// @notice Does in one transaction what a flash borrower could: swing a pool, try to make the stabilizer act in between, swing back.
contract PegAttacker {
    IStabilizer private immutable _stabilizer;
    /// @notice Executions that this contract brought about.
    uint256 public executions;
    /// @notice Those among them from inside a flash loan.
    uint256 public executionsInCallback;

    struct Report {
        ISignedPriceFeed feed;
        ISignedPriceFeed.Round round;
        bytes[] signatures;
    }

    constructor(IStabilizer stabilizer_) {
        _stabilizer = stabilizer_;
    }

    function approve(IPmmPool pool) external {
        IERC20(pool._BASE_TOKEN_()).approve(address(pool), type(uint256).max);
        IERC20(pool._QUOTE_TOKEN_()).approve(address(pool), type(uint256).max);
    }

    /// @notice Sells and keeps what it gets.
    function trade(IPmmPool pool, bool isBase, uint256 amountIn) public returns (uint256 amountOut) {
        return
            isBase
                ? pool.swapBase(amountIn, 0, address(this), address(this), block.timestamp)
                : pool.swapQuote(amountIn, 0, address(this), address(this), block.timestamp);
    }

    /// @notice Tries both directions and the batch, with as much as is allowed.
    function tryExecute(IPmmPool pool) public {
        (address base, address quote) = (pool._BASE_TOKEN_(), pool._QUOTE_TOKEN_());
        try _stabilizer.executePrivateSwap(type(uint128).max, base, quote) {
            ++executions;
        } catch {}
        try _stabilizer.executePrivateSwap(type(uint128).max, quote, base) {
            ++executions;
        } catch {}
        IStabilizer.Order[] memory orders = new IStabilizer.Order[](1);
        orders[0] = IStabilizer.Order(address(pool), type(uint128).max);
        executions += _stabilizer.executeBatch(orders);
    }

    /// @notice Out and back to the anchor, with an attempt before, between and after.
    function swing(IPmmPool pool, bool isBase, uint256 amountIn) external {
        tryExecute(pool);
        trade(pool, isBase, amountIn);
        tryExecute(pool);
        // The fee of each sale stays in the pool and keeps it a little off; a few more sales bring it back, the last one of a unit.
        for (uint256 count = 0; count < 12 && pool.spotRatio() != 1e18; ++count) {
            (bool sellBase, uint256 back) = pool.amountToAnchor();
            trade(pool, sellBase, back == 0 ? 1 : back);
        }
        tryExecute(pool);
    }

    /// @notice The same from inside a flash loan of the pool itself.
    function flashSwing(IPmmPool pool, uint256 baseAmount, uint256 quoteAmount) external {
        pool.flashLoan(baseAmount, quoteAmount, address(this), abi.encode(pool, baseAmount, quoteAmount));
        tryExecute(pool);
    }

    function DSPFlashLoanCall(address, uint256, uint256, bytes calldata data) external {
        (IPmmPool pool, uint256 baseAmount, uint256 quoteAmount) = abi.decode(data, (IPmmPool, uint256, uint256));
        uint256 before = executions;
        tryExecute(pool);
        executionsInCallback += executions - before;
        (address base, address quote) = (pool._BASE_TOKEN_(), pool._QUOTE_TOKEN_());
        IERC20(base).transfer(address(pool), baseAmount + _feeOf(pool, baseAmount));
        IERC20(quote).transfer(address(pool), quoteAmount + _feeOf(pool, quoteAmount));
    }

    function _feeOf(IPmmPool pool, uint256 amount) private view returns (uint256) {
        return (amount * pool.flashFeeRate() + 1e18 - 1) / 1e18;
    }

    /// @notice Trade, let the stabilizer act, trade back what it got: a sandwich in one transaction.
    function sandwich(IPmmPool pool, bool isBase, uint256 amountIn) external {
        uint256 got = trade(pool, isBase, amountIn);
        tryExecute(pool);
        trade(pool, !isBase, got);
    }

    /// @notice Trade, bring in a signed round, let the stabilizer act, trade back.
    function updateSandwich(IPmmPool pool, bool isBase, uint256 amountIn, Report[] calldata reports) external {
        uint256 got = trade(pool, isBase, amountIn);
        for (uint256 index = 0; index < reports.length; ++index) {
            reports[index].feed.submit(reports[index].round, reports[index].signatures);
        }
        tryExecute(pool);
        trade(pool, !isBase, got);
    }

    /// @notice Brings the price almost back, executes, and undoes it: the cooldown griefing of Curve's issue 47.
    function griefCooldown(IPmmPool pool, uint256 leave) external {
        (bool sellBase, uint256 amount) = pool.amountToAnchor();
        uint256 got = trade(pool, sellBase, amount - leave);
        tryExecute(pool);
        trade(pool, !sellBase, got);
    }
}
