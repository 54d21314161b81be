/**
 * The attacker of the local world. Every attack is made in earnest with tokens of its own and measured by what the attacker's two
 * accounts hold afterwards, valued at the outside market. What a held position gained or lost because the outside market moved while
 * it was open is taken out: anybody could have had that elsewhere, without attacking anything.
 */
import { FlashAttacker__factory, IStabilizer__factory } from "../../protocol/generated/contracts/index.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import type { UsdPrices } from "../market/outside.js";
import type { PoolRun } from "../sim/pool-run.js";
import type { WorldChain } from "./chain.js";
import type { WorldMarket } from "./market.js";
import type { RpcReceipt } from "./rpc.js";

const attackerAbi = FlashAttacker__factory.createInterface();
const stabilizerAbi = IStabilizer__factory.createInterface();

/** In front of everybody, and behind the keeper. */
const FRONT_GAS_PRICE_WEI = 90_000_000_000n;
const BACK_GAS_PRICE_WEI = 1_600_000_000n;
/** Blocks after which a transaction counts as lost. */
const PATIENCE_BLOCKS = 6;
/** How long an attack waits for its opportunity. */
const OPPORTUNITY_BLOCKS = 12;
const POLL_MS = 50;
/** Rounds of one token come one after the other: how long the attacker waits for the others. */
const GATHER_MS = 200;

/** What an attack needs of the world. */
export interface AttackContext {
  readonly chain: WorldChain;
  readonly pools: readonly PoolRun[];
  readonly market: WorldMarket;
  /** Resolves when `count` more blocks have been looked at; rejects when the world ends. */
  waitBlocks(count: number): Promise<void>;
}

/** How an attack ended. `undefined`: there was nothing to attack. */
export interface AttackResult {
  readonly name: string;
  readonly profitUsd: number;
  readonly note: string;
}

/** One attack; undefined when no opportunity came. */
export type Attack = (context: AttackContext) => Promise<AttackResult | undefined>;

type Balances = ReadonlyMap<TokenName, bigint>;

/** Ledger of one attack: balances at the start, and positions that were held over blocks. */
class Books {
  /** What the outside market alone has made of held positions, USD. */
  heldGainUsd = 0;
  #position: { token: TokenName; other: TokenName; units: bigint; priceUsd: number; otherPriceUsd: number } | undefined;

  private constructor(
    private readonly context: AttackContext,
    private readonly before: Balances,
  ) {}

  static async open(context: AttackContext): Promise<Books> {
    return new Books(context, await holdings(context.chain));
  }

  /** A position of `units` of a token was bought against another one, now. */
  hold(token: TokenName, other: TokenName, units: bigint): void {
    const prices = this.context.market.prices;
    this.#position = { token, other, units, priceUsd: prices[token], otherPriceUsd: prices[other] };
  }

  /** The position is sold again, now: what the outside market alone has made of it is noted. */
  release(): void {
    const held = this.#position;
    this.#position = undefined;
    if (held === undefined) return;
    const prices = this.context.market.prices;
    const whole = Number(held.units) / 10 ** this.#decimals(held.token);
    const before = held.priceUsd / held.otherPriceUsd;
    const now = prices[held.token] / prices[held.other];
    this.heldGainUsd += whole * (now - before) * prices[held.other];
  }

  async profitUsd(): Promise<number> {
    const after = await holdings(this.context.chain);
    const prices: UsdPrices = this.context.market.prices;
    let profit = -this.heldGainUsd;
    for (const token of tokenNames) {
      const change = (after.get(token) ?? 0n) - (this.before.get(token) ?? 0n);
      profit += (Number(change) / 10 ** this.#decimals(token)) * prices[token];
    }
    return profit;
  }

  #decimals(token: TokenName): number {
    return this.context.chain.loaded.params.tokens[token].decimals;
  }
}

async function holdings(chain: WorldChain): Promise<Balances> {
  const held = new Map<TokenName, bigint>();
  for (const token of tokenNames) {
    const handle = chain.contracts.token(token);
    const [own, contract] = await Promise.all([
      handle.balanceOf(chain.accounts.attacker),
      handle.balanceOf(chain.attackerContract),
    ]);
    held.set(token, own + contract);
  }
  return held;
}

function poolNamed(context: AttackContext, name: string): PoolRun {
  const pool = context.pools.find((run) => run.spec.name === name);
  if (pool === undefined) throw new Error(`there is no pool ${name}`);
  return pool;
}

/** Units of one side of a pool worth about `usd`, by the pool's own reserves (1,000,000 USD a side at the start). */
function units(context: AttackContext, token: TokenName, usd: number): bigint {
  const price = context.market.prices[token];
  const decimals = context.chain.loaded.params.tokens[token].decimals;
  return (BigInt(Math.floor((usd / price) * 1e6)) * 10n ** BigInt(decimals)) / 1_000_000n;
}

