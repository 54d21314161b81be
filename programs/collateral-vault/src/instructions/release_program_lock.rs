use anchor_lang::prelude::*;

use crate::{error::VaultError, event::LockReleased, state::*};

/// The owner takes back what a revoked program holds, seven days after the revocation. The lock stays revoked.
#[derive(Accounts)]
pub struct ReleaseProgramLock<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl ReleaseProgramLock<'_> {
    fn validate(&self, balance: &Balance, lock: &ProgramLock, now: i64) -> Result<()> {
        let vault_key = self.vault.as_ref().key;
        self.vault.load()?.require_authority(vault_key, self.authority.key)?;
        balance.require_vault(vault_key)?;
        let program = self.authorized_program.load()?;
        lock.require_matches(self.balance.as_ref().key, &program)?;
        lock.require_may_release(&program, now)?;
        require!(lock.locked > 0, VaultError::ZeroAmount);
        Ok(())
    }
}

pub fn handler(ctx: Context<ReleaseProgramLock>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut balance = accounts.balance.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    accounts.validate(&balance, &lock, clock.unix_timestamp)?;
    let amount = lock.locked;
    lock.unlock(&mut balance, amount)?;
    if lock.revoked_at == 0 {
        lock.revoke(clock.unix_timestamp);
    }
    balance.invariant()?;
    emit!(LockReleased {
        balance: accounts.balance.key(),
        program_id: lock.program_id,
        amount,
        ledger: balance.next_ledger(clock.slot)?,
    });
    Ok(())
}
