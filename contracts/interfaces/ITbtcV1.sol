// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title A tBTC v1 deposit: one Bitcoin output of a fixed lot, with the states of protocol/tbtc/states.ts
/// @dev What Cantilever calls of tBTC v1 (npm `@keep-network/tbtc` 1.1.0). `outputValue` arguments are satoshis as eight little-endian
/// bytes, output scripts carry their length in front, Bitcoin vectors their count, and transactions come without their witness.
interface ITbtcDeposit {
    function currentState() external view returns (uint256);

    function inActive() external view returns (bool);

    function keepAddress() external view returns (address);

    function lotSizeSatoshis() external view returns (uint64);

    function lotSizeTbtc() external view returns (uint256);

    function signerFeeTbtc() external view returns (uint256);

    /// @notice Seconds.
    function remainingTerm() external view returns (uint256);

    /// @notice Satoshis; may be more than the lot.
    function utxoValue() external view returns (uint256);

    function fundingInfo() external view returns (bytes8 utxoValueBytes, uint256 fundedAt, bytes memory utxoOutpoint);

    /// @notice Whole percent, rounded down.
    function collateralizationPercentage() external view returns (uint256);

    function initialCollateralizedPercent() external view returns (uint16);

    function undercollateralizedThresholdPercent() external view returns (uint16);

    function severelyUndercollateralizedThresholdPercent() external view returns (uint16);

    function getRedemptionTbtcRequirement(address redeemer) external view returns (uint256);

    /// @notice What the owner pays; right for whoever is about to become the owner through the vending machine as well.
    function getOwnerRedemptionTbtcRequirement(address redeemer) external view returns (uint256);

    /// @notice Wei of the bond that the auction gives now.
    function auctionValue() external view returns (uint256);

    /// @notice Wei that the caller may withdraw: depends on `from` of the call.
    function withdrawableAmount() external view returns (uint256);

    function notifyCourtesyCall() external;

    function exitCourtesyCall() external;

    function notifyCourtesyCallExpired() external;

    function notifyUndercollateralizedLiquidation() external;

    function requestRedemption(bytes8 outputValue, bytes calldata redeemerOutputScript) external;

    function transferAndRequestRedemption(
        bytes8 outputValue,
        bytes calldata redeemerOutputScript,
        address payable finalRecipient
    ) external;

    function provideRedemptionSignature(uint8 v, bytes32 r, bytes32 s) external;

    function increaseRedemptionFee(bytes8 previousOutputValue, bytes8 newOutputValue) external;

    function provideRedemptionProof(
        bytes4 txVersion,
        bytes calldata txInputVector,
        bytes calldata txOutputVector,
        bytes4 txLocktime,
        bytes calldata merkleProof,
        uint256 txIndexInBlock,
        bytes calldata bitcoinHeaders
    ) external;

    function notifyRedemptionSignatureTimedOut() external;

    function notifyRedemptionProofTimedOut() external;

    function purchaseSignerBondsAtAuction() external;

    function withdrawFunds() external;

    function retrieveSignerPubkey() external;

    function notifySignerSetupFailed() external;

    function notifyFundingTimedOut() external;

    function requestFunderAbort(bytes calldata abortOutputScript) external;

    function provideBTCFundingProof(
        bytes4 txVersion,
        bytes calldata txInputVector,
        bytes calldata txOutputVector,
        bytes4 txLocktime,
        uint8 fundingOutputIndex,
        bytes calldata merkleProof,
        uint256 txIndexInBlock,
        bytes calldata bitcoinHeaders
    ) external;

    function provideECDSAFraudProof(
        uint8 v,
        bytes32 r,
        bytes32 s,
        bytes32 signedDigest,
        bytes calldata preimage
    ) external;
}

/// @title Exchanges a deposit token for TBTC and back
interface ITbtcVendingMachine {
    function tbtcToBtc(address payable deposit, bytes8 outputValue, bytes calldata redeemerOutputScript) external;

    function tbtcToTdt(uint256 tdtId) external;

    function tdtToTbtc(uint256 tdtId) external;

    function unqualifiedDepositToTbtc(
        address payable deposit,
        bytes4 txVersion,
        bytes calldata txInputVector,
        bytes calldata txOutputVector,
        bytes4 txLocktime,
        uint8 fundingOutputIndex,
        bytes calldata merkleProof,
        uint256 txIndexInBlock,
        bytes calldata bitcoinHeaders
    ) external;

    function getMaxSupply() external view returns (uint256);

    function getMintedSupply() external view returns (uint256);

    function canMint(uint256 amount) external view returns (bool);

    function isQualified(address payable deposit) external view returns (bool);
}