async function send(context: AttackContext, data: string, gasPriceWei?: bigint): Promise<string> {
  const { chain } = context;
  return chain.rpc.send({
    from: chain.accounts.attacker,
    to: chain.attackerContract,
    data,
    gas: 8_000_000,
    ...(gasPriceWei === undefined ? {} : { gasPriceWei }),
  });
}

/** The receipt of a transaction, waiting for a few blocks. */
async function mined(context: AttackContext, hash: string): Promise<RpcReceipt> {
  for (let waited = 0; waited < PATIENCE_BLOCKS; waited++) {
    const receipt = await context.chain.rpc.receipt(hash);
    if (receipt !== undefined) return receipt;
    await context.waitBlocks(1);
  }
  throw new Error(`the attacker's transaction ${hash} was not mined within ${PATIENCE_BLOCKS} blocks`);
}

function swingOf(pool: PoolRun, sellBase: boolean, amountIn: bigint, inner: { target: string; data: string }[] = []) {
  return { pool: pool.spec.address, sellBase, amountIn, inner };
}

/** What `open` received, from its receipt: the transfer from the pool to the attacker's contract. */
function receivedIn(context: AttackContext, receipt: RpcReceipt, pool: PoolRun, token: TokenName): bigint {
  const address = context.chain.deployment.token(token).toLowerCase();
  const from = pool.spec.address.slice(2).toLowerCase();
  const log = receipt.logs.find(
    (entry) => entry.address.toLowerCase() === address && (entry.topics[1] ?? "").endsWith(from),
  );
  return log === undefined ? 0n : BigInt(log.data);
}

/** Opens a held position; undefined when the transaction failed. */
async function openPosition(
  context: AttackContext,
  books: Books,
  pool: PoolRun,
  sellBase: boolean,
  amountIn: bigint,
  gasPriceWei?: bigint,
) {
  const data = attackerAbi.encodeFunctionData("open", [pool.spec.address, sellBase, amountIn]);
  const hash = await send(context, data, gasPriceWei);
  const receipt = await mined(context, hash);
  if (!receipt.ok) return undefined;
  const [token, other] = sellBase ? [pool.spec.quote, pool.spec.base] : [pool.spec.base, pool.spec.quote];
  books.hold(token, other, receivedIn(context, receipt, pool, token));
  return receipt;
}

async function closePosition(
  context: AttackContext,
  books: Books,
  pool: PoolRun,
  gasPriceWei?: bigint,
): Promise<boolean> {
  const hash = await send(context, attackerAbi.encodeFunctionData("close", [pool.spec.address]), gasPriceWei);
  const receipt = await mined(context, hash);
  books.release();
  return receipt.ok;
}

/** 80 % of a reserve swung and swung back in one transaction, with borrowed tokens. */
const atomicSwing: Attack = async (context) => {
  const books = await Books.open(context);
  const pool = poolNamed(context, "cUSDT/cUSDC");
  const lender = poolNamed(context, "XAU/cUSDC");
  const amountIn = (pool.state.quoteReserve * 8n) / 10n;
  const borrowed = amountIn < lender.state.quoteReserve ? amountIn : (lender.state.quoteReserve * 9n) / 10n;
  const data = attackerAbi.encodeFunctionData("borrowAndSwing", [
    lender.spec.address,
    0n,
    borrowed,
    swingOf(pool, false, amountIn),
  ]);
  const executions = pool.executions;
  const receipt = await mined(context, await send(context, data));
  const note = receipt.ok ? `swung ${pool.spec.name} by 80 % of a reserve and back` : "the swing was refused";
  await context.waitBlocks(1);
  return {
    name: "atomic flash swing",
    profitUsd: await books.profitUsd(),
    note: `${note}; executions at once after it: ${pool.executions - executions}`,
  };
};

/** Pushes a pool off its anchor, holds it until the stabilizer has traded against it, and goes back. */
const heldSwing: Attack = async (context) => {
  const books = await Books.open(context);
  const pool = poolNamed(context, "cUSDT/cUSDC");
  const executions = pool.executions;
  const opened = await openPosition(context, books, pool, true, units(context, "cUSDT", 60_000));
  if (opened === undefined) return undefined;
  await context.waitBlocks(4);
  await closePosition(context, books, pool);
  return {
    name: "swing held for 4 blocks",
    profitUsd: await books.profitUsd(),
    note: `60,000 USD in ${pool.spec.name}; the stabilizer acted ${pool.executions - executions} times meanwhile`,
  };
};

