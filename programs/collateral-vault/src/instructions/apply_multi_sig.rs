use anchor_lang::prelude::*;

use super::create_multi_sig::emit_multi_sig;
use crate::{error::VaultError, state::*};

/// Makes waiting owners of a multi-sig count, its first ones too, or removes it. Anybody may, once the wait is over.
#[derive(Accounts)]
pub struct ApplyMultiSig<'info> {
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    /// CHECK: the vault's owner, who gets the rent of a removed multi-sig; checked in `validate`
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
}

impl ApplyMultiSig<'_> {
    fn validate(&self, vault: &Vault, multi_sig: &MultiSigVault, now: i64) -> Result<()> {
        multi_sig.require_vault(self.vault.as_ref().key)?;
        require_keys_eq!(*self.owner.key, vault.owner, VaultError::NotOwner);
        let authority = self.vault_authority.load()?;
        vault.require_running(&authority, now)?;
        require!(multi_sig.pending_at != 0, VaultError::NothingPending);
        require!(now >= multi_sig.pending_at, VaultError::StillWaiting);
        Ok(())
    }
}

pub fn handler(ctx: Context<ApplyMultiSig>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let is_removed = {
        let mut vault = accounts.vault.load_mut()?;
        let mut multi_sig = accounts.multi_sig_vault.load_mut()?;
        accounts.validate(&vault, &multi_sig, clock.unix_timestamp)?;
        let owners = multi_sig.waiting_owners().to_vec();
        let is_removed = owners.is_empty();
        if is_removed {
            vault.has_multi_sig = 0;
        } else {
            let threshold = multi_sig.pending_threshold;
            multi_sig.set_owners(&owners, threshold, clock.slot)?;
            vault.has_multi_sig = 1;
            vault.is_multi_sig_waiting = 0;
        }
        vault.bump_config_version()?;
        emit_multi_sig(&multi_sig, &mut vault, is_removed, clock.slot)?;
        is_removed
    };
    if is_removed {
        accounts.multi_sig_vault.close(accounts.owner.to_account_info())?;
    }
    Ok(())
}
