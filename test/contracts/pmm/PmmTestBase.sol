// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmFactory} from "../../../contracts/interfaces/IPmmFactory.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {AnchorOracleMock} from "../../../contracts/mocks/AnchorOracleMock.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmFactory} from "../../../contracts/pmm/PmmFactory.sol";
import {Base} from "../Base.t.sol";

/// @title PmmTestBase
/// @notice A factory with both implementations, tokens and actors for the tests of pools.
abstract contract PmmTestBase is Base {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant K = 0.005e18;
    uint256 internal constant FEE = 1e14;
    uint256 internal constant FLASH_FEE = 1e14;
    uint256 internal constant DELAY = 1 days;
    uint8 internal constant ONE = 0;
    uint8 internal constant ABOVE = 1;
    uint8 internal constant BELOW = 2;

    AnchorOracleMock internal oracle;
    PmmFactory internal factory;
    address internal governor;
    address internal stabilizer;
    address internal maintainer;
    address internal provider;
    address internal trader;
    address internal attacker;

    function setUpFactory(uint256 mtFeeRate) internal {
        governor = makeAddr("governor");
        stabilizer = makeAddr("stabilizer");
        maintainer = makeAddr("maintainer");
        provider = makeAddr("provider");
        trader = makeAddr("trader");
        attacker = makeAddr("attacker");
        oracle = AnchorOracleMock(deploy("AnchorOracleMock", ""));
        IPmmPool.Config memory config = configOf(mtFeeRate);
        factory = PmmFactory(
            deploy(
                "PmmFactory",
                abi.encode(
                    governor,
                    deploy("PublicPmmPool", abi.encode(config)),
                    deploy("PrivatePmmPool", abi.encode(config))
                )
            )
        );
        vm.roll(1000);
        vm.warp(1_800_000_000);
    }

    function configOf(uint256 mtFeeRate) internal view returns (IPmmPool.Config memory) {
        return
            IPmmPool.Config({
                oracle: address(oracle),
                stabilizer: stabilizer,
                maintainer: maintainer,
                mtFeeRate: mtFeeRate,
                flashFeeRate: FLASH_FEE,
                parameterDelay: DELAY
            });
    }

    function publicParams(
        address base,
        address quote,
        uint256 i,
        uint256 k
    ) internal pure returns (IPmmFactory.PoolParams memory) {
        return
            IPmmFactory.PoolParams({
                kind: IPmmPool.Kind.PUBLIC,
                pricing: i == 0 ? IPmmPool.Pricing.ORACLE : IPmmPool.Pricing.FIXED,
                baseToken: base,
                quoteToken: quote,
                lpFeeRate: FEE,
                i: i,
                k: k,
                isOpenTWAP: true,
                owner: address(0)
            });
    }

    function privateParams(
        address base,
        address quote,
        uint256 i,
        uint256 k,
        address owner
    ) internal pure returns (IPmmFactory.PoolParams memory params) {
        params = publicParams(base, quote, i, k);
        params.kind = IPmmPool.Kind.PRIVATE;
        params.owner = owner;
    }

    /// @dev `provider` creates and funds; i = 0 makes an ORACLE pool.
    function fund(
        IPmmFactory.PoolParams memory params,
        uint256 baseIn,
        uint256 quoteIn
    ) internal returns (address pool) {
        PlainERC20(params.baseToken).mint(provider, baseIn);
        PlainERC20(params.quoteToken).mint(provider, quoteIn);
        vm.startPrank(provider);
        PlainERC20(params.baseToken).approve(address(factory), baseIn);
        PlainERC20(params.quoteToken).approve(address(factory), quoteIn);
        (pool, ) = factory.createFundedPool(params, baseIn, quoteIn, 0, block.timestamp);
        vm.stopPrank();
    }

    /// @dev Mints to `who`, approves and sells through the pull-based entry.
    function sell(IPmmPool pool, address who, bool isBase, uint256 amountIn) internal returns (uint256 amountOut) {
        PlainERC20 token = PlainERC20(isBase ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_());
        token.mint(who, amountIn);
        vm.startPrank(who);
        token.approve(address(pool), amountIn);
        amountOut =
            isBase
                ? pool.swapBase(amountIn, 0, who, who, block.timestamp)
                : pool.swapQuote(amountIn, 0, who, who, block.timestamp);
        vm.stopPrank();
    }

    function nextBlock() internal {
        vm.roll(vm.getBlockNumber() + 1);
        vm.warp(vm.getBlockTimestamp() + 2);
    }
}
