/** What `jsonParsed` shows of an account: those of the token programs. Extensions of Token-2022 are not taken apart. */
import type { Address, EncodedAccount } from "@solana/kit";

import { readMint, readTokenAccount, TOKEN_PROGRAM, tokenAmountJson } from "./tokenState.js";

/** Reads the account of a mint; its decimals are needed to show amounts. */
export type MintReader = (address: Address) => EncodedAccount | undefined;

/** Undefined for an account that is not parsed. */
export function parsedAccount(account: EncodedAccount, mintOf: MintReader): unknown {
  const program = account.programAddress === TOKEN_PROGRAM ? "spl-token" : "spl-token-2022";
  const shown = (type: string, info: unknown) => ({ program, parsed: { type, info }, space: account.space });
  const mint = readMint(account);
  if (mint !== undefined) {
    const { mintAuthority, supply, decimals, isInitialized, freezeAuthority } = mint;
    return shown("mint", {
      mintAuthority,
      supply: String(supply),
      decimals: BigInt(decimals),
      isInitialized,
      freezeAuthority,
    });
  }
  const state = readTokenAccount(account);
  const decimals = readMint(state && mintOf(state.mint))?.decimals;
  if (state === undefined || decimals === undefined) return undefined;
  return shown("account", {
    mint: state.mint,
    owner: state.owner,
    tokenAmount: tokenAmountJson(state.amount, decimals),
    ...(state.delegate === null
      ? {}
      : { delegate: state.delegate, delegatedAmount: tokenAmountJson(state.delegatedAmount, decimals) }),
    state: state.state,
    isNative: state.nativeReserve !== null,
    ...(state.nativeReserve === null ? {} : { rentExemptReserve: tokenAmountJson(state.nativeReserve, decimals) }),
    ...(state.closeAuthority === null ? {} : { closeAuthority: state.closeAuthority }),
  });
}
