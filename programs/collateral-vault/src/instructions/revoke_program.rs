use anchor_lang::prelude::*;

use super::register_program::emit_program;
use crate::{error::VaultError, state::*};

/// Admin or guardian revokes a program: lock and transfer stop at once, for every vault. Unlock stays; seven days later owners may
/// release what it holds.
#[derive(Accounts)]
pub struct RevokeProgram<'info> {
    pub signer: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
}

pub fn handler(ctx: Context<RevokeProgram>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    accounts
        .vault_authority
        .load()?
        .require_admin_or_guardian(accounts.signer.key)?;
    let mut record = accounts.authorized_program.load_mut()?;
    require!(record.revoked_at == 0, VaultError::ProgramRevoked);
    record.revoked_at = clock.unix_timestamp;
    emit_program(&mut record, clock.slot)
}
