import { alignRows } from "../../sim/show.js";
import type { ComputeUnits } from "./meter.js";
import { measureComputeUnits } from "./run.js";

/** Goals of the specification; elsewhere figures of comparable programs, where somebody has measured one. */
const REFERENCES: Readonly<Record<string, string>> = {
  initialize: "example vault with its accounts by Anchor 30,000",
  deposit: "plain Anchor deposit with emit_cpi! 21,000; goal 8,000",
  withdraw: "plain Anchor withdrawal 15,100; goal 9,000",
  lock: "goal 6,000",
  unlock: "goal 6,000",
  firstDeposit: "plain Anchor deposit with init 23,400; the vault's token account is made here",
  depositToken2022: "TransferChecked of Token-2022 alone 1,790",
};

/** Measures, and prints each figure with its reference and with what it is spent on. */
export async function measureAndShowComputeUnits(
  say: (line: string) => void,
): Promise<Readonly<Record<string, ComputeUnits>>> {
  const measured = await measureComputeUnits();
  const rows = Object.entries(measured).map(([key, units]) => {
    const { total, callees, calls, addresses, logs, events, rest } = units;
    return [key, ...[total, callees, calls, addresses, logs, events, rest].map(String), REFERENCES[key] ?? "–"];
  });
  const titles = ["compute units", "measured", "in callees", "for calls", "addresses", "log", "event", "own work"];
  for (const line of alignRows([[...titles, "reference"], ...rows])) say(line);
  say("");
  return measured;
}
