use anchor_lang::prelude::*;

/// A delayed withdrawal. `["pending_withdrawal", vault, timestamp_i64_le]`. It reserves nothing; its execution checks everything again.
#[account(zero_copy)]
pub struct PendingWithdrawal {
    pub vault: Pubkey,
    pub balance: Pubkey,
    /// Wallet that receives, and its associated token account, both fixed by the request.
    pub destination: Pubkey,
    pub destination_tokens: Pubkey,
    /// Who paid the rent and gets it back.
    pub payer: Pubkey,
    /// Base units of the balance's mint.
    pub amount: u64,
    /// What must arrive at least when anybody else than the vault's authority executes it.
    pub minimum_received: u64,
    /// The seed; says nothing about when.
    pub timestamp: i64,
    /// Unix time of the cluster when the request ran, and from which it may be executed.
    pub requested_at: i64,
    pub matures_at: i64,
    /// The vault's `config_version` of the request.
    pub config_version: u64,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl PendingWithdrawal {
    pub const SIZE: usize = 8 + core::mem::size_of::<PendingWithdrawal>();
}
