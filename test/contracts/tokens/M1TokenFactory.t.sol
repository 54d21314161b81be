// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {IM1TokenFactory} from "../../../contracts/interfaces/IM1TokenFactory.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {M1Base} from "./M1Base.t.sol";

contract M1TokenFactoryTest is M1Base {
    function _createOn(uint256 chainId, address minterOfChain) private returns (address at, bytes32 separator) {
        uint256 snapshot = vm.snapshotState();
        vm.chainId(chainId);
        IM1TokenFactory.CommonArguments memory common = _common(18);
        IM1Token.ChainSetup memory setup = _setup();
        setup.minters[0].minter = minterOfChain;
        vm.prank(creator);
        M1Token created = M1Token(factory.createToken(common, setup));
        assertTrue(created.hasRole(created.MINTER_ROLE(), minterOfChain), "this chain's minter");
        (at, separator) = (address(created), created.DOMAIN_SEPARATOR());
        vm.revertToState(snapshot);
    }

    function test_createToken_sameAddressOnBothChainsWithDifferentMinters() public {
        address expected = factory.tokenAddress(creator, _common(18));
        (address on138, bytes32 separator138) = _createOn(138, minter);
        (address onAlltra, bytes32 separatorAlltra) = _createOn(651940, makeAddr("bridge on the other chain"));
        assertEq(on138, expected, "predicted");
        assertEq(onAlltra, expected, "same on 651940");
        assertNotEq(separator138, separatorAlltra, "the domain knows its chain");
        assertEq(
            separatorAlltra,
            keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256("Cantilever USDT"),
                    keccak256("1"),
                    uint256(651940),
                    expected
                )
            ),
            "domain on 651940"
        );
    }

    function test_D3_squattingGetsAnotherAddress() public {
        IM1TokenFactory.CommonArguments memory common = _common(18);
        IM1Token.ChainSetup memory setup = _setup();
        setup.minters[0].minter = attacker;
        address expected = factory.tokenAddress(creator, common);
        vm.prank(attacker);
        address squatted = factory.createToken(common, setup);
        assertNotEq(squatted, expected, "the caller is part of the address");
        assertEq(expected.code.length, 0, "ours is still free");
        setup.minters[0].minter = minter;
        vm.prank(creator);
        assertEq(factory.createToken(common, setup), expected, "and ours");
        assertFalse(M1Token(expected).hasRole(keccak256("MINTER_ROLE"), attacker), "without the attacker");
    }

    function test_createToken_revertsTheSecondTime() public {
        IM1TokenFactory.CommonArguments memory common = _common(6);
        IM1Token.ChainSetup memory setup = _setup();
        vm.expectRevert();
        vm.prank(creator);
        factory.createToken(common, setup);
    }

    function test_createToken_everyCommonArgumentMovesTheAddress() public view {
        IM1TokenFactory.CommonArguments memory common = _common(6);
        address first = factory.tokenAddress(creator, common);
        common.decimals = 7;
        assertNotEq(first, factory.tokenAddress(creator, common), "decimals");
        common = _common(6);
        common.admin = attacker;
        assertNotEq(first, factory.tokenAddress(creator, common), "admin");
        common = _common(6);
        common.symbol = "cUSDC";
        assertNotEq(first, factory.tokenAddress(creator, common), "symbol");
        common = _common(6);
        common.name = "Cantilever USDC";
        assertNotEq(first, factory.tokenAddress(creator, common), "name");
    }

    function test_createToken_setsWhatWasAsked() public view {
        assertEq(token.name(), "Cantilever USDT", "name");
        assertEq(token.symbol(), "cUSDT", "symbol");
        assertEq(token.decimals(), 6, "decimals");
        assertEq(token.owner(), timelock, "admin");
        assertTrue(token.hasRole(token.PAUSER_ROLE(), pauser), "pauser");
        assertTrue(token.hasRole(token.FREEZER_ROLE(), freezer), "freezer");
        assertTrue(token.isSystemContract(pool) && token.isSystemContract(mesh), "system contracts");
        assertEq(token.mintAvailable(minter), CAPACITY, "bucket");
        assertEq(token.totalSupply(), 0, "nothing minted");
    }
}
