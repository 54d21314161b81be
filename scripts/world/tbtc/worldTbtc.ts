/**
 * tBTC v1 beside the local world: the real contracts on a chain of their own, whose clock nobody compresses, a Bitcoin chain with three
 * Electrum servers, people, and two copies of the keeper that rescues deposits.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { PermanentError } from "../../../protocol/errors.js";
import { satToTbtcWei } from "../../../protocol/tbtc/units.js";
import { LocalChain } from "../../local/chain.js";
import type { Rng } from "../../market/rng.js";
import { NOBODYS_ADDRESS, NOBODYS_SCRIPT, rawTransaction } from "../../tbtc/bitcoin.js";
import { deployTbtc, REFERENCE_BOND_WEI, REFERENCE_LOTS_SAT, REFERENCE_PRICE_WAD } from "../../tbtc/deploy.js";
import { LocalBitcoin } from "../../tbtc/electrum/chain.js";
import { ElectrumServer } from "../../tbtc/electrum/server.js";
import { TbtcScenario } from "../../tbtc/scenario.js";
import { BLOCK_SECONDS, shownPath, startNode, type RunningNode, type WorldChain } from "../chain.js";
import { ROOT } from "../child.js";
import { KeeperCopies, type CopiesReport, type KeeperReport, type ServedChain } from "../copies.js";
import type { WorldDatabase } from "../database.js";
import { endInOrder } from "../endAll.js";
import { gasFigures } from "../gas.js";
import { writeEnv } from "../keepers.js";
import { Rpc, WorldProvider } from "../rpc.js";
import type { Colour, Terminal } from "../terminal.js";
import { TbtcPeople, type Tell, type TbtcOutcomes, type TbtcRoles } from "./people.js";

export const REDEEMER = "courtesy-call-redeemer";

export interface TbtcFigures extends TbtcOutcomes {
  readonly rpc: string;
  readonly electrum: readonly string[];
  /** Paid to the keeper's address in Bitcoin blocks. */
  readonly bitcoinBackSat: string;
  /** Absent without keepers. */
  readonly keeper?: KeeperReport;
}

export interface WorldTbtcParts {
  readonly home: WorldChain;
  readonly worldChains: number;
  readonly rng: Rng;
  /** Of the keeper, which needs one of its own; undefined: there is none, and nobody rescues. */
  readonly postgres: WorldDatabase | undefined;
  readonly terminal: Terminal;
}

const OPERATORS = 4;
const SERVERS = 3;
/** A look of the people at every block; a Bitcoin block as often. */
const STEP_MS = BLOCK_SECONDS * 1_000;
/** Deposits that only back the supply are opened at a third of the price: no crash reaches them. */
const BACKING_DIVISOR = 3n;
const BACKING_LOT_SAT = 500_000_000n;
const RIVAL_SAT = 100_000_000n;
const NETWORK = "localhost";
const CHAIN_ID = 138;
const COLOURS: Readonly<Record<Parameters<Tell>[0], Colour>> = {
  ...{ price: "grey", called: "yellow", rescued: "green", settled: "green", rival: "blue", lost: "red" },
};

export class WorldTbtc {
  private readonly failures: string[] = [];
  private timers: NodeJS.Timeout[] = [];
  private running: Promise<void> | undefined;
  private ended: Promise<TbtcFigures> | undefined;

  private constructor(
    private readonly parts: WorldTbtcParts,
    private readonly stage: Stage,
    private readonly people: TbtcPeople,
    private readonly copies: KeeperCopies | undefined,
    private readonly folder: string,
    private readonly ends: readonly (() => unknown)[],
  ) {}

