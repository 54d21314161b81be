/**
 * Flash swings during a simulation: once an hour somebody moves a pool by up to 90 % of a reserve and back in one transaction, with
 * tokens borrowed from another pool where one shares the token. Counted: executions it caused, history it changed, what it earned.
 */
import { FlashAttacker__factory, IPmmPool__factory } from "../../protocol/generated/contracts/index.js";
import type { MarketToken, UsdPrices } from "../market/outside.js";
import type { Rng } from "../market/rng.js";
import type { SimChain, SimReceipt, SimTransaction } from "./chain.js";
import type { PoolRun } from "./pool-run.js";
import type { LedgerToken } from "./stabilizer-ledger.js";
import { StabilizerLedger } from "./stabilizer-ledger.js";

const SECONDS_BETWEEN_ATTEMPTS = 3600;
/** Largest share of a reserve that is swung. */
const LARGEST_SHARE = 0.9;
/** Ended blocks whose history must not change. */
const WATCHED_BLOCKS = 8;
/** Blocks after a swing in which an execution would be blamed on it. */
const BLAMED_BLOCKS = 5;
const WAD_PER_BPS = 1e14;

const attackerAbi = FlashAttacker__factory.createInterface();
const poolAbi = IPmmPool__factory.createInterface();

export interface FlashFigures {
  attempts: number;
  /** Attempts whose transaction failed: no swing happened. */
  failed: number;
  executionsCaused: number;
  historyChanged: number;
  /** Best result of all attempts, micro-USD at the outside market; undefined before the first. */
  profitUnitsMax: bigint | undefined;
  /** Largest difference a swing left in its own block's end (fees stay in the reserves), bps. */
  blockEndShiftBpsMax: number;
}

interface Planned {
  readonly pool: PoolRun;
  readonly historyBefore: string;
}

export class FlashSwings {
  readonly figures: FlashFigures = {
    attempts: 0,
    failed: 0,
    executionsCaused: 0,
    historyChanged: 0,
    profitUnitsMax: undefined,
    blockEndShiftBpsMax: 0,
  };
  readonly #rng: Rng;
  readonly #books: StabilizerLedger;
  #nextAt: number;
  #planned: Planned | undefined;
  /** Pool and last block in which an execution counts as caused. */
  readonly #blamed = new Map<PoolRun, number>();

  constructor(
    private readonly chain: SimChain,
    private readonly pools: readonly PoolRun[],
    private readonly attacker: { readonly owner: string; readonly contract: string },
    private readonly tokens: readonly LedgerToken[],
    start: UsdPrices,
    rng: Rng,
    totalSeconds: number,
  ) {
    this.#rng = rng.stream("flash");
    // A run shorter than an hour gets its attempt too.
    this.#nextAt = this.#rng.uniform() * Math.min(SECONDS_BETWEEN_ATTEMPTS, totalSeconds);
    this.#books = new StabilizerLedger(tokens, [attacker.contract], start);
  }

  /** Whether a swing belongs into the block that ends at `atSeconds`. */
  isDue(atSeconds: number): boolean {
    return atSeconds >= this.#nextAt;
  }

  /** The swing that is due, for the next block. Reads the history before it. */
  async plan(): Promise<SimTransaction | undefined> {
    this.#nextAt += SECONDS_BETWEEN_ATTEMPTS;
    const pool = this.pools[this.figures.attempts % this.pools.length];
    if (pool === undefined) return undefined;
    this.figures.attempts += 1;
    const historyBefore = await this.#history(pool, 0);
    this.#planned = { pool, historyBefore };
    return { from: this.attacker.owner, to: this.attacker.contract, data: this.#swingData(pool) };
  }

  /** Looks at what the swing of the newest block did. */
  async settle(receipt: SimReceipt, block: number, market: UsdPrices): Promise<void> {
    const planned = this.#planned;
    if (planned === undefined) return;
    this.#planned = undefined;
    // One block has ended since: the same blocks now stand one place further back.
    if ((await this.#history(planned.pool, 1)) !== planned.historyBefore) this.figures.historyChanged += 1;
    if (!receipt.ok) {
      this.figures.failed += 1;
      return;
    }
    const changes = this.#books.changesOf(receipt.logs);
    const profit = this.#microUsd(changes, market);
    const best = this.figures.profitUnitsMax;
    if (best === undefined || profit > best) this.figures.profitUnitsMax = profit;

    const swung = receipt.logs
      .map((log) => attackerAbi.parseLog({ topics: [...log.topics], data: log.data }))
      .find((event) => event?.name === "Swung");
    const before = BigInt(String(swung?.args["ratioBeforeWad"] ?? 0));
    const after = BigInt(String(swung?.args["ratioAfterWad"] ?? 0));
    const shift = Math.abs(Number(after - before)) / WAD_PER_BPS;
    this.figures.blockEndShiftBpsMax = Math.max(this.figures.blockEndShiftBpsMax, shift);
    if (planned.pool.isOutside(before) !== planned.pool.isOutside(after)) {
      this.#blamed.set(planned.pool, block + BLAMED_BLOCKS);
    }
  }

  /** An execution happened. */
  executed(pool: PoolRun, block: number): void {
    if (block <= (this.#blamed.get(pool) ?? -1)) this.figures.executionsCaused += 1;
    this.#blamed.delete(pool);
  }

  #swingData(pool: PoolRun): string {
    const { spec, state } = pool;
    const sellBase = this.#rng.uniform() < 0.5;
    const share = LARGEST_SHARE * (0.1 + 0.9 * this.#rng.uniform());
    const token = sellBase ? spec.base : spec.quote;
    const reserve = sellBase ? state.baseReserve : state.quoteReserve;
    const amountIn = (reserve * BigInt(Math.floor(share * 1e6))) / 1_000_000n;
    const swing = { pool: spec.address, sellBase, amountIn, inner: [] };
    const lender = this.pools.find(
      (other) => other !== pool && (other.spec.base === token || other.spec.quote === token),
    );
    if (lender === undefined) return attackerAbi.encodeFunctionData("swing", [swing]);
    const lendsBase = lender.spec.base === token;
    const available = lendsBase ? lender.state.baseReserve : lender.state.quoteReserve;
    const borrowed = amountIn < (available * 9n) / 10n ? amountIn : (available * 9n) / 10n;
    return attackerAbi.encodeFunctionData("borrowAndSwing", [
      lender.spec.address,
      lendsBase ? borrowed : 0n,
      lendsBase ? 0n : borrowed,
      swing,
    ]);
  }

  /** Block-ends of the watched blocks, leaving out the `newest` ones. */
  async #history(pool: PoolRun, newest: number): Promise<string> {
    const data = poolAbi.encodeFunctionData("recentBlockEnds", [WATCHED_BLOCKS + newest]);
    const answer = await this.chain.call(pool.spec.address, data, "pending");
    const [ratios] = poolAbi.decodeFunctionResult("recentBlockEnds", answer) as unknown as [bigint[]];
    return ratios.slice(newest, newest + WATCHED_BLOCKS).join(",");
  }

  #microUsd(changes: ReadonlyMap<MarketToken, bigint>, market: UsdPrices): bigint {
    let profit = 0n;
    for (const token of this.tokens) {
      const change = changes.get(token.name) ?? 0n;
      const product = change * BigInt(Math.round(market[token.name] * 1e6));
      const unit = 10n ** BigInt(token.decimals);
      // Towards minus infinity would flatter the defence: round up.
      profit += product > 0n ? (product + unit - 1n) / unit : product / unit;
    }
    return profit;
  }
}
