use anchor_lang::prelude::*;

use super::create_multi_sig::emit_multi_sig;
use crate::{error::VaultError, state::*};

/// Stops a waiting change of a multi-sig: any of its owners, or the vault's vetoer.
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
}

pub fn handler(ctx: Context<VetoMultiSig>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let vault_key = accounts.vault.as_ref().key;
    let mut multi_sig = accounts.multi_sig_vault.load_mut()?;
    multi_sig.require_vault(vault_key)?;
    let config = passed_config(&accounts.security_config, vault_key)?;
    let is_owner = multi_sig.owner_index(accounts.signer.key).is_some();
    if !is_owner {
        let time = vault.loosening_time(&*accounts.vault_authority.load()?, clock.unix_timestamp);
        require_may_veto(accounts.signer.key, &vault, vault_key, config.as_deref(), &None, time)?;
    }
    require!(multi_sig.pending_at != 0, VaultError::NothingPending);
    multi_sig.clear_pending();
    emit_multi_sig(&multi_sig, &mut vault, false, clock.slot)
}
