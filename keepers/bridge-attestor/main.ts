/** The bridge attestor as a program: run, doctor, policy, status. One process serves both ends. */
import { hostname } from "node:os";

import { openDatabase, type OpenDatabase } from "../../db/open.js";
import { UsageError } from "../../protocol/errors.js";
import { watchTroubles } from "../kit/alerts/open.js";
import { checkLines, runChecks, type Check } from "../kit/doctor.js";
import { passGates } from "../kit/gate.js";
import { Freshness } from "../kit/health.js";
import { describeError } from "../kit/logger.js";
import { policyReport } from "../kit/policy/report.js";
import type { KeeperProgram, ProgramContext, ProgramResult, RunContext } from "../kit/program.js";
import { runtimeChecks } from "../kit/runtimeChecks.js";
import { describeRunning, readStatus, statusPath } from "../kit/statusFile.js";
import { AttestationBook } from "./book.js";
import { connectBoth, placeAt, type Connection, type Connections } from "./connect.js";
import { openDesk, type Desk } from "./desk.js";
import { examine, EXECUTE_GATE, GATE } from "./doctor.js";
import type { AttestingKey } from "./key.js";
import { KEEPER_NAME } from "./policy.js";
import { compilePolicy, runSite } from "./site.js";
import { MemoryEvents, PgEvents, type EventStore } from "./store.js";
import { viewBridge } from "./view.js";
import { Witness } from "./witness.js";

/** The attestor's own statements; each end has a pool of its own beside them. */
const MAX_CONNECTIONS = 6;

export const program: KeeperProgram = { run, doctor, status, policy };

async function run(context: RunContext): Promise<ProgramResult> {
  const connections = connectBoth(context.network, context.env, context.terminal);
  const { ends } = connections;
  const sites = ends.map((connection) => ({ connection, health: new Freshness(connection.config.staleAfterSeconds) }));
  const allWell = (): boolean =>
    sites.every(({ health }) => health.report().healthy && health.report().lastBlock !== undefined);
  const troubles = sites.map(({ connection, health }) => watchTroubles(connection, health, allWell));
  let opened: OpenDatabase | undefined;
  let desk: Desk | undefined;
  const leaving = new AbortController();
  const signal = AbortSignal.any([context.signal, leaving.signal]);
  try {
    if (!(await passGate(connections, context))) return { ok: true, report: { keeper: KEEPER_NAME } };
    const key = await connections.attestingKey();
    if (context.execute) opened = await openAttestations(ends[0], context);
    const book = opened === undefined || key === undefined ? undefined : bookOf(opened, key, ends);
    desk = await openDeskOf(ends[0], book);
    const events = eventsOf(opened);
    // Both have ended before anything is closed that either of them needs: its last status, its lease, its connections.
    const ended = await Promise.allSettled(
      sites.map(async ({ connection: own, health }, index) => {
        const other = ends[index === 0 ? 1 : 0];
        const listenPort = desk?.port;
        try {
          return await runSite({ own, other, health, key, book, events, listenPort }, { ...context, signal });
        } catch (error) {
          health.failed(describeError(error).code);
          own.log.error("network.stopped", describeError(error));
          leaving.abort();
          throw error;
        } finally {
          // Neither end can work without the other. One that has done its one tick waits for the other's.
          if (!context.once) leaving.abort();
        }
      }),
    );
    const failed = ended.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return named(
      ends,
      ended.flatMap((end) => (end.status === "fulfilled" ? [end.value] : [])),
    );
  } finally {
    for (const watch of troubles) watch.stop();
    await desk?.close();
    await opened?.close();
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

function openAttestations({ config }: Connection, { env }: RunContext): Promise<OpenDatabase> {
  return openDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(config.databaseFolder === undefined ? {} : { folder: config.databaseFolder }),
    role: "keeper_rw",
    applicationName: `cantilever ${KEEPER_NAME} attestations`,
    maxConnections: MAX_CONNECTIONS,
  });
}

