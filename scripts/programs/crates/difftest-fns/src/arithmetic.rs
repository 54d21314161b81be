//! Integers of every width, which the BPF backend does by instructions, by library calls or not at all.
use crate::io::{In, Out};
use std::hint::black_box;

pub fn u128_muldiv(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let (a, b, c) = (x.u128(0), x.u128(16), u128::from(x.u64(8)));
    let mut o = Out::new();
    for d in [b, c, u128::from(x.u32(3)), u128::from(x.u8(5)), b >> (x.u8(1) & 127)] {
        o.u128(a.wrapping_mul(d));
        if d != 0 {
            o.u128(a / d).u128(a % d);
        }
    }
    o.done()
}

pub fn i128_muldiv(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let (a, b) = (x.u128(0) as i128, x.u128(16) as i128);
    let mut o = Out::new();
    for d in [
        b,
        b >> (x.u8(1) & 127),
        i128::from(x.u64(8) as i64),
        i128::from(x.u8(5) as i8),
        -1,
    ] {
        o.u128(a.wrapping_mul(d) as u128);
        if d != 0 {
            o.u128(a.wrapping_div(d) as u128).u128(a.wrapping_rem(d) as u128);
            o.u128(a.wrapping_div_euclid(d) as u128)
                .u128(a.wrapping_rem_euclid(d) as u128);
        }
    }
    o.done()
}

pub fn i64_div(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let a = x.u64(0) as i64;
    let mut o = Out::new();
    for d in [
        x.u64(8) as i64,
        x.u64(8) as i64 >> (x.u8(1) & 63),
        i64::from(x.u8(17) as i8),
        -1,
        86_400,
        10,
        -7,
        i64::MIN,
    ] {
        if d != 0 {
            o.i64(a.wrapping_div(d)).i64(a.wrapping_rem(d));
            o.i64(a.wrapping_div_euclid(d)).i64(a.wrapping_rem_euclid(d));
        }
    }
    o.i64(a / 86_400).i64(a % 86_400).i64(a / -8).i64(a >> 3);
    o.done()
}

pub fn small_int_div(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let mut o = Out::new();
    let (a, b) = (x.u32(0) as i32, x.u32(4) as i32);
    let (c, d) = (x.u16(8) as i16, x.u16(10) as i16);
    let (e, f) = (x.u8(12) as i8, x.u8(13) as i8);
    if b != 0 {
        o.i64(i64::from(a.wrapping_div(b))).i64(i64::from(a.wrapping_rem(b)));
        o.u64(u64::from(a as u32 / b as u32))
            .u64(u64::from(a as u32 % b as u32));
    }
    if d != 0 {
        o.i64(i64::from(c.wrapping_div(d))).i64(i64::from(c.wrapping_rem(d)));
        o.u64(u64::from(c as u16 / d as u16));
    }
    if f != 0 {
        o.i64(i64::from(e.wrapping_div(f))).i64(i64::from(e.wrapping_rem(f)));
        o.u64(u64::from(e as u8 % f as u8));
    }
    o.i64(i64::from(a / 1000)).i64(i64::from(c % 7)).i64(i64::from(e / 3));
    o.done()
}

pub fn u64_bits(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let (a, b, s) = (x.u64(0), x.u64(8), u32::from(x.u8(16)));
    let mut o = Out::new();
    o.u64(a.wrapping_shl(s))
        .u64(a.wrapping_shr(s))
        .i64((a as i64).wrapping_shr(s))
        .u64(a.rotate_left(s & 63));
    o.u64(a.leading_zeros().into())
        .u64(a.trailing_zeros().into())
        .u64(a.count_ones().into());
    o.u64(a.swap_bytes())
        .u64(a.reverse_bits())
        .u64(a.saturating_add(b))
        .u64(a.saturating_sub(b));
    o.u64(a.abs_diff(b))
        .u64(u64::from(a < b))
        .u64(u64::from((a as i64) < (b as i64)));
    o.u64(((u128::from(a) * u128::from(b)) >> 64) as u64)
        .u64(a.min(b) ^ a.max(b));
    if b != 0 {
        o.u64(a / b).u64(a % b).u64(a.div_ceil(b));
    }
    o.done()
}

