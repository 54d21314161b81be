/**
 * The peg managers' poker. A manager measures only when somebody pokes it, and PegBoard says when a poke would change anything; this duty
 * looks once per block and pokes then. It lives beside the stabilizer because both need the same chain, key and block; it comes after the
 * stabilizer's work, because the contract's guard already refuses a lost peg that nobody has noticed yet.
 */
import {
  decodePegStatus,
  encodePoke,
  pegBoardAbi,
  pegStatusCall,
  pokeGasLimit,
  type PegView,
} from "../../protocol/pegBoard.js";
import type { Counters } from "../kit/counters.js";
import type { KeeperLog } from "../kit/logger.js";
import type { NextBlock } from "../kit/nextBlock.js";
import type { Head } from "../kit/provider.js";
import type { RecordSink } from "../kit/record.js";
import { simulate } from "../kit/simulate.js";
import type { Submitter } from "../kit/submitter.js";

export interface PegWatchParts {
  readonly boardAddress: string;
  readonly chainId: number;
  /** Simulations without a key are made from here. */
  readonly defaultSender: string;
  readonly tokenName: (address: string) => string;
  /** Most that a poke pays per gas, and for how many blocks it is wanted. */
  readonly maxFeePerGasWei: bigint;
  readonly validBlocks: number;
  readonly nextBlock: NextBlock;
  readonly submitter: Submitter;
  readonly record: RecordSink;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

export class PegWatch {
  private readonly states = new Map<string, string>();

  constructor(private readonly parts: PegWatchParts) {}

  /** State of each token as of the last look. */
  get report(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.states);
  }

  /** One block's look. @throws RetryableError when the chain cannot be asked; nothing was sent then. */
  async run(head: Head): Promise<void> {
    const { parts } = this;
    const views = decodePegStatus(await parts.nextBlock.call(pegStatusCall(parts.boardAddress), head));
    this.note(views, head);
    const due = views.filter((view) => view.readable && view.pokeDue).map((view) => view.token);
    // One transaction at a time: what is due now is due in the next block, too.
    if (due.length === 0 || parts.submitter.pending().length > 0) return;
    await this.poke(due, head);
  }

  private async poke(tokens: readonly string[], head: Head): Promise<void> {
    const { parts } = this;
    const names = tokens.map((token) => parts.tokenName(token));
    const call = {
      to: parts.boardAddress,
      data: encodePoke(tokens),
      valueWei: 0n,
      gasLimit: pokeGasLimit(tokens.length),
    };
    const from = parts.submitter.sender ?? parts.defaultSender;
    const simulation = await simulate(parts.nextBlock, { ...call, from }, head, pegBoardAbi);
    if (!simulation.ok) {
      parts.counters.add("pokes.failed");
      parts.log.warn("peg.poke-refused", { tokens: names.join(","), error: simulation.revert.name });
      return;
    }
    const block = head.number + 1;
    const submission = await parts.submitter.submit(
      {
        ...call,
        key: `poke:${String(parts.chainId)}:${names.join("+")}@${String(block)}`,
        maxFeePerGasWei: parts.maxFeePerGasWei,
        validUntilBlock: head.number + parts.validBlocks,
      },
      head,
    );
    const outcome = submission.accepted ? { hash: submission.hash } : { refusal: submission.refusal };
    parts.counters.add(submission.accepted ? (submission.broadcast ? "pokes.sent" : "pokes.dry-run") : "pokes.refused");
    parts.log.info("peg.poke", { block, tokens: names.join(","), ...outcome });
    parts.record.write({ kind: "poke", block, facts: { tokens: names, ...outcome } });
  }

  /** Changes of a token's state are news. */
  private note(views: readonly PegView[], head: Head): void {
    const { log, record, tokenName } = this.parts;
    for (const view of views) {
      const name = tokenName(view.token);
      const state = view.readable ? view.state : "UNREADABLE";
      const before = this.states.get(name);
      this.states.set(name, state);
      if (before === state || (before === undefined && state === "NORMAL")) continue;
      const facts = { token: name, from: before ?? "?", to: state, priceDeviationWad: view.priceDeviationWad };
      const level = state === "HALTED" || state === "UNREADABLE" ? "warn" : "info";
      log[level]("peg.state", { block: head.number + 1, ...facts });
      record.write({ kind: "peg.state", block: head.number + 1, facts });
    }
  }
}
