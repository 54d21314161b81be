//! One file per instruction, read from top to bottom: arguments, accounts, `validate`, handler.
// every file has a `handler`; they are called by their full path, and the accounts need the glob
#![allow(ambiguous_glob_reexports)]

pub mod deposit;
pub mod initialize;
pub mod initialize_authority;
pub mod lock;
pub mod open_balance;
pub mod transfer_collateral;
pub mod unlock;
pub mod withdraw;

pub use deposit::*;
pub use initialize::*;
pub use initialize_authority::*;
pub use lock::*;
pub use open_balance::*;
pub use transfer_collateral::*;
pub use unlock::*;
pub use withdraw::*;
