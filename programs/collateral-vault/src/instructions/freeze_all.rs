use anchor_lang::prelude::*;

use crate::{error::VaultError, event::AllFrozen, state::*};

/// The one instruction that stops everybody's withdrawals: by the freeze multi-sig only, through a proposal with at least two
/// approvals, for at most 24 hours, once in seven days. It ends by the clock.
#[derive(Accounts)]
pub struct FreezeAll<'info> {
    pub multi_sig_vault: Signer<'info>,
    #[account(mut)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
}

pub fn handler(ctx: Context<FreezeAll>, seconds: i64) -> Result<()> {
    let clock = Clock::get()?;
    let signer = &ctx.accounts.multi_sig_vault;
    let mut authority = ctx.accounts.vault_authority.load_mut()?;
    require_keys_eq!(*signer.key, authority.freeze_multi_sig, VaultError::NotAMultiSig);
    let created_slot = require_real_multi_sig(signer)?;
    require!(
        created_slot == authority.freeze_multi_sig_created_slot,
        VaultError::NotAMultiSig
    );
    authority.freeze(clock.unix_timestamp, seconds)?;
    let seq_num = authority.bump_seq_num()?;
    emit!(AllFrozen {
        frozen_until: authority.frozen_until,
        seq_num,
        slot: clock.slot
    });
    Ok(())
}
