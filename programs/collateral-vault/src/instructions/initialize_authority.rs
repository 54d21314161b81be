use anchor_lang::prelude::*;

use crate::{constants::*, error::VaultError, event::RoleSet, loader, program::CollateralVault, state::*};

#[derive(AnchorSerialize, AnchorDeserialize)]
pub struct InitializeAuthorityArgs {
    pub admin: Pubkey,
    pub guardian: Pubkey,
}

/// Creates the program's configuration, once. Only its upgrade authority may: nobody can come first.
#[derive(Accounts)]
pub struct InitializeAuthority<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub upgrade_authority: Signer<'info>,
    pub program: Program<'info, CollateralVault>,
    /// CHECK: the program's own ProgramData, checked in `validate`
    pub program_data: UncheckedAccount<'info>,
    #[account(init, payer = payer, space = VaultAuthority::SIZE, seeds = [SEED_VAULT_AUTHORITY], bump)]
    pub vault_authority: AccountLoader<'info, VaultAuthority>,
    pub system_program: Program<'info, System>,
}

impl InitializeAuthority<'_> {
    fn validate(&self, args: &InitializeAuthorityArgs) -> Result<()> {
        loader::code_of(&self.program.to_account_info(), &self.program_data)?;
        require_keys_neq!(
            self.program_data.key(),
            self.program.key(),
            VaultError::WrongProgramData
        );
        let authority = loader::upgrade_authority(&self.program_data)?;
        require!(
            authority == Some(self.upgrade_authority.key()),
            VaultError::NotUpgradeAuthority
        );
        let zero = Pubkey::default();
        require!(args.admin != zero && args.guardian != zero, VaultError::ZeroAddress);
        require_keys_neq!(args.admin, args.guardian, VaultError::SameHolder);
        Ok(())
    }
}

pub fn handler(ctx: Context<InitializeAuthority>, args: InitializeAuthorityArgs) -> Result<()> {
    ctx.accounts.validate(&args)?;
    let mut authority = ctx.accounts.vault_authority.load_init()?;
    authority.admin = args.admin;
    authority.guardian = args.guardian;
    authority.bump = ctx.bumps.vault_authority;
    let slot = Clock::get()?.slot;
    for (role, holder) in [(Role::Admin, args.admin), (Role::Guardian, args.guardian)] {
        let seq_num = authority.bump_seq_num()?;
        emit!(RoleSet {
            role,
            holder,
            pending: Pubkey::default(),
            pending_at: 0,
            seq_num,
            slot
        });
    }
    Ok(())
}
