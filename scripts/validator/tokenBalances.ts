/** Tokens of a transaction's accounts before and after it, as its meta lists them. */
import type { Address, EncodedAccount } from "@solana/kit";

import type { TokenBalance } from "./blocks.js";
import { readMint, readTokenAccount } from "./tokenState.js";

export function tokenBalances(
  accounts: readonly (EncodedAccount | undefined)[],
  read: (address: Address) => EncodedAccount | undefined,
): readonly TokenBalance[] {
  return accounts.flatMap((account, accountIndex) => {
    const state = readTokenAccount(account);
    if (account === undefined || state === undefined) return [];
    const mint = readMint(read(state.mint));
    if (mint === undefined) return [];
    const { owner, amount } = state;
    return [
      { accountIndex, mint: state.mint, owner, programId: account.programAddress, amount, decimals: mint.decimals },
    ];
  });
}
