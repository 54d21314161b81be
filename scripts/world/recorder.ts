/** Looks at every block of the local world once it has ended: block-end deviations, executions, what the stabilizer gained. */
import {
  IPmmPool__factory,
  IStabilizer__factory,
  IXAUOracle__factory,
} from "../../protocol/generated/contracts/index.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import type { UsdPrices } from "../market/outside.js";
import { decodeRead, encodeRead } from "../sim/abi.js";
import type { PoolRun } from "../sim/pool-run.js";
import { StabilizerLedger, type LedgerToken } from "../sim/stabilizer-ledger.js";
import type { WorldChain } from "./chain.js";
import { amount, bps, type Terminal } from "./terminal.js";

const stabilizerAbi = IStabilizer__factory.createInterface();
const oracleAbi = IXAUOracle__factory.createInterface();
const poolAbi = IPmmPool__factory.createInterface();
const WAD = 10n ** 18n;

function deviationBps(ratioWad: unknown): number {
  return Number(BigInt(String(ratioWad)) - WAD) / 1e14;
}

export class Recorder {
  readonly ledger: StabilizerLedger;
  readonly tokens: readonly LedgerToken[];
  readonly gasPerExecution: number[] = [];
  #last: number;
  readonly #readData: string;
  readonly #holders: readonly string[];
  #holdingsAtStart = new Map<TokenName, bigint>();
  #pricesAtStart: UsdPrices;

  constructor(
    private readonly chain: WorldChain,
    readonly pools: readonly PoolRun[],
    private readonly terminal: Terminal,
    start: UsdPrices,
    startBlock: number,
  ) {
    const { deployment, loaded } = chain;
    this.tokens = tokenNames.map((name) => ({
      name,
      address: deployment.token(name),
      decimals: loaded.params.tokens[name].decimals,
    }));
    this.#holders = [deployment.address("Stabilizer"), ...Object.values(deployment.meshPools())];
    this.ledger = new StabilizerLedger(this.tokens, this.#holders, start);
    this.#readData = encodeRead(pools.map((pool) => pool.spec.address));
    this.#last = startBlock;
    this.#pricesAtStart = start;
  }

  /** Newest block that was looked at. */
  get lastBlock(): number {
    return this.#last;
  }

  async begin(): Promise<void> {
    this.#holdingsAtStart = await this.#holdings();
  }

  /** Looks at one more block; blocks come in order, each once. */
  async look(block: number, market: UsdPrices): Promise<void> {
    const { rpc, driver } = this.chain;
    await this.#executions(block, market);
    const states = decodeRead(await rpc.call(driver, this.#readData, block), this.pools.length);
    this.pools.forEach((pool, index) => {
      const state = states[index];
      if (state !== undefined) pool.update(state);
      pool.record(block, 1);
    });
    this.#last = block;
  }

  /** End − start of everything held, at the outside market, XAU wei. */
  async markToMarketXauWei(market: UsdPrices): Promise<bigint> {
    const now = this.ledger.valueAt(await this.#holdings(), market);
    return now - this.ledger.valueAt(this.#holdingsAtStart, this.#pricesAtStart);
  }

  async #executions(block: number, market: UsdPrices): Promise<void> {
    const { rpc, deployment } = this.chain;
    const logs = await rpc.logs(deployment.address("Stabilizer"), block, block);
    const hashes = new Set<string>();
    for (const log of logs) {
      const event = stabilizerAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event?.name !== "Stabilized") continue;
      const pool = this.pools.find(
        (run) => run.spec.address.toLowerCase() === String(event.args["pool"]).toLowerCase(),
      );
      if (pool === undefined) continue;
      hashes.add(log.transactionHash);
      pool.executions += 1;
      pool.executionBlocks.push(block);
      pool.latency.executed(block);
      const sold = event.args["sellBase"] === true ? pool.spec.base : pool.spec.quote;
      const decimals = sold === pool.spec.base ? pool.spec.baseDecimals : pool.spec.quoteDecimals;
      const gained = Number(BigInt(String(event.args["inventoryChangeXauWei"]))) / 1e18;
      const recorded = poolAbi.encodeFunctionData("recordedRatio");
      const ratioAfterWad = BigInt(await rpc.call(pool.spec.address, recorded, block));
      this.terminal.event(
        block,
        "execution",
        "green",
        `${pool.spec.name.padEnd(12)} ${bps(deviationBps(event.args["ratioBeforeWad"]))} → ${bps(deviationBps(ratioAfterWad))}` +
          `  sold ${amount(BigInt(String(event.args["amountIn"])), decimals, sold === "XAU" ? 3 : 0)} ${sold}, inventory +${gained.toFixed(6)} oz`,
      );
    }
    for (const hash of hashes) await this.#book(hash, block, market);
  }

  async #book(hash: string, block: number, market: UsdPrices): Promise<void> {
    const { rpc, deployment } = this.chain;
    const receipt = await rpc.receipt(hash);
    if (receipt === undefined) return;
    const executed = receipt.logs.filter(
      (log) =>
        log.address.toLowerCase() === deployment.address("Stabilizer").toLowerCase() &&
        log.topics[0] === stabilizerAbi.getEvent("Stabilized").topicHash,
    ).length;
    this.gasPerExecution.push(receipt.gasUsed / Math.max(1, executed));
    const prices = new Map<TokenName, bigint>();
    for (const token of this.tokens) {
      const data = oracleAbi.encodeFunctionData("priceInXau", [token.address]);
      prices.set(token.name, BigInt(await rpc.call(deployment.address("XAUOracle"), data, block)));
    }
    this.ledger.book(this.ledger.changesOf(receipt.logs), prices, market);
  }

  async #holdings(): Promise<Map<TokenName, bigint>> {
    const held = new Map<TokenName, bigint>();
    for (const token of this.tokens) {
      const handle = this.chain.contracts.token(token.name);
      for (const holder of this.#holders) {
        held.set(token.name, (held.get(token.name) ?? 0n) + (await handle.balanceOf(holder)));
      }
    }
    return held;
  }
}
