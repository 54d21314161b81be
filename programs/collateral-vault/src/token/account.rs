//! Layouts that SPL Token and Token-2022 share: a mint's first 82 bytes, a token account's first 165; Token-2022 appends a type byte
//! at 165 and extensions.
use anchor_lang::prelude::*;

use crate::{
    error::VaultError,
    token::{SPL_TOKEN, TOKEN_2022},
};

pub const MINT_SIZE: usize = 82;
pub const ACCOUNT_SIZE: usize = 165;
const TYPE_MINT: u8 = 1;
const TYPE_ACCOUNT: u8 = 2;
/// A token program's own multisig account has this size; it is no token account.
const MULTISIG_SIZE: usize = 355;

const STATE_INITIALIZED: u8 = 1;
const STATE_FROZEN: u8 = 2;

/// A token account as its token program keeps it. Amount in base units.
pub struct TokenAccount {
    pub mint: Pubkey,
    pub owner: Pubkey,
    pub amount: u64,
    pub is_frozen: bool,
}

fn key_at(data: &[u8], from: usize) -> Option<Pubkey> {
    data.get(from..from.checked_add(32)?)?
        .try_into()
        .ok()
        .map(Pubkey::new_from_array)
}

fn amount_at(data: &[u8]) -> Option<u64> {
    data.get(64..72)?.try_into().ok().map(u64::from_le_bytes)
}

/// Only for an account whose token program, shape and state `read_account` has checked in the same instruction.
pub fn read_amount(info: &AccountInfo) -> Result<u64> {
    let data = info.try_borrow_data()?;
    amount_at(&data).ok_or_else(|| error!(VaultError::TokenAccountNotInitialized))
}

/// An initialised token account of `token_program`.
pub fn read_account(info: &AccountInfo, token_program: &Pubkey) -> Result<TokenAccount> {
    let not_initialized = || error!(VaultError::TokenAccountNotInitialized);
    if info.owner != token_program {
        // a closed account belongs to nobody
        let closed = info.try_data_is_empty().unwrap_or(false);
        return Err(if closed {
            not_initialized()
        } else {
            error!(VaultError::WrongTokenAccount)
        });
    }
    let data = info.try_borrow_data()?;
    let is_account = data.len() == ACCOUNT_SIZE
        || (data.len() > ACCOUNT_SIZE && data.len() != MULTISIG_SIZE && data.get(ACCOUNT_SIZE) == Some(&TYPE_ACCOUNT));
    require!(is_account, VaultError::WrongTokenAccount);
    let state = *data.get(108).ok_or_else(not_initialized)?;
    require!(
        state == STATE_INITIALIZED || state == STATE_FROZEN,
        VaultError::TokenAccountNotInitialized
    );
    Ok(TokenAccount {
        mint: key_at(&data, 0).ok_or_else(not_initialized)?,
        owner: key_at(&data, 32).ok_or_else(not_initialized)?,
        amount: amount_at(&data).ok_or_else(not_initialized)?,
        is_frozen: state == STATE_FROZEN,
    })
}

impl TokenAccount {
    pub fn require_mint(&self, mint: &Pubkey) -> Result<()> {
        require_keys_eq!(self.mint, *mint, VaultError::WrongMint);
        Ok(())
    }

    pub fn require_owner(&self, owner: &Pubkey) -> Result<()> {
        require_keys_eq!(self.owner, *owner, VaultError::WrongTokenOwner);
        Ok(())
    }

    pub fn require_not_frozen(&self) -> Result<()> {
        require!(!self.is_frozen, VaultError::TokenAccountFrozen);
        Ok(())
    }
}

/// What of a mint counts here.
pub struct Mint {
    pub decimals: u8,
    pub has_freeze_authority: bool,
}

/// An initialised mint of one of the two token programs.
pub fn read_mint(info: &AccountInfo) -> Result<Mint> {
    require!(
        *info.owner == SPL_TOKEN || *info.owner == TOKEN_2022,
        VaultError::InvalidMint
    );
    let data = info.try_borrow_data()?;
    let is_mint = data.len() == MINT_SIZE
        || (data.len() > ACCOUNT_SIZE && data.len() != MULTISIG_SIZE && data.get(ACCOUNT_SIZE) == Some(&TYPE_MINT));
    require!(is_mint && data.get(45) == Some(&1), VaultError::InvalidMint);
    let decimals = data.get(44).copied().ok_or_else(|| error!(VaultError::InvalidMint))?;
    Ok(Mint {
        decimals,
        has_freeze_authority: data.get(46) == Some(&1),
    })
}
