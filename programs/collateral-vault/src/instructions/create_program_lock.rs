use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::ProgramLockSet, state::*};

/// The owner lets a registered program lock up to `cap` of a balance. With a security configuration the cap waits like every
/// loosening: a lock is a way out.
#[derive(Accounts)]
pub struct CreateProgramLock<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    /// The vault's own, required while the vault's flag is set: checked in the handler.
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
    #[account(
        init,
        payer = payer,
        space = ProgramLock::SIZE,
        seeds = [SEED_PROGRAM_LOCK, balance.key().as_ref(), authorized_program.load()?.program_id.as_ref()],
        bump,
    )]
    pub program_lock: AccountLoader<'info, ProgramLock>,
    pub system_program: Program<'info, System>,
}

impl CreateProgramLock<'_> {
    fn validate(&self, vault: &Vault, balance: &Balance, program: &AuthorizedProgram, now: i64) -> Result<()> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        vault.require_running(&*self.vault_authority.load()?, now)?;
        balance.require_vault(self.vault.as_ref().key)?;
        require!(program.revoked_at == 0, VaultError::ProgramRevoked);
        Ok(())
    }
}

pub fn handler(ctx: Context<CreateProgramLock>, cap: u64) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut balance = accounts.balance.load_mut()?;
    let program = accounts.authorized_program.load()?;
    accounts.validate(&vault, &balance, &program, now)?;
    let time = vault.loosening_time(&*accounts.vault_authority.load()?, now);
    let config = canonical_config(&accounts.security_config, &vault, accounts.vault.as_ref().key)?;

    let mut lock = accounts.program_lock.load_init()?;
    lock.balance = accounts.balance.key();
    lock.program_id = program.program_id;
    lock.bump = ctx.bumps.program_lock;
    lock.raise_cap(cap, config.as_deref(), now, time)?;
    balance.program_locks = crate::math::increment(balance.program_locks)?;
    emit_program_lock(&lock, &mut vault, accounts.vault.key(), false, clock.slot)
}

pub fn emit_program_lock(
    lock: &ProgramLock,
    vault: &mut Vault,
    vault_key: Pubkey,
    is_closed: bool,
    slot: u64,
) -> Result<()> {
    emit!(ProgramLockSet {
        vault: vault_key,
        balance: lock.balance,
        program_id: lock.program_id,
        cap: lock.cap,
        pending_cap: lock.pending_cap,
        pending_cap_at: lock.pending_cap_at,
        revoked_at: lock.revoked_at,
        is_closed,
        seq_num: vault.bump_seq_num()?,
        slot,
    });
    Ok(())
}
