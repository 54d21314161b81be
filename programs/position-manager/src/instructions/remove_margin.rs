use anchor_lang::prelude::*;

use crate::{error::PositionError, event::MarginChanged, math::sub, state::*, vault::*};

/// Unlocks margin that a position does not need: what is left covers the initial margin, unrealised profit not counted.
#[derive(Accounts)]
pub struct RemoveMargin<'info> {
    /// Checked in `validate`.
    pub owner: Signer<'info>,
    pub access: VaultAccess<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    pub price: AccountLoader<'info, Price>,
    #[account(mut)]
    pub position: AccountLoader<'info, Position>,
    /// The position's: checked in `validate`.
    pub trader: Funds<'info>,
}

impl RemoveMargin<'_> {
    fn validate(&self, amount: u64, position: &Position) -> Result<()> {
        self.access.validate()?;
        self.price.load()?.require_market(self.market.as_ref().key)?;
        require_keys_eq!(position.market, *self.market.as_ref().key, PositionError::WrongMarket);
        position.require_owner(self.owner.key)?;
        self.trader
            .require(&position.vault, &position.balance, &position.program_lock)?;
        let (_, lock) = self.trader.require_linked()?;
        require!(lock.locked >= position.margin, PositionError::LockReleased);
        require!(amount > 0, PositionError::ZeroAmount);
        Ok(())
    }
}

pub fn handler(ctx: Context<RemoveMargin>, amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let mut position = accounts.position.load_mut()?;
    accounts.validate(amount, &position)?;
    let params = market.params(now);
    let price = accounts.price.load()?.fresh(now, &params)?;
    position.margin = sub(position.margin, amount).map_err(|_| error!(PositionError::BelowInitialMargin))?;
    position.require_initial_margin(price, market.collateral(&position.mint)?, &params)?;
    let calls = VaultCalls {
        access: &accounts.access,
        bump: market.collateral_authority_bump,
    };
    calls.unlock(&accounts.trader, amount)?;
    emit!(MarginChanged {
        position: accounts.position.key(),
        state: market.state(&position),
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
