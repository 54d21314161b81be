use anchor_lang::prelude::*;

use super::create_program_lock::emit_program_lock;
use crate::{error::VaultError, state::*};

/// The owner revokes a program's lock: no further locking from now on. What it holds it may give back for ever and settle with for
/// seven days; then the owner may release it.
#[derive(Accounts)]
pub struct RevokeProgramLock<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    pub balance: AccountLoader<'info, Balance>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl RevokeProgramLock<'_> {
    fn validate(&self, vault: &Vault, lock: &ProgramLock) -> Result<()> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        self.balance.load()?.require_vault(self.vault.as_ref().key)?;
        lock.require_balance(self.balance.as_ref().key)?;
        require!(lock.revoked_at == 0, VaultError::LockRevoked);
        Ok(())
    }
}

pub fn handler(ctx: Context<RevokeProgramLock>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    accounts.validate(&vault, &lock)?;
    lock.revoke(clock.unix_timestamp);
    emit_program_lock(&lock, &mut vault, accounts.vault.key(), false, clock.slot)
}
