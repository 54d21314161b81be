//! What our programs compute with: their own functions, and the kinds of arithmetic that they are made of.
use anchor_lang::prelude::Result;
use collateral_vault::{bucket::Bucket, error::VaultError, math, state::Limits};
use position_manager::math as position;

use crate::io::{In, Out};

/// The number of an error, so that both sides must fail alike.
fn code<T>(result: &Result<T>) -> u64 {
    match result {
        Ok(_) => 0,
        Err(anchor_lang::error::Error::AnchorError(error)) => u64::from(error.error_code_number),
        Err(anchor_lang::error::Error::ProgramError(error)) => u64::from(error.program_error.clone()),
    }
}

fn record(o: &mut Out, bucket: &Bucket) {
    o.u64(bucket.level).u64(bucket.remainder).i64(bucket.updated_at);
}

/// A day in the life of a bucket: refills, withdrawals and lowered limits.
pub fn bucket(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let (mut capacity, refill_per_day) = (n.u64(0) >> (n.u8(30) & 63), n.u64(8) >> (n.u8(31) & 63));
    let mut now = i64::from(n.u32(16));
    let mut bucket = Bucket {
        level: 0,
        remainder: 0,
        updated_at: now,
    };
    for step in 0..12usize {
        now = now.wrapping_add(i64::from(n.u16(step)) * 3);
        o.u64(code(&bucket.refill(now, capacity, refill_per_day)));
        record(&mut o, &bucket);
        o.u64(code(&bucket.take(bucket.level >> (n.u8(step + 12) & 7))));
        o.u64(code(&bucket.take(n.u64(step + 4))));
        record(&mut o, &bucket);
        if n.u8(step) & 3 == 0 {
            capacity = capacity / 3 * 2;
            bucket.cut(capacity);
            record(&mut o, &bucket);
        }
    }
    o.done()
}

/// One refill between any two points in time, at any limits: overflows included.
pub fn bucket_step(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let mut bucket = Bucket {
        level: n.u64(0),
        remainder: n.u64(4) % 86_400,
        updated_at: n.u64(8) as i64,
    };
    o.u64(code(&bucket.refill(n.u64(16) as i64, n.u64(24), n.u64(20))));
    record(&mut o, &bucket);
    o.u64(code(&bucket.take(n.u64(1))));
    record(&mut o, &bucket);
    o.done()
}

pub fn vault_math(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let mut all = |result: Result<u64>| {
        o.u64(code(&result)).u64(result.unwrap_or(7));
    };
    let (a, b) = (n.u64(0), n.u64(8));
    all(math::add(a, b));
    all(math::sub(a, b, VaultError::DailyLimit));
    all(math::sub(b, a, VaultError::Overflow));
    all(math::after(n.u64(16) as i64, n.u64(24) as i64).map(|v| v as u64));
    all(math::increment(n.u32(20)).map(u64::from));
    all(math::decrement(n.u32(28) >> (n.u8(3) & 31)).map(u64::from));
    o.done()
}

pub fn limits(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let a = Limits {
        per_transaction: n.u64(0),
        capacity: n.u64(8),
        refill_per_day: n.u64(16),
    };
    let b = Limits {
        per_transaction: n.u64(8),
        capacity: n.u64(24),
        ..a
    };
    for (a, b) in [(a, b), (b, a), (a, a)] {
        o.u64(code(&a.validate())).u64(u64::from(a.is_at_most(&b)));
    }
    o.u64(a.per_transaction ^ b.capacity);
    o.done()
}

/// A market as the position manager computes it, at amounts that mostly fit.
pub fn margin(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let bps = |i: usize| n.u16(i) % 10_001;
    market(
        n.u64(0) >> (24 + (n.u8(28) & 31)),
        n.u64(8) >> (24 + (n.u8(29) & 31)),
        n.u64(16) >> (24 + (n.u8(30) & 31)),
        [bps(20), bps(22), bps(24)],
        n.u8(31) % 11,
        n.u8(27) & 1 == 0,
    )
}

/// The same at any amounts: overflows included.
pub fn margin_edges(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    market(
        n.u64(0),
        n.u64(8),
        n.u64(16),
        [n.u16(24), n.u16(26), n.u16(28)],
        n.u8(30),
        n.u8(31) & 1 == 0,
    )
}

