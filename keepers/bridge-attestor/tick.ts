/**
 * One block of work for one chain: what arrives there is attested by what the other chain says, and so is what comes back to it. Look at
 * what earlier signatures rest on → find messages → see both bridges → decide (pure) → promise, sign, publish → carry. Every edge is
 * handed in.
 */
import type { AttestationRow } from "../../db/queries/attestation/rows.js";
import type { EndRow } from "../../db/queries/bridge/endsOf.js";
import type { SentRow } from "../../db/queries/bridge/rows.js";
import {
  attestationDigest,
  messageIdOf,
  readMessage,
  type AttestationKind,
  type BridgePlace,
  type BridgeWay,
} from "../../protocol/bridgeMessage.js";
import { RetryableError } from "../../protocol/errors.js";
import type { Counters } from "../kit/counters.js";
import type { KeeperLog } from "../kit/logger.js";
import type { Head } from "../kit/provider.js";
import type { RecordSink } from "../kit/record.js";
import { placeOf, type AttestationBook } from "./book.js";
import { decideAttestation } from "./decide.js";
import { deepestOf } from "./depth.js";
import { gatherEvidence, type EvidenceAsk } from "./evidence.js";
import { horizonsOf, type Horizon } from "./horizon.js";
import type { AttestingKey } from "./key.js";
import type { Carried, Relay } from "./relay.js";
import type { Scanner } from "./scanner.js";
import type { EventStore } from "./store.js";
import type { AlarmReason, AttestDecision, AttestInput, Evidence, History, SeenMessage } from "./types.js";
import { viewBridge, type BridgeView } from "./view.js";
import type { Heights, Witness } from "./witness.js";

/** A chain of the two with what is known of its bridge. */
export interface End {
  readonly place: BridgePlace;
  readonly witness: Witness;
  readonly store: EventStore;
}

export interface TickParts {
  /** Where signatures count. */
  readonly own: End;
  /** Where their evidence is. */
  readonly other: End & { readonly scanner: Pick<Scanner, "step" | "find"> };
  /** undefined: this process attests nothing. */
  readonly key: AttestingKey | undefined;
  /** undefined: a dry run, which promises and publishes nothing. */
  readonly book: AttestationBook | undefined;
  /** undefined: sends nothing. */
  readonly relay: Relay | undefined;
  readonly window: number;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
}

/** A message that was cancelled or delivered is looked at at once, and every other one when its turn comes: a log may have been left out. */
const LOOK_EVERY_BLOCKS = 32;
/** Blocks on which signatures rest that one alarm compares. */
const GONE_AT_ONCE = 256;

interface Candidate {
  readonly kind: AttestationKind;
  readonly way: BridgeWay;
  readonly seen: SeenMessage;
  readonly ends: readonly EndRow[];
}

export class AttestorTick {
  private inboundAfter = 0n;
  private outboundAfter = 0n;
  private readonly searched = new Map<string, number>();

  constructor(private readonly parts: TickParts) {}

  /** @param carries whether transactions may be sent. @throws RetryableError while nodes do not answer or agree; nothing is signed then. */
  async run(head: Head, carries = true): Promise<void> {
    const { own, other, relay } = this.parts;
    const heights = await other.witness.heights();
    if (await this.stopsForGone(heights)) return;
    await other.scanner.step(heights);
    const candidates = [...(await this.inbound()), ...(await this.outbound())];
    const seen = candidates.map((candidate) => candidate.seen);
    const view = await viewBridge(own.witness, own.place, head, seen);
    const rows = await this.historyOf(seen);
    const stopped = await this.attest(candidates, view, heights, rows);
    if (stopped || !carries || relay === undefined) return;
    const fresh = await this.historyOf(seen);
    await relay.run(
      view,
      candidates.flatMap((candidate) => this.carried(candidate, view, fresh)),
    );
  }

  /** Messages that arrive here. */
  private async inbound(): Promise<readonly Candidate[]> {
    const { own, other, window } = this.parts;
    const rows = await other.store.open(this.inboundAfter, window);
    this.inboundAfter = rows.length < window ? 0n : (rows.at(-1)?.nonce ?? 0n);
    const way = { source: other.place, destination: own.place };
    return rows.map((row) => ({ kind: "deliver", way, seen: seenOf(row, way), ends: [] }));
  }

