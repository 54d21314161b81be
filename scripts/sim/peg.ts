/**
 * The peg managers inside the simulation: the keeper's own question and bytes, asked only when the answer could be yes. A poke can become
 * due by a price that leaves its band, by block-ends that leave the first threshold, and by the end of what began so; in calm nothing
 * is asked, which a share of the blocks checks. The board tells much more than what is due, at ten times the cost: first each traded
 * token's manager is asked for that alone, and the board where one says yes.
 */
import type { Deployment } from "../../protocol/addresses.js";
import { PermanentError } from "../../protocol/errors.js";
import { IPegManager__factory, IXAUOracle__factory } from "../../protocol/generated/contracts/index.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import {
  decodePegStatus,
  encodePoke,
  pegState,
  pegStatusCall,
  pokeGasLimit,
  type PegState,
  type PegView,
} from "../../protocol/pegBoard.js";
import type { MarketToken, UsdPrices } from "../market/outside.js";
import type { SimChain, SimReceipt, SimTransaction } from "./chain.js";
import type { PoolRun } from "./pool-run.js";

const managerAbi = IPegManager__factory.createInterface();
const oracleAbi = IXAUOracle__factory.createInterface();
const STATE_CHANGED = managerAbi.getEvent("StateChanged").topicHash;
/** Share of a price band inside which nobody asks: feeds follow the market by far less than the rest. */
const CALM_SHARE = 0.5;
/** A feed shows what the market was a few blocks ago, and its gap between two rounds may add to that. */
const ROUND_BLOCKS = 20;
/** After one in this many blocks of calm the board is asked although nothing can be due. */
const CHECKED_EVERY = 1_000;
/** At one in this many questions the board is asked although no manager says that a poke is due. */
const BOARD_EVERY = 50;

/** A change of the state that counts. */
export interface PegTransition {
  readonly block: number;
  readonly token: string;
  readonly from: PegState;
  readonly to: PegState;
}

interface Band {
  readonly token: MarketToken;
  readonly lowUsd: number;
  readonly highUsd: number;
}

export class SimPeg {
  readonly transitions: PegTransition[] = [];
  /** Blocks that ended in each state other than NORMAL, per token. */
  readonly stateBlocks = new Map<string, Partial<Record<PegState, number>>>();
  pokes = 0;
  /** Executions on a pool one of whose tokens the oracle of that block priced outside its guard: the contract promises none. */
  executionsOutsideGuard = 0;
  /** Executions while only the outside market stood there: the round that tells arrives a block later. */
  executionsAheadOfFeed = 0;
  readonly #states = new Map<string, PegState>();
  readonly #guards: readonly Band[];
  readonly #bandShare: ReadonlyMap<MarketToken, number>;
  readonly #deviatingBps: number;
  readonly #memoryBlocks: number;
  #due: readonly string[] = [];
  #attentiveUntil = 0;
  #calm = 0;
  #asked = 0;
  /** Per traded token: its manager, and the question whether its poke is due. */
  readonly #questions: readonly { readonly to: string; readonly data: string }[];

