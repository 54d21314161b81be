use anchor_lang::prelude::*;

use crate::{
    error::PositionError,
    math::*,
    state::{Collateral, Params},
};

/// One trader's contracts. `["position", market, balance]`: one for each balance, so a balance's lock is its position's margin.
#[account(zero_copy)]
pub struct Position {
    pub market: Pubkey,
    pub owner: Pubkey,
    pub vault: Pubkey,
    pub balance: Pubkey,
    /// This program's lock of the balance.
    pub program_lock: Pubkey,
    pub mint: Pubkey,
    /// Contracts.
    pub size: u64,
    /// What the contracts were entered at, in nano, the spread included.
    pub entry_value: u64,
    /// Base units that the position put into the lock; less may be left when the owner revoked it and took collateral back.
    pub margin: u64,
    pub opened_at: i64,
    /// 1: long, 0: short.
    pub is_long: u8,
    pub bump: u8,
    pub padding: [u8; 6],
}

impl Position {
    pub const SIZE: usize = 8 + core::mem::size_of::<Position>();

    pub fn require_owner(&self, owner: &Pubkey) -> Result<()> {
        require_keys_eq!(self.owner, *owner, PositionError::NotOwner);
        Ok(())
    }

    pub fn is_long(&self) -> bool {
        self.is_long != 0
    }

    /// Profit or loss of all of it at `price`, in nano.
    pub fn pnl(&self, price: u64) -> Result<i128> {
        pnl(self.entry_value, notional(self.size, price), self.is_long())
    }

    /// Adds contracts and returns their entry value.
    pub fn enter(&mut self, size: u64, price: u64, limit: u64, params: &Params) -> Result<u64> {
        require!(size > 0, PositionError::ZeroAmount);
        let value = entry_value(size, price, self.is_long(), params.entry_spread_bps)?;
        require_within_limit(u128::from(value), size, limit, self.is_long())?;
        self.size = add(self.size, size)?;
        self.entry_value = self
            .entry_value
            .checked_add(value)
            .ok_or_else(|| error!(PositionError::NotionalTooLarge))?;
        require!(self.size >= params.min_size, PositionError::SizeTooSmall);
        Ok(value)
    }

    /// Takes contracts off and returns their profit or loss, in nano.
    pub fn leave(&mut self, size: u64, price: u64, min_size: u64) -> Result<i128> {
        require!(size > 0, PositionError::ZeroAmount);
        require!(size <= self.size, PositionError::SizeTooLarge);
        let entry = entry_part(self.entry_value, size, self.size, self.is_long())?;
        let realised = pnl(entry, notional(size, price), self.is_long())?;
        self.size = sub(self.size, size)?;
        self.entry_value = sub(self.entry_value, entry)?;
        require!(self.size == 0 || self.size >= min_size, PositionError::SizeTooSmall);
        Ok(realised)
    }

    /// What entering and taking margin out need: unrealised losses count, unrealised profit does not.
    pub fn require_initial_margin(&self, price: u64, collateral: &Collateral, params: &Params) -> Result<()> {
        let equity = equity(self.margin, collateral.nano_per_unit, self.pnl(price)?.min(0))?;
        let below = is_below(equity, notional(self.size, price), params.initial_margin_bps)?;
        require!(!below, PositionError::BelowInitialMargin);
        Ok(())
    }

    /// `margin` is what the lock can still pay.
    pub fn is_below_maintenance(
        &self,
        margin: u64,
        price: u64,
        collateral: &Collateral,
        params: &Params,
    ) -> Result<bool> {
        let equity = equity(margin, collateral.nano_per_unit, self.pnl(price)?)?;
        is_below(equity, notional(self.size, price), params.maintenance_margin_bps)
    }
}

/// A buyer pays at most `limit` nano for each contract, a seller gets at least that.
pub fn require_within_limit(value: u128, size: u64, limit: u64, is_buyer: bool) -> Result<()> {
    let bound = notional(size, limit);
    let good = if is_buyer { value <= bound } else { value >= bound };
    require!(good, PositionError::PriceLimit);
    Ok(())
}
