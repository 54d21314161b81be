//! Non-custodial collateral vaults for a perpetual-futures exchange.
use anchor_lang::prelude::*;

declare_id!("4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ");

#[program]
pub mod collateral_vault {
    use super::*;

    /// Says which version of the program answers.
    pub fn version(ctx: Context<Version>) -> Result<()> {
        msg!(
            "{} {} {}",
            ctx.program_id,
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION")
        );
        Ok(())
    }
}

/// Nothing is read and nothing is written.
#[derive(Accounts)]
pub struct Version {}
