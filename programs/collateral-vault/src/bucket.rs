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

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator of its own: the same numbers on every machine.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 16).checked_rem(bound).unwrap()
        }
    }

    fn empty(level: u64) -> Bucket {
        Bucket {
            level,
            remainder: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn refilling_often_or_once_is_the_same() {
        let mut random = Random(1);
        for _ in 0..500 {
            let (capacity, rate) = (random.below(1 << 40), random.below(1 << 20));
            let (mut often, mut once) = (empty(0), empty(0));
            let mut now = 0;
            for _ in 0..20 {
                now = i64::try_from(random.below(9_000)).unwrap().checked_add(now).unwrap();
                often.refill(now, capacity, rate).unwrap();
            }
            once.refill(now, capacity, rate).unwrap();
            assert_eq!(often, once);
        }
    }

    #[test]
    fn refill_is_the_exact_product_rounded_down() {
        let mut bucket = empty(0);
        bucket.refill(86_399, 1_000, 10).unwrap();
        assert_eq!((bucket.level, bucket.remainder), (9, 86_400 - 10));
        bucket.refill(86_400, 1_000, 10).unwrap();
        assert_eq!((bucket.level, bucket.remainder), (10, 0));
    }

    #[test]
    fn a_clock_that_goes_back_refills_nothing() {
        let mut bucket = Bucket {
            level: 3,
            remainder: 7,
            updated_at: 100,
        };
        bucket.refill(50, 1_000, 1_000).unwrap();
        assert_eq!(
            bucket,
            Bucket {
                level: 3,
                remainder: 7,
                updated_at: 100
            }
        );
    }

    #[test]
    fn the_largest_numbers_neither_overflow_nor_pass_the_capacity() {
        let mut bucket = empty(u64::MAX);
        bucket.refill(i64::MAX, u64::MAX, u64::MAX).unwrap();
        assert_eq!((bucket.level, bucket.remainder), (u64::MAX, 0));
    }

    /// LIMIT-1: greedy withdrawals at random moments: in every window of 24 hours at most capacity + refill leaves.
    #[test]
    fn no_day_lets_more_leave_than_the_limit() {
        let mut random = Random(7);
        for _ in 0..200 {
            let (capacity, rate) = (random.below(10_000), random.below(10_000));
            let mut bucket = empty(capacity);
            let mut taken: Vec<(i64, u64)> = Vec::new();
            let mut now = 0;
            for _ in 0..60 {
                now = i64::try_from(random.below(30_000)).unwrap().checked_add(now).unwrap();
                bucket.refill(now, capacity, rate).unwrap();
                let amount = if random.below(3) == 0 {
                    random.below(bucket.level.max(1))
                } else {
                    bucket.level
                };
                bucket.take(amount).unwrap();
                taken.push((now, amount));
                assert!(bucket.take(bucket.level.checked_add(1).unwrap()).is_err());
            }
            for (start, _) in &taken {
                let end = start.checked_add(DAY_SECONDS).unwrap();
                let left: u64 = taken
                    .iter()
                    .filter(|(at, _)| at >= start && *at < end)
                    .map(|(_, amount)| amount)
                    .sum();
                assert!(left <= capacity.checked_add(rate).unwrap(), "{left} in a day");
            }
        }
    }
}
