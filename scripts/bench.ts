/** `npm run bench`: figures, never pass or fail; but a lost or doubled effect, or a log that was not found, is a finding. */
import { measureBackfill, type BackfillReport } from "./bench/backfill/run.js";
import { measureBridgeGas } from "./bench/bridge.js";
import { PAIR, startArbitrageChains } from "./bench/crash/arbitrage/chains.js";
import { runArbitrageCrashes, type ArbitrageCrashReport } from "./bench/crash/arbitrage/run.js";
import { CrashChain } from "./bench/crash/chain.js";
import { startRedeemerChain } from "./bench/crash/redeemer/chain.js";
import { CALLED_AT_ONCE, runRedeemerCrashes, type RedeemerCrashReport } from "./bench/crash/redeemer/run.js";
import { runCrashes, type CrashReport } from "./bench/crash/run.js";
import { withCrashServer } from "./bench/crash/server.js";
import { SolanaCrashChain } from "./bench/crash/solana/chain.js";
import { measureAndShowComputeUnits } from "./bench/cu/report.js";
import { writeComputeUnits } from "./bench/cu/snapshot.js";
import { measureGas } from "./bench/gas.js";
import { measureLatency, type LatencyReport } from "./bench/latency/run.js";
import { measureMonitor, type MonitorReport } from "./bench/monitor/run.js";
import { measureProgramAccounts, type ProgramAccountsReport } from "./bench/programAccounts.js";
import { measureRedeem, REDEEM_PLAN, type RedeemReport } from "./bench/redeem/run.js";
import { measureReserveGas } from "./bench/reserves.js";
import { measureSpeed, type SpeedReport } from "./bench/speed.js";
import { measureSystemGas } from "./bench/system.js";
import { runCommand, usageError, type CommandContext, type CommandDefinition, type CommandResult } from "./cli.js";
import type { Rng } from "./market/rng.js";
import { alignRows } from "./sim/show.js";

const BUILT = ["gas", "sim", "crash", "latency", "backfill", "cu", "accounts", "monitor", "redeem"] as const;
const WAITING = ["arbitrage", "feed", "api"] as const;

const FLAGS = {
  kills: { kind: "integer", min: 1, default: 1_000, help: "crash: how often a keeper is killed" },
  keeper: {
    kind: "choice",
    choices: ["kit", "cross-chain-arbitrage", "courtesy-call-redeemer"],
    default: "kit",
    help: "crash: the outbox alone, or that keeper as people start it: on two chains, while trades of two legs are open; on the real tBTC v1, while rescues are",
  },
  chain: { kind: "choice", choices: ["evm", "solana"], default: "evm", help: "crash: which outbox" },
  seed: { kind: "integer", min: 0, default: 1, help: "crash: which moments, faults and reorganisations" },
  decisions: { kind: "integer", min: 1, default: 200, help: "latency: how many executions are decided" },
  events: { kind: "integer", min: 100, default: 100_000, help: "backfill: how many logs the chain has" },
  snapshot: { kind: "boolean", help: "cu: write the figures to snapshots/solana/compute-units.json" },
  accounts: { kind: "integer", min: 100, max: 100_000, default: 10_000, help: "accounts: how many a program has" },
  vaults: { kind: "integer", min: 10, max: 100_000, default: 10_000, help: "monitor: how many vaults it passes over" },
  looks: { kind: "integer", min: 1, max: 1_000, default: 20, help: "redeem: how many full looks of each kind" },
} as const;
/** How long a dead leader keeps the others waiting: shorter than in production, for the sake of the wait. */
const LEASE_MS = 600;

const COMMAND = {
  command: "npm run bench --",
  summary: "Measures gas and speed, and shows the reference figure beside each. Without a name: all that are built.",
  positionals: [{ name: "benchmark", help: "which one", choices: [...BUILT, ...WAITING] }],
  flags: FLAGS,
} satisfies CommandDefinition<typeof FLAGS>;

