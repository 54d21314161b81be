//! One perpetual market whose collateral lies in collateral vaults: the example of a program that locks and settles by CPI.
//!
//! Formulas, rounding and what each party can do to the others: docs/position-manager.md.
use anchor_lang::prelude::*;

pub mod constants;
pub mod error;
pub mod event;
pub mod instructions;
pub mod math;
pub mod mint;
pub mod settlement;
pub mod state;
pub mod vault;

use instructions::*;
use state::{Params, Role};

declare_id!("FnWyXSmct2W35V3HJGEN54ohYUscotR5bLiBeADpUA1c");

#[program]
pub mod position_manager {
    use super::*;

    pub fn set_price(ctx: Context<SetPrice>, args: SetPriceArgs) -> Result<()> {
        instructions::set_price::handler(ctx, args)
    }

    pub fn open_position(ctx: Context<OpenPosition>, args: OpenPositionArgs) -> Result<()> {
        instructions::open_position::handler(ctx, args)
    }

    pub fn increase_position(ctx: Context<IncreasePosition>, args: IncreasePositionArgs) -> Result<()> {
        instructions::increase_position::handler(ctx, args)
    }

    pub fn add_margin(ctx: Context<AddMargin>, amount: u64) -> Result<()> {
        instructions::add_margin::handler(ctx, amount)
    }

    pub fn remove_margin(ctx: Context<RemoveMargin>, amount: u64) -> Result<()> {
        instructions::remove_margin::handler(ctx, amount)
    }

    pub fn settle_position(ctx: Context<SettlePosition>, args: SettlePositionArgs) -> Result<()> {
        instructions::settle_position::handler(ctx, args)
    }

    pub fn liquidate(ctx: Context<Liquidate>) -> Result<()> {
        instructions::liquidate::handler(ctx)
    }

    pub fn lock_house(ctx: Context<House>, amount: u64) -> Result<()> {
        instructions::lock_house::handler(ctx, amount)
    }

    pub fn request_house_unlock(ctx: Context<House>, amount: u64) -> Result<()> {
        instructions::request_house_unlock::handler(ctx, amount)
    }

    pub fn unlock_house(ctx: Context<House>, amount: u64) -> Result<()> {
        instructions::unlock_house::handler(ctx, amount)
    }

    pub fn initialize_market(ctx: Context<InitializeMarket>, args: InitializeMarketArgs) -> Result<()> {
        instructions::initialize_market::handler(ctx, args)
    }

    pub fn add_collateral(ctx: Context<AddCollateral>) -> Result<()> {
        instructions::add_collateral::handler(ctx)
    }

    pub fn set_collateral_open(ctx: Context<SetCollateralOpen>, args: SetCollateralOpenArgs) -> Result<()> {
        instructions::set_collateral_open::handler(ctx, args)
    }

    pub fn set_params(ctx: Context<Administer>, params: Params) -> Result<()> {
        instructions::set_params::handler(ctx, params)
    }

    pub fn set_paused(ctx: Context<Administer>, is_paused: bool) -> Result<()> {
        instructions::set_paused::handler(ctx, is_paused)
    }

    pub fn propose_role(ctx: Context<ProposeRole>, args: ProposeRoleArgs) -> Result<()> {
        instructions::propose_role::handler(ctx, args)
    }

    pub fn accept_role(ctx: Context<AcceptRole>, role: Role) -> Result<()> {
        instructions::accept_role::handler(ctx, role)
    }
}
