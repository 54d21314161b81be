// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {ISignedPriceFeed} from "../../../contracts/interfaces/ISignedPriceFeed.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {SignedPriceFeed} from "../../../contracts/oracle/SignedPriceFeed.sol";
import {XAUOracle} from "../../../contracts/oracle/XAUOracle.sol";
import {Base} from "../Base.t.sol";

/// @title OracleBase
/// @notice An oracle with XAU (18), a 6-decimal and an 8-decimal token, three SIGNED feeds each, two-of-three reporters.
abstract contract OracleBase is Base {
    uint256 internal constant GRACE_BLOCKS = 3;
    uint256 internal constant MAX_BLOCK_SECONDS = 4;
    uint32 internal constant MAX_AGE = 1 hours;
    uint16 internal constant MAX_DISAGREEMENT_BPS = 100;
    uint256 internal constant SOURCES = 3;

    uint72 internal constant XAU_USD = 2650_25000000;
    uint72 internal constant USD = 1_00000000;
    uint72 internal constant EIGHT_USD = 64_123_45678901;

    address internal timelock;
    address internal guardian;
    address internal attacker;
    uint256[3] internal reporterKeys;

    PlainERC20 internal xau;
    PlainERC20 internal six;
    PlainERC20 internal eight;
    XAUOracle internal oracle;
    mapping(address token => SignedPriceFeed[]) internal feedsOf;
    uint256 private _feedCount;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        vm.roll(1_000);
        timelock = makeAddr("timelock");
        guardian = makeAddr("guardian");
        attacker = makeAddr("attacker");
        reporterKeys = [keyOf("reporter a"), keyOf("reporter b"), keyOf("reporter c")];
        xau = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        six = PlainERC20(deploy("PlainERC20", abi.encode("SIX", 6)));
        eight = PlainERC20(deploy("PlainERC20", abi.encode("EIGHT", 8)));
        oracle = XAUOracle(deploy("XAUOracle", abi.encode(address(xau), GRACE_BLOCKS, MAX_BLOCK_SECONDS, timelock)));
        _addToken(xau, XAU_USD);
        _addToken(six, USD);
        _addToken(eight, EIGHT_USD);
        _nextBlocks(GRACE_BLOCKS);
    }

    function _addToken(PlainERC20 token, uint72 answer) internal {
        for (uint256 i = 0; i < SOURCES; ++i) {
            feedsOf[address(token)].push(_newFeed(answer / 2, answer * 2));
            _report(feedsOf[address(token)][i], answer);
        }
        IXAUOracle.TokenConfig memory config = _config(token, answer);
        vm.prank(timelock);
        oracle.setToken(address(token), config);
    }

    function _config(PlainERC20 token, uint72 answer) internal view returns (IXAUOracle.TokenConfig memory config) {
        config.tokenDecimals = token.decimals();
        config.minFeeds = 2;
        config.maxDisagreementBps = MAX_DISAGREEMENT_BPS;
        config.minPriceWad = uint128(uint256(answer) * 1e10) / 2;
        config.maxPriceWad = uint128(uint256(answer) * 1e10) * 2;
        config.feeds = new IXAUOracle.Feed[](SOURCES);
        for (uint256 i = 0; i < SOURCES; ++i) {
            config.feeds[i] = IXAUOracle.Feed(address(feedsOf[address(token)][i]), IXAUOracle.FeedKind.SIGNED, MAX_AGE);
        }
    }

    function _newFeed(uint72 minAnswer, uint72 maxAnswer) internal returns (SignedPriceFeed) {
        return
            SignedPriceFeed(
                deploy("SignedPriceFeed", abi.encode(_feedParams(vm.toString(++_feedCount), minAnswer, maxAnswer)))
            );
    }

    function _feedParams(
        string memory description,
        uint72 minAnswer,
        uint72 maxAnswer
    ) internal view returns (SignedPriceFeed.FeedParams memory params) {
        address[] memory signers = new address[](3);
        for (uint256 i = 0; i < 3; ++i) signers[i] = vm.addr(reporterKeys[i]);
        params = SignedPriceFeed.FeedParams({
            description: description,
            decimals: 8,
            threshold: 2,
            minGapBlocks: uint32(GRACE_BLOCKS),
            maxDelaySeconds: 60,
            minAnswer: minAnswer,
            maxAnswer: maxAnswer,
            signers: signers,
            owner: timelock,
            guardian: guardian
        });
    }

    /// @dev Signs and sends a round that follows the feed's newest.
    function _report(SignedPriceFeed feed, uint72 answer) internal {
        uint32 roundId = 1;
        try feed.latestRoundData() returns (uint80 id, int256, uint256, uint256, uint80) {
            roundId = uint32(id) + 1;
        } catch {}
        ISignedPriceFeed.Round memory round = ISignedPriceFeed.Round(roundId, answer, uint40(vm.getBlockTimestamp()));
        feed.submit(round, _sign(feed, round, 2));
    }

    /// @dev Signatures of the first `count` reporters, in the order of their addresses.
    function _sign(
        SignedPriceFeed feed,
        ISignedPriceFeed.Round memory round,
        uint256 count
    ) internal view returns (bytes[] memory signatures) {
        uint256[] memory keys = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = reporterKeys[i];
            uint256 at = i;
            while (at > 0 && vm.addr(keys[at - 1]) > vm.addr(key)) {
                keys[at] = keys[at - 1];
                --at;
            }
            keys[at] = key;
        }
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) signatures[i] = _signature(keys[i], feed.digest(round));
    }

    function _signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _nextBlocks(uint256 blocks) internal {
        skipTime(blocks * 2, 2);
    }
}