/** What each figure is compared with: other protocols as measured for this project, or the goal where nobody has a figure. */
const GAS_REFERENCES: Readonly<Record<string, string>> = {
  swapWithHistory: "DODO GSP 99,785 without history; goal 85,000",
  swapFirstInBlock: "DODO DSP 127,499 with its TWAP; goal 92,000",
  swapM1: "–",
  swapOraclePriced: "goal 140,000",
  routerTwoHops: "–",
  createPublicPool: "DODO DSP 386,881; goal 250,000",
  createPrivatePool: "DODO DPP 533,748 (clone and init)",
  createFundedPublicPool: "–",
  stabilizerExecutionTwoLegs: "Curve PegKeeper ~300,000 with one leg; goal 320,000",
  meshSwap: "–",
  mint: "–",
  redeem: "–",
  refill: "–",
  bridgeSend: "goal 120,000",
  bridgeDeliver: "goal 180,000, three signatures",
  bridgeSendBack: "goal 120,000",
  bridgeDeliverBack: "goal 180,000, three signatures",
  bridgeSendUngated: "goal 120,000, nobody told",
  bridgeSendBackUngated: "goal 120,000, nobody told",
};

/** Most that a hop through the router may cost beyond the pool's own swap. */
const ROUTER_HOP_GAS = 45_000;

/** The goal of one hop follows from the plain swap of the same pool. */
function routerReference(figures: Readonly<Record<string, number>>): Record<string, string> {
  const { swapOraclePriced: swap, routerOneHop: hop } = figures;
  if (swap === undefined || hop === undefined) return {};
  const goal = (swap + ROUTER_HOP_GAS).toLocaleString("en");
  return { routerOneHop: `swapOraclePriced + ${(hop - swap).toLocaleString("en")}; goal ${goal}` };
}

async function gas(say: (line: string) => void): Promise<Record<string, number>> {
  const figures = {
    ...(await measureGas()),
    ...(await measureSystemGas()),
    ...(await measureReserveGas()),
    ...(await measureBridgeGas()),
  };
  const references = { ...GAS_REFERENCES, ...routerReference(figures) };
  const rows = Object.entries(figures).map(([key, value]) => [key, String(value), references[key] ?? "–"]);
  for (const line of alignRows([["gas", "measured", "reference"], ...rows])) say(line);
  say("");
  return figures;
}

async function speed(say: (line: string) => void): Promise<SpeedReport> {
  const figures = await measureSpeed();
  const rows = [
    ["swap, with its block", `${String(figures.swapMs)} ms`, "plain transaction 0.5 ms"],
    ["empty block", `${String(figures.blockMs)} ms`, "one request per block 0.13 ms"],
    ["24 h at 1×, cUSDT/cUSDC", `${String(figures.day1xSeconds)} s`, "–"],
    ["24 h at 5×, cUSDT/cUSDC", `${String(figures.day5xSeconds)} s`, "goal 60 s"],
    ...Object.entries(figures.phases5xSeconds).map(([phase, value]) => [`  ${phase}`, `${String(value)} s`, ""]),
  ];
  for (const line of alignRows([["simulator", "measured", "reference"], ...rows])) say(line);
  say("");
  return figures;
}

/** Between two blocks of either chain. */
const ARBITRAGE_BLOCK_MS = 100;
/** Some seconds of ours. */
const ARBITRAGE_LIMITS = { leaseSeconds: 1, deadlineSeconds: 100, validBlocks: 100 };

