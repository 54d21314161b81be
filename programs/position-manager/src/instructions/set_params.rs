use anchor_lang::prelude::*;

use crate::{constants::LOOSENING_SECONDS, event::ParamsSet, math::after, state::*};

/// What the admin's settings need.
#[derive(Accounts)]
pub struct Administer<'info> {
    /// Checked in the handlers.
    pub admin: Signer<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
}

/// Parameters that only tighten count at once and replace what waits; any others count after the wait. Setting the current ones
/// cancels what waits.
pub fn handler(ctx: Context<Administer>, params: Params) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let mut market = ctx.accounts.market.load_mut()?;
    market.require_admin(ctx.accounts.admin.key)?;
    params.validate()?;
    let current = market.params(now);
    if params.only_tightens(&current) {
        market.replace_params(params);
    } else {
        market.params = current;
        market.pending_params = params;
        market.pending_params_at = after(now, LOOSENING_SECONDS)?;
    }
    emit!(ParamsSet {
        params: market.params,
        pending_params: market.pending_params,
        pending_at: market.pending_params_at,
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
