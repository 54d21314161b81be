/** One chain's way out: an action as an intent, tried as exactly these bytes, then handed to the outbox. */
import { keccak256 } from "ethers";

import type { DecodedRevert } from "../../protocol/revert.js";
import type { Counters } from "../kit/counters.js";
import { describeError, type KeeperLog } from "../kit/logger.js";
import type { NextBlock } from "../kit/nextBlock.js";
import { bytesOf, type Action, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { Confirm } from "../kit/providers/confirm.js";
import type { RecordSink } from "../kit/record.js";
import { simulate } from "../kit/simulate.js";
import type { Intent, Settled, Submission, Submitter } from "../kit/submitter.js";

export interface SenderParts {
  readonly account: string;
  readonly config: { readonly gasLimit: number; readonly validBlocks: number; readonly maxFeePerGasWei: bigint };
  readonly encode: EncodeAction;
  readonly nextBlock: NextBlock;
  readonly confirm: Confirm;
  readonly submitter: Submitter;
  readonly onRevert: (revert: DecodedRevert) => void;
  readonly record: RecordSink;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

export class Sender {
  constructor(private readonly parts: SenderParts) {}

  /** What is asked for at a head. */
  intent(key: string, action: Action, head: Head): Intent {
    const { config, encode } = this.parts;
    return {
      ...{ key, action, ...bytesOf(encode, action), valueWei: 0n },
      gasLimit: BigInt(config.gasLimit),
      maxFeePerGasWei: config.maxFeePerGasWei,
      validUntilBlock: head.number + config.validBlocks,
    };
  }

  /** @returns why it would fail in the next block; undefined when enough nodes say that it passes. @throws RetryableError */
  async trial({ to, data, valueWei, gasLimit }: Intent, head: Head): Promise<string | undefined> {
    const { nextBlock, confirm, onRevert, account: from } = this.parts;
    const call = { to, data, valueWei, gasLimit, from };
    const simulation = await simulate(nextBlock, call, head);
    if (!simulation.ok) {
      onRevert(simulation.revert);
      return simulation.revert.name;
    }
    await confirm(call, head);
    return undefined;
  }

  /**
   * Hands it over. What the outbox throws is an answer too: nobody knows then whether it is written down, and the books will say.
   * @returns why it was not taken.
   */
  async submit(intent: Intent, head: Head): Promise<string | undefined> {
    const { submitter, counters, log, record } = this.parts;
    const { key, action } = intent;
    let submission: Submission;
    try {
      submission = await submitter.submit(intent, head);
    } catch (error) {
      counters.add("sent.unknown");
      log.warn("send.unknown", { key, ...describeError(error) });
      return describeError(error).code;
    }
    if (!submission.accepted) {
      counters.add(`sent.refused.${submission.refusal}`);
      log.warn("send.refused", { key, refusal: submission.refusal });
      return submission.refusal;
    }
    const { hash, broadcast } = submission;
    counters.add(broadcast ? `sent.${action.name.split(":")[0] ?? ""}` : "sent.dry-run");
    const facts = { key, action: action.name, hash, calldataHash: keccak256(intent.data) };
    log.info("sent", { block: head.number + 1, broadcast, ...facts });
    record.write({ kind: "sent", block: head.number + 1, facts: { ...facts, data: intent.data } });
    return undefined;
  }

  /** Whether something whose key begins like this is on its way. */
  isPending(prefix: string): boolean {
    return this.parts.submitter.pending().some(({ key }) => key.startsWith(prefix));
  }

  /** Looks after what is in flight. @throws RetryableError when the chain cannot be asked. */
  async upkeep(head: Head): Promise<readonly Settled[]> {
    const { submitter, counters, record } = this.parts;
    const settled = await submitter.upkeep(head);
    for (const { key, kind, hash, nonce, block } of settled) {
      counters.add(`settled.${kind}`);
      record.write({ kind: `tx.${kind}`, block: block ?? head.number, facts: { key, hash, nonce } });
    }
    return settled;
  }
}