pub fn u32_bits(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let (a, b, s) = (x.u32(0), x.u32(4), u32::from(x.u8(16)));
    let mut o = Out::new();
    let mut add = |v: u32| {
        o.u64(u64::from(v)).i64(i64::from(v as i32));
    };
    add(a.wrapping_add(b));
    add(a.wrapping_sub(b));
    add(a.wrapping_mul(b));
    add(a.wrapping_shl(s));
    add(a.wrapping_shr(s));
    add((a as i32).wrapping_shr(s) as u32);
    add(a.rotate_left(s & 31));
    add(a.leading_zeros());
    add(a.trailing_zeros());
    add(a.count_ones());
    add(a.swap_bytes());
    add(!a);
    add((a as i32).wrapping_neg() as u32);
    add((a as i32).wrapping_abs() as u32);
    add(u32::from((a as i32) < (b as i32)));
    add((a as i32).saturating_add(b as i32) as u32);
    add(u32::from((a as u16).swap_bytes()).wrapping_add(u32::from(b as u8)));
    // a small compression round, as in SHA-256
    let mut w = [a, b, x.u32(8), x.u32(12), x.u32(20), x.u32(24), s, 7];
    for i in 0..32usize {
        let t = w[7]
            .wrapping_add(w[4].rotate_right(6) ^ w[4].rotate_right(11))
            .wrapping_add((w[4] & w[5]) ^ (!w[4] & w[6]))
            .wrapping_add((i as u32).wrapping_mul(0x428a_2f98));
        w.rotate_right(1);
        w[0] = t;
        w[4] = w[4].wrapping_add(t);
    }
    w.iter().for_each(|v| add(*v));
    o.done()
}

pub fn shift128(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let (a, b, s) = (x.u128(0), x.u128(16), u32::from(x.u8(16)) & 127);
    let mut o = Out::new();
    o.u128(a << s)
        .u128(a >> s)
        .u128(((a as i128) >> s) as u128)
        .u128(a.rotate_left(s));
    o.u64(a.leading_zeros().into())
        .u64(a.trailing_zeros().into())
        .u64(a.count_ones().into());
    o.u128(a.wrapping_add(b))
        .u128(a.wrapping_sub(b))
        .u128(a.swap_bytes())
        .u128(a & b)
        .u128(a ^ b);
    o.u64(u64::from(a < b))
        .u64(u64::from((a as i128) < (b as i128)))
        .u64(u64::from(a == b));
    o.done()
}

pub fn checked(x: &[u8; 32]) -> [u8; 32] {
    let x = In(x);
    let mut o = Out::new();
    let (a, b) = (x.u128(0) >> (x.u8(30) & 127), x.u128(16) >> (x.u8(31) & 127));
    let mut opt = |v: Option<u128>| {
        o.u128(v.unwrap_or(0xdead)).u64(u64::from(v.is_some()));
    };
    opt(a.checked_mul(b));
    opt(a.checked_add(b));
    opt(a.checked_sub(b));
    opt(a.checked_div(b));
    opt(a.checked_pow(3));
    opt((a as i128).checked_mul(b as i128).map(|v| v as u128));
    opt((a as i128).checked_div(b as i128).map(|v| v as u128));
    let (c, d) = (a as u64, b as u64);
    opt(c.checked_mul(d).map(u128::from));
    opt(c.checked_sub(d).map(u128::from));
    opt(c.checked_add(d).map(u128::from));
    opt((c as i64).checked_mul(d as i64).map(|v| v as u128));
    opt((c as i64).checked_sub(d as i64).map(|v| v as u128));
    opt((c as i64).checked_neg().map(|v| v as u128));
    opt((c as u32).checked_mul(d as u32).map(u128::from));
    opt((c as i32).checked_mul(d as i32).map(|v| v as u128));
    opt((c as u8).checked_add(d as u8).map(u128::from));
    let (p, f) = (c as i64).overflowing_mul(d as i64);
    opt(f.then_some(p as u128));
    opt(u64::try_from(a).ok().map(u128::from));
    opt(i32::try_from(c as i64).ok().map(|v| v as u128));
    o.done()
}

