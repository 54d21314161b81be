/** The price reporter as a program: run, doctor, status. One process serves one network, or several with the same signed rounds. */
import { join } from "node:path";

import { watchTroubles } from "../kit/alerts/open.js";
import { checkLines, runChecks, type Check } from "../kit/doctor.js";
import { isGateFailure, isUnreachable, waitForNetwork } from "../kit/gate.js";
import { Freshness } from "../kit/health.js";
import { describeError } from "../kit/logger.js";
import { policyReport } from "../kit/policy/report.js";
import type { KeeperProgram, ProgramContext, ProgramResult, ReplayContext, RunContext } from "../kit/program.js";
import { runtimeChecks } from "../kit/runtimeChecks.js";
import { describeRunning, readStatus, statusPath } from "../kit/statusFile.js";
import { ChainClocks, RoundBooks } from "./book.js";
import { loadConfig } from "./config.js";
import { connectAll, connectFeeds, KEEPER_NAME, type Connection } from "./connect.js";
import { examine } from "./doctor.js";
import { PeerDesk, runPeer } from "./peer.js";
import { replay } from "./replay.js";
import { compilePolicy, runSite } from "./site.js";

export const program: KeeperProgram = { run, doctor, status, policy, replay: replayOwn };

async function run(context: RunContext): Promise<ProgramResult> {
  const connections = connectAll(context.network, context.env, context.terminal, context.pricesFile);
  const desk = new PeerDesk();
  const shared = { books: new RoundBooks(), clocks: new ChainClocks(), desk };
  const sites = connections.map((connection) => {
    return { connection, health: new Freshness(connection.config.staleAfterSeconds) };
  });
  const allWell = (): boolean =>
    sites.every(({ health }) => health.report().healthy && health.report().lastBlock !== undefined);
  const troubles = sites.map(({ connection, health }) => watchTroubles(connection, health, allWell));
  const leaving = new AbortController();
  const signal = AbortSignal.any([context.signal, leaving.signal]);
  const working = new Set<Connection>();
  const waiting = new Set<Connection>();
  try {
    const results = await Promise.allSettled(sites.map(serve));
    return combined(connections, results);
  } finally {
    for (const watch of troubles) watch.stop();
    await desk.close();
    for (const { alerts, client } of connections) {
      await alerts.close();
      client.close();
    }
  }

  /** A network that is down waits while others work; one that is wrong ends the start of all, and later only itself. */
  async function serve(site: (typeof sites)[number]): Promise<ProgramResult> {
    const { connection, health } = site;
    const { config, log } = connection;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const work = config.duty === "cosign" ? runPeer : runSite;
        const onStart = (): void => {
          working.add(connection);
          waiting.delete(connection);
        };
        return await work({ ...site, shared, onStart }, { ...context, signal });
      } catch (error) {
        const facts = describeError(error);
        health.failed(facts.code);
        const isOpening = !working.has(connection);
        // Who has waited once waits on: a node that has just come back passes the gate a little later.
        const isDown = isOpening && (isUnreachable(error) || (waiting.has(connection) && isGateFailure(error)));
        if (isDown) waiting.add(connection);
        const nobodyWorks = waiting.size === connections.length;
        if (isDown && !nobodyWorks && !context.once && !signal.aborted) {
          await waitForNetwork(connection, signal);
          continue;
        }
        if (nobodyWorks || (attempt === 1 && isOpening && !isDown)) leaving.abort();
        if (connections.length > 1) log.error("network.stopped", facts);
        throw error;
      }
    }
  }
}

/**
 * What one network says as it is; with several what the first says, and each under its name. @throws what a start has failed on, and
 * what ended the last network.
 */
function combined(
  connections: readonly Connection[],
  results: readonly PromiseSettledResult<ProgramResult>[],
): ProgramResult {
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  const wrong = failures.find((error) => !isUnreachable(error)) ?? failures[0];
  if (failures.length === results.length) throw wrong;
  if (failures.length > 0 && !isUnreachable(wrong)) throw wrong;
  return named(
    connections,
    results.map((result) =>
      result.status === "fulfilled"
        ? result.value
        : { ok: false, report: { keeper: KEEPER_NAME, error: describeError(result.reason).code } },
    ),
  );
}