  static async start(parts: WorldTbtcParts): Promise<WorldTbtc> {
    const ends: (() => unknown)[] = [];
    try {
      const stage = await openStage(ends);
      const { rpc, scenario, bitcoin, roles } = stage;
      const tell: Tell = (kind, text) => {
        const { terminal } = parts;
        terminal.line(
          `${terminal.paint("grey", "tbtc      ")}  ${terminal.paint(COLOURS[kind], kind.padEnd(10))} ${text}`,
        );
      };
      const people = new TbtcPeople(scenario, bitcoin, roles, parts.rng.stream("tbtc"), tell);
      await people.prepare();
      await rpc.request("evm_setAutomine", [false]);
      await rpc.request("evm_setIntervalMining", [STEP_MS]);
      const folder = join(ROOT, "data", "world", `tbtc-${new URL(rpc.url).port}`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const copies = await startKeeper(parts, stage, folder);
      if (copies !== undefined) ends.unshift(() => copies.stop());
      return new WorldTbtc(parts, stage, people, copies, folder, ends);
    } catch (error) {
      await endInOrder(ends);
      throw error;
    }
  }

  /** What an operator would look at. */
  show(): void {
    const { stage, copies, folder } = this;
    const { terminal } = this.parts;
    terminal.line(
      `  tbtc         ${stage.rpc.url}  (the real tBTC v1; a Bitcoin chain behind ${stage.electrum.join(", ")})`,
    );
    if (copies === undefined) return;
    terminal.line(`  keeper       ${copies.title}: ${copies.statusUrls.join(", ")}`);
    const file = shownPath(join(folder, ENV_FILE));
    terminal.line(`               (set -a; . ${file}; npm run keeper -- ${REDEEMER} doctor --network ${NETWORK})`);
  }

  get errors(): readonly string[] {
    return [...this.failures, ...(this.copies?.errors ?? [])];
  }

  /** Those that may be killed. */
  get mortal(): readonly KeeperCopies[] {
    return this.copies === undefined ? [] : [this.copies];
  }

  /** Until a copy leads. @throws PermanentError KEEPER_GONE */
  async ready(signal: AbortSignal): Promise<void> {
    await this.copies?.led(signal);
  }

  /** Lets everybody live from now on. A look that is late delays the next; none runs beside another. */
  run(): void {
    this.timers = [
      setInterval(() => {
        this.stage.bitcoin.mine();
      }, STEP_MS),
      setInterval(() => {
        this.running ??= this.guarded(() => this.people.step()).finally(() => {
          this.running = undefined;
        });
      }, STEP_MS),
    ];
  }

  /** @throws PermanentError KEEPER_GONE when the keeper has ended by itself, NODE_FAILED when its chain has. */
  assertRunning(): void {
    if (this.ended !== undefined) return;
    this.copies?.assertRunning();
    if (this.stage.running.node.exitCode === undefined) return;
    const reason = this.stage.running.node.lastErrorLines.at(-1) ?? "no reason given";
    throw new PermanentError("NODE_FAILED", `the node of tBTC ended: ${reason}`, "see above, then start again");
  }

  /** Ends people and keeper; the chain stays until `stop`. */
  end(): Promise<TbtcFigures> {
    this.ended ??= this.endOnce();
    return this.ended;
  }

  async stop(): Promise<void> {
    await this.end();
    await endInOrder(this.ends);
  }

  private async endOnce(): Promise<TbtcFigures> {
    for (const timer of this.timers) clearInterval(timer);
    await this.running;
    await this.guarded(() => this.people.rest());
    const report = await this.copies?.stop();
    await this.guarded(() => this.people.rest());
    const { rpc, electrum, bitcoin } = this.stage;
    const script = Buffer.from(NOBODYS_SCRIPT);
    const paid = bitcoin
      .all()
      .filter(({ txid }) => (bitcoin.heightOf(txid) ?? 0) > 0)
      .flatMap(({ outputs }) => outputs.filter((output) => script.equals(output.script)));
    return {
      rpc: rpc.url,
      electrum,
      ...this.people.outcomes(),
      bitcoinBackSat: String(paid.reduce((sum, { amountSat }) => sum + amountSat, 0n)),
      ...(report === undefined ? {} : { keeper: await this.keeperReport(report) }),
    };
  }

  /** What it has done, as the chain says. */
  private async keeperReport(copies: CopiesReport): Promise<KeeperReport> {
    const { scenario, rpc, roles } = this.stage;
    const { system } = scenario.contracts;
    const events = await system.queryFilter(system.filters.RedemptionRequested());
    const own = events.filter(({ args }) => args.requester === roles.redeemer);
    const receipts = await Promise.all(own.map(({ transactionHash }) => rpc.receipt(transactionHash)));
    const gas = receipts.flatMap((receipt) => (receipt === undefined ? [] : [receipt.gasUsed]));
    return { ...copies, executions: own.length, gasPerExecution: gasFigures(gas) };
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failures.push(`tbtc: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const ENV_FILE = `${REDEEMER}.env`;

interface Stage {
  readonly running: RunningNode;
  readonly rpc: Rpc;
  readonly scenario: TbtcScenario;
  readonly bitcoin: LocalBitcoin;
  readonly electrum: readonly string[];
  readonly roles: TbtcRoles;
}

/** Contracts, coins and servers. What must end is added to `ends`, the last first. */
async function openStage(ends: (() => unknown)[]): Promise<Stage> {
  const running = await startNode(0);
  ends.unshift(() => running.node.stop());
  const { url } = running;
  const provider = new WorldProvider(url, CHAIN_ID, {
    ...{ staticNetwork: true, pollingInterval: 50, cacheTimeout: -1, batchStallTime: 0 },
  });
  ends.unshift(() => {
    provider.destroy();
  });
  const chain = new LocalChain(provider);
  const roles = rolesOf(await chain.accounts());
  const { deployer, operators } = roles;
  const system = await deployTbtc(chain, {
    ...{ deployer, operators, bondWei: REFERENCE_BOND_WEI, lotsSat: REFERENCE_LOTS_SAT },
    btcPerEthWad: REFERENCE_PRICE_WAD,
  });
  const scenario = new TbtcScenario(chain, system);
  await scenario.setPrice(REFERENCE_PRICE_WAD / BACKING_DIVISOR);
  const backing = await scenario.open({ lotSat: BACKING_LOT_SAT });
  await scenario.setPrice(REFERENCE_PRICE_WAD);
  await scenario.transferTbtc(deployer, roles.rival, satToTbtcWei(RIVAL_SAT));
  const bitcoin = new LocalBitcoin();
  bitcoin.mine(1, { place: [rawTransaction(scenario.funding(backing).transaction)] });
  const servers = await Promise.all(Array.from({ length: SERVERS }, () => ElectrumServer.start(bitcoin)));
  for (const server of servers) ends.unshift(() => server.close());
  return { running, rpc: new Rpc(url), scenario, bitcoin, electrum: servers.map((server) => server.url), roles };
}

function rolesOf(accounts: readonly string[]): TbtcRoles {
  const [deployer = "", ...others] = accounts;
  const operators = others.splice(0, OPERATORS);
  const [redeemer = "", rival = "", liquidator = ""] = others;
  return { deployer, operators, redeemer, rival, liquidator };
}

async function startKeeper(
  { home, worldChains, postgres }: WorldTbtcParts,
  { rpc, scenario, electrum, roles }: Stage,
  folder: string,
): Promise<KeeperCopies | undefined> {
  if (postgres === undefined) return undefined;
  const systemFile = join(folder, "system.json");
  writeFileSync(systemFile, JSON.stringify({ addresses: scenario.world.addresses }));
  const served: ServedChain = {
    ...{ network: NETWORK, deploymentsFolder: home.deploymentsFolder, rpc },
    loaded: { params: { chainId: CHAIN_ID } },
  };
  const copies = await KeeperCopies.start({
    ...{ keeper: REDEEMER, chains: [served], worldChains, folder },
    postgres: await postgres.another(),
    env: {
      REDEEMER_MODE: "self-courtesy",
      OPERATORS: roles.operators.join(","),
      REDEEMER_SYSTEM_FILE: systemFile,
      REDEEMER_LOCAL_ACCOUNT: roles.redeemer,
      BTC_NETWORK: "regtest",
      BTC_WALLET_PUBLIC_KEY: NOBODYS_ADDRESS,
      BTC_ELECTRUM_SERVERS: electrum.join(","),
      KEEPER_CONFIRMATIONS: "2",
    },
  });
  writeEnv(join(folder, ENV_FILE), copies.env);
  return copies;
}
