use anchor_lang::prelude::*;

use crate::{error::PositionError, event::PriceSet, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct SetPriceArgs {
    /// Billionths of one whole collateral token per contract.
    pub price: u64,
    /// Unix time for which it holds: above the last one's, not of the future, not too old.
    pub published_at: i64,
}

/// Publishes the next price, within bounds of age and change.
#[derive(Accounts)]
pub struct SetPrice<'info> {
    /// Checked in the handler.
    pub price_authority: Signer<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub price: AccountLoader<'info, Price>,
}

pub fn handler(ctx: Context<SetPrice>, args: SetPriceArgs) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let mut market = ctx.accounts.market.load_mut()?;
    let mut price = ctx.accounts.price.load_mut()?;
    price.require_market(ctx.accounts.market.as_ref().key)?;
    require_keys_eq!(
        price.authority,
        ctx.accounts.price_authority.key(),
        PositionError::NotPriceAuthority
    );
    price.set(args.price, args.published_at, now, &market.params(now))?;
    emit!(PriceSet {
        price: args.price,
        published_at: args.published_at,
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
