use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::MultiSigSet, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct MultiSigArgs {
    /// 1 to 10, distinct, none zero.
    pub owners: Vec<Pubkey>,
    pub threshold: u8,
}

/// The owner hands his vault to several owners: then only their executed proposals withdraw and configure. It counts at once, unless
/// there is a security configuration: a thief of the owner's key would shut its veto out, so it waits as a change of owners does.
#[derive(Accounts)]
pub struct CreateMultiSig<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The vault's owner: checked in the handler.
    pub authority: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(init, payer = payer, space = MultiSigVault::SIZE, seeds = [SEED_MULTI_SIG_VAULT, vault.key().as_ref()], bump)]
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    /// The vault's own, required while the vault's flag is set: checked in the handler.
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    pub system_program: Program<'info, System>,
}

pub fn handler(ctx: Context<CreateMultiSig>, args: MultiSigArgs) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let vault_key = accounts.vault.as_ref().key;
    vault.require_authority(vault_key, accounts.authority.key)?;
    let config = canonical_config(&accounts.security_config, &vault, vault_key)?;
    let mut multi_sig = accounts.multi_sig_vault.load_init()?;
    multi_sig.vault = *vault_key;
    multi_sig.bump = ctx.bumps.multi_sig_vault;
    multi_sig.created_slot = clock.slot;
    vault.multi_sig_bump = ctx.bumps.multi_sig_vault;
    if let Some(config) = config.as_deref() {
        let authority = accounts.vault_authority.load()?;
        vault.require_running(&authority, now)?;
        // an empty list that waits is a removal
        require!(!args.owners.is_empty(), VaultError::BadOwners);
        let at = config.loosens_at(now, vault.loosening_time(&authority, now))?;
        multi_sig.set_pending(&args.owners, args.threshold, at)?;
        vault.is_multi_sig_waiting = 1;
    } else {
        multi_sig.set_owners(&args.owners, args.threshold, clock.slot)?;
        vault.has_multi_sig = 1;
        vault.bump_config_version()?;
    }
    emit_multi_sig(&multi_sig, &mut vault, false, clock.slot)
}

pub fn emit_multi_sig(multi_sig: &MultiSigVault, vault: &mut Vault, is_removed: bool, slot: u64) -> Result<()> {
    emit!(MultiSigSet {
        vault: multi_sig.vault,
        owners: multi_sig.active_owners().to_vec(),
        threshold: multi_sig.threshold,
        epoch: multi_sig.epoch,
        pending_owners: multi_sig.waiting_owners().to_vec(),
        pending_threshold: multi_sig.pending_threshold,
        pending_at: multi_sig.pending_at,
        is_removed,
        seq_num: vault.bump_seq_num()?,
        slot,
    });
    Ok(())
}