function named(connections: readonly Connection[], results: readonly ProgramResult[]): ProgramResult {
  const [first] = results;
  if (first === undefined) return { ok: false, report: {} };
  if (results.length === 1) return first;
  const networks = Object.fromEntries(
    connections.map(({ config }, index) => [config.network.name, results[index]?.report ?? {}]),
  );
  return { ok: results.every(({ ok }) => ok), report: { ...first.report, networks } };
}

async function doctor(context: ProgramContext): Promise<ProgramResult> {
  const connections = connectAll(context.network, context.env, false, context.pricesFile);
  const checks: (Check & { readonly network?: string })[] = [];
  try {
    for (const connection of connections) {
      const { name: network } = connection.config.network;
      const runtime = runtimeChecks({ connection, keeper: KEEPER_NAME, env: context.env });
      try {
        const own = [...(await examine(connection, false, context.alertTest)), ...(await runChecks(runtime.plans))];
        if (connections.length > 1) context.say(`${network}:`);
        for (const line of checkLines(own)) context.say(line);
        checks.push(...(connections.length > 1 ? own.map((check) => ({ network, ...check })) : own));
      } finally {
        await runtime.close();
      }
    }
    return { ok: checks.every((check) => check.ok), report: { checks } };
  } finally {
    for (const { client } of connections) client.close();
  }
}

async function policy(context: ProgramContext): Promise<ProgramResult> {
  const connections = connectAll(context.network, context.env, false, context.pricesFile);
  try {
    const reports: ProgramResult[] = [];
    for (const connection of connections) {
      const payer = await connection.signer();
      reports.push(policyReport(compilePolicy(connection, payer?.address), () => 0, context.say));
    }
    return named(connections, reports);
  } finally {
    for (const { client } of connections) client.close();
  }
}

function replayOwn(context: ReplayContext): Promise<ProgramResult> {
  const { dataFolder } = loadConfig(context.network, context.env);
  const own = join(dataFolder, `${KEEPER_NAME}-${context.network}.jsonl`);
  return replay(context.recordFile ?? own, context, context.say);
}

async function status(context: ProgramContext): Promise<ProgramResult> {
  const connections = connectAll(context.network, context.env, false, context.pricesFile);
  try {
    const several = connections.length > 1;
    const reports: ProgramResult[] = [];
    for (const connection of connections) {
      const { name } = connection.config.network;
      if (several) context.say(`${name}:`);
      reports.push(
        await statusOf(connection, context.say).catch((error: unknown) => {
          // One network that does not answer hides no other.
          if (!several) throw error;
          const { code, error: message } = describeError(error);
          context.say(`${code}: ${message}`);
          return { ok: false, report: { keeper: KEEPER_NAME, network: name, error: code } };
        }),
      );
    }
    return named(connections, reports);
  } finally {
    for (const { client } of connections) client.close();
  }
}

async function statusOf(connection: Connection, say: (line: string) => void): Promise<ProgramResult> {
  const { client, config } = connection;
  const { name: network } = config.network;
  await client.assertChain();
  const feeds = await connectFeeds(connection, () => Promise.reject(new Error("status sends nothing")));
  const rounds: Record<string, unknown> = {};
  for (const feed of feeds) {
    const last = await feed.last();
    const shown = { roundId: last?.roundId, answer: last?.answer, observedAt: last?.observedAt };
    rounds[feed.description] = Object.fromEntries(
      Object.entries({ ...shown, arrivedInBlock: last?.arrivedInBlock }).map(([key, value]) => [
        key,
        value?.toString() ?? null,
      ]),
    );
    say(`${feed.description.padEnd(16)} round ${String(last?.roundId ?? "none")}: ${String(last?.answer ?? "–")}`);
  }
  const running = readStatus(statusPath(config.dataFolder, KEEPER_NAME, network));
  say(describeRunning(running, config.staleAfterSeconds));
  const report = { keeper: KEEPER_NAME, network: network, running: running ?? null, feeds: rounds };
  return { ok: true, report };
}
