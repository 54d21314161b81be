use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, state::MultiSigVault};

/// One account of a proposal's instruction. The multi-sig signs; `EXECUTOR` stands for whoever executes, who signs and pays.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalAccount {
    pub key: Pubkey,
    pub is_writable: bool,
}

impl ProposalAccount {
    /// Nobody's address. Not the zero key: that is the system program's, which proposals need.
    pub const EXECUTOR: Pubkey = pubkey!("Executor11111111111111111111111111111111111");
}

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    Open,
    Executed,
    Cancelled,
}

/// An instruction of this program that the owners approve. `["proposal", multi_sig_vault, index_u64_le]`.
#[account]
#[derive(Debug)]
pub struct Proposal {
    pub multi_sig: Pubkey,
    pub proposer: Pubkey,
    pub index: u64,
    /// The multi-sig's epoch when it was proposed.
    pub epoch: u64,
    pub created_at: i64,
    /// Unix time from which it can be neither approved nor executed.
    pub expires_at: i64,
    /// Counts events of this proposal.
    pub seq_num: u64,
    /// Bit i: the multi-sig's owner i approved.
    pub approvals: u16,
    pub state: ProposalState,
    pub bump: u8,
    pub accounts: Vec<ProposalAccount>,
    pub data: Vec<u8>,
}

impl Proposal {
    /// Discriminator, keys, five numbers, approvals, state, bump, two vectors.
    pub fn size(accounts: usize, data: usize) -> Result<usize> {
        const FIXED: usize = 8 + 64 + 40 + 2 + 1 + 1 + 4 + 4;
        let overflow = || error!(VaultError::Overflow);
        accounts
            .checked_mul(33)
            .and_then(|size| size.checked_add(data))
            .and_then(|size| size.checked_add(FIXED))
            .ok_or_else(overflow)
    }

    pub fn validate_instruction(accounts: &[ProposalAccount], data: &[u8]) -> Result<()> {
        require!(
            accounts.len() <= MAX_PROPOSAL_ACCOUNTS && data.len() <= MAX_PROPOSAL_DATA,
            VaultError::ProposalTooLarge
        );
        Ok(())
    }

    /// SHA-256 of all that an approval is about, as Borsh writes it. Whoever approves passes the hash of what he was shown, so that no
    /// other content gets his approval, whatever a node told him.
    pub fn content_hash(&self) -> Result<[u8; 32]> {
        let about = (self.multi_sig, self.proposer, self.index, self.epoch, self.expires_at);
        let bytes = borsh::to_vec(&(about, &self.accounts, &self.data))?;
        Ok(solana_sha256_hasher::hash(&bytes).to_bytes())
    }

    pub fn bump_seq_num(&mut self) -> Result<u64> {
        self.seq_num = crate::math::add(self.seq_num, 1)?;
        Ok(self.seq_num)
    }

    /// Open, of this epoch, not expired.
    pub fn require_live(&self, multi_sig: &MultiSigVault, now: i64) -> Result<()> {
        require!(self.state == ProposalState::Open, VaultError::ProposalClosed);
        require!(self.epoch == multi_sig.epoch, VaultError::StaleProposal);
        require!(now < self.expires_at, VaultError::ProposalExpired);
        Ok(())
    }

    fn approval_bit(owner_index: usize) -> Result<u16> {
        u32::try_from(owner_index)
            .ok()
            .and_then(|index| 1u16.checked_shl(index))
            .ok_or_else(|| error!(VaultError::Overflow))
    }

    /// Takes an owner's approval back.
    pub fn unapprove(&mut self, owner_index: usize) -> Result<()> {
        let bit = Self::approval_bit(owner_index)?;
        require!(self.approvals & bit != 0, VaultError::NotApproved);
        self.approvals &= !bit;
        Ok(())
    }

    pub fn approve(&mut self, owner_index: usize) -> Result<()> {
        let bit = Self::approval_bit(owner_index)?;
        require!(self.approvals & bit == 0, VaultError::AlreadyApproved);
        self.approvals |= bit;
        Ok(())
    }
}
