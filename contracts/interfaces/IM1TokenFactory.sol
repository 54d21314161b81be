// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IM1Token} from "./IM1Token.sol";

/// @title Creates M1 tokens at the same address on every chain
/// @notice The address depends on this factory, the caller and the common arguments, and on nothing that differs between chains. The
/// caller is part of it, so nobody else can occupy the address on a chain where the token does not exist yet.
/// @dev Assumes: the factory itself stands at one address on all chains (deterministic deployment), and the creator's key is the same.
interface IM1TokenFactory {
    /// @notice What is the same on every chain.
    struct CommonArguments {
        /// @dev At most 31 bytes, also the name of the EIP-712 domain.
        string name;
        /// @dev At most 31 bytes.
        string symbol;
        uint8 decimals;
        /// @dev Holder of DEFAULT_ADMIN_ROLE: the timelock, or the deployer until it hands over in two steps.
        address admin;
    }

    /// @notice Emitted for each created token.
    event CreateToken(
        address indexed token,
        address indexed creator,
        string name,
        string symbol,
        uint8 decimals,
        address admin
    );

    /// @notice Creates the token and sets this chain's minters, pausers, freezers and system contracts in the same transaction.
    /// @dev Reverts when the token exists.
    function createToken(
        CommonArguments calldata common,
        IM1Token.ChainSetup calldata setup
    ) external returns (address token);

    /// @notice Where `creator` will get, or has got, the token with these arguments.
    function tokenAddress(address creator, CommonArguments calldata common) external view returns (address);
}
