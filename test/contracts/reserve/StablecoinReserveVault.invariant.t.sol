// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ReserveSystem} from "../../../contracts/reserve/ReserveSystem.sol";
import {StablecoinReserveVault} from "../../../contracts/reserve/StablecoinReserveVault.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {MockAggregator} from "../../../contracts/mocks/MockAggregator.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {IStablecoinReserveVault} from "../../../contracts/interfaces/IStablecoinReserveVault.sol";
import {Base} from "../Base.t.sol";
import {VaultBase} from "./VaultBase.t.sol";

/// @notice Whoever can sign price rounds.
interface IPriceSigner {
    function signPrice(uint72 answer) external;
}

/// @notice Three holders, an asset that turns hostile, donations, pauses, attestations that come and go, fees that change; keeps books.
contract VaultHandler is Base {
    StablecoinReserveVault private immutable _vault;
    ReserveSystem private immutable _reserves;
    M1Token private immutable _m1;
    HostileToken private immutable _asset;
    MockAggregator private immutable _proof;
    address private immutable _timelock;
    address private immutable _pauser;
    IPriceSigner private immutable _signer;
    address[3] public actors;

    /// @dev Per holder: assets paid in, assets got out.
    mapping(address actor => uint256) public paidIn;
    mapping(address actor => uint256) public gotOut;
    uint256 public redemptions;
    uint256 public mints;

    constructor(
        StablecoinReserveVault vault,
        ReserveSystem reserves,
        M1Token m1,
        HostileToken asset,
        MockAggregator proof,
        address timelock,
        address pauser
    ) {
        (_vault, _reserves, _m1, _asset, _proof) = (vault, reserves, m1, asset, proof);
        (_timelock, _pauser, _signer) = (timelock, pauser, IPriceSigner(msg.sender));
        for (uint256 i = 0; i < 3; ++i) {
            actors[i] = vm.addr(2_000 + i);
            asset.mint(actors[i], 1e24);
            vm.startPrank(actors[i]);
            asset.approve(address(vault), type(uint256).max);
            m1.approve(address(vault), type(uint256).max);
            vm.stopPrank();
        }
    }

    function mint(uint256 who, uint256 amount, uint256 scale) external {
        address actor = actors[who % 3];
        amount = bound(amount, 1, 10 ** bound(scale, 1, 11));
        (IStablecoinReserveVault.MintReason reason, uint256 out, ) = _vault.mintStatus(amount);
        uint256 supply = _m1.totalSupply();
        uint256 balance = _asset.balanceOf(address(_vault));
        vm.prank(actor);
        try _vault.mint(amount, 0, actor) returns (uint256 minted) {
            assertEq(uint256(reason), 0, "VAULT-2: minted while closed");
            assertEq(_asset.balanceOf(address(_vault)), balance + amount, "VAULT-6: minted for what did not arrive");
            assertEq(minted, out, "the view told otherwise");
            assertEq(_m1.totalSupply(), supply + minted, "supply");
            paidIn[actor] += amount;
            ++mints;
        } catch {
            assertTrue(uint256(reason) != 0 || out == 0 || !_isHonest(), "an open mint failed");
        }
    }

    function redeem(uint256 who, uint256 amount) external {
        address actor = actors[who % 3];
        uint256 balance = _m1.balanceOf(actor);
        if (balance == 0) return;
        amount = bound(amount, 1, balance);
        (uint256 paid, uint256 fee) = _vault.quoteRedeem(amount);
        if (paid == 0 || paid + fee > _vault.assetsHeld()) return;
        HostileToken.Mode mode = _asset.mode();
        if (mode == HostileToken.Mode.RETURNS_FALSE || mode == HostileToken.Mode.REVERTS) return;
        uint256 before = _asset.balanceOf(actor);
        vm.prank(actor);
        // No catch: with the assets there, nothing may stop it (VAULT-3).
        uint256 arrived = _vault.redeem(amount, 0, actor);
        assertEq(_asset.balanceOf(actor) - before, arrived, "what it says arrived");
        gotOut[actor] += paid;
        ++redemptions;
    }

    function donate(uint256 amount) external {
        if (_asset.mode() == HostileToken.Mode.REVERTS) return;
        _asset.mint(address(_vault), bound(amount, 1, 1e9));
        _vault.sync();
    }

    function collect() external {
        if (_vault.feesAccrued() > 0 && _isHonest()) _vault.collectFees();
    }

    function turn(uint256 mode) external {
        HostileToken.Mode chosen = HostileToken.Mode(mode % 5);
        if (chosen == HostileToken.Mode.HOOKS) {
            _asset.setHook(address(_vault), abi.encodeCall(_vault.redeem, (1, 0, address(this))));
        } else {
            _asset.setMode(chosen);
        }
    }

    function honest() external {
        _asset.setMode(HostileToken.Mode.HONEST);
    }

    function attest(uint256 wholeTokens, bool stale) external {
        _proof.push(int256(bound(wholeTokens, 0, 1e7) * 1e8), vm.getBlockTimestamp() - (stale ? 2 days : 0));
    }

    function setFees(uint256 mintFee, uint256 redeemFee) external {
        uint256 top = _vault.MAX_FEE_WAD();
        vm.prank(_timelock);
        _vault.setFees(IStablecoinReserveVault.Fees(uint64(bound(mintFee, 0, top)), uint64(bound(redeemFee, 0, top))));
    }

    function pauseEverything(bool token) external {
        if (token) {
            vm.prank(_pauser);
            try _m1.pause() {} catch {}
        } else {
            vm.prank(_timelock);
            _vault.pause();
        }
    }

    function unpause() external {
        vm.startPrank(_timelock);
        try _m1.unpause() {} catch {}
        try _vault.unpause() {} catch {}
        vm.stopPrank();
    }

    /// @dev A third of the prices lies below the band.
    function waitForARound(uint256 duration, uint256 answer) external {
        skipTime(bound(duration, 1, 40 minutes), 2);
        _signer.signPrice(uint72(bound(answer, 98_500000, 1_01500000)));
    }

    function _isHonest() private view returns (bool) {
        HostileToken.Mode mode = _asset.mode();
        return mode == HostileToken.Mode.HONEST || mode == HostileToken.Mode.HOOKS;
    }
}

