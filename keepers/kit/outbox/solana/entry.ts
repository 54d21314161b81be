/** A row of the outbox as a Solana keeper holds it in memory, and its translation from and to the database's. */
import { z } from "zod";

import type { AttemptRow, OutboxRow, OutboxState } from "../../../../db/queries/outbox/rows.js";
import { PermanentError } from "../../../../protocol/errors.js";
import type { BroadcastOutcome } from "../../broadcast/broadcaster.js";
import type { SignatureStatus } from "../../solana/cluster.js";
import type { SolanaAttempt } from "./attempt.js";
import { readSolanaIntent, type SolanaIntent } from "./intent.js";

/** Where a row was executed. */
export interface ExecutedAt {
  readonly signature: string;
  readonly slot: bigint;
}

export interface SolanaEntry {
  readonly id: bigint;
  readonly intent: SolanaIntent;
  /** Row of the same batch that must have happened before this one is signed. */
  readonly after: bigint | undefined;
  readonly sinceBlock: bigint;
  state: OutboxState;
  executed: ExecutedAt | undefined;
  readonly attempts: SolanaAttempt[];
  /** What the node said to the newest bytes, and when, as far as this process knows. */
  answer: BroadcastOutcome;
  sentAtSlot: bigint | undefined;
  /** How far the cluster has confirmed it, and whether it failed, as far as this process has seen. */
  level: SignatureStatus["level"] | undefined;
  failed: boolean;
  /** Its end was told to the keeper already. */
  told: boolean;
}

const termsSchema = z.object({ lastValidBlockHeight: z.string(), microLamportsPerUnit: z.string() });

export function solanaAttemptRow(attempt: SolanaAttempt): AttemptRow {
  return {
    hash: attempt.signature,
    raw: Buffer.from(attempt.bytes.slice(2), "hex"),
    kind: "intent",
    terms: {
      lastValidBlockHeight: attempt.lastValidBlockHeight.toString(),
      microLamportsPerUnit: attempt.microLamportsPerUnit.toString(),
    },
    block: attempt.slot,
  };
}

/** The row's place in the database: slots have no hash here, so the slot stands for the block. */
export function executedRow({ signature, slot }: ExecutedAt): { hash: string; block: bigint; blockHash: string } {
  return { hash: signature, block: slot, blockHash: `slot ${slot.toString()}` };
}

/** @throws PermanentError OUTBOX_MALFORMED when a row was not written by this program. */
export function solanaEntryOf(row: OutboxRow): SolanaEntry {
  try {
    const { id, state, effectKey, sinceBlock, minedHash, minedBlock } = row;
    return {
      id,
      state,
      sinceBlock,
      ...readSolanaIntent(effectKey, row.validUntil, row.intent),
      executed: minedHash === null || minedBlock === null ? undefined : { signature: minedHash, slot: minedBlock },
      attempts: row.attempts.map(({ hash, raw, terms, block }) => {
        const { lastValidBlockHeight, microLamportsPerUnit } = termsSchema.parse(terms);
        return {
          signature: hash,
          bytes: `0x${raw.toString("hex")}`,
          lastValidBlockHeight: BigInt(lastValidBlockHeight),
          microLamportsPerUnit: BigInt(microLamportsPerUnit),
          slot: block,
        };
      }),
      answer: "unanswered",
      sentAtSlot: undefined,
      level: undefined,
      failed: false,
      told: false,
    };
  } catch (cause) {
    throw new PermanentError(
      "OUTBOX_MALFORMED",
      `row ${row.id.toString()} of the outbox is not one of a Solana keeper`,
      "was it written by another program or another version? restore the database or ask its author",
      { id: row.id.toString() },
      { cause },
    );
  }
}
