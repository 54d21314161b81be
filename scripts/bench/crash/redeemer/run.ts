/**
 * Kills the redeemer again and again while rescues are open, as the process that people start, at every step of its journal in turn; then
 * counts on the chain how often each deposit was redeemed, and compares books and balance to the unit.
 */
import { setTimeout as rest } from "node:timers/promises";

import type { Database } from "../../../../db/database.js";
import { leaseOwners } from "../../../../db/queries/lease/owners.js";
import { ownerPid } from "../../../../keepers/kit/lease.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { REDEEMABLE_STATES } from "../../../../protocol/tbtc/states.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import { Rng } from "../../../market/rng.js";
import { percentile } from "../../../stats/distribution.js";
import { NOBODYS_ADDRESS } from "../../../tbtc/bitcoin.js";
import type { Deposit } from "../../../tbtc/scenario.js";
import { Child } from "../../../world/child.js";
import { keeperGone } from "../../../world/copies.js";
import type { RedeemerChain } from "./chain.js";

export interface RedeemerCrashOptions {
  readonly kills: number;
  readonly seed: number;
  readonly databaseUrl: string;
  readonly database: Database;
  readonly chain: RedeemerChain;
  readonly say: (line: string) => void;
}

export interface RedeemerCrashReport {
  readonly kills: number;
  /** By how far the journal was with the rescues of the batch. */
  readonly killsBy: Readonly<Record<string, number>>;
  readonly called: number;
  readonly redeemed: number;
  /** Redemptions that were sent a second time, whatever came of it, and TBTC that left beside the lots; 0. */
  readonly doubled: number;
  /** Called deposits that were not redeemed, and rescues and transactions without an end; 0. */
  readonly lost: number;
  /** Rows that say something else than the chain; 0. */
  readonly wrongClaims: number;
  readonly recoveryMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const KEEPER = "courtesy-call-redeemer";
/** Called at a time: a batch of several transactions. */
export const CALLED_AT_ONCE = 3;
const COPIES = 2;
const LEASE_SECONDS = 1;
const LOOK_MS = 5;
/** How far the journal is with the rescues of a batch, each further than the one before. */
const STEPS = ["nothing written", "written", "signed", "mined", "final", "ended"] as const;
type Step = (typeof STEPS)[number];
/** After a step is seen, at most: it may be over when the process dies. */
const MOMENT_MS = 40;
/** From the call to a kill before anything is written, at most. */
const EARLY_MS = 120;
const END_MS = 120_000;
const SHOWN_EVERY = 20;
const ENDED = ["final", "reverted", "cancelled"];

export async function runRedeemerCrashes(options: RedeemerCrashOptions): Promise<RedeemerCrashReport> {
  const run = new RedeemerCrashes(options);
  try {
    return await run.all();
  } finally {
    await run.end();
  }
}

class RedeemerCrashes {
  private readonly rng: Rng;
  private readonly killsBy = new Map<string, number>();
  private readonly recoveryMs: number[] = [];
  private copies: Child[] = [];

  constructor(private readonly options: RedeemerCrashOptions) {
    this.rng = new Rng(options.seed, "redeemer-crash");
  }

  async all(): Promise<RedeemerCrashReport> {
    const { kills, say, chain } = this.options;
    const { token } = chain.scenario.contracts;
    const before = await token.balanceOf(chain.account);
    for (let copy = 0; copy < COPIES; copy += 1) this.spawn();
    // Finding all deposits takes a while the first time.
    await this.until(async () => (await this.found()) >= chain.deposits.length, "no copy finds the deposits");
    const called = chain.deposits.slice(0, kills * CALLED_AT_ONCE);
    for (let index = 0; index < kills; index += 1) {
      const step = STEPS[index % STEPS.length] ?? "nothing written";
      await this.kill(called.slice(index * CALLED_AT_ONCE, (index + 1) * CALLED_AT_ONCE), step);
      if ((index + 1) % SHOWN_EVERY === 0) say(`${String(index + 1)} kills`);
    }
    await this.end();
    const spentWei = before - (await token.balanceOf(chain.account));
    return this.count(called, spentWei);
  }

  async end(): Promise<void> {
    for (const copy of this.copies) copy.process.kill("SIGKILL");
    await Promise.all(this.copies.map(({ exited }) => exited));
    this.copies = [];
  }

