// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IBasketVault} from "../../../contracts/interfaces/IBasketVault.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IDiamond} from "../../../contracts/interfaces/IDiamond.sol";
import {IGruNav} from "../../../contracts/interfaces/IGruNav.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {MockAggregator} from "../../../contracts/mocks/MockAggregator.sol";
import {XAUOracle} from "../../../contracts/oracle/XAUOracle.sol";
import {GruBase} from "./GruBase.t.sol";

/// @notice The value of the basket at the real oracle, cut in after the diamond exists.
contract NavFacetTest is GruBase {
    uint256 private constant XAU_USD = 4_000;
    uint256 private constant EURT_CENTS = 110;

    XAUOracle private oracle;
    MockAggregator[TOKENS] private feeds;
    IGruNav private nav;

    function setUp() public override {
        super.setUp();
        oracle = XAUOracle(deploy("XAUOracle", abi.encode(address(tokens[3]), 3, 4, timelock)));
        uint256[TOKENS] memory cents = [uint256(100), 100, EURT_CENTS, XAU_USD * 100];
        for (uint256 i = 0; i < TOKENS; ++i) {
            feeds[i] = MockAggregator(deploy("MockAggregator", abi.encode(8)));
            feeds[i].push(int256(cents[i] * 1e6), vm.getBlockTimestamp() - 200);
            feeds[i].push(int256(cents[i] * 1e6), vm.getBlockTimestamp() - 100);
            IXAUOracle.TokenConfig memory config;
            config.tokenDecimals = i == 3 ? 18 : 6;
            config.minFeeds = 1;
            config.maxDisagreementBps = 20;
            (config.minPriceWad, config.maxPriceWad) = (uint128(cents[i] * 1e15), uint128(cents[i] * 1e17));
            config.feeds = new IXAUOracle.Feed[](1);
            config.feeds[0] = IXAUOracle.Feed(address(feeds[i]), IXAUOracle.FeedKind.CHAINLINK, 7 days);
            vm.prank(timelock);
            oracle.setToken(address(tokens[i]), config);
        }
        bytes4[] memory selectors = new bytes4[](2);
        (selectors[0], selectors[1]) = (IGruNav.basketValueXauWei.selector, IGruNav.shareValueXauWei.selector);
        _cut(_part(deploy("NavFacet", abi.encode(address(oracle))), IDiamond.FacetCutAction.Add, selectors));
        nav = IGruNav(address(m00));
    }

    /// @dev The same sum at the prices themselves, one division at the end: the facet may be below it by one wei per token.
    function _valueOfBasket() private view returns (uint256) {
        uint256 usdWad = (tokens[0].balanceOf(address(vault)) + tokens[1].balanceOf(address(vault))) * 1e12;
        usdWad += (tokens[2].balanceOf(address(vault)) * 1e12 * EURT_CENTS) / 100;
        return usdWad / XAU_USD + tokens[3].balanceOf(address(vault));
    }

    function test_values_areZeroBeforeTheFirstIssue() public view {
        assertEq(nav.basketValueXauWei(), 0);
        assertEq(nav.shareValueXauWei(), 0);
    }

    function testFuzz_values_areTheBasketsAtTheOracle(uint256 shares, uint256 gift) public {
        shares = bound(shares, 1e15, 1e24);
        _issue(holder, shares);
        assertLe(nav.basketValueXauWei(), _valueOfBasket(), "rounded up");
        assertApproxEqAbs(nav.basketValueXauWei(), _valueOfBasket(), TOKENS, "basket");
        // 0.60 USD, 0.20 EUR and 0.0001 oz per M00; what the vault rounds up belongs to the shares.
        uint256 initial = (uint256(600_000) * 1e12 + (uint256(200_000) * 1e12 * EURT_CENTS) / 100) / XAU_USD + 1e14;
        assertApproxEqRel(nav.shareValueXauWei(), initial, 1e16, "share");

        uint256 before = nav.shareValueXauWei();
        _give(address(vault), 3, bound(gift, shares / 1e6, 1e24));
        assertGt(nav.shareValueXauWei(), before, "a donation belongs to all shares");
        assertApproxEqAbs(nav.shareValueXauWei(), (nav.basketValueXauWei() * 1e18) / shares, 1, "per share");
    }

    function test_values_revertWhileTheOracleDoubts() public {
        _issue(holder, 10e18);
        skipTime(8 days, 2);
        vm.expectPartialRevert(IXAUOracle.NotEnoughFeeds.selector);
        nav.basketValueXauWei();
        vm.expectPartialRevert(IXAUOracle.NotEnoughFeeds.selector);
        nav.shareValueXauWei();
        // Who leaves does not ask the oracle.
        assertGt(_redeem(holder, 1e18)[0], 0, "a redemption waited for the oracle");
    }

    function test_constructor_needsAnOracle() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        deploy("NavFacet", abi.encode(holder));
    }

    /// @dev As a call that is not static the facet is replaceable code like any other: the front closes before it.
    function test_aReadThatIsNotStaticClosesTheFront() public {
        _issue(holder, 10e18);
        nav.shareValueXauWei();
        vm.prank(holder);
        m00.transfer(trader, 1e18);
        (bool ok, bytes memory answer) = address(m00).call(abi.encodeCall(IGruNav.shareValueXauWei, ()));
        assertTrue(ok);
        assertEq(abi.decode(answer, (uint256)), nav.shareValueXauWei(), "the same answer either way");
        vm.prank(holder);
        vm.expectRevert(IBasketVault.FrontClosed.selector);
        m00.transfer(trader, 1e18);
    }
}