contract StablecoinReserveVaultInvariantTest is VaultBase, IPriceSigner {
    VaultHandler internal handler;

    function setUp() public override {
        super.setUp();
        useAttestation();
        attest(1_000_000, block.timestamp);
        handler = new VaultHandler(vault, reserves, m1, asset, proof, timelock, pauser);
        targetContract(address(handler));
        targetSender(holder);
        bytes4[] memory selectors = new bytes4[](16);
        selectors[0] = VaultHandler.mint.selector;
        selectors[1] = VaultHandler.mint.selector;
        selectors[2] = VaultHandler.mint.selector;
        selectors[3] = VaultHandler.redeem.selector;
        selectors[4] = VaultHandler.redeem.selector;
        selectors[5] = VaultHandler.donate.selector;
        selectors[6] = VaultHandler.collect.selector;
        selectors[7] = VaultHandler.turn.selector;
        selectors[8] = VaultHandler.honest.selector;
        selectors[9] = VaultHandler.honest.selector;
        selectors[10] = VaultHandler.attest.selector;
        selectors[11] = VaultHandler.setFees.selector;
        selectors[12] = VaultHandler.pauseEverything.selector;
        selectors[13] = VaultHandler.unpause.selector;
        selectors[14] = VaultHandler.waitForARound.selector;
        selectors[15] = VaultHandler.waitForARound.selector;
        targetSelector(address(handler), selectors);
    }

    function signPrice(uint72 answer) external {
        setPrice(answer);
    }

    /// @dev VAULT-1: what a holder got out and could still claim is at most what he paid in.
    function invariant_VAULT1_nobodyGains() public view {
        for (uint256 i = 0; i < 3; ++i) {
            address actor = handler.actors(i);
            assertLe(handler.gotOut(actor) + m1.balanceOf(actor), handler.paidIn(actor), "VAULT-1: gained");
        }
    }

    /// @dev VAULT-4: the balance is the holders' assets and the fees, and every token minted here is backed one to one.
    function invariant_VAULT4_everyTokenIsBacked() public view {
        assertEq(vault.assetsHeld() + vault.feesAccrued(), asset.balanceOf(address(vault)), "VAULT-4: books");
        assertGe(vault.assetsHeld(), m1.totalSupply(), "VAULT-4: backing");
    }

    /// @dev VAULT-5: what the reserve system recorded is what the vault holds.
    function invariant_VAULT5_recordedIsHeld() public view {
        assertEq(reserves.recordedReserveUnits(address(m1)), vault.assetsHeld(), "VAULT-5: recorded");
    }
}
