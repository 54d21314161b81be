//! Margin, profit and loss, liquidation: pure functions (docs/position-manager.md has them as formulas).
//!
//! *Nano* is a billionth of a whole collateral token, *units* are the mint's base units, `nano_per_unit` (10^(9 - decimals)) converts
//! them exactly. Everything is compared in nano, without rounding; only what moves is rounded to units, against the trader: losses
//! up, profits down.
use anchor_lang::prelude::*;

use crate::{constants::*, error::PositionError};

fn overflow() -> Error {
    error!(PositionError::Overflow)
}

pub fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or_else(overflow)
}

pub fn sub(a: u64, b: u64) -> Result<u64> {
    a.checked_sub(b).ok_or_else(overflow)
}

/// A point in time `seconds` after `from`.
pub fn after(from: i64, seconds: i64) -> Result<i64> {
    from.checked_add(seconds).ok_or_else(overflow)
}

/// 10^(9 - decimals).
pub fn nano_per_unit(decimals: u8) -> Result<u64> {
    let exponent = PRICE_DECIMALS
        .checked_sub(decimals)
        .ok_or_else(|| error!(PositionError::TooManyDecimals))?;
    10u64.checked_pow(u32::from(exponent)).ok_or_else(overflow)
}

fn mul_div_down(a: u128, b: u128, c: u128) -> Result<u128> {
    a.checked_mul(b)
        .and_then(|product| product.checked_div(c))
        .ok_or_else(overflow)
}

fn mul_div_up(a: u128, b: u128, c: u128) -> Result<u128> {
    let product = a.checked_mul(b).ok_or_else(overflow)?;
    let rest = c.checked_sub(1).ok_or_else(overflow)?;
    product
        .checked_add(rest)
        .and_then(|sum| sum.checked_div(c))
        .ok_or_else(overflow)
}

/// Value of `size` contracts at `price`, in nano. A product of two u64 always fits.
pub fn notional(size: u64, price: u64) -> u128 {
    u128::from(size).saturating_mul(u128::from(price))
}

/// What `size` contracts are entered at, in nano: the notional, worse for the trader by the spread, and rounded against him.
pub fn entry_value(size: u64, price: u64, is_long: bool, spread_bps: u16) -> Result<u64> {
    let value = if is_long {
        let factor = BPS.checked_add(spread_bps).ok_or_else(overflow)?;
        mul_div_up(notional(size, price), u128::from(factor), u128::from(BPS))?
    } else {
        let factor = BPS.checked_sub(spread_bps).ok_or_else(overflow)?;
        mul_div_down(notional(size, price), u128::from(factor), u128::from(BPS))?
    };
    u64::try_from(value).map_err(|_| error!(PositionError::NotionalTooLarge))
}

/// The part of an entry value that belongs to `part` of `size` contracts, rounded against the trader; what is left keeps the rest, so
/// nothing is lost over all parts.
pub fn entry_part(entry: u64, part: u64, size: u64, is_long: bool) -> Result<u64> {
    let (entry, part, size) = (u128::from(entry), u128::from(part), u128::from(size));
    let value = if is_long {
        mul_div_up(entry, part, size)?
    } else {
        mul_div_down(entry, part, size)?
    };
    u64::try_from(value).map_err(|_| overflow())
}

/// Profit (above 0) or loss of contracts entered at `entry` and worth `notional` now, in nano.
pub fn pnl(entry: u64, notional: u128, is_long: bool) -> Result<i128> {
    let notional = i128::try_from(notional).map_err(|_| overflow())?;
    let entry = i128::from(entry);
    let (value, cost) = if is_long { (notional, entry) } else { (entry, notional) };
    value.checked_sub(cost).ok_or_else(overflow)
}

/// Margin plus profit or loss, in nano.
pub fn equity(margin_units: u64, nano_per_unit: u64, pnl: i128) -> Result<i128> {
    let margin = i128::from(margin_units)
        .checked_mul(i128::from(nano_per_unit))
        .ok_or_else(overflow)?;
    margin.checked_add(pnl).ok_or_else(overflow)
}

