/**
 * What this attestor has promised and signed. A promise is committed before the key is asked, and the signature is committed before
 * anybody can read it; the database refuses a second message under one id or nonce, and a delivery after a refund, whoever asks. A process
 * that dies in between finds its promise again and signs the same.
 */
import type { Database, Queryable } from "../../db/database.js";
import { historyOf } from "../../db/queries/attestation/historyOf.js";
import { insertAttestation } from "../../db/queries/attestation/insert.js";
import { markUnwound } from "../../db/queries/attestation/markUnwound.js";
import { newestEvidence, type EvidenceBlock } from "../../db/queries/attestation/newestEvidence.js";
import { promiseMessage } from "../../db/queries/attestation/promise.js";
import { publishedAfter, publishedOf, type PublishedRow } from "../../db/queries/attestation/published.js";
import type { AttestationRow } from "../../db/queries/attestation/rows.js";
import { storeSignature } from "../../db/queries/attestation/storeSignature.js";
import { ensureControl } from "../../db/queries/control/ensure.js";
import { lockControl } from "../../db/queries/control/read.js";
import type { ControlRow } from "../../db/queries/control/rows.js";
import {
  attestationDigest,
  messageJson,
  type AttestationKind,
  type BridgeMessage,
  type BridgePlace,
  type BridgeWay,
} from "../../protocol/bridgeMessage.js";
import { PermanentError } from "../../protocol/errors.js";
import { Control } from "../kit/control/control.js";

/** What shall be signed. */
export interface AttestationOrder {
  readonly kind: AttestationKind;
  readonly way: BridgeWay;
  readonly messageId: string;
  readonly message: BridgeMessage;
  readonly epoch: bigint;
  readonly evidence: { readonly number: number; readonly hash: string };
}

/** Why nothing was signed. */
export type AttestationRefusal =
  /** An operator, or an alarm, has stopped one of the two networks. */
  | "paused"
  /** Another message was promised under this nonce or id, or something else for this epoch. */
  | "other-message"
  | "refund-signed"
  /** The block it would rest on is gone. */
  | "unwound";

export type AttestationAnswer =
  | { readonly ok: true; readonly signature: string; readonly isNew: boolean }
  | { readonly ok: false; readonly refusal: AttestationRefusal };

/** Places between two lines at which a process may die; tests kill at each of them. */
export const ATTESTATION_POINTS = [
  "promise.before-commit",
  "promise.after-commit",
  "signature.made",
  "signature.before-commit",
  "signature.after-commit",
] as const;
export type AttestationPoint = (typeof ATTESTATION_POINTS)[number];

export interface BookParts {
  readonly db: Database;
  readonly attestor: string;
  readonly keeper: string;
  /** Names of both networks: what one of them is told holds for every signature. */
  readonly networks: readonly string[];
  /** Who is written down when it stops them. */
  readonly actor: string;
  readonly at?: (point: AttestationPoint) => void | Promise<void>;
}

/** Where a signature counts. */
export function placeOf(kind: AttestationKind, { source, destination }: BridgeWay): BridgePlace {
  return kind === "deliver" ? destination : source;
}

export class AttestationBook {
  private readonly attestor: string;

  constructor(private readonly parts: BookParts) {
    this.attestor = parts.attestor.toLowerCase();
  }

  /** Promises, has it signed, and publishes; what was signed before is not signed again, and what was stopped meanwhile is not published. @throws what the database and the key throw. */
  async attest(order: AttestationOrder, sign: () => Promise<string>): Promise<AttestationAnswer> {
    const { db, at } = this.parts;
    const promised = await this.promise(order);
    if ("refusal" in promised) return { ok: false, refusal: promised.refusal };
    if (promised.unwoundAt !== null) return { ok: false, refusal: "unwound" };
    if (promised.signature !== null) return { ok: true, signature: promised.signature, isNew: false };
    const signature = await sign();
    await at?.("signature.made");
    const answer = await db.transaction(async (tx): Promise<AttestationAnswer> => {
      // A key far away takes its time: whoever was stopped meanwhile publishes nothing.
      if (!(await this.mayAttest(tx))) return { ok: false, refusal: "paused" };
      if (await storeSignature(tx, promised, signature)) {
        await at?.("signature.before-commit");
        return { ok: true, signature, isNew: true };
      }
      const rows = await historyOf(tx, this.attestor, [promised.messageId]);
      const row = rows.find(({ kind, epoch }) => kind === promised.kind && epoch === promised.epoch);
      const published = row?.unwoundAt === null ? row.signature : null;
      return published === null ? { ok: false, refusal: "unwound" } : { ok: true, signature: published, isNew: false };
    });
    if (answer.ok) await at?.("signature.after-commit");
    return answer;
  }

