/** What the keeper's books say of its legs, and what the chains say. */
import type { Database } from "../../../../db/database.js";
import { IPmmPool__factory } from "../../../../protocol/generated/contracts/index.js";
import type { ArbitrageChain } from "./run.js";

const POOL = IPmmPool__factory.createInterface();
const ROLE = "cross-chain-arbitrage";

/** A leg as it was written down, and the state of its newest row in an outbox. */
export interface Leg {
  readonly trade: string;
  readonly position: number;
  /** `chain:selector and arguments`: every leg has another deadline, size or price. */
  readonly calldata: string;
  readonly dropped: boolean;
  readonly state: string | null;
  /** Of a trade that is not closed. */
  readonly isOpen: boolean;
}

interface LegColumns {
  readonly trade: string;
  readonly position: number;
  readonly chain: string;
  readonly sellBase: boolean;
  readonly amountIn: bigint;
  readonly minOut: bigint;
  readonly deadline: bigint;
  readonly dropped: boolean;
  readonly isOpen: boolean;
  readonly state: string | null;
}

const LEGS = `
SELECT x.pair || ':' || x.ordinal AS trade, x.position, x.chain_id AS chain, x.sell_base AS "sellBase", x.amount_in AS "amountIn",
  x.min_out AS "minOut", x.deadline, x.dropped_at IS NOT NULL AS dropped, t.closed_at IS NULL AS "isOpen",
  (SELECT o.state FROM keeper_outbox o WHERE o.chain_id = x.chain_id AND o.role = $1 AND o.effect_key = x.effect_key
   ORDER BY o.id DESC LIMIT 1) AS state
FROM keeper_arbitrage_leg x JOIN keeper_arbitrage_trade t USING (book, pair, ordinal) ORDER BY x.pair, x.ordinal, x.position`;

export async function legsOf(database: Database): Promise<readonly Leg[]> {
  const rows = await database.query<LegColumns>(LEGS, [ROLE]);
  return rows.map(({ chain, sellBase, amountIn, minOut, deadline, ...rest }) => {
    return { ...rest, calldata: [chain, sellBase, amountIn, minOut, deadline].map(String).join(":") };
  });
}

export async function openTrades(database: Database): Promise<number> {
  const sql = "SELECT count(*)::integer AS open FROM keeper_arbitrage_trade WHERE closed_at IS NULL";
  const [row] = await database.query<{ open: number }>(sql);
  return row?.open ?? 0;
}

/** How often each sale of the keeper's account happened. */
export async function swapsOf(chains: readonly ArbitrageChain[]): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { key, provider, pool, account, startBlock } of chains) {
    const topics = [POOL.getEvent("DODOSwap").topicHash];
    const logs = await provider.getLogs({ address: pool, topics, fromBlock: startBlock, toBlock: "latest" });
    for (const { transactionHash } of logs) {
      const transaction = await provider.getTransaction(transactionHash);
      if (transaction?.from.toLowerCase() !== account.toLowerCase()) continue;
      const call = POOL.parseTransaction(transaction);
      if (call === null) throw new Error(`${transactionHash} is no sale of the keeper`);
      const [amountIn, minOut, , , deadline] = call.args as unknown as readonly [
        bigint,
        bigint,
        string,
        string,
        bigint,
      ];
      const name = [key, call.name === "swapBase", amountIn, minOut, deadline].map(String).join(":");
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

const BOOKED = `
SELECT coalesce(sum(p.amount), 0)::numeric(78,0) AS units FROM keeper_pnl_posting p JOIN keeper_pnl_entry n ON n.id = p.entry_id
WHERE n.chain_id = $1 AND n.role = $2 AND p.account = 'own:wallet' AND p.asset = $3`;

/** What there must be by the books: what was there, and what own transactions have moved since. */
export async function holdingsBooked(
  database: Database,
  chains: readonly ArbitrageChain[],
  before: Readonly<Record<string, bigint>>,
): Promise<Readonly<Record<string, bigint>>> {
  const found: Record<string, bigint> = {};
  for (const { key, tokens } of chains) {
    for (const [token, asset] of Object.entries(tokens)) {
      const [row] = await database.query<{ units: bigint }>(BOOKED, [key, ROLE, asset]);
      found[`${key}:${token}`] = (before[`${key}:${token}`] ?? 0n) + (row?.units ?? 0n);
    }
  }
  return found;
}
