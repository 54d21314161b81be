use anchor_lang::prelude::*;

use super::propose::emit_proposal;
use crate::{error::VaultError, state::*};

/// The proposer withdraws his proposal. Others let it expire: one stolen key must not be able to stop every proposal.
#[derive(Accounts)]
pub struct CancelProposal<'info> {
    pub proposer: Signer<'info>,
    #[account(mut)]
    pub proposal: Account<'info, Proposal>,
}

pub fn handler(ctx: Context<CancelProposal>) -> Result<()> {
    let accounts = ctx.accounts;
    require_keys_eq!(
        *accounts.proposer.key,
        accounts.proposal.proposer,
        VaultError::NotProposer
    );
    require!(
        accounts.proposal.state == ProposalState::Open,
        VaultError::ProposalClosed
    );
    accounts.proposal.state = ProposalState::Cancelled;
    emit_proposal(&mut accounts.proposal, *accounts.proposer.key, Clock::get()?.slot)
}