  /** Calls some deposits, kills whoever leads when the journal is as far as it should be, and waits until all that was begun has ended. */
  private async kill(called: readonly Deposit[], step: Step): Promise<void> {
    const victim = await this.leader();
    await this.options.chain.call(called);
    if (step === "nothing written") await rest(this.rng.below(EARLY_MS));
    else await this.until(async () => STEPS.indexOf(await this.journal(called)) >= STEPS.indexOf(step), `not ${step}`);
    await rest(this.rng.below(MOMENT_MS));
    const place = await this.journal(called);
    this.assertRunning();
    victim.process.kill("SIGKILL");
    await victim.exited;
    this.copies = this.copies.filter((copy) => copy !== victim);
    this.killsBy.set(place, (this.killsBy.get(place) ?? 0) + 1);
    const diedMs = performance.now();
    this.spawn();
    await this.until(() => this.isDone(called), "rescues do not end");
    this.recoveryMs.push(Math.round(performance.now() - diedMs));
  }

  private async until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
    const deadlineMs = performance.now() + END_MS;
    while (!(await isSo())) {
      this.assertRunning();
      if (performance.now() > deadlineMs) {
        const said = this.copies.flatMap(({ lastErrorLines }) => lastErrorLines.slice(-2));
        throw new Error(`${otherwise}: ${JSON.stringify(said)}`);
      }
      await rest(LOOK_MS);
    }
  }

  /** @throws PermanentError KEEPER_GONE when a copy has ended by itself: whatever follows would measure another thing. */
  private assertRunning(): void {
    const gone = this.copies.find(({ exitCode }) => exitCode !== undefined);
    if (gone !== undefined) throw keeperGone("a copy", KEEPER, gone, "localhost");
  }

  private async found(): Promise<number> {
    const rows = await this.options.database.query<{ count: bigint }>("SELECT count(*) FROM keeper_rescue_position");
    return Number(rows[0]?.count ?? 0);
  }

  /** None can be redeemed any more, and books and outbox have nothing open. */
  private async isDone(called: readonly Deposit[]): Promise<boolean> {
    const { chain, database } = this.options;
    const states = await Promise.all(called.map(({ address }) => chain.scenario.state(address)));
    if (states.some((state) => REDEEMABLE_STATES.has(state))) return false;
    const open = await database.query(
      `SELECT 1 FROM keeper_rescue WHERE ended_as IS NULL
       UNION ALL SELECT 1 FROM keeper_outbox WHERE NOT state = ANY ($1)`,
      [ENDED],
    );
    return open.length === 0;
  }

  /** How far the rescues of these are: as far as the one that is least far. */
  private async journal(called: readonly Deposit[]): Promise<Step> {
    const rows = await this.options.database.query<{ ended: boolean; state: string | null }>(
      `SELECT r.ended_as IS NOT NULL AS ended, o.state FROM keeper_rescue r
       LEFT JOIN keeper_outbox o ON o.effect_key = 'rescue:' || r.position || ':' || r.ordinal || ':0'
       WHERE r.position = ANY ($1)`,
      [called.map(({ address }) => address.toLowerCase())],
    );
    const steps = rows.map(({ ended, state }) => STEPS.indexOf(stepOf(ended, state)));
    return rows.length === 0 ? "nothing written" : (STEPS[Math.min(...steps)] ?? "nothing written");
  }

  /** Whose process id is in the lease. */
  private async leader(): Promise<Child> {
    let found: Child | undefined;
    await this.until(async () => {
      const pids = (await leaseOwners(this.options.database, `${KEEPER}:`)).map(ownerPid);
      found = this.copies.find(({ process: { pid } }) => pid !== undefined && pids.includes(pid));
      return found !== undefined;
    }, "nobody leads");
    if (found === undefined) throw new Error("nobody leads");
    return found;
  }

