/**
 * What a look at all positions costs the redeemer on the real tBTC v1 with as many keeps as it had: the keeper itself with its outbox, books
 * and audit log, a PostgreSQL that flushes to disk, and a node over HTTP. Blocks come when the keeper is done with the one before.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openRehearsal, type Rehearsal } from "../../../keepers/courtesy-call-redeemer/rehearsal.js";
import { PermanentError } from "../../../protocol/errors.js";
import { minBigint } from "../../../protocol/math.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { satToTbtcWei } from "../../../protocol/tbtc/units.js";
import { percentile } from "../../stats/distribution.js";
import { LocalChain } from "../../local/chain.js";
import { NOBODYS_ADDRESS } from "../../tbtc/bitcoin.js";
import { CALLABLE_PRICE_WAD, REFERENCE_LOTS_SAT, REFERENCE_PRICE_WAD } from "../../tbtc/deploy.js";
import { TbtcScenario } from "../../tbtc/scenario.js";
import { ROOT } from "../../world/child.js";
import { sendAll } from "./crowd.js";
import { Meter } from "./meter.js";
import { KeepableNode } from "./node.js";
import { openWorld } from "./open.js";
import type { RedeemWorld, WorldPlan } from "./world.js";

/** As many as there were on Ethereum, and as many as one operator had. */
export const REDEEM_PLAN = { watched: 700, others: 3_300, folder: join(ROOT, "data", "bench", "redeem") };

export interface RedeemOptions extends WorldPlan {
  /** Where the world is kept. */
  readonly folder: string;
  /** Of a new database with all migrations. */
  readonly databaseUrl: string;
  /** Looks of each kind that are measured. */
  readonly looks: number;
  readonly say: (line: string) => void;
}

/** One look at all positions. */
export interface Look {
  readonly ms: number;
  /** Exchanges with the node: a batch is one. */
  readonly exchanges: number;
  /** Single requests in them. */
  readonly requests: number;
}

/** Looks of one kind. */
export interface Looks {
  readonly looks: number;
  readonly ms: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The most of any. */
  readonly exchanges: number;
  readonly requests: number;
}

export interface RedeemReport {
  /** Of the system, whoever's. */
  readonly deposits: number;
  readonly discovered: number;
  readonly watched: number;
  /** The slowest full look while none is in danger, and the most batched requests of one. */
  readonly sweepMs: number;
  readonly sweepRequests: number;
  /** All are called and some can be paid for: from the look at the block to the first bytes of a redemption. */
  readonly wallMsPlan: number;
  /** Mean. */
  readonly gasPerRedemption: number;
  readonly redemptions: number;
  /** The first look of a keeper that has never looked, finding all of them included. */
  readonly first: Look;
  /** None is in danger. */
  readonly calm: Looks;
  /** All are called, and none can be paid for: the ways to rescue each are looked for. */
  readonly called: Looks;
}

/** Above what a node may unwind; states of so many blocks must be there. */
const CONFIRMATIONS = 12;
const CALL_GAS = 250_000;
/** What the keeper is given in the end, at most: enough for several batches. */
const PURSE_WEI = satToTbtcWei(6_000_000_000n);
/** Blocks in which it must have spent that. */
const PATIENCE_BLOCKS = 60;