  /** Messages that left here, and may come back. */
  private async outbound(): Promise<readonly Candidate[]> {
    const { own, other, window } = this.parts;
    const rows = await own.store.open(this.outboundAfter, window);
    this.outboundAfter = rows.length < window ? 0n : (rows.at(-1)?.nonce ?? 0n);
    const way = { source: own.place, destination: other.place };
    const ends = await other.store.ends(rows.map(({ messageId }) => messageId));
    return rows.map((row) => ({
      ...{ kind: "refund", way, seen: seenOf(row, way) },
      ends: ends.filter(({ messageId }) => messageId === row.messageId),
    }));
  }

  /** Decides twice: without evidence first, which is asked for only where nothing else speaks against a signature. @returns whether it stopped. */
  private async attest(
    candidates: readonly Candidate[],
    view: BridgeView,
    heights: Heights,
    rows: readonly AttestationRow[],
  ): Promise<boolean> {
    const inputs = candidates.map((candidate) => this.inputOf(candidate, view, rows));
    const asking = candidates.filter((candidate, index) => {
      const input = inputs[index];
      return input !== undefined && this.needsEvidence(input, candidate, view);
    });
    const { witness, place } = this.parts.other;
    const tokens = new Set(asking.map(({ seen }) => seen.message.token));
    const horizons = await horizonsOf(
      witness,
      place,
      heights,
      new Map([...view.tiers].filter(([token]) => tokens.has(token))),
    );
    const evidence = await gatherEvidence(
      witness,
      place,
      asking.map((candidate) => this.askOf(candidate, horizons)),
    );
    for (const [index, input] of inputs.entries()) {
      const candidate = candidates[index];
      const seen = evidence.get(input.seen.messageId);
      const decision = decideAttestation({ ...input, evidence: seen });
      if (candidate !== undefined && seen !== undefined) await this.settle(candidate, seen, decision, view, heights);
      if (await this.act({ ...input, evidence: seen }, decision, view)) return true;
    }
    return false;
  }

  private needsEvidence(input: AttestInput, { kind, seen, ends }: Candidate, { head }: BridgeView): boolean {
    const hinted = ends.length > 0 || (BigInt(head.number) + seen.message.nonce) % BigInt(LOOK_EVERY_BLOCKS) === 0n;
    // Messages that left are closed by what became of them, whether this process attests or not.
    if (kind === "refund") return hinted;
    const decision = decideAttestation({ ...input, evidence: undefined });
    return (decision.kind === "skip" && decision.reason === "not-deep-enough") || hinted;
  }

  private askOf({ kind, way, seen, ends }: Candidate, horizons: ReadonlyMap<string, Horizon>): EvidenceAsk {
    const blockOf = (end: EndRow["kind"]): number | undefined => {
      const row = ends.find((entry) => entry.kind === end);
      return row === undefined ? undefined : Number(row.block);
    };
    return {
      ...{ kind, way, messageId: seen.messageId },
      block: horizons.get(seen.message.token)?.[kind],
      logBlock: kind === "deliver" ? seen.block : blockOf("cancelled"),
      deliveredBlock: blockOf("delivered"),
    };
  }

  private inputOf({ kind, way, seen }: Candidate, view: BridgeView, rows: readonly AttestationRow[]): AttestInput {
    const { key } = this.parts;
    const { set, head } = view;
    const message = view.messages.get(seen.messageId);
    return {
      ...{ kind, way, seen, evidence: undefined, history: historyOf(rows, kind, seen.messageId, set.epoch) },
      own: {
        state: message?.state ?? "none",
        timestamp: BigInt(head.timestamp),
        epoch: set.epoch,
        acceptedEpoch: message?.acceptedEpoch ?? 0n,
        isAttestor: key !== undefined && set.members.has(key.address),
        remoteChainId: set.remoteChainId,
        remoteBridge: set.remoteBridge,
      },
    };
  }