async function arbitrageCrash({ flags, say }: CommandContext<typeof FLAGS>): Promise<ArbitrageCrashReport> {
  const { kills, seed } = flags;
  const world = await startArbitrageChains(ARBITRAGE_BLOCK_MS);
  try {
    const report = await withCrashServer(({ url: databaseUrl, database }) =>
      runArbitrageCrashes({ kills, seed, say, world, databaseUrl, database, pair: PAIR, limits: ARBITRAGE_LIMITS }),
    );
    const { recoveryMs, killsByLegsSent } = report;
    const rows = [
      ["trades / legs / sales that happened", [report.trades, report.legs, report.executed].join(" / "), "–"],
      ["legs that happened more than once", String(report.doubled), "goal 0"],
      ["legs and trades without an end", String(report.forgotten), "goal 0"],
      ["balances that differ from the books, of 4", String(report.unreconciled), "goal 0"],
      ["repairs / legs dropped", [report.repairs, report.dropped].join(" / "), "–"],
      [
        "until the trade is closed, p50 / p99 / max",
        `${[recoveryMs.p50, recoveryMs.p99, recoveryMs.max].join(" / ")} ms`,
        "–",
      ],
      ...Object.entries(killsByLegsSent).map(([sent, count]) => [`  killed with ${sent} legs sent`, String(count), ""]),
    ];
    for (const line of alignRows([[`${String(kills)} kills`, "measured", "reference"], ...rows])) say(line);
    say("");
    return report;
  } finally {
    await world.close();
  }
}

/** Between two blocks of tBTC's chain. */
const RESCUE_BLOCK_MS = 100;

async function redeemerCrash({ flags, say }: CommandContext<typeof FLAGS>): Promise<RedeemerCrashReport> {
  const { kills, seed } = flags;
  const chain = await startRedeemerChain(kills * CALLED_AT_ONCE, RESCUE_BLOCK_MS);
  try {
    const report = await withCrashServer(({ url: databaseUrl, database }) =>
      runRedeemerCrashes({ kills, seed, say, chain, databaseUrl, database }),
    );
    const { recoveryMs, killsBy } = report;
    const rows = [
      ["deposits called / redeemed", [report.called, report.redeemed].join(" / "), "–"],
      ["redemptions sent more than once", String(report.doubled), "goal 0"],
      ["without an end", String(report.lost), "goal 0"],
      ["our books differ from the chain", String(report.wrongClaims), "goal 0"],
      [
        "until all is redeemed and final, p50 / p99 / max",
        `${[recoveryMs.p50, recoveryMs.p99, recoveryMs.max].join(" / ")} ms`,
        "–",
      ],
      ...Object.entries(killsBy).map(([place, count]) => [`  killed with the journal at: ${place}`, String(count), ""]),
    ];
    for (const line of alignRows([[`${String(kills)} kills`, "measured", "reference"], ...rows])) say(line);
    say("");
    return report;
  } finally {
    await chain.close();
  }
}

async function crash(
  context: CommandContext<typeof FLAGS>,
): Promise<CrashReport | ArbitrageCrashReport | RedeemerCrashReport> {
  const { flags, say } = context;
  if (flags.keeper === "courtesy-call-redeemer") return redeemerCrash(context);
  if (flags.keeper === "cross-chain-arbitrage") return arbitrageCrash(context);
  const { kills, seed } = flags;
  const start = (rng: Rng) => (flags.chain === "solana" ? SolanaCrashChain.start(rng) : CrashChain.start(rng));
  const options = { kills, seed, leaseMs: LEASE_MS, say, start };
  const report = await withCrashServer((server) => runCrashes(server, options));
  const { recoveryMs } = report;
  const rows = [
    ["effects that happened", String(report.executed), "–"],
    [
      "happened more than once",
      String(report.duplicates),
      "567 of 2,500 with a nonce from the node and state in memory; goal 0",
    ],
    ["lost", String(report.lost), "goal 0"],
    ["our books differ from the chain", String(report.wrongClaims), "goal 0"],
    ["replaced / cancelled", `${String(report.bumps)} / ${String(report.cancelled)}`, "–"],
    ["reorganisations of 1 to 3 blocks", String(report.reorgs), "–"],
    [
      "recovery, p50 / p99 / max",
      `${[recoveryMs.p50, recoveryMs.p99, recoveryMs.max].join(" / ")} ms`,
      "goal p99 5,000 ms",
    ],
    ...Object.entries(report.killsBy).map(([place, count]) => [`  killed at ${place}`, String(count), ""]),
  ];
  for (const line of alignRows([[`${String(kills)} kills`, "measured", "reference"], ...rows])) say(line);
  say("");
  return report;
}

