use anchor_lang::prelude::*;

use super::create_security_config::emit_security_config;
use crate::{error::VaultError, state::*};

/// One change of a security configuration. Whatever loosens waits the current delay, at least a day.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityChange {
    /// Longer counts at once, shorter waits.
    WithdrawalDelay { seconds: i64 },
    /// On counts at once, for the owner's wallet; others wait, for money could not go to them before. Off waits.
    Whitelist { on: bool },
    /// Waits.
    AddWallet { wallet: Pubkey },
    /// Counts at once.
    RemoveWallet { wallet: Pubkey },
    /// Waits, the first one too: he could hold up what the owner does against a thief.
    Vetoer { vetoer: Pubkey },
    /// Whether the vault may be closed, and these rules with it. On waits, off counts at once.
    Closing { on: bool },
}

#[derive(Accounts)]
pub struct ChangeSecurity<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub security_config: AccountLoader<'info, SecurityConfig>,
}

impl ChangeSecurity<'_> {
    fn validate(&self, vault: &Vault, config: &SecurityConfig) -> Result<()> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        config.require_vault(self.vault.as_ref().key)
    }
}

/// Applies a change and says whether it loosens.
fn apply(config: &mut SecurityConfig, change: SecurityChange, owner: &Pubkey, now: i64, time: i64) -> Result<bool> {
    config.settle(time);
    let loosens_at = config.loosens_at(now, time)?;
    match change {
        SecurityChange::WithdrawalDelay { seconds } => {
            validate_delay(seconds)?;
            if seconds >= config.withdrawal_delay {
                config.withdrawal_delay = seconds;
                config.clear_pending_delay();
                return Ok(false);
            }
            config.pending_withdrawal_delay = seconds;
            config.pending_withdrawal_delay_at = loosens_at;
            Ok(true)
        }
        SecurityChange::Whitelist { on: true } => {
            config.turn_whitelist_on(owner, loosens_at);
            Ok(false)
        }
        SecurityChange::Whitelist { on: false } => {
            require!(config.is_whitelist_on != 0, VaultError::NothingPending);
            config.whitelist_off_at = loosens_at;
            Ok(true)
        }
        SecurityChange::AddWallet { wallet } => {
            config.add_to_whitelist(wallet, loosens_at)?;
            Ok(true)
        }
        SecurityChange::RemoveWallet { wallet } => {
            config.remove_from_whitelist(&wallet)?;
            Ok(false)
        }
        SecurityChange::Vetoer { vetoer } => {
            config.pending_vetoer = vetoer;
            config.pending_vetoer_at = loosens_at;
            Ok(true)
        }
        SecurityChange::Closing { on } => {
            config.closing_at = if on { loosens_at } else { 0 };
            Ok(on)
        }
    }
}

pub fn handler(ctx: Context<ChangeSecurity>, change: SecurityChange) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut config = accounts.security_config.load_mut()?;
    accounts.validate(&vault, &config)?;
    let authority = accounts.vault_authority.load()?;
    let time = vault.loosening_time(&authority, now);
    if apply(&mut config, change, &vault.owner, now, time)? {
        vault.require_running(&authority, now)?;
    }
    vault.bump_config_version()?;
    emit_security_config(&config, &mut vault, clock.slot)
}
