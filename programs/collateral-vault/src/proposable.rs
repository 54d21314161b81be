//! The instructions a proposal may carry: those that a vault's authority or a role signs. Default deny: nothing that proposes,
//! approves or executes, nothing that programs call. And where whoever executes stands in for an account: where rent is paid, and
//! nowhere else, for he signs without having approved anything.
use anchor_lang::prelude::*;

use crate::{error::VaultError, instruction, state::ProposalAccount};

/// Where the instruction has its payer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Payer {
    None,
    /// Its first account.
    First,
}

const PROPOSABLE: &[(&[u8], Payer)] = &[
    (instruction::Withdraw::DISCRIMINATOR, Payer::None),
    (instruction::OpenBalance::DISCRIMINATOR, Payer::First),
    (instruction::CloseBalance::DISCRIMINATOR, Payer::None),
    (instruction::RequestWithdrawal::DISCRIMINATOR, Payer::First),
    (instruction::ExecuteWithdrawal::DISCRIMINATOR, Payer::None),
    (instruction::CancelWithdrawal::DISCRIMINATOR, Payer::None),
    (instruction::CreateProgramLock::DISCRIMINATOR, Payer::First),
    (instruction::SetProgramLockCap::DISCRIMINATOR, Payer::None),
    (instruction::RevokeProgramLock::DISCRIMINATOR, Payer::None),
    (instruction::ReleaseProgramLock::DISCRIMINATOR, Payer::None),
    (instruction::CloseProgramLock::DISCRIMINATOR, Payer::None),
    (instruction::CreateSecurityConfig::DISCRIMINATOR, Payer::First),
    (instruction::ChangeSecurity::DISCRIMINATOR, Payer::None),
    (instruction::SetLimits::DISCRIMINATOR, Payer::None),
    (instruction::ChangeMultiSig::DISCRIMINATOR, Payer::None),
    (instruction::FreezeVault::DISCRIMINATOR, Payer::None),
    // roles that a multi-sig may hold
    (instruction::FreezeAll::DISCRIMINATOR, Payer::None),
    (instruction::ProposeAuthority::DISCRIMINATOR, Payer::None),
    (instruction::AcceptAuthority::DISCRIMINATOR, Payer::None),
    (instruction::CancelAuthority::DISCRIMINATOR, Payer::None),
    (instruction::Pause::DISCRIMINATOR, Payer::None),
    (instruction::RequestUnpause::DISCRIMINATOR, Payer::None),
    (instruction::Unpause::DISCRIMINATOR, Payer::None),
    (instruction::RegisterProgram::DISCRIMINATOR, Payer::First),
    (instruction::RenewProgram::DISCRIMINATOR, Payer::None),
    (instruction::ConfirmProgram::DISCRIMINATOR, Payer::None),
    (instruction::RevokeProgram::DISCRIMINATOR, Payer::None),
];

pub fn require_proposable(accounts: &[ProposalAccount], data: &[u8]) -> Result<()> {
    let found = PROPOSABLE
        .iter()
        .find(|(discriminator, _)| data.starts_with(discriminator));
    let (_, payer) = found.ok_or_else(|| error!(VaultError::InstructionNotAllowed))?;
    let own = usize::from(*payer == Payer::First);
    let others = accounts.get(own..).unwrap_or(&[]);
    require!(
        others.iter().all(|account| account.key != ProposalAccount::EXECUTOR),
        VaultError::ExecutorOnlyPays
    );
    Ok(())
}
