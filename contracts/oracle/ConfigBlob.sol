// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title ConfigBlob
/// @notice All tokens' configurations as one run of words, kept as the code of a data contract: one slot and one code read give a pool
/// both of its tokens, where storage would cost five cold slots per token.
/// @dev Entry of a token, `2 + feedCount` words:
/// head   token (160) | tokenDecimals (8) | minFeeds (8) | feedCount (8) | maxDisagreementBps (16), from the top
/// bounds maxPriceWad (128) | minPriceWad (128)
/// feed   source (160) | kind (8) | maxAgeSeconds (24) | 10^(18 - decimals of the answer) (64), from the top
/// @dev The code of the data contract begins with STOP, so a call to it does nothing.
library ConfigBlob {
    /// @dev Thrown when the data contract could not be created. Only lack of gas can cause it.
    error DataNotWritten();

    /// @notice Creates the data contract.
    function write(bytes memory blob) internal returns (address data) {
        // PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: returns what follows these ten bytes.
        bytes memory creationCode = abi.encodePacked(
            hex"61",
            uint16(blob.length + 1),
            hex"80600a3d393df3",
            hex"00",
            blob
        );
        assembly ("memory-safe") {
            data := create(0, add(creationCode, 32), mload(creationCode))
        }
        require(data != address(0), DataNotWritten());
    }

    /// @notice Copies the words into memory and returns where they begin and end.
    function load(address data) internal view returns (uint256 start, uint256 end) {
        if (data == address(0)) return (0, 0);
        assembly ("memory-safe") {
            let size := sub(extcodesize(data), 1)
            start := mload(0x40)
            end := add(start, size)
            mstore(0x40, end)
            extcodecopy(data, start, 1, size)
        }
    }

    /// @notice Position of the token's entry, or 0.
    function find(uint256 start, uint256 end, address token) internal pure returns (uint256 entry) {
        assembly ("memory-safe") {
            let wanted := shl(96, token)
            for {
                let at := start
            } lt(at, end) {} {
                let head := mload(at)
                if iszero(shl(96, shr(96, xor(head, wanted)))) {
                    entry := at
                    break
                }
                at := add(at, shl(5, add(2, and(shr(72, head), 0xff))))
            }
        }
    }

    /// @notice The words of one token.
    /// @param feedDecimals decimals of each feed's answer, read from the feeds, at most 18. Ages are below 2^24 seconds.
    function encode(
        address token,
        IXAUOracle.TokenConfig calldata config,
        uint8[] memory feedDecimals
    ) internal pure returns (bytes memory words) {
        uint256 count = config.feeds.length;
        words = abi.encodePacked(
            token,
            config.tokenDecimals,
            config.minFeeds,
            uint8(count),
            config.maxDisagreementBps,
            bytes7(0),
            config.maxPriceWad,
            config.minPriceWad
        );
        for (uint256 i = 0; i < count; ++i) {
            IXAUOracle.Feed calldata feed = config.feeds[i];
            words = abi.encodePacked(
                words,
                feed.source,
                uint8(feed.kind),
                uint24(feed.maxAgeSeconds),
                uint64(10 ** (18 - feedDecimals[i]))
            );
        }
    }

    /// @notice Copy of an entry's words.
    function copy(uint256 entry) internal pure returns (bytes memory words) {
        uint256 size = entryBytes(entry);
        words = new bytes(size);
        assembly ("memory-safe") {
            mcopy(add(words, 32), entry, size)
        }
    }

    // --- Parts of an entry ---

    function entryBytes(uint256 entry) internal pure returns (uint256) {
        unchecked {
            return (2 + feedCountOf(headOf(entry))) << 5;
        }
    }

    function headOf(uint256 entry) internal pure returns (uint256) {
        return wordAt(entry);
    }

    function boundsOf(uint256 entry) internal pure returns (uint256 minPriceWad, uint256 maxPriceWad) {
        uint256 word = wordAt(entry + 32);
        return (word & type(uint128).max, word >> 128);
    }

    function feedOf(uint256 entry, uint256 index) internal pure returns (uint256) {
        unchecked {
            return wordAt(entry + 64 + (index << 5));
        }
    }

    // --- Fields of a head ---

    function tokenOf(uint256 head) internal pure returns (address) {
        return address(uint160(head >> 96));
    }

    function tokenDecimalsOf(uint256 head) internal pure returns (uint256) {
        return (head >> 88) & 0xff;
    }

    function minFeedsOf(uint256 head) internal pure returns (uint256) {
        return (head >> 80) & 0xff;
    }

    function feedCountOf(uint256 head) internal pure returns (uint256) {
        return (head >> 72) & 0xff;
    }

    function maxDisagreementBpsOf(uint256 head) internal pure returns (uint256) {
        return (head >> 56) & 0xffff;
    }

    // --- Fields of a feed ---

    function sourceOf(uint256 feed) internal pure returns (address) {
        return address(uint160(feed >> 96));
    }

    function kindOf(uint256 feed) internal pure returns (uint256) {
        return (feed >> 88) & 0xff;
    }

    function maxAgeSecondsOf(uint256 feed) internal pure returns (uint256) {
        return (feed >> 64) & 0xffffff;
    }

    /// @notice What an answer is multiplied with to have 18 decimals.
    function unitOf(uint256 feed) internal pure returns (uint256) {
        return feed & type(uint64).max;
    }

    function wordAt(uint256 position) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(position)
        }
    }
}
