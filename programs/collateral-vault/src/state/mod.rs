//! What this program stores. Each account type is created by exactly one instruction, at exactly one address, so an account of ours
//! with the right type and the right stored key *is* the canonical one: hot paths compare stored keys and derive nothing (ADDR-1).
pub mod authorized_program;
pub mod balance;
pub mod multi_sig_vault;
pub mod pending_withdrawal;
pub mod program_lock;
pub mod proposal;
pub mod security_config;
pub mod vault;
pub mod vault_authority;

pub use authorized_program::*;
pub use balance::*;
pub use multi_sig_vault::*;
pub use pending_withdrawal::*;
pub use program_lock::*;
pub use proposal::*;
pub use security_config::*;
pub use vault::*;
pub use vault_authority::*;
