use anchor_lang::prelude::*;

use crate::instructions::House;

/// The house says what it wants to take back; traders have the wait to close before. Another request replaces the last and
/// waits anew, 0 cancels it.
pub fn handler(ctx: Context<House>, amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let (mint, locked) = accounts.validate(&market)?;
    let collateral = market.collateral_mut(&mint)?;
    collateral.request_house_unlock(amount, locked, clock.unix_timestamp)?;
    emit!(accounts.changed(&mut market, &mint, clock.slot)?);
    Ok(())
}
