// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IBasketVault} from "../../interfaces/IBasketVault.sol";
import {ICommonErrors} from "../../interfaces/ICommonErrors.sol";
import {IGruNav} from "../../interfaces/IGruNav.sol";
import {IGruToken} from "../../interfaces/IGruToken.sol";
import {IXAUOracle} from "../../interfaces/IXAUOracle.sol";

/// @title NavFacet
/// @notice What the basket and one share are worth in XAU. An extension, cut in after the diamond exists.
/// @dev ROLES: none. PRICE SOURCES: the XAU oracle and the vault's balances; nobody may treat the answer as a price at which the vault
/// pays. A donation raises it at once; inside a call of the vault it reverts, because balances and shares then do not match.
/// @dev ROUNDING: down. LIVENESS: reverts while the oracle has doubts about any token; issue and redeem do not read it.
contract NavFacet is IGruNav, ICommonErrors {
    uint256 private constant ONE_SHARE = 1e18;

    IXAUOracle private immutable _ORACLE;

    constructor(address oracle) {
        require(oracle.code.length > 0, NotAContract(oracle));
        _ORACLE = IXAUOracle(oracle);
    }

    /// @inheritdoc IGruNav
    function shareValueXauWei() external view returns (uint256) {
        uint256 shares = _vault().totalShares();
        return shares == 0 ? 0 : Math.mulDiv(basketValueXauWei(), ONE_SHARE, shares);
    }

    /// @inheritdoc IGruNav
    function basketValueXauWei() public view returns (uint256 xauWei) {
        IBasketVault vault = _vault();
        vault.previewRedeem(0); // reverts in the middle of a call
        (address[] memory tokens, ) = vault.basket();
        for (uint256 i = 0; i < tokens.length; ++i) {
            xauWei += _ORACLE.valueInXau(tokens[i], IERC20(tokens[i]).balanceOf(address(vault)));
        }
    }

    function _vault() private view returns (IBasketVault) {
        return IBasketVault(IGruToken(address(this)).vault());
    }
}
