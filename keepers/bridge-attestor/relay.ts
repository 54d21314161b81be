/**
 * Carries messages: collects signatures, and delivers, retries, cancels or refunds what is due, one effect once through the outbox. The
 * attestors take turns: for each message they stand in another order, and who is not first waits for those before it. Who comes second all
 * the same loses some gas, and nothing is wrong.
 */
import { id as hashOf, keccak256, concat } from "ethers";

import type { Counters } from "../kit/counters.js";
import type { FeePolicy } from "../kit/fees.js";
import type { KeeperLog } from "../kit/logger.js";
import type { NextBlock } from "../kit/nextBlock.js";
import { bytesOf, type Action, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { Confirm } from "../kit/providers/confirm.js";
import type { RecordSink } from "../kit/record.js";
import { simulate } from "../kit/simulate.js";
import type { Submitter } from "../kit/submitter.js";
import { enoughSignatures, type Signatures } from "../../protocol/attestations.js";
import { bridgeAbi, type AttestationKind, type BridgePlace } from "../../protocol/bridgeMessage.js";
import type { DecodedRevert } from "../../protocol/revert.js";
import { decideRelay } from "./decide.js";
import { APPLY_ATTESTORS, bridgeAction } from "./encode.js";
import type { Peers } from "./peers.js";
import type { RelayAction, SeenMessage } from "./types.js";
import type { BridgeView, SetView } from "./view.js";

export interface RelayParts {
  readonly place: BridgePlace;
  readonly config: {
    readonly gasLimit: number;
    readonly validBlocks: number;
    readonly turnBlocks: number;
    readonly cancelExpired: boolean;
    readonly applyAttestors: boolean;
  };
  /** This attestor; undefined: it only carries, after all the others. */
  readonly attestor: string | undefined;
  readonly peers: Peers;
  readonly fees: FeePolicy;
  readonly defaultSender: string;
  readonly encode: EncodeAction;
  readonly nextBlock: NextBlock;
  readonly confirm: Confirm;
  readonly submitter: Submitter;
  readonly record: RecordSink;
  readonly counters: Counters;
  readonly log: KeeperLog;
  readonly onRevert: (revert: DecodedRevert) => void;
}

/** A message, on which side of its way this chain is, and what this process has signed for it. */
export interface Carried {
  readonly seen: SeenMessage;
  readonly side: "destination" | "source";
  readonly own: Signatures;
}

/** Peers are asked about so many messages per block. */
const ASKED_PER_BLOCK = 16;
const SENT_PER_BLOCK = 8;
/** Blocks after a failed simulation, doubled from 1. */
const MAX_PAUSE_BLOCKS = 32;
const MAX_REMEMBERED = 4_096;

interface Memory {
  epoch: bigint;
  signatures: Map<string, string>;
  /** Block from which on it could have been sent. */
  readySince: number | undefined;
  pauseBlocks: number;
  notBefore: number;
}

export class Relay {
  private readonly memory = new Map<string, Memory>();

  constructor(private readonly parts: RelayParts) {}

  /** Looks at every message once. What cannot be asked or sent now is tried at the next block. @throws RetryableError without nodes. */
  async run(view: BridgeView, carried: readonly Carried[]): Promise<void> {
    await this.collect(view, carried);
    let sent = 0;
    for (const one of carried) {
      if (sent >= SENT_PER_BLOCK) break;
      if (await this.look(view, one)) sent += 1;
    }
    await this.applySet(view);
  }

  private async collect(view: BridgeView, carried: readonly Carried[]): Promise<void> {
    const { set } = view;
    const { peers, place, counters } = this.parts;
    const missing = carried.filter((one) => {
      const memory = this.remember(one, set, view.head.number);
      for (const [signer, signature] of one.own) if (set.members.has(signer)) memory.signatures.set(signer, signature);
      // Those of members only: a removed one's count under no epoch.
      for (const signer of memory.signatures.keys()) if (!set.members.has(signer)) memory.signatures.delete(signer);
      const wants = this.decide(view, one, Number.MAX_SAFE_INTEGER, true);
      const isSigned = wants.kind === "send" && (wants.action === "deliver" || wants.action === "refund");
      return isSigned && memory.signatures.size < set.threshold && view.head.number >= memory.notBefore;
    });
    if (peers.count === 0) return;
    await Promise.all(
      missing.slice(0, ASKED_PER_BLOCK).map(async (one) => {
        const memory = this.remember(one, set, view.head.number);
        const wanted = { place, kind: kindOf(one), messageId: one.seen.messageId, epoch: set.epoch };
        for (const [signer, signature] of await peers.collect(wanted, set.members)) {
          if (!memory.signatures.has(signer)) counters.add("peers.signatures");
          memory.signatures.set(signer, signature);
        }
        if (memory.signatures.size < set.threshold) this.wait(memory, view.head.number);
        else this.resume(memory);
      }),
    );
  }

  /** @returns whether something was handed over. */
  private async look(view: BridgeView, one: Carried): Promise<boolean> {
    const { counters, log } = this.parts;
    const { head, set } = view;
    const memory = this.remember(one, set, head.number);
    const decided = this.decide(view, one, memory.signatures.size, true);
    if (decided.kind === "skip") {
      memory.readySince = undefined;
      if (decided.reason !== "nothing-to-do") counters.add(`relay.${decided.reason}`);
      return false;
    }
    memory.readySince ??= head.number;
    const waited = head.number - memory.readySince;
    const turn = this.rank(set, one.seen.messageId) * this.parts.config.turnBlocks;
    if (this.decide(view, one, memory.signatures.size, waited >= turn).kind === "skip") {
      counters.add("relay.not-our-turn");
      return false;
    }
    if (head.number < memory.notBefore) return false;
    const signatures = enoughSignatures(memory.signatures, set.threshold) ?? [];
    const { action } = decided;
    const key = this.keyOf(action, one.seen.messageId, set.epoch);
    if (this.parts.submitter.pending().some((pending) => pending.key === key)) return false;
    const outcome = await this.send(bridgeAction(action, one.seen.message, signatures), key, head);
    if (outcome.sent) {
      this.resume(memory);
      const facts = {
        action,
        messageId: one.seen.messageId,
        hash: outcome.hash,
        amountUnits: one.seen.message.amountUnits,
      };
      counters.add(`relay.${action}`);
      log.info("relay", { block: head.number + 1, ...facts });
      this.parts.record.write({ kind: "relay", block: head.number + 1, facts });
      return true;
    }
    this.wait(memory, head.number);
    counters.add(`relay.refused.${outcome.why}`);
    log.debug("relay.refused", { action, messageId: one.seen.messageId, why: outcome.why });
    return false;
  }

  private decide({ head, set, messages }: BridgeView, { seen, side }: Carried, signatures: number, turn: boolean) {
    // Not looked at: nothing to do.
    const { state, acceptedEpoch } = messages.get(seen.messageId) ?? { state: "delivered" as const, acceptedEpoch: 0n };
    const timestamp = BigInt(head.timestamp);
    return decideRelay({
      ...{ side, state, timestamp, signatures, turn },
      stale: acceptedEpoch !== set.epoch,
      expiresAt: seen.message.expiresAt,
      held: set.pausedUntil > timestamp,
      threshold: set.threshold,
      cancelsExpired: this.parts.config.cancelExpired,
    });
  }

  private async applySet({ head, set }: BridgeView): Promise<void> {
    const { config, counters, log, place } = this.parts;
    const { count, threshold, readyAt } = set.scheduled;
    if (!config.applyAttestors || readyAt === 0n || readyAt > BigInt(head.timestamp) || count < threshold) return;
    const memory = this.recall("applyAttestors", set.epoch);
    memory.readySince ??= head.number;
    const turn = this.rank(set, hashOf(`applyAttestors ${String(readyAt)}`)) * config.turnBlocks;
    if (head.number - memory.readySince < turn || head.number < memory.notBefore) return;
    const key = `applyAttestors:${String(place.chainId)}:${place.bridge.toLowerCase()}:${String(readyAt)}`;
    if (this.parts.submitter.pending().some((pending) => pending.key === key)) return;
    const outcome = await this.send(APPLY_ATTESTORS, key, head);
    if (!outcome.sent) this.wait(memory, head.number);
    else {
      counters.add("relay.applyAttestors");
      log.info("relay", { block: head.number + 1, action: "applyAttestors", hash: outcome.hash });
    }
  }

  /** Simulates the same bytes and hands them over. */
  private async send(
    action: Action,
    key: string,
    head: Head,
  ): Promise<
    { readonly sent: true; readonly hash: string | undefined } | { readonly sent: false; readonly why: string }
  > {
    const { encode, submitter, nextBlock, confirm, config, fees, defaultSender, onRevert } = this.parts;
    const { to, data } = bytesOf(encode, action);
    const call = { to, data, valueWei: 0n, gasLimit: BigInt(config.gasLimit) };
    const from = submitter.sender ?? defaultSender;
    const simulation = await simulate(nextBlock, { ...call, from }, head, bridgeAbi);
    if (!simulation.ok) {
      onRevert(simulation.revert);
      return { sent: false, why: simulation.revert.name };
    }
    await confirm({ ...call, from }, head);
    const validUntilBlock = head.number + config.validBlocks;
    const intent = { key, action, ...call, maxFeePerGasWei: fees.maxFeePerGasWei, validUntilBlock };
    const submission = await submitter.submit(intent, head);
    return submission.accepted ? { sent: true, hash: submission.hash } : { sent: false, why: submission.refusal };
  }

  /** The place of this attestor in the order of a message: 0 is first. */
  private rank({ members }: SetView, messageId: string): number {
    const { attestor } = this.parts;
    const place = (member: string): string => keccak256(concat([messageId, member]));
    if (attestor === undefined || !members.has(attestor)) return members.size;
    const own = place(attestor);
    return [...members].filter((member) => place(member) < own).length;
  }

  /** What is signed counts for one epoch, and may be due again in the next one. */
  private keyOf(action: RelayAction, messageId: string, epoch: bigint): string {
    const key = `${action}:${String(this.parts.place.chainId)}:${messageId}`;
    return action === "deliver" || action === "refund" ? `${key}:${String(epoch)}` : key;
  }

  private remember(one: Carried, { epoch }: SetView, block: number): Memory {
    const memory = this.recall(`${one.side} ${one.seen.messageId}`, epoch);
    // A reorganisation may set the height back.
    if (memory.notBefore > block + MAX_PAUSE_BLOCKS) memory.notBefore = block;
    return memory;
  }

  private recall(name: string, epoch: bigint): Memory {
    const known = this.memory.get(name);
    const memory =
      known?.epoch === epoch
        ? known
        : { epoch, signatures: new Map<string, string>(), readySince: undefined, pauseBlocks: 1, notBefore: 0 };
    this.memory.delete(name);
    this.memory.set(name, memory);
    if (this.memory.size > MAX_REMEMBERED) {
      const [oldest] = this.memory.keys();
      if (oldest !== undefined) this.memory.delete(oldest);
    }
    return memory;
  }

  private wait(memory: Memory, block: number): void {
    memory.notBefore = block + memory.pauseBlocks;
    memory.pauseBlocks = Math.min(MAX_PAUSE_BLOCKS, memory.pauseBlocks * 2);
  }

  private resume(memory: Memory): void {
    memory.pauseBlocks = 1;
    memory.notBefore = 0;
  }
}

function kindOf({ side }: Carried): AttestationKind {
  return side === "destination" ? "deliver" : "refund";
}
