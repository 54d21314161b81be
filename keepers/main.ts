/** `npm run keeper`: starts, checks and describes keepers by name. */
import { runCommand, usageError } from "../scripts/cli.js";
import { backTest, isReplayed } from "./backTest.js";
import type { KeeperProgram } from "./kit/program.js";

/** Loaded when it is asked for, as the keepers are: help and wrong usage need not wait for it. */
const recordCommands = () => import("./records.js");

/** Keepers by name; what is not built yet has no loader. */
const KEEPERS: Readonly<Record<string, (() => Promise<KeeperProgram>) | undefined>> = {
  "deviation-stabilizer": async () => (await import("./deviation-stabilizer/main.js")).program,
  "cross-chain-arbitrage": async () => (await import("./cross-chain-arbitrage/main.js")).program,
  "bridge-attestor": async () => (await import("./bridge-attestor/main.js")).program,
  "courtesy-call-redeemer": async () => (await import("./courtesy-call-redeemer/main.js")).program,
  rebalancer: undefined,
  "vault-operations": undefined,
  "ltv-monitor": undefined,
  "collateral-monitor": async () => (await import("./collateral-monitor/main.js")).program,
  "collateral-crank": async () => (await import("./collateral-crank/main.js")).program,
  "price-reporter": async () => (await import("./price-reporter/main.js")).program,
};

const SUB_COMMANDS = [
  "run",
  "pause",
  "drain",
  "kill",
  "doctor",
  "status",
  "policy",
  "replay",
  "audit",
  "pnl",
  "accept",
] as const;

const definition = {
  command: "npm run keeper --",
  summary: "Runs a keeper. A dry run unless --execute is given: everything up to the signed bytes, nothing sent.",
  positionals: [
    { name: "keeper", help: "which one", choices: Object.keys(KEEPERS), required: true },
    { name: "sub-command", help: "what to do; run when left out", choices: SUB_COMMANDS },
  ],
  flags: {
    network: {
      kind: "string",
      help: "network of deployments/params, such as localhost or chain138, or a Solana one: solana-localnet; always but for replay of prices",
    },
    execute: { kind: "boolean", help: "send transactions" },
    prices: {
      kind: "string",
      placeholder: "FILE",
      help: "a price file: price-reporter reports from it; replay runs the stabilizer's market, or the redeemer's system, on a simulated chain",
    },
    trace: {
      kind: "string",
      placeholder: "NAME",
      help: "replay of the redeemer: prices made from the seed instead of a file: crash, grind or spike",
    },
    tbtc: {
      kind: "string",
      placeholder: "AMOUNT",
      help: "replay of the redeemer: what it may spend; enough when left out",
    },
    seed: { kind: "integer", min: 0, default: 1, help: "replay of prices: seed of everything else in that market" },
    "alert-test": { kind: "boolean", help: "doctor: send a test message through every channel of the alerts" },
    once: { kind: "boolean", help: "one block of work, then the end of what it sent" },
    reason: {
      kind: "string",
      placeholder: "TEXT",
      help: "run, pause, drain, kill: orders all copies of the keeper; run without it starts one. accept: why",
    },
    finding: {
      kind: "string",
      placeholder: '"CODE ACCOUNT"',
      help: "accept: the discrepancy that a person has looked at, as doctor names it",
    },
    "revive-signer": {
      kind: "string",
      placeholder: "ADDRESS",
      help: "run --reason: an account that a foreign nonce has killed signs again, from the chain's nonce on",
    },
    export: { kind: "string", placeholder: "FILE", help: "audit: a new file for the sound rows, as JSON lines" },
    from: { kind: "integer", min: 0, placeholder: "BLOCK", help: "replay: the first block" },
    to: { kind: "integer", min: 0, placeholder: "BLOCK", help: "replay: the last block" },
    record: {
      kind: "string",
      placeholder: "FILE",
      help: "replay: a record, or an exported audit log, instead of the keeper's own",
    },
    hours: { kind: "integer", min: 1, max: 8_784, help: "pnl: how far back; 24 when left out" },
  },
} as const;

/** What a replay is of. */
function blocksOf({ from, to }: { readonly from?: number | undefined; readonly to?: number | undefined }) {
  if (from === undefined || to === undefined) throw usageError("MISSING_FLAG", "replay needs --from and --to");
  return { fromBlock: from, toBlock: to };
}

await runCommand(definition, async ({ positionals, flags, signal, say }) => {
  const [name = "", subCommand = "run"] = positionals;
  const load = KEEPERS[name];
  if (load === undefined) throw usageError("PART_NOT_BUILT", `the keeper ${name} is not built yet`);
  const { prices, trace, tbtc } = flags;
  const replaysPrices = (prices ?? trace) !== undefined && subCommand === "replay" && isReplayed(name);
  if (prices !== undefined && !replaysPrices && name !== "price-reporter")
    throw usageError("CONFLICTING_FLAGS", `${name} takes --prices with replay only`);
  if ((trace ?? tbtc) !== undefined && !(replaysPrices && name === "courtesy-call-redeemer"))
    throw usageError("CONFLICTING_FLAGS", "--trace and --tbtc belong to replay of courtesy-call-redeemer");
  if (replaysPrices) return backTest({ signal }, name, { prices, trace, tbtc, seed: String(flags.seed) });
  const { network } = flags;
  if (network === undefined) throw usageError("MISSING_FLAG", "--network is required");
  if (flags["alert-test"] && subCommand !== "doctor")
    throw usageError("CONFLICTING_FLAGS", `${subCommand} takes no --alert-test; doctor does`);
  const records = { keeper: name, network, env: process.env, say };
  const { reason, "revive-signer": revive } = flags;
  const ordersRun = subCommand === "run" && reason !== undefined;
  if (revive !== undefined && !ordersRun)
    throw usageError("CONFLICTING_FLAGS", "--revive-signer belongs to run --reason");
  if (ordersRun || subCommand === "pause" || subCommand === "drain" || subCommand === "kill") {
    if (reason === undefined) throw usageError("MISSING_FLAG", `${subCommand} needs --reason`);
    return (await recordCommands()).order(records, { state: subCommand, reason, revive });
  }
  if (subCommand === "audit") return (await recordCommands()).audit(records, flags.export);
  if (subCommand === "pnl") return (await recordCommands()).pnl(records, flags.hours ?? 24);
  const blocks = subCommand === "replay" ? blocksOf(flags) : undefined;
  const program = await load();
  const context = {
    network,
    env: process.env,
    signal,
    say,
    pricesFile: flags.prices,
    alertTest: flags["alert-test"],
  };
  switch (subCommand) {
    case "doctor":
      return program.doctor(context);
    case "policy":
      return program.policy(context);
    case "status":
      return program.status(context);
    case "accept": {
      if (program.accept === undefined) throw usageError("PART_NOT_BUILT", `${name} has nothing to accept`);
      const { finding } = flags;
      if (finding === undefined || reason === undefined)
        throw usageError("MISSING_FLAG", "accept needs --finding and --reason");
      return program.accept({ ...context, finding, reason });
    }
    case "replay": {
      if (program.replay === undefined) throw usageError("PART_NOT_BUILT", `${name} has no replay yet`);
      return program.replay({ ...context, ...(blocks ?? blocksOf(flags)), recordFile: flags.record });
    }
    default:
      return program.run({
        ...context,
        execute: flags.execute,
        once: flags.once,
        terminal: process.stderr.isTTY,
      });
  }
});
