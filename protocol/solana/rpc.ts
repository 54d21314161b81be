/** What we ask a Solana cluster, over any JSON-RPC connection: kit's, web3.js's, a keeper's client, a local cluster in process. */
import { getBase58Decoder, getBase64Encoder, type Address, type Blockhash } from "@solana/kit";
import type { Connection } from "@solana/web3.js";
import { z } from "zod";

import { PermanentError, RetryableError } from "../errors.js";

export interface SolanaRpc {
  /** The `result` of one request. @throws whatever the connection throws when there is none. */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
}

export type Commitment = "processed" | "confirmed" | "finalized";

/** Codes with which a node asks for patience: unhealthy, behind the asked slot, too many requests. */
const BUSY_CODES: ReadonlySet<number> = new Set([-32005, -32016, 429]);

export const isBusyCode = (code: number): boolean => BUSY_CODES.has(code);

const envelope = z.union([
  z.object({ result: z.unknown() }).refine((answer) => "result" in answer),
  z.object({ error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }) }),
]);

/**
 * The connection of web3.js 1.x: the only place where the two clients meet. It asks through the connection's own transport, with its
 * headers and retries.
 */
export function connectionRpc(connection: Connection): SolanaRpc {
  const raw = connection as unknown as { _rpcRequest(method: string, params: unknown[]): Promise<unknown> };
  return {
    async request(method, params) {
      const answer = envelope.safeParse(await raw._rpcRequest(method, [...params]));
      if (!answer.success) throw malformed(method);
      if ("result" in answer.data) return answer.data.result;
      throw refusal(method, answer.data.error);
    },
  };
}

/** A node's error. What is in `data` of a failed preflight stays with the cause, where errors.ts finds it. */
function refusal(
  method: string,
  error: { readonly code: number; readonly message: string; readonly data?: unknown },
): PermanentError | RetryableError {
  const details = { method, code: String(error.code) };
  if (isBusyCode(error.code)) {
    const message = `${method}: the node asks for patience (${error.message})`;
    return new RetryableError("RPC_BUSY", message, "try again in a moment", details, { cause: error });
  }
  return new PermanentError("RPC_REFUSED", `${method}: the node said ${error.message}`, undefined, details, {
    cause: error,
  });
}

function malformed(method: string): PermanentError {
  return new PermanentError(
    "RPC_MALFORMED",
    `the node answered ${method} with something that is not an answer to it`,
    "check that the address is a JSON-RPC endpoint of a Solana cluster",
    { method },
  );
}

/** JSON numbers above 2^53 fail instead of being rounded. */
const whole = z.union([z.int(), z.bigint()]).transform(BigInt);
const context = z.object({ slot: whole });
const base64 = z.tuple([z.string(), z.literal("base64")]);
const accountJson = z.object({ data: base64, owner: z.string(), lamports: whole, executable: z.boolean() });

async function ask<T>(rpc: SolanaRpc, method: string, params: readonly unknown[], shape: z.ZodType<T>): Promise<T> {
  const parsed = shape.safeParse(await rpc.request(method, params));
  if (!parsed.success) throw malformed(method);
  return parsed.data;
}

export interface AccountState {
  readonly address: Address;
  readonly owner: Address;
  readonly lamports: bigint;
  readonly data: Uint8Array;
  readonly isExecutable: boolean;
}

function accountState(address: Address, json: z.infer<typeof accountJson>): AccountState {
  const data = new Uint8Array(getBase64Encoder().encode(json.data[0]));
  return { address, owner: json.owner as Address, lamports: json.lamports, data, isExecutable: json.executable };
}

/** Most addresses that nodes take in one request. */
const MAX_ACCOUNTS = 100;

export interface AccountsAtSlot {
  readonly slot: bigint;
  readonly accounts: ReadonlyMap<Address, AccountState>;
}

/**
 * Accounts as of one slot; those that do not exist are missing. @throws RetryableError STATE_MOVED when more than 100 are asked for and the
 * cluster does not stand still meanwhile; PermanentError RPC_MALFORMED.
 */
export async function readAccounts(
  rpc: SolanaRpc,
  addresses: readonly Address[],
  commitment: Commitment,
): Promise<AccountsAtSlot> {
  const wanted = [...new Set(addresses)];
  const shape = z.object({ context, value: z.array(accountJson.nullable()) });
  const pages = Array.from({ length: Math.max(1, Math.ceil(wanted.length / MAX_ACCOUNTS)) }, (_, page) =>
    wanted.slice(page * MAX_ACCOUNTS, (page + 1) * MAX_ACCOUNTS),
  );
  const answers = await Promise.all(
    pages.map(async (page) => {
      const method = "getMultipleAccounts";
      const answer = await ask(rpc, method, [page, { encoding: "base64", commitment }], shape);
      // What is told by its position is worth nothing where one is missing.
      if (answer.value.length !== page.length) throw malformed(method);
      return answer;
    }),
  );
  const slots = new Set(answers.map((answer) => answer.context.slot));
  const [slot = 0n] = slots;
  if (slots.size > 1) throw stateMoved("the accounts were read at different slots");
  const accounts = new Map<Address, AccountState>();
  for (const [position, json] of answers.flatMap(({ value }) => value).entries()) {
    const address = wanted[position];
    if (json !== null && address !== undefined) accounts.set(address, accountState(address, json));
  }
  return { slot, accounts };
}

