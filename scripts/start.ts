/** `npm start`: the local world. One command boots both chains, deploys, trades, attacks, bridges and shows the pegs being held. */
import { runCommand, usageError, type CommandContext, type CommandDefinition, type CommandResult } from "./cli.js";
import { TWO_CHAINS } from "./sim/chains.js";
import { DEFAULT_PORT } from "./world/port.js";
import { Terminal } from "./world/terminal.js";
import type { WorldOptions } from "./world/world.js";

/** `keepers`: nobody reports prices either. */
const WITHOUT = ["keepers", "stabilizer", "arbitrage", "kills", "market", "attacker", "solana"] as const;

const BOTH = TWO_CHAINS.join(",");
const FAULTS = ["bridge"] as const;
/** `tbtc`: the real tBTC v1, users, a rival, a liquidator, and the keeper that rescues deposits. */
const WITH = ["tbtc"] as const;
const LATENCY_MS = 30_000;
const MAX_LATENCY_MS = 3_600_000;

const FLAGS = {
  for: { kind: "duration", placeholder: "120s", help: "run that long, then print the summary (default: until Ctrl-C)" },
  speed: {
    kind: "number",
    min: 1,
    max: 600,
    default: 60,
    help: "seconds of trades, prices and heartbeats in one second",
  },
  volume: { kind: "number", min: 0.01, max: 20, default: 1, help: "multiple of 50,000 USD per hour and pool" },
  seed: { kind: "integer", min: 0, default: 1, help: "seed of everything random" },
  port: {
    kind: "integer",
    min: 0,
    max: 65534,
    default: DEFAULT_PORT,
    help: "port of chain 138, the next one is the second chain's; 0 takes free ones",
  },
  chains: { kind: "list", default: BOTH.split(","), help: "chains to start: both, or 138 alone" },
  latency: {
    kind: "duration",
    placeholder: "30s",
    help: "time from chain to chain, in real seconds whatever the speed (default: 30s)",
  },
  with: { kind: "list", choices: WITH, help: "further parts: tbtc (tBTC v1 on a chain of its own, and its redeemer)" },
  without: { kind: "list", choices: WITHOUT, help: "parts to leave out" },
  faults: {
    kind: "list",
    choices: FAULTS,
    help: "faults to inject: bridge (messages late, twice, out of order or not at all, attestors killed, blocks replaced)",
  },
} as const;

const COMMAND = {
  command: "npm start --",
  summary:
    "The local world: chains 138 and 651940 on this machine with a bridge between them, everything deployed, a market on each, an attacker, and keepers that are killed again and again; beside it a Solana cluster with an exchange on collateral vaults, their crank and their monitor.",
  flags: FLAGS,
} satisfies CommandDefinition<typeof FLAGS>;

type Context = CommandContext<typeof FLAGS>;

function chainsOf({ flags }: Context): WorldOptions["chains"] {
  const chains = flags.chains.join(",");
  if (chains === BOTH) return ["138", "651940"];
  if (chains !== "138") throw usageError("INVALID_VALUE", `--chains ${chains}: expected ${BOTH}, or 138`);
  if (flags.latency !== undefined || flags.faults !== undefined) {
    throw usageError("CONFLICTING_FLAGS", `--latency and --faults bridge belong to two chains: --chains ${BOTH}`);
  }
  return ["138"];
}

/** @throws UsageError for a part that is not built, or flags that do not go together. */
function optionsOf(context: Context): WorldOptions {
  const { flags } = context;
  const chains = chainsOf(context);
  const without = new Set<string>(flags.without ?? []);
  const hasBridgeFaults = flags.faults !== undefined;
  if (hasBridgeFaults && without.has("keepers")) {
    throw usageError("CONFLICTING_FLAGS", "--faults bridge needs attestors: leave --without keepers out");
  }
  const { latency = LATENCY_MS, speed, volume, seed, port } = flags;
  if (latency > MAX_LATENCY_MS) throw usageError("INVALID_VALUE", "--latency: at most 1h");
  return {
    ...{ chains, without, hasBridgeFaults, speed, volume, seed, port },
    latencySeconds: latency / 1000,
    hasTbtc: flags.with?.includes("tbtc") === true,
    ...(flags.for === undefined ? {} : { forMs: flags.for }),
  };
}

async function main(context: Context): Promise<CommandResult> {
  const { json, signal, say } = context;
  const options = optionsOf(context);
  const colours = (json ? process.stderr : process.stdout).isTTY && process.env["NO_COLOR"] === undefined;
  // Help and wrong usage need not wait for all of it.
  const { runWorld } = await import("./world/world.js");
  const figures = await runWorld(options, new Terminal(say, colours), signal);
  return { ok: figures.ok, report: { ...figures } };
}

await runCommand(COMMAND, main);
