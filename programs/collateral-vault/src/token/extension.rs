//! Which Token-2022 mints are accepted. Default deny: an extension not named here is refused, by its name where it has one.
use anchor_lang::prelude::*;

use crate::{
    error::VaultError,
    token::{account::ACCOUNT_SIZE, TOKEN_2022},
};

/// Where extensions begin, of mints as of accounts: after the type byte.
const EXTENSIONS_AT: usize = ACCOUNT_SIZE + 1;
/// `TransferFeeAmount`, which an account has whose mint has a fee.
const TRANSFER_FEE_AMOUNT: u16 = 2;

/// A mint's extensions are all allowed. Mints can gain only metadata and group data after their creation, so once is enough.
pub fn require_supported_mint(mint: &AccountInfo) -> Result<()> {
    if *mint.owner != TOKEN_2022 {
        return Ok(());
    }
    let data = mint.try_borrow_data()?;
    for_each_extension(&data, require_supported)
}

/// Calls `visit` with the type of each extension.
fn for_each_extension(data: &[u8], mut visit: impl FnMut(u16) -> Result<()>) -> Result<()> {
    let mut rest = data.get(EXTENSIONS_AT..).unwrap_or(&[]);
    // type u16, length u16, value; type 0 or too few bytes for a header end the list
    while let Some((kind, length)) = header(rest) {
        visit(kind)?;
        let next = usize::from(length)
            .checked_add(4)
            .ok_or_else(|| error!(VaultError::InvalidMint))?;
        rest = rest.get(next..).ok_or_else(|| error!(VaultError::InvalidMint))?;
    }
    Ok(())
}

fn header(data: &[u8]) -> Option<(u16, u16)> {
    let kind = u16::from_le_bytes(data.get(0..2)?.try_into().ok()?);
    let length = u16::from_le_bytes(data.get(2..4)?.try_into().ok()?);
    (kind != 0).then_some((kind, length))
}

/// Numbers of `ExtensionType` in Token-2022. Allowed: a transfer fee (received amounts are measured), metadata, groups.
fn require_supported(kind: u16) -> Result<()> {
    use VaultError::*;
    let refused = match kind {
        1 => return Ok(()),       // TransferFeeConfig
        18..=23 => return Ok(()), // MetadataPointer, TokenMetadata, GroupPointer, TokenGroup, GroupMemberPointer, TokenGroupMember
        3 => UnsupportedMintCloseAuthority,
        4 => UnsupportedConfidentialTransfer,
        6 => UnsupportedDefaultAccountState,
        9 => UnsupportedNonTransferable,
        10 => UnsupportedInterestBearing,
        12 => UnsupportedPermanentDelegate,
        14 => UnsupportedTransferHook,
        16 => UnsupportedConfidentialTransferFee,
        24 => UnsupportedConfidentialMintBurn,
        25 => UnsupportedScaledUiAmount,
        26 => UnsupportedPausable,
        28 => UnsupportedPermissionedBurn,
        _ => UnsupportedUnknownExtension,
    };
    Err(error!(refused))
}

/// True when an account may hold withheld transfer fees, which must be harvested before it closes. Harvesting fails where the mint has
/// no fee.
pub fn may_withhold_fees(account: &AccountInfo) -> Result<bool> {
    if *account.owner != TOKEN_2022 {
        return Ok(false);
    }
    let data = account.try_borrow_data()?;
    let mut may = false;
    for_each_extension(&data, |kind| {
        may |= kind == TRANSFER_FEE_AMOUNT;
        Ok(())
    })?;
    Ok(may)
}
