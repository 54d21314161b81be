//! Floats: all of them library calls. Our programs have none; the standard library does.
use crate::io::{In, Out};

pub fn floats(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let (a, b) = (f64::from_bits(n.u64(0)), f64::from_bits(n.u64(8)));
    let (c, d) = (n.u32(16) as f64 / 1000.0, n.u32(20) as i32 as f64 * 0.001);
    for (p, q) in [(a, b), (c, d), (a, c), (1.0 / 3.0, d)] {
        o.f64(p + q).f64(p - q).f64(p * q).f64(p / q).f64(-p).f64(p.abs());
        o.u64(u64::from(p < q)).u64(u64::from(p == q)).u64(u64::from(p >= q));
    }
    let (e, f) = (f32::from_bits(n.u32(24)), f32::from_bits(n.u32(28)));
    o.f32(e + f).f32(e - f).f32(e * f).f32(e / f).u64(u64::from(e < f));
    o.done()
}

pub fn float_convert(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let a = f64::from_bits(n.u64(0));
    o.i64(a as i64)
        .u64(a as u64)
        .i64(i64::from(a as i32))
        .u64(u64::from(a as u8))
        .u128(a as u128)
        .u128(a as i128 as u128);
    o.f32(a as f32).f64(f64::from(f32::from_bits(n.u32(8))));
    o.f64(n.u64(8) as f64)
        .f64(n.u64(8) as i64 as f64)
        .f32(n.u64(8) as f32)
        .f64(n.u128(8) as f64)
        .f64(n.u32(9) as i32 as f64);
    let m = n.u32(12) as f64 / 7.0;
    o.bytes(format!("{m:.3} {m:e}").as_bytes());
    o.done()
}

/// One float operation per input, its bits returned as they are: names the culprit.
pub fn float_raw(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let (a, b) = (f64::from_bits(n.u64(0)), f64::from_bits(n.u64(8)));
    let (c, d) = (f32::from_bits(n.u32(0)), f32::from_bits(n.u32(8)));
    let op = n.u8(31) % 24;
    let float = match op {
        0 => a + b,
        1 => a - b,
        2 => a * b,
        3 => a / b,
        9 => n.u64(8) as f64,
        10 => n.u64(8) as i64 as f64,
        11 => n.u128(0) as f64,
        12 => n.u128(0) as i128 as f64,
        13 => n.u32(8) as f64,
        14 => n.u32(8) as i32 as f64,
        16 => -a.abs(),
        _ => 0.0,
    };
    let bits = |v: f32| if v.is_nan() { 0 } else { u128::from(v.to_bits()) };
    let int = match op {
        4 => bits(c + d),
        5 => bits(c - d),
        6 => bits(c * d),
        7 => bits(c / d),
        8 => bits(a as f32),
        15 => bits(n.u64(8) as f32) | bits(n.u64(8) as i64 as f32) << 64,
        17 => u128::from(a < b) | u128::from(a == b) << 1 | u128::from(a >= b) << 2 | u128::from(a != b) << 3,
        18 => u128::from(c < d) | u128::from(c == d) << 1 | u128::from(c >= d) << 2 | u128::from(c != d) << 3,
        19 => a as u64 as u128,
        20 => a as i64 as u128,
        21 => a as u128,
        22 => a as i128 as u128,
        23 => a as i32 as u128,
        _ => 0,
    };
    let mut r = [0u8; 32];
    r[0] = op;
    r[8..16].copy_from_slice(&(if float.is_nan() { 0 } else { float.to_bits() }).to_le_bytes());
    r[16..].copy_from_slice(&int.to_le_bytes());
    r
}
