//! What happened, with the state after it. Money events carry the balance's `seq_num`, settings events the vault's, a proposal's events
//! its own, events of the program's configuration its own: a gap means a missed event, and any event alone restores what it tells of.
//! Amounts in base units.
use anchor_lang::prelude::*;

use crate::state::{Limits, ProposalState, Role, WhitelistEntry};

/// State of a balance after a money event.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy)]
pub struct Ledger {
    pub total: u64,
    pub locked: u64,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct Deposited {
    pub balance: Pubkey,
    /// What left the depositor; `received` is what arrived.
    pub amount: u64,
    pub received: u64,
    pub ledger: Ledger,
}

#[event]
pub struct Withdrawn {
    pub balance: Pubkey,
    /// What left the vault; `received` is what arrived.
    pub amount: u64,
    pub received: u64,
    pub destination_tokens: Pubkey,
    pub ledger: Ledger,
}

#[event]
pub struct WithdrawalRequested {
    pub vault: Pubkey,
    pub balance: Pubkey,
    pub pending_withdrawal: Pubkey,
    pub amount: u64,
    pub minimum_received: u64,
    pub destination: Pubkey,
    pub matures_at: i64,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct WithdrawalExecuted {
    pub vault: Pubkey,
    pub pending_withdrawal: Pubkey,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct WithdrawalCancelled {
    pub vault: Pubkey,
    pub pending_withdrawal: Pubkey,
    pub by: Pubkey,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct Locked {
    pub balance: Pubkey,
    pub program_id: Pubkey,
    pub amount: u64,
    /// What this program holds now.
    pub program_locked: u64,
    pub ledger: Ledger,
}

#[event]
pub struct Unlocked {
    pub balance: Pubkey,
    pub program_id: Pubkey,
    pub amount: u64,
    pub program_locked: u64,
    pub ledger: Ledger,
}

/// The owner released the lock of a revoked program.
#[event]
pub struct LockReleased {
    pub balance: Pubkey,
    pub program_id: Pubkey,
    pub amount: u64,
    pub ledger: Ledger,
}

#[event]
pub struct CollateralTransferred {
    pub source: Pubkey,
    pub destination: Pubkey,
    pub program_id: Pubkey,
    pub amount: u64,
    pub received: u64,
    pub program_locked: u64,
    pub source_ledger: Ledger,
    pub destination_ledger: Ledger,
}

#[event]
pub struct VaultInitialized {
    pub vault: Pubkey,
    pub owner: Pubkey,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct VaultClosed {
    pub vault: Pubkey,
    pub owner: Pubkey,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct BalanceOpened {
    pub vault: Pubkey,
    pub balance: Pubkey,
    pub mint: Pubkey,
    /// Whoever holds it can freeze the tokens, and no program can change that.
    pub has_freeze_authority: bool,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct BalanceClosed {
    pub vault: Pubkey,
    pub balance: Pubkey,
    /// Donations paid out to the owner.
    pub surplus: u64,
    pub seq_num: u64,
    pub slot: u64,
}

/// Cap and revocation of a program lock after a setting; `pending_cap_at` 0: nothing waits.
#[event]
pub struct ProgramLockSet {
    pub vault: Pubkey,
    pub balance: Pubkey,
    pub program_id: Pubkey,
    pub cap: u64,
    pub pending_cap: u64,
    pub pending_cap_at: i64,
    pub revoked_at: i64,
    pub is_closed: bool,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct LimitsSet {
    pub vault: Pubkey,
    pub balance: Pubkey,
    pub is_limited: bool,
    pub limits: Limits,
    pub pending_limits: Limits,
    pub pending_limits_at: i64,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct SecurityConfigSet {
    pub vault: Pubkey,
    pub withdrawal_delay: i64,
    pub pending_withdrawal_delay: i64,
    pub pending_withdrawal_delay_at: i64,
    pub vetoer: Pubkey,
    pub pending_vetoer: Pubkey,
    pub pending_vetoer_at: i64,
    pub is_whitelist_on: bool,
    pub whitelist_off_at: i64,
    pub closing_at: i64,
    pub whitelist: Vec<WhitelistEntry>,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct MultiSigSet {
    pub vault: Pubkey,
    pub owners: Vec<Pubkey>,
    pub threshold: u8,
    pub epoch: u64,
    pub pending_owners: Vec<Pubkey>,
    pub pending_threshold: u8,
    pub pending_at: i64,
    pub is_removed: bool,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct ProposalChanged {
    pub multi_sig: Pubkey,
    pub proposal: Pubkey,
    /// Counts up by `INDEX_PLACES` for each place among the owners: a gap means a missed proposal.
    pub index: u64,
    pub by: Pubkey,
    pub approvals: u16,
    pub state: ProposalState,
    pub seq_num: u64,
    pub slot: u64,
}

/// Its account is gone: the last event of this proposal.
#[event]
pub struct ProposalClosed {
    pub multi_sig: Pubkey,
    pub proposal: Pubkey,
    pub index: u64,
    pub state: ProposalState,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct VaultFrozen {
    pub vault: Pubkey,
    pub frozen_until: i64,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct AllFrozen {
    pub frozen_until: i64,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct PauseSet {
    pub paused_until: i64,
    pub pauses_in_row: u8,
    /// Unix time from which the admin may end it early; 0: not requested.
    pub unpause_at: i64,
    pub by: Pubkey,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct RoleSet {
    pub role: Role,
    pub holder: Pubkey,
    pub pending: Pubkey,
    pub pending_at: i64,
    pub seq_num: u64,
    pub slot: u64,
}

#[event]
pub struct ProgramSet {
    pub program_id: Pubkey,
    pub collateral_authority: Pubkey,
    /// SHA-256 of its code, without the zeros behind it.
    pub code_hash: [u8; 32],
    pub deploy_slot: u64,
    pub active_at: i64,
    pub revoked_at: i64,
    pub seq_num: u64,
    pub slot: u64,
}

/// The slot of a program's deployment moved, its code did not: somebody extended it.
#[event]
pub struct ProgramConfirmed {
    pub program_id: Pubkey,
    pub deploy_slot: u64,
    pub seq_num: u64,
    pub slot: u64,
}
