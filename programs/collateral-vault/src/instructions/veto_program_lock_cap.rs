use anchor_lang::prelude::*;

use super::create_program_lock::emit_program_lock;
use crate::{error::VaultError, state::*};

/// Stops a waiting rise of a program's cap.
#[derive(Accounts)]
pub struct VetoProgramLockCap<'info> {
    /// Checked in `require_may_veto`.
    pub signer: Signer<'info>,
    #[account(mut)]
    pub vault: AccountLoader<'info, Vault>,
    pub security_config: Option<AccountLoader<'info, SecurityConfig>>,
    pub multi_sig_vault: Option<AccountLoader<'info, MultiSigVault>>,
    pub balance: AccountLoader<'info, Balance>,
    #[account(mut)]
    pub program_lock: AccountLoader<'info, ProgramLock>,
}

impl VetoProgramLockCap<'_> {
    fn validate(&self, vault: &Vault, lock: &ProgramLock) -> Result<()> {
        let vault_key = self.vault.as_ref().key;
        let config = passed_config(&self.security_config, vault_key)?;
        require_may_veto(
            self.signer.key,
            vault,
            vault_key,
            config.as_deref(),
            &self.multi_sig_vault,
        )?;
        self.balance.load()?.require_vault(vault_key)?;
        lock.require_balance(self.balance.as_ref().key)?;
        require!(lock.pending_cap_at != 0, VaultError::NothingPending);
        Ok(())
    }
}

pub fn handler(ctx: Context<VetoProgramLockCap>) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut vault = accounts.vault.load_mut()?;
    let mut lock = accounts.program_lock.load_mut()?;
    accounts.validate(&vault, &lock)?;
    lock.clear_pending_cap();
    emit_program_lock(&lock, &mut vault, accounts.vault.key(), false, Clock::get()?.slot)
}
