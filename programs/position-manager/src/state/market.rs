use anchor_lang::prelude::*;

use crate::{
    constants::*,
    error::PositionError,
    event::{PositionState, Stamp},
    math::{add, after, sub},
    state::{Params, Position},
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Admin,
    PriceAuthority,
}

/// A mint in which positions may be collateralised. One whole token of every listed mint counts the same: list only mints of one
/// currency. Amounts in base units.
#[zero_copy]
pub struct Collateral {
    pub mint: Pubkey,
    pub token_program: Pubkey,
    pub house_balance: Pubkey,
    /// This program's lock of the house's balance: what profits are paid from.
    pub house_lock: Pubkey,
    /// Profit that the house could not pay, ever; what is unpaid stays unpaid.
    pub profit_unpaid: u64,
    /// Losses beyond traders' margins, ever; the house bears them.
    pub bad_debt: u64,
    /// Unix time from which new positions may use the mint; i64::MAX: closed.
    pub active_at: i64,
    /// What the house asked to take back, and from when it may, for a day.
    pub house_unlock: u64,
    pub house_unlock_at: i64,
    /// What the house has locked since it asked: the request does not cover it.
    pub house_locked_since: u64,
    /// 10^(9 - decimals).
    pub nano_per_unit: u64,
    pub decimals: u8,
    pub padding: [u8; 7],
}

/// The market. `["market"]`.
#[account(zero_copy)]
pub struct Market {
    pub admin: Pubkey,
    /// Zero: nothing pending.
    pub pending_admin: Pubkey,
    /// The other side of every position: an ordinary collateral vault.
    pub house_vault: Pubkey,
    /// Unix time from which the pending admin may accept.
    pub pending_admin_at: i64,
    /// New positions are refused before this time; i64::MAX: until the admin ends the pause.
    pub paused_until: i64,
    pub params: Params,
    pub pending_params: Params,
    /// Unix time from which the pending parameters count; 0: none.
    pub pending_params_at: i64,
    /// Contracts open on each side: the sums over all positions.
    pub long_size: u64,
    pub short_size: u64,
    pub positions: u64,
    pub seq_num: u64,
    pub collaterals: [Collateral; MAX_COLLATERALS],
    pub bump: u8,
    pub collateral_authority_bump: u8,
    pub padding: [u8; 6],
}

impl Market {
    pub const SIZE: usize = 8 + core::mem::size_of::<Market>();

    pub fn require_admin(&self, signer: &Pubkey) -> Result<()> {
        require_keys_eq!(self.admin, *signer, PositionError::NotAdmin);
        Ok(())
    }

    pub fn require_not_paused(&self, now: i64) -> Result<()> {
        require!(now >= self.paused_until, PositionError::Paused);
        Ok(())
    }

    /// The parameters that count now.
    pub fn params(&self, now: i64) -> Params {
        if self.pending_params_at != 0 && now >= self.pending_params_at {
            self.pending_params
        } else {
            self.params
        }
    }

    /// Keeps what counts now; nothing waits afterwards.
    pub fn replace_params(&mut self, params: Params) {
        self.params = params;
        self.pending_params = params;
        self.pending_params_at = 0;
    }

    pub fn collateral(&self, mint: &Pubkey) -> Result<&Collateral> {
        require_keys_neq!(*mint, Pubkey::default(), PositionError::NotCollateral);
        let found = self.collaterals.iter().find(|collateral| collateral.mint == *mint);
        found.ok_or_else(|| error!(PositionError::NotCollateral))
    }

    pub fn collateral_mut(&mut self, mint: &Pubkey) -> Result<&mut Collateral> {
        require_keys_neq!(*mint, Pubkey::default(), PositionError::NotCollateral);
        let found = self.collaterals.iter_mut().find(|collateral| collateral.mint == *mint);
        found.ok_or_else(|| error!(PositionError::NotCollateral))
    }

    pub fn add_collateral(&mut self, collateral: Collateral) -> Result<()> {
        require!(
            self.collateral(&collateral.mint).is_err(),
            PositionError::AlreadyCollateral
        );
        let free = self.collaterals.iter_mut().find(|slot| slot.mint == Pubkey::default());
        *free.ok_or_else(|| error!(PositionError::TooManyCollaterals))? = collateral;
        Ok(())
    }

    pub fn grow(&mut self, is_long: bool, size: u64, params: &Params) -> Result<()> {
        let side = self.side_mut(is_long);
        *side = add(*side, size)?;
        require!(*side <= params.max_open_interest, PositionError::OpenInterest);
        Ok(())
    }

    pub fn shrink(&mut self, is_long: bool, size: u64) -> Result<()> {
        let side = self.side_mut(is_long);
        *side = sub(*side, size)?;
        Ok(())
    }

    fn side_mut(&mut self, is_long: bool) -> &mut u64 {
        if is_long {
            &mut self.long_size
        } else {
            &mut self.short_size
        }
    }

    /// Totals of what was not paid saturate: counting must never keep a position from closing.
    pub fn count_shortfall(&mut self, mint: &Pubkey, profit_unpaid: u64, bad_debt: u64) -> Result<()> {
        let collateral = self.collateral_mut(mint)?;
        collateral.profit_unpaid = collateral.profit_unpaid.saturating_add(profit_unpaid);
        collateral.bad_debt = collateral.bad_debt.saturating_add(bad_debt);
        Ok(())
    }

    pub fn state(&self, position: &Position) -> PositionState {
        PositionState {
            size: position.size,
            entry_value: position.entry_value,
            margin: position.margin,
            long_size: self.long_size,
            short_size: self.short_size,
        }
    }

    pub fn next_stamp(&mut self, slot: u64) -> Result<Stamp> {
        self.seq_num = add(self.seq_num, 1)?;
        Ok(Stamp {
            seq_num: self.seq_num,
            slot,
        })
    }
}

impl Collateral {
    pub fn require_open(&self, now: i64) -> Result<()> {
        require!(now >= self.active_at, PositionError::CollateralClosed);
        Ok(())
    }

    /// Covers no more than is `locked` now.
    pub fn request_house_unlock(&mut self, amount: u64, locked: u64, now: i64) -> Result<()> {
        self.house_unlock = amount.min(locked);
        self.house_locked_since = 0;
        self.house_unlock_at = if self.house_unlock == 0 {
            0
        } else {
            after(now, LOOSENING_SECONDS)?
        };
        Ok(())
    }

    pub fn count_house_lock(&mut self, amount: u64) {
        self.house_locked_since = self.house_locked_since.saturating_add(amount);
    }

    /// Profits are paid from what was asked for before they touch what was locked afterwards.
    pub fn take_house_unlock(&mut self, amount: u64, locked: u64, now: i64) -> Result<()> {
        require!(self.house_unlock > 0, PositionError::NothingPending);
        require!(now >= self.house_unlock_at, PositionError::StillWaiting);
        require!(
            now < after(self.house_unlock_at, LOOSENING_SECONDS)?,
            PositionError::RequestExpired
        );
        let covered = locked.saturating_sub(self.house_locked_since).min(self.house_unlock);
        require!(amount <= covered, PositionError::AboveRequest);
        self.house_unlock = sub(self.house_unlock, amount)?;
        Ok(())
    }
}
