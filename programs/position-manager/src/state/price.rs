use anchor_lang::prelude::*;

use crate::{constants::*, error::PositionError, math::*, state::Params};

/// The index price. `["price", market]`. Written by its authority, who is neither admin nor house and neither trades nor liquidates.
#[account(zero_copy)]
pub struct Price {
    pub market: Pubkey,
    /// Zero: revoked.
    pub authority: Pubkey,
    pub pending_authority: Pubkey,
    /// Unix time from which the pending authority may accept; 0: none.
    pub pending_authority_at: i64,
    /// Billionths of one whole collateral token per contract; 0: none yet.
    pub price: u64,
    /// Unix time for which its authority says it.
    pub published_at: i64,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl Price {
    pub const SIZE: usize = 8 + core::mem::size_of::<Price>();

    pub fn require_market(&self, market: &Pubkey) -> Result<()> {
        require_keys_eq!(self.market, *market, PositionError::WrongMarket);
        Ok(())
    }

    /// The price, when it is young enough.
    pub fn fresh(&self, now: i64, params: &Params) -> Result<u64> {
        require!(
            self.price > 0 && now.saturating_sub(self.published_at) <= i64::from(params.price_max_age_seconds),
            PositionError::StalePrice
        );
        Ok(self.price)
    }

    pub fn set(&mut self, price: u64, published_at: i64, now: i64, params: &Params) -> Result<()> {
        require!(published_at <= now, PositionError::FuturePrice);
        require!(
            now.saturating_sub(published_at) <= i64::from(params.price_max_age_seconds),
            PositionError::StalePrice
        );
        require!((MIN_PRICE..=MAX_PRICE).contains(&price), PositionError::PriceOutOfRange);
        if self.price > 0 {
            require!(published_at > self.published_at, PositionError::PriceNotNewer);
            let seconds = published_at.saturating_sub(self.published_at);
            let allowed = is_step_allowed(
                self.price,
                price,
                seconds,
                params.price_step_bps,
                params.price_step_bps_per_minute,
            )?;
            require!(allowed, PositionError::PriceStep);
        }
        self.price = price;
        self.published_at = published_at;
        Ok(())
    }

    pub fn clear_pending(&mut self) {
        self.pending_authority = Pubkey::default();
        self.pending_authority_at = 0;
    }
}
