//! The collateral vault as this program uses it: reading its accounts, and its three instructions for programs.
//!
//! The collateral authority (`["collateral_authority"]`) signs these calls to the collateral vault and nothing else: whoever gets its
//! signature disposes of everything this program has locked.
use anchor_lang::{prelude::*, Discriminator, ZeroCopy};
use collateral_vault::{
    constants::SEED_COLLATERAL_AUTHORITY,
    cpi,
    instructions::TransferCollateralArgs,
    program::CollateralVault,
    state::{AuthorizedProgram, Balance, ProgramLock, Vault, VaultAuthority},
};

use crate::{error::PositionError, state::Collateral};

/// What every call to the vault needs. Anchor checks that the typed ones are the vault's.
#[derive(Accounts)]
pub struct VaultAccess<'info> {
    pub program: Program<'info, CollateralVault>,
    /// CHECK: this program's own address, checked in `validate`
    pub collateral_authority: UncheckedAccount<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    pub authorized_program: AccountLoader<'info, AuthorizedProgram>,
    /// CHECK: this program's ProgramData, checked in `validate`
    pub program_data: UncheckedAccount<'info>,
}

/// One balance, its vault, and this program's lock of it. They may be gone: an owner who revoked the lock can take everything back
/// after seven days and close them. Their addresses are compared with stored ones, so what is there is what belongs there.
#[derive(Accounts)]
pub struct Funds<'info> {
    /// CHECK: compared with the stored key
    pub vault: UncheckedAccount<'info>,
    /// CHECK: compared with the stored key
    #[account(mut)]
    pub balance: UncheckedAccount<'info>,
    /// CHECK: compared with the stored key
    #[account(mut)]
    pub program_lock: UncheckedAccount<'info>,
}

impl VaultAccess<'_> {
    pub fn validate(&self) -> Result<()> {
        let program = self.authorized_program.load()?;
        require_keys_eq!(program.program_id, crate::ID, PositionError::WrongAuthorizedProgram);
        require_keys_eq!(
            *self.collateral_authority.key,
            program.collateral_authority,
            PositionError::WrongCollateralAuthority
        );
        require_keys_eq!(
            *self.program_data.key,
            program.program_data,
            PositionError::WrongProgramData
        );
        Ok(())
    }

    /// False once the vault's admin has revoked this program: nothing can be transferred any more.
    pub fn is_registered(&self) -> Result<bool> {
        Ok(self.authorized_program.load()?.revoked_at == 0)
    }
}

impl Funds<'_> {
    pub fn require(&self, vault: &Pubkey, balance: &Pubkey, program_lock: &Pubkey) -> Result<()> {
        require_keys_eq!(*self.vault.key, *vault, PositionError::WrongVault);
        require_keys_eq!(*self.balance.key, *balance, PositionError::WrongBalance);
        require_keys_eq!(*self.program_lock.key, *program_lock, PositionError::WrongProgramLock);
        Ok(())
    }

    pub fn vault(&self) -> Result<Vault> {
        read(&self.vault)?.ok_or_else(|| error!(PositionError::WrongVaultAccount))
    }

    /// None once it is closed.
    pub fn balance(&self) -> Result<Option<Balance>> {
        read(&self.balance)
    }

    /// None once it is closed.
    pub fn lock(&self) -> Result<Option<ProgramLock>> {
        read(&self.program_lock)
    }

    /// This balance belongs to this vault, and this lock is this program's lock of it.
    pub fn require_linked(&self) -> Result<(Balance, ProgramLock)> {
        let missing = || error!(PositionError::WrongVaultAccount);
        let balance = self.balance()?.ok_or_else(missing)?;
        let lock = self.lock()?.ok_or_else(missing)?;
        require_keys_eq!(balance.vault, *self.vault.key, PositionError::WrongBalance);
        require_keys_eq!(lock.balance, *self.balance.key, PositionError::WrongProgramLock);
        require_keys_eq!(lock.program_id, crate::ID, PositionError::WrongProgramLock);
        Ok((balance, lock))
    }
}

