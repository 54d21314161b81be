use anchor_lang::prelude::*;

use super::create_program_lock::emit_program_lock;
use crate::{error::VaultError, state::*};

/// The owner changes a program's cap: lower at once, higher like every loosening. A cap below what is locked stops further locking.
#[derive(Accounts)]
pub struct SetProgramLockCap<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    pub balance: AccountLoader<'info, Balance>,
    /// The vault's own, required while the vault's flag is set: checked in the handler.
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl SetProgramLockCap<'_> {
    fn validate(&self, vault: &Vault, lock: &ProgramLock) -> Result<()> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        self.balance.load()?.require_vault(self.vault.as_ref().key)?;
        lock.require_balance(self.balance.as_ref().key)?;
        require!(lock.revoked_at == 0, VaultError::LockRevoked);
        Ok(())
    }
}

pub fn handler(ctx: Context<SetProgramLockCap>, cap: u64) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    accounts.validate(&vault, &lock)?;
    let authority = accounts.vault_authority.load()?;
    let time = vault.loosening_time(&authority, now);
    let config = canonical_config(&accounts.security_config, &vault, accounts.vault.as_ref().key)?;

    lock.settle_cap(time);
    if cap <= lock.cap {
        lock.cap = cap;
        lock.clear_pending_cap();
    } else {
        vault.require_running(&authority, now)?;
        lock.raise_cap(cap, config.as_deref(), now, time)?;
    }
    emit_program_lock(&lock, &mut vault, accounts.vault.key(), false, clock.slot)
}
