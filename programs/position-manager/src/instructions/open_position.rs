use anchor_lang::prelude::*;

use crate::{constants::*, error::PositionError, event::PositionIncreased, state::*, vault::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct OpenPositionArgs {
    pub is_long: bool,
    /// Contracts.
    pub size: u64,
    /// Base units to lock.
    pub margin: u64,
    /// Nano per contract, the spread included: the most a long pays, the least a short gets.
    pub price_limit: u64,
}

/// Opens a position for the owner of a vault and locks its margin. One position for each balance.
#[derive(Accounts)]
pub struct OpenPosition<'info> {
    /// The vault's owner, who pays the position's rent and gets it back: checked in `validate`.
    #[account(mut)]
    pub owner: Signer<'info>,
    pub access: VaultAccess<'info>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    pub price: AccountLoader<'info, Price>,
    /// Linked to each other and to the owner in `validate`.
    pub trader: Funds<'info>,
    #[account(
        init,
        payer = owner,
        space = Position::SIZE,
        seeds = [SEED_POSITION, market.key().as_ref(), trader.balance.key().as_ref()],
        bump
    )]
    pub position: AccountLoader<'info, Position>,
    pub system_program: Program<'info, System>,
}

impl OpenPosition<'_> {
    /// Returns the mint.
    fn validate(&self, args: &OpenPositionArgs, market: &Market, now: i64) -> Result<Pubkey> {
        self.access.validate()?;
        market.require_not_paused(now)?;
        let price = self.price.load()?;
        price.require_market(self.market.as_ref().key)?;
        require_keys_neq!(
            price.authority,
            *self.owner.key,
            PositionError::PriceAuthorityCannotTrade
        );
        let vault = self.trader.vault()?;
        require_keys_eq!(vault.owner, *self.owner.key, PositionError::NotVaultOwner);
        require!(vault.has_multi_sig == 0, PositionError::MultiSigVault);
        require_keys_neq!(
            *self.trader.vault.key,
            market.house_vault,
            PositionError::HouseCannotTrade
        );
        let (balance, lock) = self.trader.require_linked()?;
        require!(lock.locked == 0, PositionError::LockInUse);
        require!(args.margin > 0, PositionError::ZeroAmount);
        market.collateral(&balance.mint)?.require_open(now)?;
        Ok(balance.mint)
    }
}

pub fn handler(ctx: Context<OpenPosition>, args: OpenPositionArgs) -> Result<()> {
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    let mint = accounts.validate(&args, &market, now)?;
    let params = market.params(now);
    let price = accounts.price.load()?.fresh(now, &params)?;

    let mut position = accounts.position.load_init()?;
    position.market = accounts.market.key();
    position.owner = accounts.owner.key();
    position.vault = accounts.trader.vault.key();
    position.balance = accounts.trader.balance.key();
    position.program_lock = accounts.trader.program_lock.key();
    position.mint = mint;
    position.margin = args.margin;
    position.opened_at = now;
    position.is_long = u8::from(args.is_long);
    position.bump = ctx.bumps.position;
    let entry_value = position.enter(args.size, price, args.price_limit, &params)?;
    position.require_initial_margin(price, market.collateral(&mint)?, &params)?;
    market.grow(args.is_long, args.size, &params)?;
    market.positions = crate::math::add(market.positions, 1)?;

    let calls = VaultCalls {
        access: &accounts.access,
        bump: market.collateral_authority_bump,
    };
    calls.lock(&accounts.trader, args.margin)?;
    emit!(PositionIncreased {
        position: accounts.position.key(),
        owner: position.owner,
        mint,
        is_long: args.is_long,
        size: args.size,
        entry_value,
        price,
        state: market.state(&position),
        stamp: market.next_stamp(clock.slot)?,
    });
    Ok(())
}
