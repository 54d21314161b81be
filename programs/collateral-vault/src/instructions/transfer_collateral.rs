use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::CollateralTransferred, math::sub, state::*, token};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct TransferCollateralArgs {
    /// Base units taken from the program's own lock; a mint with a transfer fee credits less.
    pub amount: u64,
    /// Must be the mint's: catches an amount of the wrong magnitude.
    pub decimals: u8,
}

/// A registered program settles or liquidates: from its own lock in one vault to what is available in another, of the same mint.
/// There is no other destination: a program never reaches a token account outside the vaults.
#[derive(Accounts)]
pub struct TransferCollateral<'info> {
    /// The program's own address, which only it can sign with: checked in `validate`.
    pub collateral_authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
    /// CHECK: the program's ProgramData, checked in `AuthorizedProgram::require_active`
    pub program_data: UncheckedAccount<'info>,
    pub source_vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub source_balance: AccountLoader<'info, Balance>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
    #[account(mut)]
    pub destination_balance: AccountLoader<'info, Balance>,
    /// CHECK: the mint of both balances, checked in `validate`
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the source balance's token account, checked in `validate`
    #[account(mut)]
    pub source_tokens: UncheckedAccount<'info>,
    /// CHECK: the destination balance's token account, checked in `validate`
    #[account(mut)]
    pub destination_tokens: UncheckedAccount<'info>,
    /// CHECK: the mint's owner, checked in `validate`
    pub token_program: UncheckedAccount<'info>,
}

impl TransferCollateral<'_> {
    /// Returns what both token accounts hold before.
    fn validate(
        &self,
        args: &TransferCollateralArgs,
        source: &Balance,
        destination: &Balance,
        lock: &ProgramLock,
        now: i64,
    ) -> Result<(u64, u64)> {
        let program = self.authorized_program.load()?;
        program.require_caller(self.collateral_authority.key)?;
        program.require_active(&self.program_data, now)?;
        // not the source vault's own freeze: what is locked is committed, and its owner could freeze it to outlast a loss
        self.vault_authority.load()?.require_running(now)?;
        source.require_vault(self.source_vault.as_ref().key)?;
        lock.require_matches(self.source_balance.as_ref().key, &program)?;
        lock.require_may_settle(now)?;
        require_keys_neq!(source.vault, destination.vault, VaultError::SameAccount);
        require_keys_eq!(*self.mint.key, source.mint, VaultError::WrongMint);
        require_keys_eq!(destination.mint, source.mint, VaultError::WrongMint);
        require_keys_eq!(*self.token_program.key, *self.mint.owner, VaultError::WrongTokenProgram);
        require_keys_eq!(
            *self.source_tokens.key,
            source.vault_tokens,
            VaultError::WrongTokenAccount
        );
        require_keys_eq!(
            *self.destination_tokens.key,
            destination.vault_tokens,
            VaultError::WrongTokenAccount
        );
        let from = token::read_account(&self.source_tokens, self.token_program.key)?;
        from.require_not_frozen()?;
        let to = token::read_account(&self.destination_tokens, self.token_program.key)?;
        to.require_not_frozen()?;
        require!(args.amount > 0, VaultError::ZeroAmount);
        require!(args.decimals == source.decimals, VaultError::WrongDecimals);
        Ok((from.amount, to.amount))
    }

    fn move_tokens(&self, args: &TransferCollateralArgs, vault: &Vault) -> Result<(u64, u64)> {
        let transfer = token::Transfer {
            token_program: &self.token_program,
            source: &self.source_tokens,
            mint: &self.mint,
            destination: &self.destination_tokens,
            authority: self.source_vault.as_ref(),
        };
        transfer.invoke(
            args.amount,
            args.decimals,
            &[&[SEED_VAULT, vault.owner.as_ref(), &[vault.bump]]],
        )?;
        Ok((
            token::read_amount(&self.source_tokens)?,
            token::read_amount(&self.destination_tokens)?,
        ))
    }
}

pub fn handler(ctx: Context<TransferCollateral>, args: TransferCollateralArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    // the same balance twice would borrow twice; say what is wrong instead
    require_keys_neq!(
        accounts.source_balance.key(),
        accounts.destination_balance.key(),
        VaultError::SameAccount
    );
    // copied: the source vault's account signs the transfer, so nothing may borrow it then
    let vault = *accounts.source_vault.load()?;
    let mut source = accounts.source_balance.load_mut()?;
    let mut destination = accounts.destination_balance.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    let (source_before, destination_before) =
        accounts.validate(&args, &source, &destination, &lock, clock.unix_timestamp)?;

    lock.unlock(&mut source, args.amount)?;
    source.debit(args.amount)?;
    let (source_held, destination_held) = accounts.move_tokens(&args, &vault)?;
    require!(
        source_before.checked_sub(args.amount) == Some(source_held),
        VaultError::TokenBalanceMismatch
    );
    let received = sub(destination_held, destination_before, VaultError::TokenBalanceMismatch)?;
    require!(received > 0, VaultError::NothingReceived);
    require!(received <= args.amount, VaultError::TokenBalanceMismatch);
    destination.credit(received)?;
    source.invariant_with_tokens(source_held)?;
    destination.invariant_with_tokens(destination_held)?;
    emit!(CollateralTransferred {
        source: accounts.source_balance.key(),
        destination: accounts.destination_balance.key(),
        program_id: lock.program_id,
        amount: args.amount,
        received,
        program_locked: lock.locked,
        source_ledger: source.next_ledger(clock.slot)?,
        destination_ledger: destination.next_ledger(clock.slot)?,
    });
    Ok(())
}
