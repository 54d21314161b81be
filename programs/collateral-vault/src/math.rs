//! Checked arithmetic with this program's error.
use anchor_lang::prelude::*;

use crate::error::VaultError;

pub fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or_else(|| error!(VaultError::Overflow))
}

pub fn sub(a: u64, b: u64, otherwise: VaultError) -> Result<u64> {
    a.checked_sub(b).ok_or_else(|| error!(otherwise))
}

/// A point in time `seconds` after `from`.
pub fn after(from: i64, seconds: i64) -> Result<i64> {
    from.checked_add(seconds).ok_or_else(|| error!(VaultError::Overflow))
}

pub fn increment(count: u32) -> Result<u32> {
    count.checked_add(1).ok_or_else(|| error!(VaultError::Overflow))
}

pub fn decrement(count: u32) -> Result<u32> {
    count.checked_sub(1).ok_or_else(|| error!(VaultError::Overflow))
}
