/** The attacker's turns on one chain of the local world: one attack after the other, each waiting for its opportunity. */
import { ATTACKS, type AttackContext, type AttackResult } from "./attacks.js";
import { usd, type Terminal } from "./terminal.js";

/** Blocks between the end of one attack and the next, and before the first. */
const ATTACK_PAUSE_BLOCKS = 2;
const FIRST_ATTACK_BLOCKS = 3;

export type AttackScene = Omit<AttackContext, "waitBlocks">;

export class AttackTurns {
  readonly results: AttackResult[] = [];
  readonly errors: string[] = [];
  readonly #waiting = new Set<{ until: number; resolve: () => void; reject: (reason: Error) => void }>();
  #attacking: Promise<void> | undefined;
  #next = 0;
  #nextBlock: number;
  #block: number;
  #ended = false;

  constructor(
    private readonly scene: AttackScene,
    private readonly terminal: Terminal,
    /** The first block that is looked at. */
    firstBlock: number,
    private readonly isOn: boolean,
  ) {
    this.#block = firstBlock - 1;
    this.#nextBlock = firstBlock + FIRST_ATTACK_BLOCKS;
  }

  /** One more block was looked at. */
  look(block: number): void {
    this.#block = block;
    for (const waiter of this.#waiting) {
      if (block < waiter.until) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
    if (this.isOn && this.#attacking === undefined && block >= this.#nextBlock) this.#attack();
  }

  /** No attack is left half-way in this process; what it has open stays open on a chain that ends as well. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const waiter of this.#waiting) waiter.reject(new Error("the world has ended"));
    this.#waiting.clear();
    await this.#attacking;
  }

  #attack(): void {
    const attack = ATTACKS[this.#next % ATTACKS.length];
    this.#next += 1;
    if (attack === undefined) return;
    this.#attacking = attack({ ...this.scene, waitBlocks: (count) => this.#waitBlocks(count) })
      .then((result) => {
        if (result === undefined) return;
        this.results.push(result);
        const colour = result.profitUsd < 0 ? "magenta" : "red";
        const text = `${result.name}: ${usd(result.profitUsd)} for the attacker; ${result.note}`;
        this.terminal.event(this.#block, "attack", colour, text);
      })
      .catch((error: unknown) => {
        if (!this.#ended) this.errors.push(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        this.#attacking = undefined;
        this.#nextBlock = this.#block + ATTACK_PAUSE_BLOCKS;
      });
  }

  #waitBlocks(count: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.#ended) reject(new Error("the world has ended"));
      else this.#waiting.add({ until: this.#block + count, resolve, reject });
    });
  }
}
