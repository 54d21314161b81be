// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IDODOPMMIntegration} from "../interfaces/IDODOPMMIntegration.sol";
import {IDODOPMMProvider} from "../interfaces/IDODOPMMProvider.sol";
import {PushSwap} from "./PushSwap.sol";

/// @title DODOPMMProvider
/// @notice Quotes and trades at the best of the registered public pools.
/// @dev ROLES. Owner (two steps): pools, out of the integration's registry of proven pools. Anyone: quotes and swaps with own tokens.
/// @dev PRICE SOURCES. The pools. ROUNDING. That of the pools. TOKEN REQUIREMENTS. Exact transfers. Holds nothing, ever.
/// @dev LIVENESS. A pool that is empty, stopped or without oracle is passed over. HOW TO STOP IT. `removePool`.
contract DODOPMMProvider is IDODOPMMProvider, Ownable2Step, ReentrancyGuardTransient {
    IDODOPMMIntegration public immutable integration;

    mapping(address lower => mapping(address higher => address[] pools)) private _pools;

    constructor(address integration_, address owner_) Ownable(owner_) {
        require(integration_.code.length > 0, NotAContract(integration_));
        integration = IDODOPMMIntegration(integration_);
    }

    // Owner

    /// @inheritdoc IDODOPMMProvider
    function registerPool(address pool) external onlyOwner {
        IDODOPMMIntegration.PoolInfo memory info = integration.poolInfo(pool);
        require(info.isRegistered && !info.isPrivate, NotAPublicPool(pool));
        address[] storage list = _list(info.baseToken, info.quoteToken);
        require(_indexOf(list, pool) == list.length, PoolAlreadyRegistered(pool));
        list.push(pool);
        emit PoolRegistered(pool, info.baseToken, info.quoteToken);
    }

    /// @inheritdoc IDODOPMMProvider
    function removePool(address pool, address tokenA, address tokenB) external onlyOwner {
        address[] storage list = _list(tokenA, tokenB);
        uint256 index = _indexOf(list, pool);
        require(index < list.length, PoolNotRegistered(pool));
        list[index] = list[list.length - 1];
        list.pop();
        emit PoolRemoved(pool);
    }

    // Anyone

    /// @inheritdoc IDODOPMMProvider
    function executeSwap(
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external nonReentrant returns (uint256 amountOut) {
        require(block.timestamp <= deadline, DeadlineExpired(deadline, block.timestamp));
        (uint256 quoted, address pool, bool isSellBase) = _best(tokenIn, tokenOut, amountIn);
        require(quoted > 0, NoLiquidity(tokenIn, tokenOut, amountIn));
        amountOut = PushSwap.swap(pool, isSellBase, tokenIn, tokenOut, amountIn, minOut, msg.sender, to);
        emit Executed(pool, msg.sender, to, tokenIn, amountIn, tokenOut, amountOut);
    }

    /// @inheritdoc IDODOPMMProvider
    function getQuote(
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    ) external view returns (uint256 amountOut, address pool) {
        (amountOut, pool, ) = _best(tokenIn, tokenOut, amountIn);
        require(amountOut > 0, NoLiquidity(tokenIn, tokenOut, amountIn));
    }

    /// @inheritdoc IDODOPMMProvider
    function poolsFor(address tokenA, address tokenB) external view returns (address[] memory) {
        return _list(tokenA, tokenB);
    }

    // Internal

    /// @dev A pool that the integration has dropped since is passed over, too.
    function _best(
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    ) internal view returns (uint256 amountOut, address pool, bool isSellBase) {
        require(tokenIn != tokenOut, IdenticalTokens(tokenIn));
        require(amountIn > 0, ZeroAmount());
        address[] storage list = _list(tokenIn, tokenOut);
        for (uint256 index = 0; index < list.length; ++index) {
            IDODOPMMIntegration.PoolInfo memory info = integration.poolInfo(list[index]);
            if (!info.isRegistered) continue;
            bool sellsBase = tokenIn == info.baseToken;
            (bool quoted, uint256 out) = PushSwap.tryQuote(list[index], sellsBase, amountIn);
            if (quoted && out > amountOut) (amountOut, pool, isSellBase) = (out, list[index], sellsBase);
        }
    }

    function _list(address tokenA, address tokenB) internal view returns (address[] storage) {
        return tokenA < tokenB ? _pools[tokenA][tokenB] : _pools[tokenB][tokenA];
    }

    function _indexOf(address[] storage list, address pool) internal view returns (uint256 index) {
        while (index < list.length && list[index] != pool) ++index;
    }
}
