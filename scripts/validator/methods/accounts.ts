/** Methods about accounts, each answered as of the block of its commitment. */
import { getBase58Decoder, getBase64Decoder, type EncodedAccount } from "@solana/kit";
import { z } from "zod";

import type { Cluster } from "../cluster.js";
import { invalidParams } from "../jsonRpc.js";
import { accountConfig, address, blockFor, contextConfig, read, withContext } from "../params.js";
import type { Methods } from "../server.js";

/** Most accounts of one getMultipleAccounts. */
const MAX_ACCOUNTS = 100;
/** Most bytes that base58 is allowed for. */
const MAX_BASE58_BYTES = 128;
/** Rent-exempt accounts pay none. */
const RENT_EPOCH = 2n ** 64n - 1n;

type AccountConfig = z.infer<typeof accountConfig>;

/** An account as JSON, or null when there is none. */
export function accountJson(account: EncodedAccount | undefined, config: AccountConfig): unknown {
  if (account === undefined) return null;
  const slice = config?.dataSlice;
  const data =
    slice == null ? account.data : account.data.subarray(Number(slice.offset), Number(slice.offset + slice.length));
  // Without a named encoding the data is a bare base58 string; so old clients expect it.
  const isBase58 = config?.encoding !== "base64";
  if (isBase58 && data.length > MAX_BASE58_BYTES) {
    throw invalidParams(`data over ${String(MAX_BASE58_BYTES)} bytes needs encoding base64`);
  }
  const text = (isBase58 ? getBase58Decoder() : getBase64Decoder()).decode(data);
  return {
    data: config?.encoding === undefined ? text : [text, config.encoding],
    executable: account.executable,
    lamports: account.lamports,
    owner: account.programAddress,
    rentEpoch: RENT_EPOCH,
    space: account.space,
  };
}

export function accountMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  return {
    getBalance: (params) => {
      const [owner, config] = read(params, address, contextConfig);
      const block = blockFor(cluster, config);
      return withContext(block, bank.account(owner, block)?.lamports ?? 0n);
    },
    getAccountInfo: (params) => {
      const [owner, config] = read(params, address, accountConfig);
      const block = blockFor(cluster, config);
      return withContext(block, accountJson(bank.account(owner, block), config));
    },
    getMultipleAccounts: (params) => {
      const [owners, config] = read(params, z.array(address).max(MAX_ACCOUNTS), accountConfig);
      const block = blockFor(cluster, config);
      const known = { ...config, encoding: config?.encoding ?? ("base64" as const) };
      return withContext(
        block,
        owners.map((owner) => accountJson(bank.account(owner, block), known)),
      );
    },
    getMinimumBalanceForRentExemption: (params) => {
      const [bytes] = read(params, z.bigint());
      return bank.minimumBalance(bytes);
    },
  };
}
