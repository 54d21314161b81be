/** Methods about accounts, each answered as of the block of its commitment. */
import type { Address } from "@solana/kit";
import { z } from "zod";

import { accountJson } from "../accountJson.js";
import type { Cluster } from "../cluster.js";
import { filters, matcher } from "../filters.js";
import { accountConfig, accountFields, address, blockFor, contextConfig, read, withContext } from "../params.js";
import type { Methods } from "../rpcNode.js";

/** Most accounts of one getMultipleAccounts. */
const MAX_ACCOUNTS = 100;
/** A program cannot make a larger one. */
const MAX_ACCOUNT_BYTES = 10n * 1024n * 1024n;

const programConfig = z
  .object({ ...accountFields, filters, withContext: z.boolean().optional(), sortResults: z.boolean().optional() })
  .nullish();

export function accountMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  const mintOf = (mint: Address) => bank.account(mint);
  return {
    getBalance: (params) => {
      const [owner, config] = read(params, address, contextConfig);
      const block = blockFor(cluster, config);
      return withContext(block, bank.account(owner, block)?.lamports ?? 0n);
    },
    getAccountInfo: (params) => {
      const [owner, config] = read(params, address, accountConfig);
      const block = blockFor(cluster, config);
      return withContext(block, accountJson(bank.account(owner, block), config, mintOf));
    },
    getMultipleAccounts: (params) => {
      const [owners, config] = read(params, z.array(address).max(MAX_ACCOUNTS), accountConfig);
      const block = blockFor(cluster, config);
      const known = { ...config, encoding: config?.encoding ?? ("base64" as const) };
      return withContext(
        block,
        owners.map((owner) => accountJson(bank.account(owner, block), known, mintOf)),
      );
    },
    getProgramAccounts: (params) => {
      const [programId, config] = read(params, address, programConfig);
      const block = blockFor(cluster, config);
      const matches = matcher(config?.filters);
      const found = [...bank.accountsOwnedBy(programId, block).values()]
        .filter(matches)
        .map((account) => ({ pubkey: account.address, account: accountJson(account, config, mintOf) }));
      return config?.withContext === true ? withContext(block, found) : found;
    },
    getMinimumBalanceForRentExemption: (params) => {
      const [bytes] = read(params, z.bigint().min(0n).max(MAX_ACCOUNT_BYTES));
      return bank.minimumBalanceForRentExemption(bytes);
    },
  };
}
