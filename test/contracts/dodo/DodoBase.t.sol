// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {DODOPMMIntegration} from "../../../contracts/dodo/DODOPMMIntegration.sol";
import {DODOPMMProvider} from "../../../contracts/dodo/DODOPMMProvider.sol";
import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {
    DodoApproveStandIn,
    DodoDppFactoryStandIn,
    DodoDppProxyStandIn,
    DodoDspFactoryStandIn,
    DodoDspProxyStandIn
} from "../../../contracts/mocks/dodo/DodoSystemStandIn.sol";
import {PmmFactory} from "../../../contracts/pmm/PmmFactory.sol";
import {Base} from "../Base.t.sol";

/// @title DodoBase
/// @notice The integration over our factory and over DODO's stand-in; `_venue` chooses the default.
abstract contract DodoBase is Base {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant FEE = 1e14;
    uint256 internal constant K = 0.005e18;

    address internal timelock;
    address internal manager;
    address internal provider;
    address internal trader;
    address internal attacker;
    PlainERC20 internal cUSDT;
    PlainERC20 internal cUSDC;
    PlainERC20 internal usdt;
    PlainERC20 internal usdc;
    PlainERC20 internal gold; // 18 decimals
    PmmFactory internal factory;
    DodoDspFactoryStandIn internal dspFactory;
    DodoDppFactoryStandIn internal dppFactory;
    DodoApproveStandIn internal approve;
    DodoDspProxyStandIn internal dspProxy;
    DodoDppProxyStandIn internal dppProxy;
    DODOPMMIntegration internal integration;
    DODOPMMProvider internal quoter;

    function _venue() internal pure virtual returns (IDODOPMMIntegration.Venue);

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        timelock = makeAddr("timelock");
        manager = makeAddr("manager");
        provider = makeAddr("provider");
        trader = makeAddr("trader");
        attacker = makeAddr("attacker");
        cUSDT = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        cUSDC = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        usdt = PlainERC20(deploy("PlainERC20", abi.encode("USDT", 6)));
        usdc = PlainERC20(deploy("PlainERC20", abi.encode("USDC", 6)));
        gold = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        IPmmPool.Config memory config = IPmmPool.Config({
            oracle: address(0),
            stabilizer: address(0),
            maintainer: address(0),
            mtFeeRate: 0,
            flashFeeRate: 0,
            parameterDelay: 1 days
        });
        factory = PmmFactory(
            deploy(
                "PmmFactory",
                abi.encode(
                    timelock,
                    deploy("PublicPmmPool", abi.encode(config)),
                    deploy("PrivatePmmPool", abi.encode(config))
                )
            )
        );
        dspFactory = new DodoDspFactoryStandIn();
        dppFactory = new DodoDppFactoryStandIn();
        approve = new DodoApproveStandIn();
        dspProxy = new DodoDspProxyStandIn(approve, dspFactory);
        dppProxy = new DodoDppProxyStandIn(approve, dppFactory);
        approve.allow(address(dspProxy));
        approve.allow(address(dppProxy));
        dppFactory.addAdminList(address(dppProxy));
        integration = DODOPMMIntegration(
            deploy(
                "DODOPMMIntegration",
                abi.encode(
                    DODOPMMIntegration.Stables(address(cUSDT), address(cUSDC), address(usdt), address(usdc)),
                    address(factory),
                    dodoAddresses(),
                    timelock
                )
            )
        );
        quoter = DODOPMMProvider(deploy("DODOPMMProvider", abi.encode(address(integration), timelock)));
        vm.startPrank(timelock);
        integration.setManager(manager, true);
        integration.setDefaultVenue(_venue());
        vm.stopPrank();
    }

    function dodoAddresses() internal view returns (IDODOPMMIntegration.DodoAddresses memory) {
        return
            IDODOPMMIntegration.DodoAddresses({
                dspFactory: address(dspFactory),
                dspProxy: address(dspProxy),
                dspTemplate: dspFactory._DSP_TEMPLATE_(),
                dppFactory: address(dppFactory),
                dppProxy: address(dppProxy),
                dppTemplate: dppFactory._DPP_TEMPLATE_(),
                approve: address(approve)
            });
    }

    function terms(
        PlainERC20 base,
        PlainERC20 quote,
        uint256 price
    ) internal pure returns (IDODOPMMIntegration.PoolTerms memory) {
        return IDODOPMMIntegration.PoolTerms(address(base), address(quote), FEE, price, K, true);
    }

    /// @dev Mints and approves the integration and the quoter.
    function give(PlainERC20 token, address who, uint256 amount) internal {
        token.mint(who, amount);
        vm.startPrank(who);
        token.approve(address(integration), type(uint256).max);
        token.approve(address(quoter), type(uint256).max);
        vm.stopPrank();
    }

    /// @dev cUSDT/cUSDC with a million on each side, on the default venue.
    function stablePool() internal returns (address pool) {
        vm.prank(manager);
        pool = integration.createCUSDTCUSDCPool(FEE, 1e18, K, true);
        give(cUSDT, provider, 1e12);
        give(cUSDC, provider, 1e12);
        vm.prank(provider);
        integration.addLiquidity(pool, 1e12, 1e12, 1, provider, block.timestamp);
    }
}
