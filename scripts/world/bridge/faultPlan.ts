/** Which faults the bridge of the local world suffers, and when: seeded, and every kind comes up within a short run. */
import type { Rng } from "../../market/rng.js";

/** What becomes of a message on its way; `none`: it arrives after the latency. */
export const MESSAGE_FAULTS = ["none", "delayed", "duplicated", "reordered", "dropped"] as const;
export type MessageFault = (typeof MESSAGE_FAULTS)[number];

/** What happens to those who carry messages. */
export const SYSTEM_FAULTS = ["reorg", "attestor-killed"] as const;
export type SystemFault = (typeof SYSTEM_FAULTS)[number];

/** Blocks between two of the latter: an attestor needs some to work again. */
export const SYSTEM_FAULT_BLOCKS = 6;
/** Before the first of them. */
export const FIRST_SYSTEM_FAULT_BLOCKS = 4;

/** Draws without putting back: all items come once before any of them comes again. */
class Bag<T> {
  #left: T[] = [];

  constructor(
    private readonly items: readonly T[],
    private readonly rng: Rng,
  ) {}

  draw(): T {
    if (this.#left.length === 0) this.#left = [...this.items];
    const [drawn] = this.#left.splice(this.rng.below(this.#left.length), 1);
    if (drawn === undefined) throw new Error("a bag holds something");
    return drawn;
  }
}

export class FaultPlan {
  readonly #messages: Bag<MessageFault>;
  readonly #othersMessages: Bag<MessageFault>;
  readonly #system: Bag<SystemFault>;

  constructor(
    rng: Rng,
    /** Before the first block that is looked at. */
    private readonly startBlock: number,
  ) {
    this.#messages = new Bag(MESSAGE_FAULTS, rng.stream("messages"));
    const withoutLoss = MESSAGE_FAULTS.filter((fault) => fault !== "dropped");
    this.#othersMessages = new Bag(withoutLoss, rng.stream("others-messages"));
    this.#system = new Bag(SYSTEM_FAULTS, rng.stream("system"));
  }

  /** Of the next message. What its recipient cannot be made to cancel is never dropped: it would be missing until it expires, for days. */
  nextMessage(mayBeDropped: boolean): MessageFault {
    return (mayBeDropped ? this.#messages : this.#othersMessages).draw();
  }

  /** What happens at this block of the first chain; each block is asked for once. */
  atBlock(block: number): SystemFault | undefined {
    const since = block - this.startBlock - FIRST_SYSTEM_FAULT_BLOCKS;
    return since >= 0 && since % SYSTEM_FAULT_BLOCKS === 0 ? this.#system.draw() : undefined;
  }
}
