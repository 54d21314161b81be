// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Redeems for one provider, so that he owns whatever a redemption gives back
/// @notice tBTC pays what a failed redemption is worth to the account that asked for it, for good. That account is an agent, and its
/// provider can do everything with it.
interface IRescueAgent is ICommonErrors {
    /// @notice Who commands it.
    function provider() external view returns (address);

    /// @notice Escrow only: redeems a deposit with `costUnits` of TBTC that lie here.
    /// @param outputValue Satoshis that the payment brings, eight bytes, the lowest first.
    /// @param redeemerOutputScript With its length in front.
    function redeem(
        address deposit,
        uint256 costUnits,
        bytes8 outputValue,
        bytes calldata redeemerOutputScript
    ) external;

    /// @notice Provider only: any call, such as taking what a failed redemption gave back. A revert comes back as it is.
    function execute(address target, uint256 valueWei, bytes calldata data) external payable returns (bytes memory);
}
