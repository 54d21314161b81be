//! SPL Token and Token-2022: reading their accounts, moving tokens. Read by hand: unpacking by the libraries costs more compute units
//! than the whole rest of a deposit.
pub mod account;
pub mod extension;
pub mod instruction;

pub use account::*;
pub use extension::*;
pub use instruction::*;

use anchor_lang::prelude::{pubkey, Pubkey};

pub const SPL_TOKEN: Pubkey = pubkey!("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
pub const TOKEN_2022: Pubkey = pubkey!("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
pub const ASSOCIATED_TOKEN: Pubkey = pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// A wallet's associated token account of a mint.
pub fn associated_address(wallet: &Pubkey, token_program: &Pubkey, mint: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(
        &[wallet.as_ref(), token_program.as_ref(), mint.as_ref()],
        &ASSOCIATED_TOKEN,
    )
    .0
}
