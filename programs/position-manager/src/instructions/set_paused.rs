use anchor_lang::prelude::*;

use crate::{constants::LOOSENING_SECONDS, event::PauseSet, instructions::Administer, math::after};

/// Stops new and growing positions at once, or lets them again after the wait. Adding margin, closing and liquidating go on.
pub fn handler(ctx: Context<Administer>, is_paused: bool) -> Result<()> {
    let clock = Clock::get()?;
    let mut market = ctx.accounts.market.load_mut()?;
    market.require_admin(ctx.accounts.admin.key)?;
    if is_paused {
        market.paused_until = i64::MAX;
    } else if market.paused_until == i64::MAX {
        market.paused_until = after(clock.unix_timestamp, LOOSENING_SECONDS)?;
    }
    emit!(PauseSet {
        paused_until: market.paused_until,
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
