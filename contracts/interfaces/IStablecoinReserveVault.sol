// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IGuardianPause} from "./IGuardianPause.sol";
import {IReserveSource} from "./IReserveSource.sol";

/// @title The one reserve asset of an M1 token: mint and redeem at par
/// @notice Mint: pays in the asset, gets the token at par less the fee. Redeem: burns the caller's tokens, gets the asset at par less the
/// fee. Par is one whole asset for one whole token, whatever the oracle says; minting stops when the asset is worth less.
/// @dev Units: `asset` amounts in its base units, `m1` amounts in its base units, rates 1e18 = 1. Rounding: fees up, outputs down, so that
/// no round trip gains.
interface IStablecoinReserveVault is IGuardianPause, IReserveSource {
    /// @notice Why a mint is refused. The order is ABI: append only.
    enum MintReason {
        OPEN,
        PAUSED,
        ORACLE_DOUBT,
        BELOW_BAND,
        ATTESTATION_STALE,
        ATTESTATION_SHORT,
        TOKEN_PAUSED,
        MINT_LIMIT
    }

    struct Fees {
        uint64 mintFeeWad;
        uint64 redeemFeeWad;
    }

    struct Attestation {
        /// @dev AggregatorV3 interface, answer = attested reserves in whole tokens times 10^feed decimals. Zero = none is asked for.
        address feed;
        uint32 maxAgeSeconds;
    }

    event Minted(
        address indexed caller,
        address indexed to,
        uint256 assetIn,
        uint256 m1Out,
        uint256 feeAsset,
        uint256 assetsAfter,
        uint256 supplyAfter
    );
    event Redeemed(
        address indexed caller,
        address indexed to,
        uint256 m1In,
        uint256 assetOut,
        uint256 feeAsset,
        uint256 assetsAfter,
        uint256 supplyAfter
    );
    event FeesCollected(address indexed recipient, uint256 feeAsset);
    event SetFees(Fees fees);
    event SetMinRatio(uint256 minRatioWad);
    event SetAttestation(Attestation attestation);
    event SetFeeRecipient(address indexed recipient);

    /// @notice Thrown by `mint` with the reason that `mintStatus` gives.
    error MintClosed(MintReason reason);
    /// @notice Thrown when a redemption asks for more than the assets held. Asset base units.
    error InsufficientAssets(uint256 needed, uint256 held);
    /// @notice Thrown when an amount is so small that it would buy or pay nothing.
    error DustAmount(uint256 amountIn);

    function m1() external view returns (address);

    function asset() external view returns (address);

    /// @notice The oracle's token whose price is par, or zero for 1 USD.
    function parToken() external view returns (address);

    function reserveSystem() external view returns (address);

    /// @notice Pulls exactly `assetIn` from the caller and mints to `to` at least `minM1Out`.
    /// @dev `assetIn` is below 2^128. A token that moves another amount than it was told to is refused.
    function mint(uint256 assetIn, uint256 minM1Out, address to) external returns (uint256 m1Out);

    /// @notice Burns `m1In` of the caller, who has approved this vault, and pays `to`, where at least `minAssetOut` arrives.
    /// @dev Never paused; reads no oracle, no attestation and no P; limited by the assets held alone.
    /// @return assetOut what arrived at `to`: what was sent, less what the asset keeps for itself.
    function redeem(uint256 m1In, uint256 minAssetOut, address to) external returns (uint256 assetOut);

    /// @notice What `mint` would do with `assetIn` now, and why not. Never reverts.
    function mintStatus(uint256 assetIn) external view returns (MintReason reason, uint256 m1Out, uint256 feeAsset);

    /// @notice What `redeem` would pay, before the question whether the assets are there.
    function quoteRedeem(uint256 m1In) external view returns (uint256 assetOut, uint256 feeAsset);

    /// @notice Assets held for holders: the balance less the fees not yet collected. Donations count.
    function assetsHeld() external view returns (uint256);

    /// @notice Fees that belong to the fee recipient and have not been collected.
    function feesAccrued() external view returns (uint256);

    function fees() external view returns (Fees memory);

    /// @notice Price of the asset over par below which minting stops, 1e18 = 1.
    function minRatioWad() external view returns (uint256);

    function attestation() external view returns (Attestation memory);

    function feeRecipient() external view returns (address);

    /// @notice Anyone: pays the accrued fees to the recipient.
    function collectFees() external returns (uint256 feeAsset);

    /// @notice Anyone: tells the reserve system what is held, after somebody sent assets without minting.
    function sync() external;

    /// @notice Owner only; each at most MAX_FEE_WAD.
    function setFees(Fees calldata newFees) external;

    /// @notice Owner only; between MIN_RATIO_LOW_WAD and 1e18.
    function setMinRatio(uint256 newMinRatioWad) external;

    /// @notice Owner only.
    function setAttestation(Attestation calldata newAttestation) external;

    /// @notice Owner only.
    function setFeeRecipient(address newRecipient) external;
}
