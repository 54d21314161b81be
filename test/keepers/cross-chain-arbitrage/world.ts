/** Two real chains, a database and copies of the keeper between them, as the flow tests need them. */
import { spawn, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { setTimeout as rest } from "node:timers/promises";

import { MaxUint256, parseUnits, type HDNodeWallet } from "ethers";

import type { Database } from "../../../db/database.js";
import { program } from "../../../keepers/cross-chain-arbitrage/main.js";
import { KEEPER_NAME } from "../../../keepers/cross-chain-arbitrage/policy.js";
import type { ProgramResult } from "../../../keepers/kit/program.js";
import { readStatus, statusPath, type KeeperStatus } from "../../../keepers/kit/statusFile.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { encodeSubmit, feedIdOf, SIGNED_ROUND_TYPES, signedRoundDomain } from "../../../protocol/signedRound.js";
import { FEED_DECIMALS } from "../../../scripts/deploy/blueprint.js";
import type { TestDatabase } from "../../helpers/postgres.js";
import { killed } from "../../helpers/processes.js";
import { startTwoChains, type ChainOfTwo, type TwoChains } from "../../helpers/twoChains.js";
import { PAIR } from "./fixtures.js";

export const NETWORK = "localhost";
export const BLOCK_MS = 100;
const ROOT = resolve(import.meta.dirname, "../../..");
export const INVENTORY_TOKENS = ["cUSDT", "cUSDC"] as const;
const TOKENS = INVENTORY_TOKENS;

export interface Running {
  readonly result: Promise<ProgramResult>;
  stop(): Promise<ProgramResult>;
}

/** Both chains at the same time, with the same signed rounds, as reporters would bring them. */
export async function startWorld(): Promise<TwoChains> {
  const chains = await startTwoChains();
  const both = [chains.home, chains.away];
  const newest = await Promise.all(
    both.map(async ({ provider }) => (await provider.getBlock("latest"))?.timestamp ?? 0),
  );
  const now = Math.max(...newest) + 10;
  for (const { ask } of both) {
    await ask("evm_setNextBlockTimestamp", now);
    await ask("evm_mine");
  }
  for (const chain of both) await bringRounds(chain, 2n, BigInt(now));
  return chains;
}

/** The pair's reference prices as round `roundId`, signed by as many reporters as it takes. */
async function bringRounds(chain: ChainOfTwo, roundId: bigint, observedAt: bigint): Promise<void> {
  const { threshold, addresses } = chain.params.reporters;
  const wallets = addresses.slice(0, threshold).map((address) => {
    const wallet = developmentAccounts().find((account) => account.address === address);
    if (wallet === undefined) throw new Error(`reporter ${address} is no development account`);
    return wallet;
  });
  for (const token of [...TOKENS, "XAU"] as const) {
    const { referencePriceUsd, sources } = chain.params.oracle.tokens[token];
    const answer = parseUnits(referencePriceUsd, FEED_DECIMALS);
    for (const [index, to] of chain.deployment.feeds(token).entries()) {
      const source = sources[index];
      if (source?.kind !== "signed") throw new Error(`${token} has a feed that is not ours`);
      const domain = signedRoundDomain(feedIdOf({ description: source.description, decimals: FEED_DECIMALS }));
      const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };
      const round = { roundId, answer, observedAt };
      const signatures = await Promise.all(
        wallets.map(async (wallet: HDNodeWallet) => ({
          signer: wallet.address,
          signature: await wallet.signTypedData(domain, types, round),
        })),
      );
      await (await chain.trader.sendTransaction({ to, data: encodeSubmit(round, signatures) })).wait();
    }
  }
}

/** Copies of the keeper on these chains with this database. */
export class Copies {
  private running: Running[] = [];
  private readonly children: ChildProcess[] = [];

  constructor(
    private readonly chains: TwoChains,
    private readonly database: TestDatabase,
  ) {}

