/** Methods about accounts of the token programs. */
import type { Address, EncodedAccount } from "@solana/kit";
import { z } from "zod";

import { accountJson } from "../accountJson.js";
import type { Block } from "../blocks.js";
import type { Cluster } from "../cluster.js";
import { invalidParams } from "../jsonRpc.js";
import { accountConfig, address, blockFor, contextConfig, read, withContext } from "../params.js";
import type { Methods } from "../rpcNode.js";
import {
  isTokenProgram,
  readMint,
  readTokenAccount,
  tokenAmountJson,
  type MintState,
  type TokenAccountState,
} from "../tokenState.js";

/** As many as nodes list. */
const LARGEST_ACCOUNTS = 20;

const tokenFilter = z.union([z.object({ mint: address }), z.object({ programId: address })]);

interface TokenAccount {
  readonly account: EncodedAccount;
  readonly state: TokenAccountState;
}

export function tokenMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  const mintOf = (mint: Address) => bank.account(mint);

  /** @throws RpcError -32602. */
  const mintAt = (mint: Address, block: Block): MintState & { readonly programId: Address } => {
    const account = bank.account(mint, block);
    const state = readMint(account);
    if (account === undefined || state === undefined) throw invalidParams("could not find mint");
    return { ...state, programId: account.programAddress };
  };
  const accountsOf = (programId: Address, block: Block): TokenAccount[] =>
    [...bank.accountsOwnedBy(programId, block).values()].flatMap((account) => {
      const state = readTokenAccount(account);
      return state === undefined ? [] : [{ account, state }];
    });
  const list = (params: readonly unknown[], belongs: (state: TokenAccountState, who: Address) => boolean): unknown => {
    const [who, wanted, config] = read(params, address, tokenFilter, accountConfig);
    const block = blockFor(cluster, config);
    const mint = "mint" in wanted ? wanted.mint : undefined;
    const programId = "mint" in wanted ? mintAt(wanted.mint, block).programId : wanted.programId;
    if (!isTokenProgram(programId)) throw invalidParams("unrecognized Token program id");
    const found = accountsOf(programId, block).filter(
      ({ state }) => belongs(state, who) && (mint === undefined || state.mint === mint),
    );
    return withContext(
      block,
      found.map(({ account }) => ({ pubkey: account.address, account: accountJson(account, config, mintOf) })),
    );
  };

  return {
    getTokenAccountsByOwner: (params) => list(params, ({ owner }, who) => owner === who),
    getTokenAccountsByDelegate: (params) => list(params, ({ delegate }, who) => delegate === who),
    getTokenAccountBalance: (params) => {
      const [tokens, config] = read(params, address, contextConfig);
      const block = blockFor(cluster, config);
      const account = bank.account(tokens, block);
      if (account === undefined) throw invalidParams("could not find account");
      const state = readTokenAccount(account);
      if (state === undefined) throw invalidParams("not a Token account");
      return withContext(block, tokenAmountJson(state.amount, mintAt(state.mint, block).decimals));
    },
    getTokenSupply: (params) => {
      const [mint, config] = read(params, address, contextConfig);
      const block = blockFor(cluster, config);
      const { supply, decimals } = mintAt(mint, block);
      return withContext(block, tokenAmountJson(supply, decimals));
    },
    getTokenLargestAccounts: (params) => {
      const [mint, config] = read(params, address, contextConfig);
      const block = blockFor(cluster, config);
      const { programId, decimals } = mintAt(mint, block);
      const holders = accountsOf(programId, block).filter(({ state }) => state.mint === mint);
      holders.sort((a, b) => (a.state.amount === b.state.amount ? 0 : a.state.amount < b.state.amount ? 1 : -1));
      return withContext(
        block,
        holders.slice(0, LARGEST_ACCOUNTS).map(({ account, state }) => ({
          address: account.address,
          ...tokenAmountJson(state.amount, decimals),
        })),
      );
    },
  };
}