  /** Signs, counts a skip, or stops the keeper. @returns whether it stopped. */
  private async act(input: AttestInput, decision: AttestDecision, { head }: BridgeView): Promise<boolean> {
    const { counters, log } = this.parts;
    const { kind, seen } = input;
    if (decision.kind === "skip") {
      counters.add(`skip.${decision.reason}`);
      log.debug(`skip.${decision.reason}`, { kind, messageId: seen.messageId });
      return false;
    }
    if (decision.kind === "alarm") {
      await this.stop(decision.reason, { kind, messageId: seen.messageId, block: input.evidence?.block });
      return true;
    }
    await this.sign(input, head);
    return false;
  }

  private async sign({ kind, way, seen, own, evidence }: AttestInput, head: Head): Promise<void> {
    const { key, book, counters, record, log } = this.parts;
    if (key === undefined || evidence === undefined) return;
    const { epoch } = own;
    const { messageId, message } = seen;
    const place = placeOf(kind, way);
    const facts = { kind, messageId, nonce: message.nonce, epoch, amountUnits: message.amountUnits };
    const proof = { evidenceBlock: evidence.block, evidenceHash: evidence.hash };
    if (book === undefined) {
      counters.add("attestations.dry-run");
      log.info("attestation.dry-run", { ...facts, digest: attestationDigest(place, kind, messageId, epoch) });
      return;
    }
    const answer = await book.attest(
      { kind, way, messageId, message, epoch, evidence: { number: evidence.block, hash: evidence.hash } },
      () => key.sign(place, kind, messageId, epoch),
    );
    if (!answer.ok) {
      counters.add(`refused.${answer.refusal}`);
      const isContradiction = answer.refusal === "other-message";
      log[isContradiction ? "error" : "warn"]("attestation.refused", { ...facts, refusal: answer.refusal });
      return;
    }
    counters.add(`attestations.${kind}`);
    log.info("attestation", { block: head.number, ...facts, ...proof });
    record.write({ kind: "attestation", block: head.number, facts: { ...facts, ...proof } });
  }

  /** What nobody has to look at again, and what has to be looked for. */
  private async settle(
    { kind, seen, ends }: Candidate,
    evidence: Evidence,
    decision: AttestDecision,
    view: BridgeView,
    heights: Heights,
  ): Promise<void> {
    const { own, other } = this.parts;
    const { messageId, message } = seen;
    const reason = decision.kind === "skip" ? decision.reason : undefined;
    if (kind === "deliver") {
      // The source has never heard of it, as deep as anything is believed.
      if (evidence.state === "none" && evidence.block >= seen.block) {
        await other.store.close(messageId, message.nonce, "unwound");
      } else if (reason === "log-missing" && this.searchesNow(messageId, view.head)) {
        await other.scanner.find("sent", messageId, heights.latest);
      }
      return;
    }
    if (evidence.state === "delivered") await own.store.close(messageId, message.nonce, "delivered");
    if (evidence.state !== "cancelled") return;
    if (!ends.some((end) => end.kind === "cancelled") && this.searchesNow(messageId, view.head)) {
      await other.scanner.find("cancelled", messageId, heights.latest);
    }
    if (view.messages.get(messageId)?.state === "refunded" && (await this.isRefundDeep(seen, view))) {
      await own.store.close(messageId, message.nonce, "refunded");
    }
  }

  /** The refund is as deep on its chain as the cancellation had to be on the other. */
  private async isRefundDeep({ messageId, message }: SeenMessage, view: BridgeView): Promise<boolean> {
    const { witness, place } = this.parts.own;
    const block = await witness.settled(await witness.heights(), deepestOf(view.tiers.get(message.token) ?? []));
    const way = { source: place, destination: this.parts.other.place };
    const ask = {
      kind: "refund" as const,
      way,
      messageId,
      block,
      logBlock: undefined,
      deliveredBlock: undefined,
    };
    const found = await gatherEvidence(witness, place, [ask]);
    return message.nonce > 0n && found.get(messageId)?.state === "refunded";
  }

  /** A search asks a lot: rarely for each message. */
  private searchesNow(messageId: string, { number }: Head): boolean {
    const last = this.searched.get(messageId);
    if (last !== undefined && number >= last && number - last < LOOK_EVERY_BLOCKS) return false;
    this.searched.set(messageId, number);
    return true;
  }

