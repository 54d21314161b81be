use core::cell::Ref;

use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, math::after, state::Vault};

/// A wallet whose associated token accounts may receive. A zero wallet is a free slot.
// not `zero_copy`: see `Limits`
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct WhitelistEntry {
    pub wallet: Pubkey,
    /// Unix time from which it counts.
    pub active_at: i64,
}

/// An owner's rules for his own vault. `["security_config", vault]`. Tightening counts at once; loosening waits the current delay,
/// at least a day, and can be vetoed until it counts.
#[account(zero_copy)]
pub struct SecurityConfig {
    pub vault: Pubkey,
    /// May veto loosening and cancel pending withdrawals, and nothing else; zero: nobody besides the vault's authority.
    pub vetoer: Pubkey,
    pub pending_vetoer: Pubkey,
    pub whitelist: [WhitelistEntry; MAX_WHITELIST],
    /// Seconds between a request and its withdrawal; above 0, direct withdrawals fail.
    pub withdrawal_delay: i64,
    pub pending_withdrawal_delay: i64,
    /// Unix times from which the pending values count; 0: none.
    pub pending_withdrawal_delay_at: i64,
    pub pending_vetoer_at: i64,
    pub whitelist_off_at: i64,
    /// Unix time from which the vault may be closed; 0: it may not.
    pub closing_at: i64,
    /// 1: only active entries of the whitelist receive; 0: only the owner does.
    pub is_whitelist_on: u8,
    pub bump: u8,
    pub padding: [u8; 6],
}

impl SecurityConfig {
    pub const SIZE: usize = 8 + core::mem::size_of::<SecurityConfig>();

    pub fn require_vault(&self, vault: &Pubkey) -> Result<()> {
        require_keys_eq!(self.vault, *vault, VaultError::WrongVault);
        Ok(())
    }

    /// The delay that counts now. `time` is the loosening time.
    pub fn delay(&self, time: i64) -> i64 {
        if self.pending_withdrawal_delay_at != 0 && time >= self.pending_withdrawal_delay_at {
            self.pending_withdrawal_delay
        } else {
            self.withdrawal_delay
        }
    }

    /// Who may veto now; zero: nobody.
    pub fn vetoer_at(&self, time: i64) -> Pubkey {
        if self.pending_vetoer_at != 0 && time >= self.pending_vetoer_at {
            self.pending_vetoer
        } else {
            self.vetoer
        }
    }

    fn whitelist_counts(&self, time: i64) -> bool {
        self.is_whitelist_on != 0 && (self.whitelist_off_at == 0 || time < self.whitelist_off_at)
    }

    /// Where withdrawals may go: active entries while the whitelist counts, else the owner only.
    pub fn allows(&self, wallet: &Pubkey, owner: &Pubkey, time: i64) -> bool {
        if !self.whitelist_counts(time) {
            return wallet == owner;
        }
        self.whitelist
            .iter()
            .any(|entry| entry.wallet == *wallet && *wallet != Pubkey::default() && time >= entry.active_at)
    }

    /// Makes everything count whose wait is over. Called before each change, so that a change never meets a matured one.
    pub fn settle(&mut self, time: i64) {
        self.withdrawal_delay = self.delay(time);
        if self.pending_withdrawal_delay_at != 0 && time >= self.pending_withdrawal_delay_at {
            self.clear_pending_delay();
        }
        if self.whitelist_off_at != 0 && time >= self.whitelist_off_at {
            self.is_whitelist_on = 0;
            self.whitelist_off_at = 0;
        }
        self.vetoer = self.vetoer_at(time);
        if self.pending_vetoer_at != 0 && time >= self.pending_vetoer_at {
            self.clear_pending_vetoer();
        }
    }

    pub fn clear_pending_delay(&mut self) {
        self.pending_withdrawal_delay = 0;
        self.pending_withdrawal_delay_at = 0;
    }

    pub fn clear_pending_vetoer(&mut self) {
        self.pending_vetoer = Pubkey::default();
        self.pending_vetoer_at = 0;
    }

    /// From when a loosening asked for at `now` counts. `time` is the loosening time.
    pub fn loosens_at(&self, now: i64, time: i64) -> Result<i64> {
        after(now, self.delay(time).max(LOOSENING_SECONDS))
    }

    pub fn add_to_whitelist(&mut self, wallet: Pubkey, active_at: i64) -> Result<()> {
        require_keys_neq!(wallet, Pubkey::default(), VaultError::ZeroAddress);
        require!(
            self.whitelist.iter().all(|entry| entry.wallet != wallet),
            VaultError::AlreadyWhitelisted
        );
        let slot = self
            .whitelist
            .iter_mut()
            .find(|entry| entry.wallet == Pubkey::default());
        *slot.ok_or_else(|| error!(VaultError::WhitelistFull))? = WhitelistEntry { wallet, active_at };
        Ok(())
    }

    /// Money could go to the owner only until now, so any other wallet of the list waits like an addition.
    pub fn turn_whitelist_on(&mut self, owner: &Pubkey, active_at: i64) {
        if self.is_whitelist_on == 0 {
            for entry in self.whitelist.iter_mut().filter(|entry| entry.wallet != *owner) {
                entry.active_at = entry.active_at.max(active_at);
            }
        }
        self.is_whitelist_on = 1;
        self.whitelist_off_at = 0;
    }

    /// Removes a wallet and says from when it counted.
    pub fn remove_from_whitelist(&mut self, wallet: &Pubkey) -> Result<i64> {
        require_keys_neq!(*wallet, Pubkey::default(), VaultError::ZeroAddress);
        let slot = self.whitelist.iter_mut().find(|entry| entry.wallet == *wallet);
        let slot = slot.ok_or_else(|| error!(VaultError::NotWhitelisted))?;
        let active_at = slot.active_at;
        *slot = WhitelistEntry {
            wallet: Pubkey::default(),
            active_at: 0,
        };
        Ok(active_at)
    }
}

/// A delay within 0 and `MAX_WITHDRAWAL_DELAY_SECONDS`.
pub fn validate_delay(seconds: i64) -> Result<()> {
    require!(
        (0..=MAX_WITHDRAWAL_DELAY_SECONDS).contains(&seconds),
        VaultError::BadDelay
    );
    Ok(())
}

/// The vault's security configuration. While the vault says it has one, leaving the account out fails; another vault's fails always.
pub fn canonical_config<'a>(
    account: &'a Option<AccountLoader<SecurityConfig>>,
    vault: &Vault,
    vault_key: &Pubkey,
) -> Result<Option<Ref<'a, SecurityConfig>>> {
    require!(
        account.is_some() || vault.has_security_config == 0,
        VaultError::SecurityConfigRequired
    );
    passed_config(account, vault_key)
}

/// A security configuration, of this vault, where one was passed: for those who may act without it.
pub fn passed_config<'a>(
    account: &'a Option<AccountLoader<SecurityConfig>>,
    vault_key: &Pubkey,
) -> Result<Option<Ref<'a, SecurityConfig>>> {
    let Some(account) = account else { return Ok(None) };
    let config = account.load()?;
    config.require_vault(vault_key)?;
    Ok(Some(config))
}
