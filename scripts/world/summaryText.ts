/** The end of a run of the local world, for people. */
import { formatUnits } from "ethers";

import { reserveRows } from "../report/reserves.js";
import { alignRows, ounces } from "../sim/show.js";
import { bridgeLines } from "./bridge/show.js";
import type { RoundsReport } from "./rounds.js";
import type { CollateralFigures } from "./solana/worldExchange.js";
import type { WorldFigures } from "./summary.js";
import { usd, type Terminal } from "./terminal.js";

export function printSummary(figures: WorldFigures, terminal: Terminal): void {
  const chains = Object.entries(figures.chains);
  const several = chains.length > 1;
  terminal.line();
  for (const [name, chain] of chains) {
    const place = several ? `chain ${name}: ` : "";
    terminal.line(
      `${place}${chain.blocks} blocks, ${chain.trades} trades, ${chain.feedRounds} price rounds in ${figures.seconds} s`,
    );
    const rows = Object.entries(chain.pools).map(([pair, pool]) => [
      pair,
      `${(pool.inBandShare * 100).toFixed(2)} %`,
      String(pool.deviationBps.p50),
      String(pool.deviationBps.p99),
      String(pool.deviationBps.max),
      String(pool.executions),
    ]);
    for (const line of alignRows([["pool", "in ±10 bps", "p50", "p99", "max (bps)", "executions"], ...rows])) {
      terminal.line(line);
    }
  }
  for (const line of spreadLines(figures)) terminal.line(line);
  if (figures.bridge !== undefined) for (const line of bridgeLines(figures.bridge)) terminal.line(line);
  const systems = [figures, ...chains.flatMap(([, chain]) => ("stabilizer" in chain ? [chain] : []))];
  for (const [index, { stabilizer, pegs }] of systems.entries()) {
    const place = several ? ` ${chains[index]?.[0] ?? ""}` : "";
    terminal.line(
      `stabilizer${place}: ${ounces(stabilizer.inventoryChangeXauWei)} gained at the oracle, ${ounces(stabilizer.inventoryChangeAtMarketXauWei)} at the market, largest fall ${ounces(stabilizer.lossMaxXauWei)}`,
    );
    const states = Object.entries(pegs.tokens).map(([token, { state }]) => `${token} ${state}`);
    terminal.line(`pegs${place}: ${states.join(", ")}; ${pegs.transitions.length} changes of state`);
  }
  for (const [label, text] of reserveRows(figures)) terminal.line(`${label}: ${text}`);
  terminal.line(`refills: ${figures.refills}`);
  for (const [name, chain] of chains) {
    const keepers = "keepers" in chain ? chain.keepers : figures.keepers;
    for (const line of keeperLines(keepers, "keepers" in chain ? ` ${name}` : "")) terminal.line(line);
  }
  if (figures.collateral !== undefined) for (const line of collateralLines(figures.collateral)) terminal.line(line);
  if (figures.tbtc !== undefined) terminal.line(tbtcLine(figures.tbtc));
  for (const [, { attacks }] of chains)
    for (const { name, profitUsd } of attacks.list) terminal.line(`attack: ${name}: ${usd(profitUsd)}`);
  for (const error of figures.errors) terminal.line(terminal.paint("red", `error: ${error}`));
}

function spreadLines({ spreadBps, chains }: WorldFigures): readonly string[] {
  if (spreadBps === undefined) return [];
  const head = [Object.keys(chains).join(" against "), "below 15 bps", "p50", "p99", "max (bps)"];
  const rows = Object.entries(spreadBps).map(([pair, { p50, p99, max, within15Share }]) => [
    pair,
    `${(within15Share * 100).toFixed(2)} %`,
    ...[p50, p99, max].map(String),
  ]);
  return alignRows([head, ...rows]);
}

function keeperLines(keepers: WorldFigures["keepers"], place: string): readonly string[] {
  return Object.entries(keepers).flatMap(([name, keeper]) => {
    const skips = Object.entries(keeper.skips).map(([reason, count]) => `${reason} ${count}`);
    const seconds = (keeper.takeOverMsMax / 1000).toFixed(1);
    return [
      `${name}${place}: ${keeper.executions} executions, skips: ${skips.join(", ") || "none"}`,
      ...(keeper.rounds === undefined ? [] : [`  ${roundsText(keeper.rounds)}`]),
      ...(keeper.kills === 0 || place !== ""
        ? []
        : [`  killed ${keeper.kills} times while it led; a copy led again at most ${seconds} s later`]),
    ];
  });
}

function collateralLines(collateral: CollateralFigures): readonly string[] {
  const { users, positionsOpened, positionsSettled, positionsLiquidated, withdrawalsExecuted, checks, violations } =
    collateral;
  const vaults =
    `collateral vaults: ${users} users, ${positionsOpened} positions opened, ${positionsSettled} settled, ${positionsLiquidated} liquidated, ` +
    `${withdrawalsExecuted} delayed withdrawals paid; ledgers and tokens compared ${checks} times, ${violations} differences`;
  if (collateral.keepers === undefined) return [vaults];
  const { "collateral-crank": crank, "collateral-monitor": monitor } = collateral.keepers;
  const listed = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none";
  return [
    vaults,
    `collateral-crank: ${crank.executions} executions (${listed(crank.executed)}), skips: ${listed(crank.skips)}`,
    `collateral-monitor: ${monitor.passes} passes, ${monitor.events} events, ${monitor.discrepancies.length} discrepancies`,
  ];
}

function tbtcLine(figures: NonNullable<WorldFigures["tbtc"]>): string {
  const { opened, rescued, settled, byOthers, liquidated, bitcoinBackSat } = figures;
  return (
    `tbtc: ${opened} deposits opened, ${rescued} redeemed by the keeper, of them ${settled} proven, ${byOthers} by others, ${liquidated} liquidated; ` +
    `${formatUnits(bitcoinBackSat, 8)} BTC came back`
  );
}

function roundsText(rounds: RoundsReport): string {
  const { onChain, byOthers, feeds, feedsInOneBlock, latestByBlocks, lost, duplicates } = rounds;
  const carried = byOthers === 0 ? "" : `, ${byOthers} of them brought by somebody else`;
  return (
    `${onChain} rounds of ${feeds} feeds on the chain${carried}; up to ${feedsInOneBlock} in one block, ` +
    `at most ${latestByBlocks} blocks late; ${lost} lost, ${duplicates} sent twice`
  );
}
