//! Reading programs and their ProgramData: who deployed, and when.
use anchor_lang::{prelude::*, solana_program::bpf_loader_upgradeable};

use crate::error::VaultError;

/// Loader of programs that never change (BPFLoader2).
const IMMUTABLE_LOADER: Pubkey = pubkey!("BPFLoader2111111111111111111111111111111111");

// UpgradeableLoaderState, bincode: u32 kind, then for Program the address of its ProgramData, for ProgramData the slot (u64) and an
// optional authority (u8, key).
const KIND_PROGRAM: [u8; 4] = 2u32.to_le_bytes();
const KIND_PROGRAM_DATA: [u8; 4] = 3u32.to_le_bytes();

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
