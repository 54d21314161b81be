/** One end at work: its own node, account, lease, outbox, policy and evidence. The other end is where its evidence comes from. */

import { ZeroAddress } from "ethers";

import { loadParams } from "../../protocol/params/load.js";
import { Counters } from "../kit/counters.js";
import type { Freshness } from "../kit/health.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { describeError } from "../kit/logger.js";
import type { Policy } from "../kit/policy/types.js";
import type { ProgramResult, RunContext } from "../kit/program.js";
import { confirmWith } from "../kit/providers/confirm.js";
import { runKeeper } from "../kit/runner.js";
import { HeadWatcher } from "../kit/watcher.js";
import { openWorkplace, type Workplace } from "../kit/workplace.js";
import { attestsIn, type AttestationBook } from "./book.js";
import { placeAt, type Connection } from "./connect.js";
import { attestorEncoder, BRIDGE } from "./encode.js";
import type { AttestingKey } from "./key.js";
import { Peers } from "./peers.js";
import { attestorPolicy, KEEPER_NAME } from "./policy.js";
import { Relay } from "./relay.js";
import { Scanner } from "./scanner.js";
import type { EventStore } from "./store.js";
import { AttestorTick, type End } from "./tick.js";
import { Witness } from "./witness.js";

/** How long the end waits for what is in flight. */
const SETTLE_MS = 5_000;
const ONCE_SETTLE_MS = 60_000;

export interface SiteParts {
  readonly own: Connection;
  readonly other: Connection;
  readonly health: Freshness;
  readonly key: AttestingKey | undefined;
  /** undefined in a dry run. */
  readonly book: AttestationBook | undefined;
  readonly events: (connection: Connection) => EventStore;
  readonly listenPort: number | undefined;
}

/**
 * Works for one end until the signal aborts, or for one tick; the caller closes the connections. The gate was passed before.
 * @throws what the parts throw that cannot be opened.
 */
export async function runSite(parts: SiteParts, context: RunContext): Promise<ProgramResult> {
  const { own, other, health, key, book, events, listenPort } = parts;
  const { config, client, log, nextBlock } = own;
  const { execute } = context;
  const network = config.network.name;
  let workplace: Workplace | undefined;
  let insight: InsightServer | undefined;
  try {
    const payer = await own.signer();
    const policy = compilePolicy(own, other, payer?.address);
    const encode = attestorEncoder(own.deployment());
    const leaving = new AbortController();
    const counters = new Counters();
    workplace = await openWorkplace(
      { connection: own, keeper: KEEPER_NAME, signer: payer, policy, encode, execute, env: context.env },
      { health, counters, executions: "settled.mined" },
    );
    const { runtime, submitter, record, standsBy, showStatus } = workplace;
    const peers = new Peers({
      peers: config.peers,
      timeoutMs: config.httpTimeoutMs,
      onFailure: (peer, reason) => {
        counters.add("peers.silent");
        log.debug("peer.silent", { peer, reason });
      },
    });
    const ownEnd = endOf(own, events);
    const otherEnd = endOf(other, events);
    const relay = new Relay({
      ...{ place: ownEnd.place, config, attestor: key?.address, peers, fees: config, defaultSender: ZeroAddress },
      ...{ encode, nextBlock, confirm: confirmWith(client, nextBlock, []), submitter, record, counters, log },
      onRevert: (revert) => runtime?.onRevert(revert),
    });
    const scanner = new Scanner({
      ...{ witness: otherEnd.witness, place: otherEnd.place, other: ownEnd.place, store: otherEnd.store },
      startBlock: other.deployment().record.contracts[BRIDGE]?.block ?? 0,
      ...{ settleBlocks: config.settleBlocks, logRange: config.logRange, counters, log },
    });
    const tick = new AttestorTick({
      ...{ own: ownEnd, other: { ...otherEnd, scanner }, key, book, window: config.window },
      relay: config.deliver ? relay : undefined,
      ...{ counters, record, log },
    });
    const watcher = new HeadWatcher(client, {
      ...{ pollMs: config.pollMs, blockMs: config.network.blockMs, log },
      onFailure: (error) => {
        health.failed(describeError(error).code);
        showStatus(false);
      },
      onReconnect: async (head) => {
        await client.assertChain();
        await nextBlock.probe(head);
      },
    });
    const head = (): number | undefined => watcher.newest;
    insight = await openInsight({
      ...{ connection: own, keeper: KEEPER_NAME, execute, runtime, submitter, health, counters, head },
    });
    log.info("keeper.start", {
      ...{ execute, sender: submitter.sender, rpc: client.shownUrl, attestor: key?.address, listenPort },
      ...{ bridge: ownEnd.place.bridge, other: other.config.network.name },
    });
    const outcome = await runKeeper(
      {
        nextHead: (signal, again) => watcher.next(signal, again),
        upkeep: async (at) => {
          for (const { kind, key: effect, hash, nonce, block } of await submitter.upkeep(at)) {
            counters.add(`settled.${kind}`);
            record.write({ kind: `tx.${kind}`, block: block ?? at.number, facts: { key: effect, hash, nonce } });
          }
        },
        tick: async ({ head: at }) => {
          const verdict = (await runtime?.verdict()) ?? "work";
          if (verdict === "leave") leaving.abort();
          const { lease, control } = runtime ?? {};
          // Paused by itself, for want of coins: nothing is sent, and others carry what is signed.
          const signs = lease?.held !== undefined && control?.last !== undefined && attestsIn(control.last);
          if (verdict === "work" || (verdict === "upkeep" && signs)) await tick.run(at, verdict === "work");
          else counters.add(standsBy() ? "standby" : "held");
        },
        busy: () => submitter.pending().length > 0,
        afterTick: () => {
          showStatus(false);
        },
        health,
        log,
      },
      { once: context.once, settleMs: context.once ? ONCE_SETTLE_MS : SETTLE_MS },
      AbortSignal.any([context.signal, leaving.signal]),
    );
    showStatus(true);
    const report = {
      ...{ keeper: KEEPER_NAME, network, execute, ...outcome },
      attestations: counters.withPrefix("attestations."),
      relayed: counters.withPrefix("relay."),
      standbyTicks: counters.get("standby"),
      control: runtime?.control.last?.state ?? null,
      skips: counters.withPrefix("skip."),
      settled: counters.withPrefix("settled."),
      alarms: counters.withPrefix("alarm."),
      errors: outcome.failedTicks,
    };
    return { ok: outcome.ticks > outcome.failedTicks && !outcome.leftInFlight, report };
  } finally {
    await insight?.close();
    await workplace?.close();
  }
}

function endOf(connection: Connection, events: (connection: Connection) => EventStore): End {
  return { place: placeAt(connection), witness: new Witness(connection.client), store: events(connection) };
}

/** The policy of the key that pays; without a key it is nobody's. */
export function compilePolicy(own: Connection, other: Connection, signer = ZeroAddress): Policy {
  const { config, deployment } = own;
  const { params } = loadParams(config.network.name, config.deploymentsFolder);
  return attestorPolicy(deployment(), params, other.client.chainId, config, signer);
}
