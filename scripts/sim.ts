/** `npm run sim`: the real contracts, a seeded market and the keeper's own decision, as fast as this machine can. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { runCommand, usageError, type CommandContext, type CommandDefinition, type CommandResult } from "./cli.js";
import { priceFileHours, readPriceFile } from "../protocol/priceFile.js";
import { pegPicture } from "./report/picture.js";
import type { Progress, Simulation } from "./sim/engine.js";
import { TWO_CHAINS } from "./sim/chains.js";
import { NODE_KINDS } from "./sim/node/open.js";
import type { SimOptions, TwoChainOptions } from "./sim/options.js";
import { figuresOf, worstOf, type SimFigures } from "./sim/result.js";
import { twoChainFigures, type TwoChainFigures } from "./sim/two-chain-result.js";

const DEFAULT_HOURS = 24;

const FLAGS = {
  hours: { kind: "number", min: 0.01, max: 8784, help: "simulated hours (default 24, or the length of --prices)" },
  volume: { kind: "number", min: 0.01, max: 100, default: 1, help: "multiple of 50,000 USD per hour and pool" },
  seed: { kind: "integer", min: 0, default: 1, help: "seed of everything random" },
  seeds: { kind: "range", help: "several runs, for example 1..5, and the worst figure of each kind" },
  flow: { kind: "choice", choices: ["regime", "one-sided"], default: "regime", help: "order flow of every pool" },
  capital: {
    kind: "number",
    min: 100,
    help: "stabilization capital, USD of each of the two tokens per pool (default: parameters)",
  },
  "block-seconds": { kind: "integer", min: 1, max: 60, default: 2, help: "seconds between blocks" },
  profile: {
    kind: "choice",
    choices: ["target", "literal"],
    default: "target",
    help: "stabilizer profile of the parameters",
  },
  pools: { kind: "list", help: "pools with trades, for example cUSDT/cUSDC (default: all)" },
  prices: { kind: "string", placeholder: "FILE.csv", help: "replay outside prices instead of the seeded market" },
  policy: {
    kind: "choice",
    choices: ["cantilever", "none", "pegkeeper-a200", "pegkeeper-a1500"],
    default: "cantilever",
    help: "who holds the peg",
  },
  node: {
    kind: "choice",
    choices: NODE_KINDS,
    default: "hardhat",
    help: "what runs the chains: the node of Hardhat, in this process, or anvil, four times as quick; the figures are the same",
  },
  chains: { kind: "list", default: ["138"], help: "chains to simulate" },
  latency: {
    kind: "choice",
    choices: ["30s", "5m", "30m"],
    help: "bridge latency between two chains (default 30s)",
  },
  "round-lag": {
    kind: "integer",
    min: 0,
    max: 100,
    help: "blocks by which price rounds reach the second chain later (default 1)",
  },
  "arbitrage-capital": {
    kind: "number",
    min: 0,
    max: 1e9,
    help: "what the arbitrage keeper has of each token on each chain, USD (default 1,000,000)",
  },
  "arbitrage-daily-loss": {
    kind: "integer",
    min: 1,
    max: 1e9,
    help: "what the arbitrage keeper may lose in a day, USD (default 10,000)",
  },
  "max-gap-rounds": {
    kind: "integer",
    min: 0,
    max: 100,
    help: "price rounds by which one chain may be ahead when the arbitrage keeper trades (default 0)",
  },
  without: {
    kind: "list",
    help: "parts to leave out: arbitrageurs (who trade against the outside market), arbitrage (the keeper between two chains)",
  },
  report: { kind: "string", placeholder: "FILE.html", help: "write a report with plots" },
  picture: {
    kind: "string",
    placeholder: "FILE.svg",
    help: "write the first pool's deviation, held and not held, as a picture",
  },
} as const;

const COMMAND = {
  command: "npm run sim --",
  summary: "Simulates the peg on the real contracts with a seeded market, attackers and the keeper's own decision.",
  flags: FLAGS,
} satisfies CommandDefinition<typeof FLAGS>;

type Context = CommandContext<typeof FLAGS>;

/** Refuses flags of parts that do not exist yet, and combinations without sense. */
function optionsOf({ flags }: Context): Omit<SimOptions, "seed"> {
  if (flags.policy !== "cantilever" && flags.policy !== "none") {
    throw usageError(
      "PART_NOT_BUILT",
      `--policy ${flags.policy}: the PegKeeper comparison is not built yet; cantilever or none`,
    );
  }
  if (flags.seeds !== undefined && (flags.report !== undefined || flags.picture !== undefined)) {
    throw usageError(
      "CONFLICTING_FLAGS",
      "--seeds runs several simulations, --report and --picture show one: use --seed",
    );
  }
  const priceRows = flags.prices === undefined ? undefined : readPriceFile(flags.prices);
  const fileHours = priceRows === undefined ? undefined : priceFileHours(priceRows);
  const hours = flags.hours ?? fileHours ?? DEFAULT_HOURS;
  if (hours <= 0)
    throw usageError("MISSING_FLAG", `${String(flags.prices)} has one row and so no length: say how long with --hours`);
  return {
    hours,
    volume: flags.volume,
    flow: flags.flow,
    blockSeconds: flags["block-seconds"],
    policy: flags.policy,
    profile: flags.profile,
    ...(flags.capital === undefined ? {} : { capitalUsd: flags.capital }),
    ...(flags.pools === undefined ? {} : { pools: flags.pools }),
    ...(flags.without?.includes("arbitrageurs") === true ? { outsiders: false } : {}),
    ...(priceRows === undefined ? {} : { priceRows }),
  };
}

