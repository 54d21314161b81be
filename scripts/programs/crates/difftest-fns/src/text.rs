//! Formatting, parsing and Unicode.
use crate::calls::wide;
use crate::io::{In, Out};

pub fn format_case(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let s = format!(
        "{}|{:x}|{:>12}|{:08b}|{:?}|{:+}",
        n.u64(0),
        n.u128(8),
        n.u16(3),
        n.u8(4),
        (n.u8(5), Some(n.u32(6) as i32)),
        n.u64(9) as i64
    );
    o.bytes(s.as_bytes());
    o.bytes(format!("{:#?}", wide(&n)).as_bytes());
    o.bytes(format!("{} {}", n.u128(2) as i128, n.u128(16)).as_bytes());
    o.done()
}

pub fn parse_case(x: &[u8; 32]) -> [u8; 32] {
    let n = In(x);
    let mut o = Out::new();
    let s = n.u128(0).to_string();
    o.u128(s.parse::<u128>().unwrap_or(1))
        .u64(s.parse::<u64>().unwrap_or(2));
    let t = (n.u64(16) as i64).to_string();
    o.i64(t.parse().unwrap_or(3))
        .i64(i64::from(t[..t.len().min(9)].parse::<i32>().unwrap_or(4)));
    let h = format!("{:x}", n.u64(8));
    o.u64(u64::from_str_radix(&h, 16).unwrap_or(5))
        .u64(u64::from_str_radix(&h, 12).unwrap_or(6));
    match std::str::from_utf8(&x[..]) {
        Ok(s) => o.bytes(s.as_bytes()),
        Err(e) => o.u64(e.valid_up_to() as u64).bytes(e.to_string().as_bytes()),
    };
    o.bytes(String::from_utf8_lossy(x).as_bytes());
    o.done()
}

pub fn text(x: &[u8; 32]) -> [u8; 32] {
    let mut o = Out::new();
    let s: String = x
        .chunks_exact(2)
        .filter_map(|c| char::from_u32(u32::from(u16::from_le_bytes([c[0], c[1]]))))
        .collect();
    o.bytes(s.as_bytes())
        .bytes(s.to_uppercase().as_bytes())
        .bytes(s.to_lowercase().as_bytes());
    o.u64(s.chars().filter(|c| c.is_alphabetic()).count() as u64)
        .u64(s.char_indices().map(|(i, c)| i as u64 * u64::from(u32::from(c))).sum());
    o.u64(s.split(char::is_whitespace).count() as u64)
        .bytes(s.replace('a', "bb").as_bytes())
        .bytes(s.escape_debug().to_string().as_bytes());
    o.done()
}
