//! One perpetual market whose collateral lies in collateral vaults.
use anchor_lang::prelude::*;

declare_id!("FnWyXSmct2W35V3HJGEN54ohYUscotR5bLiBeADpUA1c");

#[program]
pub mod position_manager {
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
