// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title PoolWords
/// @notice The four packed storage words of a pool. One word is read and written as a whole, once per swap.
/// @dev reserves: base 112 | quote 112 | R 8 | ring index 16        (bits from the low end)
/// @dev targets:  base 112 | quote 112
/// @dev head:     ratio 80 | block 32 | timestamp 32 | cumulative 112  (ring entries are former heads)
/// @dev params:   i 120 | k 64 | lpFeeRate 64
library PoolWords {
    uint256 private constant MASK_16 = type(uint16).max;
    uint256 private constant MASK_32 = type(uint32).max;
    uint256 private constant MASK_64 = type(uint64).max;
    uint256 private constant MASK_80 = type(uint80).max;
    uint256 private constant MASK_112 = type(uint112).max;
    uint256 private constant MASK_120 = type(uint120).max;

    /// @dev Callers guarantee that each part fits.
    function packReserves(uint256 base, uint256 quote, uint256 r, uint256 index) internal pure returns (uint256) {
        return base | (quote << 112) | (r << 224) | (index << 232);
    }

    function packTargets(uint256 base, uint256 quote) internal pure returns (uint256) {
        return base | (quote << 112);
    }

    function packHead(
        uint256 ratio,
        uint256 blockNumber,
        uint256 timestamp,
        uint256 cumulative
    ) internal pure returns (uint256) {
        return ratio | ((blockNumber & MASK_32) << 80) | ((timestamp & MASK_32) << 112) | (cumulative << 144);
    }

    function packParams(uint256 i, uint256 k, uint256 lpFeeRate) internal pure returns (uint256) {
        return i | (k << 120) | (lpFeeRate << 184);
    }

    /// @dev Base of reserves and of targets.
    function baseOf(uint256 word) internal pure returns (uint256) {
        return word & MASK_112;
    }

    /// @dev Quote of reserves and of targets.
    function quoteOf(uint256 word) internal pure returns (uint256) {
        return (word >> 112) & MASK_112;
    }

    function rOf(uint256 reserves) internal pure returns (uint8) {
        return uint8(reserves >> 224);
    }

    function indexOf(uint256 reserves) internal pure returns (uint256) {
        return (reserves >> 232) & MASK_16;
    }

    function ratioOf(uint256 head) internal pure returns (uint256) {
        return head & MASK_80;
    }

    function withRatio(uint256 head, uint256 ratio) internal pure returns (uint256) {
        return (head & ~MASK_80) | ratio;
    }

    function blockOf(uint256 head) internal pure returns (uint256) {
        return (head >> 80) & MASK_32;
    }

    function timestampOf(uint256 head) internal pure returns (uint256) {
        return (head >> 112) & MASK_32;
    }

    function cumulativeOf(uint256 head) internal pure returns (uint256) {
        return head >> 144;
    }

    function iOf(uint256 params) internal pure returns (uint256) {
        return params & MASK_120;
    }

    function kOf(uint256 params) internal pure returns (uint256) {
        return (params >> 120) & MASK_64;
    }

    function lpFeeRateOf(uint256 params) internal pure returns (uint256) {
        return params >> 184;
    }
}