/** @throws PermanentError BENCH_INCOMPLETE when the keeper does not see what there is. */
export async function measureRedeem(options: RedeemOptions): Promise<RedeemReport> {
  const kept = await openWorld(options);
  const folder = mkdtempSync(join(tmpdir(), "cantilever-redeem-"));
  const node = await KeepableNode.start();
  try {
    await node.load(kept.state);
    await node.mineByHand();
    const meter = await Meter.start(node.url);
    try {
      const keeper = await startKeeper(kept.world, meter.url, options.databaseUrl, folder);
      try {
        return await new RedeemBench(node, meter, kept.world, keeper, options).run();
      } finally {
        await keeper.close();
      }
    } finally {
      await meter.close();
    }
  } finally {
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startKeeper(world: RedeemWorld, nodeUrl: string, databaseUrl: string, folder: string): Promise<Rehearsal> {
  const systemFile = join(folder, "system.json");
  writeFileSync(systemFile, JSON.stringify({ addresses: world.addresses }));
  const env = {
    LOCALHOST_RPC_URL: nodeUrl,
    DATABASE_URL: databaseUrl,
    KEEPER_DATA_FOLDER: folder,
    KEEPER_LOG_LEVEL: "silent",
    KEEPER_CONFIRMATIONS: String(CONFIRMATIONS),
    // Nobody else wants the lease.
    KEEPER_LEASE_SECONDS: "300",
    OPERATORS: world.operator,
    REDEEMER_MODE: "courtesy",
    REDEEMER_SYSTEM_FILE: systemFile,
    REDEEMER_LOCAL_ACCOUNT: world.account,
    REDEEMER_TBTC_PER_DAY: "1000000",
    REDEEMER_ETH_PER_DAY: "1000000",
    REDEEMER_CALLS_PER_HOUR: "100000",
    // Every block is looked at.
    COOLDOWN: "0",
    BTC_NETWORK: "regtest",
    BTC_WALLET_PUBLIC_KEY: NOBODYS_ADDRESS,
  };
  return openRehearsal("localhost", env, () => performance.now());
}

class RedeemBench {
  private readonly scenario: TbtcScenario;

  constructor(
    private readonly node: KeepableNode,
    private readonly meter: Meter,
    private readonly world: RedeemWorld,
    private readonly keeper: Rehearsal,
    private readonly options: RedeemOptions,
  ) {
    // Of the options nothing but the deployer matters once the system stands.
    const { addresses, deployer } = world;
    const made = { deployer, operators: [], bondWei: 0n };
    this.scenario = new TbtcScenario(new LocalChain(node.provider), {
      addresses,
      options: { ...made, lotsSat: REFERENCE_LOTS_SAT, btcPerEthWad: REFERENCE_PRICE_WAD },
    });
  }

  async run(): Promise<RedeemReport> {
    const { keeper, world, options } = this;
    const { say } = options;
    // Of blocks that were loaded the node has no states.
    await this.mine(CONFIRMATIONS + 1);
    const first = await this.look();
    const discovered = keeper.counters.get("positions.found");
    const watched = keeper.counters.get("skip.healthy");
    if (discovered !== world.keeps || watched !== world.deposits.length) {
      const found = `${String(discovered)} found and ${String(watched)} looked after`;
      throw new PermanentError("BENCH_INCOMPLETE", `${found} of ${String(world.keeps)} keeps`);
    }
    say(`${String(discovered)} deposits found, ${String(watched)} looked after`);
    const calm = await this.looks();
    await this.callAll();
    say("all of them called");
    const called = await this.looks();
    const rescued = await this.rescue();
    return {
      ...{ deposits: world.keeps, discovered, watched },
      ...{ sweepMs: calm.ms.max, sweepRequests: calm.exchanges },
      ...rescued,
      ...{ first, calm, called },
    };
  }

  private async mine(blocks: number): Promise<void> {
    for (let block = 0; block < blocks; block += 1) await this.node.provider.send("evm_mine", []);
  }

  /** All that the keeper does about the newest block. */
  private async look(): Promise<Look> {
    this.meter.take();
    const startedMs = performance.now();
    await this.keeper.step();
    const ms = Math.round(performance.now() - startedMs);
    const { exchanges, requests } = this.meter.take();
    return { ms, exchanges, requests };
  }

  private async looks(): Promise<Looks> {
    const looks: Look[] = [];
    for (let look = 0; look < this.options.looks; look += 1) {
      await this.mine(1);
      looks.push(await this.look());
    }
    return summed(looks);
  }

  private async callAll(): Promise<void> {
    const { world, node, scenario } = this;
    await this.atOnce(() => scenario.setPrice(CALLABLE_PRICE_WAD));
    const data = tbtcAbi.deposit.encodeFunctionData("notifyCourtesyCall");
    const calls = world.deposits.map(({ address: to }) => ({ from: world.deployer, to, data, gas: CALL_GAS }));
    await sendAll(node, calls);
  }

  /** Gives the keeper TBTC for some of them, and counts what it makes of it. */
  private async rescue(): Promise<Pick<RedeemReport, "wallMsPlan" | "gasPerRedemption" | "redemptions">> {
    const { keeper, meter, node, scenario, world } = this;
    const from = await node.provider.getBlockNumber();
    const purseWei = minBigint(PURSE_WEI, await scenario.contracts.token.balanceOf(world.deployer));
    await this.atOnce(() => scenario.transferTbtc(world.deployer, world.account, purseWei));
    meter.take();
    const startedMs = performance.now();
    await keeper.step();
    const { firstBytesMs } = meter.take();
    if (firstBytesMs === undefined) throw new PermanentError("BENCH_INCOMPLETE", "the keeper redeemed nothing");
    for (let block = 0; keeper.pending() > 0; block += 1) {
      if (block === PATIENCE_BLOCKS) throw new PermanentError("BENCH_INCOMPLETE", "the keeper does not come to an end");
      await this.mine(1);
      await keeper.step();
    }
    const gas = await this.gasOfRedemptions(from);
    return {
      wallMsPlan: Math.round(firstBytesMs - startedMs),
      gasPerRedemption: Math.round(gas.reduce((sum, one) => sum + one, 0) / Math.max(1, gas.length)),
      redemptions: gas.length,
    };
  }

  private async gasOfRedemptions(since: number): Promise<readonly number[]> {
    const { provider } = this.node;
    const { vendingMachine } = this.world.addresses;
    const newest = await provider.getBlockNumber();
    const gas: number[] = [];
    for (let number = since; number <= newest; number += 1) {
      const receipts = (await provider.send("eth_getBlockReceipts", [`0x${number.toString(16)}`])) as readonly {
        readonly to: string | null;
        readonly status: string;
        readonly gasUsed: string;
      }[];
      for (const { to, status, gasUsed } of receipts) {
        if (to?.toLowerCase() === vendingMachine.toLowerCase() && status === "0x1") gas.push(Number(gasUsed));
      }
    }
    return gas;
  }

  /** With a block for each transaction. */
  private async atOnce(work: () => Promise<void>): Promise<void> {
    await this.node.mineAtOnce();
    await work();
    await this.node.mineByHand();
  }
}

function summed(looks: readonly Look[]): Looks {
  const ms = looks.map((look) => look.ms).sort((a, b) => a - b);
  return {
    looks: looks.length,
    ms: { p50: percentile(ms, 0.5), p99: percentile(ms, 0.99), max: ms.at(-1) ?? 0 },
    exchanges: Math.max(...looks.map(({ exchanges }) => exchanges)),
    requests: Math.max(...looks.map(({ requests }) => requests)),
  };
}
