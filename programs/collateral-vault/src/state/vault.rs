use anchor_lang::prelude::*;

use crate::{
    constants::*,
    error::VaultError,
    math::{add, after},
    state::VaultAuthority,
};

/// One user's vault. `["vault", owner]`. It signs for its own token accounts and for nothing else.
#[account(zero_copy)]
pub struct Vault {
    pub owner: Pubkey,
    /// Counts settings events of this vault; a gap means a missed event.
    pub seq_num: u64,
    /// Changes whenever a rule of withdrawals changes; a pending withdrawal of another version is stale.
    pub config_version: u64,
    /// Seed of the last delayed withdrawal; the next must be above it.
    pub last_withdrawal_timestamp: i64,
    pub frozen_at: i64,
    pub frozen_until: i64,
    /// Open balances.
    pub balances: u32,
    pub pending_withdrawals: u32,
    /// 1 while the security configuration exists: withdrawing without its account fails.
    pub has_security_config: u8,
    /// 1 while the multi-sig exists: only its address, signing through an executed proposal, is the authority.
    pub has_multi_sig: u8,
    /// 1 while a first multi-sig waits: its account exists, the owner still decides.
    pub is_multi_sig_waiting: u8,
    pub bump: u8,
    pub multi_sig_bump: u8,
    pub padding: [u8; 3],
}

impl Vault {
    pub const SIZE: usize = 8 + core::mem::size_of::<Vault>();

    /// The only signer that withdraws and configures: the owner, or the multi-sig's address while there is one.
    pub fn require_authority(&self, vault: &Pubkey, signer: &Pubkey) -> Result<()> {
        if self.has_multi_sig == 0 {
            require_keys_eq!(*signer, self.owner, VaultError::NotOwner);
            return Ok(());
        }
        let seeds = &[SEED_MULTI_SIG_VAULT, vault.as_ref(), &[self.multi_sig_bump]];
        let multi_sig =
            Pubkey::create_program_address(seeds, &crate::ID).map_err(|_| error!(VaultError::MultiSigRequired))?;
        require_keys_eq!(*signer, multi_sig, VaultError::MultiSigRequired);
        Ok(())
    }

    pub fn is_frozen(&self, now: i64) -> bool {
        now < self.frozen_until
    }

    pub fn require_not_frozen(&self, now: i64) -> Result<()> {
        require!(!self.is_frozen(now), VaultError::VaultFrozen);
        Ok(())
    }

    /// What deposits, locks and loosening need.
    pub fn require_running(&self, authority: &VaultAuthority, now: i64) -> Result<()> {
        authority.require_running(now)?;
        self.require_not_frozen(now)
    }

    /// What withdrawals need.
    pub fn require_can_leave(&self, authority: &VaultAuthority, now: i64) -> Result<()> {
        authority.require_not_frozen(now)?;
        self.require_not_frozen(now)
    }

    /// The time by which waits are judged: it stands still while the program is paused or frozen, or this vault is frozen.
    pub fn loosening_time(&self, authority: &VaultAuthority, now: i64) -> i64 {
        let time = authority.loosening_time(now);
        if self.is_frozen(now) {
            time.min(self.frozen_at)
        } else {
            time
        }
    }

    pub fn freeze(&mut self, now: i64, seconds: i64) -> Result<()> {
        require!(
            self.frozen_at == 0 || now >= after(self.frozen_at, FREEZE_INTERVAL_SECONDS)?,
            VaultError::FreezeTooSoon
        );
        require!(
            seconds > 0 && seconds <= MAX_FREEZE_SECONDS,
            VaultError::BadFreezeDuration
        );
        self.frozen_at = now;
        self.frozen_until = after(now, seconds)?;
        Ok(())
    }

    pub fn bump_seq_num(&mut self) -> Result<u64> {
        self.seq_num = add(self.seq_num, 1)?;
        Ok(self.seq_num)
    }

    /// A rule of withdrawals changed: pending withdrawals of before are stale.
    pub fn bump_config_version(&mut self) -> Result<()> {
        self.config_version = add(self.config_version, 1)?;
        Ok(())
    }
}
