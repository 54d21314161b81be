//! Closing contracts, by their owner or by a liquidator: who pays what to whom.
use anchor_lang::prelude::*;

use crate::{error::PositionError, math, state::*, vault::*};

/// What closing contracts needs, whoever does it.
#[derive(Accounts)]
pub struct Settling<'info> {
    pub access: VaultAccess<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    pub price: AccountLoader<'info, Price>,
    #[account(mut)]
    pub position: AccountLoader<'info, Position>,
    /// The position's: checked in `validate`.
    pub trader: Funds<'info>,
    /// The market's: checked in `validate`.
    pub house: Funds<'info>,
    /// CHECK: the trader's balance's token account, checked in `validate`
    #[account(mut)]
    pub trader_tokens: UncheckedAccount<'info>,
    /// CHECK: the house balance's token account, checked in `validate`
    #[account(mut)]
    pub house_tokens: UncheckedAccount<'info>,
    /// CHECK: the position's mint, checked in `validate`
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the mint's token program, checked in `validate`
    pub token_program: UncheckedAccount<'info>,
}

/// The collateral that both sides can move now. Base units.
pub struct Means {
    /// What the trader's lock holds, and what of it may still be transferred.
    pub trader_locked: u64,
    pub trader: u64,
    /// What profit can be paid from; nothing when the trader's balance is gone.
    pub house: u64,
    pub is_trader_lock_revoked: bool,
    /// A house that has closed its balance forgoes what it is owed: nobody is kept in a position because nobody can be paid.
    pub is_house_gone: bool,
}

/// What was moved and what was not. Base units.
pub struct Outcome {
    pub loss: u64,
    pub bad_debt: u64,
    pub profit_paid: u64,
    pub profit_unpaid: u64,
}

impl<'info> Settling<'info> {
    pub fn validate(&self, market: &Market, position: &Position, now: i64) -> Result<Means> {
        self.access.validate()?;
        self.price.load()?.require_market(self.market.as_ref().key)?;
        require_keys_eq!(position.market, *self.market.as_ref().key, PositionError::WrongMarket);
        self.trader
            .require(&position.vault, &position.balance, &position.program_lock)?;
        let collateral = market.collateral(&position.mint)?;
        self.house
            .require(&market.house_vault, &collateral.house_balance, &collateral.house_lock)?;
        let trader_balance = self.trader.balance()?;
        let house_balance = self.house.balance()?;
        for (balance, tokens) in [
            (&trader_balance, &self.trader_tokens),
            (&house_balance, &self.house_tokens),
        ] {
            let Some(balance) = balance else { continue };
            require_keys_eq!(balance.vault_tokens, *tokens.key, PositionError::WrongTokenAccount);
        }
        require_keys_eq!(position.mint, *self.mint.key, PositionError::WrongMint);
        require_keys_eq!(
            collateral.token_program,
            *self.token_program.key,
            PositionError::WrongTokenProgram
        );
        let lock = self.trader.lock()?;
        let house_reaches = trader_balance.is_some() && self.access.is_registered()?;
        let house_lock = self.house.lock()?.filter(|_| house_reaches);
        Ok(Means {
            // never more than the position put in: what else the lock may hold is not its margin
            trader_locked: lock.map_or(0, |lock| lock.locked).min(position.margin),
            trader: payable(lock.as_ref(), now).min(position.margin),
            house: payable(house_lock.as_ref(), now),
            is_trader_lock_revoked: lock.is_none_or(|lock| lock.revoked_at != 0),
            is_house_gone: house_balance.is_none(),
        })
    }

    /// Moves a profit or loss between the trader and the house, as far as each can pay.
    pub fn settle(&self, pnl: i128, means: &Means, collateral: &Collateral, bump: u8) -> Result<Outcome> {
        let margin = if means.is_house_gone { 0 } else { means.trader };
        let due = math::settle(pnl, margin, collateral.nano_per_unit)?;
        let profit_paid = due.profit.min(means.house);
        if due.loss > 0 {
            let transfer = self.from_trader(&self.house.balance, &self.house_tokens);
            self.calls(bump).transfer(&transfer, collateral, due.loss)?;
        }
        if profit_paid > 0 {
            let transfer = Transfer {
                from: &self.house,
                from_tokens: &self.house_tokens,
                to: &self.trader.balance,
                to_tokens: &self.trader_tokens,
                mint: &self.mint,
                token_program: &self.token_program,
            };
            self.calls(bump).transfer(&transfer, collateral, profit_paid)?;
        }
        Ok(Outcome {
            loss: due.loss,
            bad_debt: due.bad_debt,
            profit_paid,
            profit_unpaid: math::sub(due.profit, profit_paid)?,
        })
    }

    /// From the trader's lock to another balance.
    pub fn from_trader<'a>(
        &'a self,
        to: &'a AccountInfo<'info>,
        to_tokens: &'a AccountInfo<'info>,
    ) -> Transfer<'a, 'info> {
        Transfer {
            from: &self.trader,
            from_tokens: &self.trader_tokens,
            to,
            to_tokens,
            mint: &self.mint,
            token_program: &self.token_program,
        }
    }

    pub fn calls(&self, bump: u8) -> VaultCalls<'_, 'info> {
        VaultCalls {
            access: &self.access,
            bump,
        }
    }

    /// Gives `amount` of the lock back to its owner.
    pub fn release(&self, amount: u64, bump: u8) -> Result<()> {
        if amount > 0 {
            self.calls(bump).unlock(&self.trader, amount)?;
        }
        Ok(())
    }
}
