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
pub mod state;
pub mod token;

use instructions::*;

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

    pub fn initialize_authority(ctx: Context<InitializeAuthority>, args: InitializeAuthorityArgs) -> Result<()> {
        instructions::initialize_authority::handler(ctx, args)
    }

    pub fn initialize(ctx: Context<Initialize>) -> Result<()> {
        instructions::initialize::handler(ctx)
    }

    pub fn open_balance(ctx: Context<OpenBalance>) -> Result<()> {
        instructions::open_balance::handler(ctx)
    }
}
