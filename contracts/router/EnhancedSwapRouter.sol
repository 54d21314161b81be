// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {PushSwap} from "../dodo/PushSwap.sol";
import {IEnhancedSwapRouter} from "../interfaces/IEnhancedSwapRouter.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {ISwapQuoter} from "../interfaces/ISwapQuoter.sol";
import {IUniswapV3Pool, IUniswapV3SwapCallback} from "../interfaces/IUniswapV3.sol";
import {OrderHash} from "./OrderHash.sol";
import {PoolRegistry} from "./PoolRegistry.sol";

/// @title EnhancedSwapRouter
/// @notice Sells an exact amount along routes that the caller names, through registered pools only.
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): registers pools, intermediate tokens and the guardian. Guardian:
/// removes them at once. Anyone: swaps with own tokens, or with those of a signer whose order he submits.
/// @dev WHO PAYS. The caller, or the signer of a Permit2 transfer that binds receiver, minimum, deadline and routes. Approvals that
/// users give to the router serve nobody else: no function takes a payer, and no target is called that is not registered or the token
/// of a registered pool.
/// @dev APPROVALS. Registered pools of ours, for their two tokens, and nobody else: see PoolRegistry. DODO pools and Uniswap pools are
/// paid by transfer.
/// @dev PRICE SOURCES. None: callers bring the minimum. ROUNDING. That of the pools.
/// @dev TOKEN REQUIREMENTS. Exact transfers on every pull, measured; what `to` receives is measured as well. Holds nothing between
/// calls: the legs must spend exactly what came in. Tokens that lie here, sent by mistake, are never counted and never paid out.
/// @dev LIVENESS. A route needs its pools and their oracles; others can be chosen. HOW TO STOP IT. `removePool`.
contract EnhancedSwapRouter is IEnhancedSwapRouter, IUniswapV3SwapCallback, PoolRegistry {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    uint256 public constant MAX_ROUTES = 3;

    /// @dev The ends of Uniswap's price range, exclusive: no limit. The order's minimum is the limit.
    uint160 private constant LOWEST_SQRT_PRICE = 4295128740;
    uint160 private constant HIGHEST_SQRT_PRICE = 1461446703485210103287273052203988822378723970341;

    /// @dev One pool of one route, checked against the registry; memory only.
    struct Leg {
        Venue venue;
        bool sellsA;
        address pool;
        address tokenIn;
        address tokenOut;
    }

    ISwapQuoter public immutable quoter;
    /// @inheritdoc IEnhancedSwapRouter
    address public immutable permit2;

    bool private transient _locked;
    /// @dev The one Uniswap pool that may call back now, and what it may take.
    address private transient _callbackPool;
    address private transient _callbackToken;
    uint256 private transient _callbackAmount;

    modifier lock() {
        require(!_locked, Reentrant());
        _locked = true;
        _;
        _locked = false;
    }

    /// @param permit2_ The canonical Permit2, or zero where there is none.
    constructor(
        address integration_,
        address quoter_,
        address permit2_,
        address owner_,
        address guardian_
    ) PoolRegistry(integration_, owner_, guardian_) {
        require(quoter_.code.length > 0, NotAContract(quoter_));
        require(permit2_ == address(0) || permit2_.code.length > 0, NotAContract(permit2_));
        quoter = ISwapQuoter(quoter_);
        permit2 = permit2_;
    }

    // Swaps

    /// @inheritdoc IEnhancedSwapRouter
    function swap(Order calldata order, Route[] calldata routes) external lock returns (uint256 amountOut) {
        Leg[] memory legs = _plan(order, routes);
        uint256 own = _pull(order);
        return _run(order, routes, legs, msg.sender, own);
    }

    /// @inheritdoc IEnhancedSwapRouter
    function swapWithPermit(
        Order calldata order,
        Route[] calldata routes,
        Permit calldata permit
    ) external lock returns (uint256 amountOut) {
        Leg[] memory legs = _plan(order, routes);
        _permit(order, permit);
        uint256 own = _pull(order);
        return _run(order, routes, legs, msg.sender, own);
    }

    /// @inheritdoc IEnhancedSwapRouter
    function swapWithPermit2(
        Order calldata order,
        Route[] calldata routes,
        SignedTransfer calldata transfer
    ) external lock returns (uint256 amountOut) {
        Leg[] memory legs = _plan(order, routes);
        uint256 own = _pullSigned(order, routes, transfer);
        return _run(order, routes, legs, transfer.owner, own);
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        // Written before the one call to a registered pool, erased here: nobody else, and nobody twice.
        require(msg.sender == _callbackPool, UnexpectedCallback(msg.sender));
        _callbackPool = address(0);
        uint256 owed = uint256(amount0Delta > 0 ? amount0Delta : amount1Delta);
        uint256 amountIn = _callbackAmount;
        require(owed == amountIn, PartialFill(msg.sender, owed, amountIn));
        IERC20(_callbackToken).safeTransfer(msg.sender, amountIn);
    }

    // Views

    /// @inheritdoc IEnhancedSwapRouter
    function quote(
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 maxRoutes
    ) external view returns (uint256 amountOut, Route[] memory routes) {
        require(maxRoutes > 0 && maxRoutes <= MAX_ROUTES, OutOfRange(maxRoutes, 1, MAX_ROUTES));
        return quoter.quote(this, tokenIn, amountIn, tokenOut, maxRoutes);
    }

    /// @inheritdoc IEnhancedSwapRouter
    function witnessOf(Order calldata order, Route[] calldata routes) external pure returns (bytes32) {
        return OrderHash.witness(order, routes);
    }

    // Internal: what the call is

    /// @dev Everything that can be known before a token moves. Legs of route j stand at 2j and 2j + 1.
    function _plan(Order calldata order, Route[] calldata routes) private view returns (Leg[] memory legs) {
        require(block.timestamp <= order.deadline, DeadlineExpired(order.deadline, block.timestamp));
        require(order.amountIn > 0, ZeroAmount());
        require(order.to != address(0), ZeroAddress());
        require(order.to != address(this), BadRecipient(order.to));
        require(order.tokenIn != order.tokenOut, IdenticalTokens(order.tokenIn));
        uint256 count = routes.length;
        require(count > 0 && count <= MAX_ROUTES, OutOfRange(count, 1, MAX_ROUTES));
        legs = new Leg[](2 * count);
        uint256 sum = 0;
        for (uint256 j = 0; j < count; ++j) {
            Route calldata route = routes[j];
            require(route.amountIn > 0, ZeroAmount());
            sum = Math.saturatingAdd(sum, route.amountIn);
            Leg memory leg = legs[2 * j];
            _resolve(leg, route.firstPool, order.tokenIn, order.to);
            if (route.secondPool != address(0)) {
                require(isIntermediate[leg.tokenOut], NotAnIntermediate(leg.tokenOut));
                address between = leg.tokenOut;
                leg = legs[2 * j + 1];
                _resolve(leg, route.secondPool, between, order.to);
            }
            require(leg.tokenOut == order.tokenOut, BrokenPath(leg.pool, order.tokenOut));
        }
        require(sum == order.amountIn, SplitMismatch(sum, order.amountIn));
    }

    function _resolve(Leg memory leg, address pool, address tokenIn, address to) private view {
        PoolEntry storage entry = _entries[pool];
        (Venue venue, address tokenA) = (entry.venue, entry.tokenA);
        require(venue != Venue.NONE, PoolNotRegistered(pool));
        address tokenB = entry.tokenB;
        bool sellsA = tokenIn == tokenA;
        require(sellsA || tokenIn == tokenB, BrokenPath(pool, tokenIn));
        require(to != pool, BadRecipient(to));
        _requireUsable(pool, venue);
        (leg.venue, leg.sellsA, leg.pool) = (venue, sellsA, pool);
        (leg.tokenIn, leg.tokenOut) = (tokenIn, sellsA ? tokenB : tokenA);
    }

    // Internal: who pays

    /// @return own What lay here before: not the order's, and still here afterwards.
    function _pull(Order calldata order) private returns (uint256 own) {
        IERC20 token = IERC20(order.tokenIn);
        own = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), order.amountIn);
        _requireMoved(order.tokenIn, own, token.balanceOf(address(this)), order.amountIn);
    }

    /// @dev The permit is the caller's. When somebody has submitted it before, its nonce is gone but its allowance is there.
    function _permit(Order calldata order, Permit calldata permit) private {
        require(permit.chainId == block.chainid, WrongChain(permit.chainId, block.chainid));
        uint256 nonce = IERC20Permit(order.tokenIn).nonces(msg.sender);
        if (permit.nonce != nonce) {
            uint256 allowed = IERC20(order.tokenIn).allowance(msg.sender, address(this));
            require(allowed >= order.amountIn, PermitReplayed(msg.sender, permit.nonce));
            return;
        }
        IERC20Permit(order.tokenIn).permit(
            msg.sender,
            address(this),
            order.amountIn,
            permit.deadline,
            permit.v,
            permit.r,
            permit.s
        );
    }

    function _pullSigned(
        Order calldata order,
        Route[] calldata routes,
        SignedTransfer calldata transfer
    ) private returns (uint256 own) {
        require(permit2 != address(0), Permit2Unavailable());
        require(transfer.chainId == block.chainid, WrongChain(transfer.chainId, block.chainid));
        uint256 used = IPermit2(permit2).nonceBitmap(transfer.owner, transfer.nonce >> 8);
        require((used >> (transfer.nonce & 0xff)) & 1 == 0, PermitReplayed(transfer.owner, transfer.nonce));
        IERC20 token = IERC20(order.tokenIn);
        own = token.balanceOf(address(this));
        IPermit2(permit2).permitWitnessTransferFrom(
            IPermit2.PermitTransferFrom(
                IPermit2.TokenPermissions(order.tokenIn, order.amountIn),
                transfer.nonce,
                transfer.deadline
            ),
            IPermit2.SignatureTransferDetails(address(this), order.amountIn),
            transfer.owner,
            OrderHash.witness(order, routes),
            OrderHash.WITNESS_TYPE,
            transfer.signature
        );
        _requireMoved(order.tokenIn, own, token.balanceOf(address(this)), order.amountIn);
    }

    // Internal: trading

    /// @dev Of the input token exactly the pulled amount must be gone at the end, of a token between exactly what its first leg brought.
    function _run(
        Order calldata order,
        Route[] calldata routes,
        Leg[] memory legs,
        address payer,
        uint256 own
    ) private returns (uint256 amountOut) {
        IERC20 tokenOut = IERC20(order.tokenOut);
        uint256 before = tokenOut.balanceOf(order.to);
        for (uint256 j = 0; j < routes.length; ++j) {
            if (legs[2 * j + 1].venue == Venue.NONE) _trade(legs[2 * j], routes[j].amountIn, order.to);
            else _tradeThrough(legs[2 * j], legs[2 * j + 1], routes[j].amountIn, order.to);
        }
        _requireMoved(
            order.tokenIn,
            IERC20(order.tokenIn).balanceOf(address(this)),
            own + order.amountIn,
            order.amountIn
        );
        amountOut = Math.saturatingSub(tokenOut.balanceOf(order.to), before);
        require(amountOut >= order.minOut, OutputBelowMinimum(amountOut, order.minOut));
        emit Swapped(payer, order.to, order.tokenIn, order.amountIn, order.tokenOut, amountOut);
    }

    function _tradeThrough(Leg memory first, Leg memory second, uint256 amountIn, address to) private {
        IERC20 token = IERC20(second.tokenIn);
        uint256 held = token.balanceOf(address(this));
        _trade(first, amountIn, address(this));
        uint256 between = Math.saturatingSub(token.balanceOf(address(this)), held);
        require(between > 0, ZeroAmount());
        _trade(second, between, to);
        _requireMoved(second.tokenIn, token.balanceOf(address(this)), held + between, between);
    }

    /// @dev The router holds `amountIn` of the leg's input.
    function _trade(Leg memory leg, uint256 amountIn, address to) private {
        if (leg.venue == Venue.PMM) {
            // The pool pulls exactly this much, from its caller only, or reverts.
            if (leg.sellsA) IPmmPool(leg.pool).swapBase(amountIn, 0, address(this), to, block.timestamp);
            else IPmmPool(leg.pool).swapQuote(amountIn, 0, address(this), to, block.timestamp);
        } else if (leg.venue == Venue.DODO) {
            PushSwap.sell(leg.pool, leg.sellsA, leg.tokenIn, amountIn, to);
        } else {
            (_callbackPool, _callbackToken, _callbackAmount) = (leg.pool, leg.tokenIn, amountIn);
            IUniswapV3Pool(leg.pool).swap(
                to,
                leg.sellsA,
                amountIn.toInt256(),
                leg.sellsA ? LOWEST_SQRT_PRICE : HIGHEST_SQRT_PRICE,
                ""
            );
            // A pool that did not ask for its payment was not paid; the next one must not find its permission.
            _callbackPool = address(0);
        }
    }

    function _requireMoved(address token, uint256 low, uint256 high, uint256 amount) private pure {
        uint256 moved = Math.saturatingSub(high, low);
        require(moved == amount, TransferMismatch(token, moved, amount));
    }
}