/** Waits for the keeper's execution in the mempool, trades in front of it and back behind it, in the same block. */
const sandwich: Attack = async (context) => {
  const { chain } = context;
  const stabilizer = chain.deployment.address("Stabilizer").toLowerCase();
  const seen = await pendingTo(context, stabilizer);
  if (seen === undefined) return undefined;
  const pool = context.pools.find((run) => seen.mentions(run));
  if (pool === undefined) return undefined;
  const books = await Books.open(context);
  // The same direction as the stabilizer: it pushes the mid back to the anchor, the attacker wants to be there before.
  const sellBase = pool.deviation > 0;
  const token = sellBase ? pool.spec.base : pool.spec.quote;
  const front = await send(
    context,
    attackerAbi.encodeFunctionData("open", [pool.spec.address, sellBase, units(context, token, 40_000)]),
    FRONT_GAS_PRICE_WEI,
  );
  const back = await send(context, attackerAbi.encodeFunctionData("close", [pool.spec.address]), BACK_GAS_PRICE_WEI);
  const [first, last] = [await mined(context, front), await mined(context, back)];
  const victim = await chain.rpc.receipt(seen.hash);
  const around = first.blockNumber === last.blockNumber && victim?.blockNumber === first.blockNumber;
  return {
    name: "sandwich of an execution",
    profitUsd: await books.profitUsd(),
    note: `${pool.spec.name}, ${around ? "in one block" : `blocks ${first.blockNumber} and ${last.blockNumber}`}; the execution ${victim?.ok === true ? "went through" : "was pushed aside"}`,
  };
};

/** Which way a price report will move a pool's anchor: up means that base is about to be worth more. */
function reportDirection(context: AttackContext, pool: PoolRun, fedXauUsd: number): boolean {
  return context.market.prices[pool.spec.base] > fedXauUsd;
}

/** Gold by the pool's anchor, in units of the outside price: what the feeds say now. */
function fedPrice(context: AttackContext, pool: PoolRun): number {
  const scale = 10 ** (pool.spec.quoteDecimals - pool.spec.baseDecimals);
  return (Number(pool.state.anchorNew) / 1e18 / scale) * context.market.prices[pool.spec.quote];
}

/** The attacker sees the reporters' signed rounds waiting and sends them itself, between its trade and the way back, in front. */
const reportInsideSwing: Attack = async (context) => {
  const pool = poolNamed(context, "XAU/cUSDT");
  const rounds = await waitingRounds(context, "XAU");
  if (rounds.length === 0) return undefined;
  const books = await Books.open(context);
  const buyBase = reportDirection(context, pool, fedPrice(context, pool));
  const token = buyBase ? pool.spec.quote : pool.spec.base;
  const inner = rounds.map(({ feed, data }) => ({ target: feed, data }));
  const swing = swingOf(pool, !buyBase, units(context, token, 200_000), inner);
  const data = attackerAbi.encodeFunctionData("swing", [swing]);
  const receipt = await mined(context, await send(context, data, FRONT_GAS_PRICE_WEI));
  const reported = receipt.logs.filter((log) => log.topics[0] === attackerAbi.getEvent("InnerCalled").topicHash).length;
  return {
    name: "swap, report, swap back (one transaction)",
    profitUsd: await books.profitUsd(),
    note: receipt.ok ? `200,000 USD around ${reported} price rounds in ${pool.spec.name}` : "the swing was refused",
  };
};

/** The same over two blocks: buy in front of the report, sell in the block after it. */
const reportBetweenBlocks: Attack = async (context) => {
  const pool = poolNamed(context, "XAU/cUSDT");
  const rounds = await waitingRounds(context, "XAU");
  if (rounds.length === 0) return undefined;
  const books = await Books.open(context);
  const buyBase = reportDirection(context, pool, fedPrice(context, pool));
  const token = buyBase ? pool.spec.quote : pool.spec.base;
  const amountIn = units(context, token, 200_000);
  const opened = await openPosition(context, books, pool, !buyBase, amountIn, FRONT_GAS_PRICE_WEI);
  if (opened === undefined) return undefined;
  await context.waitBlocks(1);
  await closePosition(context, books, pool);
  return {
    name: "swap, report, swap back (two blocks)",
    profitUsd: await books.profitUsd(),
    note: `200,000 USD around ${rounds.length} price rounds in ${pool.spec.name}`,
  };
};

