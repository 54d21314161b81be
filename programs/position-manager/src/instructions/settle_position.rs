use anchor_lang::prelude::*;

use crate::{
    error::PositionError,
    event::PositionSettled,
    math::{notional, sub},
    settlement::*,
    state::*,
};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct SettlePositionArgs {
    /// Contracts to close; all of them close the position.
    pub size: u64,
    /// Nano per contract: the least a long gets, the most a short pays.
    pub price_limit: u64,
    /// Base units of profit that may stay unpaid, for good, when the house's lock does not reach.
    pub max_unpaid: u64,
}

/// The owner closes contracts at the current price: a loss goes from his margin to the house, a profit from the house's lock to what
/// is available to him; closing all of it gives back the rest of the margin.
#[derive(Accounts)]
pub struct SettlePosition<'info> {
    /// Gets the position's rent back when it closes: checked in `validate`.
    #[account(mut)]
    pub owner: Signer<'info>,
    pub settling: Settling<'info>,
}

impl SettlePosition<'_> {
    fn validate(&self, market: &Market, position: &Position, now: i64) -> Result<Means> {
        position.require_owner(self.owner.key)?;
        self.settling.validate(market, position, now)
    }
}

pub fn handler(ctx: Context<SettlePosition>, args: SettlePositionArgs) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let settling = &ctx.accounts.settling;
    let mut market = settling.market.load_mut()?;
    let mut position = settling.position.load_mut()?;
    let means = ctx.accounts.validate(&market, &position, now)?;
    let params = market.params(now);
    let price = settling.price.load()?.fresh(now, &params)?;
    require_within_limit(
        notional(args.size, price),
        args.size,
        args.price_limit,
        !position.is_long(),
    )?;
    let collateral = *market.collateral(&position.mint)?;
    let bump = market.collateral_authority_bump;

    let pnl = position.leave(args.size, price, params.min_size)?;
    let outcome = settling.settle(pnl, &means, &collateral, bump)?;
    require!(outcome.profit_unpaid <= args.max_unpaid, PositionError::HouseShort);
    let left = sub(means.trader_locked, outcome.loss)?;
    let is_closed = position.size == 0;
    if is_closed {
        settling.release(left, bump)?;
        position.margin = 0;
        market.positions = sub(market.positions, 1)?;
    } else {
        let payable = sub(means.trader, outcome.loss)?;
        let below = position.is_below_maintenance(payable, price, &collateral, &params)?;
        require!(outcome.bad_debt == 0 && !below, PositionError::BelowMaintenanceMargin);
        position.margin = left;
    }
    market.shrink(position.is_long(), args.size)?;
    market.count_shortfall(&position.mint, outcome.profit_unpaid, outcome.bad_debt)?;
    emit!(PositionSettled {
        position: settling.position.key(),
        owner: position.owner,
        size: args.size,
        price,
        loss: outcome.loss,
        bad_debt: outcome.bad_debt,
        profit_paid: outcome.profit_paid,
        profit_unpaid: outcome.profit_unpaid,
        state: market.state(&position),
        stamp: market.next_stamp(clock.slot)?,
    });
    drop(position);
    if is_closed {
        settling.position.close(ctx.accounts.owner.to_account_info())?;
    }
    Ok(())
}
