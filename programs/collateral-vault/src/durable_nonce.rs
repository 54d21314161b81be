//! Refusing transactions signed long ago: a durable nonce lets an approval outlive everything its signer knew when he gave it.
use anchor_lang::{prelude::*, system_program};
use solana_instructions_sysvar::load_instruction_at_checked;

use crate::error::VaultError;

/// Discriminant of `AdvanceNonceAccount` in the System program.
const ADVANCE_NONCE: [u8; 4] = 4u32.to_le_bytes();

/// A transaction with a durable nonce begins with `AdvanceNonceAccount`; the runtime demands it. `instructions` must be the sysvar
/// (checked in `load_instruction_at_checked`).
pub fn refuse_durable_nonce(instructions: &AccountInfo) -> Result<()> {
    let first = load_instruction_at_checked(0, instructions)?;
    let advances = first.program_id == system_program::ID && first.data.starts_with(&ADVANCE_NONCE);
    require!(!advances, VaultError::DurableNonce);
    Ok(())
}
