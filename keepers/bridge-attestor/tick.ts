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
import { deepestOf, isDeeper } from "./depth.js";
import { gatherEvidence, type EvidenceAsk } from "./evidence.js";
import { horizonsOf, type Horizon } from "./horizon.js";
import type { AttestingKey } from "./key.js";
import type { Carried, Relay } from "./relay.js";
import type { Scanner } from "./scanner.js";
import type { EventStore } from "./store.js";
import type { AlarmReason, AttestDecision, AttestInput, Evidence, History, SeenMessage } from "./types.js";
import { viewBridge, type BridgeView } from "./view.js";
import type { Heights, Witness, WitnessedBlock } from "./witness.js";

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

/** A message that was cancelled or delivered is looked at at once, and every other one so often: a log may have been left out. */
const LOOK_EVERY_BLOCKS = 32;
/** With more messages the one that was not looked at for longest is forgotten. */
const MAX_LOOKED = 4_096;
/** Blocks on which signatures rest that are compared at once: the newest ones. */
const GONE_AT_ONCE = 256;

interface Candidate {
  readonly kind: AttestationKind;
  readonly way: BridgeWay;
  readonly seen: SeenMessage;
  readonly ends: readonly EndRow[];
}

/** Blocks of the own chain at which something was done about a message last, and what came of it. */
interface Looked {
  asked: number | undefined;
  searched: number | undefined;
  /** Block of its log on the other chain, as enough nodes say; what a single node shows is another matter. */
  found: number | undefined;
}

/** What a look at the evidence leaves to do. */
interface Rest {
  readonly missing: { readonly kind: "cancelled" | "sent"; readonly messageId: string; readonly until: number }[];
  readonly refunded: SeenMessage[];
}

