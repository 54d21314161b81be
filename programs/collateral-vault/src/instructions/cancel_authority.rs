use anchor_lang::prelude::*;

use crate::{error::VaultError, event::RoleSet, state::*};

/// Withdraws a proposal for a role. The guardian may for every role but his own: a stolen guardian's key must not be able to stay for
/// ever; the admin may for all.
#[derive(Accounts)]
pub struct CancelAuthority<'info> {
    pub signer: Signer<'info>,
    #[account(mut)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
}

pub fn handler(ctx: Context<CancelAuthority>, role: Role) -> Result<()> {
    let mut authority = ctx.accounts.vault_authority.load_mut()?;
    if role == Role::Guardian {
        authority.require_admin(ctx.accounts.signer.key)?;
    } else {
        authority.require_admin_or_guardian(ctx.accounts.signer.key)?;
    }
    let RoleState { holder, pending, .. } = authority.role(role);
    require_keys_neq!(pending, Pubkey::default(), VaultError::NothingPending);
    let pending = Pubkey::default();
    authority.set_role(
        role,
        RoleState {
            holder,
            pending,
            pending_at: 0,
        },
    );
    let seq_num = authority.bump_seq_num()?;
    emit!(RoleSet {
        role,
        holder,
        pending,
        pending_at: 0,
        seq_num,
        slot: Clock::get()?.slot
    });
    Ok(())
}
