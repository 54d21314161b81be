// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {IM1TokenFactory} from "../../../contracts/interfaces/IM1TokenFactory.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {M1TokenFactory} from "../../../contracts/tokens/M1TokenFactory.sol";
import {Base} from "../Base.t.sol";

/// @title M1Base
/// @notice A token created by the factory, with one account of each role.
abstract contract M1Base is Base {
    uint128 internal constant CAPACITY = 1e27;
    uint128 internal constant REFILL = 1e21;

    M1TokenFactory internal factory;
    M1Token internal token;

    address internal timelock;
    address internal creator;
    address internal minter;
    address internal pauser;
    address internal freezer;
    address internal pool;
    address internal mesh;
    address internal router;
    address internal trader;
    address internal holder;
    address internal attacker;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        timelock = makeAddr("timelock");
        creator = makeAddr("creator");
        minter = makeAddr("minter");
        pauser = makeAddr("pauser");
        freezer = makeAddr("freezer");
        pool = makeAddr("pool");
        mesh = makeAddr("mesh");
        router = makeAddr("router");
        trader = makeAddr("trader");
        holder = makeAddr("holder");
        attacker = makeAddr("attacker");
        factory = M1TokenFactory(deploy("M1TokenFactory", ""));
        token = _create(_decimals());
    }

    function _decimals() internal pure virtual returns (uint8) {
        return 6;
    }

    function _create(uint8 decimals) internal returns (M1Token) {
        vm.prank(creator);
        return M1Token(factory.createToken(_common(decimals), _setup()));
    }

    function _common(uint8 decimals) internal view returns (IM1TokenFactory.CommonArguments memory) {
        return IM1TokenFactory.CommonArguments("Cantilever USDT", "cUSDT", decimals, timelock);
    }

    function _setup() internal view returns (IM1Token.ChainSetup memory setup) {
        setup.minters = new IM1Token.MinterLimit[](1);
        setup.minters[0] = IM1Token.MinterLimit(minter, CAPACITY, REFILL, CAPACITY, REFILL);
        setup.pausers = new address[](1);
        setup.pausers[0] = pauser;
        setup.freezers = new address[](1);
        setup.freezers[0] = freezer;
        setup.systemContracts = new address[](2);
        setup.systemContracts[0] = pool;
        setup.systemContracts[1] = mesh;
    }

    function _mint(address to, uint256 amount) internal {
        vm.prank(minter);
        token.mint(to, amount);
    }
}
