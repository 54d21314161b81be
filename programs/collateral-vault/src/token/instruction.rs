//! The instructions of the token programs that this program sends. Layouts: spl-token-interface and spl-token-2022-interface,
//! `TokenInstruction`; spl-associated-token-account-interface, `AssociatedTokenAccountInstruction`.
use anchor_lang::{
    prelude::*,
    solana_program::{
        instruction::Instruction,
        program::{invoke_signed, invoke_signed_unchecked},
    },
    system_program,
};

use crate::token::ASSOCIATED_TOKEN;

const TRANSFER_CHECKED: u8 = 12;
const CLOSE_ACCOUNT: u8 = 9;
const TRANSFER_FEE_EXTENSION: u8 = 26;
const HARVEST_WITHHELD_TO_MINT: u8 = 4;
const CREATE_IDEMPOTENT: u8 = 1;

/// Accounts of a transfer; `authority` signs, or `seeds` sign for it.
pub struct Transfer<'a, 'info> {
    pub token_program: &'a AccountInfo<'info>,
    pub source: &'a AccountInfo<'info>,
    pub mint: &'a AccountInfo<'info>,
    pub destination: &'a AccountInfo<'info>,
    pub authority: &'a AccountInfo<'info>,
}

impl Transfer<'_, '_> {
    /// Moves `amount` base units; the token program checks `decimals`.
    pub fn invoke(&self, amount: u64, decimals: u8, seeds: &[&[&[u8]]]) -> Result<()> {
        let [a, b, c, d, e, f, g, h] = amount.to_le_bytes();
        let instruction = Instruction {
            program_id: *self.token_program.key,
            accounts: vec![
                AccountMeta::new(*self.source.key, false),
                AccountMeta::new_readonly(*self.mint.key, false),
                AccountMeta::new(*self.destination.key, false),
                AccountMeta::new_readonly(*self.authority.key, true),
            ],
            data: vec![TRANSFER_CHECKED, a, b, c, d, e, f, g, h, decimals],
        };
        let infos = [
            self.source.clone(),
            self.mint.clone(),
            self.destination.clone(),
            self.authority.clone(),
        ];
        // unchecked: callers hold no borrow of these four, and the runtime checks everything else
        invoke_signed_unchecked(&instruction, &infos, seeds)?;
        Ok(())
    }
}

/// Closes an empty token account; its rent goes to `destination`.
pub fn close_account<'info>(
    token_program: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    destination: &AccountInfo<'info>,
    authority: &AccountInfo<'info>,
    seeds: &[&[&[u8]]],
) -> Result<()> {
    let instruction = Instruction {
        program_id: *token_program.key,
        accounts: vec![
            AccountMeta::new(*account.key, false),
            AccountMeta::new(*destination.key, false),
            AccountMeta::new_readonly(*authority.key, true),
        ],
        data: vec![CLOSE_ACCOUNT],
    };
    invoke_signed(
        &instruction,
        &[account.clone(), destination.clone(), authority.clone()],
        seeds,
    )?;
    Ok(())
}

/// Moves fees withheld in `account` to its mint; anybody may.
pub fn harvest_withheld<'info>(
    token_program: &AccountInfo<'info>,
    mint: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
) -> Result<()> {
    let instruction = Instruction {
        program_id: *token_program.key,
        accounts: vec![
            AccountMeta::new(*mint.key, false),
            AccountMeta::new(*account.key, false),
        ],
        data: vec![TRANSFER_FEE_EXTENSION, HARVEST_WITHHELD_TO_MINT],
    };
    invoke_signed(&instruction, &[mint.clone(), account.clone()], &[])?;
    Ok(())
}

/// Creates a wallet's associated token account; one that is there already is left alone, so nobody can stand in the way by making it.
pub fn create_associated<'info>(
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    wallet: &AccountInfo<'info>,
    mint: &AccountInfo<'info>,
    system: &AccountInfo<'info>,
    token_program: &AccountInfo<'info>,
) -> Result<()> {
    let instruction = Instruction {
        program_id: ASSOCIATED_TOKEN,
        accounts: vec![
            AccountMeta::new(*payer.key, true),
            AccountMeta::new(*account.key, false),
            AccountMeta::new_readonly(*wallet.key, false),
            AccountMeta::new_readonly(*mint.key, false),
            AccountMeta::new_readonly(system_program::ID, false),
            AccountMeta::new_readonly(*token_program.key, false),
        ],
        data: vec![CREATE_IDEMPOTENT],
    };
    let infos = [
        payer.clone(),
        account.clone(),
        wallet.clone(),
        mint.clone(),
        system.clone(),
        token_program.clone(),
    ];
    invoke_signed(&instruction, &infos, &[])?;
    Ok(())
}
