//! Every way in which this program says no. Append only: the position is what clients see, so nothing is reordered or removed.
use anchor_lang::prelude::*;

#[error_code]
pub enum PositionError {
    // 6000: amounts and arithmetic
    #[msg("amount must be above zero")]
    ZeroAmount,
    #[msg("arithmetic overflow")]
    Overflow,
    #[msg("a collateral mint has at most nine decimals")]
    TooManyDecimals,
    #[msg("the value of these contracts is too large")]
    NotionalTooLarge,
    #[msg("below the smallest position")]
    SizeTooSmall,
    // 6005: positions
    #[msg("the position holds fewer contracts")]
    SizeTooLarge,
    #[msg("above the open interest that this market allows")]
    OpenInterest,
    #[msg("margin without unrealised profit would be below the initial margin")]
    BelowInitialMargin,
    #[msg("what is left would be below the maintenance margin: close all of it")]
    BelowMaintenanceMargin,
    #[msg("the position is not below its maintenance margin and its lock is not revoked")]
    NotLiquidatable,
    // 6010
    #[msg("the price is worse than the limit")]
    PriceLimit,
    #[msg("the house cannot pay that much of the profit now")]
    HouseShort,
    #[msg("new positions are paused")]
    Paused,
    #[msg("the house cannot trade with itself")]
    HouseCannotTrade,
    #[msg("nobody is paid for his own liquidation")]
    SelfLiquidation,
    // 6015
    #[msg("the price authority neither trades nor liquidates")]
    PriceAuthorityCannotTrade,
    #[msg("a vault with a multi-sig cannot open positions: its owner alone would dispose of its collateral")]
    MultiSigVault,
    #[msg("the lock holds less than the position's margin: the owner took collateral back")]
    LockReleased,
    #[msg("the owner revoked the lock: the position can only be closed")]
    LockRevoked,
    #[msg("the lock holds collateral of no position of this market")]
    LockInUse,
    // 6020: price
    #[msg("no price, or one that is too old")]
    StalePrice,
    #[msg("a price of the future")]
    FuturePrice,
    #[msg("not newer than the last price")]
    PriceNotNewer,
    #[msg("a price is between 10^4 and 10^18")]
    PriceOutOfRange,
    #[msg("too far from the last price")]
    PriceStep,
    // 6025: accounts
    #[msg("signer is not the position's owner")]
    NotOwner,
    #[msg("signer is not the vault's owner")]
    NotVaultOwner,
    #[msg("not the collateral authority of this program")]
    WrongCollateralAuthority,
    #[msg("not this program's registration")]
    WrongAuthorizedProgram,
    #[msg("not the ProgramData account of this program")]
    WrongProgramData,
    // 6030
    #[msg("the account belongs to another market")]
    WrongMarket,
    #[msg("not the vault that belongs here")]
    WrongVault,
    #[msg("not the balance that belongs here")]
    WrongBalance,
    #[msg("not the program lock that belongs here")]
    WrongProgramLock,
    #[msg("not the token account that belongs here")]
    WrongTokenAccount,
    // 6035
    #[msg("not the mint that belongs here")]
    WrongMint,
    #[msg("not the token program of this mint")]
    WrongTokenProgram,
    #[msg("not an account of the collateral vault of that type")]
    WrongVaultAccount,
    #[msg("not the wallet of the position's owner")]
    WrongOwnerWallet,
    #[msg("signer is not the program's upgrade authority")]
    NotUpgradeAuthority,
    // 6040: administration
    #[msg("signer is not the admin")]
    NotAdmin,
    #[msg("signer is not the price authority")]
    NotPriceAuthority,
    #[msg("one key cannot be admin, house or price authority together")]
    RolesCollide,
    #[msg("an address must not be zero")]
    ZeroAddress,
    #[msg("nothing is pending")]
    NothingPending,
    // 6045
    #[msg("signer is not the proposed holder")]
    NotProposed,
    #[msg("the wait is not over")]
    StillWaiting,
    #[msg("parameters out of range, or a maintenance margin that one price step and the reward could exceed")]
    BadParams,
    #[msg("not a collateral mint of this market")]
    NotCollateral,
    #[msg("the mint is not open for new positions")]
    CollateralClosed,
    // 6050
    #[msg("the mint is listed already")]
    AlreadyCollateral,
    #[msg("the market lists no more mints")]
    TooManyCollaterals,
    #[msg("a mint with a transfer fee: its fee authority could make settlements undeliverable")]
    TransferFeeMint,
    #[msg("above what the house asked to take back")]
    AboveRequest,
    #[msg("the house did not take back in time what it asked for: it asks again")]
    RequestExpired,
}