/** Tries to start the stabilizer's cooldown with one unit whenever a pool stands outside its threshold. */
const cooldownGriefing: Attack = async (context) => {
  const { chain } = context;
  const books = await Books.open(context);
  let tries = 0;
  let accepted = 0;
  for (let block = 0; block < OPPORTUNITY_BLOCKS && tries < 4; block++) {
    const pool = context.pools.find((run) => run.outsideThreshold) ?? context.pools[block % context.pools.length];
    if (pool !== undefined) {
      const sellBase = pool.deviation > 0;
      const [tokenIn, tokenOut] = sellBase ? [pool.spec.base, pool.spec.quote] : [pool.spec.quote, pool.spec.base];
      const data = stabilizerAbi.encodeFunctionData("executePrivateSwap", [
        1n,
        chain.deployment.token(tokenIn),
        chain.deployment.token(tokenOut),
      ]);
      const to = chain.deployment.address("Stabilizer");
      const hash = await chain.rpc.send({
        from: chain.accounts.attacker,
        to,
        data,
        gas: 2_000_000,
        gasPriceWei: FRONT_GAS_PRICE_WEI,
      });
      // And one unit sold into the pool, the cheapest way to touch its state.
      const dust = await send(context, attackerAbi.encodeFunctionData("open", [pool.spec.address, true, dustOf(pool)]));
      tries += 1;
      if ((await mined(context, hash)).ok) accepted += 1;
      await mined(context, dust);
    }
    await context.waitBlocks(1);
  }
  return {
    name: "cooldown griefing with 1 unit",
    profitUsd: await books.profitUsd(),
    note: `${tries} executions of one unit tried, ${accepted} accepted`,
  };
};

/** The smallest trade that moves a reserve: one unit of a 6-decimal token, the same value of gold. */
function dustOf(pool: PoolRun): bigint {
  return 10n ** BigInt(Math.max(0, pool.spec.baseDecimals - 6));
}

/** Pushes one pool far off, so that the stabilizer's volume is used up there, and takes from another one meanwhile. */
const capExhaustion: Attack = async (context) => {
  const decoy = poolNamed(context, "XAU/cUSDC");
  const target = poolNamed(context, "cUSDT/cUSDC");
  const first = await Books.open(context);
  const opened = await openPosition(context, first, decoy, false, units(context, "cUSDC", 400_000));
  if (opened === undefined) return undefined;
  const second = await Books.open(context);
  await openPosition(context, second, target, true, units(context, "cUSDT", 100_000));
  await context.waitBlocks(3);
  await closePosition(context, second, target);
  await closePosition(context, first, decoy);
  // The first ledger spans both pools; the second one only knows what its own position gained outside.
  const [profit, heldOutside] = [await first.profitUsd(), second.heldGainUsd];
  return {
    name: "cap exhaustion through another pool",
    profitUsd: profit - heldOutside,
    note: `400,000 USD in ${decoy.spec.name} as decoy, 100,000 USD in ${target.spec.name}`,
  };
};

/** Signed rounds of a token that wait for the next block, all that have come by then; none when none came in time. */
async function waitingRounds(context: AttackContext, token: TokenName) {
  const { chain } = context;
  const feeds = new Set(chain.deployment.feeds(token).map((address) => address.toLowerCase()));
  const waiting = async () =>
    (await pendingTransactions(chain)).flatMap(({ to, input }) =>
      to !== null && feeds.has(to.toLowerCase()) ? [{ feed: to, data: input }] : [],
    );
  const isOver = patienceOf(context);
  while (!isOver()) {
    if ((await waiting()).length > 0) {
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      return waiting();
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return [];
}

/** Whether the time in which an opportunity must come has passed. */
function patienceOf(context: AttackContext): () => boolean {
  let over = false;
  const end = (): void => {
    over = true;
  };
  void context.waitBlocks(OPPORTUNITY_BLOCKS).then(end, end);
  return () => over;
}

async function pendingTransactions({ rpc }: WorldChain) {
  return rpc.request<{ hash: string; to: string | null; input: string }[]>("eth_pendingTransactions", []);
}

interface PendingTransaction {
  readonly hash: string;
  readonly mentions: (pool: PoolRun) => boolean;
}

/** Polls the mempool for a transaction to an address. */
async function pendingTo(context: AttackContext, address: string): Promise<PendingTransaction | undefined> {
  const { chain } = context;
  const isOver = patienceOf(context);
  while (!isOver()) {
    const pending = await pendingTransactions(chain);
    const found = pending.find((transaction) => transaction.to?.toLowerCase() === address);
    if (found !== undefined) {
      const input = found.input.toLowerCase();
      const token = (name: TokenName): string => chain.deployment.token(name).slice(2).toLowerCase();
      return {
        hash: found.hash,
        // A single execution names both tokens, a batch names its pools.
        mentions: ({ spec }) =>
          input.includes(spec.address.slice(2).toLowerCase()) ||
          (input.includes(token(spec.base)) && input.includes(token(spec.quote))),
      };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return undefined;
}

/** All attacks in the order in which the world makes them, again and again. */
export const ATTACKS: readonly Attack[] = [
  atomicSwing,
  sandwich,
  reportInsideSwing,
  heldSwing,
  cooldownGriefing,
  reportBetweenBlocks,
  capExhaustion,
];
