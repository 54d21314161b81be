/**
 * Small duties beside the stabilizer's own work: calls that anyone may make and that a contract says are due. They share the
 * stabilizer's chain, key and block, and come after its work.
 */
import type { DecodedRevert } from "../../protocol/revert.js";
import type { Interface } from "ethers";

import type { Counters } from "../kit/counters.js";
import type { KeeperLog } from "../kit/logger.js";
import type { NextBlock } from "../kit/nextBlock.js";
import { bytesOf, type Action, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { Confirm } from "../kit/providers/confirm.js";
import type { RecordSink } from "../kit/record.js";
import { simulate } from "../kit/simulate.js";
import type { Submitter } from "../kit/submitter.js";

/** What every duty works with. */
export interface DutyParts {
  /** Told of a simulation that reverted. */
  readonly onRevert?: ((revert: DecodedRevert) => void) | undefined;
  readonly chainId: number;
  /** Simulations without a key are made from here. */
  readonly defaultSender: string;
  readonly tokenName: (address: string) => string;
  /** Most that a call pays per gas, and for how many blocks it is wanted. */
  readonly maxFeePerGasWei: bigint;
  readonly validBlocks: number;
  /** The keeper's own; the signer has the same. */
  readonly encode: EncodeAction;
  readonly nextBlock: NextBlock;
  /** Asks the other nodes, once there is something to do. */
  readonly confirm: Confirm;
  readonly submitter: Submitter;
  readonly record: RecordSink;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** One call that is due. */
export interface DutyCall {
  /** What it is called in counters, logs and the record: "poke". */
  readonly kind: string;
  /** The prefix of its log lines: "peg". */
  readonly topic: string;
  /** Names the effect within a block. */
  readonly effect: string;
  readonly action: Action;
  readonly gasLimit: bigint;
  /** Names the reverts of its target. */
  readonly abi: Interface;
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * Simulates the bytes and submits the same ones. @returns whether they were accepted. @throws RetryableError when the chain cannot be
 * asked; nothing was sent then.
 */
export async function doDuty(parts: DutyParts, duty: DutyCall, head: Head): Promise<boolean> {
  const { action, gasLimit } = duty;
  const call = { ...bytesOf(parts.encode, action), valueWei: 0n, gasLimit };
  const from = parts.submitter.sender ?? parts.defaultSender;
  const simulation = await simulate(parts.nextBlock, { ...call, from }, head, duty.abi);
  if (!simulation.ok) {
    parts.onRevert?.(simulation.revert);
    parts.counters.add(`${duty.kind}s.failed`);
    parts.log.warn(`${duty.topic}.${duty.kind}-refused`, { ...duty.facts, error: simulation.revert.name });
    return false;
  }
  await parts.confirm({ ...call, from }, head);
  const block = head.number + 1;
  const submission = await parts.submitter.submit(
    {
      ...call,
      action,
      key: `${duty.kind}:${String(parts.chainId)}:${duty.effect}@${String(block)}`,
      maxFeePerGasWei: parts.maxFeePerGasWei,
      validUntilBlock: head.number + parts.validBlocks,
    },
    head,
  );
  const outcome = submission.accepted ? { hash: submission.hash } : { refusal: submission.refusal };
  const result = submission.accepted ? (submission.broadcast ? "sent" : "dry-run") : "refused";
  parts.counters.add(`${duty.kind}s.${result}`);
  parts.log.info(`${duty.topic}.${duty.kind}`, { block, ...duty.facts, ...outcome });
  parts.record.write({ kind: duty.kind, block, facts: { ...duty.facts, ...outcome } });
  return submission.accepted;
}
