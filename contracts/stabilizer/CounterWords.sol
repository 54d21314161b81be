// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title CounterWords
/// @notice The two packed words of counters that an execution changes. Each is read and written as a whole, once: the compiler would
/// write a struct field by field.
/// @dev usage: lastExecutionBlock 32 | bucketBlock 32 | bucketLevelXauWei 72 | rewardDay 16 | rewardSpentQuanta 40 | settingsId 62 | peg 2
/// @dev meter: blockNumber 32 | pausedUntil 32 | volumeXauWei 80                                       (bits from the low end)
library CounterWords {
    /// @dev Of a pair of tokens; what it has used outlives the registration of its pool. `settingsId`: SettingsStore's nonce, 0 = no pool
    /// is registered. `peg`: the worse of the two tokens' peg states (IPegManager.State). Memory only.
    struct Usage {
        uint256 lastExecutionBlock;
        uint256 bucketBlock;
        uint256 bucketLevelXauWei;
        uint256 rewardDay;
        uint256 rewardSpentQuanta;
        uint256 settingsId;
        uint256 peg;
    }

    /// @dev Of all pools. Volume counts for `blockNumber` only. Memory only.
    struct Meter {
        uint256 blockNumber;
        uint256 pausedUntil;
        uint256 volumeXauWei;
    }

    uint256 private constant QUANTA_SHIFT = 152;
    uint256 private constant SETTINGS_SHIFT = 192;
    uint256 private constant PEG_SHIFT = 254;
    uint256 private constant SETTINGS_MASK = (1 << (PEG_SHIFT - SETTINGS_SHIFT)) - 1;

    /// @dev Callers guarantee that each part fits.
    function pack(Usage memory used) internal pure returns (uint256) {
        return
            used.lastExecutionBlock |
            (used.bucketBlock << 32) |
            (used.bucketLevelXauWei << 64) |
            (used.rewardDay << 136) |
            (used.rewardSpentQuanta << QUANTA_SHIFT) |
            (used.settingsId << SETTINGS_SHIFT) |
            (used.peg << PEG_SHIFT);
    }

    function unpackInto(uint256 word, Usage memory used) internal pure {
        used.lastExecutionBlock = word & type(uint32).max;
        used.bucketBlock = (word >> 32) & type(uint32).max;
        used.bucketLevelXauWei = (word >> 64) & type(uint72).max;
        used.rewardDay = (word >> 136) & type(uint16).max;
        used.rewardSpentQuanta = (word >> QUANTA_SHIFT) & type(uint40).max;
        used.settingsId = settingsIdOf(word);
        used.peg = word >> PEG_SHIFT;
    }

    function settingsIdOf(uint256 usageWord) internal pure returns (uint256) {
        return (usageWord >> SETTINGS_SHIFT) & SETTINGS_MASK;
    }

    function withSettingsId(uint256 usageWord, uint256 settingsId) internal pure returns (uint256) {
        return (usageWord & ~(SETTINGS_MASK << SETTINGS_SHIFT)) | (settingsId << SETTINGS_SHIFT);
    }

    function withPeg(uint256 usageWord, uint256 peg) internal pure returns (uint256) {
        return (usageWord & ((1 << PEG_SHIFT) - 1)) | (peg << PEG_SHIFT);
    }

    /// @dev The sum fits: see the caller.
    function plusQuanta(uint256 usageWord, uint256 quanta) internal pure returns (uint256) {
        unchecked {
            return usageWord + (quanta << QUANTA_SHIFT);
        }
    }

    function pack(Meter memory meter) internal pure returns (uint256) {
        return meter.blockNumber | (meter.pausedUntil << 32) | (meter.volumeXauWei << 64);
    }

    function unpackInto(uint256 word, Meter memory meter) internal pure {
        meter.blockNumber = word & type(uint32).max;
        meter.pausedUntil = (word >> 32) & type(uint32).max;
        meter.volumeXauWei = word >> 64;
    }
}
