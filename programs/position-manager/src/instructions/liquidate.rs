use anchor_lang::prelude::*;
use collateral_vault::state::{Balance, Vault};

use crate::{
    error::PositionError,
    event::PositionLiquidated,
    math::{self, notional, sub},
    settlement::*,
    state::*,
};

/// Anybody closes a position that is below its maintenance margin, or whose owner revoked the lock that backs it. The house is paid
/// first, the liquidator out of what the margin has left, into his own vault: liquidating oneself through another key takes nothing
/// from the house.
#[derive(Accounts)]
pub struct Liquidate<'info> {
    pub liquidator: Signer<'info>,
    /// CHECK: the position's owner, who gets its rent, checked in `validate`
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    pub settling: Settling<'info>,
    /// The liquidator's: checked in `validate`.
    pub liquidator_vault: AccountLoader<'info, Vault>,
    /// Of the position's mint: checked in `validate`.
    #[account(mut)]
    pub liquidator_balance: AccountLoader<'info, Balance>,
    /// CHECK: the liquidator's balance's token account, checked in `validate`
    #[account(mut)]
    pub liquidator_tokens: UncheckedAccount<'info>,
}

impl Liquidate<'_> {
    fn validate(&self, market: &Market, position: &Position, now: i64) -> Result<Means> {
        let liquidator = self.liquidator.key;
        require_keys_eq!(position.owner, *self.owner.key, PositionError::WrongOwnerWallet);
        require_keys_neq!(position.owner, *liquidator, PositionError::SelfLiquidation);
        require_keys_neq!(
            self.settling.price.load()?.authority,
            *liquidator,
            PositionError::PriceAuthorityCannotTrade
        );
        require_keys_eq!(
            self.liquidator_vault.load()?.owner,
            *liquidator,
            PositionError::NotVaultOwner
        );
        let balance = self.liquidator_balance.load()?;
        require_keys_eq!(balance.vault, self.liquidator_vault.key(), PositionError::WrongBalance);
        require_keys_eq!(balance.mint, position.mint, PositionError::WrongMint);
        require_keys_eq!(
            balance.vault_tokens,
            *self.liquidator_tokens.key,
            PositionError::WrongTokenAccount
        );
        self.settling.validate(market, position, now)
    }
}

pub fn handler(ctx: Context<Liquidate>) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let settling = &accounts.settling;
    let mut market = settling.market.load_mut()?;
    let mut position = settling.position.load_mut()?;
    let means = accounts.validate(&market, &position, now)?;
    let params = market.params(now);
    let price = settling.price.load()?.fresh(now, &params)?;
    let collateral = *market.collateral(&position.mint)?;
    let bump = market.collateral_authority_bump;
    let below = position.is_below_maintenance(means.trader, price, &collateral, &params)?;
    require!(below || means.is_trader_lock_revoked, PositionError::NotLiquidatable);

    let size = position.size;
    let pnl = position.leave(size, price, params.min_size)?;
    let outcome = settling.settle(pnl, &means, &collateral, bump)?;
    let reward = math::reward(
        notional(size, price),
        params.liquidation_reward_bps,
        sub(means.trader, outcome.loss)?,
        collateral.nano_per_unit,
    )?;
    if reward > 0 {
        let transfer = settling.from_trader(accounts.liquidator_balance.as_ref(), &accounts.liquidator_tokens);
        settling.calls(bump).transfer(&transfer, &collateral, reward)?;
    }
    settling.release(sub(sub(means.trader_locked, outcome.loss)?, reward)?, bump)?;
    position.margin = 0;
    market.positions = sub(market.positions, 1)?;
    market.shrink(position.is_long(), size)?;
    market.count_shortfall(&position.mint, outcome.profit_unpaid, outcome.bad_debt)?;
    emit!(PositionLiquidated {
        position: settling.position.key(),
        owner: position.owner,
        liquidator: accounts.liquidator.key(),
        size,
        price,
        loss: outcome.loss,
        bad_debt: outcome.bad_debt,
        reward,
        profit_paid: outcome.profit_paid,
        profit_unpaid: outcome.profit_unpaid,
        state: market.state(&position),
        stamp: market.next_stamp(clock.slot)?,
    });
    drop(position);
    settling.position.close(accounts.owner.to_account_info())
}
