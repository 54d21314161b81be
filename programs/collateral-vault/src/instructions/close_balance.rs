use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::BalanceClosed, state::*, token};

/// Closes an empty balance whose limits hold nothing back. Tokens above the ledger (donations) go to the owner, so nobody can prevent it by sending some; rents too.
#[derive(Accounts)]
pub struct CloseBalance<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    /// CHECK: the vault's owner, checked in `validate`
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut, close = owner)]
    pub balance: AccountLoader<'info, Balance>,
    /// CHECK: the balance's mint, checked in `validate`; writable because withheld fees return to it
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the balance's token account, checked in `validate`
    #[account(mut)]
    pub vault_tokens: UncheckedAccount<'info>,
    /// CHECK: the owner's associated token account, which must exist only when there is a surplus; checked in the handler
    #[account(mut)]
    pub owner_tokens: UncheckedAccount<'info>,
    /// CHECK: the mint's owner, checked in `validate`
    pub token_program: UncheckedAccount<'info>,
}

impl CloseBalance<'_> {
    /// Returns the surplus.
    fn validate(&self, vault: &Vault, balance: &Balance, now: i64) -> Result<u64> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        let authority = self.vault_authority.load()?;
        vault.require_can_leave(&authority, now)?;
        require_keys_eq!(*self.owner.key, vault.owner, VaultError::NotOwner);
        balance.require_vault(self.vault.as_ref().key)?;
        balance.require_may_forget_limits(vault, now, vault.loosening_time(&authority, now))?;
        require!(balance.total == 0, VaultError::BalanceNotEmpty);
        require!(balance.program_locks == 0, VaultError::ProgramLocksOpen);
        require!(balance.pending_withdrawals == 0, VaultError::WithdrawalsPending);
        require_keys_eq!(*self.mint.key, balance.mint, VaultError::WrongMint);
        require_keys_eq!(*self.token_program.key, *self.mint.owner, VaultError::WrongTokenProgram);
        require_keys_eq!(
            *self.vault_tokens.key,
            balance.vault_tokens,
            VaultError::WrongTokenAccount
        );
        require_keys_eq!(
            *self.owner_tokens.key,
            balance.owner_tokens,
            VaultError::WrongTokenAccount
        );
        Ok(token::read_account(&self.vault_tokens, self.token_program.key)?.amount)
    }

    fn pay_surplus(&self, owner: &Pubkey, surplus: u64, decimals: u8, seeds: &[&[&[u8]]]) -> Result<()> {
        let to = token::read_account(&self.owner_tokens, self.token_program.key)?;
        to.require_owner(owner)?;
        to.require_not_frozen()?;
        token::read_account(&self.vault_tokens, self.token_program.key)?.require_not_frozen()?;
        let transfer = token::Transfer {
            token_program: &self.token_program,
            source: &self.vault_tokens,
            mint: &self.mint,
            destination: &self.owner_tokens,
            authority: self.vault.as_ref(),
        };
        transfer.invoke(surplus, decimals, seeds)
    }
}

pub fn handler(ctx: Context<CloseBalance>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    // copied: the vault's account signs, so nothing may borrow it then
    let vault = *accounts.vault.load()?;
    let (surplus, decimals) = {
        let balance = accounts.balance.load()?;
        (
            accounts.validate(&vault, &balance, clock.unix_timestamp)?,
            balance.decimals,
        )
    };
    let seeds: &[&[&[u8]]] = &[&[SEED_VAULT, vault.owner.as_ref(), &[vault.bump]]];
    if surplus > 0 {
        accounts.pay_surplus(&vault.owner, surplus, decimals, seeds)?;
    }
    if token::may_withhold_fees(&accounts.vault_tokens)? {
        token::harvest_withheld(&accounts.token_program, &accounts.mint, &accounts.vault_tokens)?;
    }
    token::close_account(
        &accounts.token_program,
        &accounts.vault_tokens,
        &accounts.owner,
        accounts.vault.as_ref(),
        seeds,
    )?;

    let mut vault = accounts.vault.load_mut()?;
    vault.balances = crate::math::decrement(vault.balances)?;
    emit!(BalanceClosed {
        vault: accounts.vault.key(),
        balance: accounts.balance.key(),
        surplus,
        seq_num: vault.bump_seq_num()?,
        slot: clock.slot,
    });
    Ok(())
}