/// @title Settings, prices and the log of every deposit
interface ITbtcSystem {
    event Created(address indexed deposit, address indexed keep, uint256 timestamp);
    event RegisteredPubkey(address indexed deposit, bytes32 pubkeyX, bytes32 pubkeyY, uint256 timestamp);
    event Funded(address indexed deposit, bytes32 indexed txid, uint256 timestamp);
    event SetupFailed(address indexed deposit, uint256 timestamp);
    event CourtesyCalled(address indexed deposit, uint256 timestamp);
    event ExitedCourtesyCall(address indexed deposit, uint256 timestamp);
    event RedemptionRequested(
        address indexed deposit,
        address indexed requester,
        bytes32 indexed digest,
        uint256 utxoValue,
        bytes redeemerOutputScript,
        uint256 requestedFee,
        bytes outpoint
    );
    event GotRedemptionSignature(
        address indexed deposit,
        bytes32 indexed digest,
        bytes32 r,
        bytes32 s,
        uint256 timestamp
    );
    event Redeemed(address indexed deposit, bytes32 indexed txid, uint256 timestamp);
    event StartedLiquidation(address indexed deposit, bool wasFraud, uint256 timestamp);
    event Liquidated(address indexed deposit, uint256 timestamp);
    event FunderAbortRequested(address indexed deposit, bytes abortOutputScript);
    event FraudDuringSetup(address indexed deposit, uint256 timestamp);
    event KeepFactoriesUpdated(address keepStakedFactory, address fullyBackedFactory, address factorySelector);
    event LotSizesUpdated(uint64[] lotSizes);

    /// @notice Wei per satoshi. Answers deposits only: set `from` of the call to one.
    function fetchBitcoinPrice() external view returns (uint256);

    /// @notice Wei.
    function getNewDepositFeeEstimate() external view returns (uint256);

    /// @notice Satoshis, ascending.
    function getAllowedLotSizes() external view returns (uint64[] memory);

    function beginLotSizesUpdate(uint64[] calldata lotSizes) external;

    function finalizeLotSizesUpdate() external;

    function refreshMinimumBondableValue() external;

    function fetchRelayCurrentDifficulty() external view returns (uint256);

    function fetchRelayPreviousDifficulty() external view returns (uint256);
}

/// @title Opens deposits
interface ITbtcDepositFactory {
    function createDeposit(uint64 lotSizeSatoshis) external payable returns (address);
}

/// @title TBTC: an ERC-20 with 18 decimals
interface ITbtcToken {
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Transfer(address indexed from, address indexed to, uint256 value);

    function approve(address spender, uint256 value) external returns (bool);

    function transfer(address recipient, uint256 amount) external returns (bool);

    function balanceOf(address account) external view returns (uint256);

    function allowance(address owner, address spender) external view returns (uint256);

    function totalSupply() external view returns (uint256);

    /// @dev Warning: with RedemptionScript as the spender the script becomes the redeemer, and what a failed redemption gives back stays
    /// in it.
    function approveAndCall(address spender, uint256 value, bytes calldata extraData) external returns (bool);
}

/// @title ERC-721 that owns deposits (TDT) or their signer fee (FRT): the id is the deposit's address
interface ITbtcOwnershipToken {
    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    function ownerOf(uint256 tokenId) external view returns (address);

    function exists(uint256 tokenId) external view returns (bool);

    function approve(address to, uint256 tokenId) external;

    function transferFrom(address from, address to, uint256 tokenId) external;
}

/// @title The signers of one deposit and their bonds
interface IBondedEcdsaKeep {
    event PublicKeyPublished(bytes publicKey);
    event SignatureRequested(bytes32 indexed digest);
    event SignatureSubmitted(bytes32 indexed digest, bytes32 r, bytes32 s, uint8 recoveryID);
    event KeepClosed();
    event KeepTerminated();

    function getMembers() external view returns (address[] memory);

    function getOwner() external view returns (address);

    /// @notice x and y without a prefix: 64 bytes, or none.
    function getPublicKey() external view returns (bytes memory);

    /// @notice Wei, of all members.
    function checkBondAmount() external view returns (uint256);

    function isActive() external view returns (bool);

    function isClosed() external view returns (bool);

    function isTerminated() external view returns (bool);

    function isAwaitingSignature(bytes32 digest) external view returns (bool);

    function submitPublicKey(bytes calldata publicKey) external;

    /// @param recoveryID 0 or 1; the deposit wants 27 more.
    function submitSignature(bytes32 r, bytes32 s, uint8 recoveryID) external;
}

/// @title Opens keeps; one event names a keep, its members and the deposit that owns it
interface IBondedEcdsaKeepFactory {
    event BondedECDSAKeepCreated(
        address indexed keepAddress,
        address[] members,
        address indexed owner,
        address indexed application,
        uint256 honestThreshold
    );

    function getSortitionPool(address application) external view returns (address);

    function registerMemberCandidate(address application) external;

    function getKeepCount() external view returns (uint256);

    function getKeepAtIndex(uint256 index) external view returns (address);

    /// @notice Wei.
    function openKeepFeeEstimate() external view returns (uint256);
}

/// @title The factory of keeps without staked KEEP
interface IFullyBackedEcdsaKeepFactory {
    event FullyBackedECDSAKeepCreated(
        address indexed keepAddress,
        address[] members,
        address indexed owner,
        address indexed application,
        uint256 honestThreshold
    );
}

/// @title Ether of operators, bonded to keeps or free
interface IKeepBonding {
    function deposit(address operator) external payable;

    function authorizeSortitionPoolContract(address operator, address poolAddress) external;

    /// @notice Wei.
    function unbondedValue(address operator) external view returns (uint256);
}
