use anchor_lang::prelude::*;

use super::create_program_lock::emit_program_lock;
use crate::{error::VaultError, state::*};

/// Stops a waiting rise of a program's cap.
#[derive(Accounts)]
pub struct VetoProgramLockCap<'info> {
    /// Checked in `require_may_veto`.
    pub signer: Signer<'info>,
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    pub multi_sig_vault: Option<AccountLoader<'info, MultiSigVault>>,
    pub balance: AccountLoader<'info, Balance>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl VetoProgramLockCap<'_> {
    fn validate(&self, vault: &Vault, lock: &ProgramLock, time: i64) -> Result<()> {
        let vault_key = self.vault.as_ref().key;
        let config = passed_config(&self.security_config, vault_key)?;
        require_may_veto(
            self.signer.key,
            vault,
            vault_key,
            config.as_deref(),
            &self.multi_sig_vault,
            time,
        )?;
        self.balance.load()?.require_vault(vault_key)?;
        lock.require_balance(self.balance.as_ref().key)
    }
}

pub fn handler(ctx: Context<VetoProgramLockCap>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    let time = vault.loosening_time(&*accounts.vault_authority.load()?, clock.unix_timestamp);
    accounts.validate(&vault, &lock, time)?;
    // a cap that counts already is the owner's to lower
    lock.settle_cap(time);
    require!(lock.pending_cap_at != 0, VaultError::NothingPending);
    lock.clear_pending_cap();
    emit_program_lock(&lock, &mut vault, accounts.vault.key(), false, clock.slot)
}
