use anchor_lang::prelude::*;

use crate::{error::VaultError, event::VaultClosed, state::*};

/// Closes a vault without balances, and its security configuration with it, once that says so: a vault that is made again has no rules.
/// A multi-sig must be removed first. Rents go to the owner.
#[derive(Accounts)]
pub struct CloseVault<'info> {
    /// The vault's owner: checked in `validate`.
    #[account(mut)]
    pub owner: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut, close = owner)]
    pub vault: AccountLoader<'info, Vault>,
    /// The vault's own, required while the vault's flag is set: checked in the handler.
    #[account(mut, close = owner)]
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
}

impl CloseVault<'_> {
    fn validate(&self, vault: &Vault, now: i64) -> Result<()> {
        require!(
            vault.has_multi_sig == 0 && vault.is_multi_sig_waiting == 0,
            VaultError::MultiSigOpen
        );
        require_keys_eq!(*self.owner.key, vault.owner, VaultError::NotOwner);
        if let Some(config) = canonical_config(&self.security_config, vault, self.vault.as_ref().key)? {
            let time = vault.loosening_time(&*self.vault_authority.load()?, now);
            require!(
                config.closing_at != 0 && time >= config.closing_at,
                VaultError::RulesInForce
            );
        }
        require!(vault.balances == 0, VaultError::BalancesOpen);
        require!(vault.pending_withdrawals == 0, VaultError::WithdrawalsPending);
        Ok(())
    }
}

pub fn handler(ctx: Context<CloseVault>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    accounts.validate(&vault, clock.unix_timestamp)?;
    emit!(VaultClosed {
        vault: accounts.vault.key(),
        owner: accounts.owner.key(),
        seq_num: vault.bump_seq_num()?,
        slot: clock.slot,
    });
    Ok(())
}
