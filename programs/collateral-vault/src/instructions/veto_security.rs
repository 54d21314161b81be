use anchor_lang::prelude::*;

use super::create_security_config::emit_security_config;
use crate::{error::VaultError, state::*};

/// What is vetoed: a change that waits.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityVeto {
    WithdrawalDelay,
    WhitelistOff,
    Wallet { wallet: Pubkey },
    Vetoer,
    Closing,
}

/// Stops a waiting loosening of the security configuration.
#[derive(Accounts)]
pub struct VetoSecurity<'info> {
    /// Checked in `require_may_veto`.
    pub signer: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub security_config: AccountLoader<'info, SecurityConfig>,
    pub multi_sig_vault: Option<AccountLoader<'info, MultiSigVault>>,
}

fn veto(config: &mut SecurityConfig, veto: SecurityVeto, time: i64) -> Result<()> {
    config.settle(time);
    match veto {
        SecurityVeto::WithdrawalDelay => {
            require!(config.pending_withdrawal_delay_at != 0, VaultError::NothingPending);
            config.clear_pending_delay();
        }
        SecurityVeto::WhitelistOff => {
            require!(config.whitelist_off_at != 0, VaultError::NothingPending);
            config.whitelist_off_at = 0;
        }
        SecurityVeto::Wallet { wallet } => {
            // an entry that counts already is the owner's to remove
            let active_at = config.remove_from_whitelist(&wallet)?;
            require!(time < active_at, VaultError::NothingPending);
        }
        SecurityVeto::Vetoer => {
            require!(config.pending_vetoer_at != 0, VaultError::NothingPending);
            config.clear_pending_vetoer();
        }
        SecurityVeto::Closing => {
            require!(time < config.closing_at, VaultError::NothingPending);
            config.closing_at = 0;
        }
    }
    Ok(())
}

pub fn handler(ctx: Context<VetoSecurity>, what: SecurityVeto) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut config = accounts.security_config.load_mut()?;
    let vault_key = accounts.vault.as_ref().key;
    config.require_vault(vault_key)?;
    let time = vault.loosening_time(&*accounts.vault_authority.load()?, clock.unix_timestamp);
    // not his own replacement: a vetoer who holds withdrawals up must be one that can be got rid of
    let vetoer_counts = (what != SecurityVeto::Vetoer).then_some(&*config);
    require_may_veto(
        accounts.signer.key,
        &vault,
        vault_key,
        vetoer_counts,
        &accounts.multi_sig_vault,
        time,
    )?;
    veto(&mut config, what, time)?;
    emit_security_config(&config, &mut vault, clock.slot)
}
