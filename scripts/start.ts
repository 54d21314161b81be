/** `npm start`: the local world. One command boots chain 138, deploys, trades, attacks and shows the peg being held. */
import { runCommand, usageError, type CommandContext, type CommandDefinition, type CommandResult } from "./cli.js";
import { DEFAULT_PORT } from "./world/port.js";
import { Terminal } from "./world/terminal.js";

/** `keepers`: nobody reports prices either. */
const WITHOUT = ["keepers", "stabilizer", "kills", "market", "attacker", "solana"] as const;

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
  port: { kind: "integer", min: 0, max: 65535, default: DEFAULT_PORT, help: "port of chain 138; 0 takes a free one" },
  chains: { kind: "list", default: ["138"], help: "chains to start" },
  with: { kind: "list", help: "further parts" },
  without: { kind: "list", choices: WITHOUT, help: "parts to leave out" },
  faults: { kind: "list", help: "faults to inject" },
} as const;

const COMMAND = {
  command: "npm start --",
  summary:
    "The local world: chain 138 on this machine, everything deployed, a market, an attacker, and keepers that are killed again and again; beside it a Solana cluster with an exchange on collateral vaults, their crank and their monitor.",
  flags: FLAGS,
} satisfies CommandDefinition<typeof FLAGS>;

function refuseUnbuilt({ flags }: CommandContext<typeof FLAGS>): void {
  if (flags.chains.length !== 1 || flags.chains[0] !== "138") {
    throw usageError(
      "PART_NOT_BUILT",
      `--chains ${flags.chains.join(",")}: the second chain and the bridge are not built yet; only 138`,
    );
  }
  if (flags.with !== undefined) {
    throw usageError("PART_NOT_BUILT", `--with ${flags.with.join(",")}: this part is not built yet`);
  }
  if (flags.faults !== undefined) {
    throw usageError(
      "PART_NOT_BUILT",
      `--faults ${flags.faults.join(",")}: fault injection comes with the bridge, which is not built yet`,
    );
  }
}

async function main(context: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  const { flags, json, signal, say } = context;
  refuseUnbuilt(context);
  const colours = (json ? process.stderr : process.stdout).isTTY && process.env["NO_COLOR"] === undefined;
  // Help and wrong usage need not wait for all of it.
  const { runWorld } = await import("./world/world.js");
  const figures = await runWorld(
    {
      speed: flags.speed,
      volume: flags.volume,
      seed: flags.seed,
      port: flags.port,
      without: new Set(flags.without ?? []),
      ...(flags.for === undefined ? {} : { forMs: flags.for }),
    },
    new Terminal(say, colours),
    signal,
  );
  return { ok: figures.ok, report: { ...figures } };
}

await runCommand(COMMAND, main);
