// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {XAUTriangulation} from "../../../contracts/oracle/XAUTriangulation.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {MockAggregator} from "../../../contracts/mocks/MockAggregator.sol";
import {OracleBase} from "./OracleBase.t.sol";

/// @notice Rates through XAU against exact fractions of the feeds' answers, for all pairs of {6, 8, 18} decimals.
contract XAUTriangulationTest is OracleBase {
    uint256 private constant WAD = 1e18;

    PlainERC20 internal tokenA;
    PlainERC20 internal tokenB;

    /// @dev The external face of the library, so that its reverts can be expected.
    function rate(address fromToken, address toToken) external view returns (uint256) {
        return XAUTriangulation.rateDown(oracle, fromToken, toToken);
    }

    function convert(address fromToken, address toToken, uint256 amount) public view returns (uint256) {
        return XAUTriangulation.convertDown(oracle, fromToken, toToken, amount);
    }

    function _price(PlainERC20 token, uint256 answerWad) private {
        MockAggregator aggregator = MockAggregator(deploy("MockAggregator", abi.encode(18)));
        aggregator.push(int256(answerWad), vm.getBlockTimestamp() - 600);
        IXAUOracle.TokenConfig memory config;
        config.tokenDecimals = token.decimals();
        config.minFeeds = 1;
        config.maxDisagreementBps = 1;
        config.minPriceWad = 1;
        config.maxPriceWad = (1 << 120) - 1;
        config.feeds = new IXAUOracle.Feed[](1);
        config.feeds[0] = IXAUOracle.Feed(address(aggregator), IXAUOracle.FeedKind.CHAINLINK, MAX_AGE);
        vm.prank(timelock);
        oracle.setToken(address(token), config);
    }

    function _pair(uint256 seed, uint256 priceA, uint256 priceB) private returns (uint256, uint256) {
        uint8[3] memory decimals = [6, 8, 18];
        tokenA = PlainERC20(deploy("PlainERC20", abi.encode("A", decimals[seed % 3])));
        tokenB = PlainERC20(deploy("PlainERC20", abi.encode("B", decimals[(seed / 3) % 3])));
        priceA = bound(priceA, 1e15, 1e23); // 0.001 to 100,000 USD
        priceB = bound(priceB, 1e15, 1e23);
        _price(tokenA, priceA);
        _price(tokenB, priceB);
        return (priceA, priceB);
    }

    /// @dev ORACLE-22.
    function testFuzz_ORACLE22_rateIsTheProductWithin1e9(uint256 seed, uint256 priceA, uint256 priceB) public {
        (priceA, priceB) = _pair(seed, priceA, priceB);
        uint256 got = this.rate(address(tokenA), address(tokenB));
        // XAU cancels: the exact rate is priceA / priceB.
        uint256 exact = (priceA * WAD) / priceB;
        assertApproxEqRel(got, exact, 1e9, "rate(A -> B) against the feeds");
        uint256 first = this.rate(address(tokenA), address(xau));
        uint256 second = this.rate(address(xau), address(tokenB));
        assertApproxEqRel(got, (first * second) / WAD, 1e9, "rate(A -> XAU) * rate(XAU -> B)");
    }

    /// @dev ORACLE-22.
    function testFuzz_ORACLE22_roundTripNeverGains(
        uint256 seed,
        uint256 priceA,
        uint256 priceB,
        uint256 amount
    ) public {
        _pair(seed, priceA, priceB);
        uint256 there = this.rate(address(tokenA), address(tokenB));
        uint256 back = this.rate(address(tokenB), address(tokenA));
        assertLe(there * back, WAD * WAD, "A -> B -> A <= 1");
        assertGe(there * back, WAD * WAD - 3e9 * WAD, "and within three roundings of 1e-9");

        amount = bound(amount, 0, 1e15 * 10 ** tokenA.decimals());
        uint256 returned = convert(address(tokenB), address(tokenA), convert(address(tokenA), address(tokenB), amount));
        assertLe(returned, amount, "amounts");
    }

    function testFuzz_ORACLE22_convertIsTheRate(uint256 seed, uint256 priceA, uint256 priceB, uint256 whole) public {
        (priceA, priceB) = _pair(seed, priceA, priceB);
        whole = bound(whole, 1e9, 1e15);
        uint256 got = convert(address(tokenA), address(tokenB), whole * 10 ** tokenA.decimals());
        uint256 exact = (whole * priceA * 10 ** tokenB.decimals()) / priceB;
        assertApproxEqRel(got, exact, 1e9, "converted");
    }

    function test_rate_ofATokenToItselfIsOne() public view {
        assertEq(this.rate(address(six), address(six)), WAD, "six");
        assertEq(this.rate(address(xau), address(xau)), WAD, "XAU");
        assertEq(convert(address(eight), address(eight), 12_345), 12_345, "amount");
    }

    function test_rate_refusesTooFewDigits() public {
        tokenA = PlainERC20(deploy("PlainERC20", abi.encode("DUST", 6)));
        _price(tokenA, 1e6); // 1e-12 USD: 3.77e-16 of an ounce has three digits
        uint256 priceInXau = oracle.priceInXau(address(tokenA));
        vm.expectRevert(
            abi.encodeWithSelector(XAUTriangulation.RateTooSmall.selector, address(tokenA), address(six), priceInXau)
        );
        this.rate(address(tokenA), address(six));
    }

    function test_D22_rateRevertsWithTheOraclesReason() public {
        vm.warp(vm.getBlockTimestamp() + MAX_AGE + 100);
        vm.expectPartialRevert(IXAUOracle.NotEnoughFeeds.selector);
        this.rate(address(six), address(eight));
    }
}
