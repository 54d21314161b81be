// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title What Chainlink CCIP routers and receivers say to each other
/// @notice Structs, tags and selectors as published (CCIP 1.2 to 1.6): what is encoded here must be byte for byte what routers read. The
/// published package needs dependencies from outside the registry, so this is the part of it that is used here.
library Client {
    struct EVMTokenAmount {
        address token;
        uint256 amount;
    }

    struct Any2EVMMessage {
        bytes32 messageId;
        uint64 sourceChainSelector;
        /// @dev abi.encode(address) of an EVM chain's sender.
        bytes sender;
        bytes data;
        EVMTokenAmount[] destTokenAmounts;
    }

    struct EVM2AnyMessage {
        /// @dev abi.encode(address) for an EVM chain.
        bytes receiver;
        bytes data;
        EVMTokenAmount[] tokenAmounts;
        /// @dev Zero = the native coin, as msg.value.
        address feeToken;
        bytes extraArgs;
    }

    struct EVMExtraArgsV1 {
        uint256 gasLimit;
    }

    struct EVMExtraArgsV2 {
        uint256 gasLimit;
        bool allowOutOfOrderExecution;
    }

    bytes4 internal constant EVM_EXTRA_ARGS_V1_TAG = 0x97a657c9;
    bytes4 internal constant EVM_EXTRA_ARGS_V2_TAG = 0x181dcf10;

    function argsToBytes(EVMExtraArgsV1 memory extraArgs) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(EVM_EXTRA_ARGS_V1_TAG, extraArgs);
    }

    function argsToBytes(EVMExtraArgsV2 memory extraArgs) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(EVM_EXTRA_ARGS_V2_TAG, extraArgs);
    }
}

/// @title A router as a sender sees it
interface IRouterClient {
    error UnsupportedDestinationChain(uint64 destChainSelector);
    error InsufficientFeeTokenAmount();
    error InvalidMsgValue();

    function isChainSupported(uint64 destChainSelector) external view returns (bool supported);

    /// @notice In `message.feeToken`.
    function getFee(
        uint64 destinationChainSelector,
        Client.EVM2AnyMessage memory message
    ) external view returns (uint256 fee);

    /// @notice What is paid above the fee in the native coin is kept.
    function ccipSend(
        uint64 destinationChainSelector,
        Client.EVM2AnyMessage calldata message
    ) external payable returns (bytes32);
}

/// @title Who gets messages
interface IAny2EVMMessageReceiver {
    /// @notice Called by the router. When it reverts the message has failed, and anyone can execute it again with more gas.
    function ccipReceive(Client.Any2EVMMessage calldata message) external;
}
