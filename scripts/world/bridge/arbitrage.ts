/** The keeper between the two chains of the local world: two copies with inventory on both, killed like the others. */
import { join } from "node:path";

import type { Database } from "../../../db/database.js";
import type { LoadedParams } from "../../../protocol/params/load.js";
import { tokenNames } from "../../../protocol/params/schema.js";
import type { Grant } from "../../deploy/types.js";
import { referenceUnits } from "../../sim/setup.js";
import { localAddress } from "../accounts.js";
import type { WorldChain } from "../chain.js";
import { KeeperCopies, type CopiesReport, type Excuses, type KeeperReport } from "../copies.js";
import type { WorldDatabase } from "../database.js";
import { gasFigures } from "../gas.js";

export const ARBITRAGE = "cross-chain-arbitrage";
/** What it has of each token on each chain at the start, USD. */
const INVENTORY_USD = 400_000;

export interface ArbitrageReport extends KeeperReport {
  /** Trades of two legs, and transfers of inventory, that were begun. */
  readonly trades: number;
  readonly transfers: number;
}

/** Its inventory on a chain, minted by the local deployment. */
export function arbitrageGrants(loaded: LoadedParams): Grant[] {
  const to = localAddress("arbitrage");
  return tokenNames.map((token) => ({ token, to, amountUnits: referenceUnits(loaded, token, INVENTORY_USD) }));
}

export interface ArbitrageParts {
  readonly chains: readonly [WorldChain, WorldChain];
  readonly postgres: WorldDatabase;
  readonly folder: string;
  readonly latencySeconds: number;
  readonly excuses: Excuses;
}

/** Starts both copies and waits for neither. */
export function startArbitrage({ folder, latencySeconds, chains, ...parts }: ArbitrageParts): Promise<KeeperCopies> {
  const env = {
    ARBITRAGE_LOCAL_ACCOUNT: localAddress("arbitrage"),
    ARBITRAGE_BRIDGE_SECONDS: String(Math.max(1, Math.ceil(latencySeconds))),
  };
  const setup = { keeper: ARBITRAGE, chains, worldChains: chains.length, folder: join(folder, ARBITRAGE), env };
  return KeeperCopies.start({ ...setup, ...parts });
}

interface MinedRow {
  readonly chain: string;
  readonly hash: string;
}

/** What it did, as its books, its outbox and the chains say together. */
export async function arbitrageReport(
  copies: CopiesReport,
  chains: readonly WorldChain[],
  database: Database,
): Promise<ArbitrageReport> {
  const mined = await database.query<MinedRow>(
    `SELECT chain_id AS chain, mined_hash AS hash FROM keeper_outbox
      WHERE role = $1 AND state IN ('mined', 'final')
        AND effect_key IN (SELECT effect_key FROM keeper_arbitrage_leg UNION ALL SELECT effect_key FROM keeper_arbitrage_transfer)`,
    [ARBITRAGE],
  );
  const receipts = await Promise.all(mined.map(async ({ chain, hash }) => chainOf(chains, chain)?.rpc.receipt(hash)));
  const [counts] = await database.query<{ trades: number; transfers: number }>(
    `SELECT (SELECT count(*) FROM keeper_arbitrage_trade)::integer AS trades,
            (SELECT count(*) FROM keeper_arbitrage_transfer)::integer AS transfers`,
  );
  return {
    ...copies,
    executions: mined.length,
    gasPerExecution: gasFigures(receipts.flatMap((receipt) => (receipt === undefined ? [] : [receipt.gasUsed]))),
    trades: counts?.trades ?? 0,
    transfers: counts?.transfers ?? 0,
  };
}

function chainOf(chains: readonly WorldChain[], chainId: string): WorldChain | undefined {
  return chains.find(({ loaded }) => String(loaded.params.chainId) === chainId);
}
