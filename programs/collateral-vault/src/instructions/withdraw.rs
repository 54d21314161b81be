use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::Withdrawn, math::sub, state::*, token};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct WithdrawArgs {
    /// Base units that leave the vault; a mint with a transfer fee delivers less.
    pub amount: u64,
    /// Base units that must arrive: a proposal may wait for two weeks, and the mint's fee may rise meanwhile.
    pub minimum_received: u64,
    /// Must be the mint's: catches an amount of the wrong magnitude.
    pub decimals: u8,
}

/// Pays out at once. Fails while a delay is set, and without the security configuration where there is one.
#[derive(Accounts)]
pub struct Withdraw<'info> {
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    /// The vault's own, required while the vault's flag is set: checked in `validate`.
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    /// CHECK: the balance's mint, checked in `Payout::validate`
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the balance's token account, checked in `Payout::validate`
    #[account(mut)]
    pub vault_tokens: UncheckedAccount<'info>,
    /// CHECK: the associated token account of an allowed wallet, checked in `Payout::validate`
    #[account(mut)]
    pub destination_tokens: UncheckedAccount<'info>,
    /// CHECK: the mint's owner, checked in `Payout::validate`
    pub token_program: UncheckedAccount<'info>,
}

/// What every withdrawal shares: the checks of accounts and rules, and the transfer. Built by `withdraw` and `execute_withdrawal`.
pub struct Payout<'a, 'info> {
    pub vault_authority: &'a VaultAuthority,
    pub vault_info: &'a AccountInfo<'info>,
    pub vault: &'a Vault,
    pub balance_key: Pubkey,
    pub security_config: Option<&'a SecurityConfig>,
    pub mint: &'a AccountInfo<'info>,
    pub vault_tokens: &'a AccountInfo<'info>,
    pub destination_tokens: &'a AccountInfo<'info>,
    pub token_program: &'a AccountInfo<'info>,
}

impl Payout<'_, '_> {
    /// Accounts and rules, limits apart. Returns what the vault's and the destination's token accounts hold before.
    fn validate(&self, balance: &Balance, amount: u64, now: i64) -> Result<(u64, u64)> {
        self.vault.require_can_leave(self.vault_authority, now)?;
        balance.require_vault(self.vault_info.key)?;
        require_keys_eq!(*self.mint.key, balance.mint, VaultError::WrongMint);
        require_keys_eq!(*self.token_program.key, *self.mint.owner, VaultError::WrongTokenProgram);
        require_keys_eq!(
            *self.vault_tokens.key,
            balance.vault_tokens,
            VaultError::WrongTokenAccount
        );
        require_keys_neq!(
            *self.destination_tokens.key,
            balance.vault_tokens,
            VaultError::SameAccount
        );
        let from = token::read_account(self.vault_tokens, self.token_program.key)?;
        from.require_not_frozen()?;
        let to = token::read_account(self.destination_tokens, self.token_program.key)?;
        to.require_mint(&balance.mint)?;
        to.require_not_frozen()?;
        self.validate_destination(balance, &to.owner, now)?;
        require!(amount > 0, VaultError::ZeroAmount);
        Ok((from.amount, to.amount))
    }

    /// The associated token account of an allowed wallet that still owns it. A token account whose owner was changed names the new
    /// owner, whose associated account it is not.
    fn validate_destination(&self, balance: &Balance, wallet: &Pubkey, now: i64) -> Result<()> {
        let owner = &self.vault.owner;
        let allowed = match self.security_config {
            Some(config) => config.allows(wallet, owner, self.vault.loosening_time(self.vault_authority, now)),
            None => wallet == owner,
        };
        require!(allowed, VaultError::DestinationNotAllowed);
        let expected = if wallet == owner {
            balance.owner_tokens
        } else {
            token::associated_address(wallet, self.token_program.key, self.mint.key)
        };
        require_keys_eq!(*self.destination_tokens.key, expected, VaultError::WrongTokenAccount);
        Ok(())
    }

    /// Pays `amount`, of which at least `minimum_received` must arrive: ledger, limits, tokens, and what both token accounts hold
    /// asserted afterwards.
    pub fn pay(&self, balance: &mut Balance, amount: u64, minimum_received: u64, clock: &Clock) -> Result<()> {
        let now = clock.unix_timestamp;
        let (before, destination_before) = self.validate(balance, amount, now)?;
        balance.debit(amount)?;
        let time = self.vault.loosening_time(self.vault_authority, now);
        balance.take_from_limits(amount, self.vault.has_security_config != 0, now, time)?;

        let transfer = token::Transfer {
            token_program: self.token_program,
            source: self.vault_tokens,
            mint: self.mint,
            destination: self.destination_tokens,
            authority: self.vault_info,
        };
        transfer.invoke(
            amount,
            balance.decimals,
            &[&[SEED_VAULT, self.vault.owner.as_ref(), &[self.vault.bump]]],
        )?;

        let held = token::read_amount(self.vault_tokens)?;
        require!(
            before.checked_sub(amount) == Some(held),
            VaultError::TokenBalanceMismatch
        );
        balance.invariant_with_tokens(held)?;
        let destination_held = token::read_amount(self.destination_tokens)?;
        let received = sub(destination_held, destination_before, VaultError::TokenBalanceMismatch)?;
        require!(received <= amount, VaultError::TokenBalanceMismatch);
        require!(received >= minimum_received, VaultError::LessReceived);
        emit!(Withdrawn {
            balance: self.balance_key,
            amount,
            received,
            destination_tokens: *self.destination_tokens.key,
            ledger: balance.next_ledger(clock.slot)?,
        });
        Ok(())
    }
}

impl Withdraw<'_> {
    fn validate(
        &self,
        args: &WithdrawArgs,
        vault: &Vault,
        config: Option<&SecurityConfig>,
        balance: &Balance,
        time: i64,
    ) -> Result<()> {
        vault.require_authority(self.vault.as_ref().key, self.authority.key)?;
        if let Some(config) = config {
            require!(config.delay(time) == 0, VaultError::DelayRequired);
        }
        require!(args.decimals == balance.decimals, VaultError::WrongDecimals);
        require!(args.minimum_received <= args.amount, VaultError::BadMinimum);
        Ok(())
    }
}

pub fn handler(ctx: Context<Withdraw>, args: WithdrawArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let authority = accounts.vault_authority.load()?;
    // copied: the vault's account signs the transfer, so nothing may borrow it then
    let vault = *accounts.vault.load()?;
    let config = canonical_config(&accounts.security_config, &vault, accounts.vault.as_ref().key)?;
    let mut balance = accounts.balance.load_mut()?;
    let time = vault.loosening_time(&authority, clock.unix_timestamp);
    accounts.validate(&args, &vault, config.as_deref(), &balance, time)?;
    let payout = Payout {
        vault_authority: &authority,
        vault_info: accounts.vault.as_ref(),
        vault: &vault,
        balance_key: accounts.balance.key(),
        security_config: config.as_deref(),
        mint: &accounts.mint,
        vault_tokens: &accounts.vault_tokens,
        destination_tokens: &accounts.destination_tokens,
        token_program: &accounts.token_program,
    };
    payout.pay(&mut balance, args.amount, args.minimum_received, &clock)
}
