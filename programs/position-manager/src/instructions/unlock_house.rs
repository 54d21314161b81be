use anchor_lang::prelude::*;

use crate::instructions::House;

/// After the wait, for a day, the house takes back at most what it asked for and the lock still holds of it.
pub fn handler(ctx: Context<House>, amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let (mint, locked) = accounts.validate(&market)?;
    let collateral = market.collateral_mut(&mint)?;
    collateral.take_house_unlock(amount, locked, clock.unix_timestamp)?;
    accounts.calls(&market).unlock(&accounts.house, amount)?;
    emit!(accounts.changed(&mut market, &mint, clock.slot)?);
    Ok(())
}
