use anchor_lang::prelude::*;

use crate::{constants::MAX_OWNERS, error::VaultError};

/// Owners who together are a vault's authority. `["multi_sig_vault", vault]`. It signs only inside `execute_proposal`.
#[account(zero_copy)]
pub struct MultiSigVault {
    pub vault: Pubkey,
    /// The first `owner_count` count.
    pub owners: [Pubkey; MAX_OWNERS],
    pub pending_owners: [Pubkey; MAX_OWNERS],
    /// Changes with every change of the owners, and never repeats for a vault: a proposal of another epoch is stale.
    pub epoch: u64,
    /// Index of the next proposal.
    pub next_index: u64,
    /// Unix time from which the pending owners may be applied; 0: none.
    pub pending_at: i64,
    pub owner_count: u8,
    pub threshold: u8,
    /// 0 with `pending_at` set: the multi-sig is to be removed.
    pub pending_owner_count: u8,
    pub pending_threshold: u8,
    pub bump: u8,
    pub padding: [u8; 3],
}

impl MultiSigVault {
    pub const SIZE: usize = 8 + core::mem::size_of::<MultiSigVault>();

    pub fn require_vault(&self, vault: &Pubkey) -> Result<()> {
        require_keys_eq!(self.vault, *vault, VaultError::WrongVault);
        Ok(())
    }

    pub fn active_owners(&self) -> &[Pubkey] {
        self.owners.get(..usize::from(self.owner_count)).unwrap_or(&[])
    }

    pub fn owner_index(&self, key: &Pubkey) -> Option<usize> {
        self.active_owners().iter().position(|owner| owner == key)
    }

    pub fn require_owner(&self, key: &Pubkey) -> Result<usize> {
        self.owner_index(key)
            .ok_or_else(|| error!(VaultError::NotMultiSigOwner))
    }

    /// Sets owners and threshold. `slot` keeps the epoch from repeating when a multi-sig is removed and made again.
    pub fn set_owners(&mut self, owners: &[Pubkey], threshold: u8, slot: u64) -> Result<()> {
        let (list, count) = owner_list(owners, threshold)?;
        self.owners = list;
        self.owner_count = count;
        self.threshold = threshold;
        self.epoch = crate::math::add(self.epoch, 1)?.max(slot);
        self.clear_pending();
        Ok(())
    }

    /// Waits for `pending_at`.
    pub fn set_pending(&mut self, owners: &[Pubkey], threshold: u8, at: i64) -> Result<()> {
        let (list, count) = owner_list(owners, threshold)?;
        self.pending_owners = list;
        self.pending_owner_count = count;
        self.pending_threshold = threshold;
        self.pending_at = at;
        Ok(())
    }

    pub fn clear_pending(&mut self) {
        self.pending_owners = [Pubkey::default(); MAX_OWNERS];
        self.pending_owner_count = 0;
        self.pending_threshold = 0;
        self.pending_at = 0;
    }

    /// Only owners removed, and not fewer approvals than before.
    pub fn is_tightening(&self, owners: &[Pubkey], threshold: u8) -> bool {
        threshold >= self.threshold && owners.iter().all(|owner| self.owner_index(owner).is_some())
    }
}

/// Checks a list of owners: 1 to `MAX_OWNERS`, distinct, none zero, a threshold within their number.
fn owner_list(owners: &[Pubkey], threshold: u8) -> Result<([Pubkey; MAX_OWNERS], u8)> {
    let count = u8::try_from(owners.len()).map_err(|_| error!(VaultError::BadOwners))?;
    require!(
        (1..=MAX_OWNERS).contains(&owners.len()) && (1..=count).contains(&threshold),
        VaultError::BadOwners
    );
    let mut list = [Pubkey::default(); MAX_OWNERS];
    for (slot, owner) in list.iter_mut().zip(owners) {
        require!(
            *owner != Pubkey::default() && owners.iter().filter(|other| *other == owner).count() == 1,
            VaultError::BadOwners
        );
        *slot = *owner;
    }
    Ok((list, count))
}