  private spawn(): void {
    const { chain, databaseUrl } = this.options;
    const env = {
      LOCALHOST_RPC_URL: chain.url,
      DATABASE_URL: databaseUrl,
      KEEPER_DATA_FOLDER: chain.folder,
      KEEPER_POLL_MS: "20",
      KEEPER_LOG_LEVEL: "warn",
      KEEPER_LOG_FORMAT: "json",
      KEEPER_LEASE_SECONDS: String(LEASE_SECONDS),
      KEEPER_CONFIRMATIONS: "1",
      OPERATORS: chain.operators.join(","),
      REDEEMER_MODE: "courtesy",
      // Every block is looked at.
      COOLDOWN: "0",
      REDEEMER_SYSTEM_FILE: chain.systemFile,
      REDEEMER_LOCAL_ACCOUNT: chain.account,
      REDEEMER_CALLS_PER_HOUR: "100000",
      REDEEMER_ETH_PER_DAY: "100000",
      // A kill is no fault of the chain's.
      REDEEMER_MAX_FAILED: "10000",
      BTC_NETWORK: "regtest",
      BTC_WALLET_PUBLIC_KEY: NOBODYS_ADDRESS,
    };
    const args = [KEEPER, "--network", "localhost", "--execute", "--json"];
    this.copies.push(new Child({ script: "keepers/main.ts", args, env }));
  }

  private async count(called: readonly Deposit[], spentWei: bigint): Promise<RedeemerCrashReport> {
    const { kills, database } = this.options;
    const sent = await this.redemptionsSent();
    const redeemed = called.filter(({ address }) => sent.get(address)?.succeeded === 1);
    const lotsWei = redeemed.reduce((sum, { lotSat }) => sum + satToTbtcWei(lotSat), 0n);
    const again = [...sent.values()].filter(({ succeeded, failed }) => succeeded + failed > 1).length;
    const open = await database.query<{ id: string }>(
      `SELECT position AS id FROM keeper_rescue WHERE ended_as IS NULL
       UNION ALL SELECT effect_key AS id FROM keeper_outbox WHERE NOT state = ANY ($1)`,
      [ENDED],
    );
    const claimed = await database.query<{ position: string }>(
      "SELECT position FROM keeper_rescue WHERE ended_as = 'rescued'",
    );
    const truly = new Set(redeemed.map(({ address }) => address.toLowerCase()));
    const claims = new Set(claimed.map(({ position }) => position));
    const wrongClaims =
      [...claims].filter((one) => !truly.has(one)).length + [...truly].filter((one) => !claims.has(one)).length;
    const recoveryMs = this.recoveryMs.toSorted((a, b) => a - b);
    return {
      kills,
      killsBy: Object.fromEntries([...this.killsBy].sort(([a], [b]) => (a < b ? -1 : 1))),
      called: called.length,
      redeemed: redeemed.length,
      doubled: again + (spentWei === lotsWei ? 0 : 1),
      lost: called.length - redeemed.length + open.length,
      wrongClaims,
      recoveryMs: { p50: percentile(recoveryMs, 0.5), p99: percentile(recoveryMs, 0.99), max: recoveryMs.at(-1) ?? 0 },
    };
  }

  /** Every redemption of the account that is in a block, by deposit. */
  private async redemptionsSent(): Promise<ReadonlyMap<string, { succeeded: number; failed: number }>> {
    const { scenario, account } = this.options.chain;
    const { provider } = scenario.chain;
    const { vendingMachine } = scenario.world.addresses;
    const found = new Map<string, { succeeded: number; failed: number }>();
    const newest = await provider.getBlockNumber();
    for (let number = 0; number <= newest; number += 1) {
      const block = await provider.getBlock(number, true);
      for (const { from, to, data, hash } of block?.prefetchedTransactions ?? []) {
        if (from !== account || to !== vendingMachine) continue;
        const deposit = String(tbtcAbi.vendingMachine.decodeFunctionData("tbtcToBtc", data)[0]);
        const counted = found.get(deposit) ?? { succeeded: 0, failed: 0 };
        const receipt = await provider.getTransactionReceipt(hash);
        if (receipt?.status === 1) counted.succeeded += 1;
        else counted.failed += 1;
        found.set(deposit, counted);
      }
    }
    return found;
  }
}

function stepOf(hasEnded: boolean, state: string | null): Step {
  if (hasEnded) return "ended";
  switch (state) {
    case null:
      return "written";
    case "assigned":
    case "signed":
      return "signed";
    case "mined":
      return "mined";
    default:
      return "final";
  }
}
