use anchor_lang::prelude::*;

use crate::{error::PositionError, event::PositionIncreased, state::*, vault::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct IncreasePositionArgs {
    /// Contracts to add, on the position's side.
    pub size: u64,
    /// Base units to lock in addition; may be zero.
    pub margin: u64,
    /// Nano per contract, the spread included: the most a long pays, the least a short gets.
    pub price_limit: u64,
}

/// Adds contracts, and margin, to a position.
#[derive(Accounts)]
pub struct IncreasePosition<'info> {
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

impl IncreasePosition<'_> {
    fn validate(&self, market: &Market, position: &Position, now: i64) -> Result<()> {
        self.access.validate()?;
        market.require_not_paused(now)?;
        let price = self.price.load()?;
        price.require_market(self.market.as_ref().key)?;
        require_keys_neq!(
            price.authority,
            *self.owner.key,
            PositionError::PriceAuthorityCannotTrade
        );
        require_keys_eq!(position.market, *self.market.as_ref().key, PositionError::WrongMarket);
        position.require_owner(self.owner.key)?;
        self.trader
            .require(&position.vault, &position.balance, &position.program_lock)?;
        require!(self.trader.vault()?.has_multi_sig == 0, PositionError::MultiSigVault);
        let (_, lock) = self.trader.require_linked()?;
        require!(lock.revoked_at == 0, PositionError::LockRevoked);
        require!(lock.locked >= position.margin, PositionError::LockReleased);
        market.collateral(&position.mint)?.require_open(now)
    }
}

pub fn handler(ctx: Context<IncreasePosition>, args: IncreasePositionArgs) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let mut position = accounts.position.load_mut()?;
    accounts.validate(&market, &position, now)?;
    let params = market.params(now);
    let price = accounts.price.load()?.fresh(now, &params)?;

    let entry_value = position.enter(args.size, price, args.price_limit, &params)?;
    position.margin = crate::math::add(position.margin, args.margin)?;
    position.require_initial_margin(price, market.collateral(&position.mint)?, &params)?;
    market.grow(position.is_long(), args.size, &params)?;
    if args.margin > 0 {
        let calls = VaultCalls {
            access: &accounts.access,
            bump: market.collateral_authority_bump,
        };
        calls.lock(&accounts.trader, args.margin)?;
    }
    emit!(PositionIncreased {
        position: accounts.position.key(),
        owner: position.owner,
        mint: position.mint,
        is_long: position.is_long(),
        size: args.size,
        entry_value,
        price,
        state: market.state(&position),
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
