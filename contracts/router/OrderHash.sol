// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IEnhancedSwapRouter} from "../interfaces/IEnhancedSwapRouter.sol";

/// @title EIP-712 hash of an order and its routes, as the witness of a Permit2 signature transfer
/// @dev Token and amount of the input are in the transfer itself, chain and verifying contract in Permit2's domain.
library OrderHash {
    string private constant ROUTE_TYPE = "Route(uint256 amountIn,address firstPool,address secondPool)";
    string private constant ORDER_TYPE =
        "SwapOrder(address tokenOut,uint256 minOut,address to,uint256 deadline,Route[] routes)";

    /// @notice What Permit2 appends to its own type: the name of the witness, then all types in alphabetical order.
    string internal constant WITNESS_TYPE =
        "SwapOrder witness)Route(uint256 amountIn,address firstPool,address secondPool)SwapOrder(address tokenOut,uint256 minOut,address to,uint256 deadline,Route[] routes)TokenPermissions(address token,uint256 amount)";

    bytes32 private constant ROUTE_TYPEHASH = keccak256(bytes(ROUTE_TYPE));
    bytes32 private constant ORDER_TYPEHASH = keccak256(abi.encodePacked(ORDER_TYPE, ROUTE_TYPE));

    function witness(
        IEnhancedSwapRouter.Order calldata order,
        IEnhancedSwapRouter.Route[] calldata routes
    ) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](routes.length);
        for (uint256 j = 0; j < routes.length; ++j) {
            hashes[j] = keccak256(
                abi.encode(ROUTE_TYPEHASH, routes[j].amountIn, routes[j].firstPool, routes[j].secondPool)
            );
        }
        return
            keccak256(
                abi.encode(
                    ORDER_TYPEHASH,
                    order.tokenOut,
                    order.minOut,
                    order.to,
                    order.deadline,
                    keccak256(abi.encodePacked(hashes))
                )
            );
    }
}
