use anchor_lang::prelude::*;

use crate::{constants::*, event::VaultInitialized, state::*};

/// Creates a user's vault.
#[derive(Accounts)]
pub struct Initialize<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub owner: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(init, payer = payer, space = Vault::SIZE, seeds = [SEED_VAULT, owner.key().as_ref()], bump)]
    pub vault: AccountLoader<'info, Vault>,
    pub system_program: Program<'info, System>,
}

pub fn handler(ctx: Context<Initialize>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    accounts.vault_authority.load()?.require_running(clock.unix_timestamp)?;
    let owner = accounts.owner.key();
    let mut vault = accounts.vault.load_init()?;
    vault.owner = owner;
    vault.bump = ctx.bumps.vault;
    let seq_num = vault.bump_seq_num()?;
    emit!(VaultInitialized {
        vault: accounts.vault.key(),
        owner,
        seq_num,
        slot: clock.slot
    });
    Ok(())
}