  private carried(
    { kind, seen, ends }: Candidate,
    view: BridgeView,
    rows: readonly AttestationRow[],
  ): readonly Carried[] {
    const { epoch } = view.set;
    const own = new Map(
      rows.flatMap((row) => {
        const isOurs = row.messageId === seen.messageId && row.kind === kind && row.epoch === epoch;
        const address = this.parts.key?.address;
        return isOurs && row.signature !== null && row.unwoundAt === null && address !== undefined
          ? [[address, row.signature] as const]
          : [];
      }),
    );
    if (kind === "deliver") return [{ seen, side: "destination", own }];
    // Most messages that left arrive: only what was cancelled, or accepted here, can come back.
    const comesBack =
      own.size > 0 ||
      ends.some((end) => end.kind === "cancelled") ||
      view.messages.get(seen.messageId)?.state === "refund-accepted";
    return comesBack ? [{ seen, side: "source", own }] : [];
  }

  private historyOf(seen: readonly SeenMessage[]): Promise<readonly AttestationRow[]> {
    const ids = seen.map(({ messageId }) => messageId);
    return this.parts.book === undefined || ids.length === 0 ? Promise.resolve([]) : this.parts.book.historyOf(ids);
  }

  /**
   * Every signature rests on a block that was deep enough. When the newest of them is not on its chain any more, neither may be what was
   * signed: that chain's finality was worth less than its tiers say. @returns whether it stopped.
   */
  private async stopsForGone(heights: Heights): Promise<boolean> {
    const { book, other } = this.parts;
    if (book === undefined) return false;
    const { chainId } = other.place;
    const [newest] = await book.evidence(chainId, MAX_HEIGHT, 1);
    if (newest === undefined || (await this.stands(newest, heights))) return false;
    const gone = [];
    for (const block of await book.evidence(chainId, MAX_HEIGHT, GONE_AT_ONCE)) {
      if (await this.stands(block, heights)) break;
      gone.push(block);
    }
    await this.stop("evidence-unwound", { chainId, block: newest.block, hash: newest.hash }, { chainId, blocks: gone });
    return true;
  }

  /** @throws RetryableError EVIDENCE_UNKNOWN when nodes do not agree about the block, or the chain is shorter now: nothing is signed. */
  private async stands({ block, hash }: { block: bigint; hash: string }, { latest }: Heights): Promise<boolean> {
    const { witness, place } = this.parts.other;
    const found = BigInt(latest) < block ? undefined : await witness.hashAt(Number(block));
    if (found !== undefined) return found === hash;
    throw new RetryableError(
      "EVIDENCE_UNKNOWN",
      `nodes of chain ${String(place.chainId)} do not agree on block ${block.toString()}, on which signatures rest`,
      "look at the nodes: doctor shows what each of them says",
      { block: block.toString(), hash, latest: String(latest) },
    );
  }

  private async stop(
    reason: AlarmReason | "evidence-unwound",
    facts: Readonly<Record<string, string | bigint | number | undefined>>,
    gone?: Parameters<AttestationBook["stop"]>[1],
  ): Promise<void> {
    const { book, counters, log, record } = this.parts;
    const hidden = (await book?.stop(`attestation: ${reason}`, gone)) ?? [];
    counters.add(`alarm.${reason}`);
    log.error("attestation.alarm", { reason, ...facts, hidden: hidden.length });
    record.write({ kind: "attestation.alarm", block: 0, facts: { reason, ...facts, messages: [...hidden] } });
  }
}

/** Above every block. */
const MAX_HEIGHT = 2n ** 62n;

function seenOf({ messageId, message: json, block }: SentRow, way: BridgeWay): SeenMessage {
  const message = readMessage(json);
  return { messageId, message, hashedId: messageIdOf(way, message), block: Number(block) };
}

function historyOf(rows: readonly AttestationRow[], kind: AttestationKind, messageId: string, epoch: bigint): History {
  const own = rows.filter((row) => row.messageId === messageId);
  const now = own.find((row) => row.kind === kind && row.epoch === epoch);
  return {
    thisEpoch: now === undefined ? "none" : now.signature === null ? "promised" : "signed",
    refund: own.some((row) => row.kind === "refund"),
    unwound: own.some(({ unwoundAt }) => unwoundAt !== null),
  };
}
