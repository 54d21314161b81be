// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IBasketVault} from "../interfaces/IBasketVault.sol";

/// @title ShareLedger
/// @notice Who owns which shares of the basket: balances, allowances and permit nonces, out of the diamond's reach.
/// @dev ROLES. The diamond, as long as only its own code has run in the transaction: names the caller on whose behalf it asks.
/// @dev WHY A FRONT THAT CLOSES. The diamond's own code never changes, holds no state about shares and always names its own caller. A
/// facet runs with the diamond's address, too, so the address alone proves nothing. The diamond therefore calls `closeFront` before
/// each delegatecall to replaceable code. There is no way to open the front again; the end of the transaction does, and then no
/// foreign code is running.
abstract contract ShareLedger is IBasketVault, IERC20Errors {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant NAME_HASH = keccak256("GRU M00");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @inheritdoc IBasketVault
    address public immutable DIAMOND;

    /// @inheritdoc IBasketVault
    uint256 public totalShares;
    /// @inheritdoc IBasketVault
    mapping(address account => uint256) public sharesOf;
    /// @inheritdoc IBasketVault
    mapping(address owner => mapping(address spender => uint256)) public shareAllowance;
    /// @inheritdoc IBasketVault
    mapping(address owner => uint256) public permitNonce;

    bool private transient _frontClosed;

    constructor(address diamond) {
        require(diamond != address(0), ZeroAddress());
        DIAMOND = diamond;
    }

    modifier onlyFront() {
        require(msg.sender == DIAMOND, NotAuthorized(msg.sender));
        require(!_frontClosed, FrontClosed());
        _;
    }

    /// @inheritdoc IBasketVault
    function closeFront() external {
        require(msg.sender == DIAMOND, NotAuthorized(msg.sender));
        _frontClosed = true;
    }

    /// @inheritdoc IBasketVault
    function transferShares(address from, address to, uint256 shares) external onlyFront {
        _move(from, to, shares);
    }

    /// @inheritdoc IBasketVault
    function spendShares(address spender, address from, address to, uint256 shares) external onlyFront {
        uint256 allowed = shareAllowance[from][spender];
        if (allowed != type(uint256).max) {
            require(shares <= allowed, ERC20InsufficientAllowance(spender, allowed, shares));
            shareAllowance[from][spender] = allowed - shares;
        }
        _move(from, to, shares);
    }

    /// @inheritdoc IBasketVault
    function approveShares(address owner, address spender, uint256 shares) external onlyFront {
        _approve(owner, spender, shares);
    }

    /// @inheritdoc IBasketVault
    function permitShares(
        address owner,
        address spender,
        uint256 shares,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external onlyFront {
        require(block.timestamp <= deadline, DeadlineExpired(deadline, block.timestamp));
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, owner, spender, shares, permitNonce[owner]++, deadline)
        );
        bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator(), structHash);
        (address signer, , ) = ECDSA.tryRecover(digest, v, r, s);
        require(signer != address(0) && signer == owner, NotAuthorized(signer));
        _approve(owner, spender, shares);
    }

    /// @inheritdoc IBasketVault
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, DIAMOND));
    }

    function _credit(address to, uint256 shares) internal {
        _checkReceiver(to);
        totalShares += shares;
        unchecked {
            sharesOf[to] += shares; // a balance is at most the total
        }
    }

    function _debit(address from, uint256 shares) internal {
        uint256 balance = sharesOf[from];
        require(shares <= balance, ERC20InsufficientBalance(from, balance, shares));
        unchecked {
            sharesOf[from] = balance - shares;
            totalShares -= shares;
        }
    }

    function _move(address from, address to, uint256 shares) private {
        _checkReceiver(to);
        uint256 balance = sharesOf[from];
        require(shares <= balance, ERC20InsufficientBalance(from, balance, shares));
        unchecked {
            sharesOf[from] = balance - shares;
            sharesOf[to] += shares; // a balance is at most the total
        }
    }

    function _approve(address owner, address spender, uint256 shares) private {
        require(spender != address(0), ERC20InvalidSpender(spender));
        shareAllowance[owner][spender] = shares;
    }

    /// @dev Shares of the diamond or the vault would be out of everybody's reach, tokens of the diamond within a facet's.
    function _checkReceiver(address to) internal view {
        require(to != address(0) && to != DIAMOND && to != address(this), ERC20InvalidReceiver(to));
    }
}
