use anchor_lang::prelude::*;

use super::create_multi_sig::{emit_multi_sig, MultiSigArgs};
use crate::{constants::*, error::VaultError, math::after, state::*};

/// The multi-sig changes its owners and threshold, through a proposal of its own. Removing owners without asking for fewer approvals
/// counts at once, so that a stolen key goes at once; anything else waits the current delay, at least a day, and any owner can veto it.
/// No owners at all: the multi-sig is removed, and the vault is its owner's alone again.
#[derive(Accounts)]
pub struct ChangeMultiSig<'info> {
    /// The multi-sig: checked in the handler.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    /// The vault's own, required while the vault's flag is set: checked in the handler.
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
}

pub fn handler(ctx: Context<ChangeMultiSig>, args: MultiSigArgs) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let vault_key = accounts.vault.as_ref().key;
    require!(vault.has_multi_sig != 0, VaultError::MultiSigRequired);
    vault.require_authority(vault_key, accounts.authority.key)?;
    let mut multi_sig = accounts.multi_sig_vault.load_mut()?;
    multi_sig.require_vault(vault_key)?;
    let config = canonical_config(&accounts.security_config, &vault, vault_key)?;

    if !args.owners.is_empty() && multi_sig.is_tightening(&args.owners, args.threshold) {
        multi_sig.set_owners(&args.owners, args.threshold, clock.slot)?;
        vault.bump_config_version()?;
    } else {
        let authority = accounts.vault_authority.load()?;
        vault.require_running(&authority, now)?;
        let at = match config.as_deref() {
            Some(config) => config.loosens_at(now, vault.loosening_time(&authority, now))?,
            None => after(now, LOOSENING_SECONDS)?,
        };
        multi_sig.set_pending(&args.owners, args.threshold, at)?;
    }
    emit_multi_sig(&multi_sig, &mut vault, false, clock.slot)
}