pub fn sign_extend(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let words: [i32; 6] = black_box(std::array::from_fn(|i| n.u32(i * 4) as i32));
    let halves: [i16; 6] = black_box(std::array::from_fn(|i| n.u16(i * 3) as i16));
    let bytes: [i8; 6] = black_box(std::array::from_fn(|i| n.u8(i * 5) as i8));
    for i in 0..6usize {
        o.i64(i64::from(words[i]))
            .i64(i64::from(halves[i]))
            .i64(i64::from(bytes[i]));
        o.u64(u64::from(words[i] as u32))
            .u64(u64::from(halves[i] as u16))
            .u64(bytes[i] as u64);
        o.i64(i64::from(words[i] >> 5))
            .i64(i64::from(halves[i] as i32 * i32::from(bytes[i])));
        o.u64(u64::from(words[i] < i32::from(halves[i])))
            .u64(u64::from(words[i].unsigned_abs()))
            .u64(u64::from(halves[i] as i8 == bytes[i]));
        o.i64(i64::from(words[i].signum()) + i64::from(bytes[i].wrapping_shl(3)))
            .u128(i128::from(words[i]) as u128);
        let slot = usize::from(bytes[i] as u8) & 3;
        o.i64(i64::from(black_box(&words)[slot] as i16));
    }
    o.done()
}

pub fn powers(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let (a, e) = (n.u64(0) >> (n.u8(8) & 63), u32::from(n.u8(9) & 31));
    o.u64(a.wrapping_pow(e))
        .u64(a.checked_pow(e).unwrap_or(1))
        .u64(a.saturating_pow(e))
        .u64(a.isqrt());
    o.u64(a.checked_ilog2().unwrap_or(99).into())
        .u64(a.checked_ilog10().unwrap_or(99).into());
    o.u128(n.u128(10).isqrt())
        .u128(u128::from(a).pow(1))
        .i64((a as i32 as i64).pow(2));
    o.u64(u64::from(a.is_power_of_two()))
        .u64(a.checked_next_power_of_two().unwrap_or(0));
    // fixed-point compound interest, as a lending program does it
    let mut index = 1_000_000_000_000_000_000u128;
    for _ in 0..(n.u8(20) & 15) {
        index = index * (1_000_000_000 + u128::from(n.u32(21))) / 1_000_000_000;
    }
    o.u128(index);
    o.done()
}

/// Remainders without the quotient beside them, which LLVM would use to compute them.
pub fn remainders(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let (a, b) = (n.u128(0), n.u128(16) >> (n.u8(30) & 127) | 1);
    o.u128(a % b)
        .u128(((a.rotate_left(9) as i128) % (b.rotate_left(5) as i128 | 1)) as u128)
        .u128((a.swap_bytes() as i128).rem_euclid(b as i128 >> 3 | 1) as u128);
    let (c, d) = (n.u64(0), n.u64(8) >> (n.u8(31) & 63) | 1);
    o.u64(c % d)
        .i64((c.rotate_left(9) as i64).wrapping_rem(d.rotate_left(5) as i64 | 1))
        .i64((c.swap_bytes() as i64).wrapping_rem_euclid(d as i64 >> 3 | 1));
    let (e, f) = (n.u32(4), n.u32(20) >> (n.u8(29) & 31) | 1);
    o.u64(u64::from(e % f))
        .i64(i64::from(
            (e.rotate_left(9) as i32).wrapping_rem(f.rotate_left(5) as i32 | 1),
        ))
        .i64(i64::from((e as i8).wrapping_rem(f as i8 | 1)));
    o.done()
}
