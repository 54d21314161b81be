/**
 * The positions that are known. Found ones are stored with the cursor that has passed them; those that are over for good are not read
 * again. What is over counts for good only once it has been so for some blocks: until then a block may be unwound. Now and then it is looked
 * at all the same: stages are what one node says.
 */
import type { Counters } from "../kit/counters.js";
import type { KeeperLog } from "../kit/logger.js";
import type { RescueStore } from "./store.js";
import { ownMembers, type Operators } from "./strategies/modes.js";
import type { Position, Reading, RescueProtocol } from "./types.js";

export interface WatchlistParts {
  readonly protocol: Pick<RescueProtocol<unknown>, "discover">;
  readonly operators: Operators;
  /** undefined: a dry run, which remembers nothing. */
  readonly store: RescueStore | undefined;
  /** Blocks that a position must have been over. */
  readonly depth: bigint;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** Blocks after which what is over is looked at again: a small part of any window. */
const LOOK_AGAIN_BLOCKS = 300n;
/** So many of them in one look: thousands that ended together must not hold it up. */
const LOOK_AGAIN_MOST = 100;
/** Looks for more at most so often in one go; the rest at the next block. */
const MAX_ROUNDS = 50;

export class Watchlist {
  private readonly positions = new Map<string, Position>();
  /** First block of those in a row in which it was over. */
  private readonly over = new Map<string, bigint>();
  /** Not read again, since which block. */
  private readonly gone = new Map<string, bigint>();
  private cursor: unknown;
  private isLoaded = false;

  constructor(private readonly parts: WatchlistParts) {}

  /** Whether an address is a position that was found. */
  has(address: string): boolean {
    return this.positions.has(address.toLowerCase());
  }

  get size(): number {
    return this.positions.size;
  }

  /** Those that may be in danger, or may become so: of operators that are looked after, and not over. */
  watched(): readonly Position[] {
    return [...this.positions.values()].filter(
      ({ id, operators }) => !this.gone.has(id) && ownMembers(operators, this.parts.operators) > 0,
    );
  }

  /** Those of these that may not be over and belong to nobody who is looked after. */
  others(ids: readonly string[]): readonly Position[] {
    return ids.flatMap((id) => {
      const position = this.positions.get(id);
      if (position === undefined || this.gone.has(id)) return [];
      return ownMembers(position.operators, this.parts.operators) > 0 ? [] : [position];
    });
  }

  /** What was found by the process before. */
  async load(): Promise<void> {
    if (this.isLoaded) return;
    const stored = await this.parts.store?.loadScan();
    this.cursor = stored?.cursor;
    for (const { position, closedBlock } of stored?.positions ?? []) {
      this.positions.set(position.id, position);
      if (closedBlock !== undefined) this.over.set(position.id, closedBlock);
    }
    this.isLoaded = true;
  }

  /** Another process may have found more while it led. */
  forget(): void {
    this.positions.clear();
    this.over.clear();
    this.gone.clear();
    this.isLoaded = false;
  }

  /** @throws RetryableError when nodes cannot say: nothing is lost, the cursor stays. */
  async discover(): Promise<void> {
    await this.load();
    const { protocol, store, counters, log } = this.parts;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const found = await protocol.discover(this.cursor);
      const stored = await store?.found(found);
      if (stored?.ok === false) {
        counters.add(`books.${stored.refusal}`);
        return;
      }
      this.cursor = found.cursor;
      for (const position of found.positions) {
        this.positions.set(position.id, position);
        this.over.delete(position.id);
        this.gone.delete(position.id);
      }
      if (found.positions.length > 0) {
        counters.add("positions.found", found.positions.length);
        log.info("positions.found", { found: found.positions.length, known: this.positions.size });
      }
      if (found.more !== true) return;
    }
  }

  /** Remembers which positions are over. */
  async see(readings: readonly Reading[], block: bigint): Promise<void> {
    const { store, depth } = this.parts;
    const fresh: string[] = [];
    const back: string[] = [];
    for (const { position, stage } of readings) {
      const since = this.over.get(position.id);
      if (stage !== "closed") {
        if (since !== undefined) back.push(position.id);
        this.over.delete(position.id);
      } else if (since === undefined || since > block) {
        this.over.set(position.id, block);
        fresh.push(position.id);
      } else if (block - since >= depth) this.gone.set(position.id, block);
    }
    const due = [...this.gone].filter(([, since]) => block - since >= LOOK_AGAIN_BLOCKS);
    for (const [id] of due.slice(0, LOOK_AGAIN_MOST)) this.gone.delete(id);
    if (fresh.length > 0) await store?.closed(fresh, block);
    if (back.length > 0) await store?.closed(back, undefined);
  }
}