/// True when `equity` is less than `bps` of `notional`; exact.
pub fn is_below(equity: i128, notional: u128, bps: u16) -> Result<bool> {
    let scaled = equity.checked_mul(i128::from(BPS)).ok_or_else(overflow)?;
    let notional = i128::try_from(notional).map_err(|_| overflow())?;
    Ok(scaled < notional.checked_mul(i128::from(bps)).ok_or_else(overflow)?)
}

/// Units of a nano amount, cut at what any mint can have at all.
fn units(nano: u128) -> u64 {
    u64::try_from(nano).unwrap_or(u64::MAX)
}

/// What the profit or loss of a closed part moves, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// From the trader's margin to the house.
    pub loss: u64,
    /// Loss beyond the margin: the house bears it.
    pub bad_debt: u64,
    /// From the house to the trader, as far as the house reaches.
    pub profit: u64,
}

/// `margin` is what the position's lock can still pay.
pub fn settle(pnl: i128, margin: u64, nano_per_unit: u64) -> Result<Settlement> {
    let nano_per_unit = u128::from(nano_per_unit);
    let size = pnl.unsigned_abs();
    if pnl >= 0 {
        let profit = units(mul_div_down(size, 1, nano_per_unit)?);
        return Ok(Settlement {
            loss: 0,
            bad_debt: 0,
            profit,
        });
    }
    let owed = units(mul_div_up(size, 1, nano_per_unit)?);
    let loss = owed.min(margin);
    Ok(Settlement {
        loss,
        bad_debt: sub(owed, loss)?,
        profit: 0,
    })
}

/// What a liquidator earns, in units: a part of the notional, out of the margin that the house's claim leaves; rounded down.
pub fn reward(notional: u128, reward_bps: u16, margin_left: u64, nano_per_unit: u64) -> Result<u64> {
    let nano = mul_div_down(notional, u128::from(reward_bps), u128::from(BPS))?;
    Ok(units(mul_div_down(nano, 1, u128::from(nano_per_unit))?).min(margin_left))
}

