use anchor_lang::prelude::*;

use super::pause::emit_pause;
use crate::{constants::*, error::VaultError, math::after, state::*};

/// The admin asks to end a pause early; ten minutes later he may. A further pause forgets the request.
#[derive(Accounts)]
pub struct RequestUnpause<'info> {
    pub admin: Signer<'info>,
    #[account(mut)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
}

pub fn handler(ctx: Context<RequestUnpause>) -> Result<()> {
    let clock = Clock::get()?;
    let by = ctx.accounts.admin.key();
    let mut authority = ctx.accounts.vault_authority.load_mut()?;
    authority.require_admin(&by)?;
    require!(authority.is_paused(clock.unix_timestamp), VaultError::NotPaused);
    authority.unpause_at = after(clock.unix_timestamp, UNPAUSE_SECONDS)?;
    emit_pause(&mut authority, by, clock.slot)
}
