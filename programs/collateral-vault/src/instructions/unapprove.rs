use anchor_lang::prelude::*;

use super::propose::emit_proposal;
use crate::{error::VaultError, state::*};

/// An owner takes his approval of an open proposal back; he may approve it again. What he takes back can be no danger, so durable
/// nonces may, and no content is named.
#[derive(Accounts)]
pub struct Unapprove<'info> {
    pub approver: Signer<'info>,
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    #[account(mut)]
    pub proposal: Account<'info, Proposal>,
}

pub fn handler(ctx: Context<Unapprove>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let multi_sig = accounts.multi_sig_vault.load()?;
    require_keys_eq!(
        accounts.proposal.multi_sig,
        *accounts.multi_sig_vault.as_ref().key,
        VaultError::WrongMultiSig
    );
    let owner = multi_sig.require_owner(accounts.approver.key)?;
    accounts.proposal.require_live(&multi_sig, clock.unix_timestamp)?;
    accounts.proposal.unapprove(owner)?;
    emit_proposal(&mut accounts.proposal, *accounts.approver.key, clock.slot)
}
