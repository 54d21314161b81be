// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {IM1TokenFactory} from "../../../contracts/interfaces/IM1TokenFactory.sol";
import {IPmmFactory} from "../../../contracts/interfaces/IPmmFactory.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {ISignedPriceFeed} from "../../../contracts/interfaces/ISignedPriceFeed.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {XauMesh} from "../../../contracts/mesh/XauMesh.sol";
import {SignedPriceFeed} from "../../../contracts/oracle/SignedPriceFeed.sol";
import {XAUOracle} from "../../../contracts/oracle/XAUOracle.sol";
import {PmmFactory} from "../../../contracts/pmm/PmmFactory.sol";
import {Stabilizer} from "../../../contracts/stabilizer/Stabilizer.sol";
import {StabilizerLimits} from "../../../contracts/stabilizer/StabilizerLimits.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {M1TokenFactory} from "../../../contracts/tokens/M1TokenFactory.sol";
import {Base} from "../Base.t.sol";

/// @title StabilizerBase
/// @notice The whole peg system on real parts: M1 tokens, XAU, an oracle with three signed feeds per token, the four public pools,
/// three mesh pools, limits and stabilizer; profile `target`. Depth 1,000,000 USD a side in public pools, 500,000 in mesh pools.
abstract contract StabilizerBase is Base {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant K = 0.005e18;
    uint256 internal constant LP_FEE = 1e14;
    uint256 internal constant MESH_FEE = 1e13;
    uint256 internal constant THETA = 3e14;
    uint256 internal constant GRACE = 2;
    uint256 internal constant FEEDS = 3;
    uint72 internal constant XAU_USD = 2650_25000000;
    uint256 internal constant DEPTH_USD = 1_000_000;
    uint256 internal constant MESH_DEPTH_USD = 500_000;
    uint256 internal constant INVENTORY_USD = 500_000;
    /// @dev About 50,000 USD.
    uint128 internal constant CAP = 18.9e18;
    uint128 internal constant MIN_TRADE = 0.19e18;

    address internal timelock;
    address internal guardian;
    address internal keeper;
    address internal provider;
    address internal trader;
    address internal attacker;
    uint256 internal reporterKey;

    M1Token internal xau;
    M1Token internal cUSDT;
    M1Token internal cUSDC;
    M1Token internal cEURT;
    XAUOracle internal oracle;
    PmmFactory internal factory;
    XauMesh internal mesh;
    StabilizerLimits internal limits;
    Stabilizer internal stabilizer;
    IPmmPool internal stablePool; // cUSDT/cUSDC
    IPmmPool internal xauPool; // XAU/cUSDT
    IPmmPool internal xauUsdcPool;
    IPmmPool internal xauEurPool;
    mapping(address token => SignedPriceFeed[]) internal feedsOf;
    mapping(address token => uint72) internal answerOf;
    M1TokenFactory private _tokenFactory;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(10_000);
        timelock = makeAddr("timelock");
        guardian = makeAddr("guardian");
        keeper = makeAddr("keeper");
        provider = makeAddr("provider");
        trader = makeAddr("trader");
        attacker = makeAddr("attacker");
        reporterKey = keyOf("reporter");

        _tokenFactory = M1TokenFactory(deploy("M1TokenFactory", ""));
        xau = _token("XAU", 18);
        cUSDT = _token("cUSDT", _decimals());
        cUSDC = _token("cUSDC", _decimals());
        cEURT = _token("cEURT", _decimals());
        oracle = XAUOracle(deploy("XAUOracle", abi.encode(address(xau), GRACE, 4, timelock)));
        _configure(xau, XAU_USD);
        _configure(cUSDT, 1_00000000);
        _configure(cUSDC, 1_00000000);
        _configure(cEURT, 1_08000000);

        limits = StabilizerLimits(deploy("StabilizerLimits", abi.encode(address(oracle), _ceilings(), timelock)));
        mesh = XauMesh(deploy("XauMesh", abi.encode(address(xau), timelock)));
        stabilizer = Stabilizer(deploy("Stabilizer", abi.encode(address(limits), address(mesh), timelock)));
        IPmmPool.Config memory config = IPmmPool.Config({
            oracle: address(oracle),
            stabilizer: address(stabilizer),
            maintainer: address(0),
            mtFeeRate: 0,
            flashFeeRate: 1e14,
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
        skipBlocks(GRACE);

        stablePool = _publicPool(cUSDT, cUSDC);
        xauPool = _publicPool(xau, cUSDT);
        xauUsdcPool = _publicPool(xau, cUSDC);
        xauEurPool = _publicPool(xau, cEURT);
        _wire();
        skipBlocks(10);
    }

    /// @dev Of the three stablecoins.
    function _decimals() internal pure virtual returns (uint8) {
        return 6;
    }

    function _publicK() internal pure virtual returns (uint256) {
        return K;
    }

    function _pricing() internal pure virtual returns (IPmmPool.Pricing) {
        return IPmmPool.Pricing.ORACLE;
    }

    // Set-up

    function _token(string memory symbol, uint8 decimals) private returns (M1Token token) {
        IM1Token.ChainSetup memory setup;
        setup.minters = new IM1Token.MinterLimit[](1);
        setup.minters[0] = IM1Token.MinterLimit(address(this), 1e36, 1e30, 1e36, 1e30);
        token = M1Token(
            _tokenFactory.createToken(IM1TokenFactory.CommonArguments(symbol, symbol, decimals, timelock), setup)
        );
        vm.label(address(token), symbol);
    }

    function _configure(M1Token token, uint72 answer) internal {
        IXAUOracle.TokenConfig memory config;
        config.tokenDecimals = token.decimals();
        config.minFeeds = 2;
        config.maxDisagreementBps = 100;
        config.minPriceWad = uint128(uint256(answer) * 1e10) / 2;
        config.maxPriceWad = uint128(uint256(answer) * 1e10) * 2;
        config.feeds = new IXAUOracle.Feed[](FEEDS);
        for (uint256 index = 0; index < FEEDS; ++index) {
            SignedPriceFeed feed = _feed(string.concat(token.symbol(), vm.toString(index)), answer);
            feedsOf[address(token)].push(feed);
            config.feeds[index] = IXAUOracle.Feed(address(feed), IXAUOracle.FeedKind.SIGNED, 1 days);
        }
        vm.prank(timelock);
        oracle.setToken(address(token), config);
        report(token, answer);
    }

    function _feed(string memory description, uint72 answer) private returns (SignedPriceFeed) {
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(reporterKey);
        return
            SignedPriceFeed(
                deploy(
                    "SignedPriceFeed",
                    abi.encode(
                        SignedPriceFeed.FeedParams({
                            description: description,
                            decimals: 8,
                            threshold: 1,
                            minGapBlocks: uint32(GRACE),
                            maxDelaySeconds: 60,
                            minAnswer: answer / 2,
                            maxAnswer: answer * 2,
                            signers: signers,
                            owner: timelock,
                            guardian: guardian
                        })
                    )
                )
            );
    }

    function _publicPool(M1Token base, M1Token quote) internal returns (IPmmPool) {
        uint256 baseIn = unitsOfUsd(base, DEPTH_USD);
        uint256 quoteIn = unitsOfUsd(quote, DEPTH_USD);
        bool fixedPrice = _pricing() == IPmmPool.Pricing.FIXED;
        uint256 anchor;
        if (fixedPrice) (anchor, ) = oracle.anchors(address(base), address(quote));
        IPmmFactory.PoolParams memory params = IPmmFactory.PoolParams({
            kind: IPmmPool.Kind.PUBLIC,
            pricing: _pricing(),
            baseToken: address(base),
            quoteToken: address(quote),
            lpFeeRate: LP_FEE,
            i: anchor,
            k: _publicK(),
            isOpenTWAP: true,
            owner: address(0)
        });
        return IPmmPool(_fund(params, baseIn, quoteIn));
    }

    function _meshPool(M1Token token) internal returns (address) {
        IPmmFactory.PoolParams memory params = IPmmFactory.PoolParams({
            kind: IPmmPool.Kind.PRIVATE,
            pricing: IPmmPool.Pricing.ORACLE,
            baseToken: address(xau),
            quoteToken: address(token),
            lpFeeRate: MESH_FEE,
            i: 0,
            k: K,
            isOpenTWAP: false,
            owner: address(mesh)
        });
        return _fund(params, unitsOfUsd(xau, MESH_DEPTH_USD), unitsOfUsd(token, MESH_DEPTH_USD));
    }

    function _fund(
        IPmmFactory.PoolParams memory params,
        uint256 baseIn,
        uint256 quoteIn
    ) internal returns (address pool) {
        mint(M1Token(params.baseToken), provider, baseIn);
        mint(M1Token(params.quoteToken), provider, quoteIn);
        vm.startPrank(provider);
        IERC20(params.baseToken).approve(address(factory), baseIn);
        IERC20(params.quoteToken).approve(address(factory), quoteIn);
        (pool, ) = factory.createFundedPool(params, baseIn, quoteIn, 0, vm.getBlockTimestamp());
        vm.stopPrank();
    }

    function _wire() internal {
        address[3] memory meshPools = [_meshPool(cUSDT), _meshPool(cUSDC), _meshPool(cEURT)];
        vm.startPrank(timelock);
        limits.setStabilizer(address(stabilizer));
        limits.setGuardian(guardian);
        limits.setFactory(address(factory), true);
        limits.setGlobalConfig(IStabilizerLimits.GlobalConfig(2 * CAP, 200e9, 1.1e18));
        limits.registerPool(address(stablePool), poolConfig());
        limits.registerPool(address(xauPool), poolConfig());
        limits.registerPool(address(xauUsdcPool), poolConfig());
        limits.registerPool(address(xauEurPool), poolConfig());
        mesh.setFactory(address(factory), true);
        for (uint256 index = 0; index < 3; ++index) mesh.registerPool(meshPools[index]);
        mesh.setOperator(address(stabilizer), true);
        stabilizer.setKeeper(keeper, true);
        vm.stopPrank();

        address[] memory pools = limits.pools();
        for (uint256 index = 0; index < pools.length; ++index) stabilizer.syncApprovals(pools[index]);
        stabilizer.syncMeshApprovals();
        mint(xau, address(stabilizer), unitsOfUsd(xau, INVENTORY_USD));
        mint(cUSDT, address(stabilizer), unitsOfUsd(cUSDT, INVENTORY_USD));
        mint(cUSDC, address(stabilizer), unitsOfUsd(cUSDC, INVENTORY_USD));
        mint(cEURT, address(stabilizer), unitsOfUsd(cEURT, INVENTORY_USD));
    }

    function _ceilings() internal pure returns (IStabilizerLimits.Ceilings memory) {
        return
            IStabilizerLimits.Ceilings({
                poolCapXauWei: 200e18,
                bucketXauWei: 2_000e18,
                bucketRefillXauWeiPerBlock: 18e18,
                rewardBudgetXauWeiPerDay: 1e18,
                globalCapXauWei: 800e18,
                maxGasPriceWei: 1_000e9,
                nativePriceXauWei: 10e18
            });
    }

    /// @dev Profile `target`.
    function poolConfig() internal pure virtual returns (IStabilizerLimits.PoolConfig memory) {
        return
            IStabilizerLimits.PoolConfig({
                thresholdWad: uint64(THETA),
                fastThresholdWad: 8e14,
                gainWad: 1e18,
                maxSlippageWad: 5e15,
                maxDeviationAgreeWad: 1e16,
                minShareWad: 0.2e18,
                minBlocks: 3,
                confirmations: 2,
                windowBlocks: 3,
                capXauWei: CAP,
                bucketXauWei: 10 * CAP,
                bucketRefillXauWeiPerBlock: CAP / 10,
                minTradeXauWei: MIN_TRADE,
                rewardShareWad: 0.1e18,
                rewardBudgetXauWeiPerDay: 0.04e18
            });
    }

    // Actions

    /// @dev A new round of the token's feeds, signed and sent.
    function report(M1Token token, uint72 answer) internal {
        answerOf[address(token)] = answer;
        for (uint256 index = 0; index < FEEDS; ++index) {
            SignedPriceFeed feed = feedsOf[address(token)][index];
            (ISignedPriceFeed.Round memory round, bytes[] memory signatures) = signedRound(feed, answer);
            feed.submit(round, signatures);
        }
    }

    function signedRound(
        SignedPriceFeed feed,
        uint72 answer
    ) internal view returns (ISignedPriceFeed.Round memory round, bytes[] memory signatures) {
        uint32 roundId = 1;
        try feed.latestRoundData() returns (uint80 id, int256, uint256, uint256, uint80) {
            roundId = uint32(id) + 1;
        } catch {}
        round = ISignedPriceFeed.Round(roundId, answer, uint40(vm.getBlockTimestamp()));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(reporterKey, feed.digest(round));
        signatures = new bytes[](1);
        signatures[0] = abi.encodePacked(r, s, v);
    }

    function mint(M1Token token, address to, uint256 amount) internal {
        token.mint(to, amount);
    }

    /// @dev Mints what is sold; `who` pays the pool's fee.
    function sell(IPmmPool pool, address who, bool isBase, uint256 amountIn) internal returns (uint256 amountOut) {
        M1Token token = M1Token(isBase ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_());
        mint(token, who, amountIn);
        vm.startPrank(who);
        token.approve(address(pool), amountIn);
        amountOut =
            isBase
                ? pool.swapBase(amountIn, 0, who, who, vm.getBlockTimestamp())
                : pool.swapQuote(amountIn, 0, who, who, vm.getBlockTimestamp());
        vm.stopPrank();
    }

    function sellUsd(IPmmPool pool, bool isBase, uint256 usd) internal returns (uint256 amountOut) {
        M1Token token = M1Token(isBase ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_());
        return sell(pool, trader, isBase, unitsOfUsd(token, usd));
    }

    function skipBlocks(uint256 count) internal {
        skipTime(2 * count, 2);
    }

    /// @dev Runs as `who` with the largest size and the tokens that the limits name.
    function execute(address who, IPmmPool pool) internal {
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(pool));
        vm.prank(who);
        stabilizer.executePrivateSwap(type(uint128).max, answer.tokenIn, answer.tokenOut);
    }

    /// @dev A trade large enough for the slow trigger, then the N + W - 1 ended blocks that it needs at most.
    function disturb(IPmmPool pool, bool isBase, uint256 usd) internal {
        sellUsd(pool, isBase, usd);
        skipBlocks(4);
    }

    // Reading

    function unitsOfUsd(M1Token token, uint256 usd) internal view returns (uint256) {
        return (usd * 1e8 * 10 ** token.decimals()) / answerOf[address(token)];
    }

    function reasonOf(IPmmPool pool) internal view returns (IStabilizerLimits.Reason) {
        return limits.allowance(address(pool)).reason;
    }

    function assertReason(IPmmPool pool, IStabilizerLimits.Reason reason, string memory note) internal view {
        assertEq(uint256(reasonOf(pool)), uint256(reason), note);
    }

    function noAction(IPmmPool pool, IStabilizerLimits.Reason reason) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IStabilizer.NoAction.selector, address(pool), reason);
    }

    /// @dev Everything the protocol stabilises with, counted token by token: independent of the stabilizer's own sum.
    function inventoryUnits(M1Token token) internal view returns (uint256 units) {
        units = token.balanceOf(address(stabilizer));
        if (address(token) == address(xau)) {
            address[] memory tokens = mesh.tokens();
            for (uint256 index = 0; index < tokens.length; ++index) {
                units += xau.balanceOf(mesh.poolOf(tokens[index]));
            }
        } else {
            units += token.balanceOf(mesh.poolOf(address(token)));
        }
    }

    /// @dev Value in XAU wei by the newest answers, independent of the oracle contract.
    function inventoryValue() internal view returns (uint256 value) {
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 index = 0; index < 4; ++index) value += valueXau(all[index], inventoryUnits(all[index]));
    }

    function valueXau(M1Token token, uint256 units) internal view returns (uint256) {
        uint256 numerator = units * answerOf[address(token)] * 1e18;
        return numerator / 10 ** token.decimals() / answerOf[address(xau)];
    }

    /// @dev Value of all four tokens that an account holds, XAU wei by the newest answers.
    function wealth(address account) internal view returns (int256 value) {
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 index = 0; index < 4; ++index) {
            value += int256(valueXau(all[index], all[index].balanceOf(account)));
        }
    }

    /// @dev XAU wei in millionths of a US dollar, for readable assertions.
    function microUsd(int256 xauWei) internal view returns (int256) {
        return (xauWei * int256(uint256(answerOf[address(xau)]))) / 1e20;
    }

    function lastExecutionBlock(IPmmPool pool) internal view returns (uint256 blockNumber) {
        (blockNumber, , , ) = limits.usage(address(pool));
    }

    function abs(int256 value) internal pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }
}
