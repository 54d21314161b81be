//! One file per instruction, read from top to bottom: arguments, accounts, `validate`, handler.
// every file has a `handler`; they are called by their full path, and the accounts need the glob
#![allow(ambiguous_glob_reexports)]

pub mod accept_role;
pub mod add_collateral;
pub mod add_margin;
pub mod increase_position;
pub mod initialize_market;
pub mod liquidate;
pub mod lock_house;
pub mod open_position;
pub mod propose_role;
pub mod remove_margin;
pub mod request_house_unlock;
pub mod set_collateral_open;
pub mod set_params;
pub mod set_paused;
pub mod set_price;
pub mod settle_position;
pub mod unlock_house;

pub use accept_role::*;
pub use add_collateral::*;
pub use add_margin::*;
pub use increase_position::*;
pub use initialize_market::*;
pub use liquidate::*;
pub use lock_house::*;
pub use open_position::*;
pub use propose_role::*;
pub use remove_margin::*;
pub use set_collateral_open::*;
pub use set_params::*;
pub use set_price::*;
pub use settle_position::*;
