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
