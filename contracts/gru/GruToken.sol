// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IBasketVault} from "../interfaces/IBasketVault.sol";
import {IGruToken} from "../interfaces/IGruToken.sol";

/// @title GruToken
/// @notice Part of the diamond's own code: ERC-20 with permit, issue and redeem, as a front of the vault's book.
/// @dev Reads and writes no storage of the diamond, because facets can write all of it. Each call names its own caller to the vault:
/// that is all the vault trusts it for.
abstract contract GruToken is IGruToken {
    IBasketVault internal immutable _VAULT;

    constructor(IBasketVault vault_) {
        _VAULT = vault_;
    }

    // ---- Issue and redeem

    /// @inheritdoc IGruToken
    function issue(
        uint256 shares,
        uint256[] calldata maxAmountsIn,
        address receiver,
        uint256 deadline
    ) external returns (uint256[] memory amountsIn) {
        _checkDeadline(deadline);
        uint256 received;
        (amountsIn, received) = _VAULT.issue(msg.sender, receiver, shares, maxAmountsIn);
        if (received < shares) emit Transfer(address(0), 0x000000000000000000000000000000000000dEaD, shares - received);
        emit Transfer(address(0), receiver, received);
    }

    /// @inheritdoc IGruToken
    function redeem(
        uint256 shares,
        uint256[] calldata minAmountsOut,
        address receiver,
        uint256 deadline
    ) external returns (uint256[] memory amountsOut) {
        _checkDeadline(deadline);
        amountsOut = _VAULT.redeem(msg.sender, receiver, shares, minAmountsOut, new address[](0));
        emit Transfer(msg.sender, address(0), shares);
    }

    /// @inheritdoc IGruToken
    function redeemWithout(
        uint256 shares,
        address[] calldata forfeited,
        uint256[] calldata minAmountsOut,
        address receiver,
        uint256 deadline
    ) external returns (uint256[] memory amountsOut) {
        _checkDeadline(deadline);
        amountsOut = _VAULT.redeem(msg.sender, receiver, shares, minAmountsOut, forfeited);
        emit Transfer(msg.sender, address(0), shares);
    }

    // ---- ERC-20 and permit

    /// @inheritdoc IERC20
    function transfer(address to, uint256 value) external returns (bool) {
        _VAULT.transferShares(msg.sender, to, value);
        emit Transfer(msg.sender, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        _VAULT.spendShares(msg.sender, from, to, value);
        emit Transfer(from, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 value) external returns (bool) {
        _VAULT.approveShares(msg.sender, spender, value);
        emit Approval(msg.sender, spender, value);
        return true;
    }

    /// @inheritdoc IERC20Permit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        _VAULT.permitShares(owner, spender, value, deadline, v, r, s);
        emit Approval(owner, spender, value);
    }

    // ---- Views

    /// @inheritdoc IGruToken
    function vault() external view returns (address) {
        return address(_VAULT);
    }

    /// @inheritdoc IERC20
    function totalSupply() external view returns (uint256) {
        return _VAULT.totalShares();
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) external view returns (uint256) {
        return _VAULT.sharesOf(account);
    }

    /// @inheritdoc IERC20
    function allowance(address owner, address spender) external view returns (uint256) {
        return _VAULT.shareAllowance(owner, spender);
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) external view returns (uint256) {
        return _VAULT.permitNonce(owner);
    }

    /// @inheritdoc IERC20Permit
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _VAULT.domainSeparator();
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name_,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", "GRU M00", "1", block.chainid, address(this), bytes32(0), new uint256[](0));
    }

    /// @inheritdoc IERC20Metadata
    function name() external pure returns (string memory) {
        return "GRU M00";
    }

    /// @inheritdoc IERC20Metadata
    function symbol() external pure returns (string memory) {
        return "M00";
    }

    /// @inheritdoc IERC20Metadata
    function decimals() external pure returns (uint8) {
        return 18;
    }

    function _checkDeadline(uint256 deadline) private view {
        require(block.timestamp <= deadline, DeadlineExpired(deadline, block.timestamp));
    }
}
