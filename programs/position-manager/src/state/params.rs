use anchor_lang::prelude::*;

use crate::{constants::*, error::PositionError};

/// The market's rules.
// not `zero_copy`: that and AnchorSerialize both describe the type to the IDL, which takes one description
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Params {
    /// Contracts that may be open on each side.
    pub max_open_interest: u64,
    /// Contracts of the smallest position: liquidating dust would pay nobody.
    pub min_size: u64,
    pub price_max_age_seconds: u32,
    /// Equity that opening, growing and taking margin out need; unrealised profit does not count for it.
    pub initial_margin_bps: u16,
    /// Equity below which anybody may liquidate.
    pub maintenance_margin_bps: u16,
    /// Part of the notional that a liquidator earns, as far as the margin reaches.
    pub liquidation_reward_bps: u16,
    /// What entering is worse than the price; at least the price step makes it pointless to enter just before a known update.
    pub entry_spread_bps: u16,
    /// Largest change of one update, against the last price.
    pub price_step_bps: u16,
    /// Largest change for the time since the last price.
    pub price_step_bps_per_minute: u16,
}

impl Params {
    pub fn validate(&self) -> Result<()> {
        let within = |value: u16, most: u16| (1..=most).contains(&value);
        let good = self.min_size >= 1
            && self.min_size <= self.max_open_interest
            && self.max_open_interest <= MAX_OPEN_INTEREST
            && (1..=MAX_PRICE_AGE_SECONDS).contains(&self.price_max_age_seconds)
            && self.initial_margin_bps > self.maintenance_margin_bps
            && self.initial_margin_bps <= BPS
            && self.liquidation_reward_bps <= MAX_LIQUIDATION_REWARD_BPS
            && self.entry_spread_bps <= MAX_ENTRY_SPREAD_BPS
            && within(self.price_step_bps, MAX_PRICE_STEP_BPS)
            && within(self.price_step_bps_per_minute, MAX_PRICE_STEP_BPS)
            && self.maintenance_covers_a_step();
        require!(good, PositionError::BadParams);
        Ok(())
    }

    /// A position that is not below its maintenance margin pays its whole loss and the whole reward after one more price step:
    /// maintenance - step >= reward * (1 + step).
    fn maintenance_covers_a_step(&self) -> bool {
        let bps = u64::from(BPS);
        let step = u64::from(self.price_step_bps);
        let left = u64::from(self.maintenance_margin_bps)
            .checked_sub(step)
            .and_then(|left| left.checked_mul(bps));
        let reward = bps
            .checked_add(step)
            .and_then(|factor| factor.checked_mul(u64::from(self.liquidation_reward_bps)));
        matches!((left, reward), (Some(left), Some(reward)) if left >= reward)
    }

    /// True when nothing that traders, liquidators or the price authority may do under `other` grows, and nobody becomes liquidatable.
    pub fn only_tightens(&self, other: &Params) -> bool {
        self.maintenance_margin_bps == other.maintenance_margin_bps
            && self.initial_margin_bps >= other.initial_margin_bps
            && self.max_open_interest <= other.max_open_interest
            && self.min_size >= other.min_size
            && self.price_max_age_seconds <= other.price_max_age_seconds
            && self.liquidation_reward_bps <= other.liquidation_reward_bps
            && self.entry_spread_bps >= other.entry_spread_bps
            && self.price_step_bps <= other.price_step_bps
            && self.price_step_bps_per_minute <= other.price_step_bps_per_minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::tests::params;

    /// Every parameter with a value that tightens and one that loosens, from `params()`.
    fn changes() -> Vec<(Params, Params)> {
        let with = |change: fn(&mut Params, bool)| {
            let (mut tighter, mut looser) = (params(), params());
            change(&mut tighter, true);
            change(&mut looser, false);
            (tighter, looser)
        };
        vec![
            with(|p, tight| p.max_open_interest = if tight { 999_999 } else { 1_000_001 }),
            with(|p, tight| p.min_size = if tight { 11 } else { 9 }),
            with(|p, tight| p.price_max_age_seconds = if tight { 59 } else { 61 }),
            with(|p, tight| p.initial_margin_bps = if tight { 1_001 } else { 999 }),
            with(|p, tight| p.liquidation_reward_bps = if tight { 99 } else { 101 }),
            with(|p, tight| p.entry_spread_bps = if tight { 101 } else { 99 }),
            with(|p, tight| p.price_step_bps = if tight { 99 } else { 101 }),
            with(|p, tight| p.price_step_bps_per_minute = if tight { 99 } else { 101 }),
        ]
    }

    /// POS-9: only what restricts everybody counts at once; a maintenance margin moved either way waits, so nobody becomes
    /// liquidatable by surprise.
    #[test]
    fn only_tightening_counts_at_once() {
        assert!(params().only_tightens(&params()));
        for (tighter, looser) in changes() {
            tighter.validate().unwrap();
            assert!(tighter.only_tightens(&params()) && !looser.only_tightens(&params()));
            assert!(params().only_tightens(&looser) && !params().only_tightens(&tighter));
        }
        for maintenance_margin_bps in [499, 501] {
            let other = Params {
                maintenance_margin_bps,
                ..params()
            };
            other.validate().unwrap();
            assert!(!other.only_tightens(&params()));
        }
    }

    #[test]
    fn parameters_have_bounds() {
        let good = |change: fn(&mut Params)| {
            let mut changed = params();
            change(&mut changed);
            changed.validate().is_ok()
        };
        assert!(good(|_| ()));
        assert!(!good(|p| p.min_size = 0));
        assert!(good(|p| p.min_size = 1_000_000));
        assert!(!good(|p| p.min_size = 1_000_001));
        assert!(good(|p| p.max_open_interest = MAX_OPEN_INTEREST));
        assert!(!good(|p| p.max_open_interest = 1_000_000_000_000_001));
        assert!(!good(|p| p.price_max_age_seconds = 0));
        assert!(good(|p| p.price_max_age_seconds = 3_600));
        assert!(!good(|p| p.price_max_age_seconds = 3_601));
        assert!(!good(|p| p.initial_margin_bps = 500));
        assert!(good(|p| p.initial_margin_bps = 10_000));
        assert!(!good(|p| p.initial_margin_bps = 10_001));
        assert!(!good(|p| p.liquidation_reward_bps = 501));
        assert!(!good(|p| p.entry_spread_bps = 501));
        assert!(!good(|p| p.price_step_bps = 0));
        assert!(!good(|p| p.price_step_bps_per_minute = 0));
        assert!(good(|p| p.price_step_bps_per_minute = 2_000));
        assert!(!good(|p| p.price_step_bps_per_minute = 2_001));
        // 100 + 100 * 1.01 = 201
        assert!(good(|p| p.maintenance_margin_bps = 201));
        assert!(!good(|p| p.maintenance_margin_bps = 200));
        assert!(!good(|p| p.maintenance_margin_bps = 99));
        assert!(!good(|p| p.price_step_bps = 2_001));
    }
}
