/** Reads the program's accounts at one finalized slot, the tokens they speak of, and the program's history. */
import type { Address } from "@solana/kit";
import { z } from "zod";

import { RetryableError } from "../../protocol/errors.js";
import { SYSTEM_PROGRAM } from "../../protocol/solana/errorNames.js";
import type { PositionProgram } from "../../protocol/solana/positionProgram.js";
import type { AccountName } from "../../protocol/solana/program.js";
import type { CollateralVault } from "../../protocol/solana/idl/collateral_vault.js";
import type { VaultProgram } from "../../protocol/solana/vaultProgram.js";
import {
  ACCOUNTS_PER_CALL,
  bytesOf,
  chunks,
  discriminatorOf,
  openTokens,
  programAccounts,
  slotNumber,
  someAccounts,
  TOKEN_ACCOUNT_BYTES,
  type OpenTokens,
  type SomeAccount,
} from "../kit/solana/accounts.js";
import type { SolanaClient } from "../kit/solana/client.js";
import type { Balance, PendingWithdrawal, ProgramAccounts, ProgramLock, Snapshot, Vault } from "./types.js";
import type { Mints } from "./watched.js";

const signatureList = z.array(
  z.object({
    signature: z.string(),
    slot: slotNumber,
    err: z.unknown(),
    blockTime: z.int().transform(BigInt).nullish(),
    confirmationStatus: z.enum(["processed", "confirmed", "finalized"]).nullish(),
  }),
);
const transaction = z
  .object({
    slot: slotNumber,
    blockTime: z.int().transform(BigInt).nullish(),
    meta: z.object({ err: z.unknown(), logMessages: z.array(z.string()).nullish() }),
  })
  .nullable();

/** One transaction that named an account, newest first as nodes list them. */
export interface ListedTransaction {
  readonly signature: string;
  readonly slot: bigint;
  readonly blockTime: bigint | null;
  readonly isFinal: boolean;
  readonly isFailed: boolean;
}

export interface PageBounds {
  readonly until: string;
  readonly before: string;
  /** The node has to have seen this slot. */
  readonly slot: bigint;
  /** At most SIGNATURES_PER_PAGE. */
  readonly limit: number;
}

/** Calls in one request: bodies stay below half a megabyte. */
const CALLS_PER_REQUEST = 40;
/** Most that nodes list in one answer. */
export const SIGNATURES_PER_PAGE = 1_000;
/** Transactions that are asked for in one request. */
export const TRANSACTIONS_PER_REQUEST = 50;

/** Accounts that the monitor looks at. */
const KINDS = [
  "vault",
  "balance",
  "programLock",
  "pendingWithdrawal",
] as const satisfies readonly AccountName<CollateralVault>[];

export interface TokenPair {
  readonly balance: string;
  readonly tokens: string;
}

/** A balance and its tokens, of one slot. */
export interface HeldBalance {
  readonly balance: Balance;
  readonly held: OpenTokens | undefined;
}

interface Decoded {
  readonly text: string;
  readonly kind: (typeof KINDS)[number];
  readonly value: unknown;
}

export class CollateralReader {
  private readonly kinds: ReadonlyMap<string, (typeof KINDS)[number]>;
  /** What was decoded last: an account whose bytes have not changed is not decoded again. */
  private decoded = new Map<string, Decoded>();
  /** The same for token accounts. */
  private tokens = new Map<string, { readonly text: string; readonly value: OpenTokens | undefined }>();

  constructor(
    private readonly client: SolanaClient,
    private readonly program: VaultProgram,
  ) {
    this.kinds = new Map(KINDS.map((kind) => [discriminatorOf(program.accountDiscriminator(kind)), kind]));
  }

  /** Everything at a finalized slot, `leastSlot` or later. @throws RetryableError NODE_BEHIND, and when the cluster cannot be asked. */
  async snapshot(leastSlot: bigint): Promise<Snapshot> {
    const accounts = await this.accounts(leastSlot);
    const addresses = [...accounts.balances.values()].map(({ vaultTokens }) => vaultTokens);
    return { ...accounts, held: await this.held(addresses, accounts.slot) };
  }

