/**
 * Finds the deposits of a system by the keeps that were opened for them. Logs of the factories name keep, deposit and members at once; the
 * factories' own arrays say how many keeps there are, so that a log that a node left out is missed, and the keep is then read from the
 * chain's state. Only blocks with confirmations on top are read; what was found on a branch that is gone is found again.
 *
 * Finding is coverage, never authority: a deposit counts when the system's own token for it exists and it names that keep. What is found is
 * stored, so that nodes that contradict each other about it are not believed.
 */
import { RetryableError } from "../../../../protocol/errors.js";
import { depositTokenId } from "../../../../protocol/tbtc/contracts.js";
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import type { Counters } from "../../../kit/counters.js";
import type { KeeperLog } from "../../../kit/logger.js";
import type { ChainClient, Head } from "../../../kit/provider.js";
import { blockByNumber, readBlock } from "../../../kit/providers/head.js";
import type { NoQuorum } from "../../../kit/providers/agreement.js";
import { readPinned } from "../../../kit/providers/pinned.js";
import type { Discovered, Position } from "../../types.js";
import type { AgreedReads } from "./agreedReads.js";
import {
  backTo,
  freshCursor,
  readCursor,
  withAnchor,
  type Anchor,
  type CursorStart,
  type TbtcCursor,
} from "./cursor.js";
import { KeepLogs, type LoggedKeep } from "./keepLogs.js";
import { addressOf, answered, numberOf, view, type View } from "./views.js";

export interface DiscoverySettings {
  /** First block in which keeps are looked for. */
  readonly minBlock: number;
  /** Blocks on top of the last one that is read. */
  readonly confirmations: number;
  /** Blocks before the cursor that are read again each time: a node may learn of logs late. */
  readonly overlap: number;
  /** Blocks of the largest range, and ranges of one look. */
  readonly logSpan: number;
  readonly rangesAtOnce: number;
}

export const DISCOVERY_SETTINGS: DiscoverySettings = {
  minBlock: 0,
  confirmations: 12,
  overlap: 50,
  logSpan: 10_000,
  rangesAtOnce: 100,
};

export interface DiscoveryParts {
  readonly client: Pick<ChainClient, "ask" | "head">;
  readonly reads: Pick<AgreedReads, "read">;
  readonly addresses: TbtcAddresses;
  readonly settings: DiscoverySettings;
  readonly counters: Counters;
  readonly log: KeeperLog;
  /** What was thought to never change was on a branch that is gone. */
  readonly onReorganised: () => void;
}

/** A keep that may be one of the system's. */
type Found = Pick<LoggedKeep, "keep" | "members" | "owner">;

export class Discovery {
  private readonly start: CursorStart;
  private readonly logs: KeepLogs;
  /** Keeps whose logs this process has read, by address; those that are known to the arrays are forgotten. */
  private seen = new Map<string, LoggedKeep>();
  /** First block of the logs in `seen`; they have no gap up to the cursor. */
  private seenFrom: number | undefined;

  constructor(private readonly parts: DiscoveryParts) {
    const { addresses, settings, client } = parts;
    this.start = { system: addresses.system, minBlock: settings.minBlock, factories: [addresses.keepFactory] };
    this.logs = new KeepLogs(client, addresses.system.toLowerCase(), settings.logSpan);
  }

  /** @throws RetryableError when nodes cannot say, or the chain changes meanwhile: nothing is lost, the cursor stays. */
  async discover(stored: TbtcCursor | undefined): Promise<Discovered<TbtcCursor>> {
    const { settings, client } = this.parts;
    const head = await client.head();
    const target = head.number - settings.confirmations;
    let cursor = await this.resume(stored);
    const found: Found[] = [];
    // On a long way nothing has been given out late yet.
    const overlap = cursor.compared + 1 < cursor.next ? 0 : settings.overlap;
    let from = Math.max(settings.minBlock, cursor.next - overlap);
    if (this.seenFrom === undefined || this.seenFrom > from) this.seenFrom = from;
    for (let range = 0; range < settings.rangesAtOnce && from <= target;) {
      const read = await this.readRange(cursor, from, target);
      // What overlaps is bounded by itself, and must not keep a look from going on.
      if (read.to >= cursor.next) range += 1;
      ({ cursor } = read);
      found.push(...read.found);
      from = read.to + 1;
    }
    const more = from <= target;
    if (!more) {
      const compared = await this.compare(cursor);
      ({ cursor } = compared);
      found.push(...compared.found);
    }
    return { positions: await this.adopt(found, head), cursor, more };
  }

