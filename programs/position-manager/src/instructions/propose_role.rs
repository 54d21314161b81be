use anchor_lang::prelude::*;
use collateral_vault::state::Vault;

use crate::{constants::LOOSENING_SECONDS, error::PositionError, event::RoleSet, math::after, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct ProposeRoleArgs {
    pub role: Role,
    /// Zero cancels a proposal; for the price authority it takes the role away at once as well.
    pub holder: Pubkey,
}

/// The admin names the next holder of a role, who accepts after the wait. A price authority that went wrong is stopped at once: then
/// nothing that needs a price works until the next one has accepted, and owners leave by revoking their locks.
#[derive(Accounts)]
pub struct ProposeRole<'info> {
    /// Checked in `validate`.
    pub admin: Signer<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub price: AccountLoader<'info, Price>,
    /// Checked in `validate`.
    pub house_vault: AccountLoader<'info, Vault>,
}

impl ProposeRole<'_> {
    fn validate(&self, args: &ProposeRoleArgs, market: &Market, price: &Price) -> Result<()> {
        market.require_admin(self.admin.key)?;
        price.require_market(self.market.as_ref().key)?;
        require_keys_eq!(
            market.house_vault,
            *self.house_vault.as_ref().key,
            PositionError::WrongVault
        );
        let taken = match args.role {
            Role::Admin => [price.authority, price.pending_authority, Pubkey::default()],
            Role::PriceAuthority => [market.admin, market.pending_admin, self.house_vault.load()?.owner],
        };
        let collides = args.holder != Pubkey::default() && taken.contains(&args.holder);
        require!(!collides, PositionError::RolesCollide);
        Ok(())
    }
}

pub fn handler(ctx: Context<ProposeRole>, args: ProposeRoleArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let mut price = accounts.price.load_mut()?;
    accounts.validate(&args, &market, &price)?;
    let is_cancelled = args.holder == Pubkey::default();
    let pending_at = if is_cancelled {
        0
    } else {
        after(clock.unix_timestamp, LOOSENING_SECONDS)?
    };
    let holder = match args.role {
        Role::Admin => {
            market.pending_admin = args.holder;
            market.pending_admin_at = pending_at;
            market.admin
        }
        Role::PriceAuthority => {
            price.pending_authority = args.holder;
            price.pending_authority_at = pending_at;
            if is_cancelled {
                price.authority = Pubkey::default();
            }
            price.authority
        }
    };
    emit!(RoleSet {
        role: args.role,
        holder,
        pending: args.holder,
        pending_at,
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
