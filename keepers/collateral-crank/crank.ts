/** One look at the cluster: observe, decide, encode, simulate, submit, record. */
import type { Address } from "@solana/kit";

import type { NamedProgram } from "../../protocol/solana/errors.js";
import type { Counters } from "../kit/counters.js";
import type { KeeperLog } from "../kit/logger.js";
import type { SolanaIntent } from "../kit/outbox/solana/intent.js";
import type { RecordSink } from "../kit/record.js";
import type { SolanaClient } from "../kit/solana/client.js";
import { simulateIntent, type SimulatedIntent } from "../kit/solana/simulate.js";
import type { SlotHead } from "../kit/solana/slotWatcher.js";
import type { Submitter } from "../kit/submitter.js";
import type { SolanaHead } from "../kit/solana/cluster.js";
import type { CrankConfig } from "./config.js";
import { decide } from "./decide.js";
import { COMPUTE_UNITS, type CrankEncoder } from "./encode.js";
import { GIVEN_BY_ANYBODY, rolesOf } from "./keyRoles.js";
import type { CrankReader } from "./observe.js";
import { Rests } from "./rests.js";
import { ACTION_KINDS, type Action, type ActionKind, type Observation } from "./types.js";

export interface CrankParts {
  readonly config: CrankConfig;
  readonly client: SolanaClient;
  readonly reader: CrankReader;
  readonly encoder: CrankEncoder;
  /** Pays, also in simulations; undefined in a dry run without a key, which cannot simulate. */
  readonly payer: Address | undefined;
  /** Whose errors can be named. */
  readonly programs: readonly NamedProgram[];
  /** Transactions of the last hour that failed on the chain, by kind; undefined in a dry run. */
  readonly failures: (() => Promise<ReadonlyMap<string, bigint>>) | undefined;
  readonly submitter: Submitter<SolanaIntent, SolanaHead>;
  readonly record: RecordSink;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

export class Crank {
  private readonly rests: Rests;
  private lastRoles = "";
  private failing: ReadonlySet<ActionKind> = new Set();

  constructor(private readonly parts: CrankParts) {
    this.rests = new Rests(BigInt(parts.config.restSlots));
  }

  /** Cares for what is in flight. */
  async upkeep(head: SlotHead): Promise<void> {
    const { submitter, counters, record } = this.parts;
    for (const settled of await submitter.upkeep(head)) {
      const { key, kind, hash } = settled;
      counters.add(`settled.${kind}`);
      if (kind === "mined") {
        counters.add("executions");
        counters.add(`executed.${key.slice(0, key.indexOf(":"))}`);
      } else this.rests.failed(key, head.slot);
      record.write({ kind: "settled", block: head.number, facts: { key, outcome: kind, signature: hash } });
    }
  }

  /** @throws RetryableError when the cluster or the database cannot be asked; nothing that was not stored is out then. */
  async run(head: SlotHead): Promise<void> {
    const { config, reader, payer, submitter, counters, record } = this.parts;
    const seen = await reader.observe();
    if (!this.mayWork(seen)) return;
    const inFlight = new Set(submitter.pending().map(({ key }) => key));
    this.rests.forget(seen.slot);
    const { kinds, minRewardUnits, maxActions } = config;
    await this.judgeFailures();
    const memory = { inFlight, rests: this.rests.view, failing: this.failing };
    const decision = decide(seen, { signer: payer, kinds, minRewardUnits, maxActions }, memory);
    for (const { kind, reason } of decision.skips) counters.add(`skip.${kind}.${reason}`);
    if (decision.actions.length > 0) {
      const keys = decision.actions.map(({ key }) => key);
      record.write({ kind: "decision", block: head.number, facts: { slot: seen.slot, actions: keys } });
    }
    for (const action of decision.actions) await this.act(action, seen, head);
  }

  /** Somebody may have given the key a role since the start. */
  private mayWork(seen: Observation): boolean {
    const { config, payer, counters, log } = this.parts;
    if (payer === undefined) return true;
    const roles = rolesOf(payer, seen, config.ownVault);
    const held = roles.filter((role) => !GIVEN_BY_ANYBODY.has(role));
    if (roles.join() !== this.lastRoles) {
      this.lastRoles = roles.join();
      const facts = { key: payer, roles, severity: held.length > 0 ? "critical" : "warning" };
      if (roles.length === 0) log.info("key.holds-none", { key: payer });
      else log[held.length > 0 ? "error" : "warn"]("key.holds-role", facts);
    }
    if (held.length > 0) counters.add("skip.key-holds-role");
    return held.length === 0;
  }

  /** A kind of which too many have failed waits; strangers can make some fail, and shall not stop the others. */
  private async judgeFailures(): Promise<void> {
    const { config, failures, log } = this.parts;
    const found = (await failures?.()) ?? new Map<string, bigint>();
    const most = BigInt(config.mostFailuresPerHour);
    const failing = new Set(ACTION_KINDS.filter((kind) => (found.get(kind) ?? 0n) > most));
    for (const kind of ACTION_KINDS) {
      if (failing.has(kind) === this.failing.has(kind)) continue;
      if (failing.has(kind)) log.warn("crank.kind-failing", { kind, failures: found.get(kind) ?? 0n, most });
      else log.info("crank.kind-again", { kind });
    }
    this.failing = failing;
  }

  private async act(action: Action, seen: Observation, head: SlotHead): Promise<void> {
    const { config, client, encoder, payer, programs, submitter, counters, record, log } = this.parts;
    const { key, kind } = action;
    const intent: SolanaIntent = {
      key,
      instructions: [await encoder.encode(action, seen)],
      computeUnitLimit: COMPUTE_UNITS[kind],
      maxMicroLamportsPerUnit: config.maxMicroLamportsPerUnit,
      validUntilBlock: head.blockHeight + BigInt(config.validBlocks),
    };
    const price = config.baseMicroLamportsPerUnit;
    const tried: SimulatedIntent =
      payer === undefined
        ? { ok: true, computeUnits: undefined }
        : await simulateIntent(client, payer, intent, price, programs);
    const facts = { key, slot: seen.slot };
    if (!tried.ok) {
      // Somebody else was first, or the program knows a reason that accounts do not show.
      counters.add(`simulation.${kind}.${tried.code}`);
      log.info("simulation.failed", { ...facts, code: tried.code });
      record.write({ kind: "refused", block: head.number, facts: { ...facts, by: "simulation", code: tried.code } });
      this.rests.failed(key, seen.slot);
      return;
    }
    const submission = await submitter.submit(intent, head);
    if (!submission.accepted) {
      const { refusal } = submission;
      counters.add(`refused.${refusal}`);
      record.write({ kind: "refused", block: head.number, facts: { ...facts, by: "outbox", code: refusal } });
      // It is there and can be done, and was final: a node has lied, lags, or the cluster went back behind what was final.
      if (refusal === "done") log.error("crank.done-yet-there", facts);
      if (refusal === "policy" || refusal === "done") this.rests.later(key, seen.slot);
      return;
    }
    counters.add(submission.broadcast ? "intents.sent" : "intents.dry-run");
    const sent = { ...facts, signature: submission.hash, computeUnits: tried.computeUnits };
    log.info("crank.intent", sent);
    record.write({ kind: "intent", block: head.number, facts: sent });
    if (!submission.broadcast) this.rests.later(key, seen.slot);
  }
}
