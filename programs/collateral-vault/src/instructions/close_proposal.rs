use anchor_lang::prelude::*;

use crate::{error::VaultError, event::ProposalClosed, state::*};

/// Gives a finished proposal's rent back to its proposer. Finished: executed, cancelled, expired, or stale. Anybody may.
#[derive(Accounts)]
pub struct CloseProposal<'info> {
    /// CHECK: the proposal's multi-sig, which may be gone; checked in `validate`
    pub multi_sig_vault: UncheckedAccount<'info>,
    /// CHECK: the proposal's proposer, checked in `validate`
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    #[account(mut, close = proposer)]
    pub proposal: Account<'info, Proposal>,
}

impl CloseProposal<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        let proposal = &self.proposal;
        require_keys_eq!(*self.multi_sig_vault.key, proposal.multi_sig, VaultError::WrongMultiSig);
        require_keys_eq!(*self.proposer.key, proposal.proposer, VaultError::NotProposer);
        // a multi-sig that was removed belongs to nobody
        let is_stale =
            *self.multi_sig_vault.owner != crate::ID || read_multi_sig(&self.multi_sig_vault)?.epoch != proposal.epoch;
        let is_finished = proposal.state != ProposalState::Open || now >= proposal.expires_at || is_stale;
        require!(is_finished, VaultError::ProposalOpen);
        Ok(())
    }
}

pub fn handler(ctx: Context<CloseProposal>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    accounts.validate(clock.unix_timestamp)?;
    let seq_num = accounts.proposal.bump_seq_num()?;
    emit!(ProposalClosed {
        multi_sig: accounts.proposal.multi_sig,
        proposal: accounts.proposal.key(),
        index: accounts.proposal.index,
        state: accounts.proposal.state,
        seq_num,
        slot: clock.slot,
    });
    Ok(())
}
