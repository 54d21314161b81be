// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title XAUTriangulation
/// @notice Exchange rates by way of XAU: rate(A -> B) = rate(A -> XAU) * rate(XAU -> B).
/// @dev Let a and b be `priceInXau` of A and B, the oracle's prices rounded down to 18 digits after the point. Every function works on these
/// two, so that there and back never gains:
/// rateDown(A, B) <= a / b and rateDown(A, B) * rateDown(B, A) <= 1; convertDown(B, A, convertDown(A, B, x)) <= x.
/// @dev A price or rate below 1e9 (1e-9 of a unit) keeps fewer than nine digits and reverts; all others are within 1e-9 per rounding.
library XAUTriangulation {
    /// @notice Thrown when a price or rate keeps fewer than nine digits. 1e18 fixed point.
    error RateTooSmall(address fromToken, address toToken, uint256 rateWad);

    uint256 internal constant MIN_RATE_WAD = 1e9;
    uint256 private constant _WAD = 1e18;

    /// @notice Whole B per whole A, 1e18, rounded down at each of the three steps. A token is worth exactly one of itself.
    function rateDown(IXAUOracle oracle, address fromToken, address toToken) internal view returns (uint256 rateWad) {
        if (fromToken == toToken) return _WAD;
        (uint256 fromWad, uint256 toWad) = _pricesInXau(oracle, fromToken, toToken);
        uint256 xauToTokenWad = (_WAD * _WAD) / toWad;
        rateWad = Math.mulDiv(fromWad, xauToTokenWad, _WAD);
        require(
            xauToTokenWad >= MIN_RATE_WAD && rateWad >= MIN_RATE_WAD,
            RateTooSmall(fromToken, toToken, Math.min(xauToTokenWad, rateWad))
        );
    }

    /// @notice `amountUnits` of A in base units of B, rounded down once.
    /// @dev amount * a * 10^decimals(B) / (b * 10^decimals(A)).
    function convertDown(
        IXAUOracle oracle,
        address fromToken,
        address toToken,
        uint256 amountUnits
    ) internal view returns (uint256) {
        (uint256 fromWad, uint256 toWad) = _pricesInXau(oracle, fromToken, toToken);
        uint256 fromUnit = 10 ** IERC20Metadata(fromToken).decimals();
        uint256 toUnit = 10 ** IERC20Metadata(toToken).decimals();
        return Math.mulDiv(amountUnits, fromWad * toUnit, toWad * fromUnit);
    }

    function _pricesInXau(
        IXAUOracle oracle,
        address fromToken,
        address toToken
    ) private view returns (uint256 fromWad, uint256 toWad) {
        fromWad = oracle.priceInXau(fromToken);
        toWad = oracle.priceInXau(toToken);
        uint256 smaller = Math.min(fromWad, toWad);
        require(smaller >= MIN_RATE_WAD, RateTooSmall(fromToken, toToken, smaller));
    }
}
