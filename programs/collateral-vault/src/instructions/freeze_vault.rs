use anchor_lang::prelude::*;

use crate::{error::VaultError, event::VaultFrozen, state::*};

/// A vault's multi-sig freezes its own vault, withdrawals included: at most 24 hours, once in seven days. It ends by the clock.
#[derive(Accounts)]
pub struct FreezeVault<'info> {
    pub authority: Signer<'info>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
}

pub fn handler(ctx: Context<FreezeVault>, seconds: i64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    require!(vault.has_multi_sig != 0, VaultError::MultiSigRequired);
    vault.require_authority(accounts.vault.as_ref().key, accounts.authority.key)?;
    vault.freeze(clock.unix_timestamp, seconds)?;
    let seq_num = vault.bump_seq_num()?;
    emit!(VaultFrozen {
        vault: accounts.vault.key(),
        frozen_until: vault.frozen_until,
        seq_num,
        slot: clock.slot
    });
    Ok(())
}
