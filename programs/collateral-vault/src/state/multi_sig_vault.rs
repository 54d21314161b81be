use core::cell::Ref;

use anchor_lang::prelude::*;

use crate::{
    constants::{INDEX_PLACES, MAX_OWNERS},
    error::VaultError,
    state::{SecurityConfig, Vault},
};

/// Owners who together are a vault's authority. `["multi_sig_vault", vault]`. It signs only inside `execute_proposal`.
#[account(zero_copy)]
pub struct MultiSigVault {
    pub vault: Pubkey,
    /// The first `owner_count` count.
    pub owners: [Pubkey; MAX_OWNERS],
    pub pending_owners: [Pubkey; MAX_OWNERS],
    /// Changes with every change of the owners, and never repeats for a vault: a proposal of another epoch is stale.
    pub epoch: u64,
    /// Slot of its creation: one that is removed and made again is another.
    pub created_slot: u64,
    /// How many proposals each place among the owners has made; they never go back, whoever holds the place.
    pub proposal_counts: [u64; MAX_OWNERS],
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

    /// Owners that wait; none with `pending_at` set means removal.
    pub fn waiting_owners(&self) -> &[Pubkey] {
        self.pending_owners
            .get(..usize::from(self.pending_owner_count))
            .unwrap_or(&[])
    }

    pub fn owner_index(&self, key: &Pubkey) -> Option<usize> {
        self.active_owners().iter().position(|owner| owner == key)
    }

    pub fn require_owner(&self, key: &Pubkey) -> Result<usize> {
        self.owner_index(key)
            .ok_or_else(|| error!(VaultError::NotMultiSigOwner))
    }

    /// Index of an owner's next proposal: the count of his place, then the place. Nobody else's proposals take it.
    pub fn next_index(&self, place: usize) -> Result<u64> {
        let overflow = || error!(VaultError::Overflow);
        let count = self.proposal_counts.get(place).ok_or_else(overflow)?;
        let place = u64::try_from(place).map_err(|_| overflow())?;
        count
            .checked_mul(INDEX_PLACES)
            .and_then(|index| index.checked_add(place))
            .ok_or_else(overflow)
    }

