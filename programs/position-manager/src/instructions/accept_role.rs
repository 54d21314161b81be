use anchor_lang::prelude::*;

use crate::{error::PositionError, event::RoleSet, state::*};

/// The proposed holder takes a role over, after the wait, with his own signature.
#[derive(Accounts)]
pub struct AcceptRole<'info> {
    /// Checked in `validate`.
    pub holder: Signer<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub price: AccountLoader<'info, Price>,
}

impl AcceptRole<'_> {
    fn validate(&self, role: Role, market: &Market, price: &Price, now: i64) -> Result<()> {
        price.require_market(self.market.as_ref().key)?;
        let (pending, pending_at) = match role {
            Role::Admin => (market.pending_admin, market.pending_admin_at),
            Role::PriceAuthority => (price.pending_authority, price.pending_authority_at),
        };
        require!(pending_at != 0, PositionError::NothingPending);
        require_keys_eq!(pending, *self.holder.key, PositionError::NotProposed);
        require!(now >= pending_at, PositionError::StillWaiting);
        Ok(())
    }
}

pub fn handler(ctx: Context<AcceptRole>, role: Role) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let mut price = accounts.price.load_mut()?;
    accounts.validate(role, &market, &price, clock.unix_timestamp)?;
    let holder = accounts.holder.key();
    match role {
        Role::Admin => {
            market.admin = holder;
            market.pending_admin = Pubkey::default();
            market.pending_admin_at = 0;
        }
        Role::PriceAuthority => {
            price.authority = holder;
            price.clear_pending();
        }
    }
    emit!(RoleSet {
        role,
        holder,
        pending: Pubkey::default(),
        pending_at: 0,
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
