//! Every way in which this program says no. Append only: the position is what clients see, so nothing is reordered or removed.
use anchor_lang::prelude::*;

#[error_code]
pub enum VaultError {
    // 6000: amounts and arithmetic
    #[msg("amount must be above zero")]
    ZeroAmount,
    #[msg("arithmetic overflow")]
    Overflow,
    #[msg("decimals differ from the mint's")]
    WrongDecimals,
    #[msg("not enough available: locked collateral cannot be used")]
    InsufficientAvailable,
    #[msg("the program's lock holds less than that")]
    InsufficientLocked,
    // 6005: the ledger and the tokens
    #[msg("ledger would break: locks = locked <= total <= tokens held")]
    InvariantBroken,
    #[msg("token balance after the transfer is not what it must be")]
    TokenBalanceMismatch,
    #[msg("nothing arrived: the mint's fee took all of it")]
    NothingReceived,
    #[msg("the balance is not empty")]
    BalanceNotEmpty,
    #[msg("program locks of this balance are still open")]
    ProgramLocksOpen,
    // 6010
    #[msg("withdrawals of this balance are still pending")]
    WithdrawalsPending,
    #[msg("balances of this vault are still open")]
    BalancesOpen,
    #[msg("the vault's multi-sig must be removed first")]
    MultiSigOpen,
    #[msg("the account belongs to another vault")]
    WrongVault,
    #[msg("the account belongs to another balance")]
    WrongBalance,
    // 6015
    #[msg("source and destination are the same")]
    SameAccount,
    #[msg("not the mint of this balance")]
    WrongMint,
    #[msg("not the token program of this mint")]
    WrongTokenProgram,
    #[msg("not the token account that belongs here")]
    WrongTokenAccount,
    #[msg("the token account has another owner")]
    WrongTokenOwner,
    // 6020
    #[msg("the token account is not initialised or was closed")]
    TokenAccountNotInitialized,
    #[msg("the token account is frozen")]
    TokenAccountFrozen,
    #[msg("not a mint")]
    InvalidMint,
    #[msg("mint extension not supported: MintCloseAuthority")]
    UnsupportedMintCloseAuthority,
    #[msg("mint extension not supported: DefaultAccountState")]
    UnsupportedDefaultAccountState,
    // 6025
    #[msg("mint extension not supported: NonTransferable")]
    UnsupportedNonTransferable,
    #[msg("mint extension not supported: InterestBearingConfig")]
    UnsupportedInterestBearing,
    #[msg("mint extension not supported: PermanentDelegate")]
    UnsupportedPermanentDelegate,
    #[msg("mint extension not supported: TransferHook")]
    UnsupportedTransferHook,
    #[msg("mint extension not supported: ConfidentialTransferMint")]
    UnsupportedConfidentialTransfer,
    // 6030
    #[msg("mint extension not supported: ConfidentialTransferFeeConfig")]
    UnsupportedConfidentialTransferFee,
    #[msg("mint extension not supported: ConfidentialMintBurn")]
    UnsupportedConfidentialMintBurn,
    #[msg("mint extension not supported: ScaledUiAmount")]
    UnsupportedScaledUiAmount,
    #[msg("mint extension not supported: Pausable")]
    UnsupportedPausable,
    #[msg("mint extension not supported: PermissionedBurn")]
    UnsupportedPermissionedBurn,
    // 6035
    #[msg("mint extension not supported: one this program does not know")]
    UnsupportedUnknownExtension,
    #[msg("signer is not the vault's owner")]
    NotOwner,
    #[msg("this vault has a multi-sig: only an executed proposal may do that")]
    MultiSigRequired,
    #[msg("this vault has a security configuration: pass its account")]
    SecurityConfigRequired,
    #[msg("this vault has no security configuration")]
    NoSecurityConfig,
    // 6040: withdrawals
    #[msg("this vault delays withdrawals: request one")]
    DelayRequired,
    #[msg("the withdrawal has not matured")]
    NotMatured,
    #[msg("the settings changed since the request: cancel it and request again")]
    StaleConfig,
    #[msg("timestamp must be above the vault's last and within 60 seconds of the clock, a multi-sig's up to 14 days before it")]
    BadTimestamp,
    #[msg("too many pending withdrawals")]
    TooManyPending,
    // 6045: limits
    #[msg("the destination is not an active entry of the whitelist, nor the owner where there is none")]
    DestinationNotAllowed,
    #[msg("no limit is set for this mint, so it is closed")]
    LimitUnset,
    #[msg("above the limit per transaction")]
    TransactionLimit,
    #[msg("above what the daily limit leaves now")]
    DailyLimit,
    #[msg("capacity plus refill per day is above what fits an amount")]
    BadLimit,
    // 6050: pause and freeze
    #[msg("the program is paused")]
    Paused,
    #[msg("the program is frozen")]
    Frozen,
    #[msg("the vault is frozen")]
    VaultFrozen,
    #[msg("no more pauses in a row or within 24 hours")]
    PauseExhausted,
    #[msg("not paused")]
    NotPaused,
    // 6055
    #[msg("the pause has not expired and no matured request of the admin ends it")]
    PauseNotOver,
    #[msg("a freeze lasts at most 24 hours")]
    BadFreezeDuration,
    #[msg("one freeze in seven days")]
    FreezeTooSoon,
    #[msg("signer is not the admin")]
    NotAdmin,
    #[msg("signer is not the guardian")]
    NotGuardian,
    // 6060: roles
    #[msg("signer is not the program's upgrade authority")]
    NotUpgradeAuthority,
    #[msg("not the ProgramData account of that program")]
    WrongProgramData,
    #[msg("nothing is pending")]
    NothingPending,
    #[msg("signer is not the proposed authority")]
    NotProposedAuthority,
    #[msg("the wait is not over")]
    StillWaiting,
    // 6065
    #[msg("an address must not be zero")]
    ZeroAddress,
    #[msg("not a multi-sig with at least two approvals")]
    NotAMultiSig,
    #[msg("not an executable program of a supported loader")]
    NotAProgram,
    #[msg("a program cannot register this program itself")]
    OwnProgram,
    #[msg("the program is not registered, or its registration still waits")]
    ProgramNotActive,
    // 6070: programs and locks
    #[msg("the program was revoked")]
    ProgramRevoked,
    #[msg("the program was upgraded since its registration")]
    ProgramUpgraded,
    #[msg("signer is not the program's collateral authority")]
    WrongCollateralAuthority,
    #[msg("the lock belongs to another program")]
    WrongProgram,
    #[msg("above the cap the owner gave this program")]
    CapExceeded,
    // 6075
    #[msg("the owner revoked this lock")]
    LockRevoked,
    #[msg("seven days after the revocation are not over")]
    ReleaseTooEarly,
    #[msg("the lock is not revoked")]
    LockNotRevoked,
    #[msg("the lock still holds collateral")]
    LockNotEmpty,
    #[msg("durable nonces are refused here")]
    DurableNonce,
    // 6080: security configuration
    #[msg("delay out of range")]
    BadDelay,
    #[msg("the whitelist is full")]
    WhitelistFull,
    #[msg("the wallet is on the whitelist already")]
    AlreadyWhitelisted,
    #[msg("the wallet is not on the whitelist")]
    NotWhitelisted,
    #[msg("signer may not veto")]
    MayNotVeto,
    // 6085: multi-sig
    #[msg("between 1 and 10 distinct owners, none zero, and a threshold between 1 and their number")]
    BadOwners,
    #[msg("signer is not an owner of the multi-sig")]
    NotMultiSigOwner,
    #[msg("the proposal is stale: the owners changed")]
    StaleProposal,
    #[msg("the proposal has expired")]
    ProposalExpired,
    #[msg("the proposal is executed or cancelled")]
    ProposalClosed,
    // 6090
    #[msg("this owner has approved already")]
    AlreadyApproved,
    #[msg("not enough approvals")]
    NotEnoughApprovals,
    #[msg("the proposal is still open")]
    ProposalOpen,
    #[msg("not an instruction a proposal may carry")]
    InstructionNotAllowed,
    #[msg("the accounts are not those of the proposal")]
    ProposalAccountsMismatch,
    // 6095
    #[msg("the proposal's instruction is too large")]
    ProposalTooLarge,
    #[msg("a proposal lives between one minute and fourteen days")]
    BadExpiry,
    #[msg("not the proposer's own account")]
    NotProposer,
    #[msg("another multi-sig's account")]
    WrongMultiSig,
    #[msg("not the proposer's next index")]
    WrongIndex,
    // 6100
    #[msg("not who paid for the request")]
    WrongPayer,
    #[msg("whoever executes a proposal stands in for its payer only")]
    ExecutorOnlyPays,
    #[msg("the proposal has another content than the one approved")]
    ProposalContentMismatch,
    #[msg("this owner has not approved")]
    NotApproved,
    #[msg("the program has the code that was registered, and is not revoked")]
    ProgramUnchanged,
    #[msg("less would arrive than the least that was signed for: the mint's fee rose")]
    LessReceived,
    #[msg("the least to arrive is above the amount that leaves")]
    BadMinimum,
    #[msg("the rules must be removed first, which waits")]
    RulesInForce,
    #[msg("admin and guardian must be two")]
    SameHolder,
    #[msg("the program has other code than the one that was named")]
    WrongCode,
}
