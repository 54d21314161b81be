use anchor_lang::prelude::*;

use crate::{error::VaultError, event::Unlocked, state::*};

/// A program gives back what it locked. Nothing stops this: no pause, no freeze, no revocation, no upgrade.
#[derive(Accounts)]
pub struct Unlock<'info> {
    /// The program's own address, which only it can sign with: checked in `validate`.
    pub collateral_authority: Signer<'info>,
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl Unlock<'_> {
    fn validate(&self, amount: u64, lock: &ProgramLock) -> Result<()> {
        let program = self.authorized_program.load()?;
        program.require_caller(self.collateral_authority.key)?;
        lock.require_matches(self.balance.as_ref().key, &program)?;
        require!(amount > 0, VaultError::ZeroAmount);
        Ok(())
    }
}

pub fn handler(ctx: Context<Unlock>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut balance = accounts.balance.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    accounts.validate(amount, &lock)?;
    lock.unlock(&mut balance, amount)?;
    balance.invariant()?;
    emit!(Unlocked {
        balance: accounts.balance.key(),
        program_id: lock.program_id,
        amount,
        program_locked: lock.locked,
        ledger: balance.next_ledger(Clock::get()?.slot)?,
    });
    Ok(())
}
