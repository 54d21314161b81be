/**
 * What all nodes together are worth: `healthy`, `degraded` (some rest, enough are left) or `no-quorum` (money reads cannot be agreed on:
 * nothing may be signed). Looks at all nodes at once, rarely while all is well and at each new block while it is not.
 */
import type { Endpoint } from "./endpoint.js";
import { TransportFailure } from "./failure.js";
import { blockByNumber, CHAIN_ID, LATEST_BLOCK, readBlock, readChainId, type Head } from "./head.js";
import type { Judge } from "./judge.js";
import type { ProviderPool } from "./pool.js";
import type { Fault } from "./quarantine.js";

export type FleetState = "healthy" | "degraded" | "no-quorum";
export type Disagreement = "hash-disagreement" | "result-disagreement";

export interface FleetReport {
  readonly state: FleetState;
  /** Why it is not healthy: `<node>: <reason>`, `too-few-providers`, a disagreement. */
  readonly reasons: readonly string[];
  readonly quorum: number;
  readonly providers: readonly { readonly shown: string; readonly quarantined: Fault | null }[];
}

export interface FleetOptions {
  /** Nodes that must agree on money reads. */
  readonly quorum: number;
  readonly blockMs: number;
  /** How often all nodes are looked at while all is well. */
  readonly probeMs: number;
  readonly onChange?: ((report: FleetReport) => void) | undefined;
}

/** Blocks that a node may be behind the highest one. */
const MAX_LAG_BLOCKS = 3;
/** Intervals between blocks without news after which a node is compared with the others, and after which its head counts as old. */
const SUSPECT_INTERVALS = 1.5;
const STALE_INTERVALS = 2;

interface Seen {
  readonly endpoint: Endpoint;
  readonly head: Head;
}

export class Fleet {
  private disagreement: Disagreement | undefined;
  private shownState = "";
  private probing: Promise<void> | undefined;
  /** The checks at a keeper's start have compared already. */
  private probedMs = performance.now();

  constructor(
    private readonly pool: ProviderPool,
    private readonly judge: Judge,
    private readonly options: FleetOptions,
  ) {}

  report(): FleetReport {
    const { quorum, blockMs } = this.options;
    const { endpoints, usable } = this.pool;
    const resting = endpoints.flatMap(({ shown, quarantine: { reason } }) =>
      reason === undefined ? [] : [`${shown}: ${reason}`],
    );
    const old = usable.filter(
      (endpoint) => endpoint === this.pool.preferred && this.isSilent(endpoint, STALE_INTERVALS * blockMs),
    );
    const noQuorum = [
      ...(usable.length < quorum ? ["too-few-providers"] : []),
      ...(this.disagreement === undefined ? [] : [this.disagreement]),
    ];
    const weak = [...resting, ...old.map(({ shown }) => `${shown}: head-stale`)];
    const state = noQuorum.length > 0 ? "no-quorum" : weak.length > 0 ? "degraded" : "healthy";
    const providers = endpoints.map(({ shown, quarantine }) => ({ shown, quarantined: quarantine.reason ?? null }));
    return { state, reasons: [...noQuorum, ...weak], quorum, providers };
  }

  /** A money read was agreed on, or it was not. */
  judged(disagreement: Disagreement | undefined): void {
    this.disagreement = disagreement;
    this.tell();
  }

  /** Tells when the state or its reasons have changed since the last time. */
  tell(): void {
    const report = this.report();
    const shown = `${report.state} ${report.reasons.join(" ")}`;
    if (shown === this.shownState) return;
    const first = this.shownState === "";
    this.shownState = shown;
    if (!first || report.state !== "healthy") this.options.onChange?.(report);
  }

  /** After each look at the head. Compares the nodes when it is due; never for a single node, and never waited for unless it must be. */
  async watch(isNews: boolean): Promise<void> {
    this.tell();
    if (this.pool.endpoints.length < 2) return;
    const { blockMs, probeMs } = this.options;
    const sinceMs = performance.now() - this.probedMs;
    if (this.isSilent(this.pool.preferred, SUSPECT_INTERVALS * blockMs)) {
      // The head may be old because its node is: worth waiting for, because nothing else happens meanwhile.
      if (sinceMs > blockMs / 2) await this.probe();
    } else if (isNews && (sinceMs > probeMs || this.report().state !== "healthy")) {
      void this.probe();
    }
  }

