use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::WithdrawalRequested, math::after, state::*, token};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct RequestWithdrawalArgs {
    /// Base units that will leave the vault.
    pub amount: u64,
    /// Base units that must arrive when anybody else than the vault's authority executes it: a mint's fee may rise until then.
    pub minimum_received: u64,
    /// Must be the mint's: catches an amount of the wrong magnitude.
    pub decimals: u8,
    /// Only a seed: above the vault's last, within 60 seconds of the cluster's clock; a multi-sig's, which was fixed when it was
    /// proposed, may be as old as a proposal. After a collision, try the last one plus 1.
    pub timestamp: i64,
    /// The wallet whose associated token account receives.
    pub destination: Pubkey,
}

/// Asks for a delayed withdrawal. It reserves nothing: its execution checks everything again.
#[derive(Accounts)]
#[instruction(args: RequestWithdrawalArgs)]
pub struct RequestWithdrawal<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The owner, or the multi-sig: checked in `validate`.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(mut)]
    pub balance: AccountLoader<'info, Balance>,
    pub security_config: AccountLoader<'info, SecurityConfig>,
    /// CHECK: the balance's mint, checked in `validate`
    pub mint: UncheckedAccount<'info>,
    #[account(
        init,
        payer = payer,
        space = PendingWithdrawal::SIZE,
        seeds = [SEED_PENDING_WITHDRAWAL, vault.key().as_ref(), &args.timestamp.to_le_bytes()],
        bump,
    )]
    pub pending_withdrawal: AccountLoader<'info, PendingWithdrawal>,
    pub system_program: Program<'info, System>,
}

impl RequestWithdrawal<'_> {
    /// Returns the delay that counts now.
    fn validate(&self, args: &RequestWithdrawalArgs, vault: &Vault, balance: &Balance, now: i64) -> Result<i64> {
        let vault_key = self.vault.as_ref().key;
        vault.require_authority(vault_key, self.authority.key)?;
        balance.require_vault(vault_key)?;
        let config = self.security_config.load()?;
        config.require_vault(vault_key)?;
        require_keys_eq!(*self.mint.key, balance.mint, VaultError::WrongMint);
        require!(args.amount > 0, VaultError::ZeroAmount);
        require!(args.minimum_received <= args.amount, VaultError::BadMinimum);
        require!(args.decimals == balance.decimals, VaultError::WrongDecimals);
        let time = vault.loosening_time(&*self.vault_authority.load()?, now);
        require!(
            config.allows(&args.destination, &vault.owner, time),
            VaultError::DestinationNotAllowed
        );
        let oldest = if vault.has_multi_sig == 0 {
            WITHDRAWAL_TIMESTAMP_SLACK_SECONDS
        } else {
            MAX_PROPOSAL_SECONDS
        };
        let age = now.checked_sub(args.timestamp);
        let is_near = age.is_some_and(|age| age >= -WITHDRAWAL_TIMESTAMP_SLACK_SECONDS && age <= oldest);
        require!(
            is_near && args.timestamp > vault.last_withdrawal_timestamp,
            VaultError::BadTimestamp
        );
        require!(
            vault.pending_withdrawals < MAX_PENDING_WITHDRAWALS,
            VaultError::TooManyPending
        );
        Ok(config.delay(time))
    }
}

pub fn handler(ctx: Context<RequestWithdrawal>, args: RequestWithdrawalArgs) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut balance = accounts.balance.load_mut()?;
    let delay = accounts.validate(&args, &vault, &balance, now)?;

    let mut pending = accounts.pending_withdrawal.load_init()?;
    pending.vault = accounts.vault.key();
    pending.balance = accounts.balance.key();
    pending.destination = args.destination;
    pending.destination_tokens = token::associated_address(&args.destination, accounts.mint.owner, accounts.mint.key);
    pending.payer = accounts.payer.key();
    pending.amount = args.amount;
    pending.minimum_received = args.minimum_received;
    pending.timestamp = args.timestamp;
    pending.requested_at = now;
    pending.matures_at = after(now, delay)?;
    pending.config_version = vault.config_version;
    pending.bump = ctx.bumps.pending_withdrawal;
    vault.last_withdrawal_timestamp = args.timestamp;
    vault.pending_withdrawals = crate::math::increment(vault.pending_withdrawals)?;
    balance.pending_withdrawals = crate::math::increment(balance.pending_withdrawals)?;
    emit!(WithdrawalRequested {
        vault: pending.vault,
        balance: pending.balance,
        pending_withdrawal: accounts.pending_withdrawal.key(),
        amount: args.amount,
        minimum_received: args.minimum_received,
        destination: args.destination,
        matures_at: pending.matures_at,
        seq_num: vault.bump_seq_num()?,
        slot: clock.slot,
    });
    Ok(())
}
