// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {SignedPriceFeed} from "../../../contracts/oracle/SignedPriceFeed.sol";
import {OracleBase} from "./OracleBase.t.sol";

/// @notice What the oracle accepts as configuration and what it answers about it.
contract XAUOracleConfigTest is OracleBase {
    function _refuse(IXAUOracle.TokenConfig memory config, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(timelock);
        oracle.setToken(address(six), config);
    }

    function test_tokenConfig_answersWhatWasSet() public view {
        assertEq(
            keccak256(abi.encode(oracle.tokenConfig(address(six)))),
            keccak256(abi.encode(_config(six, USD))),
            "six"
        );
        assertEq(
            keccak256(abi.encode(oracle.tokenConfig(address(eight)))),
            keccak256(abi.encode(_config(eight, EIGHT_USD))),
            "eight"
        );
        address[] memory tokens = oracle.tokens();
        assertEq(tokens.length, 3, "three tokens");
        assertEq(tokens[0], address(xau), "in the order of their setting");
    }

    function test_setToken_replacesOneTokenAndLeavesTheOthers() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        config.maxDisagreementBps = 7;
        vm.prank(timelock);
        oracle.setToken(address(six), config);
        assertEq(oracle.tokenConfig(address(six)).maxDisagreementBps, 7, "replaced");
        assertEq(oracle.tokens().length, 3, "still three");
        assertEq(oracle.priceInUsd(address(xau)), 2650.25e18, "XAU");
        assertEq(oracle.priceInUsd(address(eight)), uint256(EIGHT_USD) * 1e10, "eight");
    }

    function test_removeToken_stopsItsPrice() public {
        vm.prank(timelock);
        oracle.removeToken(address(six));
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.TokenNotConfigured.selector, address(six)));
        oracle.priceInUsd(address(six));
        assertEq(oracle.priceInUsd(address(xau)), 2650.25e18, "the others stay");
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.TokenNotConfigured.selector, address(six)));
        vm.prank(timelock);
        oracle.removeToken(address(six));
    }

    function test_ACCESS23_onlyTheOwnerConfigures() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        oracle.setToken(address(six), config);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        oracle.removeToken(address(six));
        vm.stopPrank();
    }

    function test_setToken_refusesWrongNumbers() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        config.minFeeds = 4;
        _refuse(config, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 4, 1, 3));
        config.minFeeds = 0;
        _refuse(config, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 3));
        config = _config(six, USD);
        config.maxDisagreementBps = 1_001;
        _refuse(config, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1_001, 1, 1_000));
        config = _config(six, USD);
        config.minPriceWad = 0;
        _refuse(config, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, config.maxPriceWad));
        config = _config(six, USD);
        config.maxPriceWad = 1 << 120;
        _refuse(config, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1 << 120, 1, (1 << 120) - 1));
        config = _config(six, USD);
        config.feeds[1].maxAgeSeconds = 14 days + 1;
        _refuse(config, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 14 days + 1, 1, 14 days));
        config = _config(six, USD);
        config.feeds = new IXAUOracle.Feed[](0);
        _refuse(config, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 8));
    }

    function test_D7_setToken_refusesWrongDecimals() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        config.tokenDecimals = 18;
        _refuse(config, abi.encodeWithSelector(IXAUOracle.DecimalsMismatch.selector, address(six), 18, 6));
        PlainERC20 wide = PlainERC20(deploy("PlainERC20", abi.encode("WIDE", 24)));
        config.tokenDecimals = 24;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 24, 0, 18));
        vm.prank(timelock);
        oracle.setToken(address(wide), config);
        vm.expectRevert(abi.encodeWithSelector(IXAUOracle.DecimalsMismatch.selector, address(six), 18, 6));
        deploy("XAUOracle", abi.encode(address(six), 1, 1, timelock));
    }

    function test_setToken_refusesFeedsThatAreNotWhatTheySay() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        config.feeds[1].source = address(0);
        _refuse(config, abi.encodeWithSelector(ICommonErrors.ZeroAddress.selector));
        config.feeds[1].source = attacker;
        _refuse(config, abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        config.feeds[1].source = config.feeds[0].source;
        _refuse(config, abi.encodeWithSelector(IXAUOracle.DuplicateFeed.selector, config.feeds[0].source));
        config = _config(six, USD);
        config.feeds[1].kind = IXAUOracle.FeedKind.CHAINLINK;
        _refuse(config, abi.encodeWithSelector(IXAUOracle.FeedKindMismatch.selector, config.feeds[1].source));
    }

    function test_setToken_refusesTwoFeedsUnderOneId() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        SignedPriceFeed copy = SignedPriceFeed(
            deploy(
                "SignedPriceFeed",
                abi.encode(_feedParams(SignedPriceFeed(config.feeds[0].source).description(), USD / 2, USD * 2))
            )
        );
        config.feeds[2].source = address(copy);
        _refuse(config, abi.encodeWithSelector(IXAUOracle.DuplicateFeed.selector, address(copy)));
    }

    function test_setToken_refusesAGapBelowTheGraceWindow() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        SignedPriceFeed.FeedParams memory params = _feedParams("hasty", USD / 2, USD * 2);
        params.minGapBlocks = uint32(GRACE_BLOCKS - 1);
        SignedPriceFeed hasty = SignedPriceFeed(deploy("SignedPriceFeed", abi.encode(params)));
        config.feeds[0].source = address(hasty);
        _refuse(
            config,
            abi.encodeWithSelector(IXAUOracle.GapBelowGrace.selector, address(hasty), GRACE_BLOCKS - 1, GRACE_BLOCKS)
        );
    }

    function test_setToken_boundsTheNumberOfTokens() public {
        IXAUOracle.TokenConfig memory config = _config(six, USD);
        vm.startPrank(timelock);
        for (uint256 i = 3; i < 16; ++i) oracle.setToken(deploy("PlainERC20", abi.encode("N", 6)), config);
        address oneMore = deploy("PlainERC20", abi.encode("N", 6));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 17, 0, 16));
        oracle.setToken(oneMore, config);
        vm.stopPrank();
        assertEq(oracle.priceInUsd(address(six)), 1e18, "found among sixteen");
    }

    function test_anchors_refuseTooFewDigits() public {
        // 0.5 USD per base against 64,123 USD per quote with 6 and 18 decimals swapped: price * 10^(18 + 6 - 18).
        PlainERC20 base = PlainERC20(deploy("PlainERC20", abi.encode("BASE", 18)));
        for (uint256 i = 0; i < SOURCES; ++i) {
            feedsOf[address(base)].push(_newFeed(1, USD));
            _report(feedsOf[address(base)][i], USD / 2);
        }
        _nextBlocks(GRACE_BLOCKS);
        IXAUOracle.TokenConfig memory baseConfig = _config(base, USD / 2);
        vm.prank(timelock);
        oracle.setToken(address(base), baseConfig);
        vm.expectRevert(
            abi.encodeWithSelector(IXAUOracle.AnchorTooSmall.selector, address(base), address(six), 500_000)
        );
        oracle.anchors(address(base), address(six));
    }
}
