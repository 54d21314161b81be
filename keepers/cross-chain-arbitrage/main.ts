/** Arbitrage between two chains as a program: run, doctor, policy, status. One process serves both ends. */
import type { Queryable } from "../../db/database.js";
import { formatWadAsBps } from "../../protocol/units.js";
import { watchTroubles } from "../kit/alerts/open.js";
import { checkLines, runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import { passGates } from "../kit/gate.js";
import { Freshness } from "../kit/health.js";
import { policyReport } from "../kit/policy/report.js";
import { NATIVE } from "../kit/policy/types.js";
import type { KeeperProgram, ProgramContext, ProgramResult, RunContext } from "../kit/program.js";
import { runtimeChecks } from "../kit/runtimeChecks.js";
import { describeRunning, readStatus, statusPath } from "../kit/statusFile.js";
import { decideConfigOf, reservedUnits } from "./config.js";
import { connectBoth, NOBODY, pairsOf, paramsOf, placeOf, type Connections } from "./connect.js";
import { decide } from "./decide.js";
import { examine, EXECUTE_GATE, GATE, openWorkCheck } from "./doctor.js";
import { explain } from "./explain.js";
import { observeChain } from "./observe.js";
import { KEEPER_NAME, tokenOfAsset } from "./policy.js";
import { runBoth } from "./run.js";
import { compilePolicy } from "./site.js";

export const program: KeeperProgram = { run, doctor, status, policy };

async function run(context: RunContext): Promise<ProgramResult> {
  const connections = connectBoth(context.network, context.env, context.terminal);
  const { ends } = connections;
  const healthOf = (end: (typeof ends)[number]): Freshness => new Freshness(end.config.staleAfterSeconds);
  const healths = [healthOf(ends[0]), healthOf(ends[1])] as const;
  const allWell = (): boolean =>
    healths.every((health) => health.report().healthy && health.report().lastBlock !== undefined);
  const troubles = ends.map((end, at) => watchTroubles(end, healths[at === 0 ? 0 : 1], allWell));
  try {
    if (!(await passGate(connections, context))) return { ok: true, report: { keeper: KEEPER_NAME } };
    return await runBoth(connections, healths, context);
  } finally {
    for (const watch of troubles) watch.stop();
    for (const { alerts, client } of ends) {
      await alerts.close();
      client.close();
    }
  }
}

/** @returns false when the signal came before networks that are down did. @throws PermanentError GATE_FAILED */
function passGate(connections: Connections, context: RunContext): Promise<boolean> {
  const gate = context.execute ? EXECUTE_GATE : GATE;
  return passGates(connections.ends, gate, (end) => examine(connections, end, context.execute), context);
}

async function withEnds<T>(context: ProgramContext, work: (connections: Connections) => Promise<T>): Promise<T> {
  const connections = connectBoth(context.network, context.env, false);
  try {
    return await work(connections);
  } finally {
    for (const { client } of connections.ends) client.close();
  }
}

function doctor(context: ProgramContext): Promise<ProgramResult> {
  return withEnds(context, async (connections) => {
    const checks: (Check & { readonly network: string })[] = [];
    for (const connection of connections.ends) {
      const { name: network } = connection.config.network;
      const further = (db: () => Queryable): readonly CheckPlan[] => [openWorkCheck(connections, connection, db)];
      const runtime = runtimeChecks({ connection, keeper: KEEPER_NAME, env: context.env, further });
      try {
        const own = [
          ...(await examine(connections, connection, false, context.alertTest)),
          ...(await runChecks(runtime.plans)),
        ];
        context.say(`${network}:`);
        for (const line of checkLines(own)) context.say(line);
        checks.push(...own.map((check) => ({ ...check, network })));
      } finally {
        await runtime.close();
      }
    }
    return { ok: checks.every((check) => check.ok), report: { checks } };
  });
}

function policy(context: ProgramContext): Promise<ProgramResult> {
  return withEnds(context, async ({ ends }) => {
    const [first, second] = ends;
    const pairs = pairsOf(ends);
    const reports: Record<string, unknown> = {};
    for (const [own, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const signer = await own.signer();
      const { tokens } = paramsOf(own);
      const decimalsOf = (asset: string): number => (asset === NATIVE ? 18 : tokens[tokenOfAsset(asset)].decimals);
      const { report } = policyReport(compilePolicy(own, other, pairs, signer?.address), decimalsOf, context.say);
      reports[own.config.network.name] = report;
    }
    return { ok: true, report: { keeper: KEEPER_NAME, networks: reports } };
  });
}

/** What would be decided now if nothing were on its way: the books are a running keeper's. */
function status(context: ProgramContext): Promise<ProgramResult> {
  return withEnds(context, async ({ ends, named }) => {
    const pairs = pairsOf(ends);
    const account = (await named.signer())?.address ?? NOBODY;
    const [first, second] = await Promise.all(
      ends.map(async (end) => {
        await end.client.assertChain();
        return observeChain(placeOf(end), account, pairs, await end.client.head());
      }),
    );
    if (first === undefined || second === undefined) throw new Error("there are two ends");
    const begun = { tradesBegun: new Map(), transfersBegun: new Map(), lastTradeAt: new Map() };
    const books = { readable: true, trades: [], transfers: [], ...begun, bookedTodayXauWei: 0n };
    const { tokens } = paramsOf(named);
    const reserved = reservedUnits(named.config, [first.chain, second.chain], (token) => tokens[token].decimals);
    const decision = decide(
      { chains: [first, second], books, reservedUnits: reserved },
      decideConfigOf(named.config, pairs),
    );
    for (const end of ends) {
      const { name } = end.config.network;
      const running = readStatus(statusPath(end.config.dataFolder, KEEPER_NAME, name));
      context.say(`${name}: ${describeRunning(running, end.config.staleAfterSeconds)}`);
    }
    const spreads = Object.fromEntries(
      [...decision.spreadRates].map(([pair, rate]) => [pair, Number(formatWadAsBps(rate))]),
    );
    for (const [pair, bps] of Object.entries(spreads)) context.say(`${pair.padEnd(14)} ${bps.toFixed(2)} bps apart`);
    for (const skip of decision.skips) context.say(`${skip.about.padEnd(24)} ${skip.reason}: ${explain(skip)}`);
    const intents = decision.kind === "plan" ? decision.intents.map((intent) => intent.kind) : [];
    if (intents.length > 0) context.say(`would now: ${intents.join(", ")}`);
    return {
      ok: first.readable && second.readable,
      report: {
        ...{ keeper: KEEPER_NAME, network: named.config.network.name, spreadBps: spreads, intents },
        gap: { rounds: Number(decision.gap.rounds), seconds: Number(decision.gap.seconds) },
        skips: decision.skips.map(({ about, reason }) => ({ about, reason })),
      },
    };
  });
}
