//! Non-custodial collateral vaults for a perpetual-futures exchange.
//!
//! No single key, no listed program and no omitted account can take a user's money: docs/spec.md, section Solana.
use anchor_lang::prelude::*;

pub mod bucket;
pub mod constants;
pub mod durable_nonce;
pub mod error;
pub mod event;
pub mod instructions;
pub mod loader;
pub mod math;
pub mod proposable;
pub mod state;
pub mod token;

use instructions::*;
use state::{Limits, Role};

declare_id!("4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ");

#[program]
pub mod collateral_vault {
    use super::*;

    // money first: instructions are matched in this order

    pub fn deposit(ctx: Context<Deposit>, args: DepositArgs) -> Result<()> {
        instructions::deposit::handler(ctx, args)
    }

    pub fn withdraw(ctx: Context<Withdraw>, args: WithdrawArgs) -> Result<()> {
        instructions::withdraw::handler(ctx, args)
    }

    pub fn lock(ctx: Context<Lock>, amount: u64) -> Result<()> {
        instructions::lock::handler(ctx, amount)
    }

    pub fn unlock(ctx: Context<Unlock>, amount: u64) -> Result<()> {
        instructions::unlock::handler(ctx, amount)
    }

    pub fn transfer_collateral(ctx: Context<TransferCollateral>, args: TransferCollateralArgs) -> Result<()> {
        instructions::transfer_collateral::handler(ctx, args)
    }

    // vaults

    pub fn initialize(ctx: Context<Initialize>) -> Result<()> {
        instructions::initialize::handler(ctx)
    }

    pub fn open_balance(ctx: Context<OpenBalance>) -> Result<()> {
        instructions::open_balance::handler(ctx)
    }

    pub fn close_balance(ctx: Context<CloseBalance>) -> Result<()> {
        instructions::close_balance::handler(ctx)
    }

    pub fn close_vault(ctx: Context<CloseVault>) -> Result<()> {
        instructions::close_vault::handler(ctx)
    }

    // delayed withdrawals

    pub fn request_withdrawal(ctx: Context<RequestWithdrawal>, args: RequestWithdrawalArgs) -> Result<()> {
        instructions::request_withdrawal::handler(ctx, args)
    }

    pub fn execute_withdrawal(ctx: Context<ExecuteWithdrawal>) -> Result<()> {
        instructions::execute_withdrawal::handler(ctx)
    }

    pub fn cancel_withdrawal(ctx: Context<CancelWithdrawal>) -> Result<()> {
        instructions::cancel_withdrawal::handler(ctx)
    }

    // what a program may hold

    pub fn create_program_lock(ctx: Context<CreateProgramLock>, cap: u64) -> Result<()> {
        instructions::create_program_lock::handler(ctx, cap)
    }

    pub fn set_program_lock_cap(ctx: Context<SetProgramLockCap>, cap: u64) -> Result<()> {
        instructions::set_program_lock_cap::handler(ctx, cap)
    }

    pub fn veto_program_lock_cap(ctx: Context<VetoProgramLockCap>) -> Result<()> {
        instructions::veto_program_lock_cap::handler(ctx)
    }

    pub fn revoke_program_lock(ctx: Context<RevokeProgramLock>) -> Result<()> {
        instructions::revoke_program_lock::handler(ctx)
    }

    pub fn release_program_lock(ctx: Context<ReleaseProgramLock>) -> Result<()> {
        instructions::release_program_lock::handler(ctx)
    }

    pub fn close_program_lock(ctx: Context<CloseProgramLock>) -> Result<()> {
        instructions::close_program_lock::handler(ctx)
    }

    // an owner's own rules

    pub fn create_security_config(ctx: Context<CreateSecurityConfig>, args: CreateSecurityConfigArgs) -> Result<()> {
        instructions::create_security_config::handler(ctx, args)
    }

    pub fn change_security(ctx: Context<ChangeSecurity>, change: SecurityChange) -> Result<()> {
        instructions::change_security::handler(ctx, change)
    }

    pub fn veto_security(ctx: Context<VetoSecurity>, what: SecurityVeto) -> Result<()> {
        instructions::veto_security::handler(ctx, what)
    }

