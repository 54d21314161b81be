use anchor_lang::{
    prelude::*,
    solana_program::{instruction::Instruction, program::invoke_signed},
};

use super::propose::emit_proposal;
use crate::{
    constants::*, durable_nonce::refuse_durable_nonce, error::VaultError, program::CollateralVault, proposable,
    state::*,
};

/// An owner executes an approved proposal: this program calls itself, and the multi-sig signs. The executor also signs, and pays,
/// where the proposal says `EXECUTOR`. Remaining accounts: those of the proposal, in order.
#[derive(Accounts)]
pub struct ExecuteProposal<'info> {
    #[account(mut)]
    pub executor: Signer<'info>,
    /// CHECK: a multi-sig of this program, read in the handler. Not a loader: its exit would write after the proposal's instruction,
    /// which may change the account
    #[account(mut)]
    pub multi_sig_vault: UncheckedAccount<'info>,
    #[account(mut)]
    pub proposal: Account<'info, Proposal>,
    /// CHECK: the instructions sysvar, checked in `refuse_durable_nonce`
    pub instructions: UncheckedAccount<'info>,
    pub program: Program<'info, CollateralVault>,
}

/// The stored instruction, with this executor, after comparing every account.
fn instruction(proposal: &Proposal, executor: &Pubkey, accounts: &[AccountInfo]) -> Result<Instruction> {
    require!(
        accounts.len() == proposal.accounts.len(),
        VaultError::ProposalAccountsMismatch
    );
    let mut metas = Vec::with_capacity(accounts.len());
    for (stored, given) in proposal.accounts.iter().zip(accounts) {
        let by_executor = stored.key == ProposalAccount::EXECUTOR;
        let key = if by_executor { *executor } else { stored.key };
        require_keys_eq!(*given.key, key, VaultError::ProposalAccountsMismatch);
        let is_signer = by_executor || key == proposal.multi_sig;
        metas.push(AccountMeta {
            pubkey: key,
            is_signer,
            is_writable: stored.is_writable,
        });
    }
    Ok(Instruction {
        program_id: crate::ID,
        accounts: metas,
        data: proposal.data.clone(),
    })
}

pub fn handler(ctx: Context<ExecuteProposal>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    refuse_durable_nonce(&accounts.instructions)?;
    require_keys_eq!(
        accounts.proposal.multi_sig,
        *accounts.multi_sig_vault.key,
        VaultError::WrongMultiSig
    );
    let (vault, bump) = {
        let multi_sig = read_multi_sig(&accounts.multi_sig_vault)?;
        multi_sig.require_owner(accounts.executor.key)?;
        accounts.proposal.require_live(&multi_sig, clock.unix_timestamp)?;
        let approvals = accounts.proposal.approvals.count_ones();
        require!(
            approvals >= u32::from(multi_sig.threshold),
            VaultError::NotEnoughApprovals
        );
        (multi_sig.vault, multi_sig.bump)
    };
    proposable::require_proposable(&accounts.proposal.accounts, &accounts.proposal.data)?;
    let instruction = instruction(&accounts.proposal, accounts.executor.key, ctx.remaining_accounts)?;

    // executed before it runs, and written: nothing it does can find it open
    accounts.proposal.state = ProposalState::Executed;
    emit_proposal(&mut accounts.proposal, *accounts.executor.key, clock.slot)?;
    accounts.proposal.exit(&crate::ID)?;
    invoke_signed(
        &instruction,
        ctx.remaining_accounts,
        &[&[SEED_MULTI_SIG_VAULT, vault.as_ref(), &[bump]]],
    )?;
    Ok(())
}
