use anchor_lang::prelude::*;

use crate::{constants::*, event::MultiSigSet, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct MultiSigArgs {
    /// 1 to 10, distinct, none zero.
    pub owners: Vec<Pubkey>,
    pub threshold: u8,
}

/// The owner hands his vault to several owners: from now on only their executed proposals withdraw and configure. It tightens, so it
/// counts at once.
#[derive(Accounts)]
pub struct CreateMultiSig<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The vault's owner: checked in the handler.
    pub authority: Signer<'info>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    #[account(init, payer = payer, space = MultiSigVault::SIZE, seeds = [SEED_MULTI_SIG_VAULT, vault.key().as_ref()], bump)]
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    pub system_program: Program<'info, System>,
}

pub fn handler(ctx: Context<CreateMultiSig>, args: MultiSigArgs) -> Result<()> {
    let slot = Clock::get()?.slot;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    vault.require_authority(accounts.vault.as_ref().key, accounts.authority.key)?;
    let mut multi_sig = accounts.multi_sig_vault.load_init()?;
    multi_sig.vault = accounts.vault.key();
    multi_sig.bump = ctx.bumps.multi_sig_vault;
    multi_sig.created_slot = slot;
    multi_sig.set_owners(&args.owners, args.threshold, slot)?;
    vault.has_multi_sig = 1;
    vault.multi_sig_bump = ctx.bumps.multi_sig_vault;
    vault.bump_config_version()?;
    emit_multi_sig(&multi_sig, &mut vault, false, slot)
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
