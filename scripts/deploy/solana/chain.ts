/** A Solana cluster as a deployment uses it: confirmed accounts, and transactions that are confirmed or known to have failed. */
import {
  addSignersToTransactionMessage,
  appendTransactionMessageInstructions,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  type Address,
  type Instruction,
  type KeyPairSigner,
} from "@solana/kit";
import { z } from "zod";

import { SolanaClient, type SolanaAnswer } from "../../../keepers/kit/solana/client.js";
import { clusterHead, freshLifetime, genesisHash, signatureStatusesOf } from "../../../keepers/kit/solana/cluster.js";
import { PermanentError, RetryableError } from "../../../protocol/errors.js";
import { SYSTEM_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { errorOfFailure, failureOf } from "../../../protocol/solana/errors.js";
import type { SolanaRpc } from "../../../protocol/solana/rpc.js";
import { Patience, STALLED_AFTER_MS, type Log } from "./patience.js";
import { priceInstructions } from "./price.js";

const TIMEOUT_MS = 30_000;
const RETRIES = 3;
/** Writes on the way at the same time. */
const WINDOW = 128;

const count = z.int().nonnegative();
const accountShape = z
  .object({ owner: z.string(), executable: z.boolean(), lamports: count, data: z.tuple([z.string(), z.string()]) })
  .nullable();
const oneAccount = z.object({ value: accountShape });
const ownedAccounts = z.array(z.object({ pubkey: z.string(), account: accountShape.unwrap() }));
const refusal = z.object({ err: z.unknown(), logs: z.array(z.string()).nullish() });

export interface ChainAccount {
  readonly owner: Address;
  readonly executable: boolean;
  readonly lamports: bigint;
  readonly data: Uint8Array;
}

/** Nobody has made an account there yet; anybody can send lamports there. */
export function isVacant({ owner, data }: ChainAccount): boolean {
  return owner === SYSTEM_PROGRAM && data.length === 0;
}

export interface ChainOptions {
  readonly url: string;
  readonly microLamportsPerUnit: number;
  /** Told how many transactions were handed to the node, each time; tests throw here to simulate a kill. */
  readonly afterSend?: (sent: number) => void;
  /** Told what is waited for, when it takes long. */
  readonly log?: Log;
  readonly stalledAfterMs?: number;
}

/** How AlreadyProcessed reads; surfpool tells it in words only. */
const SEEN = "already been processed";
export class SolanaChain {
  private readonly client: SolanaClient;
  private sent = 0;

  constructor(private readonly options: ChainOptions) {
    this.client = new SolanaClient({ url: options.url, timeoutMs: TIMEOUT_MS, retries: RETRIES });
  }

  /** Transactions handed to the node so far. */
  get transactions(): number {
    return this.sent;
  }

  /** The same connection for the readers of protocol/solana. */
  get rpc(): SolanaRpc {
    return { request: (method, params) => this.client.request(method, params, z.unknown()) };
  }

  genesisHash(): Promise<string> {
    return genesisHash(this.client);
  }

  async account(address: Address): Promise<ChainAccount | undefined> {
    const config = { encoding: "base64", commitment: "confirmed" };
    const { value } = await this.client.request("getAccountInfo", [address, config], oneAccount);
    return value === null ? undefined : toAccount(value);
  }

  /** Accounts of a program whose data begins with these bytes. */
  async accountsOf(program: Address, prefix: string): Promise<readonly { address: Address; data: Uint8Array }[]> {
    const filters = [{ memcmp: { offset: 0, bytes: prefix, encoding: "base58" } }];
    const config = { encoding: "base64", commitment: "confirmed", filters };
    const found = await this.client.request("getProgramAccounts", [program, config], ownedAccounts);
    return found.map(({ pubkey, account }) => ({ address: pubkey as Address, data: toAccount(account).data }));
  }

  async rentLamports(bytes: number): Promise<bigint> {
    return BigInt(await this.client.request("getMinimumBalanceForRentExemption", [bytes], count));
  }

  /** What an address lacks to hold an account of so many bytes. */
  async missingRent(address: Address, bytes: number): Promise<bigint> {
    const missing = (await this.rentLamports(bytes)) - (await this.lamports(address));
    return missing > 0n ? missing : 0n;
  }

  async lamports(address: Address): Promise<bigint> {
    const shape = z.object({ value: count });
    const { value } = await this.client.request("getBalance", [address, { commitment: "confirmed" }], shape);
    return BigInt(value);
  }

  /** The cluster's newest slot. */
  async slot(): Promise<bigint> {
    return (await clusterHead(this.client)).slot;
  }

  /** Returns once the cluster is beyond a slot: a program runs from the slot after its deployment. */
  async passSlot(slot: bigint): Promise<void> {
    const patience = this.patience(`the slot after ${String(slot)}`);
    for (let newest = await this.slot(); newest <= slot; newest = await this.slot()) await patience.pause(newest);
  }

  /**
   * Sends one transaction and waits for its confirmation.
   * @param doing for the message of an error.
   * @param units compute units, where it needs many.
   * @throws RevertError with the name of the error; RetryableError TRANSACTION_EXPIRED when no block took it, CLUSTER_STALLED.
   */
  async send(
    doing: string,
    instructions: readonly Instruction[],
    signers: readonly KeyPairSigner[],
    units?: number,
  ): Promise<void> {
    const lifetime = await freshLifetime(this.client);
    const signed = await this.sign(instructions, signers, lifetime, units);
    const [answer] = await this.submit([signed.wire], false);
    this.count();
    if (answer?.ok === false) {
      const failed = refusal.safeParse(answer.data);
      const programIds = instructions.map(({ programAddress }) => programAddress);
      const failure = failed.success ? failureOf({ ...failed.data, programIds }) : undefined;
      // Something between us and the node has asked twice.
      const isSeen = failure === undefined ? answer.message.includes(SEEN) : failure.name === "AlreadyProcessed";
      if (!isSeen) {
        if (failure !== undefined) throw errorOfFailure(failure, doing);
        throw new PermanentError("RPC_REFUSED", `${doing}: the node said ${answer.message}`);
      }
    }
    if ((await this.settle([signed], lifetime.lastValidBlockHeight)).failed.length === 0) return;
    throw new PermanentError("TRANSACTION_FAILED", `${doing}: ${signed.signature} was executed and failed`);
  }

  /**
   * Sends transactions of which any may be lost, and waits until each is in a confirmed block or cannot be in one any more. What
   * became of them shows in the accounts.
   */
  async sendMany(each: readonly Instruction[], signer: KeyPairSigner): Promise<void> {
    for (let from = 0; from < each.length; from += WINDOW) {
      const lifetime = await freshLifetime(this.client);
      const signed = await Promise.all(
        each.slice(from, from + WINDOW).map((instruction) => this.sign([instruction], [signer], lifetime)),
      );
      await this.submit(
        signed.map(({ wire }) => wire),
        true,
      );
      this.count(signed.length);
      await this.settle(signed, lifetime.lastValidBlockHeight, false);
    }
  }

  /** Hands transactions to the node, once. Without an answer they may have arrived: their statuses say. */
  private async submit(wires: readonly string[], skipPreflight: boolean): Promise<readonly SolanaAnswer[]> {
    const config = { encoding: "base64", skipPreflight, preflightCommitment: "confirmed", maxRetries: 0 };
    const calls = wires.map((wire) => ({ method: "sendTransaction", params: [wire, config] }));
    try {
      return await this.client.batch(calls, 0);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      return [];
    }
  }

  private patience(what: string): Patience {
    const { log = () => undefined, stalledAfterMs = STALLED_AFTER_MS } = this.options;
    return new Patience(what, log, stalledAfterMs);
  }

  private count(transactions = 1): void {
    this.sent += transactions;
    this.options.afterSend?.(this.sent);
  }

  private async sign(
    instructions: readonly Instruction[],
    signers: readonly KeyPairSigner[],
    lifetime: Awaited<ReturnType<typeof freshLifetime>>,
    units?: number,
  ): Promise<{ readonly wire: string; readonly signature: string }> {
    const [payer] = signers;
    if (payer === undefined) throw new Error("somebody must pay");
    const priced = [...priceInstructions(this.options.microLamportsPerUnit, units), ...instructions];
    const signed = await signTransactionMessageWithSigners(
      pipe(
        createTransactionMessage({ version: 0 }),
        (message) => setTransactionMessageFeePayerSigner(payer, message),
        (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
        (message) => appendTransactionMessageInstructions(priced, message),
        (message) => addSignersToTransactionMessage([...signers], message),
      ),
    );
    return { wire: getBase64EncodedWireTransaction(signed), signature: getSignatureFromTransaction(signed) };
  }

  /** Waits until all are confirmed or expired. Sends again what nobody has seen. */
  private async settle(
    transactions: readonly { readonly wire: string; readonly signature: string }[],
    lastValidBlockHeight: bigint,
    mustLand = true,
  ): Promise<{ readonly failed: readonly string[] }> {
    const open = new Map(transactions.map(({ signature, wire }) => [signature, wire]));
    const failed: string[] = [];
    const patience = this.patience(`${String(open.size)} transaction(s)`);
    for (let round = 1; ; round += 1) {
      const { blockHeight, slot } = await clusterHead(this.client);
      const { bySignature } = await signatureStatusesOf(this.client, [...open.keys()]);
      for (const [signature, { level, failed: isFailed }] of bySignature) {
        if (level === "processed") continue;
        open.delete(signature);
        if (isFailed) failed.push(signature);
      }
      if (open.size === 0) return { failed };
      if (blockHeight > lastValidBlockHeight) {
        if (!mustLand) return { failed };
        throw new RetryableError(
          "TRANSACTION_EXPIRED",
          `no block took ${[...open.keys()].join(", ")} within its time`,
          "run again, with a higher computeUnitPriceMicroLamports when the cluster is busy",
        );
      }
      if (round % RESEND_ROUNDS === 0) {
        const unseen = [...open].flatMap(([signature, wire]) => (bySignature.has(signature) ? [] : [wire]));
        if (unseen.length > 0) await this.submit(unseen, true);
      }
      await patience.pause(slot);
    }
  }
}

const RESEND_ROUNDS = 20;

function toAccount(value: NonNullable<z.infer<typeof accountShape>>): ChainAccount {
  const data = new Uint8Array(Buffer.from(value.data[0], "base64"));
  return { owner: value.owner as Address, executable: value.executable, lamports: BigInt(value.lamports), data };
}
