use anchor_lang::prelude::*;

use super::register_program::record_code;
use crate::{error::VaultError, state::*};

/// Registers a program again after an upgrade or a revocation, with the whole wait. A program that was extended and nothing else needs no
/// wait: `confirm_program`.
#[derive(Accounts)]
pub struct RenewProgram<'info> {
    pub admin: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    /// CHECK: the registered program, checked in the handler and in `loader::code_of`
    pub program: UncheckedAccount<'info>,
    /// CHECK: its ProgramData (itself for an immutable loader), checked in `loader::code_of`
    pub program_data: UncheckedAccount<'info>,
    #[account(mut)]
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
}

pub fn handler(ctx: Context<RenewProgram>, code_hash: [u8; 32]) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    {
        let authority = accounts.vault_authority.load()?;
        authority.require_admin(accounts.admin.key)?;
        authority.require_running(clock.unix_timestamp)?;
    }
    let mut record = accounts.authorized_program.load_mut()?;
    require_keys_eq!(*accounts.program.key, record.program_id, VaultError::WrongProgram);
    record_code(
        &mut record,
        &accounts.program,
        &accounts.program_data,
        code_hash,
        &clock,
    )
}
