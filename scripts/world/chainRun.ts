/** One chain of the local world while it runs: every block is looked at once, in order, and the chain's market moves with each. */
import { PermanentError } from "../../protocol/errors.js";
import type { OutsideMarket } from "../market/outside.js";
import type { Rng } from "../market/rng.js";
import { AttackTurns } from "./attackTurns.js";
import type { WorldChain } from "./chain.js";
import type { WorldFeed } from "./feeds.js";
import { openPools, referencePrices, WorldMarket } from "./market.js";
import { Recorder } from "./recorder.js";
import { WorldReserves } from "./reserves.js";
import { Rounds } from "./rounds.js";
import type { Terminal } from "./terminal.js";

/** No new block for so long means that the node no longer works. */
const STALLED_MS = 60_000;

export interface ChainRunParts {
  readonly chain: WorldChain;
  readonly outside: OutsideMarket;
  readonly feeds: readonly WorldFeed[];
  /** Of this chain: flows of different chains are independent. */
  readonly rng: Rng;
  readonly terminal: Terminal;
  readonly speed: number;
  readonly volume: number;
  readonly trading: boolean;
  readonly attacked: boolean;
  /** The account that pays for the reporter's rounds. */
  readonly payer: string | undefined;
}

export class ChainRun {
  #lastBlockAt = Date.now();

  private constructor(
    readonly chain: WorldChain,
    readonly market: WorldMarket,
    readonly recorder: Recorder,
    readonly rounds: Rounds,
    readonly reserves: WorldReserves,
    readonly attacks: AttackTurns,
    /** The first that is looked at. */
    readonly firstBlock: number,
  ) {}

  static async open(parts: ChainRunParts): Promise<ChainRun> {
    const { chain, outside, feeds, rng, terminal, speed, volume, trading, attacked, payer } = parts;
    const pools = await openPools(chain, rng, volume);
    const market = new WorldMarket(chain, pools, outside, terminal, rng, speed, volume, trading);
    const block = await chain.rpc.blockNumber();
    const recorder = new Recorder(chain, pools, terminal, referencePrices(chain), block);
    await recorder.begin();
    const rounds = new Rounds(chain, feeds, payer, speed, terminal);
    rounds.punctualFrom(block);
    const reserves = new WorldReserves(chain, terminal);
    const attacks = new AttackTurns({ chain, pools, market }, terminal, block + 1, attacked);
    return new ChainRun(chain, market, recorder, rounds, reserves, attacks, block + 1);
  }

  get lastBlock(): number {
    return this.recorder.lastBlock;
  }

  /** Blocks that were looked at. */
  get blocks(): number {
    return this.lastBlock - this.firstBlock + 1;
  }

  /**
   * The next block, if it is there. `between`: once its state is known and before the market moves. @returns whether there was one.
   * @throws PermanentError RPC_GONE, NODE_STALLED
   */
  async next(between: (block: number) => Promise<void>): Promise<boolean> {
    if ((await this.chain.rpc.blockNumber()) <= this.lastBlock) {
      if (Date.now() - this.#lastBlockAt > STALLED_MS) {
        throw new PermanentError("NODE_STALLED", `no new block for ${STALLED_MS / 1000} s`, "start again");
      }
      return false;
    }
    const block = this.lastBlock + 1;
    await this.recorder.look(block, this.market.prices);
    await this.reserves.look(block);
    await between(block);
    await this.market.step(block);
    await this.rounds.look(block);
    this.attacks.look(block);
    // A reorganisation takes a while, too: the node counts as stalled only after looks that found nothing.
    this.#lastBlockAt = Date.now();
    return true;
  }
}
