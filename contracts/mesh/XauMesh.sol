// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IPmmFactory} from "../interfaces/IPmmFactory.sol";
import {IPmmPool, IPmmPrivatePool} from "../interfaces/IPmmPool.sol";
import {IXauMesh} from "../interfaces/IXauMesh.sol";

/// @title XauMesh
/// @notice One private XAU/token pool per token; A -> XAU -> B in one call.
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): factories, pools, operators, withdrawals, pool parameters.
/// Operators: swap and fund with their own tokens. Nobody else can move anything; the router must never be an operator.
/// @dev HOW ACCESS STAYS CLOSED. Registered pools were *created* with this mesh as owner: ownership passes in two steps, and the mesh
/// has no way to claim it, so no former owner can have left anyone on the allow-list. The mesh allows only itself. It always names
/// its own caller as payer, so that the approvals which operators give to the pools serve nobody but themselves.
/// @dev MIDDLE LEG. XAU goes straight from the first pool to the second, which counts exactly what the first one paid, in the same call:
/// what lay there before stays there. See docs/decisions/2026-11-21-mesh-middle-leg.md.
/// @dev PRICE SOURCES. Those of the pools; the mesh reads none. ROUNDING. That of the pools, against the caller.
/// @dev TOKEN REQUIREMENTS. Those of the pools (no fee on transfer). The mesh itself never holds tokens.
/// @dev LIVENESS. `withdraw` needs neither oracle nor operators. HOW TO STOP IT. `setOperator(operator, false)`.
contract XauMesh is IXauMesh, Ownable2Step {
    /// @inheritdoc IXauMesh
    address public immutable xau;

    /// @inheritdoc IXauMesh
    mapping(address token => address pool) public poolOf;
    /// @inheritdoc IXauMesh
    mapping(address account => bool allowed) public isOperator;
    /// @inheritdoc IXauMesh
    mapping(address factory => bool accepted) public isFactory;
    address[] private _tokens;

    constructor(address xau_, address owner_) Ownable(owner_) {
        require(xau_.code.length > 0, NotAContract(xau_));
        xau = xau_;
    }

    modifier onlyOperator() {
        require(isOperator[msg.sender], NotAuthorized(msg.sender));
        _;
    }

    // Owner: registry

    /// @inheritdoc IXauMesh
    function setFactory(address factory, bool accepted) external onlyOwner {
        require(!accepted || factory.code.length > 0, NotAContract(factory));
        isFactory[factory] = accepted;
        emit SetFactory(factory, accepted);
    }

    /// @inheritdoc IXauMesh
    function registerPool(address pool) external onlyOwner {
        require(_isMeshPool(pool), NotAMeshPool(pool));
        address token = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        require(poolOf[token] == address(0), TokenTaken(token));
        poolOf[token] = pool;
        _tokens.push(token);
        // The owner is allowed anyway; being listed saves each swap the look at the owner.
        IPmmPrivatePool(pool).setAllowed(address(this), true);
        emit PoolRegistered(token, pool);
    }

    /// @inheritdoc IXauMesh
    function removePool(address token) external onlyOwner {
        address pool = _requirePool(token);
        delete poolOf[token];
        uint256 last = _tokens.length - 1;
        for (uint256 index = 0; index < last; ++index) {
            if (_tokens[index] == token) {
                _tokens[index] = _tokens[last];
                break;
            }
        }
        _tokens.pop();
        emit PoolRemoved(token, pool);
    }

    /// @inheritdoc IXauMesh
    function setOperator(address operator, bool allowed) external onlyOwner {
        require(operator != address(0), ZeroAddress());
        isOperator[operator] = allowed;
        emit SetOperator(operator, allowed);
    }

    /// @notice Always reverts: without an owner the funds of the pools could never be withdrawn.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // Owner: funds and parameters

    /// @inheritdoc IXauMesh
    function withdraw(address pool, uint256 xauOut, uint256 tokenOut, address to) external onlyOwner {
        require(to != address(0), ZeroAddress());
        IPmmPrivatePool(pool).withdraw(xauOut, tokenOut, to);
        emit Withdrawn(pool, to, xauOut, tokenOut);
    }

    /// @inheritdoc IXauMesh
    function retrieve(address pool, address token, uint256 amountUnits, address to) external onlyOwner {
        require(to != address(0), ZeroAddress());
        IPmmPrivatePool(pool).retrieve(to, token, amountUnits);
    }

    /// @inheritdoc IXauMesh
    function proposeParameters(address pool, uint256 i, uint256 k, uint256 lpFeeRate) external onlyOwner {
        IPmmPrivatePool(pool).proposeParameters(i, k, lpFeeRate);
    }

    /// @inheritdoc IXauMesh
    function cancelParameters(address pool) external onlyOwner {
        IPmmPrivatePool(pool).cancelParameters();
    }

    /// @inheritdoc IXauMesh
    /// @dev Pools let only their allow-list apply, and this mesh is all of it; the pool checks delay, step and balance.
    function applyParameters(address pool) external {
        IPmmPool(pool).applyParameters();
    }

    // Operators

    /// @inheritdoc IXauMesh
    function fund(address token, uint256 xauIn, uint256 tokenIn) external {
        require(isOperator[msg.sender] || msg.sender == owner(), NotAuthorized(msg.sender));
        address pool = _requirePool(token);
        IPmmPrivatePool(pool).deposit(xauIn, tokenIn, msg.sender);
        emit Funded(pool, msg.sender, xauIn, tokenIn);
    }

    /// @inheritdoc IXauMesh
    function swap(
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 minOut,
        uint256 deadline
    ) external onlyOperator returns (uint256 amountOut) {
        require(tokenIn != tokenOut, IdenticalTokens(tokenIn));
        if (tokenIn == xau) {
            amountOut = IPmmPool(_requirePool(tokenOut)).swapBase(amountIn, minOut, msg.sender, msg.sender, deadline);
        } else if (tokenOut == xau) {
            amountOut = IPmmPool(_requirePool(tokenIn)).swapQuote(amountIn, minOut, msg.sender, msg.sender, deadline);
        } else {
            // XAU goes from pool to pool. The middle leg needs no minimum: the whole route is bound by `minOut`.
            address last = _requirePool(tokenOut);
            uint256 xauAmount = IPmmPool(_requirePool(tokenIn)).swapQuote(amountIn, 0, msg.sender, last, deadline);
            amountOut = IPmmPrivatePool(last).swapReceivedBase(xauAmount, minOut, msg.sender, deadline);
        }
        emit MeshSwap(msg.sender, tokenIn, tokenOut, amountIn, amountOut);
    }

    // Views

    /// @inheritdoc IXauMesh
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IXauMesh
    function quote(address tokenIn, uint256 amountIn, address tokenOut) external view returns (uint256 amountOut) {
        require(tokenIn != tokenOut, IdenticalTokens(tokenIn));
        // The pools see the mesh as the trader, whichever operator stands behind it.
        amountOut = amountIn;
        if (tokenIn != xau) {
            (amountOut, , , ) = IDodoV2Pool(_requirePool(tokenIn)).querySellQuote(address(this), amountOut);
        }
        if (tokenOut != xau) {
            (amountOut, , , ) = IDodoV2Pool(_requirePool(tokenOut)).querySellBase(address(this), amountOut);
        }
    }

    /// @inheritdoc IXauMesh
    function reserves(address token) external view returns (uint256 xauWei, uint256 tokenUnits) {
        return IDodoV2Pool(_requirePool(token)).getVaultReserve();
    }

    // Internal

    function _requirePool(address token) internal view returns (address pool) {
        pool = poolOf[token];
        require(pool != address(0), NoMeshPool(token));
    }

    /// @dev The accepted factory vouches for the code, so that what the pool says about itself can be believed after that.
    function _isMeshPool(address pool) internal view returns (bool) {
        if (pool.code.length == 0) return false;
        try IPmmPool(pool).factory() returns (address factory) {
            if (!isFactory[factory] || !IPmmFactory(factory).isPool(pool)) return false;
        } catch {
            return false;
        }
        // A maintainer's share would leave the inventory with every swap.
        (, uint256 mtFeeRate) = IDodoV2Pool(pool).getUserFeeRate(address(this));
        return
            IPmmPool(pool).kind() == IPmmPool.Kind.PRIVATE &&
            IPmmPrivatePool(pool)._OWNER_() == address(this) &&
            IDodoV2Pool(pool)._BASE_TOKEN_() == xau &&
            mtFeeRate == 0;
    }
}
