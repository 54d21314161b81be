// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IPmmFactory} from "../interfaces/IPmmFactory.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title PmmFactory
/// @notice Creates public and private pools as CREATE2 clones with immutable arguments, initialises and funds them in the same
/// transaction, and registers them.
/// @dev ROLES: the owner (two-step) governs the parameters of public pools, nothing else. Anyone may create pools; a registered pool is
/// authentic code, not a recommendation.
/// @dev PRICE SOURCES: the oracle is asked once when an ORACLE pool is created, so that a pair without feeds is refused.
/// @dev ROUNDING: none.
/// @dev TOKEN REQUIREMENTS: code, at most 18 decimals (24 accepted nowhere), transfers that move exactly their amount.
/// @dev LIVENESS: creation of ORACLE pools needs an oracle without doubts.
/// @dev HOW TO STOP IT: nobody can; it holds no tokens.
contract PmmFactory is IPmmFactory, Ownable2Step {
    using SafeERC20 for IERC20;

    /// @dev Fewest digits of a fixed anchor: 1e9 keeps the error of one raw step at 1e-9.
    uint256 public constant MIN_ANCHOR = 1e9;
    uint256 private constant MAX_TOKEN_DECIMALS = 18;

    address public immutable publicImplementation;
    address public immutable privateImplementation;
    address public immutable override oracle;
    address public immutable override stabilizer;

    /// @notice DODO's registry: pools of a pair in order of creation, both kinds.
    mapping(address base => mapping(address quote => address[])) public _REGISTRY_;
    /// @inheritdoc IPmmFactory
    mapping(address pool => bool) public override isPool;

    bool private transient _locked;

    modifier lock() {
        require(!_locked, Reentrant());
        _locked = true;
        _;
        _locked = false;
    }

    /// @param publicPool Implementation of public pools.
    /// @param privatePool Implementation of private pools, of the same configuration.
    constructor(address owner_, address publicPool, address privatePool) Ownable(owner_) {
        require(publicPool.code.length != 0, NotAContract(publicPool));
        require(privatePool.code.length != 0, NotAContract(privatePool));
        publicImplementation = publicPool;
        privateImplementation = privatePool;
        oracle = IPmmPool(publicPool).oracle();
        stabilizer = IPmmPool(publicPool).stabilizer();
        require(
            IPmmPool(privatePool).oracle() == oracle && IPmmPool(privatePool).stabilizer() == stabilizer,
            NotAuthorized(privatePool)
        );
    }

    /// @inheritdoc IPmmFactory
    function owner() public view override(Ownable, IPmmFactory) returns (address) {
        return super.owner();
    }

    // ---- Creation

    /// @inheritdoc IPmmFactory
    function createPool(PoolParams calldata params) external lock returns (address pool) {
        (pool, ) = _create(params, 0, 0);
    }

    /// @inheritdoc IPmmFactory
    function createFundedPool(
        PoolParams calldata params,
        uint256 baseIn,
        uint256 quoteIn,
        uint256 minShares,
        uint256 deadline
    ) external lock returns (address pool, uint256 shares) {
        require(deadline >= block.timestamp, DeadlineExpired(deadline, block.timestamp));
        require(baseIn != 0 && quoteIn != 0, ZeroAmount());
        (pool, shares) = _create(params, baseIn, quoteIn);
        require(shares >= minShares, SharesBelowMinimum(shares, minShares));
    }

    /// @inheritdoc IPmmFactory
    function createDODOStablePool(
        address baseToken,
        address quoteToken,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTWAP
    ) external lock returns (address newStablePool) {
        (newStablePool, ) = _create(
            PoolParams({
                kind: IPmmPool.Kind.PUBLIC,
                pricing: IPmmPool.Pricing.FIXED,
                baseToken: baseToken,
                quoteToken: quoteToken,
                lpFeeRate: lpFeeRate,
                i: i,
                k: k,
                isOpenTWAP: isOpenTWAP,
                owner: address(0)
            }),
            0,
            0
        );
    }

    function _create(
        PoolParams memory params,
        uint256 baseIn,
        uint256 quoteIn
    ) private returns (address pool, uint256 shares) {
        _check(params);
        bool isPublic = params.kind == IPmmPool.Kind.PUBLIC;
        bytes memory args = _cloneArgs(params);
        bytes32 salt;
        (pool, salt) = _predict(msg.sender, params, args);
        if (baseIn != 0) {
            // The clone has no code yet: a token's hook meets an address that cannot act.
            _pull(params.baseToken, pool, baseIn);
            _pull(params.quoteToken, pool, quoteIn);
        }
        Clones.cloneDeterministicWithImmutableArgs(_implementation(params.kind), args, salt);
        shares = IPmmPool(pool).initialize(
            params.i,
            params.k,
            params.lpFeeRate,
            isPublic ? msg.sender : params.owner,
            baseIn,
            quoteIn
        );
        isPool[pool] = true;
        _REGISTRY_[params.baseToken][params.quoteToken].push(pool);
        if (isPublic) emit NewDSP(params.baseToken, params.quoteToken, msg.sender, pool);
        else emit NewDPP(params.baseToken, params.quoteToken, msg.sender, pool);
        emit PoolCreated(params.baseToken, params.quoteToken, pool, params.kind, params.pricing);
    }

    /// @dev Fee and k are checked by the pool's own initialisation.
    function _check(PoolParams memory params) private view {
        (address base, address quote) = (params.baseToken, params.quoteToken);
        require(base != quote, IdenticalTokens(base));
        _checkToken(base);
        _checkToken(quote);
        bool isPublic = params.kind == IPmmPool.Kind.PUBLIC;
        require(isPublic == (params.owner == address(0)), NotAuthorized(params.owner));
        if (params.pricing == IPmmPool.Pricing.ORACLE) {
            require(params.i == 0 && oracle != address(0), BadPricing());
            (uint256 anchor, ) = IXAUOracle(oracle).anchors(base, quote);
            require(anchor >= MIN_ANCHOR, UnsafeOrientation(base, quote, anchor, MIN_ANCHOR));
        } else if (params.i != 0) {
            require(params.i >= MIN_ANCHOR, UnsafeOrientation(base, quote, params.i, MIN_ANCHOR));
        }
    }

    function _checkToken(address token) private view {
        require(token.code.length != 0, NotAContract(token));
        uint256 decimals = IERC20Metadata(token).decimals();
        require(decimals <= MAX_TOKEN_DECIMALS, OutOfRange(decimals, 0, MAX_TOKEN_DECIMALS));
    }

    function _pull(address token, address pool, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(pool);
        IERC20(token).safeTransferFrom(msg.sender, pool, amount);
        uint256 received = IERC20(token).balanceOf(pool) - before;
        require(received == amount, TransferMismatch(token, received, amount));
    }

    // ---- Addresses

    /// @inheritdoc IPmmFactory
    function predictPool(address creator, PoolParams calldata params) external view returns (address pool) {
        (pool, ) = _predict(creator, params, _cloneArgs(params));
    }

    /// @dev The salt belongs to the creator: nobody else can take the address. Equal parameters count up.
    function _predict(
        address creator,
        PoolParams memory params,
        bytes memory args
    ) private view returns (address pool, bytes32 salt) {
        address implementation = _implementation(params.kind);
        uint256 nonce = 0;
        do {
            salt = keccak256(abi.encode(creator, params, nonce++));
            pool = Clones.predictDeterministicAddressWithImmutableArgs(implementation, args, salt);
        } while (pool.code.length != 0);
    }

    function _cloneArgs(PoolParams memory params) private view returns (bytes memory) {
        bool isOracle = params.pricing == IPmmPool.Pricing.ORACLE;
        uint8 flags = (isOracle ? 1 : 0) | (params.isOpenTWAP ? 2 : 0);
        return abi.encodePacked(params.baseToken, params.quoteToken, address(this), flags);
    }

    function _implementation(IPmmPool.Kind kind) private view returns (address) {
        return kind == IPmmPool.Kind.PUBLIC ? publicImplementation : privateImplementation;
    }

    // ---- DODO's registry

    /// @inheritdoc IPmmFactory
    function getDODOPool(address baseToken, address quoteToken) external view returns (address[] memory pools) {
        return _REGISTRY_[baseToken][quoteToken];
    }

    /// @inheritdoc IPmmFactory
    function getDODOPoolBidirection(
        address token0,
        address token1
    ) external view returns (address[] memory baseToken0Pool, address[] memory baseToken1Pool) {
        return (_REGISTRY_[token0][token1], _REGISTRY_[token1][token0]);
    }
}
