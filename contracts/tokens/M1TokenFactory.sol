// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {IM1Token} from "../interfaces/IM1Token.sol";
import {IM1TokenFactory} from "../interfaces/IM1TokenFactory.sol";
import {M1Token} from "./M1Token.sol";

/// @title M1TokenFactory
/// @notice Creates M1 tokens with CREATE2, so that a token has one address on all chains.
///
/// ROLES: none. The factory has no owner and keeps no power over what it creates. The caller is hashed into the salt and decides the
/// chain-specific set-up; the admin among the common arguments governs the token from then on.
/// Warning: whoever holds the creator's key can create the token first on a new chain, with other minters. Verification therefore
/// compares the holders of every role per chain, not only the address.
///
/// PRICE SOURCES, ROUNDING, TOKEN REQUIREMENTS: none. LIVENESS: stateless. HOW TO STOP IT: not needed.
contract M1TokenFactory is IM1TokenFactory {
    /// @inheritdoc IM1TokenFactory
    function createToken(
        CommonArguments calldata common,
        IM1Token.ChainSetup calldata setup
    ) external returns (address token) {
        M1Token created = new M1Token{salt: _salt(msg.sender, common)}(
            common.name,
            common.symbol,
            common.decimals,
            common.admin
        );
        created.setUpChain(setup);
        token = address(created);
        emit CreateToken(token, msg.sender, common.name, common.symbol, common.decimals, common.admin);
    }

    /// @inheritdoc IM1TokenFactory
    function tokenAddress(address creator, CommonArguments calldata common) external view returns (address) {
        bytes memory creationCode = abi.encodePacked(
            type(M1Token).creationCode,
            abi.encode(common.name, common.symbol, common.decimals, common.admin)
        );
        return Create2.computeAddress(_salt(creator, common), keccak256(creationCode));
    }

    function _salt(address creator, CommonArguments calldata common) internal pure returns (bytes32) {
        return keccak256(abi.encode(creator, common.name, common.symbol, common.decimals, common.admin));
    }
}
