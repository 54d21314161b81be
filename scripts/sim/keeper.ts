/** The stabilizer's keeper inside the simulation: its own observation, decision and bytes; only the sending is ours. */
import { IStabilizer__factory, IXAUOracle__factory } from "../../protocol/generated/contracts/index.js";
import type { TokenName } from "../../protocol/params/schema.js";
import { decide } from "../../keepers/deviation-stabilizer/decide.js";
import { encode } from "../../keepers/deviation-stabilizer/encode.js";
import { decodeSnapshot, snapshotCall } from "../../keepers/deviation-stabilizer/observe.js";
import type { DecideConfig, SkipReason } from "../../keepers/deviation-stabilizer/types.js";
import type { UsdPrices } from "../market/outside.js";
import { GAS_PRICE_WEI, type SimChain, type SimReceipt, type SimTransaction } from "./chain.js";
import type { PoolRun } from "./pool-run.js";
import type { LedgerToken, StabilizerLedger } from "./stabilizer-ledger.js";

/** The keeper's defaults for what `decide` needs; economics off: in a simulation gas costs nobody anything. */
const DECIDE_CONFIG: DecideConfig = {
  sizeHeadroomBps: 500,
  maxOrders: 8,
  gasPerOrder: 350_000,
  gasBase: 60_000,
  economics: "off",
};
const BLOCK_ENDS = 8;
/** Reasons that mean: no capital is left for this. */
const WITHOUT_CAPITAL: readonly SkipReason[] = ["no-inventory"];
/** Reasons that mean: somebody or something has stopped the stabilizer. */
const HALTED: readonly SkipReason[] = [
  "paused",
  "oracle-unavailable",
  "anchor-disagrees",
  "history-unavailable",
  "pool-unreadable",
  "peg-halted",
  "price-outside-guard",
];

const stabilizerAbi = IStabilizer__factory.createInterface();
const oracleAbi = IXAUOracle__factory.createInterface();

/** Addresses the keeper works with. */
export interface KeeperTargets {
  readonly keeper: string;
  readonly stabilizer: string;
  readonly lens: string;
  readonly oracle: string;
}

export class SimKeeper {
  readonly skips: Partial<Record<SkipReason, number>> = {};
  readonly gasUsed: number[] = [];
  reverted = 0;
  /** Sum of what the Stabilized events say the inventory gained, XAU wei: a second opinion beside the ledger. */
  eventGainXauWei = 0n;
  /** Blocks in which some pool could not be acted on for want of capital, and how often that began. */
  exhaustedBlocks = 0;
  refillsWanted = 0;
  haltedBlocks = 0;
  /** Block at whose end the keeper was asked last. */
  #answeredAt: number | undefined;
  #pending: SimTransaction | undefined;

  constructor(
    private readonly chain: SimChain,
    private readonly targets: KeeperTargets,
    private readonly pools: ReadonlyMap<string, PoolRun>,
    private readonly tokens: readonly LedgerToken[],
    private readonly ledger: StabilizerLedger,
  ) {}

  /** At the end of a block in which some pool stands outside its threshold: what to do in the next one. */
  async observe(): Promise<void> {
    const call = snapshotCall(this.targets.lens, BLOCK_ENDS);
    const snapshot = decodeSnapshot(await this.chain.call(call.to, call.data, "pending"));
    const observation = {
      ...snapshot,
      gasPriceWei: GAS_PRICE_WEI,
      inFlight: 0,
      backoffUntilBlock: new Map<string, bigint>(),
    };
    const decision = decide(observation, DECIDE_CONFIG);
    this.#answeredAt = this.chain.head.number;
    this.#count(decision.skips);
    if (decision.kind === "skip") return;
    this.#pending = { from: this.targets.keeper, to: this.targets.stabilizer, data: encode(decision.orders) };
  }

  /** Whether the newest answer is an execution. */
  get hasOrders(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Whether the newest answer holds for blocks without any transaction: nothing was ordered, and each of the pools that may be acted on
   * has no capital, which only a transaction can change.
   */
  hasAnswered(acting: readonly PoolRun[], head: number): boolean {
    return this.#answeredAt === head && this.#pending === undefined && acting.every((pool) => pool.exhausted);
  }

  /** `blocks` blocks ended without a question. */
  passed(blocks: number, head: number): void {
    if (this.#answeredAt === head && [...this.pools.values()].some((pool) => pool.exhausted)) {
      this.exhaustedBlocks += blocks;
    }
  }

  /** The execution decided at the end of the block before, once. */
  transaction(): SimTransaction | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  /** Books what the execution of the newest block did; returns the pools that were traded. */
  async settle(receipt: SimReceipt, block: number, market: UsdPrices): Promise<PoolRun[]> {
    if (!receipt.ok) {
      this.reverted += 1;
      return [];
    }
    const acted = receipt.logs.flatMap((log) => {
      if (log.address.toLowerCase() !== this.targets.stabilizer.toLowerCase()) return [];
      const event = stabilizerAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event?.name !== "Stabilized") return [];
      this.eventGainXauWei += BigInt(String(event.args["inventoryChangeXauWei"]));
      return this.pools.get(String(event.args["pool"]).toLowerCase()) ?? [];
    });
    if (acted.length === 0) return acted;
    this.gasUsed.push(receipt.gasUsed / acted.length);
    this.ledger.book(this.ledger.changesOf(receipt.logs), await this.#oraclePrices(), market);
    for (const pool of acted) {
      pool.executions += 1;
      pool.executionBlocks.push(block);
      pool.latency.executed(block);
    }
    return acted;
  }

  /** XAU per whole token at the newest block's oracle, 1e18. */
  async #oraclePrices(): Promise<Map<TokenName, bigint>> {
    const prices = new Map<TokenName, bigint>();
    for (const token of this.tokens) {
      const data = oracleAbi.encodeFunctionData("priceInXau", [token.address]);
      prices.set(token.name, BigInt(await this.chain.call(this.targets.oracle, data)));
    }
    return prices;
  }

  #count(skips: readonly { readonly pool: string; readonly reason: SkipReason }[]): void {
    let exhausted = false;
    let halted = false;
    for (const { pool, reason } of skips) {
      this.skips[reason] = (this.skips[reason] ?? 0) + 1;
      const run = this.pools.get(pool.toLowerCase());
      if (run === undefined) continue;
      const without = WITHOUT_CAPITAL.includes(reason);
      if (without && !run.exhausted) this.refillsWanted += 1;
      run.exhausted = without;
      exhausted ||= without;
      halted ||= HALTED.includes(reason) && run.outsideThreshold;
    }
    if (exhausted) this.exhaustedBlocks += 1;
    if (halted) this.haltedBlocks += 1;
  }
}
