use anchor_lang::prelude::*;

use crate::{error::VaultError, event::Locked, state::*};

/// A registered program moves available collateral into its lock, up to the cap its owner signed.
#[derive(Accounts)]
pub struct Lock<'info> {
    /// The program's own address, which only it can sign with: checked in `validate`.
    pub collateral_authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
    /// CHECK: the program's ProgramData, checked in `AuthorizedProgram::require_active`
    pub program_data: UncheckedAccount<'info>,
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl Lock<'_> {
    fn validate(&self, amount: u64, balance: &Balance, lock: &mut ProgramLock, now: i64) -> Result<()> {
        let program = self.authorized_program.load()?;
        program.require_caller(self.collateral_authority.key)?;
        program.require_active(&self.program_data, now)?;
        let vault = self.vault.load()?;
        let authority = self.vault_authority.load()?;
        vault.require_running(&authority, now)?;
        balance.require_vault(self.vault.as_ref().key)?;
        lock.require_matches(self.balance.as_ref().key, &program)?;
        require!(lock.revoked_at == 0, VaultError::LockRevoked);
        lock.settle_cap(vault.loosening_time(&authority, now));
        require!(amount > 0, VaultError::ZeroAmount);
        Ok(())
    }
}

pub fn handler(ctx: Context<Lock>, amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut balance = accounts.balance.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    accounts.validate(amount, &balance, &mut lock, clock.unix_timestamp)?;
    lock.lock(&mut balance, amount)?;
    balance.invariant()?;
    emit!(Locked {
        balance: accounts.balance.key(),
        program_id: lock.program_id,
        amount,
        program_locked: lock.locked,
        ledger: balance.next_ledger(clock.slot)?,
    });
    Ok(())
}