  /** Looks at all nodes: chain, newest block, and their hashes at one height. Never throws. */
  probe(): Promise<void> {
    this.probing ??= this.compare().finally(() => {
      this.probing = undefined;
      this.probedMs = performance.now();
      this.tell();
    });
    return this.probing;
  }

  private async compare(): Promise<void> {
    const seen = (await Promise.all(this.pool.endpoints.map((endpoint) => this.look(endpoint)))).filter(
      (entry) => entry !== undefined,
    );
    const highest = Math.max(...seen.map(({ head }) => head.number));
    const youngest = Math.max(...seen.map(({ head }) => head.timestamp));
    const inStep = seen.filter(({ endpoint, head }) => {
      const fault = this.behind(endpoint, head, highest, youngest);
      if (fault !== undefined) endpoint.quarantine.fault(fault);
      return fault === undefined;
    });
    if (inStep.length > 0) await this.compareHashes(inStep, Math.min(...inStep.map(({ head }) => head.number)));
  }

  private async look(endpoint: Endpoint): Promise<Seen | undefined> {
    try {
      const [chainId, latest] = await endpoint.ask([CHAIN_ID, LATEST_BLOCK]);
      this.judge.chain(endpoint, readChainId(chainId));
      const block = readBlock(latest);
      if (block === undefined) throw new TransportFailure("malformed", "no newest block");
      this.judge.newest(endpoint, block);
      return { endpoint, head: block.head };
    } catch {
      // Whatever it was, it is noted with the node.
      return undefined;
    }
  }

  private behind(endpoint: Endpoint, head: Head, highest: number, youngest: number): Fault | undefined {
    const { blockMs } = this.options;
    if (highest - head.number > MAX_LAG_BLOCKS) return "height-lag";
    if (highest === head.number) return undefined;
    const old = (youngest - head.timestamp) * 1000 >= STALE_INTERVALS * blockMs;
    return old || this.isSilent(endpoint, SUSPECT_INTERVALS * blockMs) ? "head-stale" : undefined;
  }

  /** Votes on the hash at one height, and follows each newest block to its parent. */
  private async compareHashes(seen: readonly Seen[], height: number): Promise<void> {
    const votes = await Promise.all(
      seen.map(async ({ endpoint, head }) => {
        try {
          const byHash = { method: "eth_getBlockByHash", params: [head.parentHash, false] };
          const [at, parent] = await endpoint.ask([blockByNumber(height), byHash]);
          if (head.number > 0 && readBlock(parent)?.head.number !== head.number - 1) {
            endpoint.quarantine.fault("parent-link");
            return [];
          }
          const block = readBlock(at);
          if (block?.head.number !== height) throw new TransportFailure("malformed");
          this.judge.header(endpoint, block);
          return [{ endpoint, hash: block.head.hash }];
        } catch {
          return [];
        }
      }),
    );
    this.settle(votes.flat());
  }

  private settle(votes: readonly { readonly endpoint: Endpoint; readonly hash: string }[]): void {
    const counts = new Map<string, number>();
    for (const { hash } of votes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
    const [first, second] = [...counts].sort(([, a], [, b]) => b - a);
    if (first === undefined) return;
    const [hash, count] = first;
    const decided = counts.size === 1 || (count >= this.options.quorum && count > (second?.[1] ?? 0));
    for (const vote of votes) {
      if (!decided) continue;
      if (vote.hash === hash) vote.endpoint.quarantine.good();
      else vote.endpoint.quarantine.fault("hash-disagreement");
    }
    // One vote alone heals nothing: a disagreement ends when enough nodes agree.
    if (!decided) this.disagreement = "hash-disagreement";
    else if (count >= this.options.quorum) this.disagreement = undefined;
  }

  private isSilent(endpoint: Endpoint, limitMs: number): boolean {
    return (this.judge.silentMs(endpoint) ?? 0) >= limitMs;
  }
}
