use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::BalanceOpened, state::*, token};

/// Opens a vault for a mint: the ledger and the vault's own token account. Only the vault's authority may, so nobody fills a vault
/// with balances that its owner would have to close.
#[derive(Accounts)]
pub struct OpenBalance<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(init, payer = payer, space = Balance::SIZE, seeds = [SEED_BALANCE, vault.key().as_ref(), mint.key().as_ref()], bump)]
    pub balance: AccountLoader<'info, Balance>,
    /// CHECK: a mint of a supported kind, checked in `validate`
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the vault's associated token account, checked in the handler before and after its creation
    #[account(mut)]
    pub vault_tokens: UncheckedAccount<'info>,
    /// CHECK: the mint's owner, checked in `validate`
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: its address
    #[account(address = token::ASSOCIATED_TOKEN)]
    pub associated_token_program: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl OpenBalance<'_> {
    fn validate(&self, vault: &Vault, now: i64) -> Result<token::Mint> {
        vault.require_authority(&self.vault.key(), self.authority.key)?;
        vault.require_running(&*self.vault_authority.load()?, now)?;
        let mint = token::read_mint(&self.mint)?;
        token::require_supported_mint(&self.mint)?;
        require_keys_eq!(*self.token_program.key, *self.mint.owner, VaultError::WrongTokenProgram);
        Ok(mint)
    }

    fn open_tokens(&self) -> Result<()> {
        let expected = token::associated_address(&self.vault.key(), self.token_program.key, self.mint.key);
        require_keys_eq!(*self.vault_tokens.key, expected, VaultError::WrongTokenAccount);
        token::create_associated(
            &self.payer,
            &self.vault_tokens,
            self.vault.as_ref(),
            &self.mint,
            &self.system_program,
            &self.token_program,
        )?;
        let tokens = token::read_account(&self.vault_tokens, self.token_program.key)?;
        tokens.require_mint(self.mint.key)?;
        tokens.require_owner(&self.vault.key())
    }
}

pub fn handler(ctx: Context<OpenBalance>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let (owner, mint) = {
        let vault = accounts.vault.load()?;
        (vault.owner, accounts.validate(&vault, clock.unix_timestamp)?)
    };
    accounts.open_tokens()?;

    let mut vault = accounts.vault.load_mut()?;
    vault.balances = crate::math::increment(vault.balances)?;
    let seq_num = vault.bump_seq_num()?;
    let mut balance = accounts.balance.load_init()?;
    balance.vault = accounts.vault.key();
    balance.mint = accounts.mint.key();
    balance.vault_tokens = accounts.vault_tokens.key();
    balance.owner_tokens = token::associated_address(&owner, accounts.token_program.key, accounts.mint.key);
    balance.decimals = mint.decimals;
    balance.bump = ctx.bumps.balance;
    emit!(BalanceOpened {
        vault: balance.vault,
        balance: accounts.balance.key(),
        mint: balance.mint,
        has_freeze_authority: mint.has_freeze_authority,
        seq_num,
        slot: clock.slot,
    });
    Ok(())
}
