// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IRescueAgent} from "../interfaces/IRescueAgent.sol";
import {ITbtcDeposit, ITbtcToken} from "../interfaces/ITbtcV1.sol";

/// @title RescueAgent
/// @notice The redeemer of one provider's rescues; RescueBounty creates it with his first one.
/// @dev ROLES. Escrow: spends TBTC that it has just brought, on deposits of the known factory. Provider: everything else. Neither can be
/// changed.
/// @dev PRICE SOURCES, ROUNDING: none. TOKEN REQUIREMENTS: TBTC. Whatever lies here is the provider's.
/// @dev LIVENESS: depends on nobody. HOW TO STOP IT: nobody can.
contract RescueAgent is IRescueAgent {
    address private immutable _escrow;
    ITbtcToken private immutable _token;
    /// @inheritdoc IRescueAgent
    address public immutable provider;

    constructor(address provider_, address token) {
        (_escrow, provider, _token) = (msg.sender, provider_, ITbtcToken(token));
    }

    /// @dev tBTC pays ether for redemptions that failed.
    receive() external payable {}

    /// @inheritdoc IRescueAgent
    function redeem(
        address deposit,
        uint256 costUnits,
        bytes8 outputValue,
        bytes calldata redeemerOutputScript
    ) external {
        require(msg.sender == _escrow, NotAuthorized(msg.sender));
        // TBTC answers true or reverts.
        // slither-disable-next-line unused-return
        _token.approve(deposit, costUnits);
        ITbtcDeposit(deposit).requestRedemption(outputValue, redeemerOutputScript);
    }

    /// @inheritdoc IRescueAgent
    function execute(address target, uint256 valueWei, bytes calldata data) external payable returns (bytes memory) {
        require(msg.sender == provider, NotAuthorized(msg.sender));
        // Not Address.functionCallWithValue: that pays no account without code.
        (bool ok, bytes memory answer) = target.call{value: valueWei}(data);
        return Address.verifyCallResult(ok, answer);
    }
}
