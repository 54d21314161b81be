// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPegManager} from "../../../contracts/interfaces/IPegManager.sol";
import {MockAggregator} from "../../../contracts/mocks/MockAggregator.sol";
import {PegSinkRecorder} from "../../../contracts/mocks/PegSinkRecorder.sol";
import {CommodityPegManager} from "../../../contracts/peg/CommodityPegManager.sol";
import {StablecoinPegManager} from "../../../contracts/peg/StablecoinPegManager.sol";
import {PegBoard} from "../../../contracts/peg/PegBoard.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {StabilizerBase} from "../stabilizer/StabilizerBase.t.sol";

/// @title PegBase
/// @notice Both managers over the real pools and the real oracle; currencies and gold have reference feeds of their own.
abstract contract PegBase is StabilizerBase {
    uint64 internal constant CALM = 2e14;
    uint64 internal constant DEVIATING = 5e14;
    uint64 internal constant DEFENDING = 20e14;
    uint16 internal constant ENTER = 3;
    uint16 internal constant RECOVER = 6;
    uint64 internal constant BAND = 0.02e18;
    uint64 internal constant RECOVER_BAND = 0.01e18;
    uint32 internal constant HALT_BLOCKS = 2;
    uint32 internal constant CALM_BLOCKS = 5;
    uint32 internal constant MAX_AGE = 1 hours;

    StablecoinPegManager internal stable;
    CommodityPegManager internal commodity;
    PegBoard internal board;
    PegSinkRecorder internal sink;
    MockAggregator internal euro;
    MockAggregator internal gold;

    function setUp() public virtual override {
        super.setUp();
        stable = StablecoinPegManager(deploy("StablecoinPegManager", abi.encode(address(oracle), timelock)));
        commodity = CommodityPegManager(deploy("CommodityPegManager", abi.encode(address(oracle), timelock)));
        board = PegBoard(deploy("PegBoard", abi.encode(timelock)));
        sink = PegSinkRecorder(deploy("PegSinkRecorder", ""));
        euro = MockAggregator(deploy("MockAggregator", abi.encode(8)));
        gold = MockAggregator(deploy("MockAggregator", abi.encode(8)));
        euro.push(1_08000000, vm.getBlockTimestamp());
        gold.push(int256(uint256(XAU_USD)), vm.getBlockTimestamp());

        vm.startPrank(timelock);
        stable.setToken(address(cUSDT), config(address(0)), _pools(address(stablePool), address(xauPool)));
        stable.setToken(address(cUSDC), config(address(0)), _pools(address(stablePool), address(xauUsdcPool)));
        address[] memory one = new address[](1);
        one[0] = address(xauEurPool);
        stable.setToken(address(cEURT), config(address(euro)), one);
        commodity.setToken(address(xau), config(address(gold)), _pools(address(xauPool), address(xauUsdcPool)));
        stable.setGuardian(guardian);
        commodity.setGuardian(guardian);
        stable.setSink(address(sink));
        commodity.setSink(address(sink));
        board.assign(address(cUSDT), address(stable));
        board.assign(address(cUSDC), address(stable));
        board.assign(address(cEURT), address(stable));
        board.assign(address(xau), address(commodity));
        vm.stopPrank();
    }

    function config(address feed) internal pure returns (IPegManager.Config memory) {
        return
            IPegManager.Config({
                calmWad: CALM,
                deviatingWad: DEVIATING,
                defendingWad: DEFENDING,
                enterBlocks: ENTER,
                recoverBlocks: RECOVER,
                bandWad: BAND,
                recoverBandWad: RECOVER_BAND,
                haltBlocks: HALT_BLOCKS,
                calmBlocks: CALM_BLOCKS,
                parWad: 1e18,
                referenceFeed: feed,
                maxReferenceAgeSeconds: feed == address(0) ? 0 : MAX_AGE
            });
    }

    function _pools(address first, address second) internal pure returns (address[] memory pools) {
        pools = new address[](2);
        (pools[0], pools[1]) = (first, second);
    }

    function pokeIs(M1Token token, IPegManager.State expected, string memory note) internal {
        assertEq(uint256(stable.poke(address(token))), uint256(expected), note);
        assertEq(uint256(stable.stateOf(address(token))), uint256(expected), note);
        assertEq(uint256(sink.told(address(token))), uint256(expected), note);
    }
}
