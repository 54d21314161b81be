/** What a keeper watches to pause or kill itself. */
import type { Database } from "../../../db/database.js";
import { realisedResult } from "../../../db/queries/pnl/result.js";
import type { FleetReport } from "../providers/fleet.js";

/** What a condition says now; `reason` for people. kill ends only by a person. */
export type ConditionAnswer = { readonly say: "good" } | { readonly say: "pause" | "kill"; readonly reason: string };

export interface Condition {
  /** Stable, for logs and metrics. */
  readonly name: string;
  /** Looked at once per block, by the process that leads. What it throws means "not known" and changes nothing. */
  readonly look: () => ConditionAnswer | Promise<ConditionAnswer>;
}

const GOOD: ConditionAnswer = { say: "good" };

/** Without agreeing nodes nothing is decided, and after `killAfterMs` a person must look. */
export function quorumCondition(
  report: () => FleetReport,
  killAfterMs: number,
  nowMs: () => number = () => performance.now(),
): Condition {
  let lostMs: number | undefined;
  return {
    name: "quorum",
    look: () => {
      const { state, reasons } = report();
      if (state !== "no-quorum") {
        lostMs = undefined;
        return GOOD;
      }
      lostMs ??= nowMs();
      const ms = nowMs() - lostMs;
      const reason = `no quorum for ${String(Math.floor(ms / 1000))} s: ${reasons.join(", ")}`;
      return { say: ms >= killAfterMs ? "kill" : "pause", reason };
    },
  };
}

/** The same condition, but a pause only once it has lasted: what passes by itself costs no blocks. A kill is never put off. */
export function lasting(
  condition: Condition,
  graceMs: number,
  nowMs: () => number = () => performance.now(),
): Condition {
  let sinceMs: number | undefined;
  return {
    name: condition.name,
    look: async () => {
      const answer = await condition.look();
      if (answer.say !== "pause") {
        sinceMs = undefined;
        return answer;
      }
      sinceMs ??= nowMs();
      return nowMs() - sinceMs >= graceMs ? answer : GOOD;
    },
  };
}

/** Pauses while the signer cannot pay for fees any more. `unit`: the chain's smallest, in which both are. */
export function gasCondition(balance: () => Promise<bigint>, minBalance: bigint, unit = "wei"): Condition {
  return {
    name: "gas",
    look: async () => {
      const found = await balance();
      if (found >= minBalance) return GOOD;
      return { say: "pause", reason: `the signer holds ${String(found)} ${unit}, expected ${String(minBalance)}` };
    },
  };
}

/** Asks again only after a while, and answers with the last value meanwhile. */
export function rarely<T>(ask: () => Promise<T>, everyMs: number): () => Promise<T> {
  let last: { readonly value: T; readonly atMs: number } | undefined;
  return async () => {
    const nowMs = performance.now();
    if (last === undefined || nowMs - last.atMs >= everyMs) last = { value: await ask(), atMs: nowMs };
    return last.value;
  };
}

/** Kills when more than `limitXauWei` was lost by settled transactions in the last 24 hours, on all of these chains together. */
export function lossCondition(
  db: Database,
  book: { readonly role: string; readonly chainIds: readonly string[] },
  limitXauWei: bigint,
): Condition {
  return {
    name: "realised-loss",
    look: async () => {
      let sumXauWei = 0n;
      for (const chainId of book.chainIds) {
        const { resultXauWei } = await realisedResult(db, book.role, chainId, 24);
        sumXauWei += resultXauWei;
      }
      if (sumXauWei >= -limitXauWei) return GOOD;
      const lost = (-sumXauWei).toString();
      return { say: "kill", reason: `${lost} XAU wei lost in 24 h, allowed are ${limitXauWei.toString()}` };
    },
  };
}

/** Kills when another policy has been put into force than the one that this process works under. */
export function policyCondition(inForce: () => Promise<string | undefined>, policyHash: string): Condition {
  return {
    name: "policy",
    look: async () => {
      const other = await inForce();
      if (other === undefined || other === policyHash) return GOOD;
      return { say: "kill", reason: `this process has ${policyHash}, in force is ${other}` };
    },
  };
}

/** For what happens once and is told by an event: a foreign nonce, an "unauthorized" revert. */
export class Tripwire implements Condition {
  private reason: string | undefined;

  constructor(readonly name: string) {}

  /** The first reason stays. */
  trip(reason: string): void {
    this.reason ??= reason;
  }

  /** Said until the kill is written; afterwards an operator's `run` must not be undone by an old event. */
  look(): ConditionAnswer {
    return this.reason === undefined ? GOOD : { say: "kill", reason: this.reason };
  }

  reset(): void {
    this.reason = undefined;
  }
}
