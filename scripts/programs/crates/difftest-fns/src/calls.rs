//! Arguments beyond the five registers, wide results, calls through pointers, branches through tables.
use crate::io::{In, Out};
use std::{cell::RefCell, hint::black_box, rc::Rc};

#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn nine(a: u64, b: u32, c: i16, d: u64, e: u8, f: i64, g: u128, h: &[u8], i: u64) -> u64 {
    let mut o = Out::new();
    o.u64(a)
        .u64(b.into())
        .i64(c.into())
        .u64(d)
        .u64(e.into())
        .i64(f)
        .u128(g)
        .bytes(h)
        .u64(i);
    // a call from inside, so that incoming and outgoing stack arguments meet
    let r = seven(i, d, f as u64, a, b.into(), (g >> 64) as u64, h.len() as u64);
    o.u64(r).u64(a).u64(i).i64(f);
    black_box(o.0[1] ^ o.0[2])
}

#[inline(never)]
pub fn seven(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64) -> u64 {
    let k = black_box([a, b, c, d, e, f, g]);
    k.iter()
        .enumerate()
        .fold(0, |s: u64, (i, v)| s.rotate_left(7) ^ v.wrapping_mul(i as u64 + 3))
}

pub fn many_args(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    for k in 0..3u64 {
        o.u64(nine(
            n.u64(0) ^ k,
            n.u32(8),
            n.u16(12) as i16,
            n.u64(14),
            n.u8(22),
            n.u64(23) as i64,
            n.u128(3),
            &x[..17],
            n.u64(24),
        ));
    }
    o.u64(seven(
        n.u64(0),
        n.u64(1),
        n.u64(2),
        n.u64(3),
        n.u64(4),
        n.u64(5),
        n.u64(6),
    ));
    o.done()
}

