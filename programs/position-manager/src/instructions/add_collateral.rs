use anchor_lang::prelude::*;
use collateral_vault::state::{Balance, ProgramLock};

use crate::{
    constants::LOOSENING_SECONDS, error::PositionError, event::CollateralSet, math::*, mint::require_no_transfer_fee,
    state::*,
};

/// Lists a mint, of which the house must have a balance and have given this program a lock. New positions may use it after the wait.
#[derive(Accounts)]
pub struct AddCollateral<'info> {
    /// Checked in `validate`.
    pub admin: Signer<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    pub house_balance: AccountLoader<'info, Balance>,
    pub house_lock: AccountLoader<'info, ProgramLock>,
    /// CHECK: the house balance's mint, checked in `validate`
    pub mint: UncheckedAccount<'info>,
}

impl AddCollateral<'_> {
    fn validate(&self, market: &Market) -> Result<u8> {
        market.require_admin(self.admin.key)?;
        let balance = self.house_balance.load()?;
        require_keys_eq!(balance.vault, market.house_vault, PositionError::WrongBalance);
        let lock = self.house_lock.load()?;
        require_keys_eq!(lock.balance, self.house_balance.key(), PositionError::WrongProgramLock);
        require_keys_eq!(lock.program_id, crate::ID, PositionError::WrongProgramLock);
        require_keys_eq!(*self.mint.key, balance.mint, PositionError::WrongMint);
        require_no_transfer_fee(&self.mint)?;
        Ok(balance.decimals)
    }
}

pub fn handler(ctx: Context<AddCollateral>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let decimals = accounts.validate(&market)?;
    let active_at = after(clock.unix_timestamp, LOOSENING_SECONDS)?;
    market.add_collateral(Collateral {
        mint: accounts.mint.key(),
        token_program: *accounts.mint.owner,
        house_balance: accounts.house_balance.key(),
        house_lock: accounts.house_lock.key(),
        profit_unpaid: 0,
        bad_debt: 0,
        active_at,
        house_unlock: 0,
        house_unlock_at: 0,
        house_locked_since: 0,
        nano_per_unit: nano_per_unit(decimals)?,
        decimals,
        padding: [0; 7],
    })?;
    emit!(CollateralSet {
        mint: accounts.mint.key(),
        active_at,
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
