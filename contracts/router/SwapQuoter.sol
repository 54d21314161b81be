// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {PushSwap} from "../dodo/PushSwap.sol";
import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IEnhancedSwapRouter} from "../interfaces/IEnhancedSwapRouter.sol";
import {ISwapQuoter} from "../interfaces/ISwapQuoter.sol";
import {ISwapRegistry} from "../interfaces/ISwapRegistry.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3.sol";
import {V3Quote} from "./V3Quote.sol";

/// @title SwapQuoter
/// @notice Finds the best route, and the best split over several, for an exact input.
/// @dev ROLES: none. No state, no token, no owner. PRICE SOURCES: the pools' own queries; Uniswap pools are computed from their state.
/// @dev HOW IT SEARCHES. Candidates: each registered pool of the pair, and through each intermediate token the j-th best pool of the
/// first pair with the j-th best of the second. No two candidates share a pool, so their outputs simply add up. Then the amount is
/// poured in SLICES equal parts, each to the candidate that pays most for it on top of what it got (water-filling).
/// @dev WHAT IT GUARANTEES. The answer is exact: the swap pays it to the unit in the same state. It is never worse than the best single
/// candidate, which is quoted whole and compared, and the best single candidate is the best single route: more in never pays less out,
/// so the best first pool with the best second pool beats every other pair. With concave pools the split is optimal among all splits
/// into whole slices; what finer slices could add is not looked for.
/// @dev ROUNDING: the pools'. LIVENESS: a pool that reverts or cannot fill is passed over, at most POOL_GAS each time.
/// @dev HOW TO STOP IT: not needed; the router checks every route by itself.
contract SwapQuoter is ISwapQuoter, ICommonErrors {
    /// @notice Parts of a split.
    uint256 public constant SLICES = 32;
    /// @notice Gas for one pool: 256 ranges of a Uniswap pool cost about 4 million.
    uint256 public constant POOL_GAS = 6_000_000;

    /// @dev One pool in one direction.
    struct Source {
        address pool;
        ISwapRegistry.PoolEntry entry;
        uint256 amountOut;
    }

    /// @dev One route; `second.pool` zero for one hop.
    struct Candidate {
        Source first;
        Source second;
        address between;
        /// @dev Output for the whole amount.
        uint256 whole;
        uint256 poured;
        uint256 pays;
        /// @dev Output for `poured` and one slice more.
        uint256 paysNext;
    }

    /// @dev The question; memory only.
    struct Ask {
        ISwapRegistry registry;
        address tokenIn;
        uint256 amountIn;
        address tokenOut;
        uint256 maxRoutes;
    }

    /// @inheritdoc ISwapQuoter
    function quote(
        ISwapRegistry registry,
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 maxRoutes
    ) external view returns (uint256 amountOut, IEnhancedSwapRouter.Route[] memory routes) {
        require(amountIn > 0, ZeroAmount());
        require(tokenIn != tokenOut, IdenticalTokens(tokenIn));
        Ask memory ask = Ask(registry, tokenIn, amountIn, tokenOut, maxRoutes);
        Candidate[] memory candidates = _candidates(ask);
        (uint256 whole, uint256 best) = _bestWhole(candidates);
        if (maxRoutes > 1 && candidates.length > 1 && amountIn >= SLICES) {
            uint256 used;
            (amountOut, used) = _pour(ask, candidates);
            if (amountOut > whole) return (amountOut, _routesOf(candidates, used));
        }
        require(whole > 0, IEnhancedSwapRouter.NoRoute(tokenIn, tokenOut, amountIn));
        routes = new IEnhancedSwapRouter.Route[](1);
        routes[0] = _route(candidates[best], amountIn);
        return (whole, routes);
    }

    /// @inheritdoc ISwapQuoter
    function quotePool(
        address pool,
        ISwapRegistry.PoolEntry calldata entry,
        address trader,
        address tokenIn,
        uint256 amountIn
    ) external view returns (uint256 amountOut) {
        bool sellsA = tokenIn == entry.tokenA;
        if (entry.venue == ISwapRegistry.Venue.UNISWAP_V3) {
            return V3Quote.amountOutOf(IUniswapV3Pool(pool), sellsA, amountIn);
        }
        if (entry.venue == ISwapRegistry.Venue.DODO) {
            // The router would sync surplus into the reserves first, which moves the price: not quotable until somebody does.
            uint256 surplus = sellsA ? IDodoV2Pool(pool).getBaseInput() : IDodoV2Pool(pool).getQuoteInput();
            if (surplus != 0) return 0;
        }
        (, amountOut) = PushSwap.tryQuoteFor(trader, pool, sellsA, amountIn);
    }

    // Internal: candidates

    function _candidates(Ask memory ask) private view returns (Candidate[] memory candidates) {
        address[] memory middle = ask.registry.intermediates();
        Candidate[][] memory groups = new Candidate[][](middle.length + 1);
        groups[0] = _direct(ask);
        uint256 count = groups[0].length;
        for (uint256 j = 0; j < middle.length; ++j) {
            if (middle[j] == ask.tokenIn || middle[j] == ask.tokenOut) continue;
            groups[j + 1] = _through(ask, middle[j]);
            count += groups[j + 1].length;
        }
        candidates = new Candidate[](count);
        for (uint256 j = 0; j < groups.length; ++j) {
            for (uint256 k = 0; k < groups[j].length; ++k) candidates[--count] = groups[j][k];
        }
    }

    function _direct(Ask memory ask) private view returns (Candidate[] memory list) {
        Source[] memory sources = _ranked(ask.registry, ask.tokenIn, ask.tokenOut, ask.amountIn);
        list = new Candidate[](sources.length);
        for (uint256 j = 0; j < sources.length; ++j) {
            list[j].first = sources[j];
            list[j].whole = sources[j].amountOut;
        }
    }

    function _through(Ask memory ask, address between) private view returns (Candidate[] memory list) {
        Source[] memory firsts = _ranked(ask.registry, ask.tokenIn, between, ask.amountIn);
        if (firsts.length == 0) return list;
        Source[] memory lasts = _ranked(ask.registry, between, ask.tokenOut, firsts[0].amountOut);
        list = new Candidate[](firsts.length < lasts.length ? firsts.length : lasts.length);
        for (uint256 j = 0; j < list.length; ++j) {
            (list[j].first, list[j].second, list[j].between) = (firsts[j], lasts[j], between);
            // The first pair is known already; the others meet another amount.
            list[j].whole = j == 0 ? lasts[0].amountOut : _pays(ask, list[j], ask.amountIn);
        }
    }

    /// @dev Pools of a pair that can still be used, the best for `amountIn` first.
    function _ranked(
        ISwapRegistry registry,
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    ) private view returns (Source[] memory sources) {
        address[] memory pools = registry.poolsFor(tokenIn, tokenOut);
        sources = new Source[](pools.length);
        for (uint256 j = 0; j < pools.length; ++j) {
            Source memory source = Source(pools[j], registry.poolEntry(pools[j]), 0);
            source.amountOut = _quote(registry, source, tokenIn, amountIn);
            uint256 at = j;
            for (; at > 0 && sources[at - 1].amountOut < source.amountOut; --at) sources[at] = sources[at - 1];
            sources[at] = source;
        }
    }

    // Internal: amounts

    /// @dev Reentered through an external call, so that a pool's failure is caught and its gas is bounded.
    function _quote(
        ISwapRegistry registry,
        Source memory source,
        address tokenIn,
        uint256 amountIn
    ) private view returns (uint256) {
        if (amountIn == 0) return 0;
        try this.quotePool{gas: POOL_GAS}(source.pool, source.entry, address(registry), tokenIn, amountIn) returns (
            uint256 amountOut
        ) {
            return amountOut;
        } catch {
            return 0;
        }
    }

    function _pays(Ask memory ask, Candidate memory candidate, uint256 amountIn) private view returns (uint256) {
        uint256 out = _quote(ask.registry, candidate.first, ask.tokenIn, amountIn);
        if (candidate.second.pool == address(0)) return out;
        return _quote(ask.registry, candidate.second, candidate.between, out);
    }

    function _bestWhole(Candidate[] memory candidates) private pure returns (uint256 whole, uint256 best) {
        for (uint256 j = 0; j < candidates.length; ++j) {
            if (candidates[j].whole > whole) (whole, best) = (candidates[j].whole, j);
        }
    }

    /// @return total 0 when the slices could not all be placed.
    /// @return used How many routes got something.
    function _pour(Ask memory ask, Candidate[] memory candidates) private view returns (uint256 total, uint256 used) {
        uint256 slice = ask.amountIn / SLICES;
        for (uint256 j = 0; j < candidates.length; ++j) candidates[j].paysNext = _pays(ask, candidates[j], slice);
        for (uint256 placed = 1; placed <= SLICES; ++placed) {
            (bool found, uint256 best) = _steepest(candidates, used == ask.maxRoutes);
            if (!found) return (0, used);
            Candidate memory chosen = candidates[best];
            if (chosen.poured == 0) ++used;
            chosen.poured += slice;
            total += chosen.paysNext - chosen.pays;
            chosen.pays = chosen.paysNext;
            if (placed < SLICES) {
                chosen.paysNext = _pays(ask, chosen, chosen.poured + slice);
            } else {
                // What the division left over goes with the last slice.
                chosen.poured += ask.amountIn - slice * SLICES;
                total = total - chosen.pays + _pays(ask, chosen, chosen.poured);
            }
        }
    }

    /// @dev Where one slice more pays most; only routes in use when no other may be opened.
    function _steepest(Candidate[] memory candidates, bool onlyUsed) private pure returns (bool found, uint256 best) {
        uint256 most = 0;
        for (uint256 j = 0; j < candidates.length; ++j) {
            Candidate memory candidate = candidates[j];
            if ((onlyUsed && candidate.poured == 0) || candidate.paysNext <= candidate.pays) continue;
            uint256 gain = candidate.paysNext - candidate.pays;
            if (gain > most) (found, best, most) = (true, j, gain);
        }
    }

    function _routesOf(
        Candidate[] memory candidates,
        uint256 used
    ) private pure returns (IEnhancedSwapRouter.Route[] memory routes) {
        routes = new IEnhancedSwapRouter.Route[](used);
        for (uint256 j = 0; j < candidates.length; ++j) {
            if (candidates[j].poured != 0) routes[--used] = _route(candidates[j], candidates[j].poured);
        }
    }

    function _route(
        Candidate memory candidate,
        uint256 amountIn
    ) private pure returns (IEnhancedSwapRouter.Route memory) {
        return IEnhancedSwapRouter.Route(amountIn, candidate.first.pool, candidate.second.pool);
    }
}
