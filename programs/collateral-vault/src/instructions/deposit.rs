use anchor_lang::prelude::*;

use crate::{error::VaultError, event::Deposited, state::*, token};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct DepositArgs {
    /// Base units that leave the owner; a mint with a transfer fee credits less.
    pub amount: u64,
    /// Must be the mint's: catches an amount of the wrong magnitude.
    pub decimals: u8,
}

/// Moves tokens of the owner into his vault. Only the owner deposits: a stranger's unit could not be told from a donation that keeps
/// a balance from closing.
#[derive(Accounts)]
pub struct Deposit<'info> {
    /// The vault's owner, whose tokens they are: checked in `validate`.
    pub owner: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    /// CHECK: the balance's mint, checked in `validate`
    pub mint: UncheckedAccount<'info>,
    /// CHECK: a token account of the owner and of this mint, checked in `validate`
    #[account(mut)]
    pub owner_tokens: UncheckedAccount<'info>,
    /// CHECK: the balance's token account, checked in `validate`
    #[account(mut)]
    pub vault_tokens: UncheckedAccount<'info>,
    /// CHECK: the mint's owner, checked in `validate`
    pub token_program: UncheckedAccount<'info>,
}

impl Deposit<'_> {
    /// Returns what the vault's token account holds before.
    fn validate(&self, args: &DepositArgs, balance: &Balance, now: i64) -> Result<u64> {
        let vault = self.vault.load()?;
        require_keys_eq!(*self.owner.key, vault.owner, VaultError::NotOwner);
        vault.require_running(&*self.vault_authority.load()?, now)?;
        balance.require_vault(self.vault.as_ref().key)?;
        require_keys_eq!(*self.mint.key, balance.mint, VaultError::WrongMint);
        require_keys_eq!(*self.token_program.key, *self.mint.owner, VaultError::WrongTokenProgram);
        require_keys_eq!(
            *self.vault_tokens.key,
            balance.vault_tokens,
            VaultError::WrongTokenAccount
        );
        require_keys_neq!(*self.owner_tokens.key, balance.vault_tokens, VaultError::SameAccount);
        let from = token::read_account(&self.owner_tokens, self.token_program.key)?;
        from.require_mint(&balance.mint)?;
        from.require_owner(self.owner.key)?;
        from.require_not_frozen()?;
        let to = token::read_account(&self.vault_tokens, self.token_program.key)?;
        to.require_not_frozen()?;
        require!(args.amount > 0, VaultError::ZeroAmount);
        require!(args.decimals == balance.decimals, VaultError::WrongDecimals);
        Ok(to.amount)
    }
}

pub fn handler(ctx: Context<Deposit>, args: DepositArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut balance = accounts.balance.load_mut()?;
    let before = accounts.validate(&args, &balance, clock.unix_timestamp)?;

    let transfer = token::Transfer {
        token_program: &accounts.token_program,
        source: &accounts.owner_tokens,
        mint: &accounts.mint,
        destination: &accounts.vault_tokens,
        authority: &accounts.owner,
    };
    transfer.invoke(args.amount, args.decimals, &[])?;

    let held = token::read_amount(&accounts.vault_tokens)?;
    let received = crate::math::sub(held, before, VaultError::TokenBalanceMismatch)?;
    require!(received > 0, VaultError::NothingReceived);
    require!(received <= args.amount, VaultError::TokenBalanceMismatch);
    balance.credit(received)?;
    balance.invariant_with_tokens(held)?;
    emit!(Deposited {
        balance: accounts.balance.key(),
        amount: args.amount,
        received,
        ledger: balance.next_ledger(clock.slot)?,
    });
    Ok(())
}
