import { expect } from "chai";
import { Wallet } from "ethers";

import type { Database } from "../../db/database.js";
import { SignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import { loadParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { encodeSubmit, roundDigest } from "../../protocol/signedRound.js";
import type { WorldChain } from "../../scripts/world/chain.js";
import type { WorldFeed } from "../../scripts/world/feeds.js";
import { REPORTER } from "../../scripts/world/keepers.js";
import { Rounds } from "../../scripts/world/rounds.js";
import { Rpc, WorldProvider } from "../../scripts/world/rpc.js";
import { Terminal } from "../../scripts/world/terminal.js";
import { serveChain } from "../helpers/localNode.js";
import { usePostgres } from "../helpers/postgres.js";

const CHAIN_ID = 138n;
const IDENTITY = { description: "XAU / USD a", decimals: 8 };
const SPEED = 60;

/** A chain with one feed, which ends its deployment with the feed's first round, and an account that pays for the reporter's. */
async function startFeed() {
  const server = await serveChain();
  const provider = new WorldProvider(server.url, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1 });
  const [owner, payer, other] = developmentAccounts().map(({ privateKey }) => new Wallet(privateKey, provider));
  if (owner === undefined || payer === undefined || other === undefined) throw new Error("there are no accounts");
  const contract = await new SignedPriceFeed__factory(owner).deploy({
    ...IDENTITY,
    threshold: 1,
    minGapBlocks: 1,
    maxDelaySeconds: 3600,
    minAnswer: 1,
    maxAnswer: 2n ** 72n - 1n,
    signers: [owner.address],
    owner: owner.address,
    guardian: owner.address,
  });
  const address = await contract.getAddress();
  const feedId = await contract.feedId();
  /** Before every round arrives. */
  const observed = BigInt((await provider.getBlock("latest"))?.timestamp ?? 0) - 100n;
  /** A signed round, which whoever has it may bring. */
  const round = (roundId: bigint): string => {
    const signed = { roundId, answer: 1000n + roundId, observedAt: observed + roundId };
    const signature = owner.signingKey.sign(roundDigest(feedId, signed)).serialized;
    return encodeSubmit(signed, [{ signer: owner.address, signature }]);
  };
  /** Refused rounds are mined as well; the node then says so instead of answering. */
  const bring = async (from: Wallet, roundId: bigint): Promise<void> => {
    const call = { to: address, data: round(roundId), gasLimit: 500_000n };
    await from.sendTransaction(call).catch(() => undefined);
  };
  await bring(owner, 1n);
  const rpc = new Rpc(server.url);
  const chain = { rpc, loaded: loadParams("localhost"), deployedBlock: await rpc.blockNumber() };
  const feed: WorldFeed = {
    ...{ token: "XAU", about: "token", address, description: IDENTITY.description },
    ...{ deviationBps: 20, heartbeatSeconds: 3600 },
  };
  return {
    ...{ rpc, round, bring, address, payer, other },
    /** As the world counts them. */
    rounds: (show: (text: string) => void = () => undefined) =>
      new Rounds(chain as unknown as WorldChain, [feed], payer.address, SPEED, new Terminal(show, false)),
    async close(): Promise<void> {
      provider.destroy();
      await server.close();
    },
  };
}

describe("scripts/world/rounds", () => {
  const postgres = usePostgres();
  let feed: Awaited<ReturnType<typeof startFeed>>;
  let db: Database;
  beforeEach(async () => {
    feed = await startFeed();
    db = (await postgres.testDatabase()).database;
  });
  afterEach(() => feed.close());

  /** A row of the reporter's outbox. */
  async function row(roundId: bigint, state: string, kind: "intent" | "cancel" = "intent"): Promise<void> {
    const hash = `0x${String(roundId)}`;
    const mined = state === "signed" ? null : hash;
    const [stored] = await db.query<{ id: string }>(
      `INSERT INTO keeper_outbox (chain_id, signer, role, fence, policy_hash, effect_key, state, nonce, intent, since_block, valid_until,
        mined_hash) VALUES ($1, $2, $3, 1, '', $4, $5, $6, $7, 0, 0, $8) RETURNING id`,
      [
        ...[CHAIN_ID, feed.payer.address, REPORTER, `report:${String(roundId)}`, state, roundId],
        ...[JSON.stringify({ to: feed.address, data: feed.round(roundId) }), mined],
      ],
    );
    await db.query(
      "INSERT INTO keeper_attempt (outbox_id, ordinal, hash, raw, kind, terms, block) VALUES ($1, 0, $2, '', $3, '{}', 0)",
      [stored?.id ?? "", hash, kind],
    );
  }

  it("ROUND-4 finds the rounds that the reporter brought while the world was still opening", async () => {
    // the reporter leads and brings a round; whatever else the world starts takes some blocks more
    await feed.bring(feed.payer, 2n);
    await row(2n, "final");
    await feed.rpc.request("hardhat_mine", ["0x3"]);
    const rounds = feed.rounds();
    const opened = await feed.rpc.blockNumber();
    rounds.punctualFrom(opened);
    await feed.bring(feed.payer, 3n);
    await row(3n, "mined");
    await rounds.look(await feed.rpc.blockNumber());
    const report = await rounds.report(db);
    expect(report).to.include({ onChain: 2, byOthers: 0, reverted: 0, lost: 0, duplicates: 0, open: 0 });
    expect(report.latestByBlocks).to.equal(0);
  });

  it("tells of a price when it has moved by what its feed follows, and of no heartbeat", async () => {
    const lines: string[] = [];
    const rounds = feed.rounds((text) => lines.push(text));
    // 1002, 1003, 1004, 1005: the first is where it begins, and the fourth is 20 bps away from it
    for (const roundId of [2n, 3n, 4n, 5n]) await feed.bring(feed.payer, roundId);
    await rounds.look(await feed.rpc.blockNumber());
    expect(lines.filter((line) => /prices +moved to XAU /.test(line))).to.have.length(1);
  });

  it("counts as lost what has ended without having arrived, and nothing else", async () => {
    const rounds = feed.rounds();
    await feed.bring(feed.other, 2n);
    await feed.bring(feed.payer, 2n);
    await row(2n, "reverted");
    await row(3n, "signed");
    await row(4n, "cancelled");
    await rounds.look(await feed.rpc.blockNumber());
    const before = await rounds.report(db);
    expect(before).to.include({ onChain: 1, byOthers: 1, reverted: 1, lost: 0, duplicates: 0, open: 1 });
    await row(5n, "final");
    // Its nonce is used by a transaction that does nothing, in a block that may still be replaced.
    await row(6n, "mined", "cancel");
    await feed.bring(feed.payer, 2n);
    await rounds.look(await feed.rpc.blockNumber());
    const after = await rounds.report(db);
    expect(after).to.include({ onChain: 1, byOthers: 1, reverted: 2, lost: 1, duplicates: 1, open: 1 });
  });
});
