//! Which mints the market takes, beyond what the vault refuses already.
use anchor_lang::prelude::*;
use collateral_vault::token::{ACCOUNT_SIZE, TOKEN_2022};

use crate::error::PositionError;

/// `ExtensionType::TransferFeeConfig` of Token-2022.
const TRANSFER_FEE_CONFIG: u16 = 1;

fn u16_at(data: &[u8], from: usize) -> Option<u16> {
    let bytes = data.get(from..from.checked_add(2)?)?;
    bytes.try_into().ok().map(u16::from_le_bytes)
}

/// No transfer fee: the vault refuses a transfer of which nothing arrives, so a fee authority could stop every settlement. A mint
/// cannot gain a fee after its creation.
pub fn require_no_transfer_fee(mint: &AccountInfo) -> Result<()> {
    if *mint.owner != TOKEN_2022 {
        return Ok(());
    }
    let data = mint.try_borrow_data()?;
    // after the type byte: type u16, length u16, value; type 0 ends the list
    let mut rest = data.get(ACCOUNT_SIZE..).and_then(|rest| rest.get(1..)).unwrap_or(&[]);
    while let (Some(kind), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        if kind == 0 {
            break;
        }
        require!(kind != TRANSFER_FEE_CONFIG, PositionError::TransferFeeMint);
        let next = usize::from(length).saturating_add(4);
        rest = rest.get(next..).unwrap_or(&[]);
    }
    Ok(())
}