const LATENCY_SECONDS = { "30s": 30, "5m": 300, "30m": 1800 } as const;
const DEFAULT_ARBITRAGE_USD = 1_000_000;
const DEFAULT_ROUND_LAG = 1;
const DEFAULT_DAILY_LOSS_USD = 10_000;
const PARTS = ["arbitrageurs", "arbitrage"];

/** What two chains need beside the options of one; undefined for one chain. */
function twoChainsOf({ flags }: Context): TwoChainOptions | undefined {
  const unknown = flags.without?.find((part) => !PARTS.includes(part));
  if (unknown !== undefined)
    throw usageError("INVALID_VALUE", `--without ${unknown}: expected one or more of ${PARTS.join(", ")}`);
  const chains = flags.chains.join(",");
  if (chains === TWO_CHAINS.join(",")) {
    if (flags.report !== undefined || flags.picture !== undefined)
      throw usageError("CONFLICTING_FLAGS", "--report and --picture show one chain: leave --chains out");
    return {
      latencySeconds: LATENCY_SECONDS[flags.latency ?? "30s"],
      lagBlocks: flags["round-lag"] ?? DEFAULT_ROUND_LAG,
      capitalUsd: flags["arbitrage-capital"] ?? DEFAULT_ARBITRAGE_USD,
      isArbitraged: flags.without?.includes("arbitrage") !== true,
      dailyLossUsd: flags["arbitrage-daily-loss"] ?? DEFAULT_DAILY_LOSS_USD,
      maxGapRounds: flags["max-gap-rounds"] ?? 0,
    };
  }
  if (chains !== "138")
    throw usageError("INVALID_VALUE", `--chains ${chains}: expected 138, or ${TWO_CHAINS.join(",")}`);
  const ofTwo = ["latency", "round-lag", "arbitrage-capital", "arbitrage-daily-loss", "max-gap-rounds"] as const;
  if (ofTwo.some((flag) => flags[flag] !== undefined) || flags.without?.includes("arbitrage") === true)
    throw usageError(
      "CONFLICTING_FLAGS",
      `--${ofTwo.join(", --")} and --without arbitrage belong to two chains: add --chains ${TWO_CHAINS.join(",")}`,
    );
  return undefined;
}