  /** Everything that was promised for these messages. */
  historyOf(messageIds: readonly string[]): Promise<readonly AttestationRow[]> {
    return historyOf(this.parts.db, this.attestor, messageIds);
  }

  /** What everybody may see of a message. */
  publishedOf(messageId: string, limit: number): Promise<readonly PublishedRow[]> {
    return publishedOf(this.parts.db, messageId, limit);
  }

  /** The same of all messages, after a position. */
  publishedAfter(position: bigint, limit: number): Promise<readonly PublishedRow[]> {
    return publishedAfter(this.parts.db, this.attestor, position, limit);
  }

  /** The newest blocks of a chain above a height on which signatures rest, newest first. */
  evidence(chainId: bigint, above: bigint, limit: number): Promise<readonly EvidenceBlock[]> {
    return newestEvidence(this.parts.db, this.attestor, String(chainId), above, limit);
  }

  /**
   * Kills the keeper on both networks, and then hides what rests on blocks that are gone: until that is written the alarm is raised again.
   * @returns the messages that are hidden.
   */
  async stop(
    reason: string,
    gone: { readonly chainId: bigint; readonly blocks: readonly EvidenceBlock[] } | undefined,
  ): Promise<readonly string[]> {
    const { db, keeper, networks, actor } = this.parts;
    for (const network of networks) {
      await new Control(db, keeper, network, actor).order({ state: "kill", reason, cause: "automatic" });
    }
    if (gone === undefined) return [];
    return db.transaction(async (tx) => {
      const hidden: string[] = [];
      for (const { block, hash } of gone.blocks) {
        hidden.push(...(await markUnwound(tx, this.attestor, String(gone.chainId), block, hash)));
      }
      return hidden;
    });
  }

  private async promise(order: AttestationOrder): Promise<AttestationRow | { readonly refusal: AttestationRefusal }> {
    const { db, at } = this.parts;
    const { kind, way, messageId, message, epoch, evidence } = order;
    const { attestor } = this;
    const place = placeOf(kind, way);
    const other = kind === "deliver" ? way.source : way.destination;
    const digest = attestationDigest(place, kind, messageId, epoch);
    try {
      const row = await db.transaction(async (tx) => {
        if (!(await this.mayAttest(tx))) throw new Refusal("paused");
        const promised = await promiseMessage(tx, {
          ...{ attestor, messageId, nonce: message.nonce },
          ...{ sourceChainId: String(way.source.chainId), sourceBridge: way.source.bridge.toLowerCase() },
          message: messageJson(message),
        });
        if (promised.kind === "other") throw new Refusal("other-message");
        if (promised.refunded && kind === "deliver") throw new Refusal("refund-signed");
        const written = await insertAttestation(tx, {
          ...{ attestor, messageId, kind, epoch, digest },
          ...{ chainId: String(place.chainId), bridge: place.bridge.toLowerCase() },
          evidenceChainId: String(other.chainId),
          evidenceBlock: BigInt(evidence.number),
          evidenceHash: evidence.hash.toLowerCase(),
        });
        if (written?.digest !== digest) throw new Refusal("other-message");
        await at?.("promise.before-commit");
        return written;
      });
      await at?.("promise.after-commit");
      return row;
    } catch (error) {
      if (error instanceof Refusal) return { refusal: error.refusal };
      const isAfterRefund = error instanceof PermanentError && error.details["constraint"] === AFTER_REFUND;
      if (isAfterRefund) return { refusal: "refund-signed" };
      throw error;
    }
  }

  /** Both networks must run; a pause of its own means that something cannot be sent, which is no reason to sign nothing. */
  private async mayAttest(tx: Queryable): Promise<boolean> {
    const { keeper, networks, actor } = this.parts;
    // In one order: whoever changes them takes one at a time.
    for (const network of [...networks].sort()) {
      let row = await lockControl(tx, keeper, network);
      if (row === undefined) {
        await ensureControl(tx, keeper, network, actor);
        row = await lockControl(tx, keeper, network);
      }
      if (row === undefined || !attestsIn(row)) return false;
    }
    return true;
  }
}

/** Whether signatures may be made in this state. */
export function attestsIn({ state, cause }: Pick<ControlRow, "state" | "cause">): boolean {
  return state === "run" || (state === "pause" && cause === "automatic");
}

const AFTER_REFUND = "keeper_attestation_after_refund";

/** Ends the transaction; nothing of it stays. */
class Refusal extends Error {
  constructor(readonly refusal: AttestationRefusal) {
    super(refusal);
  }
}
