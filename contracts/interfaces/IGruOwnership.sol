// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Ownership in two steps (ERC-173 with a pending owner)
/// @dev The owner schedules cuts and names the guardian. It cannot be renounced.
interface IGruOwnership is ICommonErrors {
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    function owner() external view returns (address);

    function pendingOwner() external view returns (address);

    /// @notice Names the next owner, who has to accept: the owner only. The zero address withdraws the offer.
    function transferOwnership(address newOwner) external;

    /// @notice Takes over: the pending owner only.
    function acceptOwnership() external;
}
