use anchor_lang::prelude::*;

use crate::{error::VaultError, event::WithdrawalCancelled, state::*};

/// Cancels a pending withdrawal: the vault's authority, any owner of its multi-sig, or its vetoer. No pause and no freeze stops this.
#[derive(Accounts)]
pub struct CancelWithdrawal<'info> {
    /// Checked in `require_may_veto`.
    pub signer: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    pub multi_sig_vault: Option<AccountLoader<'info, MultiSigVault>>,
    #[account(mut, close = payer)]
    pub pending_withdrawal: AccountLoader<'info, PendingWithdrawal>,
    /// CHECK: who paid the request's rent, checked in `validate`
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

impl CancelWithdrawal<'_> {
    fn validate(&self, pending: &PendingWithdrawal, vault: &Vault, time: i64) -> Result<()> {
        let vault_key = self.vault.as_ref().key;
        require_keys_eq!(pending.vault, *vault_key, VaultError::WrongVault);
        require_keys_eq!(pending.balance, *self.balance.as_ref().key, VaultError::WrongBalance);
        require_keys_eq!(pending.payer, *self.payer.key, VaultError::WrongPayer);
        let config = passed_config(&self.security_config, vault_key)?;
        require_may_veto(
            self.signer.key,
            vault,
            vault_key,
            config.as_deref(),
            &self.multi_sig_vault,
            time,
        )
    }
}

pub fn handler(ctx: Context<CancelWithdrawal>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut balance = accounts.balance.load_mut()?;
    let pending = accounts.pending_withdrawal.load()?;
    let time = vault.loosening_time(&*accounts.vault_authority.load()?, clock.unix_timestamp);
    accounts.validate(&pending, &vault, time)?;
    vault.pending_withdrawals = crate::math::decrement(vault.pending_withdrawals)?;
    balance.pending_withdrawals = crate::math::decrement(balance.pending_withdrawals)?;
    emit!(WithdrawalCancelled {
        vault: pending.vault,
        pending_withdrawal: accounts.pending_withdrawal.key(),
        by: accounts.signer.key(),
        seq_num: vault.bump_seq_num()?,
        slot: clock.slot,
    });
    Ok(())
}
