/**
 * The peg managers' poker. A manager measures only when somebody pokes it, and PegBoard says when a poke would change anything; this duty
 * looks once per block and pokes then. It lives beside the stabilizer because both need the same chain, key and block; it comes after the
 * stabilizer's work, because the contract's guard already refuses a lost peg that nobody has noticed yet.
 */
import { decodePegStatus, pegBoardAbi, pegStatusCall, pokeGasLimit, type PegView } from "../../protocol/pegBoard.js";
import type { Head } from "../kit/provider.js";
import { pokeAction } from "./encode.js";
import { doDuty, type DutyParts } from "./duty.js";

export interface PegWatchParts extends DutyParts {
  readonly boardAddress: string;
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
    const names = due.map((token) => parts.tokenName(token));
    const call = {
      action: pokeAction(due),
      gasLimit: pokeGasLimit(due.length),
      abi: pegBoardAbi,
    };
    const facts = { tokens: names.join(",") };
    await doDuty(parts, { kind: "poke", topic: "peg", effect: names.join("+"), ...call, facts }, head);
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
