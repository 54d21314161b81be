//! Copies, collections and read-only data with addresses in it.
use crate::calls::seven;
use crate::io::{In, Out};
use std::{
    collections::{BTreeMap, HashMap},
    hint::black_box,
};

pub fn collections(x: &[u8; 32]) -> [u8; 32] {
    let mut o = Out::new();
    let mut v: Vec<u16> = x.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    v.sort_unstable();
    v.dedup_by_key(|k| *k >> 9);
    v.iter().for_each(|k| {
        o.u64(u64::from(*k));
    });
    let mut tree = BTreeMap::new();
    for (i, b) in x.iter().enumerate() {
        tree.entry(b % 13).or_insert_with(Vec::new).push(i as u32);
    }
    tree.remove(&(x[0] % 13));
    for (k, list) in &tree {
        o.u64(u64::from(*k)).u64(list.iter().map(|v| u64::from(*v)).sum());
    }
    let mut map: HashMap<u8, String> = HashMap::new();
    for b in x {
        map.entry(b & 15).or_default().push(char::from(b'a' + (b >> 4)));
    }
    let mut keys: Vec<_> = map.into_iter().collect();
    keys.sort();
    for (k, s) in keys {
        o.u64(k.into()).bytes(s.as_bytes());
    }
    let mut w: Vec<(u8, usize)> = x.iter().copied().zip(0..).collect();
    w.sort_by_key(|p| p.0 & 7);
    o.bytes(&w.iter().map(|p| p.1 as u8).collect::<Vec<_>>());
    o.u64(x.binary_search(&x[7]).unwrap_or_else(|e| e) as u64);
    o.done()
}

pub fn memory(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let mut buf = vec![0u8; 700];
    let (from, to, len) = (usize::from(n.u8(0)), usize::from(n.u8(1)), usize::from(n.u16(2)) % 400);
    for (i, b) in buf.iter_mut().enumerate() {
        *b = x[i & 31].wrapping_add(i as u8);
    }
    buf.copy_within(from..from + len, to);
    let (l, r) = buf.split_at_mut(300);
    let k = usize::from(n.u8(4)) % 200;
    l[k..k + 90].copy_from_slice(&r[k..k + 90]);
    l[..len.min(300)].fill(n.u8(5));
    o.u64((l[10..10 + k / 2].cmp(&r[7..7 + k / 2]) as i8) as u64);
    o.u64(u64::from(l[k..k + 90] == r[k..k + 90]));
    let mut tail = [0u8; 67];
    tail.clone_from_slice(&buf[k + 1..k + 68]);
    o.bytes(&buf).bytes(&tail);
    let copy = buf.clone();
    o.u64(u64::from(copy == buf))
        .u64(copy.iter().rev().map(|b| u64::from(*b)).sum());
    o.done()
}

struct Row {
    name: &'static str,
    marks: &'static [&'static [u8]],
    op: fn(u64, u64) -> u64,
}

static ROWS: [Row; 4] = [
    Row {
        name: "add",
        marks: &[b"a", b"ab", b""],
        op: |a, b| a.wrapping_add(b),
    },
    Row {
        name: "xor",
        marks: &[b"xyz"],
        op: |a, b| a ^ b,
    },
    Row {
        name: "mul",
        marks: &[],
        op: |a, b| a.wrapping_mul(b),
    },
    Row {
        name: "seven",
        marks: &[b"7", b"77"],
        op: |a, b| seven(a, b, a, b, a, b, a),
    },
];

pub fn static_tables(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    for i in 0..8usize {
        let row = &black_box(&ROWS)[usize::from(n.u8(i)) & 3];
        o.bytes(row.name.as_bytes()).u64((row.op)(n.u64(i), n.u64(i + 8)));
        row.marks.iter().for_each(|m| {
            o.bytes(m);
        });
    }
    o.done()
}
