/** Rescues that are being settled, whoever asked for them, and the servers of the other chain: for `status` and `doctor`. Reads only. */
import { CantileverError } from "../../protocol/errors.js";
import { Counters } from "../kit/counters.js";
import { runChecks, type Check } from "../kit/doctor.js";
import type { Env } from "../kit/env.js";
import type { ChainClient, Head } from "../kit/provider.js";
import { blockByNumber, readBlock } from "../kit/providers/head.js";
import { NOBODY, openChildKey, openSite, type Connection } from "./connect.js";
import { listedOf } from "./listed.js";
import { troubleOf } from "./settling.js";
import type { RescueSite, ServerStanding } from "./site.js";
import { ownMembers, type Operators } from "./strategies/modes.js";
import type { BlockRef, Position, Reading, RescueProtocol, Trouble } from "./types.js";

/** A settlement is over within a day, bumps included; twice that is looked back. */
const LOOK_BACK_SECONDS = 172_800n;

interface OpenSettlement {
  readonly position: string;
  readonly stage: string;
  readonly facts: Readonly<Record<string, string>>;
  /** Kinds of what can be done now. */
  readonly next: readonly string[];
  readonly troubles: readonly Trouble[];
}

/** Everything that is being settled among these. What cannot be looked at says why. */
export async function settlementsOf(
  { protocol }: Pick<RescueSite, "protocol">,
  client: Pick<ChainClient, "request">,
  readings: readonly Reading[],
  block: BlockRef,
): Promise<readonly OpenSettlement[]> {
  const open = readings.filter(({ stage }) => stage === "rescuing");
  if (open.length === 0) return [];
  const since = await blockAt(client, block, block.timestamp - LOOK_BACK_SECONDS);
  return Promise.all(
    open.map(async ({ position }): Promise<OpenSettlement> => {
      try {
        const { stage, facts, followUps, troubles } = await protocol.settle(position, since, block);
        return { position: position.id, stage, facts, next: followUps.map(({ kind }) => kind), troubles };
      } catch (error) {
        if (!(error instanceof CantileverError)) throw error;
        return { position: position.id, stage: "unknown", facts: {}, next: [], troubles: [troubleOf(error)] };
      }
    }),
  );
}

/** For people, one line each. */
export function settlementLines({
  settling,
  servers,
}: {
  readonly settling: readonly OpenSettlement[];
  readonly servers: readonly ServerStanding[];
}): readonly string[] {
  return [
    ...settling.flatMap(({ position, stage, facts, next, troubles }) => [
      `${position}  settling: ${stage}, ${Object.entries(facts)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ")}; next: ${next.length === 0 ? "wait" : next.join(", ")}`,
      ...troubles.map(({ name, summary, detail }) => `${position}  ${name}: ${detail ?? summary}`),
    ]),
    ...servers.map(({ server, state, code }) => `${server}  ${state}${code === undefined ? "" : ` (${code})`}`),
  ];
}

/** Asks servers, opens the key of children and looks at everything that is being settled. */
export async function settlementChecks(connection: Connection, env: Env): Promise<readonly Check[]> {
  const { client, config } = connection;
  let site: RescueSite | undefined;
  try {
    return await runChecks([
      {
        name: "child-key",
        expected: "the key of the destination, or none",
        fix: "without BTC_CHILD_KEYSTORE_FILE or BTC_CHILD_KMS_KEY_ID stuck payments are helped on by hand",
        look: async () => {
          const signer = await openChildKey(connection, env);
          site = openSite(connection, new Counters(), signer);
          const none = site.otherChain === undefined ? "none needed" : "none: children are signed by hand";
          return { ok: true, found: signer === undefined ? none : "opens" };
        },
      },
      {
        name: "servers",
        expected: "as many servers of the other chain as must agree",
        fix: "name more in BTC_ELECTRUM_SERVERS: redemptions are seen, handed over and proven by them",
        needs: ["child-key"],
        look: async () => {
          const chain = site?.otherChain;
          if (chain === undefined) return { ok: true, found: "none needed" };
          await chain.probe();
          const standings = chain.standings();
          const well = standings.filter(({ state }) => state === "ok").length;
          const shown = settlementLines({ settling: [], servers: standings }).join("; ");
          const ok = (chain.agreeing > 0 && well >= chain.agreeing) || config.mode === "watch";
          return { ok, found: shown === "" ? "none" : shown };
        },
      },
      {
        name: "settling",
        expected: "rescues on their way without a trouble",
        fix: "the trouble says what to do",
        needs: ["child-key"],
        look: async () => {
          if (site === undefined) return { ok: false, found: "unknown" };
          const head = await client.head();
          const block = blockOf(head);
          const { own } = await findPositions(site.protocol, config.operators);
          const account = (await connection.signer())?.address ?? NOBODY;
          const listed = await listedOf(site.protocol, config.operators, own, new Set(), account, block);
          const readings = await site.protocol.read(listed, block);
          const settling = await settlementsOf(site, client, oursOf(readings, config.operators, account), block);
          const ok = settling.every(({ troubles }) => troubles.every(({ severity }) => severity !== "critical"));
          const found = settlementLines({ settling, servers: [] }).join("; ");
          return { ok, found: found === "" ? "none" : found };
        },
      },
    ]);
  } finally {
    site?.otherChain?.close();
  }
}

/** Whoever serves others answers for what he has rescued himself; operators for all that is theirs. */
function oursOf(readings: readonly Reading[], { kind }: Operators, account: string): readonly Reading[] {
  return kind === "own" ? readings : readings.filter(({ rescuer }) => rescuer === account.toLowerCase());
}

/** All positions from the first block on: how many there are, and those that are looked after. */
export async function findPositions(
  protocol: Pick<RescueProtocol<unknown>, "discover">,
  operators: Operators,
): Promise<{ readonly found: number; readonly own: readonly Position[] }> {
  const found = new Map<string, Position>();
  let [cursor, more]: [unknown, boolean] = [undefined, true];
  while (more) {
    const look = await protocol.discover(cursor);
    for (const position of look.positions) found.set(position.id, position);
    [cursor, more] = [look.cursor, look.more === true];
  }
  const own = [...found.values()].filter((position) => ownMembers(position.operators, operators) > 0);
  return { found: found.size, own };
}

function blockOf({ number, hash, timestamp }: Head): BlockRef {
  return { number, hash, timestamp: BigInt(timestamp) };
}

/** Number of the last block that is not younger than a time; 0 where all are. */
async function blockAt(client: Pick<ChainClient, "request">, head: BlockRef, timestamp: bigint): Promise<number> {
  let [low, high] = [0, head.number];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const { method, params } = blockByNumber(middle);
    const seconds = readBlock({ result: await client.request(method, params) })?.head.timestamp;
    if (seconds !== undefined && BigInt(seconds) <= timestamp) low = middle;
    else high = middle - 1;
  }
  return low;
}
