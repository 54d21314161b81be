/** From a call to signed bytes. Where keys come from: keys/load.ts. */
import { Transaction, type HDNodeWallet, type TransactionRequest, type Wallet } from "ethers";
import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import type { Fees } from "./fees.js";
import { walletAccount, type TransactionSigner } from "./keys/account.js";
import type { ChainClient } from "./provider.js";

export type { TransactionSigner } from "./keys/account.js";

/** Signer of a wallet that already exists; for tests and the local world. */
export function signerOf(wallet: Wallet | HDNodeWallet): TransactionSigner {
  return walletAccount(wallet);
}

/** A call with everything a signature covers. Amounts in wei. */
export interface CallToSign {
  readonly to: string;
  readonly data: string;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
  readonly nonce: number;
  readonly chainId: number;
  readonly fees: Fees;
  /** The chain has no base fee: sign with one gas price. */
  readonly legacy: boolean;
}

/** Signs a call. @returns the bytes and their transaction hash. */
export async function signCall(
  signer: TransactionSigner,
  call: CallToSign,
): Promise<{ readonly hash: string; readonly bytes: string }> {
  const { maxFeePerGasWei, priorityFeeWei } = call.fees;
  const price: TransactionRequest = call.legacy
    ? { type: 0, gasPrice: maxFeePerGasWei }
    : { type: 2, maxFeePerGas: maxFeePerGasWei, maxPriorityFeePerGas: priorityFeeWei };
  const { to, data, gasLimit, nonce, chainId } = call;
  const bytes = await signer.sign({ to, data, gasLimit, nonce, chainId, value: call.valueWei, ...price });
  const hash = Transaction.from(bytes).hash;
  if (hash === null) throw new PermanentError("UNSIGNED", "the signer returned a transaction without signature");
  return { hash, bytes };
}

/** Nonce of the next transaction of an address. @throws RetryableError when no node answers. */
export async function transactionCount(
  client: ChainClient,
  address: string,
  tag: "latest" | "pending",
): Promise<number> {
  return Number(z.string().parse(await client.request("eth_getTransactionCount", [address, tag])));
}
