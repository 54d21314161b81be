// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title How users send tokens to another chain, whatever carries the message
interface IBridgeAdapter is ICommonErrors {
    struct Order {
        uint256 destinationChainId;
        address token;
        address recipient;
        /// @dev What arrives, base units.
        uint256 amountUnits;
        /// @dev The most that the fee may be, in `feeToken` of the quote.
        uint256 maxFeeUnits;
        /// @dev Unix seconds; this transaction, not the delivery.
        uint256 deadline;
    }

    struct Permit {
        uint256 valueUnits;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    struct Quote {
        /// @dev Zero = the native coin.
        address feeToken;
        uint256 feeUnits;
        /// @dev The largest order that would be taken now.
        uint256 maxAmountUnits;
    }

    event OrderSent(
        bytes32 indexed messageId,
        address indexed sender,
        uint256 indexed destinationChainId,
        address token,
        address recipient,
        uint256 amountUnits,
        address feeToken,
        uint256 feeUnits
    );

    error UnsupportedChain(uint256 chainId);
    error FeeAboveMaximum(uint256 feeUnits, uint256 maxFeeUnits);
    /// @notice Thrown when less was paid with the call than the fee is.
    error FeeTooLow(uint256 paidUnits, uint256 feeUnits);

    function carries(uint256 chainId, address token) external view returns (bool);

    /// @notice Who spends the caller's tokens: the allowance goes there.
    function spender(address token) external view returns (address);

    function quote(uint256 destinationChainId, address token, uint256 amountUnits) external view returns (Quote memory);

    /// @notice Takes amount and fee from the caller and sends. What was paid above a fee in the native coin comes back.
    function send(Order calldata order) external payable returns (bytes32 messageId);

    /// @notice The same with the caller's permit for `spender`; a permit that somebody used before is no failure if the allowance is there.
    function sendWithPermit(Order calldata order, Permit calldata permit) external payable returns (bytes32 messageId);
}
