// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IDODOPMMIntegration} from "../interfaces/IDODOPMMIntegration.sol";
import {IDodoV2Registry} from "../interfaces/IDodoV2Periphery.sol";

/// @title What a DODO pool must be before Cantilever touches it
library PoolChecks {
    uint256 internal constant WAD = 1e18;
    /// @notice 0.1 bps: a fee of zero lets rounding, and a reserve near zero, be drained.
    uint256 internal constant MIN_LP_FEE_RATE = 1e13;
    /// @notice 1 %. DODO itself accepts more than 100 % and then reverts every trade.
    uint256 internal constant MAX_LP_FEE_RATE = 0.01e18;
    uint256 internal constant MIN_K = 1e14;
    /// @notice Just below 1e18 DODO's integer arithmetic pays half a token for one wei.
    uint256 internal constant MAX_K = 0.999e18;
    /// @notice Digits that `i`, and DODO's floor(1e36 / i), must keep.
    uint256 internal constant MIN_ANCHOR = 1e9;
    uint256 internal constant MAX_ANCHOR = 1e27; // 1e36 / MIN_ANCHOR

    /// @dev Code of an EIP-1167 clone around its target's address.
    bytes10 private constant CLONE_HEAD = 0x363d3d373d3d3d363d73;
    bytes15 private constant CLONE_TAIL = 0x5af43d82803e903d91602b57fd5bf3;

    /// @notice Refuses fee rates and curvatures outside the accepted ranges.
    function requireRates(uint256 lpFeeRate, uint256 k) internal pure {
        require(
            lpFeeRate >= MIN_LP_FEE_RATE && lpFeeRate <= MAX_LP_FEE_RATE,
            ICommonErrors.OutOfRange(lpFeeRate, MIN_LP_FEE_RATE, MAX_LP_FEE_RATE)
        );
        require(k >= MIN_K && k <= MAX_K, ICommonErrors.OutOfRange(k, MIN_K, MAX_K));
    }

    /// @notice Refuses an anchor that keeps too few digits in either direction.
    function requireOrientation(address baseToken, address quoteToken, uint256 anchor) internal pure {
        require(
            anchor >= MIN_ANCHOR && anchor <= MAX_ANCHOR,
            IDODOPMMIntegration.UnsafeOrientation(baseToken, quoteToken, anchor, MIN_ANCHOR)
        );
    }

    /// @notice price * 10^(18 + quoteDecimals - baseDecimals) / 10^18, rounded down.
    function anchorOf(address baseToken, address quoteToken, uint256 priceWad) internal view returns (uint256) {
        uint256 baseUnit = 10 ** IERC20Metadata(baseToken).decimals();
        uint256 quoteUnit = 10 ** IERC20Metadata(quoteToken).decimals();
        return Math.mulDiv(priceWad, quoteUnit, baseUnit);
    }

    /// @notice The contract that an EIP-1167 clone delegates to, or zero for any other code.
    function cloneTarget(address account) internal view returns (address target) {
        bytes memory code = account.code;
        if (code.length != 45) return address(0);
        bytes32 first;
        bytes32 second;
        assembly ("memory-safe") {
            first := mload(add(code, 32))
            second := mload(add(code, 62)) // bytes 30 .. 44 of the code, then what follows it
        }
        if (bytes10(first) != CLONE_HEAD || bytes15(second) != CLONE_TAIL) return address(0);
        return address(bytes20(first << 80));
    }

    /// @notice Whether the registry lists the pool under the pair, in either order.
    function isListed(
        address registry,
        address baseToken,
        address quoteToken,
        address pool
    ) internal view returns (bool) {
        (address[] memory forward, address[] memory backward) = IDodoV2Registry(registry).getDODOPoolBidirection(
            baseToken,
            quoteToken
        );
        return _contains(forward, pool) || _contains(backward, pool);
    }

    function _contains(address[] memory list, address item) private pure returns (bool) {
        for (uint256 index = 0; index < list.length; ++index) {
            if (list[index] == item) return true;
        }
        return false;
    }
}