fn market(size: u64, price: u64, margin: u64, bps: [u16; 3], decimals: u8, is_long: bool) -> [u8; 32] {
    let mut o = Out::new();
    let unit = position::nano_per_unit(decimals);
    o.u64(code(&unit));
    let unit = unit.unwrap_or(1);
    let later = price.wrapping_add(margin >> 9);
    let notional = position::notional(size, later);
    let entry = position::entry_value(size, price, is_long, bps[0]);
    o.u128(notional).u64(code(&entry));
    let entry = entry.unwrap_or(price);
    for part in [size, size / 3, size.wrapping_mul(5)] {
        let value = position::entry_part(entry, part, size, is_long);
        o.u64(code(&value)).u64(value.unwrap_or(4));
    }
    let pnl = position::pnl(entry, notional, is_long);
    o.u64(code(&pnl));
    let pnl = pnl.unwrap_or(-1);
    let equity = position::equity(margin, unit, pnl);
    o.u128(pnl as u128).u64(code(&equity)).u128(equity.unwrap_or(5) as u128);
    for (equity, bps) in [(pnl, bps[1]), (i128::from(margin), bps[2])] {
        let below = position::is_below(equity, notional, bps);
        o.u64(code(&below)).u64(u64::from(below.unwrap_or(true)));
    }
    let settled = position::settle(pnl, margin, unit);
    o.u64(code(&settled));
    if let Ok(settled) = settled {
        o.u64(settled.loss).u64(settled.bad_debt).u64(settled.profit);
    }
    let reward = position::reward(notional, bps[2], margin, unit);
    o.u64(code(&reward)).u64(reward.unwrap_or(6));
    let allowed = position::is_step_allowed(price, later, i64::from(bps[0]) - 9, bps[1], bps[2]);
    o.u64(code(&allowed)).u64(u64::from(allowed.unwrap_or(false)));
    o.done()
}

/// Signed fixed-point arithmetic of a market: (exit - entry) * size / scale, rounded towards either side, capped by what is there.
pub fn profit_and_loss(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let (entry, exit) = (i128::from(n.u64(0)), i128::from(n.u64(8)));
    let (size, collateral) = (i128::from(n.u64(16) as i64), n.u64(24));
    for scale in [1i128, 1_000_000, 1_000_000_000, i128::from(n.u32(4)).max(1)] {
        let product = (exit - entry).checked_mul(size);
        o.u64(u64::from(product.is_some()));
        let Some(product) = product else { continue };
        let (towards_zero, down) = (product / scale, product.div_euclid(scale));
        let up = down + i128::from(product.rem_euclid(scale) != 0);
        for value in [towards_zero, down, up] {
            let paid = u64::try_from(value.unsigned_abs()).unwrap_or(u64::MAX).min(collateral);
            o.u128(value as u128)
                .u64(paid)
                .i64(value.signum() as i64)
                .u64(u64::try_from(value).unwrap_or(1))
                .i64(i64::try_from(value).unwrap_or(2));
        }
        // basis points of u64 amounts, and proportional shares rounded either way
        let bps = u128::from(collateral) * u128::from(n.u16(6) % 10_001);
        o.u128(bps / 10_000).u128(bps.div_ceil(10_000));
        let share = u128::from(collateral)
            .checked_mul(value_of(entry))
            .map(|v| v / (value_of(exit) + 1));
        o.u128(share.unwrap_or(3));
    }
    o.done()
}

fn value_of(price: i128) -> u128 {
    price.unsigned_abs()
}

/// Stable and unstable sorts of short and long lists of small and wide items: the stable one has a buffer on the stack.
pub fn sorts(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let mut state = n.u64(0) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for length in [2usize, 11, 21, usize::from(n.u8(9)) % 90] {
        let keys: Vec<[u8; 32]> = (0..length)
            .map(|i| std::array::from_fn(|k| x[(i + k) & 31] ^ (next() >> 40) as u8))
            .collect();
        let mut numbers: Vec<u64> = (0..length).map(|_| next() >> (next() & 63)).collect();
        let mut stable: Vec<(u8, [u8; 32])> = keys.iter().map(|key| (key[3] & 7, *key)).collect();
        let mut unstable = keys;
        stable.sort_by_key(|(group, _)| *group);
        unstable.sort_unstable();
        numbers.sort();
        o.bytes(&stable.iter().flat_map(|(_, key)| *key).collect::<Vec<u8>>());
        o.bytes(&unstable.concat());
        numbers.iter().for_each(|v| {
            o.u64(*v);
        });
        numbers.dedup_by_key(|v| *v & 15);
        o.u64(numbers.len() as u64)
            .u64(numbers.binary_search(&n.u64(8)).unwrap_or_else(|at| at) as u64);
    }
    o.done()
}