export const STATE_MOVED = "STATE_MOVED";

export function stateMoved(what: string): RetryableError {
  return new RetryableError(STATE_MOVED, what, "read again");
}

/** Bytes that accounts must have at an offset. */
export interface AccountFilter {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Accounts of a program whose data has the given bytes. */
export async function readProgramAccounts(
  rpc: SolanaRpc,
  programId: Address,
  filters: readonly AccountFilter[],
  commitment: Commitment,
): Promise<readonly AccountState[]> {
  const memcmp = filters.map(({ offset, bytes }) => ({ memcmp: { offset, bytes: getBase58Decoder().decode(bytes) } }));
  const shape = z.array(z.object({ pubkey: z.string(), account: accountJson }));
  const found = await ask(
    rpc,
    "getProgramAccounts",
    [programId, { encoding: "base64", commitment, filters: memcmp }],
    shape,
  );
  return found.map(({ pubkey, account }) => accountState(pubkey as Address, account));
}

export interface LatestBlockhash {
  readonly blockhash: Blockhash;
  /** Last block height at which a transaction that names it can enter. */
  readonly lastValidBlockHeight: bigint;
}

export async function readBlockhash(rpc: SolanaRpc, commitment: Commitment): Promise<LatestBlockhash> {
  const shape = z.object({ value: z.object({ blockhash: z.string(), lastValidBlockHeight: whole }) });
  const { value } = await ask(rpc, "getLatestBlockhash", [{ commitment }], shape);
  return { blockhash: value.blockhash as Blockhash, lastValidBlockHeight: value.lastValidBlockHeight };
}

export interface Simulated {
  readonly slot: bigint;
  readonly err: unknown;
  readonly logs: readonly string[];
  readonly computeUnits: bigint;
}

/** Runs an unsigned transaction, base64, without keeping anything of it; under whichever blockhash is newest. */
export async function simulate(rpc: SolanaRpc, transaction: string, commitment: Commitment): Promise<Simulated> {
  const shape = z.object({
    context,
    value: z.object({ err: z.unknown(), logs: z.array(z.string()).nullish(), unitsConsumed: whole.nullish() }),
  });
  const method = "simulateTransaction";
  const config = { encoding: "base64", commitment, sigVerify: false, replaceRecentBlockhash: true };
  const { context: at, value } = await ask(rpc, method, [transaction, config], shape);
  const { err, logs, unitsConsumed } = value;
  // What was refused before it ran has used nothing; what ran has a limit to be set by this.
  if (err == null && unitsConsumed == null) throw malformed(method);
  return { slot: at.slot, err, logs: logs ?? [], computeUnits: unitsConsumed ?? 0n };
}

/** Prices, in micro-lamports per compute unit, at which recent blocks let transactions onto the accounts; oldest block first. */
export async function readPriorityPrices(rpc: SolanaRpc, writable: readonly Address[]): Promise<readonly bigint[]> {
  const shape = z.array(z.object({ slot: whole, prioritizationFee: whole }));
  const fees = await ask(rpc, "getRecentPrioritizationFees", [writable.slice(0, 128)], shape);
  return fees.map(({ prioritizationFee }) => prioritizationFee);
}

/** Names the cluster. */
export function readGenesisHash(rpc: SolanaRpc): Promise<string> {
  return ask(rpc, "getGenesisHash", [], z.string());
}

export interface SignatureEntry {
  readonly signature: string;
  readonly slot: bigint;
  readonly isFailed: boolean;
  readonly blockTimeSeconds: bigint | undefined;
}

/** Transactions that name an address, newest first. */
export async function readSignatures(
  rpc: SolanaRpc,
  address: Address,
  page: { readonly limit: number; readonly before?: string | undefined },
  commitment: "confirmed" | "finalized",
): Promise<readonly SignatureEntry[]> {
  const shape = z.array(z.object({ signature: z.string(), slot: whole, err: z.unknown(), blockTime: whole.nullish() }));
  const { limit, before } = page;
  const config = { commitment, limit, ...(before === undefined ? {} : { before }) };
  const entries = await ask(rpc, "getSignaturesForAddress", [address, config], shape);
  return entries.map(({ signature, slot, err, blockTime }) => ({
    ...{ signature, slot },
    isFailed: err != null,
    blockTimeSeconds: blockTime ?? undefined,
  }));
}

export interface TransactionLog {
  readonly slot: bigint;
  readonly err: unknown;
  readonly logs: readonly string[];
}

/** What a transaction wrote; undefined where the node does not know it (any more, or on this commitment). */
export async function readTransactionLog(
  rpc: SolanaRpc,
  signature: string,
  commitment: "confirmed" | "finalized",
): Promise<TransactionLog | undefined> {
  const shape = z
    .object({
      slot: whole,
      meta: z.object({ err: z.unknown(), logMessages: z.array(z.string()).nullish() }).nullable(),
    })
    .nullable();
  const config = { commitment, encoding: "base64", maxSupportedTransactionVersion: 0 };
  const found = await ask(rpc, "getTransaction", [signature, config], shape);
  if (found?.meta == null) return undefined;
  return { slot: found.slot, err: found.meta.err, logs: found.meta.logMessages ?? [] };
}
