//! Inputs read out of 32 bytes, outputs folded into 32 bytes.

pub struct In<'a>(pub &'a [u8; 32]);

impl In<'_> {
    pub fn u8(&self, i: usize) -> u8 {
        self.0[i]
    }
    pub fn u16(&self, i: usize) -> u16 {
        u16::from_le_bytes(self.0[i..i + 2].try_into().unwrap())
    }
    pub fn u32(&self, i: usize) -> u32 {
        u32::from_le_bytes(self.0[i..i + 4].try_into().unwrap())
    }
    pub fn u64(&self, i: usize) -> u64 {
        u64::from_le_bytes(self.0[i..i + 8].try_into().unwrap())
    }
    pub fn u128(&self, i: usize) -> u128 {
        u128::from_le_bytes(self.0[i..i + 16].try_into().unwrap())
    }
}

/// Order-sensitive 256-bit fold, so that a case may produce any amount of output.
pub struct Out(pub [u64; 4], usize);

impl Out {
    pub fn new() -> Self {
        Out(
            [
                0x243f_6a88_85a3_08d3,
                0x1319_8a2e_0370_7344,
                0xa409_3822_299f_31d0,
                0x082e_fa98_ec4e_6c89,
            ],
            0,
        )
    }
    pub fn u64(&mut self, v: u64) -> &mut Self {
        let i = self.1 & 3;
        self.0[i] = (self.0[i] ^ v).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        self.0[(i + 1) & 3] ^= self.0[i];
        self.1 += 1;
        self
    }
    pub fn i64(&mut self, v: i64) -> &mut Self {
        self.u64(v as u64)
    }
    pub fn u128(&mut self, v: u128) -> &mut Self {
        self.u64(v as u64).u64((v >> 64) as u64)
    }
    pub fn bytes(&mut self, v: &[u8]) -> &mut Self {
        self.u64(v.len() as u64);
        for c in v.chunks(8) {
            let mut w = [0u8; 8];
            w[..c.len()].copy_from_slice(c);
            self.u64(u64::from_le_bytes(w));
        }
        self
    }
    pub fn f64(&mut self, v: f64) -> &mut Self {
        self.u64(if v.is_nan() { 0x7ff8_0000_0000_0000 } else { v.to_bits() })
    }
    pub fn f32(&mut self, v: f32) -> &mut Self {
        self.u64(if v.is_nan() {
            0x7fc0_0000
        } else {
            u64::from(v.to_bits())
        })
    }
    pub fn done(&self) -> [u8; 32] {
        let mut r = [0u8; 32];
        for (c, w) in r.chunks_exact_mut(8).zip(self.0) {
            c.copy_from_slice(&w.to_le_bytes());
        }
        r
    }
}
