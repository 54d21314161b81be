use anchor_lang::prelude::*;

use crate::{error::PositionError, event::MarginChanged, math::add, state::*, vault::*};

/// Locks more margin for a position. Needs no price, so no stale price stands in the way of a trader who saves his position.
#[derive(Accounts)]
pub struct AddMargin<'info> {
    /// Checked in `validate`.
    pub owner: Signer<'info>,
    pub access: VaultAccess<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub position: AccountLoader<'info, Position>,
    /// The position's: checked in `validate`.
    pub trader: Funds<'info>,
}

impl AddMargin<'_> {
    fn validate(&self, amount: u64, position: &Position) -> Result<()> {
        self.access.validate()?;
        require_keys_eq!(position.market, *self.market.as_ref().key, PositionError::WrongMarket);
        position.require_owner(self.owner.key)?;
        self.trader
            .require(&position.vault, &position.balance, &position.program_lock)?;
        let (_, lock) = self.trader.require_linked()?;
        require!(lock.revoked_at == 0, PositionError::LockRevoked);
        require!(lock.locked >= position.margin, PositionError::LockReleased);
        require!(amount > 0, PositionError::ZeroAmount);
        Ok(())
    }
}

pub fn handler(ctx: Context<AddMargin>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let mut position = accounts.position.load_mut()?;
    accounts.validate(amount, &position)?;
    position.margin = add(position.margin, amount)?;
    let calls = VaultCalls {
        access: &accounts.access,
        bump: market.collateral_authority_bump,
    };
    calls.lock(&accounts.trader, amount)?;
    emit!(MarginChanged {
        position: accounts.position.key(),
        state: market.state(&position),
        stamp: market.next_stamp(Clock::get()?.slot)?,
    });
    Ok(())
}
