// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title The signature transfers of Permit2, at one address on every chain that has it
/// @dev Written from the published interface. A nonce is one bit: word `nonce >> 8`, bit `nonce & 0xff`, used once, in any order.
interface IPermit2 {
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Moves tokens of `owner`, whose signature names the caller as spender and covers `witness`.
    function permitWitnessTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;

    function nonceBitmap(address owner, uint256 wordPosition) external view returns (uint256);
}