/// True when a price may follow `last` after `seconds`: within `step_bps` of it, and within `bps_per_minute` for the time.
pub fn is_step_allowed(last: u64, next: u64, seconds: i64, step_bps: u16, bps_per_minute: u16) -> Result<bool> {
    let seconds = u128::try_from(seconds.min(MAX_STEP_SECONDS)).map_err(|_| overflow())?;
    let change = u128::from(last.abs_diff(next))
        .checked_mul(u128::from(BPS))
        .ok_or_else(overflow)?;
    let last = u128::from(last);
    let step = last.checked_mul(u128::from(step_bps)).ok_or_else(overflow)?;
    let rate = last
        .checked_mul(u128::from(bps_per_minute))
        .and_then(|rate| rate.checked_mul(seconds))
        .ok_or_else(overflow)?;
    Ok(change <= step && change.checked_mul(60).ok_or_else(overflow)? <= rate)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // the oracle computes with plain integers, which panic on overflow
pub(crate) mod tests {
    use super::*;
    use crate::state::Params;

    /// A small generator of its own: the same numbers on every machine.
    pub(crate) struct Random(pub u64);

    impl Random {
        pub(crate) fn below(&mut self, bound: u64) -> u64 {
            let mut next = || {
                self.0 = self
                    .0
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                self.0 >> 32
            };
            (next() << 32 | next()) % bound
        }

        /// From 1 to 2^bits, every magnitude as likely.
        fn magnitude(&mut self, bits: u64) -> u64 {
            let bound = 1u64 << self.below(bits + 1);
            1 + self.below(bound)
        }

        fn is_true(&mut self) -> bool {
            self.below(2) == 1
        }
    }

    pub(crate) fn params() -> Params {
        Params {
            max_open_interest: 1_000_000,
            min_size: 10,
            price_max_age_seconds: 60,
            initial_margin_bps: 1_000,
            maintenance_margin_bps: 500,
            liquidation_reward_bps: 100,
            entry_spread_bps: 100,
            price_step_bps: 100,
            price_step_bps_per_minute: 100,
        }
    }

    /// Profit of `size` contracts as a fraction over 10^4 (the spread) in nano; the definition, without any rounding.
    fn exact_pnl(size: u64, entered: u64, now: u64, is_long: bool, spread_bps: u16) -> i128 {
        let sign = if is_long { 1 } else { -1 };
        let (size, entered, now) = (i128::from(size), i128::from(entered), i128::from(now));
        sign * size * now * 10_000 - sign * size * entered * (10_000 + sign * i128::from(spread_bps))
    }

    /// POS-1: what moves is the exact profit or loss, rounded to a base unit against the trader; what the margin does not cover is
    /// bad debt to the last unit.
    #[test]
    fn settlements_round_against_the_trader_by_less_than_a_unit() {
        let mut random = Random(1);
        let (mut profits, mut losses, mut debts) = (0, 0, 0);
        for _ in 0..20_000 {
            let decimals = [6, 8, 9][random.below(3) as usize];
            let unit = i128::from(10u64.pow(9 - decimals));
            let size = random.magnitude(24);
            let (entered, now) = (random.magnitude(34), random.magnitude(34));
            let (is_long, spread) = (random.is_true(), random.below(500) as u16);
            let entry = entry_value(size, entered, is_long, spread).unwrap();
            let margin = random.magnitude(50);
            let due = settle(pnl(entry, notional(size, now), is_long).unwrap(), margin, unit as u64).unwrap();
            let moved = i128::from(due.profit) - i128::from(due.loss) - i128::from(due.bad_debt);
            // moved <= exact, in fractions of 10^-4 nano; entry and settlement round once each
            let exact = exact_pnl(size, entered, now, is_long, spread);
            assert!(moved * unit * 10_000 <= exact, "the trader gains by rounding");
            assert!(
                exact - moved * unit * 10_000 < (unit + 1) * 10_000,
                "rounding takes a unit or more"
            );
            assert!(due.loss <= margin && (due.bad_debt == 0 || due.loss == margin));
            assert!(due.profit == 0 || due.loss + due.bad_debt == 0);
            profits += i32::from(due.profit > 0);
            losses += i32::from(due.loss > 0);
            debts += i32::from(due.bad_debt > 0);
        }
        assert!(
            profits > 1_000 && losses > 1_000 && debts > 100,
            "{profits} {losses} {debts}"
        );
    }

    /// POS-2: closing in parts never gains against closing at once, and the entry value is used up exactly.
    #[test]
    fn parts_gain_nothing() {
        let mut random = Random(2);
        for _ in 0..5_000 {
            let unit = 10u64.pow(random.below(4) as u32);
            let (size, now) = (2 + random.magnitude(20), random.magnitude(30));
            let is_long = random.is_true();
            let entry = entry_value(size, random.magnitude(30), is_long, random.below(300) as u16).unwrap();
            let total = |part: Settlement| i128::from(part.profit) - i128::from(part.loss);
            let whole = settle(pnl(entry, notional(size, now), is_long).unwrap(), u64::MAX, unit).unwrap();
            let (mut left, mut entry_left, mut sum) = (size, entry, 0);
            while left > 0 {
                let part = 1 + random.below(left);
                let of_part = entry_part(entry_left, part, left, is_long).unwrap();
                sum += total(settle(pnl(of_part, notional(part, now), is_long).unwrap(), u64::MAX, unit).unwrap());
                left -= part;
                entry_left -= of_part;
            }
            assert_eq!(entry_left, 0);
            assert!(sum <= total(whole), "{sum} in parts, {} at once", total(whole));
        }
    }

    /// POS-3: a position is liquidatable exactly beyond its liquidation price: a long below (E - M) / (S (1 - m)), a short above
    /// (E + M) / (S (1 + m)).
    #[test]
    fn liquidation_begins_at_the_liquidation_price() {
        let mut random = Random(3);
        let mut crossed = 0;
        for _ in 0..10_000 {
            let (size, entered) = (random.magnitude(20), 1_000 + random.magnitude(34));
            let (is_long, maintenance) = (random.is_true(), 1 + random.below(5_000) as u16);
            let unit = 10u64.pow(random.below(4) as u32);
            let entry = entry_value(size, entered, is_long, random.below(300) as u16).unwrap();
            let margin = random.below(entry / unit + 1);
            let sign = if is_long { 1 } else { -1 };
            // p * size * (10^4 - sign * m) against (entry - sign * margin) * 10^4
            let divisor = i128::from(size) * (10_000 - sign * i128::from(maintenance));
            let bound = (i128::from(entry) - sign * i128::from(margin) * i128::from(unit)) * 10_000;
            let near = u64::try_from((bound / divisor).max(1)).unwrap();
            for price in [
                near.saturating_sub(2).max(1),
                near,
                near + 1,
                near + 2,
                random.magnitude(34),
            ] {
                let expected = (i128::from(price) * divisor - bound) * sign < 0;
                let value = notional(size, price);
                let equity = equity(margin, unit, pnl(entry, value, is_long).unwrap()).unwrap();
                assert_eq!(is_below(equity, value, maintenance).unwrap(), expected);
                crossed += i32::from(expected);
            }
        }
        assert!(crossed > 10_000 && crossed < 40_000, "{crossed}");
    }

    /// POS-4: whoever was not below maintenance one price step ago has a margin that pays the whole loss and the whole reward.
    #[test]
    fn one_step_below_maintenance_pays_loss_and_reward() {
        let mut random = Random(4);
        let mut liquidated = 0;
        for _ in 0..40_000 {
            let step = 1 + random.below(u64::from(MAX_PRICE_STEP_BPS)) as u16;
            let reward_bps = random.below(u64::from(MAX_LIQUIDATION_REWARD_BPS) + 1) as u16;
            let least = u64::from(step) + (u64::from(reward_bps) * (10_000 + u64::from(step))).div_ceil(10_000);
            let maintenance = (least + random.below(300)) as u16;
            let params = Params {
                initial_margin_bps: maintenance + 1 + random.below(1_000) as u16,
                maintenance_margin_bps: maintenance,
                liquidation_reward_bps: reward_bps,
                entry_spread_bps: random.below(501) as u16,
                price_step_bps: step,
                price_step_bps_per_minute: step,
                ..params()
            };
            params.validate().unwrap();
            let unit = 10u64.pow(random.below(4) as u32);
            let (size, entered, is_long) = (random.magnitude(20), 10_000 + random.magnitude(36), random.is_true());
            let entry = entry_value(size, entered, is_long, params.entry_spread_bps).unwrap();
            let value = |price: u64| notional(size, price);
            let gain = |price: u64| pnl(entry, value(price), is_long).unwrap();
            // the smallest margin with which the position opens
            let needed = value(entered) * u128::from(params.initial_margin_bps) + gain(entered).unsigned_abs() * 10_000;
            let margin = u64::try_from(needed.div_ceil(10_000 * u128::from(unit))).unwrap();
            let sign = if is_long { -1 } else { 1 };
            // against the position, to about where liquidation begins, then one step more
            let drop = i128::from(params.initial_margin_bps - maintenance) * i128::from(random.below(13_000)) / 10_000;
            let before = u64::try_from(i128::from(entered) * (10_000 + sign * drop) / 10_000).unwrap();
            let change = i128::from(before) * i128::from(step) / 10_000;
            let after = u64::try_from(i128::from(before) + sign * change).unwrap();
            assert!(is_step_allowed(before, after, MAX_STEP_SECONDS, step, step).unwrap());
            let below = |price: u64| {
                let equity = equity(margin, unit, gain(price)).unwrap();
                is_below(equity, value(price), maintenance).unwrap()
            };
            if below(before) || !below(after) {
                continue;
            }
            liquidated += 1;
            let due = settle(gain(after), margin, unit).unwrap();
            assert_eq!(due.bad_debt, 0);
            let paid = reward(value(after), reward_bps, margin - due.loss, unit).unwrap();
            let whole = value(after) * u128::from(reward_bps) / 10_000 / u128::from(unit);
            assert_eq!(u128::from(paid), whole, "the reward is cut");
        }
        assert!(liquidated > 1_000, "{liquidated}");
    }

    /// POS-5: with a spread of at least a price step, entering before an update that one knows and leaving after it gains nothing.
    #[test]
    fn a_known_update_gains_nothing() {
        let mut random = Random(5);
        for _ in 0..20_000 {
            let step = 1 + random.below(500) as u16;
            let (size, before, is_long) = (random.magnitude(24), 1 + random.magnitude(34), random.is_true());
            let change = before / 10_000 * u64::from(step) + before % 10_000 * u64::from(step) / 10_000;
            let after = if is_long { before + change } else { before - change };
            assert!(is_step_allowed(before, after, MAX_STEP_SECONDS, step, step).unwrap());
            let entry = entry_value(size, before, is_long, step).unwrap();
            assert!(pnl(entry, notional(size, after), is_long).unwrap() <= 0);
        }
    }

    /// POS-6: a price moves at most a step at once and at most the rate for the time since the last: exact at both bounds.
    #[test]
    fn steps_and_rates_bound_the_price() {
        let mut random = Random(6);
        for _ in 0..20_000 {
            let last = random.magnitude(59);
            let (step, rate) = (1 + random.below(2_000) as u16, 1 + random.below(2_000) as u16);
            let seconds = random.magnitude(20) as i64;
            let most = |numerator: u128, denominator: u128| (u128::from(last) * numerator / denominator) as u64;
            let by_step = most(u128::from(step), 10_000);
            let by_rate = most(u128::from(rate) * seconds as u128, 600_000);
            let change = by_step.min(by_rate);
            let is_allowed = |next: u64| is_step_allowed(last, next, seconds, step, rate).unwrap();
            assert!(is_allowed(last + change) && is_allowed(last - change));
            assert!(!is_allowed(last + change + 1));
            assert!(change >= last || !is_allowed(last - change - 1));
        }
        // the smallest rule moves the smallest price, by a nano a minute
        assert!(is_step_allowed(MIN_PRICE, MIN_PRICE + 1, 60, 1, 1).unwrap());
        assert!(!is_step_allowed(MIN_PRICE - 1, MIN_PRICE, MAX_STEP_SECONDS, 1, 2_000).unwrap());
        assert!(is_step_allowed(MAX_PRICE, MAX_PRICE, i64::MAX, 2_000, 2_000).unwrap());
        assert!(is_step_allowed(MAX_PRICE, 1, -1, 2_000, 2_000).is_err());
    }

    /// POS-7: whatever is open can be valued, settled and liquidated at every price: nothing overflows within the bounds.
    #[test]
    fn nothing_overflows_within_the_bounds() {
        for size in [1, MAX_OPEN_INTEREST] {
            for price in [1, MAX_PRICE] {
                for entry in [0, 1, u64::MAX] {
                    for is_long in [true, false] {
                        for unit in [1, 10, 1_000_000_000] {
                            let value = notional(size, price);
                            let gain = pnl(entry, value, is_long).unwrap();
                            for margin in [0, 1, u64::MAX] {
                                is_below(equity(margin, unit, gain).unwrap(), value, BPS).unwrap();
                                let due = settle(gain, margin, unit).unwrap();
                                reward(value, MAX_LIQUIDATION_REWARD_BPS, margin - due.loss, unit).unwrap();
                            }
                        }
                    }
                }
            }
        }
        assert!(entry_value(MAX_OPEN_INTEREST, MAX_PRICE, true, 0).is_err());
        assert_eq!(nano_per_unit(9).unwrap(), 1);
        assert_eq!(nano_per_unit(0).unwrap(), 1_000_000_000);
        assert!(nano_per_unit(10).is_err());
    }

    /// POS-8: the house's part does not depend on the reward, which comes out of what is left: liquidating oneself gains nothing.
    #[test]
    fn the_house_is_paid_before_the_liquidator() {
        let mut random = Random(8);
        for _ in 0..10_000 {
            let (margin, loss) = (random.magnitude(40), random.magnitude(42));
            let due = settle(-i128::from(loss), margin, 1).unwrap();
            assert_eq!(due.loss, loss.min(margin));
            let paid = reward(
                u128::from(random.magnitude(60)),
                random.below(501) as u16,
                margin - due.loss,
                1,
            )
            .unwrap();
            assert!(due.loss + paid <= margin);
        }
    }
}
