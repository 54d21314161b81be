use anchor_lang::prelude::*;
use collateral_vault::{constants::SEED_COLLATERAL_AUTHORITY, loader, state::Vault};

use crate::{
    constants::*,
    error::PositionError,
    event::{ParamsSet, RoleSet},
    program::PositionManager,
    state::*,
};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct InitializeMarketArgs {
    pub admin: Pubkey,
    pub price_authority: Pubkey,
    pub params: Params,
}

/// Creates the market, once. Only the program's upgrade authority may: nobody can come first.
#[derive(Accounts)]
pub struct InitializeMarket<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub upgrade_authority: Signer<'info>,
    pub program: Program<'info, PositionManager>,
    /// CHECK: the program's own ProgramData, checked in `validate`
    pub program_data: UncheckedAccount<'info>,
    /// The house vault's owner agrees to be the other side of every position: checked in `validate`.
    pub house_owner: Signer<'info>,
    pub house_vault: AccountLoader<'info, Vault>,
    #[account(init, payer = payer, space = Market::SIZE, seeds = [SEED_MARKET], bump)]
    pub market: AccountLoader<'info, Market>,
    #[account(init, payer = payer, space = Price::SIZE, seeds = [SEED_PRICE, market.key().as_ref()], bump)]
    pub price: AccountLoader<'info, Price>,
    pub system_program: Program<'info, System>,
}

impl InitializeMarket<'_> {
    fn validate(&self, args: &InitializeMarketArgs) -> Result<()> {
        let wrong = |_| error!(PositionError::WrongProgramData);
        loader::code_of(&self.program.to_account_info(), &self.program_data).map_err(wrong)?;
        let authority = loader::upgrade_authority(&self.program_data).map_err(wrong)?;
        require!(
            authority == Some(self.upgrade_authority.key()),
            PositionError::NotUpgradeAuthority
        );
        let house_owner = self.house_vault.load()?.owner;
        require_keys_eq!(house_owner, self.house_owner.key(), PositionError::NotVaultOwner);
        let zero = Pubkey::default();
        require!(
            args.admin != zero && args.price_authority != zero,
            PositionError::ZeroAddress
        );
        require!(
            args.price_authority != args.admin && args.price_authority != house_owner,
            PositionError::RolesCollide
        );
        args.params.validate()
    }
}

pub fn handler(ctx: Context<InitializeMarket>, args: InitializeMarketArgs) -> Result<()> {
    ctx.accounts.validate(&args)?;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_init()?;
    market.admin = args.admin;
    market.house_vault = accounts.house_vault.key();
    market.replace_params(args.params);
    market.bump = ctx.bumps.market;
    market.collateral_authority_bump = Pubkey::find_program_address(&[SEED_COLLATERAL_AUTHORITY], &crate::ID).1;
    let mut price = accounts.price.load_init()?;
    price.market = accounts.market.key();
    price.authority = args.price_authority;
    price.bump = ctx.bumps.price;
    let slot = Clock::get()?.slot;
    for (role, holder) in [(Role::Admin, args.admin), (Role::PriceAuthority, args.price_authority)] {
        emit!(RoleSet {
            role,
            holder,
            pending: Pubkey::default(),
            pending_at: 0,
            stamp: market.next_stamp(slot)?,
        });
    }
    emit!(ParamsSet {
        params: args.params,
        pending_params: args.params,
        pending_at: 0,
        stamp: market.next_stamp(slot)?,
    });
    Ok(())
}