    pub fn set_limits(ctx: Context<SetLimits>, limits: Limits) -> Result<()> {
        instructions::set_limits::handler(ctx, limits)
    }

    pub fn veto_limits(ctx: Context<VetoLimits>) -> Result<()> {
        instructions::veto_limits::handler(ctx)
    }

    // several owners

    pub fn create_multi_sig(ctx: Context<CreateMultiSig>, args: MultiSigArgs) -> Result<()> {
        instructions::create_multi_sig::handler(ctx, args)
    }

    pub fn change_multi_sig(ctx: Context<ChangeMultiSig>, args: MultiSigArgs) -> Result<()> {
        instructions::change_multi_sig::handler(ctx, args)
    }

    pub fn apply_multi_sig(ctx: Context<ApplyMultiSig>) -> Result<()> {
        instructions::apply_multi_sig::handler(ctx)
    }

    pub fn veto_multi_sig(ctx: Context<VetoMultiSig>) -> Result<()> {
        instructions::veto_multi_sig::handler(ctx)
    }

    pub fn propose(ctx: Context<Propose>, args: ProposeArgs) -> Result<()> {
        instructions::propose::handler(ctx, args)
    }

    pub fn approve(ctx: Context<Approve>, content_hash: [u8; 32]) -> Result<()> {
        instructions::approve::handler(ctx, content_hash)
    }

    pub fn unapprove(ctx: Context<Unapprove>) -> Result<()> {
        instructions::unapprove::handler(ctx)
    }

    pub fn execute_proposal(ctx: Context<ExecuteProposal>) -> Result<()> {
        instructions::execute_proposal::handler(ctx)
    }

    pub fn cancel_proposal(ctx: Context<CancelProposal>) -> Result<()> {
        instructions::cancel_proposal::handler(ctx)
    }

    pub fn close_proposal(ctx: Context<CloseProposal>) -> Result<()> {
        instructions::close_proposal::handler(ctx)
    }

    pub fn freeze_vault(ctx: Context<FreezeVault>, seconds: i64) -> Result<()> {
        instructions::freeze_vault::handler(ctx, seconds)
    }

    // the program's configuration

    pub fn initialize_authority(ctx: Context<InitializeAuthority>, args: InitializeAuthorityArgs) -> Result<()> {
        instructions::initialize_authority::handler(ctx, args)
    }

    pub fn propose_authority(ctx: Context<ProposeAuthority>, args: ProposeAuthorityArgs) -> Result<()> {
        instructions::propose_authority::handler(ctx, args)
    }

    pub fn accept_authority(ctx: Context<AcceptAuthority>, role: Role) -> Result<()> {
        instructions::accept_authority::handler(ctx, role)
    }

    pub fn cancel_authority(ctx: Context<CancelAuthority>, role: Role) -> Result<()> {
        instructions::cancel_authority::handler(ctx, role)
    }

    pub fn pause(ctx: Context<Pause>) -> Result<()> {
        instructions::pause::handler(ctx)
    }

    pub fn request_unpause(ctx: Context<RequestUnpause>) -> Result<()> {
        instructions::request_unpause::handler(ctx)
    }

    pub fn unpause(ctx: Context<Unpause>) -> Result<()> {
        instructions::unpause::handler(ctx)
    }

    pub fn freeze_all(ctx: Context<FreezeAll>, seconds: i64) -> Result<()> {
        instructions::freeze_all::handler(ctx, seconds)
    }

    pub fn register_program(ctx: Context<RegisterProgram>, code_hash: [u8; 32]) -> Result<()> {
        instructions::register_program::handler(ctx, code_hash)
    }

    pub fn renew_program(ctx: Context<RenewProgram>, code_hash: [u8; 32]) -> Result<()> {
        instructions::renew_program::handler(ctx, code_hash)
    }

    pub fn confirm_program(ctx: Context<ConfirmProgram>) -> Result<()> {
        instructions::confirm_program::handler(ctx)
    }

    pub fn revoke_program(ctx: Context<RevokeProgram>) -> Result<()> {
        instructions::revoke_program::handler(ctx)
    }
}