trait Mix {
    #[allow(clippy::too_many_arguments)]
    fn mix(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> (u64, u64, u64);
}

struct MixA(u64);

struct MixB(Vec<u64>);

impl Mix for MixA {
    fn mix(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> (u64, u64, u64) {
        (
            self.0 ^ a ^ g.rotate_left(3),
            b.wrapping_mul(f) ^ h,
            c.wrapping_sub(d) ^ e,
        )
    }
}

impl Mix for MixB {
    fn mix(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> (u64, u64, u64) {
        let s = self.0.iter().fold(a, |s, v| s.rotate_left(5) ^ v);
        (s ^ seven(h, g, f, e, d, c, b), h, g)
    }
}

pub fn many_args_indirect(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let list: [Box<dyn Mix>; 2] = [Box::new(MixA(n.u64(0))), Box::new(MixB(vec![n.u64(4), n.u64(8)]))];
    let f: [fn(u64, u64, u64, u64, u64, u64, u64) -> u64; 2] =
        [seven, |a, b, c, d, e, f, g| a ^ b ^ c ^ d ^ e.wrapping_sub(f) ^ g];
    let mut o = Out::new();
    for i in 0..4usize {
        let m = &black_box(&list)[(usize::from(n.u8(i)) & 1) ^ (i & 1)];
        let (a, b, c) = m.mix(
            n.u64(1),
            n.u64(2),
            n.u64(3),
            n.u64(5),
            n.u64(6),
            n.u64(7),
            n.u64(9),
            n.u64(10),
        );
        o.u64(a).u64(b).u64(c);
        o.u64(black_box(f)[i & 1](a, b, c, n.u64(11), n.u64(12), n.u64(13), n.u64(14)));
    }
    o.done()
}

#[derive(Clone, Debug, PartialEq)]
pub struct Wide {
    a: u64,
    b: [u32; 9],
    c: Option<u128>,
    d: i8,
}

#[inline(never)]
pub fn wide(n: &In) -> Wide {
    Wide {
        a: n.u64(0),
        b: std::array::from_fn(|i| n.u32(i)),
        c: (n.u8(9) & 1 == 1).then(|| n.u128(10)),
        d: n.u8(30) as i8,
    }
}

#[inline(never)]
fn pair(n: &In) -> (u64, u64) {
    (n.u64(3), n.u64(9))
}

#[inline(never)]
fn outcome(n: &In) -> Result<(u64, u16, u8), String> {
    if n.u8(0) > 127 {
        Ok((n.u64(1), n.u16(9), n.u8(11)))
    } else {
        Err(format!("bad {}", n.u8(0)))
    }
}

#[inline(never)]
fn long(n: &In, k: u128) -> u128 {
    n.u128(5).wrapping_add(k)
}

pub fn wide_returns(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let w = black_box(wide)(&n);
    o.u64(w.a)
        .u128(w.c.unwrap_or(5))
        .i64(w.d.into())
        .u64(u64::from(w.clone() == w));
    w.b.iter().for_each(|v| {
        o.u64(u64::from(*v));
    });
    let (a, b) = black_box(pair)(&n);
    o.u64(a).u64(b).u128(black_box(long)(&n, u128::MAX - 3));
    match black_box(outcome)(&n) {
        Ok((a, b, c)) => o.u64(a).u64(b.into()).u64(c.into()),
        Err(e) => o.bytes(e.as_bytes()),
    };
    o.done()
}

#[inline(never)]
fn ackermannish(n: u64, m: u64, depth: u32) -> u64 {
    if depth == 0 || n == 0 {
        return m.rotate_left(n as u32 & 63);
    }
    let pad = black_box([n, m, u64::from(depth), n ^ m]);
    let k = ackermannish(n - 1, m.wrapping_mul(31) ^ pad[2], depth - 1);
    pad[0].wrapping_add(pad[3]) ^ k ^ pad[1]
}

pub fn recursion(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    o.u64(ackermannish(u64::from(n.u8(0) & 31), n.u64(1), 30))
        .u64(ackermannish(n.u64(9), n.u64(17), 12));
    o.done()
}

pub fn jump_table(x: &[u8; 32]) -> [u8; 32] {
    let mut o = Out::new();
    let mut acc = 1u64;
    for b in x {
        acc = match b & 15 {
            0 => acc + 1,
            1 => acc.wrapping_mul(3),
            2 => acc ^ 0xff,
            3 => acc.rotate_left(9),
            4 => acc.wrapping_sub(u64::from(*b)),
            5 => !acc,
            6 => acc.swap_bytes(),
            7 => acc >> 1,
            8 => acc << 1,
            9 => acc.wrapping_add(0x1_0000_0001),
            10 => acc / 3,
            11 => acc % 1_000_003,
            12 => acc.count_ones().into(),
            13 => acc.wrapping_pow(2),
            14 => acc | 0xf0f0,
            _ => acc & 0x7fff_ffff_ffff,
        };
        let name = match acc & 7 {
            0 => "zero",
            1 => "one",
            2 => "two",
            3 => "three",
            4 => "four",
            _ => "many",
        };
        o.u64(acc).bytes(name.as_bytes());
        acc &= u64::MAX >> 1;
    }
    o.done()
}

trait Shape {
    fn area(&self) -> u64;
    fn name(&self) -> &'static str {
        "shape"
    }
}

struct Square(u32);

struct Rect(u16, u32);

impl Shape for Square {
    fn area(&self) -> u64 {
        u64::from(self.0).wrapping_mul(u64::from(self.0))
    }
}

impl Shape for Rect {
    fn area(&self) -> u64 {
        u64::from(self.0) * u64::from(self.1)
    }
    fn name(&self) -> &'static str {
        "rect"
    }
}

pub fn dyn_and_rc(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let log = Rc::new(RefCell::new(Vec::new()));
    let shapes: Vec<Box<dyn Shape>> = (0..6usize)
        .map(|i| {
            if n.u8(i) & 1 == 0 {
                Box::new(Square(n.u32(i))) as Box<dyn Shape>
            } else {
                Box::new(Rect(n.u16(i), n.u32(i + 2)))
            }
        })
        .collect();
    let keep = Rc::clone(&log);
    let note: Box<dyn Fn(u64)> = Box::new(move |v| keep.borrow_mut().push(v));
    for s in &shapes {
        note(s.area());
        o.bytes(s.name().as_bytes());
    }
    log.borrow().iter().for_each(|v| {
        o.u64(*v);
    });
    let count = std::sync::atomic::AtomicU64::new(n.u64(8));
    count.fetch_add(n.u64(16), std::sync::atomic::Ordering::SeqCst);
    let swap = count.compare_exchange(
        1,
        2,
        std::sync::atomic::Ordering::SeqCst,
        std::sync::atomic::Ordering::SeqCst,
    );
    o.u64(swap.unwrap_or_else(|v| v)).u64(Rc::strong_count(&log) as u64);
    o.done()
}
