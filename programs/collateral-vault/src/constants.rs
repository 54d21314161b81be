//! Seeds, limits and delays: the one home of each number. Times in seconds.

pub const SEED_VAULT: &[u8] = b"vault";
pub const SEED_VAULT_AUTHORITY: &[u8] = b"vault_authority";
pub const SEED_MULTI_SIG_VAULT: &[u8] = b"multi_sig_vault";
pub const SEED_SECURITY_CONFIG: &[u8] = b"security_config";
pub const SEED_PENDING_WITHDRAWAL: &[u8] = b"pending_withdrawal";
pub const SEED_BALANCE: &[u8] = b"balance";
pub const SEED_AUTHORIZED_PROGRAM: &[u8] = b"authorized_program";
pub const SEED_PROGRAM_LOCK: &[u8] = b"program_lock";
pub const SEED_PROPOSAL: &[u8] = b"proposal";

/// Seed of the address by which a consumer program proves itself; derived under the *consumer's* id.
pub const SEED_COLLATERAL_AUTHORITY: &[u8] = b"collateral_authority";

pub const DAY_SECONDS: i64 = 86_400;

/// Shortest wait of everything that loosens: limits up, delay down, whitelist additions, owner changes, roles, programs.
pub const LOOSENING_SECONDS: i64 = DAY_SECONDS;
/// Longest withdrawal delay a user can set, so that a slip of the finger does not lock money for years.
pub const MAX_WITHDRAWAL_DELAY_SECONDS: i64 = 30 * DAY_SECONDS;
/// A delayed withdrawal's seed timestamp may differ from the cluster's clock by this much, either way; a multi-sig's may be older,
/// by `MAX_PROPOSAL_SECONDS`.
pub const WITHDRAWAL_TIMESTAMP_SLACK_SECONDS: i64 = 60;
/// Delayed withdrawals of one vault that may wait at the same time.
pub const MAX_PENDING_WITHDRAWALS: u32 = 64;
/// Wallets on a whitelist.
pub const MAX_WHITELIST: usize = 16;

/// Length of one pause.
pub const PAUSE_SECONDS: i64 = 30 * 60;
/// Pauses without a gap of at least `PAUSE_SECONDS` between them.
pub const MAX_PAUSES_IN_A_ROW: u8 = 2;
/// Pauses that may begin within any `DAY_SECONDS`.
pub const MAX_PAUSES_PER_DAY: usize = 3;
/// Wait of the admin's early end of a pause.
pub const UNPAUSE_SECONDS: i64 = 10 * 60;

/// Longest freeze, and the time between the beginnings of two freezes.
pub const MAX_FREEZE_SECONDS: i64 = DAY_SECONDS;
pub const FREEZE_INTERVAL_SECONDS: i64 = 7 * DAY_SECONDS;

/// After a revocation, the time in which the program may still give back (and, when its owner revoked the lock, settle) what it
/// holds; afterwards the owner may release the lock himself.
pub const RELEASE_SECONDS: i64 = 7 * DAY_SECONDS;

/// Owners of a multi-sig; a proposal's approvals are bits of a u16.
pub const MAX_OWNERS: usize = 10;
/// A proposal's index modulo this is its proposer's place among the owners.
pub const INDEX_PLACES: u64 = 16;
pub const MIN_PROPOSAL_SECONDS: i64 = 60;
pub const MAX_PROPOSAL_SECONDS: i64 = 14 * DAY_SECONDS;
/// Size of the instruction a proposal may carry.
pub const MAX_PROPOSAL_DATA: usize = 640;
pub const MAX_PROPOSAL_ACCOUNTS: usize = 16;