  /** The stored cursor where its branch is still there, or the newest place of it that is; a fresh one where nothing is. */
  private async resume(stored: TbtcCursor | undefined): Promise<TbtcCursor> {
    const fresh = freshCursor(this.start);
    if (stored === undefined) return this.restart(fresh);
    const cursor = readCursor(stored, this.start);
    if (cursor === undefined) {
      this.parts.log.warn("tbtc.cursor-unusable", { system: fresh.system, minBlock: fresh.minBlock });
      return this.restart(fresh);
    }
    const [newest] = cursor.anchors;
    if (newest === undefined || (await this.stillThere([newest])) !== undefined) return cursor;
    const anchor = await this.stillThere(cursor.anchors);
    this.parts.counters.add("discovery.reorganised");
    this.parts.log.warn("tbtc.reorganised", { from: anchor?.number ?? fresh.minBlock, to: cursor.next - 1 });
    this.parts.onReorganised();
    return this.restart(anchor === undefined ? fresh : backTo(cursor, anchor));
  }

  /** The first of these blocks that the chain still has. What lies below it is still there, too. */
  private async stillThere(anchors: readonly Anchor[]): Promise<Anchor | undefined> {
    const hashes = await this.parts.client.ask({
      method: "eth_getBlockByNumber",
      requests: () => anchors.map(({ number }) => blockByNumber(number)),
      read: (answers) => answers.map((answer) => readBlock(answer)?.head.hash),
    });
    return anchors.find(({ hash }, at) => hashes[at] === hash);
  }

  private restart(cursor: TbtcCursor): TbtcCursor {
    this.seen = new Map();
    this.seenFrom = undefined;
    return cursor;
  }

  private async readRange(
    cursor: TbtcCursor,
    from: number,
    target: number,
  ): Promise<{ readonly cursor: TbtcCursor; readonly found: readonly Found[]; readonly to: number }> {
    const known = cursor.factories.map(({ address }) => address);
    const [before] = cursor.anchors;
    let range = await this.logs.read(known, from, target, before);
    const learned = [...new Set(range.factories)].filter((factory) => !known.includes(factory));
    let wider = cursor;
    if (learned.length > 0) {
      this.parts.log.info("tbtc.factories-learned", { factories: learned, block: range.to });
      const added = learned.map((address) => ({ address, verified: null }));
      wider = { ...cursor, factories: [...cursor.factories, ...added] };
      // Its keeps may lie in the same range.
      range = await this.logs.read([...known, ...learned], from, range.to, before);
    }
    const application = this.start.system.toLowerCase();
    const found = range.keeps.filter((keep) => keep.application === application);
    for (const keep of range.keeps) this.seen.set(keep.keep, keep);
    // What overlaps brings the cursor no further.
    const advanced = range.to < wider.next ? wider : withAnchor(wider, range.to, range.hash);
    return { cursor: advanced, found, to: range.to };
  }

  /** Compares logs with the arrays of the factories at the newest block that was read. What has no log comes from the keeps themselves. */
  private async compare(
    cursor: TbtcCursor,
  ): Promise<{ readonly cursor: TbtcCursor; readonly found: readonly Found[] }> {
    const [at] = cursor.anchors;
    if (at === undefined) return { cursor, found: [] };
    const factories: TbtcCursor["factories"] = [];
    const found: Found[] = [];
    // Whether every keep that is new to the arrays should have shown a log to this process.
    const isCovered = this.seenFrom !== undefined && this.seenFrom <= cursor.compared + 1;
    const answerer = this.logs.settle();
    for (const { address, verified } of cursor.factories) {
      const [count] = await this.viewsAt(at, [view("keepFactory", address, "getKeepCount")]);
      const total = Number(numberOf(count as never));
      const first = verified ?? (await this.firstSince(address, total, at));
      const indexes = Array.from({ length: Math.max(0, total - first) }, (_, index) => first + index);
      const keeps = (
        await this.viewsAt(
          at,
          indexes.map((index) => view("keepFactory", address, "getKeepAtIndex", [index])),
        )
      ).map(addressOf);
      const silent = keeps.filter((keep) => !this.seen.has(keep));
      // Logs of a factory that was learned later were read from there on only.
      const isOwnStart = verified !== null || this.start.factories.some((one) => one.toLowerCase() === address);
      if (silent.length > 0 && isCovered && isOwnStart) {
        answerer?.quarantine.fault("log-omission");
        this.parts.counters.add("discovery.logs-omitted", silent.length);
        this.parts.log.warn("tbtc.logs-omitted", { factory: address, keeps: silent.length, node: answerer?.shown });
      }
      found.push(...(await this.readKeeps(silent, at)));
      factories.push({ address, verified: Math.max(first, total) });
    }
    this.seen = new Map();
    this.seenFrom = undefined;
    const settled = { ...cursor, factories, compared: at.number };
    return { cursor: withAnchor({ ...settled, anchors: settled.anchors.slice(1) }, at.number, at.hash), found };
  }

