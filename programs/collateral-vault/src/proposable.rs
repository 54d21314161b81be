//! The instructions a proposal may carry: those that a vault's authority or a role signs. Default deny: nothing that proposes,
//! approves or executes, nothing that programs call.
use anchor_lang::prelude::*;

use crate::{error::VaultError, instruction};

const PROPOSABLE: &[&[u8]] = &[
    instruction::Withdraw::DISCRIMINATOR,
    instruction::OpenBalance::DISCRIMINATOR,
    instruction::CloseBalance::DISCRIMINATOR,
    instruction::RequestWithdrawal::DISCRIMINATOR,
    instruction::CancelWithdrawal::DISCRIMINATOR,
    instruction::CreateProgramLock::DISCRIMINATOR,
    instruction::SetProgramLockCap::DISCRIMINATOR,
    instruction::RevokeProgramLock::DISCRIMINATOR,
    instruction::ReleaseProgramLock::DISCRIMINATOR,
    instruction::CloseProgramLock::DISCRIMINATOR,
    instruction::CreateSecurityConfig::DISCRIMINATOR,
    instruction::ChangeSecurity::DISCRIMINATOR,
    instruction::SetLimits::DISCRIMINATOR,
    instruction::ChangeMultiSig::DISCRIMINATOR,
    instruction::FreezeVault::DISCRIMINATOR,
    // roles that a multi-sig may hold
    instruction::FreezeAll::DISCRIMINATOR,
    instruction::ProposeAuthority::DISCRIMINATOR,
    instruction::AcceptAuthority::DISCRIMINATOR,
    instruction::CancelAuthority::DISCRIMINATOR,
    instruction::Pause::DISCRIMINATOR,
    instruction::RequestUnpause::DISCRIMINATOR,
    instruction::Unpause::DISCRIMINATOR,
    instruction::RegisterProgram::DISCRIMINATOR,
    instruction::RenewProgram::DISCRIMINATOR,
    instruction::RevokeProgram::DISCRIMINATOR,
];

pub fn require_proposable(data: &[u8]) -> Result<()> {
    let allowed = PROPOSABLE.iter().any(|discriminator| data.starts_with(discriminator));
    require!(allowed, VaultError::InstructionNotAllowed);
    Ok(())
}
