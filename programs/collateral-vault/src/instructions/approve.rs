use anchor_lang::prelude::*;

use super::propose::emit_proposal;
use crate::{durable_nonce::refuse_durable_nonce, error::VaultError, state::*};

/// An owner approves what he was shown, once: the content whose hash he passes (`Proposal::content_hash`).
#[derive(Accounts)]
pub struct Approve<'info> {
    pub approver: Signer<'info>,
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    #[account(mut)]
    pub proposal: Account<'info, Proposal>,
    /// CHECK: the instructions sysvar, checked in `refuse_durable_nonce`
    pub instructions: UncheckedAccount<'info>,
}

pub fn handler(ctx: Context<Approve>, content_hash: [u8; 32]) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    refuse_durable_nonce(&accounts.instructions)?;
    let multi_sig = accounts.multi_sig_vault.load()?;
    require_keys_eq!(
        accounts.proposal.multi_sig,
        *accounts.multi_sig_vault.as_ref().key,
        VaultError::WrongMultiSig
    );
    let owner = multi_sig.require_owner(accounts.approver.key)?;
    accounts.proposal.require_live(&multi_sig, clock.unix_timestamp)?;
    require!(
        accounts.proposal.content_hash()? == content_hash,
        VaultError::ProposalContentMismatch
    );
    accounts.proposal.approve(owner)?;
    emit_proposal(&mut accounts.proposal, *accounts.approver.key, clock.slot)
}
