// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {IReserveSystem} from "../../../contracts/interfaces/IReserveSystem.sol";
import {IStablecoinReserveVault} from "../../../contracts/interfaces/IStablecoinReserveVault.sol";
import {HostileFeed} from "../../../contracts/mocks/HostileFeed.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {StablecoinReserveVault} from "../../../contracts/reserve/StablecoinReserveVault.sol";
import {VaultBase} from "./VaultBase.t.sol";

/// @notice What every pair of decimals must do.
abstract contract VaultBehaviour is VaultBase {
    function setUp() public virtual override {
        super.setUp();
        fund(holder, 1_000_000 * assetUnit);
    }

    function test_mintAndRedeemAreParLessTheFee() public {
        vm.expectEmit(address(vault));
        emit IStablecoinReserveVault.Minted(
            holder,
            holder,
            1_000 * assetUnit,
            (999.5e6 * unit) / 1e6,
            (0.5e6 * assetUnit) / 1e6,
            (999.5e6 * assetUnit) / 1e6,
            (999.5e6 * unit) / 1e6
        );
        assertEq(mintAs(holder, 1_000 * assetUnit), (999.5e6 * unit) / 1e6, "5 bps less");
        assertEq(vault.feesAccrued(), (0.5e6 * assetUnit) / 1e6, "fee");
        assertEq(vault.reserveUnits(address(m1)), (999.5e6 * unit) / 1e6, "counts in token units");
        assertEq(vault.reserveUnits(address(asset)), 0, "of one token only");
        assertEq(redeemAs(holder, 500 * unit), (499.5e6 * assetUnit) / 1e6, "10 bps less");
        assertEq(vault.assetsHeld(), (499.5e6 * assetUnit) / 1e6, "gross has left the books of holders");
        assertEq(m1.totalSupply(), (499.5e6 * unit) / 1e6, "burnt");
        assertEq(asset.balanceOf(address(vault)), vault.assetsHeld() + vault.feesAccrued(), "balance");
    }

    /// @dev VAULT-1: any sequence of mints and redemptions that ends without tokens ends with fewer assets, dust included.
    function testFuzz_VAULT1_roundTripsNeverGain(uint256 seed, uint256 mintFee, uint256 redeemFee) public {
        (mintFee, redeemFee) = (bound(mintFee, 0, vault.MAX_FEE_WAD()), bound(redeemFee, 0, vault.MAX_FEE_WAD()));
        vm.prank(timelock);
        vault.setFees(IStablecoinReserveVault.Fees(uint64(mintFee), uint64(redeemFee)));
        uint256 start = asset.balanceOf(holder);
        for (uint256 i = 0; i < 6; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            // Every order of magnitude from one base unit on.
            uint256 amount = bound(seed >> 8, 1, 10 ** bound(seed & 0xff, 1, uint256(_assetDecimals()) + 4));
            (, uint256 expected, ) = vault.mintStatus(amount);
            if (expected > 0) assertEq(mintAs(holder, amount), expected, "the view tells");
            uint256 tokens = m1.balanceOf(holder);
            if (i < 5) tokens = bound(seed >> 128, 0, tokens);
            (uint256 paid, ) = vault.quoteRedeem(tokens);
            if (paid > 0) assertEq(redeemAs(holder, tokens), paid, "the view tells");
            // What is left in tokens is worth at most its par value.
            assertLe(
                asset.balanceOf(holder) + (m1.balanceOf(holder) * assetUnit) / unit,
                start,
                "VAULT-1: a round trip gained"
            );
        }
        assertGe((vault.assetsHeld() * unit) / assetUnit, m1.totalSupply(), "every token is backed");
    }

    function testFuzz_mintRoundsDownAndFeesUp(uint256 amount) public view {
        amount = bound(amount, 1, 1_000_000 * assetUnit);
        (, uint256 out, uint256 fee) = vault.mintStatus(amount);
        assertGe(fee * 1e18, amount * MINT_FEE, "fee up");
        assertLt(fee * 1e18, amount * MINT_FEE + 1e18, "by less than one unit");
        assertLe(out * assetUnit, (amount - fee) * unit, "out down");
        assertGt((out + 1) * assetUnit, (amount - fee) * unit, "by less than one unit");
    }
}