export class AttestorTick {
  private inboundAfter = 0n;
  private outboundAfter = 0n;
  private readonly looked = new Map<string, Looked>();
  /** The deepest of all tiers that were seen; undefined before. */
  private deepest: bigint | undefined;
  /** Everything up to this height of the other chain was final when it was compared. */
  private final = -1n;

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
    for (const tiers of view.tiers.values()) {
      const depth = deepestOf(tiers);
      if (this.deepest === undefined || isDeeper(depth, this.deepest)) this.deepest = depth;
    }
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
    const rest: Rest = { missing: [], refunded: [] };
    const due: { readonly input: AttestInput; readonly decision: AttestDecision }[] = [];
    for (const [index, bare] of inputs.entries()) {
      const candidate = candidates[index];
      const seen = evidence.get(bare.seen.messageId);
      const input = { ...bare, evidence: seen };
      const decision = decideAttestation(input);
      if (candidate !== undefined && seen !== undefined) await this.settle(candidate, seen, decision, view, rest);
      due.push({ input, decision });
    }
    // The chain may have changed since the first look: then what was asked is the truth of another branch than earlier signatures rest on.
    if (due.some(({ decision }) => decision.kind === "attest") && (await this.stopsForGone(heights))) return true;
    for (const { input, decision } of due) if (await this.act(input, decision, view)) return true;
    await this.search(rest, view.head);
    await this.closeRefunded(rest.refunded, view);
    return false;
  }

  private needsEvidence(input: AttestInput, { kind, seen, ends }: Candidate, { head }: BridgeView): boolean {
    const looked = this.lookedAt(seen.messageId);
    const hinted = ends.length > 0 || isDue(looked.asked, head);
    // Messages that left are closed by what became of them, whether this process attests or not.
    const decision = decideAttestation({ ...input, evidence: undefined });
    const waits = kind === "deliver" && decision.kind === "skip" && decision.reason === "not-deep-enough";
    if (!hinted && !waits) return false;
    looked.asked = head.number;
    return true;
  }

  private askOf({ kind, way, seen, ends }: Candidate, horizons: ReadonlyMap<string, Horizon>): EvidenceAsk {
    const blockOf = (end: EndRow["kind"]): number | undefined => {
      const row = ends.find((entry) => entry.kind === end);
      return row === undefined ? undefined : Number(row.block);
    };
    return {
      ...{ kind, way, messageId: seen.messageId },
      block: horizons.get(seen.message.token)?.[kind],
      logBlock: this.looked.get(seen.messageId)?.found ?? (kind === "deliver" ? seen.block : blockOf("cancelled")),
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

  /** What nobody has to look at again is closed; what has to be looked for is left for later. */
  private async settle(
    { kind, seen }: Candidate,
    evidence: Evidence,
    decision: AttestDecision,
    view: BridgeView,
    { missing, refunded }: Rest,
  ): Promise<void> {
    const { own, other } = this.parts;
    const { messageId, message } = seen;
    const reason = decision.kind === "skip" ? decision.reason : undefined;
    const until = evidence.block;
    if (kind === "deliver") {
      // The source has never heard of it, as deep as anything is believed.
      if (evidence.state === "none" && evidence.block >= seen.block) {
        await other.store.close(messageId, message.nonce, "unwound");
      } else if (reason === "log-missing") {
        this.miss({ kind: "sent", messageId, until }, missing);
      }
      return;
    }
    if (evidence.state === "delivered") await own.store.close(messageId, message.nonce, "delivered");
    if (evidence.state !== "cancelled") return;
    if (evidence.log === undefined) this.miss({ kind: "cancelled", messageId, until }, missing);
    if (view.messages.get(messageId)?.state === "refunded") refunded.push(seen);
  }

  private miss(one: Rest["missing"][number], missing: Rest["missing"]): void {
    // Where it was found once it is not any more: the newest hint counts until it is found again.
    this.lookedAt(one.messageId).found = undefined;
    missing.push(one);
  }

  /** One search per block, because it asks a lot: for the message that has waited longest. */
  private async search({ missing }: Rest, head: Head): Promise<void> {
    const searchedAt = (messageId: string): number => this.lookedAt(messageId).searched ?? -1;
    const [next] = missing
      .filter(({ messageId }) => isDue(this.lookedAt(messageId).searched, head))
      .sort((a, b) => searchedAt(a.messageId) - searchedAt(b.messageId));
    if (next === undefined) return;
    const looked = this.lookedAt(next.messageId);
    looked.searched = head.number;
    looked.found = await this.parts.other.scanner.find(next.kind, next.messageId, next.until);
    // What was found is asked for at the next block.
    if (looked.found !== undefined) looked.asked = undefined;
  }

  /** Closes what is refunded as deep on its chain as the cancellation had to be on the other. */
  private async closeRefunded(refunded: readonly SeenMessage[], view: BridgeView): Promise<void> {
    if (refunded.length === 0) return;
    const { witness, place, store } = this.parts.own;
    const heights = await witness.heights();
    const tokens = new Set(refunded.map(({ message }) => message.token));
    const depths = new Map([...tokens].map((token) => [token, deepestOf(view.tiers.get(token) ?? [])]));
    const blocks = new Map<bigint, WitnessedBlock | undefined>();
    for (const depth of new Set(depths.values())) blocks.set(depth, await witness.settled(heights, depth));
    const way = { source: place, destination: this.parts.other.place };
    const asks = refunded.map(({ messageId, message }) => ({
      ...{ kind: "refund" as const, way, messageId, logBlock: undefined, deliveredBlock: undefined },
      block: blocks.get(depths.get(message.token) ?? 0n),
    }));
    const found = await gatherEvidence(witness, place, asks);
    for (const { messageId, message } of refunded) {
      if (found.get(messageId)?.state === "refunded") await store.close(messageId, message.nonce, "refunded");
    }
  }

  private lookedAt(messageId: string): Looked {
    const known = this.looked.get(messageId) ?? { asked: undefined, searched: undefined, found: undefined };
    this.looked.delete(messageId);
    this.looked.set(messageId, known);
    const [oldest] = this.looked.keys();
    if (this.looked.size > MAX_LOOKED && oldest !== undefined) this.looked.delete(oldest);
    return known;
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
   * Every signature rests on a block that was deep enough. When one of them is not on its chain any more, that chain's finality was worth
   * less than its tiers say. The newest is compared, and all that were not final at the last look: below a block that stands may lie one of
   * another branch, when that was there for so short a time that nobody looked. @returns whether it stopped.
   * @throws RetryableError EVIDENCE_UNKNOWN when nodes do not agree about a block, or the chain is shorter now: nothing is signed.
   */
  private async stopsForGone(heights: Heights): Promise<boolean> {
    const { book, other } = this.parts;
    if (book === undefined) return false;
    const { chainId } = other.place;
    const { latest } = heights;
    const open = await book.evidence(chainId, this.final, GONE_AT_ONCE);
    const blocks = open.length > 0 ? open : await book.evidence(chainId, -1n, 1);
    const hashes = await other.witness.hashesAt(blocks.map(({ block }) => Number(block)));
    const gone = blocks.filter(({ hash, block }, index) => {
      const found = block > BigInt(latest) ? undefined : hashes[index];
      return found !== undefined && found !== hash;
    });
    const [newest] = gone;
    if (newest !== undefined) {
      await this.stop(
        "evidence-unwound",
        { chainId, block: newest.block, hash: newest.hash },
        { chainId, blocks: gone },
      );
      return true;
    }
    const unknown = blocks.find(({ block }, index) => block > BigInt(latest) || hashes[index] === undefined);
    if (unknown === undefined) {
      this.final = this.finalAt(heights);
      return false;
    }
    const { block, hash } = unknown;
    throw new RetryableError(
      "EVIDENCE_UNKNOWN",
      `nodes of chain ${String(chainId)} do not agree on block ${block.toString()}, on which signatures rest`,
      "look at the nodes: doctor shows what each of them says",
      { block: block.toString(), hash, latest: String(latest) },
    );
  }

  /** Height up to which the other chain is final, by the deepest of all tiers; -1 where that is not known. */
  private finalAt({ latest, finalized }: Heights): bigint {
    if (this.deepest === undefined) return -1n;
    const height = this.deepest === 0n ? finalized : latest - Number(this.deepest);
    return BigInt(Math.max(-1, height ?? -1));
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

function isDue(last: number | undefined, { number }: Head): boolean {
  // A reorganisation may set the height back.
  return last === undefined || number < last || number - last >= LOOK_EVERY_BLOCKS;
}

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
