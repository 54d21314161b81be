use anchor_lang::prelude::*;

use super::create_multi_sig::emit_multi_sig;
use crate::{error::VaultError, state::*};

/// Stops a waiting change of a multi-sig: any of its owners, or the vault's vetoer. A multi-sig that waits itself is the vault's owner's
/// to stop, or the vetoer's, and gone.
#[derive(Accounts)]
pub struct VetoMultiSig<'info> {
    /// Checked in `require_may_veto`.
    pub signer: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    #[account(mut)]
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    /// CHECK: the vault's owner, who gets the rent of a multi-sig that never counted; checked in the handler
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
}

pub fn handler(ctx: Context<VetoMultiSig>) -> Result<()> {
    let accounts = &ctx.accounts;
    let is_removed = {
        let mut multi_sig = accounts.multi_sig_vault.load_mut()?;
        accounts.veto(&mut multi_sig)?
    };
    if is_removed {
        accounts.multi_sig_vault.close(accounts.owner.to_account_info())?;
    }
    Ok(())
}

impl VetoMultiSig<'_> {
    /// Says whether nothing is left of the multi-sig.
    fn veto(&self, multi_sig: &mut MultiSigVault) -> Result<bool> {
        let clock = Clock::get()?;
        let mut vault = self.vault.load_mut()?;
        let vault_key = self.vault.as_ref().key;
        multi_sig.require_vault(vault_key)?;
        require_keys_eq!(*self.owner.key, vault.owner, VaultError::NotOwner);
        let config = passed_config(&self.security_config, vault_key)?;
        let is_owner = multi_sig.owner_index(self.signer.key).is_some();
        if !is_owner {
            let time = vault.loosening_time(&*self.vault_authority.load()?, clock.unix_timestamp);
            require_may_veto(self.signer.key, &vault, vault_key, config.as_deref(), &None, time)?;
        }
        require!(multi_sig.pending_at != 0, VaultError::NothingPending);
        multi_sig.clear_pending();
        let is_removed = multi_sig.active_owners().is_empty();
        vault.is_multi_sig_waiting = 0;
        emit_multi_sig(multi_sig, &mut vault, is_removed, clock.slot)?;
        Ok(is_removed)
    }
}
