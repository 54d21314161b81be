//! Reading programs and their ProgramData: who deployed, when, and what.
use anchor_lang::{
    prelude::*,
    solana_program::{bpf_loader_upgradeable, program_memory},
};

use crate::error::VaultError;

/// Loader of programs that never change (BPFLoader2).
const IMMUTABLE_LOADER: Pubkey = pubkey!("BPFLoader2111111111111111111111111111111111");

// UpgradeableLoaderState, bincode: u32 kind, then for Program the address of its ProgramData, for ProgramData the slot (u64) and an
// optional authority (u8, key); the code follows.
const KIND_PROGRAM: [u8; 4] = 2u32.to_le_bytes();
const KIND_PROGRAM_DATA: [u8; 4] = 3u32.to_le_bytes();
const PROGRAM_DATA_HEADER: usize = 45;
/// Zeros behind the code are skipped by this many bytes.
const BLOCK: usize = 4_096;

/// What tells code apart: its length and its SHA-256, without the zeros behind it. Zeros are all that an extension adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub length: u64,
    pub hash: [u8; 32],
}

/// Bytes `from..from + N` of an account's data.
fn field<const N: usize>(data: &[u8], from: usize) -> Result<[u8; N]> {
    let bytes = from.checked_add(N).and_then(|to| data.get(from..to));
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| error!(VaultError::WrongProgramData))
}

fn require_program_data(account: &AccountInfo) -> Result<()> {
    require_keys_eq!(*account.owner, bpf_loader_upgradeable::ID, VaultError::WrongProgramData);
    let data = account.try_borrow_data()?;
    require!(field::<4>(&data, 0)? == KIND_PROGRAM_DATA, VaultError::WrongProgramData);
    Ok(())
}

/// The slot of a ProgramData's last deployment.
pub fn deploy_slot(program_data: &AccountInfo) -> Result<u64> {
    require_program_data(program_data)?;
    let data = program_data.try_borrow_data()?;
    Ok(u64::from_le_bytes(field(&data, 4)?))
}

/// A ProgramData's upgrade authority; none for a program that is final.
pub fn upgrade_authority(program_data: &AccountInfo) -> Result<Option<Pubkey>> {
    require_program_data(program_data)?;
    let data = program_data.try_borrow_data()?;
    if field::<1>(&data, 12)? != [1] {
        return Ok(None);
    }
    Ok(Some(Pubkey::new_from_array(field(&data, 13)?)))
}

/// Where an executable program keeps its code: its ProgramData and the slot of its deployment, or the program itself and slot 0 for
/// a loader whose programs cannot change. Other loaders are refused: their upgrades would go unnoticed.
pub fn code_of(program: &AccountInfo, program_data: &AccountInfo) -> Result<(Pubkey, u64)> {
    require!(program.executable, VaultError::NotAProgram);
    if *program.owner == IMMUTABLE_LOADER {
        require_keys_eq!(*program_data.key, *program.key, VaultError::WrongProgramData);
        return Ok((*program.key, 0));
    }
    require_keys_eq!(*program.owner, bpf_loader_upgradeable::ID, VaultError::NotAProgram);
    {
        let data = program.try_borrow_data()?;
        require!(field::<4>(&data, 0)? == KIND_PROGRAM, VaultError::NotAProgram);
        let expected = Pubkey::new_from_array(field(&data, 4)?);
        require_keys_eq!(*program_data.key, expected, VaultError::WrongProgramData);
    }
    Ok((*program_data.key, deploy_slot(program_data)?))
}

/// The code in a ProgramData, or in a program of a loader whose programs cannot change. Half a compute unit a byte; a hundredth for
/// zeros behind it, so that extending a program to the size of an account does not take it out of reach.
pub fn read_code(account: &AccountInfo) -> Result<Code> {
    let header = if *account.owner == IMMUTABLE_LOADER {
        0
    } else {
        require_program_data(account)?;
        PROGRAM_DATA_HEADER
    };
    let data = account.try_borrow_data()?;
    let code = data.get(header..).ok_or_else(|| error!(VaultError::WrongProgramData))?;
    let code = without_zeros_behind(code);
    Ok(Code {
        length: u64::try_from(code.len()).map_err(|_| error!(VaultError::Overflow))?,
        hash: solana_sha256_hasher::hash(code).to_bytes(),
    })
}

fn without_zeros_behind(code: &[u8]) -> &[u8] {
    let mut rest = code;
    while let Some((before, block)) = rest.len().checked_sub(BLOCK).and_then(|at| rest.split_at_checked(at)) {
        if !is_zero(block) {
            break;
        }
        rest = before;
    }
    let length = rest
        .iter()
        .rposition(|byte| *byte != 0)
        .and_then(|last| last.checked_add(1));
    rest.get(..length.unwrap_or(0)).unwrap_or(&[])
}

/// Zero at first, and each byte the same as the one behind it: one call instead of 4,096 comparisons.
#[allow(unsafe_code)]
fn is_zero(block: &[u8]) -> bool {
    let [first, behind @ ..] = block else { return true };
    // SAFETY: both slices are at least as long as what is compared
    *first == 0 && unsafe { program_memory::sol_memcmp(block, behind, behind.len()) } == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_behind_the_code_do_not_count() {
        for length in [0, 1, 3, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let code: Vec<u8> = (0..length)
                .map(|at| if at + 1 == length { 7 } else { (at % 3) as u8 })
                .collect();
            for zeros in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK] {
                let mut extended = code.clone();
                extended.resize(length + zeros, 0);
                assert_eq!(
                    without_zeros_behind(&extended),
                    code,
                    "{length} bytes and {zeros} zeros"
                );
            }
        }
    }
}