  /** Place in the array of the first keep that was opened in the first block that counts or later; by halves. */
  private async firstSince(factory: string, total: number, at: Pick<Head, "number" | "hash">): Promise<number> {
    const { minBlock } = this.parts.settings;
    if (minBlock === 0) return 0;
    const since = await this.parts.client.ask({
      method: "eth_getBlockByNumber",
      requests: () => [blockByNumber(minBlock)],
      read: ([answer]) => readBlock(answer)?.head.timestamp,
    });
    if (since === undefined) throw new RetryableError("TBTC_BLOCK_UNKNOWN", `no node knows block ${String(minBlock)}`);
    let [low, high] = [0, total];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [keep] = await this.viewsAt(at, [view("keepFactory", factory, "getKeepAtIndex", [middle])]);
      const address = addressOf(keep as never);
      const [opened] = await this.viewsAt(at, [view("factoryClock", factory, "getKeepOpenedTimestamp", [address])]);
      if (numberOf(opened as never) >= BigInt(since)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private async readKeeps(keeps: readonly string[], at: Pick<Head, "number" | "hash">): Promise<readonly Found[]> {
    const views = keeps.flatMap((keep) => [view("keep", keep, "getOwner"), view("keep", keep, "getMembers")]);
    const results = await this.viewsAt(at, views);
    return keeps.flatMap((keep, index): Found[] => {
      const [owner, members] = results.slice(2 * index, 2 * index + 2);
      if (owner === undefined || members === undefined) return [];
      return [{ keep, owner: addressOf(owner), members: (members[0] as string[]).map((one) => one.toLowerCase()) }];
    });
  }

  /** Positions of those keeps whose owner is a deposit of the system that names the keep. */
  private async adopt(found: readonly Found[], head: Head): Promise<readonly Position[]> {
    const owned = [...new Map(found.map((keep) => [keep.keep, keep])).values()];
    const isGenuine = await this.exist(
      owned.map(({ owner }) => owner),
      head,
    );
    const genuine = owned.filter((_, index) => isGenuine[index]);
    const terms = await this.viewsAt(
      head,
      genuine.flatMap(({ owner }) => [view("deposit", owner, "keepAddress"), view("deposit", owner, "lotSizeTbtc")]),
    );
    const positions = genuine.flatMap(({ keep, owner, members }, index): Position[] => {
      const [named, lot] = terms.slice(2 * index, 2 * index + 2);
      if (named === undefined || lot === undefined || addressOf(named) !== keep) return [];
      return [{ id: owner, operators: members, sizeUnits: numberOf(lot) }];
    });
    // Anybody may open a keep for somebody else; no deposit of the system is behind it.
    const foreign = owned.length - positions.length;
    if (foreign > 0) this.parts.counters.add("discovery.foreign-keeps", foreign);
    return positions;
  }

  /**
   * Which of these the system has a token for, as enough nodes say. Where there are not enough, and none contradicts, one is believed: what he
   * invents is told once or not at all, and nothing is signed about it. @throws RetryableError NO_QUORUM when they contradict each other.
   */
  private async exist(owners: readonly string[], head: Head): Promise<readonly boolean[]> {
    const { reads, addresses, counters } = this.parts;
    const views = owners.map((owner) =>
      view("ownershipToken", addresses.depositToken, "exists", [depositTokenId(owner)]),
    );
    try {
      const answers = await Promise.all(views.map(({ read }) => reads.read(head, [read])));
      return views.map((one, index) => one.decode(answers[index]?.[0])[0] === true);
    } catch (error) {
      if (!(error instanceof RetryableError && error.details["reason"] === ("too-few-providers" satisfies NoQuorum)))
        throw error;
      counters.add("discovery.unconfirmed");
      return (await this.viewsAt(head, views)).map(([exists]) => exists === true);
    }
  }

  /** Results of views that never revert, all at one block. */
  private async viewsAt(at: Pick<Head, "number" | "hash">, views: readonly View[]) {
    const answers = await readPinned(
      this.parts.client,
      at,
      views.map(({ read }) => read),
    );
    return views.map((one, index) => one.decode(answered(answers[index])));
  }
}