  /** All accounts of the program: one request, so that they are of one slot. */
  private async accounts(leastSlot: bigint): Promise<ProgramAccounts> {
    const config = { ...finalizedFrom(leastSlot), withContext: true };
    const { context, value } = await this.client.request(
      "getProgramAccounts",
      [this.program.id, config],
      programAccounts,
    );
    requireSlot(context.slot, leastSlot);
    const next = new Map<string, Decoded>();
    for (const { pubkey, account } of value) {
      const [text] = account.data;
      const known = this.decoded.get(pubkey);
      const entry = known?.text === text ? known : this.decode(text);
      if (entry !== undefined) next.set(pubkey, entry);
    }
    this.decoded = next;
    const of = <T>(kind: (typeof KINDS)[number]): Map<string, T> =>
      new Map(
        [...next].filter(([, entry]) => entry.kind === kind).map(([address, entry]) => [address, entry.value as T]),
      );
    return {
      slot: context.slot,
      vaults: of<Vault>("vault"),
      balances: of<Balance>("balance"),
      locks: of<ProgramLock>("programLock"),
      pendingWithdrawals: of<PendingWithdrawal>("pendingWithdrawal"),
    };
  }

  private decode(text: string): Decoded | undefined {
    const bytes = bytesOf(text);
    const kind = this.kinds.get(discriminatorOf(bytes));
    return kind === undefined ? undefined : { text, kind, value: this.program.decodeAccount(kind, bytes) };
  }

  /** Token accounts by address, no older than `slot`. */
  private async held(addresses: readonly string[], slot: bigint): Promise<ReadonlyMap<string, OpenTokens | undefined>> {
    const found = new Map<string, { readonly text: string; readonly value: OpenTokens | undefined }>();
    const groups = chunks(addresses, ACCOUNTS_PER_CALL);
    const dataSlice = { offset: 0, length: TOKEN_ACCOUNT_BYTES };
    const config = { ...finalizedFrom(slot), dataSlice };
    const method = "getMultipleAccounts";
    for (const some of chunks(groups, CALLS_PER_REQUEST)) {
      const answers = await this.client.batch(some.map((group) => ({ method, params: [group, config] })));
      for (const [index, group] of some.entries()) {
        const { context, value } = this.client.read(method, answers[index], someAccounts(group.length));
        requireSlot(context.slot, slot);
        for (const [position, address] of group.entries()) {
          const account = value[position];
          const text = account == null ? "" : `${account.owner} ${account.data[0]}`;
          const known = this.tokens.get(address);
          found.set(address, known?.text === text ? known : { text, value: tokensOf(account) });
        }
      }
    }
    this.tokens = found;
    return new Map([...found].map(([address, { value }]) => [address, value]));
  }

  /** Balances with their tokens, each pair of one slot, `slot` or later; those that are gone are left out. */
  async pairs(asked: readonly TokenPair[], slot: bigint): Promise<ReadonlyMap<string, HeldBalance>> {
    const method = "getMultipleAccounts";
    const config = finalizedFrom(slot);
    const found = new Map<string, HeldBalance>();
    const groups = chunks(asked, ACCOUNTS_PER_CALL / 2);
    for (const some of chunks(groups, CALLS_PER_REQUEST)) {
      const calls = some.map((group) => {
        const addresses = group.flatMap(({ balance, tokens }) => [balance, tokens]);
        return { method, params: [addresses, config] };
      });
      const answers = await this.client.batch(calls);
      for (const [index, group] of some.entries()) {
        const { context, value } = this.client.read(method, answers[index], someAccounts(2 * group.length));
        requireSlot(context.slot, slot);
        for (const [position, { balance }] of group.entries()) {
          const account = value[2 * position];
          const decoded = account?.owner === this.program.id ? this.decode(account.data[0]) : undefined;
          if (decoded?.kind !== "balance") continue;
          found.set(balance, { balance: decoded.value as Balance, held: tokensOf(value[2 * position + 1]) });
        }
      }
    }
    return found;
  }

