use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::ProgramSet, loader, math::after, state::*};

/// The admin lists a program that owners may let lock their collateral. It counts a day later; admin or guardian may revoke it before.
/// The listing alone gives it nothing: each owner caps it for each balance. Its code must be the one whose hash the admin names, so that
/// nobody replaces it between the admin's look and this instruction: ask for half a compute unit a byte.
#[derive(Accounts)]
pub struct RegisterProgram<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub admin: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    /// CHECK: an executable program of a supported loader, checked in `loader::code_of`
    pub program: UncheckedAccount<'info>,
    /// CHECK: its ProgramData (itself for an immutable loader), checked in `loader::code_of`
    pub program_data: UncheckedAccount<'info>,
    #[account(init, payer = payer, space = AuthorizedProgram::SIZE, seeds = [SEED_AUTHORIZED_PROGRAM, program.key().as_ref()], bump)]
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
    pub system_program: Program<'info, System>,
}

pub fn handler(ctx: Context<RegisterProgram>, code_hash: [u8; 32]) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    {
        let authority = accounts.vault_authority.load()?;
        authority.require_admin(accounts.admin.key)?;
        authority.require_running(clock.unix_timestamp)?;
    }
    require_keys_neq!(*accounts.program.key, crate::ID, VaultError::OwnProgram);
    let mut record = accounts.authorized_program.load_init()?;
    record.program_id = accounts.program.key();
    record.collateral_authority = Pubkey::find_program_address(&[SEED_COLLATERAL_AUTHORITY], accounts.program.key).0;
    record.bump = ctx.bumps.authorized_program;
    record_code(
        &mut record,
        &accounts.program,
        &accounts.program_data,
        code_hash,
        &clock,
    )
}

/// Records the program's code, which must be what was named, and starts the wait. A healthy program would only lose what it has waited for.
pub fn record_code(
    record: &mut AuthorizedProgram,
    program: &AccountInfo,
    program_data: &AccountInfo,
    code_hash: [u8; 32],
    clock: &Clock,
) -> Result<()> {
    let (data_key, deploy_slot) = loader::code_of(program, program_data)?;
    let code = loader::read_code(program_data)?;
    require!(code.hash == code_hash, VaultError::WrongCode);
    require!(
        record.revoked_at != 0 || code != record.code(),
        VaultError::ProgramUnchanged
    );
    record.program_data = data_key;
    record.code_hash = code.hash;
    record.code_length = code.length;
    record.deploy_slot = deploy_slot;
    record.active_at = after(clock.unix_timestamp, LOOSENING_SECONDS)?;
    record.revoked_at = 0;
    emit_program(record, clock.slot)
}

pub fn emit_program(record: &mut AuthorizedProgram, slot: u64) -> Result<()> {
    record.seq_num = crate::math::add(record.seq_num, 1)?;
    emit!(ProgramSet {
        program_id: record.program_id,
        collateral_authority: record.collateral_authority,
        code_hash: record.code_hash,
        deploy_slot: record.deploy_slot,
        active_at: record.active_at,
        revoked_at: record.revoked_at,
        seq_num: record.seq_num,
        slot,
    });
    Ok(())
}
