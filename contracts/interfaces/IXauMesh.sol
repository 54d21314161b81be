// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Private mesh: one private XAU/token pool per token, never one per pair
/// @notice `swap` routes A -> XAU -> B (one leg when A or B is XAU). Only operators named by the owner may call what moves tokens.
/// @dev The mesh never holds tokens: pools pull from the operator, who has approved the pools, and pay the operator; on the way over two
/// pools the first pays XAU to the second.
interface IXauMesh is ICommonErrors {
    event PoolRegistered(address indexed token, address indexed pool);
    event PoolRemoved(address indexed token, address indexed pool);
    event SetFactory(address indexed factory, bool accepted);
    event SetOperator(address indexed operator, bool allowed);
    event MeshSwap(
        address indexed operator,
        address indexed tokenIn,
        address indexed tokenOut,
        uint256 amountIn,
        uint256 amountOut
    );
    event Funded(address indexed pool, address indexed from, uint256 baseIn, uint256 quoteIn);
    event Withdrawn(address indexed pool, address indexed to, uint256 baseOut, uint256 quoteOut);

    /// @notice Thrown when no mesh pool stands for the token.
    error NoMeshPool(address token);
    /// @notice Thrown when a pool is not a private XAU pool of an accepted factory, owned by this mesh and free of maintainer fees.
    error NotAMeshPool(address pool);
    /// @notice Thrown when the token has a pool already.
    error TokenTaken(address token);

    function xau() external view returns (address);

    /// @notice The private XAU/token pool, or zero.
    function poolOf(address token) external view returns (address);

    /// @notice All tokens with a pool, in order of registration.
    function tokens() external view returns (address[] memory);

    function isOperator(address account) external view returns (bool);

    /// @notice What `swap` would pay for an operator now. Reverts where `swap` would.
    function quote(address tokenIn, uint256 amountIn, address tokenOut) external view returns (uint256 amountOut);

    /// @notice Operator only. Pulls exactly `amountIn` from the caller and pays the caller, at least `minOut`.
    function swap(
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 minOut,
        uint256 deadline
    ) external returns (uint256 amountOut);

    /// @notice Recorded reserves of a token's pool: XAU wei and token base units.
    function reserves(address token) external view returns (uint256 xauWei, uint256 tokenUnits);

    /// @notice Whether pools of this factory may be registered.
    function isFactory(address factory) external view returns (bool);

    /// @notice Owner only. Registers a private XAU/token pool that was created with this mesh as its owner.
    function registerPool(address pool) external;

    /// @notice Owner only. The pool keeps its funds; `withdraw` still reaches them.
    function removePool(address token) external;

    /// @notice Owner only.
    function setFactory(address factory, bool accepted) external;

    /// @notice Owner only.
    function setOperator(address operator, bool allowed) external;

    /// @notice Owner and operators. Pulls from the caller, who has approved the pool, into the token's pool.
    function fund(address token, uint256 xauIn, uint256 tokenIn) external;

    /// @notice Owner only; never paused; reads no oracle. Takes funds out of any pool this mesh owns, registered or not.
    function withdraw(address pool, uint256 xauOut, uint256 tokenOut, address to) external;

    /// @notice Owner only. Takes what lies in a pool beyond its recorded reserves, of any token.
    function retrieve(address pool, address token, uint256 amountUnits, address to) external;

    /// @notice Owner only. Announces parameters of an owned pool; anyone may apply them here after its delay.
    function proposeParameters(address pool, uint256 i, uint256 k, uint256 lpFeeRate) external;

    /// @notice Owner only.
    function cancelParameters(address pool) external;

    /// @notice Anyone. Applies announced parameters of an owned pool; reverts as the pool does before its delay or out of balance.
    function applyParameters(address pool) external;
}
