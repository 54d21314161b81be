// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title ConfigBlob
/// @notice All tokens' configurations as one run of words, kept as the code of a data contract: one slot and one code read give a pool
/// both of its tokens, where storage would cost five cold slots per token.
/// @dev Entry of a token, `2 + feedCount` words:
/// head   token (160) | tokenDecimals (8) | minFeeds (8) | feedCount (8) | maxDisagreementBps (16), from the top
/// bounds maxPriceWad (128) | minPriceWad (128)
/// feed   source (160) | kind (8) | maxAgeSeconds (32) | decimals of the answer (8), from the top
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
        for (entry = start; entry < end; entry += entryBytes(entry)) {
            if (tokenOf(entry) == token) return entry;
        }
        return 0;
    }

    /// @notice The words of one token.
    /// @param feedDecimals decimals of each feed's answer, read from the feeds.
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
                feed.maxAgeSeconds,
                feedDecimals[i],
                bytes6(0)
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

    function entryBytes(uint256 entry) internal pure returns (uint256) {
        unchecked {
            return (2 + feedCountOf(entry)) << 5;
        }
    }

    function tokenOf(uint256 entry) internal pure returns (address) {
        return address(uint160(_word(entry) >> 96));
    }

    function tokenDecimalsOf(uint256 entry) internal pure returns (uint256) {
        return (_word(entry) >> 88) & 0xff;
    }

    function minFeedsOf(uint256 entry) internal pure returns (uint256) {
        return (_word(entry) >> 80) & 0xff;
    }

    function feedCountOf(uint256 entry) internal pure returns (uint256) {
        return (_word(entry) >> 72) & 0xff;
    }

    function maxDisagreementBpsOf(uint256 entry) internal pure returns (uint256) {
        return (_word(entry) >> 56) & 0xffff;
    }

    function boundsOf(uint256 entry) internal pure returns (uint256 minPriceWad, uint256 maxPriceWad) {
        uint256 word = _word(entry + 32);
        return (word & type(uint128).max, word >> 128);
    }

    function feedOf(
        uint256 entry,
        uint256 index
    )
        internal
        pure
        returns (address source, IXAUOracle.FeedKind kind, uint256 maxAgeSeconds, uint256 feedDecimals)
    {
        uint256 word;
        unchecked {
            word = _word(entry + 64 + (index << 5));
        }
        source = address(uint160(word >> 96));
        kind = IXAUOracle.FeedKind((word >> 88) & 0xff);
        maxAgeSeconds = (word >> 56) & 0xffffffff;
        feedDecimals = (word >> 48) & 0xff;
    }

    function _word(uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(position)
        }
    }
}
