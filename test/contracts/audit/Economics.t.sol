// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPmmPool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IDodoV2PublicPool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {AttackBase} from "./AttackBase.t.sol";

/// @title One attacker, thirty random steps over several blocks, valued at the oracle
/// @notice What the attacker earns by acting (everything but the feeds' moves on what he holds) is never positive, and the
/// stabilizer's inventory never falls at the prices of the moment (STAB-16, POOL-2, POOL-8).
contract EconomicsTest is AttackBase {
    uint256 private constant STEPS = 30;
    /// @dev Rounding of the test's own valuation, XAU wei per step.
    uint256 private constant DUST = 100;

    uint256 private _state;
    /// @dev XAU wei: what acting brought, and what feed moves added to prizes that lay open.
    int256 private _earned;
    uint256 private _allowed;
    uint256 private _done;
    mapping(address token => uint256 blockNumber) private _reportedIn;

    function testFuzz_attackerEarnsNothingByActing(uint256 seed) public {
        _state = seed;
        vm.txGasPrice(100e9);
        for (uint256 step = 0; step < STEPS; ++step) {
            if (_roll(4) == 0) skipBlocks(1 + _roll(4));
            newTransaction();
            if (_roll(5) == 0 && _moveFeed()) continue;
            uint256 before = wealth();
            uint256 inventoryBefore = inventoryValue();
            _act(_roll(11), publicPools[_roll(4)]);
            assertGe(inventoryValue() + DUST, inventoryBefore, "inventory");
            _earned += int256(wealth()) - int256(before);
        }
        // Outside every window: take every prize that is left, with the true fee.
        skipBlocks(GRACE);
        newTransaction();
        uint256 start = wealth();
        for (uint256 index = 0; index < 4; ++index) _close(publicPools[index]);
        _earned += int256(wealth()) - int256(start);
        assertLe(_earned, int256(_allowed + DUST * STEPS), "earned by acting");
        vm.assume(_done > 3);
    }

    function _act(uint256 action, IPmmPool pool) private {
        (M1Token base, M1Token quote) = tokensOf(pool);
        bool isBase = _roll(2) == 0;
        M1Token token = isBase ? base : quote;
        uint256 amount = _amount(token);
        if (_lacks(token, amount)) return;
        if (action <= 2) {
            swap(pool, isBase, amount);
        } else if (action == 3) {
            _close(pool);
        } else if (action == 4) {
            (uint256 baseReserve, uint256 quoteReserve) = pool.getVaultReserve();
            uint256 loan = (isBase ? baseReserve : quoteReserve) / (1 + _roll(10));
            borrower.borrow(pool, isBase ? loan : 0, isBase ? 0 : loan, false, 0);
        } else if (action == 5) {
            _swapByLoan(pool, isBase, amount);
        } else if (action == 6) {
            (uint256 baseReserve, uint256 quoteReserve) = pool.getVaultReserve();
            uint256 part = 1 + _roll(100);
            if (_lacks(base, (baseReserve * part) / 50 + 2) || _lacks(quote, (quoteReserve * part) / 50 + 2)) return;
            vm.prank(attacker);
            IPmmPublicPool(address(pool)).addLiquidity(
                (baseReserve * part) / 50 + 2,
                (quoteReserve * part) / 50 + 2,
                0,
                attacker,
                vm.getBlockTimestamp()
            );
        } else if (action == 7) {
            uint256 shares = IERC20(address(pool)).balanceOf(attacker);
            if (shares == 0) return;
            vm.prank(attacker);
            IPmmPublicPool(address(pool)).removeLiquidity(
                _roll(2) == 0 ? shares : 1 + _roll(shares),
                0,
                0,
                attacker,
                vm.getBlockTimestamp()
            );
        } else if (action == 8) {
            vm.prank(attacker);
            token.transfer(address(pool), _roll(3) == 0 ? 1 : amount / 1000 + 1);
            if (_roll(2) == 0) IDodoV2PublicPool(address(pool)).sync();
            else if (isBase) pool.sellBase(attacker);
            else pool.sellQuote(attacker);
        } else if (action == 9) {
            address to = _roll(2) == 0 ? address(stabilizer) : mesh.poolOf(address(cUSDT));
            vm.prank(attacker);
            cUSDT.transfer(to, 1 + _roll(1000));
        } else {
            IStabilizer.Order[] memory orders = new IStabilizer.Order[](4);
            for (uint256 index = 0; index < 4; ++index) {
                orders[index] = IStabilizer.Order(address(publicPools[index]), type(uint128).max);
            }
            vm.prank(attacker);
            _done += stabilizer.executeBatch(orders);
        }
        ++_done;
    }

    /// @dev Borrows the output of a sale and repays with the input: an implicit swap.
    function _swapByLoan(IPmmPool pool, bool isBase, uint256 amount) private {
        uint256 out;
        if (isBase) (out, , , ) = pool.querySellBase(address(borrower), amount);
        else (out, , , ) = pool.querySellQuote(address(borrower), amount);
        uint256 loan = (out * (1e18 - 2 * pool.flashFeeRate())) / 1e18;
        if (loan < 10) return;
        borrower.borrow(pool, isBase ? 0 : loan, isBase ? loan : 0, true, amount);
    }

    function _close(IPmmPool pool) private {
        (bool sellBase, uint256 amountIn) = pool.amountToAnchor();
        (M1Token base, M1Token quote) = tokensOf(pool);
        if (amountIn > 10 && !_lacks(sellBase ? base : quote, amountIn)) swap(pool, sellBase, amountIn);
    }

    /// @dev One token by at most 5 bps. The prizes that lie open change by twice the move of the pair at most; twice that is allowed.
    function _moveFeed() private returns (bool) {
        M1Token token = allTokens[_roll(4)];
        if (_reportedIn[address(token)] + GRACE > vm.getBlockNumber()) return false;
        uint256 answer = answerOf[address(token)];
        uint256 step = _roll(answer / 2000 + 1);
        _allowed += (prize() * 4) / 1000;
        report(token, uint72(_roll(2) == 0 ? answer + step : answer - step));
        _reportedIn[address(token)] = vm.getBlockNumber();
        newTransaction();
        return true;
    }

    /// @dev One unit to 400,000 USD, all magnitudes alike.
    function _amount(M1Token token) private returns (uint256) {
        uint256 most = unitsOfUsd(token, 400_000);
        return (most >> _roll(20)) / (1 + _roll(9)) + 10;
    }

    function _lacks(M1Token token, uint256 amount) private view returns (bool) {
        return token.balanceOf(attacker) < amount || token.balanceOf(address(borrower)) < amount;
    }

    function _roll(uint256 sides) private returns (uint256) {
        _state = uint256(keccak256(abi.encode(_state)));
        return _state % sides;
    }
}
