/** `npm run keeper -- courtesy-call-redeemer replay`: the real tBTC v1 through a history of prices, with the keeper in it. */
import { formatUnits } from "ethers";

import { parseDecimal } from "../protocol/units.js";
import { runCommand, usageError, type CommandContext, type CommandResult } from "./cli.js";
import { readEthBtc, type EthBtcRow } from "./tbtc/replay/prices.js";
import type { ReplayReport } from "./tbtc/replay/report.js";
import { TRACES } from "./tbtc/replay/traceNames.js";

const TBTC_DECIMALS = 18;

const FLAGS = {
  prices: { kind: "string", placeholder: "FILE.csv", help: "columns timestamp (unix seconds) and eth_btc" },
  trace: { kind: "choice", choices: TRACES, help: "prices made from the seed instead of a file" },
  seed: { kind: "integer", min: 0, default: 1, help: "of the trace, the deposits, and what everybody else does" },
  tbtc: { kind: "string", placeholder: "AMOUNT", help: "TBTC of the keeper (default: what all its keeps cost)" },
} as const;

const COMMAND = {
  command: "npm run keeper -- courtesy-call-redeemer replay",
  summary:
    "Replays prices through the real tBTC v1 on a chain of its own, with the keeper, a liquidator and competitors.",
  flags: FLAGS,
} as const;

type Flags = CommandContext<typeof FLAGS>["flags"];

async function rowsOf({ prices, trace, seed }: Flags): Promise<readonly EthBtcRow[]> {
  if (prices !== undefined && trace !== undefined)
    throw usageError("CONFLICTING_FLAGS", "--prices and --trace are two histories: give one");
  if (prices !== undefined) return readEthBtc(prices);
  if (trace === undefined) throw usageError("MISSING_FLAG", "replay needs --prices FILE.csv or --trace NAME");
  const { traceOf } = await import("./tbtc/replay/traces.js");
  return traceOf(trace, seed);
}

async function main({ flags, signal, say }: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  const rows = await rowsOf(flags);
  const walletUnits = flags.tbtc === undefined ? undefined : parseDecimal(flags.tbtc, TBTC_DECIMALS);
  // Help and wrong usage need not wait for Hardhat.
  const { openWorldDatabase } = await import("./world/database.js");
  const { runReplay } = await import("./tbtc/replay/run.js");
  const { SAVED_GOAL_BPS } = await import("./tbtc/replay/report.js");
  const database = await openWorldDatabase();
  let shown = 0;
  try {
    const report = await runReplay({
      ...{ rows, signal, databaseUrl: database.url, seed: flags.seed, env: process.env },
      ...(walletUnits === undefined ? {} : { walletUnits }),
      onProgress: (share) => {
        if (Math.floor(share * 10) <= shown) return;
        shown = Math.floor(share * 10);
        process.stderr.write(`${String(shown * 10).padStart(3)} %\n`);
      },
    });
    await tell(say, report);
    const source = flags.prices === undefined ? { trace: flags.trace } : { prices: flags.prices };
    return { ok: report.isWhole && report.ofOmniscientBps >= SAVED_GOAL_BPS, report: { ...source, ...report } };
  } finally {
    await database.close();
  }
}

async function tell(say: (line: string) => void, report: ReplayReport): Promise<void> {
  const { alignRows } = await import("./sim/show.js");
  const percent = (bps: bigint): string => `${formatUnits(bps, 2)} %`;
  const keeps = report.keeps.map((keep) => [
    keep.deposit,
    `${formatUnits(keep.lotSat, 8)} BTC`,
    keep.fate,
    keep.fateWithout,
    percent(keep.lowestHealthBps),
    keep.windowSeconds === undefined ? "–" : `${String(keep.windowSeconds)} s`,
    formatUnits(keep.lostWithoutWei - keep.lostWei),
  ]);
  const header = ["deposit", "lot", "with the keeper", "without", "lowest", "window left", "saved, ETH"];
  for (const line of alignRows([header, ...keeps])) say(line);
  const { used, smallestMargin } = report;
  const { windowSeconds, aboveLiquidationBps } = smallestMargin;
  const rows = [
    ["would have been lost, ETH", formatUnits(report.endangeredWei)],
    ["saved, ETH", `${formatUnits(report.savedWei)}, ${percent(report.savedBps)}`],
    ["of what an omniscient planner saves", percent(report.ofOmniscientBps)],
    ["smallest margin, window", windowSeconds === null ? "–" : `${String(windowSeconds)} s`],
    ["smallest margin, collateral", aboveLiquidationBps === null ? "–" : percent(aboveLiquidationBps)],
    ["TBTC used", `${formatUnits(used.tbtcUnits)} of ${formatUnits(report.wallet.tbtcUnits)}`],
    ["cost", `${formatUnits(used.etherWei)} ETH for ${String(used.gas)} gas, ${String(used.bitcoinFeeSat)} sat`],
    ["transactions", `${String(used.transactions)}, ${String(used.failed)} of them failed`],
  ];
  say("");
  for (const line of alignRows(rows)) say(line);
}

await runCommand(COMMAND, main);