  constructor(
    private readonly chain: SimChain,
    private readonly deployment: Deployment,
    params: NetworkParams,
    private readonly tokens: readonly MarketToken[],
    private readonly sender: string,
  ) {
    const { peg } = params;
    for (const token of tokens) this.#states.set(token, "NORMAL");
    this.#questions = tokens.map((token) => {
      const { manager } = peg.tokens[token];
      const to = deployment.address(manager === "commodity" ? "CommodityPegManager" : "StablecoinPegManager");
      return { to, data: managerAbi.encodeFunctionData("pokeDue", [deployment.token(token)]) };
    });
    this.#guards = tokens.map((token) => ({
      token,
      lowUsd: Number(peg.tokens[token].guardMinUsd),
      highUsd: Number(peg.tokens[token].guardMaxUsd),
    }));
    this.#bandShare = new Map(tokens.map((token) => [token, Number(peg.tokens[token].bandBps) / 10_000]));
    this.#memoryBlocks = Math.max(peg.haltBlocks, peg.market.enterBlocks, peg.market.recoverBlocks) + ROUND_BLOCKS;
    this.#deviatingBps = Number(peg.market.deviatingBps);
  }

  /** State of each token now. */
  get states(): ReadonlyMap<string, PegState> {
    return this.#states;
  }

  /** Whether the board has to be asked at the end of this block: something stands outside, stood there lately, or is not called off yet. */
  isAttentive(block: number, pools: readonly PoolRun[], prices: UsdPrices, references: UsdPrices): boolean {
    if (this.#hasCause(pools, prices, references)) this.#attentiveUntil = block + this.#memoryBlocks;
    return block <= this.#attentiveUntil;
  }

  #hasCause(pools: readonly PoolRun[], prices: UsdPrices, references: UsdPrices): boolean {
    if ([...this.#states.values()].some((state) => state !== "NORMAL")) return true;
    if (pools.some((pool) => Math.abs(pool.deviation) >= this.#deviatingBps * CALM_SHARE)) return true;
    return this.tokens.some((token) => {
      const off = Math.abs(prices[token] / references[token] - 1);
      return off >= (this.#bandShare.get(token) ?? 0) * CALM_SHARE;
    });
  }

  /** At the end of a block. @throws PermanentError SIM_PEG_DISAGREES when a poke is due although nothing could have made it so. */
  async observe(attentive: boolean): Promise<void> {
    if (!attentive) {
      this.#calm += 1;
      if (this.#calm % CHECKED_EVERY !== 0) return;
    }
    this.#asked += 1;
    const isDue = await this.#isAnyDue();
    if (!isDue && this.#asked % BOARD_EVERY !== 0) {
      this.#due = [];
      return;
    }
    const { to, data } = pegStatusCall(this.deployment.address("PegBoard"));
    const views = decodePegStatus(await this.chain.call(to, data, "pending"));
    const due = views.filter((view) => view.readable && view.pokeDue && this.#isTraded(view));
    if ((!attentive || !isDue) && due.length > 0) throw unexpectedPoke(this.chain.head.number, due);
    this.#due = due.map((view) => view.token);
  }

  async #isAnyDue(): Promise<boolean> {
    for (const { to, data } of this.#questions) {
      // What reverts is not readable, and nobody pokes it.
      const answer = await this.chain.call(to, data, "pending").catch(() => "0x0");
      if (BigInt(answer) !== 0n) return true;
    }
    return false;
  }

  /** The poke decided at the end of the block before, once. */
  transaction(): SimTransaction | undefined {
    if (this.#due.length === 0) return undefined;
    const data = encodePoke(this.#due);
    const gas = Number(pokeGasLimit(this.#due.length));
    this.#due = [];
    return { from: this.sender, to: this.deployment.address("PegBoard"), data, gas };
  }

  /** Books the poke of the newest block. */
  settle(receipt: SimReceipt, block: number): void {
    if (!receipt.ok) throw new Error(`PegBoard.poke failed in block ${block}`);
    this.pokes += 1;
    for (const log of receipt.logs) {
      if (log.topics[0] !== STATE_CHANGED) continue;
      const event = managerAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event === null) continue;
      const address = String(event.args["token"]);
      const token = this.deployment.tokenAt(address) ?? address;
      const [from, to] = [pegState(event.args["from"] as bigint), pegState(event.args["to"] as bigint)];
      this.#states.set(token, to);
      this.transitions.push({ block, token, from, to });
    }
  }

  /** `blocks` blocks have ended in the present states. */
  passed(blocks: number): void {
    for (const [token, state] of this.#states) {
      if (state === "NORMAL") continue;
      const own = this.stateBlocks.get(token) ?? {};
      own[state] = (own[state] ?? 0) + blocks;
      this.stateBlocks.set(token, own);
    }
  }

  /** An execution on these pools in the newest block, while the outside market stood like this. */
  async executed(pools: readonly PoolRun[], market: UsdPrices): Promise<void> {
    for (const { spec } of pools) {
      const own = this.#guards.filter(({ token }) => token === spec.base || token === spec.quote);
      let byOracle = false;
      for (const guard of own) byOracle ||= isOutside(guard, await this.#oracleUsd(guard.token));
      if (byOracle) this.executionsOutsideGuard += 1;
      else if (own.some((guard) => isOutside(guard, market[guard.token]))) this.executionsAheadOfFeed += 1;
    }
  }

  async #oracleUsd(token: MarketToken): Promise<number> {
    const data = oracleAbi.encodeFunctionData("priceInUsd", [this.deployment.token(token)]);
    return Number(BigInt(await this.chain.call(this.deployment.address("XAUOracle"), data))) / 1e18;
  }

  /** A token without a traded pool is not reported either: its price stands still until it is stale. */
  #isTraded(view: PegView): boolean {
    const name = this.deployment.tokenAt(view.token);
    return name !== undefined && this.tokens.includes(name);
  }
}

function isOutside({ lowUsd, highUsd }: Band, usd: number): boolean {
  return usd < lowUsd || usd > highUsd;
}

function unexpectedPoke(block: number, due: readonly PegView[]): PermanentError {
  return new PermanentError(
    "SIM_PEG_DISAGREES",
    `after block ${block} a poke is due for ${due.map((view) => view.token).join(", ")}, but by scripts/sim/peg.ts none can be`,
    "the conditions of SimPeg.isAttentive or the answers of PegManager.pokeDue have come apart from contracts/peg",
    { block: String(block) },
  );
}
