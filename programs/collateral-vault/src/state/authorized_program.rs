use anchor_lang::prelude::*;

use crate::{error::VaultError, loader};

/// A program that owners may let lock their collateral. `["authorized_program", program_id]`.
#[account(zero_copy)]
pub struct AuthorizedProgram {
    pub program_id: Pubkey,
    /// `find_program_address(["collateral_authority"], program_id)`, derived here at registration: whoever signs with it is the program.
    pub collateral_authority: Pubkey,
    /// Its ProgramData account; `program_id` itself for a loader whose programs cannot change.
    pub program_data: Pubkey,
    /// SHA-256 of its code at registration, without the zeros behind it: `loader::Code`.
    pub code_hash: [u8; 32],
    pub code_length: u64,
    /// Slot of its last deployment with that code; another one stops lock and transfer.
    pub deploy_slot: u64,
    /// Unix time from which it may lock and transfer.
    pub active_at: i64,
    /// Unix time of its revocation; 0: not revoked.
    pub revoked_at: i64,
    pub seq_num: u64,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl AuthorizedProgram {
    pub const SIZE: usize = 8 + core::mem::size_of::<AuthorizedProgram>();

    pub fn code(&self) -> loader::Code {
        loader::Code {
            length: self.code_length,
            hash: self.code_hash,
        }
    }

    /// The signer is the program itself.
    pub fn require_caller(&self, signer: &Pubkey) -> Result<()> {
        require_keys_eq!(*signer, self.collateral_authority, VaultError::WrongCollateralAuthority);
        Ok(())
    }

    /// Registered long enough, not revoked, and not upgraded since.
    pub fn require_active(&self, program_data: &AccountInfo, now: i64) -> Result<()> {
        require!(self.revoked_at == 0, VaultError::ProgramRevoked);
        require!(now >= self.active_at, VaultError::ProgramNotActive);
        require_keys_eq!(*program_data.key, self.program_data, VaultError::WrongProgramData);
        if self.program_data != self.program_id {
            let slot = loader::deploy_slot(program_data).map_err(|_| error!(VaultError::ProgramUpgraded))?;
            require!(slot == self.deploy_slot, VaultError::ProgramUpgraded);
        }
        Ok(())
    }
}