    pub fn count_proposal(&mut self, place: usize) -> Result<()> {
        let count = self.proposal_counts.get_mut(place);
        let count = count.ok_or_else(|| error!(VaultError::Overflow))?;
        *count = crate::math::add(*count, 1)?;
        Ok(())
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

    /// Owners, or none for removal, that count from `at`.
    pub fn set_pending(&mut self, owners: &[Pubkey], threshold: u8, at: i64) -> Result<()> {
        self.clear_pending();
        if !owners.is_empty() {
            (self.pending_owners, self.pending_owner_count) = owner_list(owners, threshold)?;
            self.pending_threshold = threshold;
        }
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

/// A multi-sig of this program, read from an account that no `Accounts` struct loads.
pub fn read_multi_sig<'a>(info: &'a AccountInfo) -> Result<Ref<'a, MultiSigVault>> {
    require!(*info.owner == crate::ID, VaultError::NotAMultiSig);
    Ref::filter_map(info.try_borrow_data()?, |data| {
        let rest = data.strip_prefix(MultiSigVault::DISCRIMINATOR)?;
        bytemuck::try_from_bytes(rest.get(..core::mem::size_of::<MultiSigVault>())?).ok()
    })
    .map_err(|_| error!(VaultError::NotAMultiSig))
}

/// The account is a multi-sig that needs at least two approvals: where one key must not be enough. Returns the slot of its creation.
pub fn require_real_multi_sig(info: &AccountInfo) -> Result<u64> {
    let multi_sig = read_multi_sig(info)?;
    require!(multi_sig.threshold >= 2, VaultError::NotAMultiSig);
    Ok(multi_sig.created_slot)
}

/// Who may veto a loosening or cancel a withdrawal of a vault: its owner, or any owner of its multi-sig while there is one; its
/// vetoer; its authority. `time` is the loosening time.
pub fn require_may_veto(
    signer: &Pubkey,
    vault: &Vault,
    vault_key: &Pubkey,
    security_config: Option<&SecurityConfig>,
    multi_sig_vault: &Option<AccountLoader<MultiSigVault>>,
    time: i64,
) -> Result<()> {
    // whoever signs: an account of another vault is never right
    let is_owner = match multi_sig_vault {
        Some(account) => {
            let multi_sig = account.load()?;
            multi_sig.require_vault(vault_key)?;
            multi_sig.owner_index(signer).is_some()
        }
        None => false,
    };
    let is_vetoer =
        security_config.is_some_and(|config| config.vetoer_at(time) == *signer && *signer != Pubkey::default());
    if is_owner || is_vetoer || vault.require_authority(vault_key, signer).is_ok() {
        return Ok(());
    }
    err!(VaultError::MayNotVeto)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(numbers: &[u8]) -> Vec<Pubkey> {
        numbers
            .iter()
            .map(|number| Pubkey::new_from_array([*number; 32]))
            .collect()
    }

    #[test]
    fn owners_are_distinct_not_zero_and_enough() {
        assert!(owner_list(&keys(&[1, 2, 3]), 3).is_ok());
        for (owners, threshold) in [
            (vec![], 1),
            (vec![1, 1], 1),
            (vec![0, 1], 1),
            (vec![1, 2], 3),
            (vec![1], 0),
            ((1..=11).collect(), 2),
        ] {
            assert!(owner_list(&keys(&owners), threshold).is_err(), "{owners:?} {threshold}");
        }
    }

    /// MSIG-1: an epoch never returns, not even when the multi-sig is removed and made again.
    #[test]
    fn an_epoch_never_returns() {
        let mut multi_sig: MultiSigVault = bytemuck::Zeroable::zeroed();
        let mut last = 0;
        for (slot, owners) in [(100, [1, 2]), (100, [1, 3]), (100, [2, 3]), (101, [1, 2])] {
            multi_sig.set_owners(&keys(&owners), 2, slot).unwrap();
            assert!(multi_sig.epoch > last);
            last = multi_sig.epoch;
        }
        let mut again: MultiSigVault = bytemuck::Zeroable::zeroed();
        // removal waits a day, so a later multi-sig has a later slot
        again.set_owners(&keys(&[1, 2]), 2, 200_000).unwrap();
        assert!(again.epoch > last);
    }

    /// COL-30: no owner's proposals take an index that another one's may have, and none returns when the owners change.
    #[test]
    fn an_index_belongs_to_one_place_and_never_returns() {
        let mut multi_sig: MultiSigVault = bytemuck::Zeroable::zeroed();
        let mut seen = std::collections::BTreeSet::new();
        for owners in [keys(&[1, 2, 3]), keys(&[3, 1]), keys(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])] {
            multi_sig.set_owners(&owners, 1, 1).unwrap();
            for place in [0, 1, 0, owners.len() - 1] {
                let others: Vec<_> = (0..owners.len()).filter(|other| *other != place).collect();
                let before: Vec<_> = others
                    .iter()
                    .map(|other| multi_sig.next_index(*other).unwrap())
                    .collect();
                assert!(seen.insert(multi_sig.next_index(place).unwrap()));
                multi_sig.count_proposal(place).unwrap();
                let after: Vec<_> = others
                    .iter()
                    .map(|other| multi_sig.next_index(*other).unwrap())
                    .collect();
                assert_eq!(before, after);
            }
        }
        assert!(multi_sig.next_index(MAX_OWNERS).is_err());
    }

    #[test]
    fn only_removing_owners_tightens() {
        let mut multi_sig: MultiSigVault = bytemuck::Zeroable::zeroed();
        multi_sig.set_owners(&keys(&[1, 2, 3]), 2, 1).unwrap();
        for (owners, threshold, tightens) in [
            (vec![1, 2], 2, true),
            (vec![1, 2, 3], 3, true),
            (vec![1, 2], 1, false),
            (vec![1, 2, 4], 2, false),
        ] {
            assert_eq!(
                multi_sig.is_tightening(&keys(&owners), threshold),
                tightens,
                "{owners:?} {threshold}"
            );
        }
    }
}
