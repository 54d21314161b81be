use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, math::after};

/// Configuration of the program, never a signer. `["vault_authority"]`. No instruction of a user writes it.
#[account(zero_copy)]
pub struct VaultAuthority {
    pub admin: Pubkey,
    /// Zero: nothing pending.
    pub pending_admin: Pubkey,
    pub guardian: Pubkey,
    pub pending_guardian: Pubkey,
    /// The multi-sig that may freeze everything; zero: nobody may.
    pub freeze_multi_sig: Pubkey,
    pub pending_freeze_multi_sig: Pubkey,
    /// Slot of its creation: another one at the same address may not freeze.
    pub freeze_multi_sig_created_slot: u64,
    /// Unix time from which the pending role may be accepted.
    pub pending_admin_at: i64,
    pub pending_guardian_at: i64,
    pub pending_freeze_multi_sig_at: i64,
    /// Beginning of the current or last row of pauses, and the end of its last one.
    pub pause_row_started_at: i64,
    pub paused_until: i64,
    /// Beginnings of the last pauses, newest first.
    pub recent_pauses: [i64; MAX_PAUSES_PER_DAY],
    /// Unix time from which the admin may end the pause early; 0: not requested.
    pub unpause_at: i64,
    pub frozen_at: i64,
    pub frozen_until: i64,
    pub seq_num: u64,
    pub pauses_in_row: u8,
    /// 1 from a pause until somebody ends it; the pause itself ends by the clock.
    pub is_pause_open: u8,
    pub bump: u8,
    pub padding: [u8; 5],
}

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Admin,
    Guardian,
    FreezeMultiSig,
}

/// Who holds a role, and who may accept it from when; a zero `pending`: nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleState {
    pub holder: Pubkey,
    pub pending: Pubkey,
    pub pending_at: i64,
}

impl VaultAuthority {
    pub const SIZE: usize = 8 + core::mem::size_of::<VaultAuthority>();

    pub fn is_paused(&self, now: i64) -> bool {
        now < self.paused_until
    }

    pub fn is_frozen(&self, now: i64) -> bool {
        now < self.frozen_until
    }

    /// Fails in every state that stops money from coming in, being locked or being moved between vaults.
    pub fn require_running(&self, now: i64) -> Result<()> {
        require!(!self.is_frozen(now), VaultError::Frozen);
        require!(!self.is_paused(now), VaultError::Paused);
        Ok(())
    }

    /// Withdrawals stop for a freeze only.
    pub fn require_not_frozen(&self, now: i64) -> Result<()> {
        require!(!self.is_frozen(now), VaultError::Frozen);
        Ok(())
    }

    /// The time by which waits of loosening changes are judged: it stands still while paused or frozen, so nothing begins to count then.
    pub fn loosening_time(&self, now: i64) -> i64 {
        let mut time = now;
        if self.is_paused(now) {
            time = time.min(self.pause_row_started_at);
        }
        if self.is_frozen(now) {
            time = time.min(self.frozen_at);
        }
        time
    }

    /// Begins or extends a pause.
    pub fn pause(&mut self, now: i64) -> Result<()> {
        let oldest = self.recent_pauses.last().copied().unwrap_or(0);
        require!(
            oldest == 0 || now >= after(oldest, DAY_SECONDS)?,
            VaultError::PauseExhausted
        );
        let in_a_row = self.paused_until != 0 && now < after(self.paused_until, PAUSE_SECONDS)?;
        if in_a_row {
            require!(self.pauses_in_row < MAX_PAUSES_IN_A_ROW, VaultError::PauseExhausted);
            self.pauses_in_row = self.pauses_in_row.saturating_add(1);
            if !self.is_paused(now) {
                self.pause_row_started_at = now;
            }
        } else {
            self.pauses_in_row = 1;
            self.pause_row_started_at = now;
        }
        // a pause begun while another runs follows it: two in a row are an hour, never more
        self.paused_until = after(now.max(self.paused_until), PAUSE_SECONDS)?;
        self.unpause_at = 0;
        self.is_pause_open = 1;
        self.recent_pauses.rotate_right(1);
        if let Some(newest) = self.recent_pauses.first_mut() {
            *newest = now;
        }
        Ok(())
    }

    /// Ends a pause: anybody after its expiry, the admin once his request has waited.
    pub fn unpause(&mut self, now: i64, by_admin: bool) -> Result<()> {
        require!(self.is_pause_open != 0, VaultError::NotPaused);
        let early = by_admin && self.unpause_at != 0 && now >= self.unpause_at;
        require!(early || !self.is_paused(now), VaultError::PauseNotOver);
        self.paused_until = self.paused_until.min(now);
        self.unpause_at = 0;
        self.is_pause_open = 0;
        Ok(())
    }

    pub fn require_admin(&self, signer: &Pubkey) -> Result<()> {
        require_keys_eq!(*signer, self.admin, VaultError::NotAdmin);
        Ok(())
    }

