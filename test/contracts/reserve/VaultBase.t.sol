// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {IM1TokenFactory} from "../../../contracts/interfaces/IM1TokenFactory.sol";
import {IReserveSystem} from "../../../contracts/interfaces/IReserveSystem.sol";
import {IStablecoinReserveVault} from "../../../contracts/interfaces/IStablecoinReserveVault.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {MockAggregator} from "../../../contracts/mocks/MockAggregator.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {ReserveSystem} from "../../../contracts/reserve/ReserveSystem.sol";
import {StablecoinReserveVault} from "../../../contracts/reserve/StablecoinReserveVault.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {M1TokenFactory} from "../../../contracts/tokens/M1TokenFactory.sol";
import {OracleBase} from "../oracle/OracleBase.t.sol";

/// @title VaultBase
/// @notice One M1 token with its vault over the real oracle, the real reserve system and an asset that can turn hostile.
abstract contract VaultBase is OracleBase {
    uint64 internal constant MINT_FEE = 0.0005e18;
    uint64 internal constant REDEEM_FEE = 0.001e18;
    uint256 internal constant MIN_RATIO = 0.99e18;
    uint32 internal constant ATTESTATION_AGE = 1 days;

    M1Token internal m1;
    HostileToken internal asset;
    ReserveSystem internal reserves;
    StablecoinReserveVault internal vault;
    MockAggregator internal proof;
    address internal pauser;
    address internal treasury;
    address internal holder;
    /// @dev One whole token and one whole asset in base units.
    uint256 internal unit;
    uint256 internal assetUnit;

    function setUp() public virtual override {
        super.setUp();
        pauser = makeAddr("pauser");
        treasury = makeAddr("treasury");
        holder = makeAddr("holder");
        (unit, assetUnit) = (10 ** _m1Decimals(), 10 ** _assetDecimals());
        asset = HostileToken(deploy("HostileToken", abi.encode(_assetDecimals())));
        _addToken(PlainERC20(address(asset)), USD);
        _nextBlocks(GRACE_BLOCKS);

        IM1Token.ChainSetup memory setup;
        setup.minters = new IM1Token.MinterLimit[](1);
        setup.minters[0] = IM1Token.MinterLimit(address(this), uint128(1e9 * unit), 0, 0, 0);
        setup.pausers = new address[](1);
        setup.pausers[0] = pauser;
        m1 = M1Token(
            M1TokenFactory(deploy("M1TokenFactory", "")).createToken(
                IM1TokenFactory.CommonArguments("Cantilever USD", "cUSD", _m1Decimals(), timelock),
                setup
            )
        );
        reserves = ReserveSystem(deploy("ReserveSystem", abi.encode(timelock)));
        vault = StablecoinReserveVault(
            deploy(
                "StablecoinReserveVault",
                abi.encode(
                    address(m1),
                    address(asset),
                    address(0),
                    address(oracle),
                    address(reserves),
                    IStablecoinReserveVault.Fees(MINT_FEE, REDEEM_FEE),
                    MIN_RATIO,
                    treasury,
                    timelock
                )
            )
        );
        proof = MockAggregator(deploy("MockAggregator", abi.encode(8)));
        vm.startPrank(timelock);
        reserves.registerToken(address(m1), _bounds(), _sizing());
        reserves.setReporter(address(m1), address(vault), true);
        m1.setMinterLimit(IM1Token.MinterLimit(address(vault), uint128(1e9 * unit), uint128(1e6 * unit), 0, 0));
        m1.grantRole(m1.MINTER_ROLE(), address(vault));
        m1.grantRole(m1.REDEEMER_ROLE(), address(vault));
        vault.setGuardian(guardian);
        vm.stopPrank();
    }

    function _m1Decimals() internal pure virtual returns (uint8) {
        return 6;
    }

    function _assetDecimals() internal pure virtual returns (uint8) {
        return 6;
    }

    function _bounds() internal view returns (IReserveSystem.Bounds memory) {
        return
            IReserveSystem.Bounds({
                minPeakLow: uint128(100 * unit),
                minPeakHigh: uint128(1_000_000 * unit),
                maxRiseLow: uint128(1_000 * unit),
                maxRiseHigh: uint128(1_000_000 * unit),
                replenishLow: 60,
                replenishHigh: 1 days
            });
    }

    function _sizing() internal view returns (IReserveSystem.Sizing memory) {
        return
            IReserveSystem.Sizing({
                minPeakUnits: uint128(10_000 * unit),
                maxRiseUnitsPerHour: uint128(20_000 * unit),
                halfLifeSeconds: 1 days,
                replenishSeconds: 300,
                floorBps: 10_000,
                warnBps: 30_000,
                policyBps: 50_000,
                targetMinutes: 35
            });
    }

    // Actions

    function fund(address who, uint256 assetUnits) internal {
        asset.mint(who, assetUnits);
        vm.prank(who);
        asset.approve(address(vault), type(uint256).max);
        vm.prank(who);
        m1.approve(address(vault), type(uint256).max);
    }

    function mintAs(address who, uint256 assetIn) internal returns (uint256) {
        vm.prank(who);
        return vault.mint(assetIn, 0, who);
    }

    function redeemAs(address who, uint256 m1In) internal returns (uint256) {
        vm.prank(who);
        return vault.redeem(m1In, 0, who);
    }

    function setPrice(uint72 answer) internal {
        for (uint256 i = 0; i < SOURCES; ++i) _report(feedsOf[address(asset)][i], answer);
        _nextBlocks(GRACE_BLOCKS);
    }

    /// @dev Whole tokens that the attester says are there.
    function attest(uint256 wholeTokens, uint256 updatedAt) internal {
        proof.push(int256(wholeTokens * 1e8), updatedAt);
    }

    function useAttestation() internal {
        vm.prank(timelock);
        vault.setAttestation(IStablecoinReserveVault.Attestation(address(proof), ATTESTATION_AGE));
    }

    function assertStatus(IStablecoinReserveVault.MintReason expected, string memory note) internal view {
        (IStablecoinReserveVault.MintReason reason, , ) = vault.mintStatus(assetUnit);
        assertEq(uint256(reason), uint256(expected), note);
    }

    /// @dev The view says it, a mint refuses with it, and neither token nor asset moves.
    function refusesToMint(IStablecoinReserveVault.MintReason expected, string memory note) internal {
        assertStatus(expected, note);
        (uint256 assets, uint256 supply) = (asset.balanceOf(holder), m1.totalSupply());
        vm.expectRevert(abi.encodeWithSelector(IStablecoinReserveVault.MintClosed.selector, expected));
        vm.prank(holder);
        vault.mint(assetUnit, 0, holder);
        assertEq(asset.balanceOf(holder), assets, "no asset moved");
        assertEq(m1.totalSupply(), supply, "nothing minted");
    }
}