/** Blocks of two seconds in which nothing is due. */
const QUIET_TICKS = 15;

async function latency({ flags, say }: CommandContext<typeof FLAGS>): Promise<LatencyReport> {
  const report = await measureLatency(flags.decisions, QUIET_TICKS);
  const { p50, p99, max } = report.decisionMs;
  const rows = [
    ["block seen to bytes broadcast, p50 / p99 / max", `${[p50, p99, max].join(" / ")} ms`, "goal p99 500 ms"],
    ["exchanges with the node in that time, at most", String(report.exchangesPerDecision), "–"],
    ["exchanges of a quiet tick", String(report.exchangesPerQuietTick), "goal 1"],
    ["  requests in them", String(report.requestsPerQuietTick), "–"],
  ];
  for (const line of alignRows([[`${String(report.decisions)} decisions`, "measured", "reference"], ...rows]))
    say(line);
  say("");
  return report;
}

async function backfill({ flags, say }: CommandContext<typeof FLAGS>): Promise<BackfillReport> {
  const report = await measureBackfill(flags.events);
  const rows = [
    ["events a second", String(report.eventsPerSecond), "5,962 with ethers' decoder and one PostgreSQL; goal 5,000"],
    ["  with every block's receipts", String(report.checkedEventsPerSecond), "–"],
    ["logs that the node hid", String(report.hidden), "1 %"],
    ["  found while indexing", String(report.recoveredAtOnce), "all"],
    ["  found by the re-scan", String(report.recoveredByRescan), "all"],
    ["blocks re-scanned a second", String(report.rescanBlocksPerSecond), "–"],
  ];
  const title = `${String(report.events)} events in ${String(report.blocks)} blocks`;
  for (const line of alignRows([[title, "measured", "reference"], ...rows])) say(line);
  say("");
  return report;
}

async function computeUnits({ flags, say }: CommandContext<typeof FLAGS>): Promise<Record<string, unknown>> {
  const measured = await measureAndShowComputeUnits(say);
  if (flags.snapshot) writeComputeUnits(measured);
  const totals = Object.entries(measured).map(([key, units]) => [key, units.total]);
  return { ...(Object.fromEntries(totals) as Record<string, number>), spent: measured };
}

async function accounts({ flags, say }: CommandContext<typeof FLAGS>): Promise<ProgramAccountsReport> {
  const report = await measureProgramAccounts(flags.accounts);
  const rows = [
    ["the first list", `${String(report.firstListMs)} ms`, "goal well under 1,000 ms"],
    ["every other list", `${String(report.listMs)} ms`, "–"],
    ["  with a filter", `${String(report.filteredMs)} ms`, "–"],
    ["  with a filter, without data", `${String(report.slicedMs)} ms`, "–"],
    ["by address, a hundred at a time", `${String(report.byAddressMs)} ms`, "a full pass in 2,000 ms"],
  ];
  const title = `${String(report.accounts)} accounts of a program, ${String(report.megabytes)} MB`;
  for (const line of alignRows([[title, "measured", "reference"], ...rows])) say(line);
  say("");
  return report;
}

async function monitor({ flags, say }: CommandContext<typeof FLAGS>): Promise<MonitorReport> {
  const report = await measureMonitor(flags.vaults);
  const { first, later } = report;
  const rows = [
    ["first pass, processor time", `${String(first.cpuMs)} ms`, "goal 2,000 ms"],
    ["  by the clock, with cluster and database", `${String(first.ms)} ms`, "–"],
    ["every other pass, processor time", `${String(later.cpuMs)} ms`, "goal 2,000 ms"],
    ["  by the clock, with cluster and database", `${String(later.ms)} ms`, "–"],
    ["discrepancies", String(report.discrepancies), "none"],
  ];
  const title = `${String(report.vaults)} vaults, ${String(report.balances)} balances with their tokens`;
  for (const line of alignRows([[title, "measured", "reference"], ...rows])) say(line);
  say("");
  return report;
}

