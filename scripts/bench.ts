/** `npm run bench`: figures, never pass or fail. */
import { measureGas } from "./bench/gas.js";
import { measureReserveGas } from "./bench/reserves.js";
import { measureSpeed, type SpeedReport } from "./bench/speed.js";
import { measureSystemGas } from "./bench/system.js";
import {
  runCommand,
  usageError,
  type CommandContext,
  type CommandDefinition,
  type CommandResult,
  type FlagDefinitions,
} from "./cli.js";
import { alignRows } from "./sim/show.js";

const BUILT = ["gas", "sim"] as const;
const WAITING = ["crash", "arbitrage", "cu", "feed", "api", "backfill", "redeem"] as const;

const FLAGS: FlagDefinitions = {};

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
  const figures = { ...(await measureGas()), ...(await measureSystemGas()), ...(await measureReserveGas()) };
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

async function main({ positionals, say }: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  const [name] = positionals;
  if (name !== undefined && !(BUILT as readonly string[]).includes(name)) {
    throw usageError("PART_NOT_BUILT", `${name}: this part is not built yet; gas or sim`);
  }
  if (name === "gas") return { ok: true, report: await gas(say) };
  if (name === "sim") return { ok: true, report: { ...(await speed(say)) } };
  return { ok: true, report: { gas: await gas(say), sim: await speed(say) } };
}

await runCommand(COMMAND, main);