/** A bar that redraws itself on a terminal, and a line per tenth elsewhere. Always on standard error. */
function progressBar(label: string): Progress {
  const started = Date.now();
  let shown = -1;
  return (share) => {
    const step = process.stderr.isTTY ? Math.floor(share * 200) : Math.floor(share * 10);
    if (step === shown) return;
    shown = step;
    const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
    const seconds = `${((Date.now() - started) / 1000).toFixed(0)} s`;
    if (!process.stderr.isTTY) {
      process.stderr.write(`${label} ${percent} ${seconds}\n`);
      return;
    }
    const filled = Math.round(share * 30);
    process.stderr.write(`\r${label} [${"#".repeat(filled)}${"·".repeat(30 - filled)}] ${percent} ${seconds} `);
    if (share >= 1) process.stderr.write("\n");
  };
}

function writeFile(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

async function tell(say: Context["say"], figures: SimFigures): Promise<void> {
  const { alignRows, figureRows, poolRows } = await import("./sim/show.js");
  for (const line of alignRows(poolRows(figures))) say(line);
  for (const [label, value] of figureRows(figures)) say(`${label.padEnd(28)}${value}`);
  say("");
}

async function tellTwo(say: Context["say"], figures: TwoChainFigures): Promise<void> {
  const { alignRows, arbitrageRows, spreadRows } = await import("./sim/show.js");
  for (const line of alignRows(spreadRows(figures))) say(line);
  for (const [label, value] of arbitrageRows(figures)) say(`${label.padEnd(28)}${value}`);
  for (const [chain, own] of Object.entries(figures.chains)) {
    say(`chain ${chain}`);
    await tell(say, own);
  }
}

/** The runs of two chains. */
async function mainOfTwo(context: Context, two: TwoChainOptions): Promise<CommandResult> {
  const { flags, signal, say } = context;
  const options = optionsOf(context);
  const { simulateTwo } = await import("./sim/two-chains.js");
  const { withWorlds } = await import("./sim/worlds.js");
  const [first, second] = TWO_CHAINS;
  const runs: TwoChainFigures[] = [];
  await withWorlds(async (worlds) => {
    for (const seed of flags.seeds ?? [flags.seed]) {
      if (signal.aborted) break;
      const simulation = await simulateTwo({ ...options, seed }, two, progressBar(`seed ${seed}`), signal, worlds);
      const figures = twoChainFigures(simulation, [String(first), String(second)]);
      runs.push(figures);
      await tellTwo(say, figures);
    }
  }, flags.node);
  const [only] = runs;
  if (flags.seeds === undefined && only !== undefined) return { ok: only.ok, report: { ...only } };
  return { ok: runs.every((run) => run.ok), report: { runs, worst: worstOf(runs) } };
}

async function main(context: Context): Promise<CommandResult> {
  const { flags, signal, say } = context;
  const two = twoChainsOf(context);
  if (two !== undefined) return mainOfTwo(context, two);
  const options = optionsOf(context);
  // Help and wrong usage need not wait for a chain.
  const { simulate } = await import("./sim/engine.js");
  const { withWorlds } = await import("./sim/worlds.js");
  const command = `npm run sim -- ${process.argv.slice(2).join(" ")}`;
  const runs: SimFigures[] = [];
  await withWorlds(async (worlds) => {
    for (const seed of flags.seeds ?? [flags.seed]) {
      if (signal.aborted) break;
      const simulation: Simulation = await simulate({ ...options, seed }, progressBar(`seed ${seed}`), signal, worlds);
      const figures = figuresOf(simulation);
      runs.push(figures);
      await tell(say, figures);
      if (flags.report !== undefined) {
        const { reportOf } = await import("./sim/show.js");
        writeFile(flags.report, reportOf(simulation, figures, command));
        say(`report: ${flags.report}`);
      }
      if (flags.picture !== undefined && figures.ok) {
        const bar = progressBar("without stabilizer");
        const unheld = await simulate({ ...options, seed, policy: "none" }, bar, signal, worlds);
        writeFile(flags.picture, pegPicture(simulation, unheld));
        say(`picture: ${flags.picture}`);
      }
    }
  }, flags.node);
  const [only] = runs;
  if (flags.seeds === undefined && only !== undefined) return { ok: only.ok, report: { ...only } };
  return { ok: runs.every((run) => run.ok), report: { runs, worst: worstOf(runs) } };
}

await runCommand(COMMAND, main);
