/** Keys. A signer shows its address and signs; nothing else of the key leaves this file. */
import { readFileSync } from "node:fs";

import { Transaction, Wallet, type HDNodeWallet, type TransactionRequest } from "ethers";
import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import type { Env } from "./env.js";
import type { Fees } from "./fees.js";
import type { ChainClient } from "./provider.js";

/** Signs transactions of one address. */
export interface TransactionSigner {
  readonly address: string;
  /** @returns the signed bytes. Everything must be filled in: nonce, fees, gas limit, chain id. */
  sign(transaction: TransactionRequest): Promise<string>;
}

/** Variables that point to a key. They are read here once and are not part of any configuration object. */
export const KEY_VARIABLES = ["KEEPER_KEYSTORE_FILE", "KEEPER_KEYSTORE_PASSPHRASE"] as const;

/**
 * Opens the keeper's key: an encrypted JSON keystore (ethers, geth, `cast wallet`) with its passphrase, or, on a local network only, the
 * account of the public development mnemonic whose address is `localAddress`.
 * @returns undefined when no key is configured. @throws PermanentError KEYSTORE_UNREADABLE, KEYSTORE_REFUSED, PASSPHRASE_MISSING.
 */
export async function loadSigner(env: Env, localAddress: string | undefined): Promise<TransactionSigner | undefined> {
  const file = env["KEEPER_KEYSTORE_FILE"] ?? "";
  if (file !== "") return wrap(await openKeystore(file, env["KEEPER_KEYSTORE_PASSPHRASE"], "KEEPER_KEYSTORE"));
  if (localAddress === undefined) return undefined;
  const wallet = developmentAccounts().find((account) => account.address.toLowerCase() === localAddress.toLowerCase());
  return wallet === undefined ? undefined : wrap(wallet);
}

/** Signs typed data of one address; what a price reporter needs. */
export interface TypedDataSigner {
  getAddress(): Promise<string>;
  signTypedData: Wallet["signTypedData"];
}

/**
 * Opens a key that signs typed data and no transactions: the keystore that `<prefix>_FILE` and `<prefix>_PASSPHRASE` name.
 * @returns undefined when none is configured. @throws PermanentError KEYSTORE_UNREADABLE, KEYSTORE_REFUSED, PASSPHRASE_MISSING.
 */
export async function loadTypedDataSigner(env: Env, prefix: string): Promise<TypedDataSigner | undefined> {
  const file = env[`${prefix}_FILE`] ?? "";
  return file === "" ? undefined : openKeystore(file, env[`${prefix}_PASSPHRASE`], prefix);
}

/** Signer of a wallet that already exists; for tests and the local world. */
export function signerOf(wallet: Wallet | HDNodeWallet): TransactionSigner {
  return wrap(wallet);
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

async function openKeystore(
  file: string,
  passphrase: string | undefined,
  prefix: string,
): Promise<Wallet | HDNodeWallet> {
  if (passphrase === undefined) {
    throw new PermanentError(
      "PASSPHRASE_MISSING",
      `${prefix}_FILE is set but ${prefix}_PASSPHRASE is not`,
      `set ${prefix}_PASSPHRASE for this process only`,
    );
  }
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch {
    throw new PermanentError("KEYSTORE_UNREADABLE", `cannot read the keystore ${file}`, `check ${prefix}_FILE`);
  }
  try {
    return await Wallet.fromEncryptedJson(content, passphrase);
  } catch {
    // The cause is left out on purpose: it may carry parts of the file.
    throw new PermanentError(
      "KEYSTORE_REFUSED",
      `the keystore ${file} does not open with the given passphrase, or is not an encrypted JSON keystore`,
      `check ${prefix}_PASSPHRASE`,
    );
  }
}

function wrap(wallet: Wallet | HDNodeWallet): TransactionSigner {
  return {
    address: wallet.address,
    sign: (transaction) => wallet.signTransaction(transaction),
  };
}
