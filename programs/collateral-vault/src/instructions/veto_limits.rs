use anchor_lang::prelude::*;

use super::set_limits::emit_limits;
use crate::{error::VaultError, state::*};

/// Stops waiting limits of a mint.
#[derive(Accounts)]
pub struct VetoLimits<'info> {
    /// Checked in `require_may_veto`.
    pub signer: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    pub multi_sig_vault: Option<AccountLoader<'info, MultiSigVault>>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
}

pub fn handler(ctx: Context<VetoLimits>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut balance = accounts.balance.load_mut()?;
    let vault_key = accounts.vault.as_ref().key;
    balance.require_vault(vault_key)?;
    let config = passed_config(&accounts.security_config, vault_key)?;
    let time = vault.loosening_time(&*accounts.vault_authority.load()?, clock.unix_timestamp);
    require_may_veto(
        accounts.signer.key,
        &vault,
        vault_key,
        config.as_deref(),
        &accounts.multi_sig_vault,
        time,
    )?;
    balance.settle_limits(clock.unix_timestamp, time)?;
    require!(balance.pending_limits_at != 0, VaultError::NothingPending);
    balance.clear_pending_limits();
    emit_limits(&balance, accounts.balance.key(), &mut vault, clock.slot)
}
