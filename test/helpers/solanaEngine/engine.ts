/**
 * What program tests run on. All of it answers at once, so that a test reads the same whatever is behind it: LiteSVM in this process, or
 * a validator in another one. `CANTILEVER_ENGINE` chooses (`npm test -- --engine NAME`).
 */
import type { Address, Blockhash, EncodedAccount, MaybeEncodedAccount, Transaction } from "@solana/kit";

import type { Cluster } from "../../../scripts/validator/cluster.js";
import type { EngineName } from "../../../scripts/validator/engines/engine.js";

/** `rpc`: the cluster of SOLANA_RPC_URL, of which nothing but Solana's own methods is expected. */
export type TestEngineName = EngineName | "rpc";

export interface EngineClock {
  readonly unixTimestamp: bigint;
  readonly slot: bigint;
}

/** What became of a transaction. */
export interface Executed {
  /** In the words of Solana's JSON; undefined when it succeeded. */
  readonly err: unknown;
  readonly logs: readonly string[];
  readonly computeUnits: bigint;
}

/** A cluster of one's own behind JSON-RPC. Blocks are made on demand. */
export interface EngineNode {
  readonly url: string;
  readonly wsUrl: string;
  readonly genesisHash: string;
  /** The open slot. */
  readonly slot: bigint;
  /** Its unix time. */
  readonly now: bigint;
  getAccount(address: Address): MaybeEncodedAccount;
  /** Writes an account as no program could. */
  setAccount(account: EncodedAccount): void;
  minimumBalanceForRentExemption(bytes: bigint): bigint;
  advance(blocks: number): void;
  /** Time passes without blocks. */
  jumpTo(unixSeconds: bigint): void;
  /** Faults, forks and all else that only LiteSVM has. */
  readonly lite?: Cluster;
  stop(): Promise<void>;
}

/** A cluster of one's own. Its clock stands still until it is set. */
export interface SvmEngine {
  getAccount(address: Address): MaybeEncodedAccount;
  getBalance(address: Address): bigint | null;
  /** Writes an account as no program could. */
  setAccount(account: EncodedAccount): void;
  minimumBalanceForRentExemption(bytes: bigint): bigint;
  getClock(): EngineClock;
  /** Slots of a validator never go back: one that is behind stays where it is, its time does as it is told. */
  setClock(unixSeconds: bigint, slot: bigint): void;
  /** One under which the next transaction is no copy of an earlier one. */
  latestBlockhash(): Blockhash;
  /** Begins another block. */
  expireBlockhash(): void;
  /** Without verification a signature may be anything; who must sign is checked as ever. */
  execute(transaction: Transaction, isVerified: boolean): Executed;
  /** Something to go back to. */
  snapshot(): Uint8Array;
  restore(snapshot: Uint8Array): void;
  /** Lets clients in. What they and the engine do afterwards either sees or not: ask one of them only. */
  serve(): Promise<EngineNode>;
}

/** For tests that are skipped elsewhere (itWith, describeWith: `liteSvm`). */
export function liteOf({ lite }: EngineNode): Cluster {
  if (lite === undefined) throw new Error("only LiteSVM does that: the test must be skipped on other engines");
  return lite;
}

export function testEngine(env: NodeJS.ProcessEnv = process.env): TestEngineName {
  const name = env["CANTILEVER_ENGINE"] ?? "";
  if (name === "" || name === "litesvm") return "litesvm";
  if (name === "surfpool" || name === "rpc") return name;
  throw new Error(`CANTILEVER_ENGINE is ${name}; expected litesvm, surfpool or rpc`);
}