  env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      LOCALHOST_RPC_URL: this.chains.home.proxy.url,
      LOCALHOST651940_RPC_URL: this.chains.away.proxy.url,
      DATABASE_URL: this.database.url,
      KEEPER_DEPLOYMENTS_FOLDER: this.chains.folder,
      KEEPER_DATA_FOLDER: join(this.chains.folder, "data"),
      KEEPER_POLL_MS: "20",
      KEEPER_LOG_LEVEL: "silent",
      // Nobody loses a lease because this machine is slow.
      KEEPER_LEASE_SECONDS: "60",
      KEEPER_CONFIRMATIONS: "1",
      ARBITRAGE_PAIRS: PAIR,
      ARBITRAGE_MAX_SKEW_SECONDS: "86400",
      // Blocks come twenty times as fast as elsewhere, and each is a second.
      ARBITRAGE_DEADLINE_SECONDS: "600",
      ARBITRAGE_VALID_BLOCKS: "400",
      // A trade is overdue when a test says so.
      ARBITRAGE_REPAIR_PATIENCE_SECONDS: "86400",
      ARBITRAGE_LOCAL_ACCOUNT: this.chains.home.owner.address,
      // Inventory stays where it is unless a test wants it moved.
      ARBITRAGE_LOW_SHARE_BPS: "0",
      ...more,
    };
  }

  start(more?: Readonly<Record<string, string>>, network = NETWORK): Running {
    const ending = new AbortController();
    const context = { network, env: this.env(more), signal: ending.signal, say: () => undefined };
    const result = program.run({ ...context, execute: true, once: false, terminal: false });
    const one = {
      result,
      stop: (): Promise<ProgramResult> => {
        ending.abort();
        this.running = this.running.filter((other) => other !== one);
        return result;
      },
    };
    this.running.push(one);
    return one;
  }

  /** A process of its own. */
  spawn(more?: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "keepers/main.ts", KEEPER_NAME, "--network", NETWORK, "--execute", "--json"],
      { cwd: ROOT, env: { ...process.env, ...this.env(more) }, stdio: "ignore" },
    );
    this.children.push(child);
    return child;
  }

  /** As if the time of a lease had passed since its holder died. */
  async leasesEnd(): Promise<void> {
    await this.database.database.query("UPDATE keeper_lease SET expires_at = clock_timestamp()");
  }

  /** What a copy that was started with this folder says of itself. */
  status(folder: string, network = NETWORK): KeeperStatus | undefined {
    return readStatus(statusPath(this.folder(folder), KEEPER_NAME, network));
  }

  folder(name: string): string {
    return join(this.chains.folder, name);
  }

  /** Waits until something is so. @throws when a copy ends meanwhile. */
  async until(what: () => Promise<boolean>): Promise<void> {
    while (!(await what())) {
      const over = await Promise.race([rest(BLOCK_MS / 2), ...this.running.map(({ result }) => result)]);
      if (over !== undefined) throw new Error(`a copy ended: ${JSON.stringify(over.report)}`);
    }
  }

  async end(): Promise<void> {
    for (const child of this.children.splice(0)) await killed(child);
    for (const one of [...this.running]) await one.stop();
  }
}

/** Sells base on one chain, and thereby opens a gap between the two. */
export async function openGap({ contracts, trader }: ChainOfTwo, units: bigint): Promise<void> {
  const pool = contracts.pool(PAIR).connect(trader);
  await (await pool.swapBase(units, 0n, trader, trader, MaxUint256)).wait();
}

/** Takes all allowances of the keeper's account back. */
export async function takeAllowances({ contracts, owner, bridge }: ChainOfTwo): Promise<void> {
  const spenders = [await contracts.pool(PAIR).getAddress(), await bridge.getAddress()];
  for (const token of TOKENS)
    for (const spender of spenders) await (await contracts.token(token).connect(owner).approve(spender, 0n)).wait();
}

export type Holdings = Readonly<Record<string, bigint>>;

export async function holdings(chains: TwoChains): Promise<Holdings> {
  const found: Record<string, bigint> = {};
  for (const { key, contracts, owner } of [chains.home, chains.away])
    for (const token of TOKENS) found[`${key}:${token}`] = await contracts.token(token).balanceOf(owner.address);
  return found;
}

const BOOKED = `
SELECT coalesce(sum(p.amount), 0)::numeric(78,0) AS units FROM keeper_pnl_posting p JOIN keeper_pnl_entry n ON n.id = p.entry_id
WHERE n.chain_id = $1 AND n.role = $2 AND p.account = 'own:wallet' AND p.asset = $3`;
const ARRIVED = `
SELECT coalesce(sum(amount_units), 0)::numeric(78,0) AS units FROM keeper_arbitrage_transfer
WHERE token = $2 AND ((closed_as = 'delivered' AND to_chain = $1) OR (closed_as = 'refunded' AND from_chain = $1))`;

/** What the books say that there must be, to the unit: what was there, what own transactions moved, and what the bridge brought. */
export async function booked(db: Database, chains: TwoChains, before: Holdings): Promise<Holdings> {
  const units = async (sql: string, values: readonly string[]): Promise<bigint> =>
    (await db.query<{ units: bigint }>(sql, [...values]))[0]?.units ?? 0n;
  const found: Record<string, bigint> = {};
  for (const { key, deployment } of [chains.home, chains.away]) {
    for (const token of TOKENS) {
      const moved = await units(BOOKED, [key, KEEPER_NAME, deployment.token(token).toLowerCase()]);
      found[`${key}:${token}`] = (before[`${key}:${token}`] ?? 0n) + moved + (await units(ARRIVED, [key, token]));
    }
  }
  return found;
}

/** Swaps of the keeper's account on the pair's pool since the deployment, as the chain has them. */
export async function swaps({ contracts, owner, provider }: ChainOfTwo, fromBlock: number): Promise<number> {
  const pool = contracts.pool(PAIR);
  const logs = await pool.queryFilter(pool.filters.DODOSwap(), fromBlock);
  const own = await Promise.all(
    logs.map(async ({ transactionHash }) => (await provider.getTransaction(transactionHash))?.from === owner.address),
  );
  return own.filter(Boolean).length;
}

export type { ChainOfTwo, TwoChains };
