use anchor_lang::prelude::*;

use super::create_program_lock::emit_program_lock;
use crate::{error::VaultError, state::*};

/// Closes an empty lock; its rent goes to the vault's owner.
#[derive(Accounts)]
pub struct CloseProgramLock<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    /// CHECK: the vault's owner, checked in `validate`
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    #[account(mut, close = owner)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl CloseProgramLock<'_> {
    fn validate(&self, vault: &Vault, balance: &Balance, lock: &ProgramLock) -> Result<()> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        require_keys_eq!(*self.owner.key, vault.owner, VaultError::NotOwner);
        balance.require_vault(self.vault.as_ref().key)?;
        lock.require_balance(self.balance.as_ref().key)?;
        require!(lock.locked == 0, VaultError::LockNotEmpty);
        Ok(())
    }
}

pub fn handler(ctx: Context<CloseProgramLock>) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut balance = accounts.balance.load_mut()?;
    let lock = accounts.program_lock.load()?;
    accounts.validate(&vault, &balance, &lock)?;
    balance.program_locks = crate::math::decrement(balance.program_locks)?;
    emit_program_lock(&lock, &mut vault, accounts.vault.key(), true, Clock::get()?.slot)
}
