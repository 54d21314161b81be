//! What happened, with the state after it. Every event carries the market's `seq_num`: a gap means a missed event.
use anchor_lang::prelude::*;

use crate::state::{Params, Role};

/// Where the market's count stands.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy)]
pub struct Stamp {
    pub seq_num: u64,
    pub slot: u64,
}

/// A position and the open interest after an event. Sizes in contracts, entry value in nano, margin in base units.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy)]
pub struct PositionState {
    pub size: u64,
    pub entry_value: u64,
    pub margin: u64,
    pub long_size: u64,
    pub short_size: u64,
}

#[event]
pub struct PriceSet {
    pub price: u64,
    pub published_at: i64,
    pub stamp: Stamp,
}

/// Opened, or made larger.
#[event]
pub struct PositionIncreased {
    pub position: Pubkey,
    pub owner: Pubkey,
    pub mint: Pubkey,
    pub is_long: bool,
    pub size: u64,
    /// Of this increase, in nano.
    pub entry_value: u64,
    pub price: u64,
    pub state: PositionState,
    pub stamp: Stamp,
}

#[event]
pub struct MarginChanged {
    pub position: Pubkey,
    pub state: PositionState,
    pub stamp: Stamp,
}

/// Its owner closed all of a position or a part. Amounts in base units.
#[event]
pub struct PositionSettled {
    pub position: Pubkey,
    pub owner: Pubkey,
    pub size: u64,
    pub price: u64,
    pub loss: u64,
    pub bad_debt: u64,
    pub profit_paid: u64,
    pub profit_unpaid: u64,
    pub state: PositionState,
    pub stamp: Stamp,
}

#[event]
pub struct PositionLiquidated {
    pub position: Pubkey,
    pub owner: Pubkey,
    pub liquidator: Pubkey,
    pub size: u64,
    pub price: u64,
    pub loss: u64,
    pub bad_debt: u64,
    pub reward: u64,
    pub profit_paid: u64,
    pub profit_unpaid: u64,
    pub state: PositionState,
    pub stamp: Stamp,
}

/// What the house has locked of one mint, and what it asked to take back.
#[event]
pub struct HouseChanged {
    pub mint: Pubkey,
    pub locked: u64,
    pub unlock_requested: u64,
    pub unlock_at: i64,
    pub stamp: Stamp,
}

#[event]
pub struct CollateralSet {
    pub mint: Pubkey,
    /// From when new positions may use it; i64::MAX: closed.
    pub active_at: i64,
    pub stamp: Stamp,
}

#[event]
pub struct ParamsSet {
    pub params: Params,
    pub pending_params: Params,
    pub pending_at: i64,
    pub stamp: Stamp,
}

#[event]
pub struct PauseSet {
    /// New positions are refused before this time; i64::MAX: until the admin ends it.
    pub paused_until: i64,
    pub stamp: Stamp,
}

#[event]
pub struct RoleSet {
    pub role: Role,
    pub holder: Pubkey,
    pub pending: Pubkey,
    pub pending_at: i64,
    pub stamp: Stamp,
}
