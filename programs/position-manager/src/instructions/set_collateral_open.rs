use anchor_lang::prelude::*;

use crate::{constants::LOOSENING_SECONDS, event::CollateralSet, math::after, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct SetCollateralOpenArgs {
    pub mint: Pubkey,
    /// True: after the wait; false: closed for new positions at once. Positions that are open are not touched.
    pub is_open: bool,
}

/// Closes a listed mint for new positions, or opens it again.
#[derive(Accounts)]
pub struct SetCollateralOpen<'info> {
    /// Checked in the handler.
    pub admin: Signer<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
}

pub fn handler(ctx: Context<SetCollateralOpen>, args: SetCollateralOpenArgs) -> Result<()> {
    let clock = Clock::get()?;
    let mut market = ctx.accounts.market.load_mut()?;
    market.require_admin(ctx.accounts.admin.key)?;
    let active_at = if args.is_open {
        after(clock.unix_timestamp, LOOSENING_SECONDS)?
    } else {
        i64::MAX
    };
    let collateral = market.collateral_mut(&args.mint)?;
    // asking again for what is open already does not close it meanwhile
    if !args.is_open || collateral.active_at == i64::MAX {
        collateral.active_at = active_at;
    }
    let active_at = collateral.active_at;
    emit!(CollateralSet {
        mint: args.mint,
        active_at,
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
