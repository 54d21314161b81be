use anchor_lang::prelude::*;

use crate::{
    bucket::Bucket,
    error::VaultError,
    event::Ledger,
    math::{add, sub},
    state::Vault,
};

/// What may leave of one mint. All in the mint's base units; capacity + refill per day is the daily limit.
// not `zero_copy`: that and AnchorSerialize both describe the type to the IDL, which takes one description
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Limits {
    pub per_transaction: u64,
    pub capacity: u64,
    pub refill_per_day: u64,
}

impl Limits {
    /// What limits must be at least to hold nothing back.
    pub const OPEN: Limits = Limits {
        per_transaction: u64::MAX,
        capacity: u64::MAX / 2,
        refill_per_day: u64::MAX / 2,
    };

    pub fn validate(&self) -> Result<()> {
        require!(
            self.capacity.checked_add(self.refill_per_day).is_some(),
            VaultError::BadLimit
        );
        Ok(())
    }

    /// True when nothing may leave under `self` that may not leave under `other`.
    pub fn is_at_most(&self, other: &Limits) -> bool {
        self.per_transaction <= other.per_transaction
            && self.capacity <= other.capacity
            && self.refill_per_day <= other.refill_per_day
    }
}

/// One vault's ledger of one mint. `["balance", vault, mint]`. Amounts in the mint's base units.
#[account(zero_copy)]
pub struct Balance {
    pub vault: Pubkey,
    pub mint: Pubkey,
    /// The vault's own associated token account.
    pub vault_tokens: Pubkey,
    /// The owner's associated token account: where withdrawals go unless a whitelist says otherwise.
    pub owner_tokens: Pubkey,
    /// Everything the ledger owes the owner; at most what `vault_tokens` holds.
    pub total: u64,
    /// Part of `total` held by program locks; their sum.
    pub locked: u64,
    /// Counts money events of this balance; a gap means a missed event.
    pub seq_num: u64,
    /// Meaningful while `is_limited` is 1.
    pub limits: Limits,
    pub pending_limits: Limits,
    /// Unix time from which the pending limits count; 0: none.
    pub pending_limits_at: i64,
    pub bucket: Bucket,
    pub program_locks: u32,
    pub pending_withdrawals: u32,
    pub is_limited: u8,
    pub decimals: u8,
    pub bump: u8,
    pub padding: [u8; 5],
}

impl Balance {
    pub const SIZE: usize = 8 + core::mem::size_of::<Balance>();

    /// What is free to withdraw or to lock.
    pub fn available(&self) -> Result<u64> {
        sub(self.total, self.locked, VaultError::InvariantBroken)
    }

    pub fn require_vault(&self, vault: &Pubkey) -> Result<()> {
        require_keys_eq!(self.vault, *vault, VaultError::WrongVault);
        Ok(())
    }

    /// Ends every instruction that touches the ledger but no token.
    pub fn invariant(&self) -> Result<()> {
        require!(self.locked <= self.total, VaultError::InvariantBroken);
        Ok(())
    }

    /// Ends every instruction that moves tokens; `held` is what the vault's token account holds now.
    pub fn invariant_with_tokens(&self, held: u64) -> Result<()> {
        self.invariant()?;
        require!(self.total <= held, VaultError::InvariantBroken);
        Ok(())
    }

    /// Counts a money event and gives the state it carries.
    pub fn next_ledger(&mut self, slot: u64) -> Result<Ledger> {
        self.seq_num = add(self.seq_num, 1)?;
        Ok(Ledger {
            total: self.total,
            locked: self.locked,
            seq_num: self.seq_num,
            slot,
        })
    }

    /// Pays `amount` out of what is available.
    pub fn debit(&mut self, amount: u64) -> Result<()> {
        require!(amount <= self.available()?, VaultError::InsufficientAvailable);
        self.total = sub(self.total, amount, VaultError::InvariantBroken)?;
        Ok(())
    }

    pub fn credit(&mut self, amount: u64) -> Result<()> {
        self.total = add(self.total, amount)?;
        Ok(())
    }

    /// A balance that is opened again has no limits. With a security configuration the mint is closed then; without one it would be open,
    /// so its limits must have been raised to the highest before, which waits.
    pub fn require_may_forget_limits(&self, vault: &Vault, now: i64, time: i64) -> Result<()> {
        let mut settled = *self;
        settled.settle_limits(now, time)?;
        require!(
            vault.has_security_config != 0 || settled.is_limited == 0 || Limits::OPEN.is_at_most(&settled.limits),
            VaultError::RulesInForce
        );
        Ok(())
    }

    /// Refills the bucket, and makes limits count whose wait is over: the old ones fill it up to that moment, the new ones from it on,
    /// so that nobody need touch the balance in between. A mint that was closed until then begins with an empty bucket.
    pub fn settle_limits(&mut self, now: i64, loosening_time: i64) -> Result<()> {
        if self.pending_limits_at != 0 && loosening_time >= self.pending_limits_at {
            let since = self.pending_limits_at;
            if self.is_limited != 0 {
                self.bucket
                    .refill(since, self.limits.capacity, self.limits.refill_per_day)?;
            } else {
                self.bucket = Bucket {
                    level: 0,
                    remainder: 0,
                    updated_at: since,
                };
            }
            self.is_limited = 1;
            self.limits = self.pending_limits;
            self.bucket.cut(self.limits.capacity);
            self.clear_pending_limits();
        }
        if self.is_limited != 0 {
            self.bucket
                .refill(now, self.limits.capacity, self.limits.refill_per_day)?;
        }
        Ok(())
    }

    /// Lower limits, or the first ones of an open mint, count at once. The first begin with a full bucket: all of it could leave before.
    pub fn tighten_limits(&mut self, limits: Limits, now: i64) {
        if self.is_limited == 0 {
            self.bucket = Bucket {
                level: limits.capacity,
                remainder: 0,
                updated_at: now,
            };
        }
        self.is_limited = 1;
        self.limits = limits;
        self.bucket.cut(limits.capacity);
        self.clear_pending_limits();
    }

    pub fn clear_pending_limits(&mut self) {
        self.pending_limits = Limits {
            per_transaction: 0,
            capacity: 0,
            refill_per_day: 0,
        };
        self.pending_limits_at = 0;
    }

    /// Takes a withdrawal out of the limits. Without a limit, a mint is open, unless the vault has a security configuration.
    pub fn take_from_limits(
        &mut self,
        amount: u64,
        has_security_config: bool,
        now: i64,
        loosening_time: i64,
    ) -> Result<()> {
        self.settle_limits(now, loosening_time)?;
        if self.is_limited == 0 {
            require!(!has_security_config, VaultError::LimitUnset);
            return Ok(());
        }
        require!(amount <= self.limits.per_transaction, VaultError::TransactionLimit);
        self.bucket.take(amount)
    }
}
