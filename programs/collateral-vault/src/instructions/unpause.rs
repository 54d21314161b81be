use anchor_lang::prelude::*;

use super::pause::emit_pause;
use crate::state::*;

/// Ends a pause: anybody after its expiry, the admin once his request has waited.
#[derive(Accounts)]
pub struct Unpause<'info> {
    pub signer: Signer<'info>,
    #[account(mut)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
}

pub fn handler(ctx: Context<Unpause>) -> Result<()> {
    let clock = Clock::get()?;
    let by = ctx.accounts.signer.key();
    let mut authority = ctx.accounts.vault_authority.load_mut()?;
    let by_admin = by == authority.admin;
    authority.unpause(clock.unix_timestamp, by_admin)?;
    emit_pause(&mut authority, by, clock.slot)
}