/// An account of the vault, by value, so that nothing stays borrowed when the vault is called. None for a closed one.
fn read<T: ZeroCopy + Discriminator>(info: &AccountInfo) -> Result<Option<T>> {
    if info.data_is_empty() {
        return Ok(None);
    }
    let wrong = || error!(PositionError::WrongVaultAccount);
    require_keys_eq!(*info.owner, collateral_vault::ID, PositionError::WrongVaultAccount);
    let data = info.try_borrow_data()?;
    let bytes = data.strip_prefix(T::DISCRIMINATOR).ok_or_else(wrong)?;
    let bytes = bytes.get(..core::mem::size_of::<T>()).ok_or_else(wrong)?;
    Ok(Some(bytemuck::pod_read_unaligned(bytes)))
}

/// What a lock still pays: nothing when it is gone, or when the time to settle after its revocation is over.
pub fn payable(lock: Option<&ProgramLock>, now: i64) -> u64 {
    lock.filter(|lock| lock.require_may_settle(now).is_ok())
        .map_or(0, |lock| lock.locked)
}

/// Calls of the vault, signed by the collateral authority.
pub struct VaultCalls<'a, 'info> {
    pub access: &'a VaultAccess<'info>,
    pub bump: u8,
}

impl<'info> VaultCalls<'_, 'info> {
    pub fn lock(&self, funds: &Funds<'info>, amount: u64) -> Result<()> {
        let accounts = cpi::accounts::Lock {
            collateral_authority: self.access.collateral_authority.to_account_info(),
            vault_authority: self.access.vault_authority.to_account_info(),
            authorized_program: self.access.authorized_program.to_account_info(),
            program_data: self.access.program_data.to_account_info(),
            vault: funds.vault.to_account_info(),
            balance: funds.balance.to_account_info(),
            program_lock: funds.program_lock.to_account_info(),
        };
        let program = self.access.program.key();
        cpi::lock(CpiContext::new_with_signer(program, accounts, &[&self.seeds()]), amount)
    }

    pub fn unlock(&self, funds: &Funds<'info>, amount: u64) -> Result<()> {
        let accounts = cpi::accounts::Unlock {
            collateral_authority: self.access.collateral_authority.to_account_info(),
            authorized_program: self.access.authorized_program.to_account_info(),
            balance: funds.balance.to_account_info(),
            program_lock: funds.program_lock.to_account_info(),
        };
        let program = self.access.program.key();
        cpi::unlock(CpiContext::new_with_signer(program, accounts, &[&self.seeds()]), amount)
    }

    pub fn transfer(&self, transfer: &Transfer<'_, 'info>, collateral: &Collateral, amount: u64) -> Result<()> {
        let from = transfer.from;
        let accounts = cpi::accounts::TransferCollateral {
            collateral_authority: self.access.collateral_authority.to_account_info(),
            vault_authority: self.access.vault_authority.to_account_info(),
            authorized_program: self.access.authorized_program.to_account_info(),
            program_data: self.access.program_data.to_account_info(),
            source_vault: from.vault.to_account_info(),
            source_balance: from.balance.to_account_info(),
            program_lock: from.program_lock.to_account_info(),
            destination_balance: transfer.to.to_account_info(),
            mint: transfer.mint.to_account_info(),
            source_tokens: transfer.from_tokens.to_account_info(),
            destination_tokens: transfer.to_tokens.to_account_info(),
            token_program: transfer.token_program.to_account_info(),
        };
        let program = self.access.program.key();
        let decimals = collateral.decimals;
        cpi::transfer_collateral(
            CpiContext::new_with_signer(program, accounts, &[&self.seeds()]),
            TransferCollateralArgs { amount, decimals },
        )
    }

    fn seeds(&self) -> [&[u8]; 2] {
        [SEED_COLLATERAL_AUTHORITY, core::slice::from_ref(&self.bump)]
    }
}

/// From one balance's lock to what is available in another balance.
pub struct Transfer<'a, 'info> {
    pub from: &'a Funds<'info>,
    pub from_tokens: &'a AccountInfo<'info>,
    pub to: &'a AccountInfo<'info>,
    pub to_tokens: &'a AccountInfo<'info>,
    pub mint: &'a AccountInfo<'info>,
    pub token_program: &'a AccountInfo<'info>,
}
