// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {IEnhancedSwapRouter} from "../../../contracts/interfaces/IEnhancedSwapRouter.sol";
import {ISwapRegistry} from "../../../contracts/interfaces/ISwapRegistry.sol";
import {IDodoV2Pool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {EnhancedSwapRouter} from "../../../contracts/router/EnhancedSwapRouter.sol";
import {DodoBase} from "../dodo/DodoBase.t.sol";
import {IUniswapV3FactoryCreation, IUniswapV3PoolLiquidity, PublishedCode, V3Provider} from "./PublishedCode.sol";

/// @title RouterBase
/// @notice A router over all three venues: our pools, DODO's stand-in, and Uniswap v3 itself; XAU and cUSDT are intermediates.
abstract contract RouterBase is DodoBase {
    uint256 internal constant GOLD_PRICE = 2_500;

    EnhancedSwapRouter internal router;
    address internal permit2;
    address internal guardian;
    address internal receiver;
    IUniswapV3FactoryCreation internal v3Factory;
    V3Provider internal v3Provider;

    // cUSDT/cUSDC on each venue, and what leads through gold and cUSDT.
    address internal ours;
    address internal dodo;
    IUniswapV3PoolLiquidity internal v3;
    address internal goldCUSDT;
    IUniswapV3PoolLiquidity internal goldCUSDC;
    address internal cusdtUsdt;

    function _venue() internal pure override returns (IDODOPMMIntegration.Venue) {
        return IDODOPMMIntegration.Venue.OURS;
    }

    function setUp() public virtual override {
        super.setUp();
        guardian = makeAddr("guardian");
        receiver = makeAddr("receiver");
        permit2 = PublishedCode.permit2();
        v3Factory = PublishedCode.uniswapV3Factory();
        v3Provider = new V3Provider();
        router = EnhancedSwapRouter(
            deploy(
                "EnhancedSwapRouter",
                abi.encode(address(integration), deploy("SwapQuoter", ""), permit2, timelock, guardian)
            )
        );
        ours = funded(IDODOPMMIntegration.Venue.OURS, cUSDT, cUSDC, 1e18, 1e12);
        dodo = funded(IDODOPMMIntegration.Venue.DODO, cUSDT, cUSDC, 1e18, 5e11);
        goldCUSDT = funded(IDODOPMMIntegration.Venue.OURS, gold, cUSDT, GOLD_PRICE * 1e6, 400e18);
        cusdtUsdt = funded(IDODOPMMIntegration.Venue.DODO, cUSDT, usdt, 1e18, 1e12);
        v3 = v3Provider.create(v3Factory, address(cUSDT), address(cUSDC), 500, 1, 1);
        v3Provider.add(v3, 100, 100, 1e13);
        v3Provider.add(v3, 3, 2, 4e13);
        goldCUSDC = v3Provider.create(v3Factory, address(gold), address(cUSDC), 500, 1e18, GOLD_PRICE * 1e6);
        v3Provider.add(goldCUSDC, 200, 200, 2e17);
        vm.startPrank(timelock);
        router.registerPool(ours);
        router.registerPool(dodo);
        router.registerPool(goldCUSDT);
        router.registerPool(cusdtUsdt);
        router.registerUniswapPool(address(v3Factory), address(v3));
        router.registerUniswapPool(address(v3Factory), address(goldCUSDC));
        router.setIntermediate(address(gold), true);
        router.setIntermediate(address(cUSDT), true);
        vm.stopPrank();
    }

    /// @dev `manager` creates and funds through the integration; `baseIn` and its worth of quote.
    function funded(
        IDODOPMMIntegration.Venue venue,
        PlainERC20 base,
        PlainERC20 quote,
        uint256 price,
        uint256 baseIn
    ) internal returns (address pool) {
        uint256 quoteIn = (baseIn * price) / WAD;
        give(base, manager, baseIn);
        give(quote, manager, quoteIn);
        vm.prank(manager);
        (pool, ) = integration.createFundedPool(venue, terms(base, quote, price), baseIn, quoteIn, 1, block.timestamp);
    }

    function order(
        PlainERC20 tokenIn,
        uint256 amountIn,
        PlainERC20 tokenOut
    ) internal view returns (IEnhancedSwapRouter.Order memory) {
        return IEnhancedSwapRouter.Order(address(tokenIn), amountIn, address(tokenOut), 1, receiver, block.timestamp);
    }

    function one(
        uint256 amountIn,
        address first,
        address second
    ) internal pure returns (IEnhancedSwapRouter.Route[] memory routes) {
        routes = new IEnhancedSwapRouter.Route[](1);
        routes[0] = IEnhancedSwapRouter.Route(amountIn, first, second);
    }

    /// @dev Mints to the trader and approves the router, exactly.
    function allow(PlainERC20 token, uint256 amount) internal {
        token.mint(trader, amount);
        vm.prank(trader);
        token.approve(address(router), amount);
    }

    function run(
        IEnhancedSwapRouter.Order memory order_,
        IEnhancedSwapRouter.Route[] memory routes
    ) internal returns (uint256 amountOut) {
        allow(PlainERC20(order_.tokenIn), order_.amountIn);
        vm.prank(trader);
        return router.swap(order_, routes);
    }

    /// @dev Sells directly at a pool, to move it away from where it was.
    function disturb(address pool, bool isBase, uint256 amountIn) internal {
        PlainERC20 token = PlainERC20(isBase ? IDodoV2Pool(pool)._BASE_TOKEN_() : IDodoV2Pool(pool)._QUOTE_TOKEN_());
        give(token, attacker, amountIn);
        vm.prank(attacker);
        integration.swapExactIn(pool, address(token), amountIn, 0, attacker, block.timestamp);
    }

    function tokens() internal view returns (PlainERC20[5] memory) {
        return [cUSDT, cUSDC, usdt, usdc, gold];
    }

    function pools() internal view returns (address[6] memory) {
        return [ours, dodo, address(v3), goldCUSDT, address(goldCUSDC), cusdtUsdt];
    }

    /// @dev What ROUTER-1 says, as long as nothing was sent here by mistake.
    function assertHoldsNothing() internal view {
        PlainERC20[5] memory all = tokens();
        for (uint256 j = 0; j < all.length; ++j) {
            assertEq(all[j].balanceOf(address(router)), 0, "ROUTER-1: the router holds nothing");
        }
        assertApprovals();
    }

    function assertApprovals() internal view {
        PlainERC20[5] memory all = tokens();
        address[6] memory targets = pools();
        for (uint256 j = 0; j < all.length; ++j) {
            assertEq(all[j].allowance(address(router), permit2), 0, "ROUTER-1: no approval of Permit2");
            for (uint256 k = 0; k < targets.length; ++k) assertApproval(targets[k], address(all[j]));
        }
    }

    /// @dev A registered pool of ours may take its two tokens; any other pool and any other token: nothing.
    function assertApproval(address pool, address token) internal view {
        ISwapRegistry.PoolEntry memory entry = router.poolEntry(pool);
        bool given = entry.venue == ISwapRegistry.Venue.PMM && (token == entry.tokenA || token == entry.tokenB);
        uint256 expected = given ? type(uint256).max : 0;
        assertEq(PlainERC20(token).allowance(address(router), pool), expected, "ROUTER-1: approvals of our pools only");
    }
}
