use anchor_lang::prelude::*;

use crate::{
    constants::RELEASE_SECONDS,
    error::VaultError,
    math::{add, after, sub},
    state::{AuthorizedProgram, Balance, SecurityConfig},
};

/// What one program holds of one balance. `["program_lock", balance, program_id]`. Amounts in the mint's base units.
#[account(zero_copy)]
pub struct ProgramLock {
    pub balance: Pubkey,
    pub program_id: Pubkey,
    pub locked: u64,
    /// The most that `locked` may reach by locking; the owner's signature set it.
    pub cap: u64,
    pub pending_cap: u64,
    /// Unix time from which the pending cap counts; 0: none.
    pub pending_cap_at: i64,
    /// Unix time at which the owner revoked it; 0: not revoked.
    pub revoked_at: i64,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl ProgramLock {
    pub const SIZE: usize = 8 + core::mem::size_of::<ProgramLock>();

    pub fn require_balance(&self, balance: &Pubkey) -> Result<()> {
        require_keys_eq!(self.balance, *balance, VaultError::WrongBalance);
        Ok(())
    }

    /// The lock is of this balance and of this program.
    pub fn require_matches(&self, balance: &Pubkey, program: &AuthorizedProgram) -> Result<()> {
        self.require_balance(balance)?;
        require_keys_eq!(self.program_id, program.program_id, VaultError::WrongProgram);
        Ok(())
    }

    pub fn settle_cap(&mut self, loosening_time: i64) {
        if self.pending_cap_at != 0 && loosening_time >= self.pending_cap_at {
            self.cap = self.pending_cap;
            self.clear_pending_cap();
        }
    }

    /// Raises the cap: at once without a security configuration, else after its wait. `time` is the loosening time.
    pub fn raise_cap(&mut self, cap: u64, config: Option<&SecurityConfig>, now: i64, time: i64) -> Result<()> {
        let Some(config) = config else {
            self.cap = cap;
            self.clear_pending_cap();
            return Ok(());
        };
        self.pending_cap = cap;
        self.pending_cap_at = config.loosens_at(now, time)?;
        Ok(())
    }

    /// No further locking.
    pub fn revoke(&mut self, now: i64) {
        self.revoked_at = now;
        self.cap = 0;
        self.clear_pending_cap();
    }

    pub fn clear_pending_cap(&mut self) {
        self.pending_cap = 0;
        self.pending_cap_at = 0;
    }

    /// Moves `amount` of what is available into this lock.
    pub fn lock(&mut self, balance: &mut Balance, amount: u64) -> Result<()> {
        require!(amount <= balance.available()?, VaultError::InsufficientAvailable);
        let locked = add(self.locked, amount)?;
        require!(locked <= self.cap, VaultError::CapExceeded);
        self.locked = locked;
        balance.locked = add(balance.locked, amount)?;
        Ok(())
    }

    /// Gives `amount` of this lock back to what is available.
    pub fn unlock(&mut self, balance: &mut Balance, amount: u64) -> Result<()> {
        self.locked = sub(self.locked, amount, VaultError::InsufficientLocked)?;
        balance.locked = sub(balance.locked, amount, VaultError::InvariantBroken)?;
        Ok(())
    }

    /// An owner's revocation stops locking at once. What is locked stays collateral for seven days: the program may still settle
    /// with it, or else a trader could walk away from every loss by revoking first.
    pub fn require_may_settle(&self, now: i64) -> Result<()> {
        require!(
            self.revoked_at == 0 || now < after(self.revoked_at, RELEASE_SECONDS)?,
            VaultError::LockRevoked
        );
        Ok(())
    }

    /// Seven days after the owner's or the program's revocation.
    pub fn require_may_release(&self, program: &AuthorizedProgram, now: i64) -> Result<()> {
        require!(
            self.revoked_at != 0 || program.revoked_at != 0,
            VaultError::LockNotRevoked
        );
        let over =
            |revoked_at: i64| -> Result<bool> { Ok(revoked_at != 0 && now >= after(revoked_at, RELEASE_SECONDS)?) };
        require!(
            over(self.revoked_at)? || over(program.revoked_at)?,
            VaultError::ReleaseTooEarly
        );
        Ok(())
    }
}
