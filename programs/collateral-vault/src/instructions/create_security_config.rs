use anchor_lang::prelude::*;

use crate::{constants::*, event::SecurityConfigSet, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct CreateSecurityConfigArgs {
    /// Seconds between the request and the execution of a withdrawal; 0: direct withdrawals.
    pub withdrawal_delay: i64,
    /// From now on only wallets of the whitelist receive, the owner only if he is on it.
    pub is_whitelist_on: bool,
    pub whitelist: Vec<Pubkey>,
    /// May veto and cancel, nothing else; zero: nobody.
    pub vetoer: Pubkey,
}

/// Gives a vault rules of its own. It tightens, so it counts at once; but where several owners guard the vault, any wallet besides the
/// owner's waits like every addition, for money could go nowhere else until now. From now on a mint without limits is closed: set limits
/// before, or wait a day for them.
#[derive(Accounts)]
pub struct CreateSecurityConfig<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The owner, or the multi-sig: checked in the handler.
    pub authority: Signer<'info>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(init, payer = payer, space = SecurityConfig::SIZE, seeds = [SEED_SECURITY_CONFIG, vault.key().as_ref()], bump)]
    pub security_config: AccountLoader<'info, SecurityConfig>,
    pub system_program: Program<'info, System>,
}

pub fn handler(ctx: Context<CreateSecurityConfig>, args: CreateSecurityConfigArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    vault.require_authority(accounts.vault.as_ref().key, accounts.authority.key)?;
    validate_delay(args.withdrawal_delay)?;

    let mut config = accounts.security_config.load_init()?;
    config.vault = accounts.vault.key();
    config.vetoer = args.vetoer;
    config.withdrawal_delay = args.withdrawal_delay;
    config.is_whitelist_on = u8::from(args.is_whitelist_on);
    config.bump = ctx.bumps.security_config;
    let now = clock.unix_timestamp;
    let waits_until = config.loosens_at(now, now)?;
    for wallet in args.whitelist {
        let waits = vault.has_multi_sig != 0 && wallet != vault.owner;
        config.add_to_whitelist(wallet, if waits { waits_until } else { now })?;
    }
    vault.has_security_config = 1;
    vault.bump_config_version()?;
    emit_security_config(&config, &mut vault, clock.slot)
}

pub fn emit_security_config(config: &SecurityConfig, vault: &mut Vault, slot: u64) -> Result<()> {
    emit!(SecurityConfigSet {
        vault: config.vault,
        withdrawal_delay: config.withdrawal_delay,
        pending_withdrawal_delay: config.pending_withdrawal_delay,
        pending_withdrawal_delay_at: config.pending_withdrawal_delay_at,
        vetoer: config.vetoer,
        pending_vetoer: config.pending_vetoer,
        pending_vetoer_at: config.pending_vetoer_at,
        is_whitelist_on: config.is_whitelist_on != 0,
        whitelist_off_at: config.whitelist_off_at,
        closing_at: config.closing_at,
        whitelist: config
            .whitelist
            .iter()
            .filter(|entry| entry.wallet != Pubkey::default())
            .copied()
            .collect(),
        seq_num: vault.bump_seq_num()?,
        slot,
    });
    Ok(())
}
