// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IM1Token} from "../interfaces/IM1Token.sol";
import {IReserveSource} from "../interfaces/IReserveSource.sol";
import {IReserveSystem} from "../interfaces/IReserveSystem.sol";
import {IStablecoinReserveVault} from "../interfaces/IStablecoinReserveVault.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";

/// @title StablecoinReserveVault
/// @notice Holds the one reserve asset of one M1 token and exchanges both at par for a stated fee.
/// @dev ROLES. Anyone: mint while it is open, redeem always, send the fees to their recipient. Owner (two steps, cannot be renounced; a
/// timelock): fees up to MAX_FEE_WAD, their recipient, band, attestation, guardian; it cannot take assets. Guardian: pauses minting for 24
/// hours.
/// This contract needs MINTER_ROLE with a mint bucket and REDEEMER_ROLE on the token.
/// @dev PRICE SOURCES. `XAUOracle` and the attestation feed close minting and do nothing else; par is fixed. Redeeming reads neither.
/// @dev ROUNDING. Fees up, what is minted or paid down, attested reserves down. What rounding leaves backs the holders.
/// @dev TOKEN REQUIREMENTS. At most 18 decimals each. What a mint pulls is measured, and anything but the exact amount refused; what a
/// redemption pays is measured where it arrives and where it left, so that an asset which begins to take fees stops mints and no exit.
/// @dev LIVENESS. `redeem` waits for nobody and nothing but the assets; the reserve system's `record` cannot revert.
/// @dev HOW TO STOP IT. `pause` (guardian or owner) stops minting; revoking MINTER_ROLE does for good. Nothing stops redeeming, short of the
/// token's administrator revoking REDEEMER_ROLE.
contract StablecoinReserveVault is IStablecoinReserveVault, GuardianPause, ReentrancyGuardTransient {
    using Math for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @notice Largest fee of each kind: 0.5 %.
    uint256 public constant MAX_FEE_WAD = 0.005e18;
    /// @notice Lowest band that governance can set.
    uint256 public constant MIN_RATIO_LOW_WAD = 0.9e18;
    uint256 public constant MAX_ATTESTATION_AGE_SECONDS = 14 days;

    uint256 private constant _WAD = 1e18;

    /// @inheritdoc IStablecoinReserveVault
    address public immutable m1;
    /// @inheritdoc IStablecoinReserveVault
    address public immutable asset;
    /// @inheritdoc IStablecoinReserveVault
    address public immutable parToken;
    /// @inheritdoc IStablecoinReserveVault
    address public immutable reserveSystem;
    IXAUOracle public immutable oracle;
    uint256 private immutable _m1Unit;
    uint256 private immutable _assetUnit;

    /// @dev 64 + 64 + 128 bits.
    Fees private _fees;
    uint128 private _feesAccrued;
    uint64 private _minRatioWad;
    /// @inheritdoc IStablecoinReserveVault
    address public feeRecipient;
    Attestation private _attestation;

    constructor(
        address m1_,
        address asset_,
        address parToken_,
        address oracle_,
        address reserveSystem_,
        Fees memory fees_,
        uint256 minRatioWad_,
        address feeRecipient_,
        address owner_
    ) GuardianPause(owner_) {
        require(m1_ != asset_, IdenticalTokens(m1_));
        require(oracle_.code.length > 0, NotAContract(oracle_));
        require(reserveSystem_.code.length > 0, NotAContract(reserveSystem_));
        require(parToken_ == address(0) || parToken_.code.length > 0, NotAContract(parToken_));
        (m1, asset, parToken) = (m1_, asset_, parToken_);
        (oracle, reserveSystem) = (IXAUOracle(oracle_), reserveSystem_);
        (_m1Unit, _assetUnit) = (_unitOf(m1_), _unitOf(asset_));
        _setFees(fees_);
        _setMinRatio(minRatioWad_);
        _setFeeRecipient(feeRecipient_);
    }

    // Mint and redeem

    /// @inheritdoc IStablecoinReserveVault
    function mint(uint256 assetIn, uint256 minM1Out, address to) external nonReentrant returns (uint256 m1Out) {
        require(assetIn > 0, ZeroAmount());
        require(assetIn <= type(uint128).max, OutOfRange(assetIn, 1, type(uint128).max));
        MintReason reason;
        uint256 feeAsset;
        (reason, m1Out, feeAsset) = _mintStatus(assetIn);
        require(reason == MintReason.OPEN, MintClosed(reason));
        require(m1Out > 0, DustAmount(assetIn));
        require(m1Out >= minM1Out, OutputBelowMinimum(m1Out, minM1Out));

        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(msg.sender, address(this), assetIn);
        uint256 received = IERC20(asset).balanceOf(address(this)).saturatingSub(before);
        require(received == assetIn, TransferMismatch(asset, received, assetIn));
        _feesAccrued += feeAsset.toUint128();
        IM1Token(m1).mint(to, m1Out);
        uint256 held = _assetsHeld();
        IReserveSystem(reserveSystem).record(m1, -int256(m1Out), _toM1(held));
        emit Minted(msg.sender, to, assetIn, m1Out, feeAsset, held, IM1Token(m1).totalSupply());
    }

    /// @inheritdoc IStablecoinReserveVault
    function redeem(uint256 m1In, uint256 minAssetOut, address to) external nonReentrant returns (uint256 assetOut) {
        require(m1In > 0, ZeroAmount());
        require(to != address(0) && to != address(this), NotAuthorized(to));
        (uint256 paid, uint256 feeAsset) = quoteRedeem(m1In);
        require(paid > 0, DustAmount(m1In));
        uint256 held = _assetsHeld();
        require(paid + feeAsset <= held, InsufficientAssets(paid + feeAsset, held));

        IM1Token(m1).burnForRedemption(msg.sender, m1In);
        _feesAccrued += feeAsset.toUint128();
        uint256 before = IERC20(asset).balanceOf(to);
        IERC20(asset).safeTransfer(to, paid);
        assetOut = IERC20(asset).balanceOf(to).saturatingSub(before);
        require(assetOut >= minAssetOut, OutputBelowMinimum(assetOut, minAssetOut));
        held = _assetsHeld();
        // A supply is below 2^128.
        IReserveSystem(reserveSystem).record(m1, int256(m1In), _toM1(held));
        emit Redeemed(msg.sender, to, m1In, assetOut, feeAsset, held, IM1Token(m1).totalSupply());
    }

    /// @inheritdoc IStablecoinReserveVault
    function collectFees() external nonReentrant returns (uint256 feeAsset) {
        feeAsset = _feesAccrued;
        require(feeAsset > 0, ZeroAmount());
        _feesAccrued = 0;
        IERC20(asset).safeTransfer(feeRecipient, feeAsset);
        emit FeesCollected(feeRecipient, feeAsset);
    }

    /// @inheritdoc IStablecoinReserveVault
    function sync() external nonReentrant {
        IReserveSystem(reserveSystem).record(m1, 0, _toM1(_assetsHeld()));
    }

    // Owner

    /// @inheritdoc IStablecoinReserveVault
    function setFees(Fees calldata newFees) external onlyOwner {
        _setFees(newFees);
    }

    /// @inheritdoc IStablecoinReserveVault
    function setMinRatio(uint256 newMinRatioWad) external onlyOwner {
        _setMinRatio(newMinRatioWad);
    }

    /// @inheritdoc IStablecoinReserveVault
    function setAttestation(Attestation calldata newAttestation) external onlyOwner {
        if (newAttestation.feed != address(0)) {
            require(newAttestation.feed.code.length > 0, NotAContract(newAttestation.feed));
            uint256 age = newAttestation.maxAgeSeconds;
            require(age > 0 && age <= MAX_ATTESTATION_AGE_SECONDS, OutOfRange(age, 1, MAX_ATTESTATION_AGE_SECONDS));
            uint256 decimals = IAggregatorV3(newAttestation.feed).decimals();
            require(decimals <= 18, OutOfRange(decimals, 0, 18));
        }
        _attestation = newAttestation;
        emit SetAttestation(newAttestation);
    }

    /// @inheritdoc IStablecoinReserveVault
    function setFeeRecipient(address newRecipient) external onlyOwner {
        _setFeeRecipient(newRecipient);
    }

    // Views

    /// @inheritdoc IStablecoinReserveVault
    function mintStatus(uint256 assetIn) external view returns (MintReason reason, uint256 m1Out, uint256 feeAsset) {
        return _mintStatus(assetIn);
    }

    /// @inheritdoc IStablecoinReserveVault
    function quoteRedeem(uint256 m1In) public view returns (uint256 assetOut, uint256 feeAsset) {
        uint256 gross = m1In.mulDiv(_assetUnit, _m1Unit);
        feeAsset = gross.mulDiv(_fees.redeemFeeWad, _WAD, Math.Rounding.Ceil);
        assetOut = gross - feeAsset;
    }

    /// @inheritdoc IReserveSource
    /// @dev Guarded, because in the middle of a call the assets have moved and the fees have not, or the other way round.
    function reserveUnits(address token) external view returns (uint256) {
        require(!_reentrancyGuardEntered(), Reentrant());
        return token == m1 ? _toM1(_assetsHeld()) : 0;
    }

    /// @inheritdoc IStablecoinReserveVault
    function assetsHeld() external view returns (uint256) {
        require(!_reentrancyGuardEntered(), Reentrant());
        return _assetsHeld();
    }

    /// @inheritdoc IStablecoinReserveVault
    function feesAccrued() external view returns (uint256) {
        return _feesAccrued;
    }

    /// @inheritdoc IStablecoinReserveVault
    function fees() external view returns (Fees memory) {
        return _fees;
    }

    /// @inheritdoc IStablecoinReserveVault
    function minRatioWad() external view returns (uint256) {
        return _minRatioWad;
    }

    /// @inheritdoc IStablecoinReserveVault
    function attestation() external view returns (Attestation memory) {
        return _attestation;
    }

    // Internal

    function _mintStatus(uint256 assetIn) internal view returns (MintReason reason, uint256 m1Out, uint256 feeAsset) {
        // Nobody has more; without the bound the view could overflow.
        assetIn = Math.min(assetIn, type(uint128).max);
        feeAsset = assetIn.mulDiv(_fees.mintFeeWad, _WAD, Math.Rounding.Ceil);
        m1Out = _toM1(assetIn - feeAsset);
        if (_isPaused()) return (MintReason.PAUSED, m1Out, feeAsset);
        reason = _priceReason();
        if (reason == MintReason.OPEN) reason = _attestationReason(m1Out);
        if (reason != MintReason.OPEN) return (reason, m1Out, feeAsset);
        if (block.timestamp < IM1Token(m1).pausedUntil()) reason = MintReason.TOKEN_PAUSED;
        else if (m1Out > IM1Token(m1).mintAvailable(address(this))) reason = MintReason.MINT_LIMIT;
    }

    /// @dev Any failure of the oracle closes minting, so that a caller who leaves it too little gas gains nothing.
    function _priceReason() internal view returns (MintReason) {
        uint256 parWad = _WAD;
        if (parToken != address(0)) {
            try oracle.priceInUsd(parToken) returns (uint256 priceWad) {
                parWad = priceWad;
            } catch {
                return MintReason.ORACLE_DOUBT;
            }
        }
        try oracle.priceInUsd(asset) returns (uint256 priceWad) {
            return priceWad.mulDiv(_WAD, parWad) < _minRatioWad ? MintReason.BELOW_BAND : MintReason.OPEN;
        } catch {
            return MintReason.ORACLE_DOUBT;
        }
    }

    /// @dev Low-level calls, because an answer that cannot be decoded would revert here.
    function _attestationReason(uint256 m1Out) internal view returns (MintReason) {
        Attestation memory attested = _attestation;
        if (attested.feed == address(0)) return MintReason.OPEN;
        (bool ok, bytes memory data) = attested.feed.staticcall(abi.encodeCall(IAggregatorV3.latestRoundData, ()));
        if (!ok || data.length < 160) return MintReason.ATTESTATION_STALE;
        (, uint256 answer, , uint256 updatedAt, ) = abi.decode(data, (uint256, uint256, uint256, uint256, uint256));
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > attested.maxAgeSeconds) {
            return MintReason.ATTESTATION_STALE;
        }
        (ok, data) = attested.feed.staticcall(abi.encodeCall(IAggregatorV3.decimals, ()));
        if (!ok || data.length < 32) return MintReason.ATTESTATION_STALE;
        uint256 decimals = abi.decode(data, (uint256));
        // Negative answers are huge here.
        if (answer > type(uint128).max || decimals > 18) return MintReason.ATTESTATION_STALE;
        uint256 attestedUnits = (answer * _m1Unit) / 10 ** decimals;
        bool covered = attestedUnits >= IM1Token(m1).totalSupply() + m1Out;
        return covered ? MintReason.OPEN : MintReason.ATTESTATION_SHORT;
    }

    function _assetsHeld() internal view returns (uint256) {
        return IERC20(asset).balanceOf(address(this)).saturatingSub(_feesAccrued);
    }

    function _toM1(uint256 assetUnits) internal view returns (uint256) {
        return assetUnits.mulDiv(_m1Unit, _assetUnit);
    }

    function _setFees(Fees memory newFees) internal {
        require(newFees.mintFeeWad <= MAX_FEE_WAD, OutOfRange(newFees.mintFeeWad, 0, MAX_FEE_WAD));
        require(newFees.redeemFeeWad <= MAX_FEE_WAD, OutOfRange(newFees.redeemFeeWad, 0, MAX_FEE_WAD));
        _fees = newFees;
        emit SetFees(newFees);
    }

    function _setFeeRecipient(address newRecipient) internal {
        require(newRecipient != address(0) && newRecipient != address(this), NotAuthorized(newRecipient));
        feeRecipient = newRecipient;
        emit SetFeeRecipient(newRecipient);
    }

    function _setMinRatio(uint256 newMinRatioWad) internal {
        require(
            newMinRatioWad >= MIN_RATIO_LOW_WAD && newMinRatioWad <= _WAD,
            OutOfRange(newMinRatioWad, MIN_RATIO_LOW_WAD, _WAD)
        );
        _minRatioWad = uint64(newMinRatioWad);
        emit SetMinRatio(newMinRatioWad);
    }

    function _unitOf(address token) private view returns (uint256) {
        require(token.code.length > 0, NotAContract(token));
        uint256 decimals = IERC20Metadata(token).decimals();
        require(decimals <= 18, OutOfRange(decimals, 0, 18));
        return 10 ** decimals;
    }
}
