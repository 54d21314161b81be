/**
 * Money reads: balances, prices, roles, nonces, and whatever else a signature depends on. Each node is asked the same at one block,
 * pinned by its hash where the node takes that, together with the hash it has at that height and its chain id. What counts is a set of
 * at least `quorum` nodes with one (block hash, results).
 */
import { ZeroAddress } from "ethers";

import type { Endpoint } from "./endpoint.js";
import { TransportFailure } from "./failure.js";
import type { Disagreement, Fleet } from "./fleet.js";
import { blockByNumber, CHAIN_ID, readBlock, readChainId, type Head } from "./head.js";
import type { Judge } from "./judge.js";
import type { ProviderPool } from "./pool.js";
import type { RpcAnswer } from "./transport.js";

/** A request at a block. `params` gets the block as the node takes it: EIP-1898 with its hash, or its height. */
export interface MoneyRead {
  readonly method: string;
  readonly params: (block: unknown) => readonly unknown[];
  /** What of a result is compared, where nodes add something of their own: the logs of some carry more fields. Throws on a malformed one. */
  readonly meaning?: (result: unknown) => unknown;
}

export type NoQuorum = "too-few-providers" | "head-outvoted" | Disagreement;
export type Agreement =
  | { readonly ok: true; readonly answers: readonly RpcAnswer[]; readonly agreeing: number }
  | { readonly ok: false; readonly reason: NoQuorum; readonly answered: number };

interface Vote {
  readonly endpoint: Endpoint;
  readonly hash: string;
  /** The results in one canonical text. */
  readonly results: string;
  readonly answers: readonly RpcAnswer[];
}

/** Asks until `quorum` nodes agree or nobody is left. Never throws. */
export async function agree(
  { pool, judge, fleet, quorum }: { pool: ProviderPool; judge: Judge; fleet: Fleet; quorum: number },
  head: Pick<Head, "number" | "hash">,
  reads: readonly MoneyRead[],
): Promise<Agreement> {
  const waiting = [...pool.usable];
  const votes: Vote[] = [];
  for (;;) {
    const missing = quorum - largest(votes);
    const next = waiting.splice(0, Math.max(1, missing));
    if (next.length === 0) break;
    const cast = await Promise.all(next.map((endpoint) => vote(endpoint, judge, head, reads)));
    votes.push(...cast.filter((entry) => entry !== undefined));
    if (largest(votes) >= quorum) break;
  }
  const groups = grouped(votes);
  const [winner, second] = groups;
  if (winner?.[0] !== undefined && winner.length >= quorum && winner.length > (second?.length ?? 0)) {
    const [{ hash, answers }] = winner as [Vote];
    for (const { endpoint } of winner) endpoint.quarantine.good();
    for (const other of votes.filter((entry) => !winner.includes(entry))) {
      other.endpoint.quarantine.fault(other.hash === hash ? "result-disagreement" : "hash-disagreement");
    }
    fleet.judged(undefined);
    return hash === head.hash
      ? { ok: true, answers, agreeing: winner.length }
      : { ok: false, reason: "head-outvoted", answered: votes.length };
  }
  if (groups.length < 2) {
    fleet.tell();
    return { ok: false, reason: "too-few-providers", answered: votes.length };
  }
  const oneHash = new Set(votes.map(({ hash }) => hash)).size === 1;
  const reason = oneHash ? "result-disagreement" : "hash-disagreement";
  fleet.judged(reason);
  return { ok: false, reason, answered: votes.length };
}

/** Undefined when the node has no vote: silent, on another chain, behind, or unable to say. */
async function vote(
  endpoint: Endpoint,
  judge: Judge,
  head: Pick<Head, "number" | "hash">,
  reads: readonly MoneyRead[],
): Promise<Vote | undefined> {
  try {
    const block = (await pins(endpoint, head.hash)) ? { blockHash: head.hash } : `0x${head.number.toString(16)}`;
    const asked = reads.map(({ method, params }) => ({ method, params: params(block) }));
    // The hash is asked after the reads: one that is still the same then was the same while they were made.
    const answers = await endpoint.ask([CHAIN_ID, ...asked, blockByNumber(head.number)]);
    judge.chain(endpoint, readChainId(answers[0]));
    const seen = readBlock(answers.at(-1));
    if (seen === undefined) {
      endpoint.quarantine.fault("height-lag");
      return undefined;
    }
    judge.header(endpoint, seen);
    const own = answers.slice(1, -1);
    const { hash } = seen.head;
    // A node on another branch cannot answer for the pinned hash; its vote is its hash.
    if (hash !== head.hash) return { endpoint, hash, results: "", answers: own };
    if (!own.every(isMeant)) return undefined;
    const results = canonical(own.map((answer, index) => comparable(answer, reads[index]?.meaning)));
    return { endpoint, hash, results, answers: own };
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error;
    return undefined;
  }
}

/** Whether the node takes a block's hash in place of its height; asked once. @throws TransportFailure when it does not answer. */
export async function pins(endpoint: Endpoint, hash: string): Promise<boolean> {
  if (endpoint.pinsByHash !== undefined) return endpoint.pinsByHash;
  const [answer] = await endpoint.ask([{ method: "eth_getBalance", params: [ZeroAddress, { blockHash: hash }] }]);
  if (answer === undefined) return false;
  if ("result" in answer) return (endpoint.pinsByHash = true);
  // "Invalid params" is a refusal of the form; anything else may be about this one block.
  if (answer.error.code === -32602) endpoint.pinsByHash = false;
  return false;
}

/** Whether an answer is about what was asked: a result, or a call that reverted. */
export function isMeant(answer: RpcAnswer): boolean {
  return "result" in answer || answer.error.data !== undefined || /revert/i.test(answer.error.message);
}

/** Nodes word errors differently; the data of a revert is the chain's. */
function comparable(answer: RpcAnswer, meaning: MoneyRead["meaning"] = (result) => result): unknown {
  if ("error" in answer) return { reverted: revertData(answer.error.data) };
  try {
    return { result: meaning(answer.result) };
  } catch {
    throw new TransportFailure("malformed", "a result without meaning");
  }
}

/** geth gives the bytes themselves, EDR an object that holds them. */
function revertData(data: unknown): unknown {
  return typeof data === "object" && data !== null && "data" in data ? data.data : (data ?? "0x");
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : typeof inner === "string"
        ? inner.toLowerCase()
        : inner,
  );
}

/** Votes that say the same, largest set first. */
function grouped(votes: readonly Vote[]): Vote[][] {
  const groups = new Map<string, Vote[]>();
  for (const entry of votes) {
    const key = `${entry.hash} ${entry.results}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

function largest(votes: readonly Vote[]): number {
  return grouped(votes)[0]?.length ?? 0;
}
