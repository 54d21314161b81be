use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::RoleSet, math::after, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct ProposeAuthorityArgs {
    pub role: Role,
    pub holder: Pubkey,
}

/// The admin names the next holder of a role. A day later that holder may accept; until then admin or guardian may cancel.
#[derive(Accounts)]
pub struct ProposeAuthority<'info> {
    pub admin: Signer<'info>,
    #[account(mut)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
}

impl ProposeAuthority<'_> {
    fn validate(&self, args: &ProposeAuthorityArgs, authority: &VaultAuthority, now: i64) -> Result<()> {
        authority.require_admin(self.admin.key)?;
        authority.require_running(now)?;
        require_keys_neq!(args.holder, Pubkey::default(), VaultError::ZeroAddress);
        authority.require_separate(args.role, &args.holder)
    }
}

pub fn handler(ctx: Context<ProposeAuthority>, args: ProposeAuthorityArgs) -> Result<()> {
    let clock = Clock::get()?;
    let mut authority = ctx.accounts.vault_authority.load_mut()?;
    ctx.accounts.validate(&args, &authority, clock.unix_timestamp)?;
    let holder = authority.role(args.role).holder;
    let pending_at = after(clock.unix_timestamp, LOOSENING_SECONDS)?;
    authority.set_role(
        args.role,
        RoleState {
            holder,
            pending: args.holder,
            pending_at,
        },
    );
    let seq_num = authority.bump_seq_num()?;
    emit!(RoleSet {
        role: args.role,
        holder,
        pending: args.holder,
        pending_at,
        seq_num,
        slot: clock.slot
    });
    Ok(())
}
