use anchor_lang::prelude::*;

use crate::{error::VaultError, event::PauseSet, state::*};

/// The guardian stops money from coming in, being locked or moved between vaults, and every loosening: for 30 minutes, at most twice
/// in a row and three times in 24 hours. Unlocking, cancelling, tightening and withdrawing go on.
#[derive(Accounts)]
pub struct Pause<'info> {
    pub guardian: Signer<'info>,
    #[account(mut)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
}

pub fn handler(ctx: Context<Pause>) -> Result<()> {
    let clock = Clock::get()?;
    let by = ctx.accounts.guardian.key();
    let mut authority = ctx.accounts.vault_authority.load_mut()?;
    require_keys_eq!(by, authority.guardian, VaultError::NotGuardian);
    authority.pause(clock.unix_timestamp)?;
    emit_pause(&mut authority, by, clock.slot)
}

pub fn emit_pause(authority: &mut VaultAuthority, by: Pubkey, slot: u64) -> Result<()> {
    let seq_num = authority.bump_seq_num()?;
    emit!(PauseSet {
        paused_until: authority.paused_until,
        pauses_in_row: authority.pauses_in_row,
        unpause_at: authority.unpause_at,
        by,
        seq_num,
        slot,
    });
    Ok(())
}