function bookOf({ database }: OpenDatabase, key: AttestingKey, ends: Connections["ends"]): AttestationBook {
  return new AttestationBook({
    db: database,
    attestor: key.address,
    keeper: KEEPER_NAME,
    networks: ends.map(({ config }) => config.network.name),
    actor: `${hostname()}:${String(process.pid)}`,
  });
}

function eventsOf(opened: OpenDatabase | undefined): (connection: Connection) => EventStore {
  if (opened !== undefined) return (connection) => new PgEvents(opened.database, placeAt(connection));
  const memory = new Map<Connection, EventStore>();
  return (connection) => {
    const store = memory.get(connection) ?? new MemoryEvents();
    memory.set(connection, store);
    return store;
  };
}

/** @throws UsageError MISSING_SETTING when there is nothing to be read. */
async function openDeskOf({ config, log }: Connection, book: AttestationBook | undefined): Promise<Desk | undefined> {
  const [port] = config.listenPort;
  if (port === undefined) return undefined;
  if (book === undefined) {
    throw new UsageError("MISSING_SETTING", "ATTESTOR_LISTEN_PORT needs --execute and an attesting key");
  }
  return openDesk(book, { host: config.listenHost, port, requestsPerSecond: config.requestsPerSecond }, log);
}

function named(ends: Connections["ends"], results: readonly ProgramResult[]): ProgramResult {
  const networks = Object.fromEntries(ends.map(({ config }, index) => [config.network.name, results[index]?.report]));
  return { ok: results.every(({ ok }) => ok), report: { ...results[0]?.report, networks } };
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
      const runtime = runtimeChecks({ connection, keeper: KEEPER_NAME, env: context.env });
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
  return withEnds(context, async ({ ends, attestingKey }) => {
    const [first, other] = ends;
    const reports: ProgramResult[] = [];
    for (const [own, remote] of [
      [first, other],
      [other, first],
    ] as const) {
      const payer = await own.signer();
      reports.push(policyReport(compilePolicy(own, remote, payer?.address), () => 0, context.say));
    }
    const key = await attestingKey();
    context.say(key === undefined ? "no attesting key" : `the attesting key ${key.address} signs only`);
    const attests = (key?.rules() ?? []).map(({ type, domain }) => {
      const { name, version, chainId, verifyingContract } = domain;
      context.say(`  ${type} for ${String(verifyingContract)} on chain ${String(chainId)}`);
      return { type, name, version, chainId: String(chainId), verifyingContract };
    });
    const all = named(ends, reports);
    return { ...all, report: { ...all.report, attests } };
  });
}

function status(context: ProgramContext): Promise<ProgramResult> {
  return withEnds(context, async ({ ends }) => {
    const reports: ProgramResult[] = [];
    for (const connection of ends) {
      const { name } = connection.config.network;
      context.say(`${name}:`);
      reports.push(
        await statusOf(connection, context.say).catch((error: unknown) => {
          // One end that does not answer hides no other.
          const { code, error: message } = describeError(error);
          context.say(`${code}: ${message}`);
          return { ok: false, report: { keeper: KEEPER_NAME, network: name, error: code } };
        }),
      );
    }
    return named(ends, reports);
  });
}

async function statusOf(connection: Connection, say: (line: string) => void): Promise<ProgramResult> {
  const { client, config } = connection;
  const { name: network } = config.network;
  await client.assertChain();
  const { set } = await viewBridge(new Witness(client), placeAt(connection), await client.head(), []);
  say(`epoch ${String(set.epoch)}, ${String(set.threshold)} of ${String(set.members.size)} attestors`);
  const running = readStatus(statusPath(config.dataFolder, KEEPER_NAME, network));
  say(describeRunning(running, config.staleAfterSeconds));
  const attestors = { epoch: set.epoch.toString(), threshold: set.threshold, attestors: [...set.members] };
  return { ok: true, report: { keeper: KEEPER_NAME, network, running: running ?? null, ...attestors } };
}
