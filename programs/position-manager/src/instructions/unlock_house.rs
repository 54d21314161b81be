use anchor_lang::prelude::*;

use crate::instructions::House;

/// After the wait, the house takes back at most what it asked for and the lock still holds.
pub fn handler(ctx: Context<House>, amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let mint = accounts.validate(&market)?;
    let collateral = market.collateral_mut(&mint)?;
    collateral.take_house_unlock(amount, clock.unix_timestamp)?;
    accounts.calls(&market).unlock(&accounts.house, amount)?;
    emit!(accounts.changed(&mut market, &mint, clock.slot)?);
    Ok(())
}
