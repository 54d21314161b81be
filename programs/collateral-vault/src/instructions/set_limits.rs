use anchor_lang::prelude::*;

use crate::{constants::*, event::LimitsSet, math::after, state::*};

/// Sets what may leave of a mint per transaction and per day. Lower counts at once; higher waits the current delay, at least a day.
/// Where a security configuration exists, a mint without limits is closed, so its first limits wait too.
#[derive(Accounts)]
pub struct SetLimits<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    /// The vault's own, required while the vault's flag is set: checked in the handler.
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
}

impl SetLimits<'_> {
    fn validate(&self, limits: &Limits, vault: &Vault, balance: &Balance) -> Result<()> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        balance.require_vault(self.vault.as_ref().key)?;
        limits.validate()
    }
}

pub fn handler(ctx: Context<SetLimits>, limits: Limits) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut balance = accounts.balance.load_mut()?;
    accounts.validate(&limits, &vault, &balance)?;
    let authority = accounts.vault_authority.load()?;
    let time = vault.loosening_time(&authority, now);
    let config = canonical_config(&accounts.security_config, &vault, accounts.vault.as_ref().key)?;

    balance.settle_limits(now, time)?;
    let is_open = balance.is_limited == 0 && config.is_none();
    if is_open || (balance.is_limited != 0 && limits.is_at_most(&balance.limits)) {
        balance.tighten_limits(limits, now);
    } else {
        vault.require_running(&authority, now)?;
        balance.pending_limits = limits;
        balance.pending_limits_at = match config.as_deref() {
            Some(config) => config.loosens_at(now, time)?,
            None => after(now, LOOSENING_SECONDS)?,
        };
    }
    vault.bump_config_version()?;
    emit_limits(&balance, accounts.balance.key(), &mut vault, clock.slot)
}

pub fn emit_limits(balance: &Balance, balance_key: Pubkey, vault: &mut Vault, slot: u64) -> Result<()> {
    emit!(LimitsSet {
        vault: balance.vault,
        balance: balance_key,
        is_limited: balance.is_limited != 0,
        limits: balance.limits,
        pending_limits: balance.pending_limits,
        pending_limits_at: balance.pending_limits_at,
        seq_num: vault.bump_seq_num()?,
        slot,
    });
    Ok(())
}
