//! Leaky bucket of withdrawals: what may leave now.
//!
//! Whatever the order and times of withdrawals, what leaves within any window of 24 hours is at most `capacity + refill_per_day`:
//! at the window's beginning the level is at most `capacity`, and within it at most `refill_per_day` flows in (LIMIT-1).
use anchor_lang::prelude::*;

use crate::{constants::DAY_SECONDS, error::VaultError};

const DAY: u128 = DAY_SECONDS as u128;

/// Amounts in the mint's base units; `remainder` in base units / 86,400, so that refilling rounds nothing away.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct Bucket {
    pub level: u64,
    pub remainder: u64,
    /// Unix time up to which the level has been refilled.
    pub updated_at: i64,
}

impl Bucket {
    /// Refills up to `now`; a clock that goes back refills nothing.
    pub fn refill(&mut self, now: i64, capacity: u64, refill_per_day: u64) -> Result<()> {
        let elapsed = u128::try_from(now.saturating_sub(self.updated_at)).unwrap_or(0);
        if elapsed == 0 {
            return Ok(());
        }
        let overflow = || error!(VaultError::Overflow);
        let added = u128::from(refill_per_day).checked_mul(elapsed).ok_or_else(overflow)?;
        let scaled = u128::from(self.level)
            .checked_mul(DAY)
            .and_then(|level| level.checked_add(u128::from(self.remainder)))
            .and_then(|level| level.checked_add(added))
            .ok_or_else(overflow)?;
        let full = u128::from(capacity).checked_mul(DAY).ok_or_else(overflow)?;
        let scaled = scaled.min(full);
        // both fit: scaled <= capacity * DAY
        self.level = u64::try_from(scaled.checked_div(DAY).ok_or_else(overflow)?).map_err(|_| overflow())?;
        self.remainder = u64::try_from(scaled.checked_rem(DAY).ok_or_else(overflow)?).map_err(|_| overflow())?;
        self.updated_at = now;
        Ok(())
    }

    /// Takes `amount` out of a refilled bucket.
    pub fn take(&mut self, amount: u64) -> Result<()> {
        self.level = self
            .level
            .checked_sub(amount)
            .ok_or_else(|| error!(VaultError::DailyLimit))?;
        Ok(())
    }

    /// Cuts the level to a lower capacity.
    pub fn cut(&mut self, capacity: u64) {
        if self.level >= capacity {
            self.level = capacity;
            self.remainder = 0;
        }
    }
}