async function redeem({ flags, say }: CommandContext<typeof FLAGS>): Promise<RedeemReport> {
  const { looks } = flags;
  const report = await withCrashServer(({ url: databaseUrl }) =>
    measureRedeem({ ...REDEEM_PLAN, databaseUrl, looks, say }),
  );
  const { first, calm, called } = report;
  const rows = [
    ["full look, none in danger, p50 / p99 / max", `${shownMs(calm.ms)} ms`, "goal 2,000 ms"],
    [
      "  batched requests / requests in them",
      `${String(calm.exchanges)} / ${String(calm.requests)}`,
      "goal 60 batched",
    ],
    ["full look, all called, p50 / p99 / max", `${shownMs(called.ms)} ms`, "goal 2,000 ms"],
    [
      "  batched requests / requests in them",
      `${String(called.exchanges)} / ${String(called.requests)}`,
      "goal 60 batched",
    ],
    ["first look, with finding all", `${String(first.ms)} ms`, "–"],
    ["  batched requests / requests in them", `${String(first.exchanges)} / ${String(first.requests)}`, "–"],
    ["all called: block to first redemption sent", `${String(report.wallMsPlan)} ms`, "–"],
    [`gas of a redemption, mean of ${String(report.redemptions)}`, String(report.gasPerRedemption), "459,525 alone"],
  ];
  const title = `${String(report.watched)} watched of ${String(report.discovered)} deposits`;
  for (const line of alignRows([[title, "measured", "reference"], ...rows])) say(line);
  say("");
  return report;
}

function shownMs({ p50, p99, max }: RedeemReport["calm"]["ms"]): string {
  return [p50, p99, max].join(" / ");
}

async function main(context: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  const { positionals, say } = context;
  const [name] = positionals;
  if (context.flags.snapshot && name !== "cu") throw usageError("CONFLICTING_FLAGS", "--snapshot belongs to cu");
  if (name !== undefined && !(BUILT as readonly string[]).includes(name)) {
    throw usageError("PART_NOT_BUILT", `${name}: this part is not built yet; ${BUILT.join(", ")}`);
  }
  if (name === "gas") return { ok: true, report: await gas(say) };
  if (name === "sim") return { ok: true, report: { ...(await speed(say)) } };
  if (name === "crash") {
    const report = await crash(context);
    if ("redeemed" in report) {
      const { doubled, lost, wrongClaims } = report;
      return { ok: doubled + lost + wrongClaims === 0, report: { ...report } };
    }
    if ("doubled" in report) {
      const { doubled, forgotten, unreconciled } = report;
      return { ok: doubled + forgotten + unreconciled === 0, report: { ...report } };
    }
    return { ok: report.lost + report.duplicates + report.wrongClaims === 0, report: { ...report } };
  }
  if (name === "cu") return { ok: true, report: await computeUnits(context) };
  if (name === "latency") return { ok: true, report: { ...(await latency(context)) } };
  if (name === "accounts") return { ok: true, report: { ...(await accounts(context)) } };
  if (name === "redeem") return { ok: true, report: { ...(await redeem(context)) } };
  if (name === "monitor") {
    const report = await monitor(context);
    return { ok: report.discrepancies === 0, report: { ...report } };
  }
  if (name === "backfill") {
    const report = await backfill(context);
    const isComplete = report.recoveredAtOnce === report.hidden && report.recoveredByRescan === report.hidden;
    return { ok: isComplete, report: { ...report } };
  }
  return {
    ok: true,
    report: {
      ...{ gas: await gas(say), sim: await speed(say) },
      ...{ crash: await crash(context), latency: await latency(context), backfill: await backfill(context) },
      cu: await computeUnits(context),
      accounts: await accounts(context),
      monitor: await monitor(context),
      redeem: await redeem(context),
    },
  };
}

await runCommand(COMMAND, main);
