use anchor_lang::prelude::*;

use crate::{
    constants::*, durable_nonce::refuse_durable_nonce, error::VaultError, event::ProposalChanged, proposable, state::*,
};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct ProposeArgs {
    /// The proposer's next index (`MultiSigVault::next_index`): nobody can take it before him.
    pub index: u64,
    /// Unix time from which it can be neither approved nor executed; a minute to fourteen days from now.
    pub expires_at: i64,
    /// The instruction's accounts in order; see `ProposalAccount`.
    pub accounts: Vec<ProposalAccount>,
    /// The instruction's data, discriminator included.
    pub data: Vec<u8>,
}

/// An owner of a multi-sig proposes an instruction of this program. Proposing approves nothing.
#[derive(Accounts)]
#[instruction(args: ProposeArgs)]
pub struct Propose<'info> {
    #[account(mut)]
    pub proposer: Signer<'info>,
    #[account(mut)]
    pub multi_sig_vault: AccountLoader<'info, MultiSigVault>,
    #[account(
        init,
        payer = proposer,
        space = Proposal::size(args.accounts.len(), args.data.len())?,
        seeds = [SEED_PROPOSAL, multi_sig_vault.key().as_ref(), &args.index.to_le_bytes()],
        bump,
    )]
    pub proposal: Account<'info, Proposal>,
    /// CHECK: the instructions sysvar, checked in `refuse_durable_nonce`
    pub instructions: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl Propose<'_> {
    /// Returns the proposer's place among the owners.
    fn validate(&self, args: &ProposeArgs, multi_sig: &MultiSigVault, now: i64) -> Result<usize> {
        refuse_durable_nonce(&self.instructions)?;
        let place = multi_sig.require_owner(self.proposer.key)?;
        require!(args.index == multi_sig.next_index(place)?, VaultError::WrongIndex);
        Proposal::validate_instruction(&args.accounts, &args.data)?;
        proposable::require_proposable(&args.accounts, &args.data)?;
        let lives = args
            .expires_at
            .checked_sub(now)
            .ok_or_else(|| error!(VaultError::BadExpiry))?;
        require!(
            (MIN_PROPOSAL_SECONDS..=MAX_PROPOSAL_SECONDS).contains(&lives),
            VaultError::BadExpiry
        );
        Ok(place)
    }
}

pub fn handler(ctx: Context<Propose>, args: ProposeArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let mut multi_sig = accounts.multi_sig_vault.load_mut()?;
    let place = accounts.validate(&args, &multi_sig, clock.unix_timestamp)?;
    multi_sig.count_proposal(place)?;
    accounts.proposal.set_inner(Proposal {
        multi_sig: *accounts.multi_sig_vault.as_ref().key,
        proposer: *accounts.proposer.key,
        index: args.index,
        epoch: multi_sig.epoch,
        created_at: clock.unix_timestamp,
        expires_at: args.expires_at,
        seq_num: 0,
        approvals: 0,
        state: ProposalState::Open,
        bump: ctx.bumps.proposal,
        accounts: args.accounts,
        data: args.data,
    });
    emit_proposal(&mut accounts.proposal, *accounts.proposer.key, clock.slot)
}

pub fn emit_proposal(proposal: &mut Account<Proposal>, by: Pubkey, slot: u64) -> Result<()> {
    let seq_num = proposal.bump_seq_num()?;
    emit!(ProposalChanged {
        multi_sig: proposal.multi_sig,
        proposal: proposal.key(),
        index: proposal.index,
        by,
        approvals: proposal.approvals,
        state: proposal.state,
        seq_num,
        slot,
    });
    Ok(())
}
