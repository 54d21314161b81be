/** A row of the outbox as an EVM keeper holds it in memory, and its translation from and to the database's. */
import type { AttemptRow, JsonObject, OutboxRow, OutboxState } from "../../../db/queries/outbox/rows.js";
import { PermanentError } from "../../../protocol/errors.js";
import type { BroadcastOutcome } from "../broadcast/broadcaster.js";
import type { Fees } from "../fees.js";
import { NO_OP_ACTION } from "../policy/action.js";
import { readAction } from "../policy/actionJson.js";
import type { Intent } from "../submitter.js";
import type { Escalation } from "./escalation.js";

export interface Attempt {
  readonly hash: string;
  /** Signed bytes, hex. */
  readonly bytes: string;
  readonly kind: "intent" | "cancel";
  readonly fees: Fees;
  readonly block: number;
}

/** Where a row was mined. */
export interface MinedAt {
  readonly hash: string;
  readonly block: number;
  readonly blockHash: string;
}

export interface Entry {
  readonly id: bigint;
  readonly intent: Intent;
  readonly nonce: number;
  readonly sinceBlock: number;
  state: OutboxState;
  mined: MinedAt | undefined;
  readonly attempts: Attempt[];
  /** What the nodes said to the newest bytes, as far as this process knows. */
  answer: BroadcastOutcome;
  /** Block from which its newest bytes have waited, when that is later than their own: after a reorganisation. */
  waitsFrom: number;
  /** Heads at which the nonce was used and no receipt of ours was found. */
  usedByOthers: number;
  /** Its end was told to the keeper already. */
  told: boolean;
}

const TRANSFER_GAS = 21_000n;

/** Uses the nonce of an intent and does nothing. */
export function noOp(intent: Intent, address: string): Intent {
  return { ...intent, action: NO_OP_ACTION, to: address, data: "0x", valueWei: 0n, gasLimit: TRANSFER_GAS };
}

/** The simulated call as JSON, amounts as decimal text; the action has its own column. */
export function intentJson({ to, data, valueWei, gasLimit, maxFeePerGasWei, escalation }: Intent): JsonObject {
  return {
    to,
    data,
    valueWei: valueWei.toString(),
    gasLimit: gasLimit.toString(),
    maxFeePerGasWei: maxFeePerGasWei.toString(),
    ...(escalation === undefined
      ? {}
      : { mineBy: escalation.mineBy.toString(), secondsPerAttempt: escalation.secondsPerAttempt.toString() }),
  };
}

export function attemptRow({ hash, bytes, kind, fees, block }: Attempt): AttemptRow {
  const terms = {
    maxFeePerGasWei: fees.maxFeePerGasWei.toString(),
    priorityFeeWei: fees.priorityFeeWei.toString(),
  };
  return { hash, raw: Buffer.from(bytes.slice(2), "hex"), kind, terms, block: BigInt(block) };
}

/** @throws PermanentError OUTBOX_MALFORMED when a row was not written by this program. */
export function entryOf(row: OutboxRow): Entry {
  const { id, effectKey, state, minedHash, minedBlock, minedBlockHash } = row;
  if (row.nonce === null) throw malformed(id, "nonce");
  return {
    id,
    state,
    nonce: Number(row.nonce),
    sinceBlock: Number(row.sinceBlock),
    intent: {
      key: effectKey,
      action: readAction(row.action),
      to: text(row.intent, "to", id),
      data: text(row.intent, "data", id),
      valueWei: BigInt(text(row.intent, "valueWei", id)),
      gasLimit: BigInt(text(row.intent, "gasLimit", id)),
      maxFeePerGasWei: BigInt(text(row.intent, "maxFeePerGasWei", id)),
      validUntilBlock: Number(row.validUntil),
      ...escalationIn(row.intent, id),
    },
    mined:
      minedHash === null || minedBlock === null || minedBlockHash === null
        ? undefined
        : { hash: minedHash, block: Number(minedBlock), blockHash: minedBlockHash },
    attempts: row.attempts.map(({ hash, raw, kind, terms, block }) => ({
      hash,
      bytes: `0x${raw.toString("hex")}`,
      kind,
      fees: {
        maxFeePerGasWei: BigInt(text(terms, "maxFeePerGasWei", id)),
        priorityFeeWei: BigInt(text(terms, "priorityFeeWei", id)),
      },
      block: Number(block),
    })),
    answer: "unanswered",
    waitsFrom: 0,
    usedByOthers: 0,
    told: false,
  };
}

/** Rows of effects without a deadline have neither. */
function escalationIn(json: JsonObject, id: bigint): { readonly escalation?: Escalation } {
  if (json["mineBy"] === undefined) return {};
  const seconds = (key: string): bigint => BigInt(text(json, key, id));
  return { escalation: { mineBy: seconds("mineBy"), secondsPerAttempt: seconds("secondsPerAttempt") } };
}

function text(json: JsonObject, key: string, id: bigint): string {
  const value = json[key];
  if (typeof value !== "string") throw malformed(id, key);
  return value;
}

function malformed(id: bigint, what: string): PermanentError {
  return new PermanentError(
    "OUTBOX_MALFORMED",
    `row ${id.toString()} of the outbox has no usable ${what}`,
    "was it written by another program or another version? restore the database or ask its author",
    { id: id.toString(), what },
  );
}
