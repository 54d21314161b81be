//! What this program stores. Each account type is created by exactly one instruction, at exactly one address: an account of ours with
//! the right type and the right stored key is the canonical one.
pub mod market;
pub mod params;
pub mod position;
pub mod price;

pub use market::*;
pub use params::*;
pub use position::*;
pub use price::*;
