use anchor_lang::prelude::*;

use crate::{error::VaultError, event::RoleSet, state::*};

/// The proposed holder takes the role. The freeze can be taken by a multi-sig with at least two approvals only, through a proposal of
/// its own.
#[derive(Accounts)]
pub struct AcceptAuthority<'info> {
    pub holder: Signer<'info>,
    #[account(mut)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
}

impl AcceptAuthority<'_> {
    fn validate(&self, role: Role, authority: &mut VaultAuthority, now: i64) -> Result<()> {
        let state = authority.role(role);
        require_keys_neq!(state.pending, Pubkey::default(), VaultError::NothingPending);
        require_keys_eq!(*self.holder.key, state.pending, VaultError::NotProposedAuthority);
        authority.require_running(now)?;
        require!(now >= state.pending_at, VaultError::StillWaiting);
        authority.require_separate(role, self.holder.key)?;
        if role == Role::FreezeMultiSig {
            authority.freeze_multi_sig_created_slot = require_real_multi_sig(&self.holder)?;
        }
        Ok(())
    }
}

pub fn handler(ctx: Context<AcceptAuthority>, role: Role) -> Result<()> {
    let clock = Clock::get()?;
    let mut authority = ctx.accounts.vault_authority.load_mut()?;
    ctx.accounts.validate(role, &mut authority, clock.unix_timestamp)?;
    let holder = ctx.accounts.holder.key();
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
        slot: clock.slot
    });
    Ok(())
}
