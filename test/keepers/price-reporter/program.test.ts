import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { expect } from "chai";

import { FeedBoard } from "../../../keepers/price-reporter/board.js";
import { connect, connectFeeds, createCosigner } from "../../../keepers/price-reporter/connect.js";
import type { CosignRefusal } from "../../../keepers/price-reporter/cosign.js";
import { program } from "../../../keepers/price-reporter/main.js";
import { signRound } from "../../../keepers/price-reporter/sign.js";
import { HttpPrices } from "../../../keepers/price-reporter/sources.js";
import { CantileverError } from "../../../protocol/errors.js";
import { ISignedPriceFeed__factory } from "../../../protocol/generated/contracts/index.js";
import { loadParams } from "../../../protocol/params/load.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { encodeSubmit, roundDigest, type SignedRound } from "../../../protocol/signedRound.js";
import { startDeployedChain, type DeployedChain } from "../../helpers/deployedChain.js";
import { usePostgres } from "../../helpers/postgres.js";

const FEED = "XAU / USD A";
const BLOCK_MS = 120;

/** A JSON document over HTTP whose content a test changes. */
async function startSource() {
  let body: string | undefined = "{}";
  const server: Server = createServer((_, response) => {
    if (body === undefined) response.writeHead(503).end("down");
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    /** The price it gives, or nothing at all. */
    set: (usd: string | undefined) => (body = usd === undefined ? undefined : JSON.stringify({ data: { "a/b": usd } })),
    setBody: (text: string) => (body = text),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe("npm run keeper -- price-reporter, on a chain with the real contracts", () => {
  let chain: DeployedChain;
  let pristine: unknown;
  const sources: Awaited<ReturnType<typeof startSource>>[] = [];
  const peerSources: Awaited<ReturnType<typeof startSource>>[] = [];
  const open: (() => Promise<unknown>)[] = [];
  let reporters: string[];
  let referenceUsd: number;
  let feed: ReturnType<typeof ISignedPriceFeed__factory.connect>;

  before(async () => {
    chain = await startDeployedChain();
    const { params } = loadParams("localhost");
    reporters = params.reporters.addresses;
    referenceUsd = Number(params.oracle.tokens.XAU.referencePriceUsd);
    const address = chain.deployment.feeds("XAU")[0];
    if (address === undefined) throw new Error("there is no XAU feed");
    feed = ISignedPriceFeed__factory.connect(address, chain.provider);
    for (let count = 0; count < 3; count += 1) sources.push(await startSource());
    for (let count = 0; count < 2; count += 1) peerSources.push(await startSource());
    await chain.mine(20);
  });
  after(async () => {
    await Promise.all([...sources, ...peerSources].map((source) => source.close()));
    await chain.close();
  });
  const postgres = usePostgres();
  /** Of the test's own, because every test starts from the same blocks again. */
  let databaseUrl = "";

  beforeEach(async () => {
    pristine = await chain.ask("evm_snapshot");
    databaseUrl = (await postgres.testDatabase()).url;
    for (const source of [...sources, ...peerSources]) source.set(usd(10));
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    await chain.ask("evm_setIntervalMining", 0);
    await chain.ask("evm_revert", pristine);
  });

  /** The reference price moved by this many basis points. */
  const usd = (bps: number): string => (referenceUsd * (1 + bps / 10_000)).toFixed(4);
  const answer = (bps: number): bigint => BigInt(Math.round(Number(usd(bps)) * 1e8));

  function sourcesFile(name: string, from: readonly { url: string }[]): string {
    const file = join(chain.folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ XAU: from.map(({ url }) => ({ url, pointer: "/data/a~1b" })) }));
    return file;
  }
  function env(signers: readonly number[], more: Record<string, string> = {}): Record<string, string> {
    return {
      LOCALHOST_RPC_URL: chain.url,
      DATABASE_URL: databaseUrl,
      KEEPER_DEPLOYMENTS_FOLDER: chain.folder,
      KEEPER_DATA_FOLDER: join(chain.folder, "data"),
      KEEPER_POLL_MS: "20",
      KEEPER_LOG_LEVEL: "silent",
      REPORTER_FEEDS: FEED,
      // Nothing here is a matter of how quick this machine is.
      REPORTER_HTTP_TIMEOUT_MS: "30000",
      REPORTER_VALID_BLOCKS: "1000",
      REPORTER_HTTP_MAX_BYTES: "2000",
      REPORTER_SOURCES_FILE: sourcesFile("sources", sources),
      REPORTER_LOCAL_SIGNERS: signers.map((index) => reporters[index] ?? "").join(","),
      ...more,
    };
  }

  /** A second reporter with a source of its own; answers with its address. */
  async function startPeer(signer: number): Promise<string> {
    const peerEnv = env([signer], { REPORTER_SOURCES_FILE: sourcesFile("peer", peerSources) });
    const connection = connect("localhost", peerEnv, false, undefined);
    const feeds = await connectFeeds(connection, () => Promise.reject(new Error("a peer sends nothing")));
    const cosigner = createCosigner(connection, feeds, await connection.roundSigners(), connection.prices());
    const listening = await cosigner.listen("127.0.0.1", 0);
    open.push(async () => {
      await listening.close();
      connection.client.close();
    });
    return `http://127.0.0.1:${String(listening.port)}`;
  }

  /** The same as the program that an operator runs. */
  async function startPeerProgram(signer: number) {
    const blocker = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    const { port } = blocker.address() as AddressInfo;
    await new Promise((resolve) => blocker.close(resolve));
    const ending = new AbortController();
    const settings = {
      REPORTER_DUTY: "cosign",
      REPORTER_LISTEN_PORT: String(port),
      REPORTER_SOURCES_FILE: sourcesFile("peer", peerSources),
    };
    const context = { network: "localhost", env: env([signer], settings), signal: ending.signal, say: () => undefined };
    const refused: unknown = await program
      .run({ ...context, execute: true, once: false, terminal: false })
      .catch((error: unknown) => error);
    expect(refused).to.have.property("code", "CONFLICTING_FLAGS");
    const running = program.run({ ...context, execute: false, once: false, terminal: false });
    open.push(() => {
      ending.abort();
      return running;
    });
    const url = `http://127.0.0.1:${String(port)}`;
    const answers = (): Promise<boolean> =>
      fetch(url).then(
        () => true,
        () => false,
      );
    while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 10));
    return {
      url,
      stop: async () => {
        ending.abort();
        return (await running).report;
      },
    };
  }

  /** One tick of the program while blocks are mined. */
  async function once(signers: readonly number[], more: Record<string, string> = {}, execute = true) {
    await chain.ask("evm_setIntervalMining", BLOCK_MS);
    const result = await tickOnce(signers, more, execute);
    await chain.ask("evm_setIntervalMining", 0);
    return result;
  }

  async function tickOnce(signers: readonly number[], more: Record<string, string>, execute: boolean) {
    const context = {
      network: "localhost",
      env: env(signers, more),
      signal: new AbortController().signal,
      say: () => undefined,
    };
    const { ok, report } = await program.run({ ...context, execute, once: true, terminal: false });
    return { ok, ...report } as unknown as {
      ok: boolean;
      rounds: number;
      executions: number;
      skips: object;
      failures: object;
      peerRefusals: number;
    };
  }
  const newest = async () => (await feed.newestRound()).round;

  it("signs what the median of its sources says, with a peer's signature, and the feed takes it", async () => {
    sources[2]?.set(usd(12));
    const before = await newest();
    const peer = await startPeerProgram(1);
    const result = await once([0], { REPORTER_PEERS: peer.url });
    expect((await peer.stop())["answers"]).to.deep.equal({ signed: 1 });
    expect(result).to.deep.include({ ok: true, rounds: 1, executions: 1, failures: {} });
    const { roundId, answer: reported } = await newest();
    expect([roundId, reported]).to.deep.equal([before.roundId + 1n, answer(10)]);
  });

  it("knows every signed feed: those of tokens, of what they are pegged to, and of what they are minted against", async () => {
    const file = join(chain.folder, "prices.csv");
    writeFileSync(file, "timestamp,cUSDT_usd,cUSDC_usd,cEURT_usd,xau_usd\n1000,1.001,0.999,1.12,2700\n");
    const connection = connect("localhost", env([0, 1], { REPORTER_FEEDS: "" }), false, file);
    try {
      const feeds = await connectFeeds(connection, () => Promise.reject(new Error("nothing is sent")));
      const prices = connection.prices();
      const seen = await Promise.all(
        feeds.map(
          async ({ token, description }) =>
            `${description}: ${token} ${String(await prices.read({ token, description }))}`,
        ),
      );
      expect(seen).to.have.length(17);
      expect(seen).to.include.members([
        "cUSDC / USD B: cUSDC 99900000",
        "EUR / USD reference: reference:cEURT 112000000",
        "USDT / USD reserve: reserve:cUSDT 100100000",
        "USDC / USD reserve: reserve:cUSDC 99900000",
        "EURT / USD reserve: reserve:cEURT 112000000",
      ]);
    } finally {
      connection.client.close();
    }
  });

  it("RPC-8 reads every feed in the same request as the head, and by itself what is read again", async () => {
    const connection = connect(
      "localhost",
      env([], { LOCALHOST_RPC_URL: chain.proxy.url, REPORTER_FEEDS: "" }),
      false,
      undefined,
    );
    try {
      const feeds = await connectFeeds(connection, () => Promise.reject(new Error("nothing is sent here")));
      expect(feeds.length).to.be.greaterThan(5);
      const board = new FeedBoard(connection.client, feeds);
      const served = board.served();
      const before = chain.proxy.exchanges;
      await board.head();
      const states = await Promise.all(served.map(({ target }) => target.readState()));
      expect(chain.proxy.exchanges - before).to.equal(1);
      expect(states).to.deep.equal(await Promise.all(feeds.map(({ target }) => target.readState())));
      expect(states.some(({ last }) => last !== undefined)).to.equal(true);
      const again = chain.proxy.exchanges;
      expect(await served[0]?.target.readState()).to.deep.equal(states[0]);
      expect(chain.proxy.exchanges).to.be.greaterThan(again);
    } finally {
      connection.client.close();
    }
  });

  it("ROUND-1 moves several feeds in one block, each by its own sources where it has some", async () => {
    const feeds = ["XAU / USD A", "XAU / USD B", "XAU / USD C"];
    const of = (from: readonly { url: string }[]) => from.map(({ url }) => ({ url, pointer: "/data/a~1b" }));
    for (const source of peerSources) source.set(usd(13));
    const file = join(chain.folder, "own-sources.json");
    writeFileSync(file, JSON.stringify({ XAU: of(sources), [feeds[1] ?? ""]: of(peerSources) }));
    const running = tickOnce([0, 1], { REPORTER_FEEDS: feeds.join(","), REPORTER_SOURCES_FILE: file }, true);
    // The next block comes when all three wait for it.
    while (((await chain.ask("eth_pendingTransactions")) as unknown[]).length < feeds.length) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await chain.mine();
    const result = await running;
    expect(result).to.deep.include({ ok: true, rounds: 3, executions: 3, failures: {} });
    const seen = await Promise.all(
      chain.deployment.feeds("XAU").map((address) => {
        return ISignedPriceFeed__factory.connect(address, chain.provider).newestRound();
      }),
    );
    expect(seen.map(({ round }) => round.answer)).to.deep.equal([answer(10), answer(13), answer(10)]);
    expect(new Set(seen.map(({ arrivedInBlock }) => arrivedInBlock)).size).to.equal(1);
  });

  it("ROUND-3 goes on under the next id at once when peers have signed a round that no chain has seen", async () => {
    const peer = await startPeer(1);
    const { roundId } = await newest();
    const feedId = await feed.feedId();
    // What a copy left behind that died between its peers' signatures and its own outbox.
    const head = await chain.provider.getBlock("latest");
    const left = { roundId: roundId + 1n, answer: answer(10), observedAt: BigInt(head?.timestamp ?? 0) };
    const values = Object.fromEntries(Object.entries(left).map(([key, value]) => [key, String(value)]));
    const body = JSON.stringify({ feedId, digest: roundDigest(feedId, left), round: values });
    expect((await fetch(`${peer}/cosign`, { method: "POST", body })).status).to.equal(200);
    expect(await once([0], { REPORTER_PEERS: peer })).to.deep.include({ ok: true, executions: 1, failures: {} });
    expect((await newest()).roundId).to.equal(roundId + 2n);
  });

  it("a dry run signs the round and sends nothing", async () => {
    const before = await newest();
    const result = await once([0, 1], {}, false);
    expect(result).to.deep.include({ ok: true, rounds: 1, executions: 0 });
    expect(await newest()).to.deep.equal(before);
  });

  it("leaves a feed alone inside 5 bps", async () => {
    // The round of the deployment may be older than the heartbeat.
    expect((await once([0, 1])).executions).to.equal(1);
    for (const source of sources) source.set(usd(14));
    expect((await once([0, 1])).skips).to.deep.equal({ "inside-band": 1 });
  });

  for (const [what, prepare, failure] of [
    [
      "too few sources answer",
      () => {
        for (const source of sources.slice(1)) source.set(undefined);
      },
      "PRICE_TOO_FEW_SOURCES",
    ],
    ["sources disagree", () => sources[0]?.set(usd(40)), "PRICE_SOURCES_DISAGREE"],
    [
      "answers are too large or no prices",
      () => {
        sources[0]?.setBody(JSON.stringify({ data: { "a/b": "1".repeat(5000) } }));
        sources[1]?.setBody('{"data":{"a/b":1e3}}');
        sources[2]?.set("-5");
      },
      "PRICE_TOO_FEW_SOURCES",
    ],
  ] as const) {
    it(`ROUND-2 reports nothing when ${what}`, async () => {
      prepare();
      const before = await newest();
      expect(await once([0, 1])).to.deep.include({ ok: false, rounds: 0, failures: { [failure]: 1 } });
      expect(await newest()).to.deep.equal(before);
    });
  }

  it("ROUND-7 leaves out one source that contradicts three others, names it, and refuses when two do", async () => {
    const all = [...sources, ...peerSources].map(({ url }) => ({ url, pointer: "/data/a~1b" }));
    const limits = { timeoutMs: 30_000, maxBytes: 2_000, minSources: 2, maxDisagreementBps: 20 };
    const read = async (count: number, minSources = 2): Promise<unknown[]> => {
      const out: unknown[] = [];
      const prices = new HttpPrices({ XAU: all.slice(0, count) }, { ...limits, minSources }, undefined, (_, host) =>
        out.push(host),
      );
      const seen = await prices.read({ token: "XAU", description: FEED }).catch((error: unknown) => {
        return (error as CantileverError).code;
      });
      return [seen, ...out];
    };
    sources[0]?.set(usd(40));
    const host = new URL(sources[0]?.url ?? "").host;
    expect(await read(3)).to.deep.equal(["PRICE_SOURCES_DISAGREE"]);
    expect(await read(4)).to.deep.equal([answer(10), host]);
    expect(await read(4, 4)).to.deep.equal(["PRICE_SOURCES_DISAGREE"]);
    // A second one on the same side, on the other side, and two ends of which either may be wrong.
    sources[1]?.set(usd(41));
    expect(await read(4)).to.deep.equal(["PRICE_SOURCES_DISAGREE"]);
    sources[1]?.set(usd(-20));
    expect(await read(5)).to.deep.equal(["PRICE_SOURCES_DISAGREE"]);
    sources[0]?.set(usd(24));
    sources[1]?.set(usd(-4));
    expect(await read(5)).to.deep.equal(["PRICE_SOURCES_DISAGREE"]);
  });

  it("goes on with one source down while enough remain", async () => {
    sources[0]?.set(undefined);
    expect(await once([0, 1])).to.deep.include({ ok: true, executions: 1 });
  });

  it("ROUND-2 reports nothing beyond the feed's hard bounds", async () => {
    for (const source of sources) source.set("999999999");
    expect((await once([0, 1])).skips).to.deep.equal({ "outside-bounds": 1 });
  });

  it("sends nothing while a peer that sees another price refuses", async () => {
    for (const source of peerSources) source.set(usd(-100));
    const before = await newest();
    const result = await once([0], { REPORTER_PEERS: await startPeer(1) });
    expect(result).to.deep.include({ ok: false, rounds: 0, peerRefusals: 1, failures: { NOT_ENOUGH_SIGNATURES: 1 } });
    expect(await newest()).to.deep.equal(before);
  });

  it("does not start with a key that is no reporter, or without enough peers", async () => {
    const stranger = developmentAccounts()[15]?.address ?? "";
    for (const [settings, check] of [
      [{ REPORTER_LOCAL_SIGNERS: stranger }, "signers"],
      [{}, "threshold"],
    ] as const) {
      const failure = await once([0], settings).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(CantileverError);
      const { code, details } = failure as CantileverError;
      expect([code, details["checks"]?.split(",")[0]]).to.deep.equal(["GATE_FAILED", check]);
    }
  });

  it("a peer signs neither stale, old, future, foreign nor second rounds", async () => {
    const peer = await startPeer(1);
    const feedId = await feed.feedId();
    const { roundId } = await newest();
    const head = await chain.provider.getBlock("latest");
    const now = BigInt(head?.timestamp ?? 0);
    const ask = async (round: SignedRound, id = feedId, digest = roundDigest(id, round)) => {
      const values = {
        roundId: String(round.roundId),
        answer: String(round.answer),
        observedAt: String(round.observedAt),
      };
      const body = JSON.stringify({ feedId: id, digest, round: values });
      const reply = await fetch(`${peer}/cosign`, { method: "POST", body });
      return (await reply.json()) as { refusal?: CosignRefusal; signatures?: unknown[] };
    };
    const good = { roundId: roundId + 1n, answer: answer(10), observedAt: now };
    const refused = async (change: Partial<SignedRound>, expected: CosignRefusal) => {
      expect((await ask({ ...good, ...change })).refusal, expected).to.equal(expected);
    };
    await refused({ roundId }, "stale-round");
    await refused({ observedAt: now + 1_000n }, "observation-in-future");
    await refused({ observedAt: 1_000n }, "observation-too-old");
    await refused({ answer: 1n }, "outside-bounds");
    await refused({ answer: answer(200) }, "price-differs");
    expect((await ask(good, `0x${"11".repeat(32)}`)).refusal).to.equal("unknown-feed");
    expect((await ask(good, feedId, `0x${"22".repeat(32)}`)).refusal).to.equal("digest-differs");
    expect((await ask(good)).signatures).to.have.length(1);
    expect((await ask(good)).signatures).to.have.length(1);
    await refused({ answer: good.answer + 1n }, "already-signed-other");
    for (const source of peerSources) source.set(undefined);
    await refused({ roundId: roundId + 2n }, "source-unavailable");
  });

  it("the feed refuses a replayed round and one signature counted twice", async () => {
    const accounts = developmentAccounts();
    const signers = reporters.slice(0, 2).map((address) => {
      const wallet = accounts.find((account) => account.address === address);
      if (wallet === undefined) throw new Error("no such account");
      return wallet;
    });
    await once([0, 1]);
    const { roundId, answer: sent, observedAt } = await newest();
    const round = { roundId, answer: sent, observedAt };
    const replay = encodeSubmit(round, await signRound(await feed.feedId(), round, signers));
    await chain.mine(20);
    await expect(chain.provider.call({ to: feed, data: replay })).to.be.revertedWithCustomError(feed, "RoundNotNewer");
    const next = { ...round, roundId: roundId + 1n, observedAt: observedAt + 1n };
    const [first] = await signRound(await feed.feedId(), next, signers);
    if (first === undefined) throw new Error("not signed");
    const doubled = feed.interface.encodeFunctionData("submit", [next, [first.signature, first.signature]]);
    await expect(chain.provider.call({ to: feed, data: doubled })).to.be.revertedWithCustomError(feed, "BadSigner");
  });

  it("takes a price file, and writes down every round", async () => {
    const file = join(chain.folder, "prices.csv");
    writeFileSync(file, `timestamp,xau_usd\n1000,${usd(0)}\n2000,${usd(-8)}\n9999999999,1\n`);
    const settings = { REPORTER_SOURCES_FILE: "", KEEPER_DATA_FOLDER: join(chain.folder, "file-data") };
    await chain.ask("evm_setIntervalMining", BLOCK_MS);
    const context = {
      network: "localhost",
      env: env([0, 1], settings),
      signal: new AbortController().signal,
      say: () => undefined,
    };
    const { ok } = await program.run({ ...context, pricesFile: file, execute: true, once: true, terminal: false });
    expect(ok).to.equal(true);
    expect((await newest()).answer).to.equal(answer(-8));
    const lines = readFileSync(join(chain.folder, "file-data", "price-reporter-localhost.jsonl"), "utf8")
      .trim()
      .split("\n");
    const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).to.deep.equal(["decision", "round", "tx.mined"]);
    const replayed = await program.replay?.({ ...context, fromBlock: 0, toBlock: 1_000_000, recordFile: undefined });
    expect(replayed?.ok).to.equal(true);
    expect(replayed?.report).to.include({ decisions: 1, plans: 1 });
    const status = await program.status({ ...context, pricesFile: file });
    expect((status.report["feeds"] as Record<string, { answer: string }>)[FEED]?.answer).to.equal(String(answer(-8)));
  });

  it("doctor names what is missing", async () => {
    const context = { network: "localhost", env: env([0]), signal: new AbortController().signal, say: () => undefined };
    const { ok, report } = await program.doctor(context);
    const wrong = (report["checks"] as { name: string; ok: boolean }[]).filter((check) => !check.ok);
    expect([ok, wrong.map(({ name }) => name)]).to.deep.equal([false, ["threshold"]]);
  });
});
