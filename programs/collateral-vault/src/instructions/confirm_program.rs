use anchor_lang::prelude::*;

use crate::{error::VaultError, event::ProgramConfirmed, loader, math::add, state::*};

/// Admin or guardian says that a program whose deployment slot moved was only extended, which the upgradeable loader lets anybody do. Its
/// code must be the one that was registered, but that does not suffice: code that was replaced and put back is the same, and while it was
/// replaced it could write every account of its own. So one of two keys that are not the program's looks at its history. Nothing but the
/// recorded slot changes: a wait goes on, a revocation stays. The loader takes one deployment in a slot, so none can follow in the one
/// that is recorded here.
#[derive(Accounts)]
pub struct ConfirmProgram<'info> {
    pub signer: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    /// CHECK: the program's ProgramData, checked in `validate`
    pub program_data: UncheckedAccount<'info>,
    #[account(mut)]
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
}

impl ConfirmProgram<'_> {
    /// Returns the slot of the last deployment.
    fn validate(&self, record: &AuthorizedProgram) -> Result<u64> {
        require_keys_eq!(
            *self.program_data.key,
            record.program_data,
            VaultError::WrongProgramData
        );
        let deploy_slot = loader::deploy_slot(&self.program_data)?;
        require!(deploy_slot != record.deploy_slot, VaultError::NothingPending);
        require!(
            loader::read_code(&self.program_data)? == record.code(),
            VaultError::ProgramUpgraded
        );
        Ok(deploy_slot)
    }
}

pub fn handler(ctx: Context<ConfirmProgram>) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts
        .vault_authority
        .load()?
        .require_admin_or_guardian(accounts.signer.key)?;
    let mut record = accounts.authorized_program.load_mut()?;
    record.deploy_slot = accounts.validate(&record)?;
    record.seq_num = add(record.seq_num, 1)?;
    emit!(ProgramConfirmed {
        program_id: record.program_id,
        deploy_slot: record.deploy_slot,
        seq_num: record.seq_num,
        slot: Clock::get()?.slot,
    });
    Ok(())
}