contract StablecoinReserveVaultTest is VaultBehaviour {
    // Opening and closing

    /// @dev VAULT-2: each cause closes minting by its own name, moves nothing and ends with the cause.
    function test_VAULT2_priceBelowItsBandClosesMinting() public {
        setPrice(98_999999);
        refusesToMint(IStablecoinReserveVault.MintReason.BELOW_BAND, "0.98999999");
        setPrice(99_000000);
        assertStatus(IStablecoinReserveVault.MintReason.OPEN, "0.99 is the band's edge");
        setPrice(1_50000000);
        assertEq(mintAs(holder, 1_000 * assetUnit), 999.5e6, "par, whatever the asset is worth");
        vm.prank(timelock);
        oracle.removeToken(address(asset));
        refusesToMint(IStablecoinReserveVault.MintReason.ORACLE_DOUBT, "no price");
    }

    /// @dev VAULT-2: a stale price is no price.
    function test_VAULT2_staleOracleClosesMinting() public {
        vm.warp(block.timestamp + MAX_AGE + 1 hours);
        refusesToMint(IStablecoinReserveVault.MintReason.ORACLE_DOUBT, "stale");
        setPrice(USD);
        assertStatus(IStablecoinReserveVault.MintReason.OPEN, "fresh");
    }

    /// @dev VAULT-2: the attestation must cover the supply and this mint, and be fresh.
    function test_VAULT2_attestationShortOrStaleClosesMinting() public {
        useAttestation();
        refusesToMint(IStablecoinReserveVault.MintReason.ATTESTATION_STALE, "no round yet");
        m1.mint(holder, 100 * unit);
        attest(100, block.timestamp);
        refusesToMint(IStablecoinReserveVault.MintReason.ATTESTATION_SHORT, "supply and mint exceed it");
        attest(101, block.timestamp);
        assertStatus(IStablecoinReserveVault.MintReason.OPEN, "covers supply and this mint");
        assertEq(mintAs(holder, assetUnit), 0.9995e6);
        refusesToMint(IStablecoinReserveVault.MintReason.ATTESTATION_SHORT, "used up");
        attest(1_000, block.timestamp);
        vm.warp(block.timestamp + ATTESTATION_AGE);
        setPrice(USD);
        refusesToMint(IStablecoinReserveVault.MintReason.ATTESTATION_STALE, "older than allowed");
        attest(1_000, block.timestamp + 100);
        refusesToMint(IStablecoinReserveVault.MintReason.ATTESTATION_STALE, "from the future");
        proof.push(-1, block.timestamp);
        refusesToMint(IStablecoinReserveVault.MintReason.ATTESTATION_STALE, "negative");
        proof.push(0, block.timestamp);
        refusesToMint(IStablecoinReserveVault.MintReason.ATTESTATION_SHORT, "nothing left");
        vm.prank(timelock);
        vault.setAttestation(IStablecoinReserveVault.Attestation(address(0), 0));
        assertStatus(IStablecoinReserveVault.MintReason.OPEN, "not asked for");
    }

    /// @dev VAULT-2: an attestation that reverts, answers too little, too much or wastes gas closes minting; the view still answers.
    function test_VAULT2_hostileAttestationClosesMinting() public {
        HostileFeed feed = HostileFeed(deploy("HostileFeed", abi.encode(false)));
        vm.prank(timelock);
        vault.setAttestation(IStablecoinReserveVault.Attestation(address(feed), ATTESTATION_AGE));
        feed.set(HostileFeed.Mode.HONEST, 1e20, block.timestamp, 0, 0);
        assertStatus(IStablecoinReserveVault.MintReason.OPEN, "while it is honest");
        for (uint8 mode = 1; mode <= uint8(HostileFeed.Mode.INVALID); ++mode) {
            if (HostileFeed.Mode(mode) == HostileFeed.Mode.HUGE) continue; // zeros after zeros: a round of 1970
            feed.set(HostileFeed.Mode(mode), 1e20, block.timestamp, 0, 0);
            (bool ok, bytes memory answer) = address(vault).staticcall{gas: 3_000_000}(
                abi.encodeCall(vault.mintStatus, (assetUnit))
            );
            // What burns all gas leaves 1/64: the caller is out of gas, and minting is as closed.
            if (!ok) continue;
            uint256 reason = abi.decode(answer, (uint256));
            assertEq(reason, uint256(IStablecoinReserveVault.MintReason.ATTESTATION_STALE), vm.toString(mode));
        }
        feed.set(HostileFeed.Mode.HUGE, 0, 0, 0, 0);
        assertStatus(IStablecoinReserveVault.MintReason.ATTESTATION_STALE, "a round of 1970");
        feed.set(HostileFeed.Mode.HONEST, type(uint256).max, block.timestamp, 0, 0);
        assertStatus(IStablecoinReserveVault.MintReason.ATTESTATION_STALE, "a number that nothing can be worth");
    }

    /// @dev VAULT-2: pauses of vault and token, and the minter's bucket.
    function test_VAULT2_pausesAndLimitsCloseMinting() public {
        vm.prank(guardian);
        vault.pause();
        refusesToMint(IStablecoinReserveVault.MintReason.PAUSED, "vault paused");
        vm.prank(timelock);
        vault.unpause();
        vm.prank(pauser);
        m1.pause();
        refusesToMint(IStablecoinReserveVault.MintReason.TOKEN_PAUSED, "token paused");
        vm.prank(timelock);
        m1.unpause();
        vm.prank(timelock);
        m1.setMinterLimit(IM1Token.MinterLimit(address(vault), 0.5e6, 0, 0, 0));
        refusesToMint(IStablecoinReserveVault.MintReason.MINT_LIMIT, "minter's bucket");
        assertEq(mintAs(holder, assetUnit / 2), 0.49975e6, "what fits passes");
    }

    /// @dev VAULT-3: with everything closed, doubtful, paused and P at its cap, a holder gets his assets.
    function test_VAULT3_redemptionNeverStops() public {
        mintAs(holder, 100_000 * assetUnit);
        useAttestation(); // and no round
        vm.prank(guardian);
        vault.pause();
        vm.prank(pauser);
        m1.pause();
        vm.startPrank(timelock);
        oracle.removeToken(address(asset));
        IReserveSystem.Sizing memory sizing = _sizing();
        sizing.replenishSeconds = 1 days; // the floor is far above what is held
        reserves.setSizing(address(m1), sizing);
        vm.stopPrank();
        vm.warp(block.timestamp + 61); // the mint leaves the window
        assertEq(uint256(reserves.state(address(m1)).tier), uint256(IReserveSystem.Tier.BREACHED), "below the floor");
        assertEq(reserves.spendable(address(m1)), 0, "discretionary outflows wait");
        for (uint256 i = 0; i < 4; ++i) assertEq(redeemAs(holder, 20_000 * unit), 19_980 * assetUnit, "pays");
        assertGt(reserves.peakUnits(address(m1)), 10_000 * unit, "P has risen");
        vm.prank(timelock);
        reserves.setReporter(address(m1), address(vault), false);
        uint256 left = m1.balanceOf(holder);
        assertGt(redeemAs(holder, left), 0, "a vault that is no reporter pays, too");
        assertEq(m1.totalSupply(), 0, "everybody is out");
    }

    /// @dev VAULT-3: the assets held are the only limit; fees are not among them, donations are.
    function test_VAULT3_onlyAssetsHeldLimitARedemption() public {
        mintAs(holder, 1_000 * assetUnit);
        uint256 held = vault.assetsHeld();
        m1.mint(holder, 1_000 * unit); // tokens that came another way, as over the bridge
        vm.expectRevert(abi.encodeWithSelector(IStablecoinReserveVault.InsufficientAssets.selector, held + 1, held));
        vm.prank(holder);
        vault.redeem(999.5e6 + 1, 0, holder);
        assertEq(redeemAs(holder, 999.5e6), 998.5005e6, "all of it");
        assertEq(vault.assetsHeld(), 0);
        // Fees are not the holders'.
        vm.expectRevert(abi.encodeWithSelector(IStablecoinReserveVault.InsufficientAssets.selector, unit, 0));
        vm.prank(holder);
        vault.redeem(unit, 0, holder);
        // Donations are.
        asset.mint(address(vault), 10 * assetUnit);
        vault.sync();
        assertEq(reserves.recordedReserveUnits(address(m1)), 10 * unit, "told");
        assertEq(redeemAs(holder, 10 * unit), 9.99e6);
    }

    // Reserve system

    /// @dev VAULT-5: the meter has seen each flow, and what is recorded is what is held.
    function test_VAULT5_flowsReachTheMeter() public {
        mintAs(holder, 1_000 * assetUnit);
        assertEq(reserves.windowUnits(address(m1)), -999.5e6, "in");
        assertEq(reserves.recordedReserveUnits(address(m1)), 999.5e6, "held");
        vm.warp(block.timestamp + 10);
        vm.expectEmit(address(reserves));
        emit IReserveSystem.FlowRecorded(address(m1), address(vault), 300e6, 699.5e6, 10_000e6);
        redeemAs(holder, 300 * unit);
        assertEq(reserves.windowUnits(address(m1)), -699.5e6, "net");
        vm.warp(block.timestamp + 50);
        assertEq(reserves.windowUnits(address(m1)), 300e6, "the mint has left the window");
        assertEq(reserves.reserveUnits(address(m1)), vault.reserveUnits(address(m1)));
    }

    /// @dev What pumping P costs and what it holds up. Sizing: P0 = 10,000 a minute, at most +10,000 at once and 20,000 in an hour,
    /// half-life a day, T = 5 minutes, m = 1; fees 5 and 10 bps. The attacker redeems all he has in one minute of each of six hours and
    /// mints it again in another, with 100,000.
    function test_RES5_pumpingPCostsFeesAndHoldsUpDiscretionaryOutflowsOnly() public {
        fund(holder, 1_000_000 * assetUnit);
        mintAs(holder, 1_000_000 * assetUnit);
        fund(attacker, 100_000 * assetUnit);
        mintAs(attacker, 100_000 * assetUnit);
        vm.warp(block.timestamp + 61); // or his mint would cancel his redemption in the window
        uint256 spendableBefore = reserves.spendable(address(m1));
        uint256 floorBefore = reserves.required(address(m1), IReserveSystem.Tier.FLOOR);
        uint256 reserveBefore = vault.reserveUnits(address(m1));
        assertEq(floorBefore, 50_000e6, "P0 times T");

        uint256 redeemed;
        uint256 minted;
        for (uint256 hour = 0; hour < 6; ++hour) {
            uint256 tokens = m1.balanceOf(attacker);
            redeemed += tokens;
            uint256 assets = redeemAs(attacker, tokens);
            setPrice(USD); // reporters go on
            vm.warp(block.timestamp + 1_740);
            minted += assets;
            mintAs(attacker, assets);
            vm.warp(block.timestamp + 1_854);
        }

        // He pays 10 bps of what he redeems and 5 bps of what he mints.
        uint256 paid = (redeemed * REDEEM_FEE + minted * MINT_FEE) / 1e18;
        assertApproxEqAbs(99_950e6 - m1.balanceOf(attacker), paid, 12, "fees, and rounding against him");
        assertGe(paid, 880e6, "about 895 for six hours");

        // The floor rises by T times what P may rise in six hours, 60,000, less its decay; discretionary outflows wait for that much.
        uint256 floorRise = reserves.required(address(m1), IReserveSystem.Tier.FLOOR) - floorBefore;
        assertLe(floorRise, 5 * 6 * 20_000e6, "T times the hourly cap");
        uint256 lost = reserveBefore - Math.min(reserveBefore, vault.reserveUnits(address(m1)));
        uint256 heldUp = spendableBefore - lost - Math.min(spendableBefore - lost, reserves.spendable(address(m1)));
        assertLe(heldUp, floorRise, "what waits is at most what the floor rose by");
        assertGe(heldUp, 100_000e6, "and it is not nothing");
        assertLe(heldUp, 300_000e6, "T times 60,000");

        // Left alone it is halved in a day, and holders come out all the time.
        uint256 peak = reserves.peakUnits(address(m1));
        vm.warp(block.timestamp + 1 days);
        assertLe(reserves.peakUnits(address(m1)), peak / 2 + 1, "half is gone after a day");
        assertEq(redeemAs(holder, 999_500 * unit), 998_500.5e6, "a redemption beyond everything P allows");
    }

    // Hostile assets

    /// @dev VAULT-6: an asset that keeps a part is refused on the way in; on the way out the holder's minimum counts what arrives.
    function test_VAULT6_feeOnTransferIsRefusedAndCannotTrapHolders() public {
        mintAs(holder, 1_000 * assetUnit);
        asset.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(asset), 99e6, 100e6));
        vm.prank(holder);
        vault.mint(100 * assetUnit, 0, holder);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, 98.901e6, 99.9e6));
        vm.prank(holder);
        vault.redeem(100 * unit, 99.9e6, holder);
        vm.prank(holder);
        assertEq(vault.redeem(100 * unit, 98.901e6, holder), 98.901e6, "what arrived");
        assertEq(vault.assetsHeld() + vault.feesAccrued(), asset.balanceOf(address(vault)), "books");
    }

    /// @dev VAULT-6: an asset that answers false or reverts moves nothing, neither way.
    function test_VAULT6_assetsThatLieOrRefuseMoveNothing() public {
        mintAs(holder, 1_000 * assetUnit);
        bytes32 books = keccak256(abi.encode(vault.assetsHeld(), vault.feesAccrued(), m1.totalSupply()));
        for (uint8 mode = 2; mode <= 3; ++mode) {
            asset.setMode(HostileToken.Mode(mode));
            vm.startPrank(holder);
            (bool ok, ) = address(vault).call(abi.encodeCall(vault.mint, (100e6, 0, holder)));
            assertFalse(ok, "mint");
            (ok, ) = address(vault).call(abi.encodeCall(vault.redeem, (100e6, 0, holder)));
            assertFalse(ok, "redeem");
            vm.stopPrank();
            assertEq(keccak256(abi.encode(vault.assetsHeld(), vault.feesAccrued(), m1.totalSupply())), books, "moved");
        }
    }

    /// @dev VAULT-6: a hook inside a transfer meets a locked vault: entries, fees, sync and the views of its holdings.
    function test_VAULT6_reentranceIsRefusedEverywhere() public {
        mintAs(holder, 1_000 * assetUnit);
        bytes[6] memory calls = [
            abi.encodeCall(vault.mint, (1e6, 0, holder)),
            abi.encodeCall(vault.redeem, (1e6, 0, holder)),
            abi.encodeCall(vault.collectFees, ()),
            abi.encodeCall(vault.sync, ()),
            abi.encodeCall(vault.assetsHeld, ()),
            abi.encodeCall(vault.reserveUnits, (address(m1)))
        ];
        for (uint256 i = 0; i < 6; ++i) {
            bytes4 expected =
                i < 4 ? ReentrancyGuard.ReentrancyGuardReentrantCall.selector : ICommonErrors.Reentrant.selector;
            asset.setHook(address(vault), calls[i]);
            mintAs(holder, 10 * assetUnit);
            assertFalse(asset.hookSucceeded(), "inside a mint");
            assertEq(bytes32(asset.hookError()), bytes32(expected), "mint");
            redeemAs(holder, unit);
            assertFalse(asset.hookSucceeded(), "inside a redemption");
            assertEq(bytes32(asset.hookError()), bytes32(expected), "redemption");
        }
        // The gate of the reserve system cannot be asked in between either.
        asset.setHook(address(reserves), abi.encodeCall(reserves.checkOutflow, (address(m1), 1)));
        redeemAs(holder, unit);
        assertFalse(asset.hookSucceeded(), "gate");
    }

    function test_downwardRebaseShowsAndStopsNothingButWhatIsMissing() public {
        mintAs(holder, 1_000 * assetUnit);
        asset.slash(address(vault), 900 * assetUnit);
        vault.sync();
        assertEq(reserves.recordedReserveUnits(address(m1)), 99.5e6, "99.5 of holders, 0.5 of fees");
        assertEq(redeemAs(holder, 99e6), 98.901e6);
        asset.slash(address(vault), asset.balanceOf(address(vault)));
        assertEq(vault.assetsHeld(), 0, "no underflow where fees exceed the balance");
    }

    // Bad input

    function test_badAmountsAreNamed() public {
        mintAs(holder, 1_000 * assetUnit);
        vm.startPrank(holder);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        vault.mint(0, 0, holder);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        vault.redeem(0, 0, holder);
        vm.expectRevert(abi.encodeWithSelector(IStablecoinReserveVault.DustAmount.selector, 1));
        vault.mint(1, 0, holder);
        vm.expectRevert(abi.encodeWithSelector(IStablecoinReserveVault.DustAmount.selector, 1));
        vault.redeem(1, 0, holder);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, 0.9995e6, 1e6));
        vault.mint(1e6, 1e6, holder);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, 0.999e6, 1e6));
        vault.redeem(1e6, 1e6, holder);
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        vault.mint(uint256(type(uint128).max) + 1, 0, holder);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(vault)));
        vault.redeem(1e6, 0, address(vault));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(0)));
        vault.redeem(1e6, 0, address(0));
        vm.stopPrank();
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(attacker);
        vault.redeem(1e6, 0, attacker);
    }

    function test_redeemerRoleAloneMayBurnForRedemption() public {
        m1.mint(holder, unit);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector,
                attacker,
                m1.REDEEMER_ROLE()
            )
        );
        vm.prank(attacker);
        m1.burnForRedemption(holder, unit);
        vm.prank(timelock);
        m1.grantRole(keccak256("REDEEMER_ROLE"), pauser);
        // Even then only what the holder allowed it.
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(pauser);
        m1.burnForRedemption(holder, unit);
    }

    // Owner

    function test_feesGoToTheirRecipientAndNothingElseDoes() public {
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        vault.collectFees();
        mintAs(holder, 1_000 * assetUnit);
        uint256 held = vault.assetsHeld();
        assertEq(vault.collectFees(), 0.5e6);
        assertEq(asset.balanceOf(treasury), 0.5e6, "paid");
        assertEq(vault.assetsHeld(), held, "holders' assets untouched");
        vm.prank(timelock);
        vault.setFeeRecipient(pauser);
        redeemAs(holder, 100 * unit);
        vault.collectFees();
        assertEq(asset.balanceOf(pauser), 0.1e6, "new recipient");
    }

    function test_settingsAreBoundedAndTheOwners() public {
        vm.startPrank(timelock);
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        vault.setFees(IStablecoinReserveVault.Fees(0.005e18 + 1, 0));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        vault.setFees(IStablecoinReserveVault.Fees(0, 0.005e18 + 1));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        vault.setMinRatio(0.9e18 - 1);
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        vault.setMinRatio(1e18 + 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        vault.setAttestation(IStablecoinReserveVault.Attestation(holder, 1 days));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        vault.setAttestation(IStablecoinReserveVault.Attestation(address(proof), 0));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        vault.setAttestation(IStablecoinReserveVault.Attestation(address(proof), 15 days));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(0)));
        vault.setFeeRecipient(address(0));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        vault.renounceOwnership();
        vm.stopPrank();
        bytes[5] memory calls = [
            abi.encodeCall(vault.setFees, (IStablecoinReserveVault.Fees(0, 0))),
            abi.encodeCall(vault.setMinRatio, (1e18)),
            abi.encodeCall(vault.setAttestation, (IStablecoinReserveVault.Attestation(address(0), 0))),
            abi.encodeCall(vault.setFeeRecipient, (attacker)),
            abi.encodeCall(vault.setGuardian, (attacker))
        ];
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(attacker);
            (bool ok, bytes memory answer) = address(vault).call(calls[i]);
            assertFalse(ok, "not the owner");
            assertEq(answer, abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        }
    }

    /// @dev ACCESS-23: a guardian's pause ends by itself and cannot follow another within a day.
    function test_guardianPauseEndsAndRests() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        vm.prank(attacker);
        vault.pause();
        vm.prank(guardian);
        vault.pause();
        uint256 end = block.timestamp + 24 hours;
        assertEq(vault.pausedUntil(), end);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, end + 24 hours, block.timestamp));
        vm.prank(guardian);
        vault.pause();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        vm.prank(guardian);
        vault.unpause();
        vm.startPrank(timelock);
        vault.unpause();
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        vault.unpause();
        vm.stopPrank();
        vm.startPrank(guardian);
        vm.expectPartialRevert(ICommonErrors.NotReady.selector);
        vault.pause();
        vm.warp(block.timestamp + 24 hours);
        vault.pause();
        vm.stopPrank();
        vm.prank(timelock);
        vault.pause();
        vm.warp(block.timestamp + 24 hours);
        setPrice(USD);
        assertStatus(IStablecoinReserveVault.MintReason.OPEN, "ended by itself");
    }

    function test_constructorChecksWhatItIsGiven() public {
        IStablecoinReserveVault.Fees memory fees = IStablecoinReserveVault.Fees(0, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(m1)));
        deploy(
            "StablecoinReserveVault",
            abi.encode(
                address(m1),
                address(m1),
                address(0),
                address(oracle),
                address(reserves),
                fees,
                1e18,
                treasury,
                timelock
            )
        );
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        deploy(
            "StablecoinReserveVault",
            abi.encode(
                address(m1),
                holder,
                address(0),
                address(oracle),
                address(reserves),
                fees,
                1e18,
                treasury,
                timelock
            )
        );
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        deploy(
            "StablecoinReserveVault",
            abi.encode(
                address(m1),
                address(asset),
                holder,
                address(oracle),
                address(reserves),
                fees,
                1e18,
                treasury,
                timelock
            )
        );
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, holder));
        deploy(
            "StablecoinReserveVault",
            abi.encode(
                address(m1),
                address(asset),
                address(0),
                holder,
                address(reserves),
                fees,
                1e18,
                treasury,
                timelock
            )
        );
        HostileToken fine = HostileToken(deploy("HostileToken", abi.encode(19)));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        deploy(
            "StablecoinReserveVault",
            abi.encode(
                address(m1),
                address(fine),
                address(0),
                address(oracle),
                address(reserves),
                fees,
                1e18,
                treasury,
                timelock
            )
        );
    }

    /// @dev Another currency: the band is measured against the token whose price is par.
    function test_parOfAnotherCurrency() public {
        // `eight` stands at 64,123 USD; an asset at one USD is far below it, itself exactly at par.
        StablecoinReserveVault other = StablecoinReserveVault(
            deploy(
                "StablecoinReserveVault",
                abi.encode(
                    address(m1),
                    address(eight),
                    address(eight),
                    address(oracle),
                    address(reserves),
                    IStablecoinReserveVault.Fees(0, 0),
                    1e18,
                    treasury,
                    timelock
                )
            )
        );
        (IStablecoinReserveVault.MintReason reason, uint256 out, ) = other.mintStatus(1e8);
        assertEq(uint256(reason), uint256(IStablecoinReserveVault.MintReason.MINT_LIMIT), "price is fine, no minter");
        assertEq(out, 1e6, "8 to 6 decimals");
        vm.prank(timelock);
        oracle.removeToken(address(eight));
        (reason, , ) = other.mintStatus(1e8);
        assertEq(uint256(reason), uint256(IStablecoinReserveVault.MintReason.ORACLE_DOUBT));
    }

    function test_gas_mintAndRedeem() public {
        mintAs(holder, 1_000 * assetUnit);
        vm.warp(block.timestamp + 2);
        vm.startPrank(holder);
        vault.mint(1_000e6, 0, holder);
        vm.snapshotGasLastCall("vault.mint");
        vault.redeem(500e6, 0, holder);
        uint256 gasUsed = vm.snapshotGasLastCall("vault.redeem");
        vm.stopPrank();
        assertLt(gasUsed, 150_000, "an exit stays cheap");
    }
}

contract StablecoinReserveVault6And18Test is VaultBehaviour {
    function _assetDecimals() internal pure override returns (uint8) {
        return 18;
    }
}

contract StablecoinReserveVault18And6Test is VaultBehaviour {
    function _m1Decimals() internal pure override returns (uint8) {
        return 18;
    }
}

contract StablecoinReserveVault6And8Test is VaultBehaviour {
    function _assetDecimals() internal pure override returns (uint8) {
        return 8;
    }
}
