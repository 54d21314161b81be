// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title OwnershipStorage
/// @notice Owner of the diamond, shared by its cut timelock and its ownership facet.
library OwnershipStorage {
    /// @custom:storage-location erc7201:cantilever.gru.Ownership
    struct Layout {
        address owner;
        address pendingOwner;
    }

    /// @dev ERC-7201: keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~0xff.
    bytes32 internal constant SLOT =
        keccak256(abi.encode(uint256(keccak256("cantilever.gru.Ownership")) - 1)) & ~bytes32(uint256(0xff));

    function layout() internal pure returns (Layout storage ownership) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            ownership.slot := slot
        }
    }
}

/// @title CutTimelockStorage
/// @notice Scheduled cuts and the guardian.
library CutTimelockStorage {
    /// @custom:storage-location erc7201:cantilever.gru.CutTimelock
    struct Layout {
        address guardian;
        address pendingGuardian;
        uint64 guardianReadyAt;
        mapping(bytes32 id => uint256 timestamp) readyAt;
    }

    /// @dev ERC-7201: keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~0xff.
    bytes32 internal constant SLOT =
        keccak256(abi.encode(uint256(keccak256("cantilever.gru.CutTimelock")) - 1)) & ~bytes32(uint256(0xff));

    function layout() internal pure returns (Layout storage timelock) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            timelock.slot := slot
        }
    }
}
