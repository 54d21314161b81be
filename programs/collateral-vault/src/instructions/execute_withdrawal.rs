use anchor_lang::prelude::*;

use super::withdraw::Payout;
use crate::{durable_nonce::refuse_durable_nonce, error::VaultError, event::WithdrawalExecuted, state::*};

/// Pays a matured withdrawal to the destination it was requested for. Anybody may: nothing about it is left to choose, and what the
/// requester signed for arrives. Only the vault's authority may take less, when the mint's fee has risen.
#[derive(Accounts)]
pub struct ExecuteWithdrawal<'info> {
    /// The owner, or the multi-sig, checked in `minimum`; none when anybody else executes it.
    pub authority: Option<Signer<'info>>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    pub security_config: AccountLoader<'info, SecurityConfig>,
    #[account(mut, close = payer)]
    pub pending_withdrawal: AccountLoader<'info, PendingWithdrawal>,
    /// CHECK: who paid the request's rent, checked in `validate`
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    /// CHECK: the balance's mint, checked in `Payout::validate`
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the balance's token account, checked in `Payout::validate`
    #[account(mut)]
    pub vault_tokens: UncheckedAccount<'info>,
    /// CHECK: the request's destination, checked in `validate` and `Payout::validate`
    #[account(mut)]
    pub destination_tokens: UncheckedAccount<'info>,
    /// CHECK: the mint's owner, checked in `Payout::validate`
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: the instructions sysvar, checked in `refuse_durable_nonce`
    pub instructions: UncheckedAccount<'info>,
}

impl ExecuteWithdrawal<'_> {
    fn validate(&self, pending: &PendingWithdrawal, vault: &Vault, now: i64) -> Result<()> {
        refuse_durable_nonce(&self.instructions)?;
        require_keys_eq!(pending.vault, *self.vault.as_ref().key, VaultError::WrongVault);
        require_keys_eq!(pending.balance, *self.balance.as_ref().key, VaultError::WrongBalance);
        require_keys_eq!(pending.payer, *self.payer.key, VaultError::WrongPayer);
        require_keys_eq!(
            pending.destination_tokens,
            *self.destination_tokens.key,
            VaultError::WrongTokenAccount
        );
        require!(pending.config_version == vault.config_version, VaultError::StaleConfig);
        require!(now >= pending.matures_at, VaultError::NotMatured);
        Ok(())
    }

    /// What must arrive: the vault's authority chooses anew by signing.
    fn minimum(&self, pending: &PendingWithdrawal, vault: &Vault) -> Result<u64> {
        let Some(authority) = &self.authority else {
            return Ok(pending.minimum_received);
        };
        vault.require_authority(self.vault.as_ref().key, authority.key)?;
        Ok(0)
    }
}

pub fn handler(ctx: Context<ExecuteWithdrawal>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    // copied: the vault's account signs the transfer, so nothing may borrow it then
    let vault = *accounts.vault.load()?;
    {
        let pending = accounts.pending_withdrawal.load()?;
        accounts.validate(&pending, &vault, clock.unix_timestamp)?;
        let authority = accounts.vault_authority.load()?;
        let config = accounts.security_config.load()?;
        config.require_vault(accounts.vault.as_ref().key)?;
        let mut balance = accounts.balance.load_mut()?;
        let payout = Payout {
            vault_authority: &authority,
            vault_info: accounts.vault.as_ref(),
            vault: &vault,
            balance_key: accounts.balance.key(),
            security_config: Some(&config),
            mint: &accounts.mint,
            vault_tokens: &accounts.vault_tokens,
            destination_tokens: &accounts.destination_tokens,
            token_program: &accounts.token_program,
        };
        let minimum = accounts.minimum(&pending, &vault)?;
        payout.pay(&mut balance, pending.amount, minimum, &clock)?;
        balance.pending_withdrawals = crate::math::decrement(balance.pending_withdrawals)?;
    }
    let mut vault = accounts.vault.load_mut()?;
    vault.pending_withdrawals = crate::math::decrement(vault.pending_withdrawals)?;
    emit!(WithdrawalExecuted {
        vault: accounts.vault.key(),
        pending_withdrawal: accounts.pending_withdrawal.key(),
        seq_num: vault.bump_seq_num()?,
        slot: clock.slot,
    });
    Ok(())
}