  /** The mints in which a market's positions are held; undefined where there is no market, or it has none. */
  async marketMints(positions: PositionProgram, market: Address, slot: bigint): Promise<Mints> {
    const params = [[market], finalizedFrom(slot)];
    const { context, value } = await this.client.request("getMultipleAccounts", params, someAccounts(1));
    requireSlot(context.slot, slot);
    const [account] = value;
    if (account?.owner !== positions.id) return undefined;
    const { collaterals } = positions.decodeAccount("market", bytesOf(account.data[0]));
    const mints = collaterals.map(({ mint }) => mint).filter((mint) => mint !== SYSTEM_PROGRAM);
    return mints.length === 0 ? undefined : new Set(mints);
  }

  /** Confirmed transactions that named `address`, oldest first, after `until` (empty: from the beginning), at most about `most`. `isCut`: there are older ones. */
  async list(
    address: string,
    until: string,
    most: number,
    slot: bigint,
  ): Promise<{ readonly transactions: readonly ListedTransaction[]; readonly isCut: boolean }> {
    const listed: ListedTransaction[] = [];
    let before = "";
    for (;;) {
      const page = await this.page(address, { until, before, slot, limit: SIGNATURES_PER_PAGE });
      listed.push(...page);
      const last = page.at(-1);
      if (page.length < SIGNATURES_PER_PAGE || last === undefined)
        return { transactions: listed.reverse(), isCut: false };
      if (listed.length >= most) return { transactions: listed.reverse(), isCut: true };
      before = last.signature;
    }
  }

  /** One page of such transactions, newest first, between two signatures (empty: no bound). */
  async page(address: string, { until, before, slot, limit }: PageBounds): Promise<readonly ListedTransaction[]> {
    const config = {
      ...{ commitment: "confirmed", limit, minContextSlot: Number(slot) },
      ...(until === "" ? {} : { until }),
      ...(before === "" ? {} : { before }),
    };
    const page = await this.client.request("getSignaturesForAddress", [address, config], signatureList);
    return page.map(({ signature, slot: at, err, blockTime, confirmationStatus }) => {
      // What is older than a node's status cache has no status: it is final.
      const isFinal = (confirmationStatus ?? "finalized") === "finalized";
      return { signature, slot: at, blockTime: blockTime ?? null, isFinal, isFailed: err != null };
    });
  }

  /** Newest finalized slot. */
  finalizedSlot(): Promise<bigint> {
    return this.client.request("getSlot", [{ commitment: "finalized" }], slotNumber);
  }

  /** Logs by signature, of at most TRANSACTIONS_PER_REQUEST. @throws RetryableError TRANSACTION_UNKNOWN when a node lists what it does not have. */
  async logs(signatures: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const method = "getTransaction";
    const config = { encoding: "base64", commitment: "confirmed", maxSupportedTransactionVersion: 0 };
    const found = new Map<string, readonly string[]>();
    const answers = await this.client.batch(signatures.map((signature) => ({ method, params: [signature, config] })));
    for (const [index, signature] of signatures.entries()) {
      const answer = this.client.read(method, answers[index], transaction);
      if (answer === null) {
        const message = `the node lists ${signature} and does not have it`;
        throw new RetryableError("TRANSACTION_UNKNOWN", message, "try again", { signature });
      }
      found.set(signature, answer.meta.logMessages ?? []);
    }
    return found;
  }
}

function finalizedFrom(slot: bigint) {
  return { encoding: "base64", commitment: "finalized", minContextSlot: Number(slot) };
}

/** Behind one address there may be several nodes, and not all do as they are asked. */
function requireSlot(found: bigint, least: bigint): void {
  if (found >= least) return;
  throw new RetryableError(
    "NODE_BEHIND",
    `the node answered as of slot ${String(found)}, and slot ${String(least)} was seen before`,
    "ask a node that keeps up with the cluster",
    { found: String(found), expected: String(least) },
  );
}

function tokensOf(account: SomeAccount | undefined): OpenTokens | undefined {
  return account == null ? undefined : openTokens(account.owner, bytesOf(account.data[0]));
}
