use anchor_lang::prelude::*;

use crate::{error::VaultError, event::VaultClosed, state::*};

/// Closes a vault without balances, and its security configuration with it. A multi-sig must be removed first. Rents go to the owner.
#[derive(Accounts)]
pub struct CloseVault<'info> {
    /// The vault's owner: checked in `validate`.
    #[account(mut)]
    pub owner: Signer<'info>,
    #[account(mut, close = owner)]
    pub vault: AccountLoader<'info, Vault>,
    /// The vault's own, required while the vault's flag is set: checked in the handler.
    #[account(mut, close = owner)]
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
}

impl CloseVault<'_> {
    fn validate(&self, vault: &Vault) -> Result<()> {
        require!(vault.has_multi_sig == 0, VaultError::MultiSigOpen);
        require_keys_eq!(*self.owner.key, vault.owner, VaultError::NotOwner);
        canonical_config(&self.security_config, vault, self.vault.as_ref().key)?;
        require!(vault.balances == 0, VaultError::BalancesOpen);
        require!(vault.pending_withdrawals == 0, VaultError::WithdrawalsPending);
        Ok(())
    }
}

pub fn handler(ctx: Context<CloseVault>) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    accounts.validate(&vault)?;
    emit!(VaultClosed {
        vault: accounts.vault.key(),
        owner: accounts.owner.key(),
        seq_num: vault.bump_seq_num()?,
        slot: Clock::get()?.slot,
    });
    Ok(())
}