    pub fn require_admin_or_guardian(&self, signer: &Pubkey) -> Result<()> {
        require!(*signer == self.admin || *signer == self.guardian, VaultError::NotAdmin);
        Ok(())
    }

    /// Admin and guardian are two, or one stolen key is both.
    pub fn require_separate(&self, role: Role, holder: &Pubkey) -> Result<()> {
        let other = match role {
            Role::Admin => self.guardian,
            Role::Guardian => self.admin,
            Role::FreezeMultiSig => return Ok(()),
        };
        require_keys_neq!(*holder, other, VaultError::SameHolder);
        Ok(())
    }

    pub fn role(&self, role: Role) -> RoleState {
        let (holder, pending, pending_at) = match role {
            Role::Admin => (self.admin, self.pending_admin, self.pending_admin_at),
            Role::Guardian => (self.guardian, self.pending_guardian, self.pending_guardian_at),
            Role::FreezeMultiSig => (
                self.freeze_multi_sig,
                self.pending_freeze_multi_sig,
                self.pending_freeze_multi_sig_at,
            ),
        };
        RoleState {
            holder,
            pending,
            pending_at,
        }
    }

    pub fn set_role(&mut self, role: Role, state: RoleState) {
        let (holder, pending, pending_at) = match role {
            Role::Admin => (&mut self.admin, &mut self.pending_admin, &mut self.pending_admin_at),
            Role::Guardian => (
                &mut self.guardian,
                &mut self.pending_guardian,
                &mut self.pending_guardian_at,
            ),
            Role::FreezeMultiSig => (
                &mut self.freeze_multi_sig,
                &mut self.pending_freeze_multi_sig,
                &mut self.pending_freeze_multi_sig_at,
            ),
        };
        *holder = state.holder;
        *pending = state.pending;
        *pending_at = state.pending_at;
    }

    pub fn freeze(&mut self, now: i64, seconds: i64) -> Result<()> {
        require!(
            self.frozen_at == 0 || now >= after(self.frozen_at, FREEZE_INTERVAL_SECONDS)?,
            VaultError::FreezeTooSoon
        );
        require!(
            seconds > 0 && seconds <= MAX_FREEZE_SECONDS,
            VaultError::BadFreezeDuration
        );
        self.frozen_at = now;
        self.frozen_until = after(now, seconds)?;
        Ok(())
    }

    pub fn bump_seq_num(&mut self) -> Result<u64> {
        self.seq_num = crate::math::add(self.seq_num, 1)?;
        Ok(self.seq_num)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_000_000;

    fn authority() -> VaultAuthority {
        bytemuck::Zeroable::zeroed()
    }

    /// PAUSE-1: whenever the guardian tries, no row lasts above an hour, and no 24 hours see a fourth pause.
    #[test]
    fn pauses_are_bounded_whenever_they_are_tried() {
        for step in [1, 60, 599, 1_799, 1_800, 1_801, 3_600, 7_000] {
            let mut state = authority();
            let (mut began, mut paused_seconds) = (Vec::new(), Vec::new());
            let mut now = START;
            while now < START.checked_add(4 * DAY_SECONDS).unwrap() {
                if state.pause(now).is_ok() {
                    began.push(now);
                }
                if state.is_paused(now) {
                    paused_seconds.push(now);
                }
                let row = state.paused_until.checked_sub(state.pause_row_started_at).unwrap();
                assert!(row <= 2 * PAUSE_SECONDS, "a row of {row} seconds");
                now = now.checked_add(step).unwrap();
            }
            for (index, at) in began.iter().enumerate().skip(MAX_PAUSES_PER_DAY) {
                let earlier = began.get(index.checked_sub(MAX_PAUSES_PER_DAY).unwrap()).unwrap();
                assert!(at.checked_sub(*earlier).unwrap() >= DAY_SECONDS);
            }
            assert!(began.len() >= 9 && !paused_seconds.is_empty());
        }
    }

    #[test]
    fn a_pause_within_a_pause_follows_it() {
        let mut state = authority();
        state.pause(START).unwrap();
        state.pause(START.checked_add(10).unwrap()).unwrap();
        assert_eq!(state.paused_until, START.checked_add(2 * PAUSE_SECONDS).unwrap());
        assert_eq!(state.pause_row_started_at, START);
        assert!(state.pause(START.checked_add(20).unwrap()).is_err());
    }

    #[test]
    fn waits_stand_still_while_paused_and_frozen() {
        let mut state = authority();
        assert_eq!(state.loosening_time(START), START);
        state.pause(START).unwrap();
        let later = START.checked_add(100).unwrap();
        assert_eq!(state.loosening_time(later), START);
        state.freeze(later, MAX_FREEZE_SECONDS).unwrap();
        assert_eq!(state.loosening_time(state.paused_until), later);
        assert_eq!(state.loosening_time(state.frozen_until), state.frozen_until);
    }
}
