use anchor_lang::prelude::*;

use crate::{error::PositionError, event::HouseChanged, state::*, vault::*};

/// What the house's three instructions need.
#[derive(Accounts)]
pub struct House<'info> {
    /// The house vault's owner: checked in `validate`.
    pub house_owner: Signer<'info>,
    pub access: VaultAccess<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    /// The house's, of a listed mint: checked in `validate`.
    pub house: Funds<'info>,
}

impl<'info> House<'info> {
    /// Returns the mint, and what is locked of it.
    pub fn validate(&self, market: &Market) -> Result<(Pubkey, u64)> {
        self.access.validate()?;
        require_keys_eq!(*self.house.vault.key, market.house_vault, PositionError::WrongVault);
        let owner = self.house.vault()?.owner;
        require_keys_eq!(owner, *self.house_owner.key, PositionError::NotVaultOwner);
        let (balance, lock) = self.house.require_linked()?;
        let collateral = market.collateral(&balance.mint)?;
        self.house
            .require(&market.house_vault, &collateral.house_balance, &collateral.house_lock)?;
        Ok((balance.mint, lock.locked))
    }

    pub fn calls(&self, market: &Market) -> VaultCalls<'_, 'info> {
        VaultCalls {
            access: &self.access,
            bump: market.collateral_authority_bump,
        }
    }

    /// After the vault was called.
    pub fn changed(&self, market: &mut Market, mint: &Pubkey, slot: u64) -> Result<HouseChanged> {
        let collateral = *market.collateral(mint)?;
        Ok(HouseChanged {
            mint: *mint,
            locked: self.house.lock()?.map_or(0, |lock| lock.locked),
            unlock_requested: collateral.house_unlock,
            unlock_at: collateral.house_unlock_at,
            stamp: market.next_stamp(slot)?,
        })
    }
}

/// The house locks collateral from which profits are paid. What it earns becomes available to it, not locked: it locks again.
pub fn handler(ctx: Context<House>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let (mint, _) = accounts.validate(&market)?;
    market.collateral_mut(&mint)?.count_house_lock(amount);
    accounts.calls(&market).lock(&accounts.house, amount)?;
    emit!(accounts.changed(&mut market, &mint, Clock::get()?.slot)?);
    Ok(())
}
