/**
 * Every price round of the local world, as the chain shows it: what arrived, who brought it, and whether what the reporter's outbox holds
 * happened exactly once. It looks from the end of the deployment on: the reporter brings rounds as soon as it leads, while the world still
 * opens, and the outbox holds those too.
 */
import type { Database } from "../../db/database.js";
import { ISignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import type { TokenName } from "../../protocol/params/schema.js";
import { FEED_DECIMALS } from "../deploy/blueprint.js";
import { BLOCK_SECONDS, type WorldChain } from "./chain.js";
import type { WorldFeed } from "./feeds.js";
import { REPORTER } from "./keepers.js";
import type { Terminal } from "./terminal.js";

const feedAbi = ISignedPriceFeed__factory.createInterface();
const ROUND_SUBMITTED = feedAbi.getEvent("RoundSubmitted").topicHash;
const SUBMIT = feedAbi.getFunction("submit").selector;
const BPS = 10_000;

/** What became of the rounds of a run. */
export interface RoundsReport {
  /** On the chain, whoever brought them. */
  readonly onChain: number;
  /** Brought by somebody who saw them waiting and was faster. */
  readonly byOthers: number;
  /** Transactions of the reporter that came second then, and reverted. */
  readonly reverted: number;
  /** Rounds in the reporter's outbox that are not on the chain, although the outbox says that they have ended. */
  readonly lost: number;
  /** Transactions of the reporter with a round that it had brought already. */
  readonly duplicates: number;
  /** Still on their way at the end. */
  readonly open: number;
  readonly feeds: number;
  /** Most feeds that moved in one block. */
  readonly feedsInOneBlock: number;
  /** Most blocks by which any round came later than its feed's heartbeat asks for. */
  readonly latestByBlocks: number;
}

interface ReporterRow {
  readonly state: string;
  readonly to: string;
  readonly data: string;
}

export class Rounds {
  #onChain = 0;
  #byOthers = 0;
  #feedsInOneBlock = 0;
  #latestBy = 0;
  /** Gas of one round per block. */
  readonly gasPerRound: number[] = [];
  readonly #feeds: ReadonlyMap<string, WorldFeed>;
  /** Rounds that arrived, by feed and id. */
  readonly #arrived = new Set<string>();
  /** Mined transactions of the reporter, by feed and id. */
  readonly #carried = new Map<string, number>();
  readonly #lastBlock = new Map<string, number>();
  readonly #shown = new Map<TokenName, number>();
  readonly #payer: string | undefined;
  #last: number;
  #punctualFrom: number;

  constructor(
    private readonly chain: WorldChain,
    feeds: readonly WorldFeed[],
    /** The account that pays for the reporter's rounds; whoever else brings one is somebody else. */
    payer: string | undefined,
    private readonly speed: number,
    private readonly terminal: Terminal,
  ) {
    this.#feeds = new Map(feeds.map((feed) => [feed.address.toLowerCase(), feed]));
    this.#payer = payer?.toLowerCase();
    this.#last = chain.deployedBlock;
    this.#punctualFrom = chain.deployedBlock;
  }

  /** Lateness counts from this block on; rounds that came before are rounds all the same. */
  punctualFrom(block: number): void {
    this.#punctualFrom = block;
  }

  get onChain(): number {
    return this.#onChain;
  }

  /** Looks at every block up to this one. */
  async look(upTo: number): Promise<void> {
    for (let block = this.#last + 1; block <= upTo; block += 1) {
      await this.#lookAt(block);
      this.#last = block;
    }
  }

  /** Compares with the reporter's outbox, once all is seen. */
  async report(database: Database | undefined): Promise<RoundsReport> {
    const { chainId } = this.chain.loaded.params;
    const rows = database === undefined ? [] : await reporterRows(database, chainId);
    const unsettled = (state: string): boolean => state === "assigned" || state === "signed";
    const lost = rows.filter(
      ({ state, to, data }) => !unsettled(state) && state !== "cancelled" && !this.#arrived.has(roundKey(to, data)),
    );
    const carried = [...this.#carried.values()].reduce((sum, count) => sum + count, 0);
    return {
      onChain: this.#onChain,
      byOthers: this.#byOthers,
      reverted: carried - (this.#onChain - this.#byOthers),
      lost: lost.length,
      duplicates: carried - this.#carried.size,
      open: rows.filter(({ state }) => unsettled(state)).length,
      feeds: this.#feeds.size,
      feedsInOneBlock: this.#feedsInOneBlock,
      latestByBlocks: this.#latestBy,
    };
  }

  async #lookAt(block: number): Promise<void> {
    const { rpc } = this.chain;
    const logs = await rpc.logs([...this.#feeds.keys()], block, block, [ROUND_SUBMITTED]);
    const moved = new Map<TokenName, number>();
    for (const { address, topics, data } of logs) {
      const event = feedAbi.parseLog({ topics: [...topics], data });
      const feed = this.#feeds.get(address.toLowerCase());
      if (event === null || feed === undefined) continue;
      this.#onChain += 1;
      if (String(event.args["sender"]).toLowerCase() !== this.#payer) this.#byOthers += 1;
      const key = address.toLowerCase();
      this.#arrived.add(`${key}:${String(event.args["roundId"])}`);
      const since = Math.max(this.#lastBlock.get(key) ?? 0, this.#punctualFrom);
      this.#latestBy = Math.max(this.#latestBy, block - since - this.#usualGap(feed));
      this.#lastBlock.set(key, block);
      if (feed.about === "token") this.#note(moved, feed, Number(event.args["answer"]) / 10 ** FEED_DECIMALS);
    }
    this.#feedsInOneBlock = Math.max(this.#feedsInOneBlock, logs.length);
    await this.#countCarried(block);
    const [first] = logs;
    const receipt = first === undefined ? undefined : await rpc.receipt(first.transactionHash);
    if (receipt?.logs.length === 1) this.gasPerRound.push(receipt.gasUsed);
    if (moved.size === 0) return;
    const shown = [...moved].map(([token, usd]) => `${token} ${usd.toFixed(token === "XAU" ? 2 : 5)}`).join(", ");
    this.terminal.event(block, "prices", "grey", `moved to ${shown} USD (${logs.length} rounds)`);
  }

  /** Blocks between two rounds of a price that stands still: seen at the end of the block in which it is due, it comes in the next. */
  #usualGap({ heartbeatSeconds }: WorldFeed): number {
    const { minRoundGapBlocks } = this.chain.loaded.params.oracle;
    return Math.max(minRoundGapBlocks, Math.ceil(heartbeatSeconds / this.speed / BLOCK_SECONDS) + 1);
  }

  /** Heartbeats are routine; a price that has moved is news. */
  #note(moved: Map<TokenName, number>, { token, deviationBps }: WorldFeed, usd: number): void {
    const before = this.#shown.get(token);
    const isNews = before !== undefined && Math.abs(usd / before - 1) * BPS >= deviationBps;
    if (before === undefined || isNews) this.#shown.set(token, usd);
    if (isNews) moved.set(token, usd);
  }

  /** Transactions of the payer, mined or reverted: the chain's word on what was sent twice. */
  async #countCarried(block: number): Promise<void> {
    for (const { from, to, input } of await this.chain.rpc.transactions(block)) {
      if (from.toLowerCase() !== this.#payer || to === null || !this.#feeds.has(to.toLowerCase())) continue;
      if (!input.startsWith(SUBMIT)) continue;
      const key = roundKey(to, input);
      this.#carried.set(key, (this.#carried.get(key) ?? 0) + 1);
    }
  }
}

async function reporterRows(database: Database, chainId: number): Promise<readonly ReporterRow[]> {
  return database.query<ReporterRow>(
    `SELECT CASE WHEN a.kind = 'cancel' THEN 'cancelled' ELSE o.state END AS state, intent->>'to' AS "to", intent->>'data' AS "data"
       FROM keeper_outbox o LEFT JOIN keeper_attempt a ON a.hash = o.mined_hash AND a.outbox_id = o.id
      WHERE role = $1 AND chain_id = $2 AND effect_key LIKE 'report:%'`,
    [REPORTER, chainId],
  );
}

/** Feed and id of a `submit`. */
function roundKey(to: string, data: string): string {
  const [round] = feedAbi.decodeFunctionData("submit", data) as unknown as [{ roundId: bigint }];
  return `${to.toLowerCase()}:${String(round.roundId)}`;
}
