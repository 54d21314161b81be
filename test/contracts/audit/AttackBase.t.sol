// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDodoV2Pool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {StabilizerBase} from "../stabilizer/StabilizerBase.t.sol";

/// @notice Put in the oracle's place for one call, it empties the oracle's transient copies: what the end of a transaction does.
contract TransientEraser {
    function erase(address[4] calldata tokens) external {
        for (uint256 index = 0; index < 4; ++index) {
            address token = tokens[index];
            assembly ("memory-safe") {
                tstore(token, 0)
            }
        }
    }
}

/// @notice Borrows and repays exactly, or keeps the loan and pays with the other token.
contract Borrower {
    bool private _payOther;
    uint256 private _payment;

    function borrow(IPmmPool pool, uint256 baseAmount, uint256 quoteAmount, bool payOther, uint256 payment) external {
        (_payOther, _payment) = (payOther, payment);
        pool.flashLoan(baseAmount, quoteAmount, address(this), "x");
    }

    function send(IERC20 token, address to, uint256 amount) external {
        token.transfer(to, amount);
    }

    function DSPFlashLoanCall(address, uint256 baseAmount, uint256 quoteAmount, bytes calldata) external {
        IPmmPool pool = IPmmPool(msg.sender);
        IERC20 base = IERC20(pool._BASE_TOKEN_());
        IERC20 quote = IERC20(pool._QUOTE_TOKEN_());
        if (_payOther) {
            if (baseAmount != 0) quote.transfer(msg.sender, _payment);
            else base.transfer(msg.sender, _payment);
            return;
        }
        uint256 rate = pool.flashFeeRate();
        if (baseAmount != 0) base.transfer(msg.sender, baseAmount + (baseAmount * rate + 1e18 - 1) / 1e18);
        if (quoteAmount != 0) quote.transfer(msg.sender, quoteAmount + (quoteAmount * rate + 1e18 - 1) / 1e18);
    }
}

/// @title AttackBase
/// @notice One attacker with a fortune in every token, and what he is worth at the oracle's newest answers.
abstract contract AttackBase is StabilizerBase {
    uint256 internal constant FORTUNE_USD = 20_000_000;

    Borrower internal borrower;
    IPmmPool[4] internal publicPools;
    M1Token[4] internal allTokens;
    TransientEraser private _eraser;

    function setUp() public virtual override {
        super.setUp();
        borrower = new Borrower();
        _eraser = new TransientEraser();
        publicPools = [stablePool, xauPool, xauUsdcPool, xauEurPool];
        allTokens = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 index = 0; index < 4; ++index) {
            M1Token token = allTokens[index];
            mint(token, attacker, unitsOfUsd(token, FORTUNE_USD));
            mint(token, address(borrower), unitsOfUsd(token, FORTUNE_USD));
            vm.startPrank(attacker);
            for (uint256 pool = 0; pool < 4; ++pool) token.approve(address(publicPools[pool]), type(uint256).max);
            vm.stopPrank();
        }
    }

    /// @dev A test is one transaction for the machine; what follows this call belongs to another one.
    function newTransaction() internal {
        bytes memory code = address(oracle).code;
        vm.etch(address(oracle), address(_eraser).code);
        TransientEraser(address(oracle)).erase([address(xau), address(cUSDT), address(cUSDC), address(cEURT)]);
        vm.etch(address(oracle), code);
    }

    function swap(IPmmPool pool, bool isBase, uint256 amountIn) internal returns (uint256 amountOut) {
        vm.prank(attacker);
        return
            isBase
                ? pool.swapBase(amountIn, 0, attacker, attacker, vm.getBlockTimestamp())
                : pool.swapQuote(amountIn, 0, attacker, attacker, vm.getBlockTimestamp());
    }

    function tokensOf(IPmmPool pool) internal view returns (M1Token base, M1Token quote) {
        return (M1Token(pool._BASE_TOKEN_()), M1Token(pool._QUOTE_TOKEN_()));
    }

    /// @dev Balances of attacker and borrower and the attacker's part of every pool, XAU wei at the newest answers.
    function wealth() internal view returns (uint256 value) {
        for (uint256 index = 0; index < 4; ++index) {
            M1Token token = allTokens[index];
            value += valueXau(token, token.balanceOf(attacker) + token.balanceOf(address(borrower)));
        }
        for (uint256 index = 0; index < 4; ++index) {
            IPmmPool pool = publicPools[index];
            uint256 shares = IERC20(address(pool)).balanceOf(attacker);
            if (shares == 0) continue;
            uint256 supply = IERC20(address(pool)).totalSupply();
            (M1Token base, M1Token quote) = tokensOf(pool);
            (uint256 baseReserve, uint256 quoteReserve) = pool.getVaultReserve();
            value +=
                valueXau(base, (baseReserve * shares) / supply) + valueXau(quote, (quoteReserve * shares) / supply);
        }
    }

    /// @dev What closing all deviations without a fee would bring, XAU wei.
    function prize() internal view returns (uint256 value) {
        for (uint256 index = 0; index < 4; ++index) {
            IPmmPool pool = publicPools[index];
            (bool sellBase, uint256 amountIn) = pool.amountToAnchor();
            if (amountIn == 0) continue;
            (M1Token base, M1Token quote) = tokensOf(pool);
            if (!sellBase) (base, quote) = (quote, base);
            uint256 amountOut;
            if (sellBase) (amountOut, , , ) = IDodoV2Pool(pool).querySellBase(address(stabilizer), amountIn);
            else (amountOut, , , ) = IDodoV2Pool(pool).querySellQuote(address(stabilizer), amountIn);
            uint256 valueIn = valueXau(base, amountIn);
            uint256 valueOut = valueXau(quote, amountOut);
            if (valueOut > valueIn) value += valueOut - valueIn;
        }
    }
}
