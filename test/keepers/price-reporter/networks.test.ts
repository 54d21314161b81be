import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { JsonRpcProvider, ZeroAddress } from "ethers";

import { ConfigError } from "../../../keepers/kit/env.js";
import { loadConfigs } from "../../../keepers/price-reporter/config.js";
import { program } from "../../../keepers/price-reporter/main.js";
import { signedFeeds } from "../../../keepers/price-reporter/policy.js";
import { PRICE_DECIMALS } from "../../../keepers/price-reporter/sources.js";
import { Deployment, type DeploymentRecord } from "../../../protocol/addresses.js";
import { ISignedPriceFeed__factory, SignedPriceFeed__factory } from "../../../protocol/generated/contracts/index.js";
import { DEPLOYMENTS_FOLDER, loadParams } from "../../../protocol/params/load.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { FileStore } from "../../../scripts/deploy/store.js";
import { attachToNode, serveChain } from "../../helpers/localNode.js";
import { usePostgres } from "../../helpers/postgres.js";

const FEEDS = ["XAU / USD A", "XAU / USD B", "XAU / USD C"];
const FIRST = "localhost";
const SECOND = "localhost651940";
const CHAIN_IDS = { [FIRST]: 138, [SECOND]: 651940 };
const BLOCK_MS = 100;
const START_SECONDS = 1_950_000_000;

/** What feeds would be made of: there are no addresses yet. */
class Planned extends Deployment {
  override address(): string {
    return ZeroAddress;
  }
}

/** The parameters of both networks, in a folder of the test. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-"));
  cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  // Slow machines mine many blocks between two steps of the test: only prices make rounds due, and no round is too old to be shared.
  for (const name of [FIRST, SECOND]) {
    const file = join(folder, "params", `${name}.json`);
    const text = readFileSync(file, "utf8")
      .replaceAll(/"heartbeatSeconds": \d+/g, '"heartbeatSeconds": 3500')
      .replace(/"maxReportDelaySeconds": \d+/, '"maxReportDelaySeconds": 3600');
    writeFileSync(file, text);
  }
  return folder;
}

/** A chain with the signed feeds of the parameters and nothing else, and its record. Blocks are mined on demand. */
async function startChain(name: keyof typeof CHAIN_IDS, folder: string) {
  const { url, close } = await serveChain(name === FIRST ? "sim138" : "sim651940");
  const node = await attachToNode(url);
  const provider = new JsonRpcProvider(url, CHAIN_IDS[name], { staticNetwork: true, cacheTimeout: -1 });
  const [deployer, , guardian] = developmentAccounts();
  if (deployer === undefined || guardian === undefined) throw new Error("there are no development accounts");
  const { params, sha256 } = loadParams(name, folder);
  const record: DeploymentRecord = {
    chainId: CHAIN_IDS[name],
    contracts: {},
    params: `params/${name}.json#${sha256}`,
  };
  for (const feed of signedFeeds(new Planned(name, record), params)) {
    const contract = await new SignedPriceFeed__factory(deployer.connect(provider)).deploy({
      ...{ description: feed.description, decimals: PRICE_DECIMALS },
      ...{ minAnswer: feed.minAnswer, maxAnswer: feed.maxAnswer },
      threshold: params.reporters.threshold,
      signers: params.reporters.addresses,
      minGapBlocks: params.oracle.minRoundGapBlocks,
      maxDelaySeconds: params.oracle.maxReportDelaySeconds,
      ...{ owner: guardian.address, guardian: guardian.address },
    });
    await contract.waitForDeployment();
    record.contracts[feed.name] = {
      ...{ address: await contract.getAddress(), deployTx: null, block: null, constructorArgs: [] },
      runtimeCodeHash: `0x${"00".repeat(32)}`,
    };
  }
  new FileStore(name, folder).write(record);
  await node.ask("evm_setAutomine", false);
  const feeds = new Deployment(name, record).feeds("XAU").map((at) => ISignedPriceFeed__factory.connect(at, provider));
  return {
    ...node,
    /** The bytes that brought each round of the XAU feeds, oldest first, by feed. */
    rounds: () =>
      Promise.all(
        feeds.map(async (feed) => {
          const events = await feed.queryFilter(feed.filters.RoundSubmitted());
          return Promise.all(events.map(async (event) => (await event.getTransaction()).data));
        }),
      ),
    close: async () => {
      provider.destroy();
      await node.close();
      await close();
    },
  };
}

describe("npm run keeper -- price-reporter with REPORTER_NETWORKS, on two chains", () => {
  const postgres = usePostgres();
  let folder: string;
  let first: Awaited<ReturnType<typeof startChain>>;
  let second: Awaited<ReturnType<typeof startChain>>;
  let source: Server;
  let usd: string;
  let databaseUrl: string;
  const open: (() => unknown)[] = [];

  before(async () => {
    folder = makeFolder();
    open.push(() => {
      rmSync(folder, { recursive: true });
    });
    first = await startChain(FIRST, folder);
    open.push(first.close);
    second = await startChain(SECOND, folder);
    open.push(second.close);
    usd = loadParams(FIRST).params.oracle.tokens.XAU.referencePriceUsd;
    source = createServer((_, response) => response.end(JSON.stringify({ usd })));
    await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
    open.push(() => new Promise((resolve) => source.close(resolve)));
    const { port } = source.address() as AddressInfo;
    const url = `http://127.0.0.1:${String(port)}/`;
    const sources = [1, 2].map((index) => ({ url: `${url}${String(index)}`, pointer: "/usd" }));
    writeFileSync(join(folder, "sources.json"), JSON.stringify({ XAU: sources }));
    databaseUrl = (await postgres.testDatabase()).url;
  });
  after(async () => {
    for (const close of open.reverse()) await close();
  });

  const env = (more: Record<string, string> = {}): Record<string, string> => ({
    LOCALHOST_RPC_URL: first.proxy.url,
    LOCALHOST651940_RPC_URL: second.proxy.url,
    DATABASE_URL: databaseUrl,
    KEEPER_DEPLOYMENTS_FOLDER: folder,
    KEEPER_DATA_FOLDER: join(folder, "data"),
    KEEPER_POLL_MS: "20",
    KEEPER_RPC_RETRIES: "0",
    KEEPER_LOG_LEVEL: "silent",
    REPORTER_NETWORKS: SECOND,
    REPORTER_FEEDS: FEEDS.join(","),
    // Nothing here is a matter of how quick this machine is.
    REPORTER_VALID_BLOCKS: "1000",
    KEEPER_LEASE_SECONDS: "60",
    REPORTER_SOURCES_FILE: join(folder, "sources.json"),
    ...more,
  });
  const context = (signal: AbortSignal, more?: Record<string, string>) => {
    return { network: FIRST, env: env(more), signal, say: () => undefined };
  };
  const move = (bps: number): void => {
    usd = (Number(usd) * (1 + bps / 10_000)).toFixed(4);
  };

  it("ROUND-6 one program brings the same signed rounds to both chains, and neither waits for the other", async () => {
    const ending = new AbortController();
    let [seconds, isMining] = [START_SECONDS, true];
    const mined = new Set([first, second]);
    const mining = (async () => {
      while (isMining) {
        seconds += 1;
        for (const chain of mined) await chain.ask("evm_mine", seconds);
        await new Promise((resolve) => setTimeout(resolve, BLOCK_MS));
      }
    })();
    const until = async (chain: typeof first, count: number): Promise<string[][]> => {
      for (;;) {
        const rounds = await chain.rounds();
        if (rounds.every(({ length }) => length >= count)) return rounds;
        await new Promise((resolve) => setTimeout(resolve, BLOCK_MS));
      }
    };
    const down = (): { kind: "refuse" } => ({ kind: "refuse" });
    const up = (): undefined => undefined;
    const newest = (rounds: readonly string[][]) => rounds.map((ofFeed) => ofFeed.at(-1));

    // One that is down at the start does not hold the other, and gets the same round once it is there.
    second.proxy.fault = down;
    const running = program.run({ ...context(ending.signal), execute: true, once: false, terminal: false });
    try {
      const began = await Promise.race([until(first, 1), running]);
      second.proxy.fault = up;
      expect(await until(second, 1)).to.deep.equal(began);

      // Both run: one round for both.
      move(10);
      const together = await until(first, 2);
      expect(await until(second, 2)).to.deep.equal(together);

      // A node that goes away and comes back.
      second.proxy.fault = down;
      move(10);
      await until(first, 3);
      move(10);
      const alone = await until(first, 4);
      expect(await second.rounds()).to.deep.equal(together);
      second.proxy.fault = up;
      expect(newest(await until(second, 3))).to.deep.equal(newest(alone));

      // A chain that makes no blocks.
      mined.delete(first);
      move(10);
      const ahead = await until(second, 4);
      expect(await first.rounds()).to.deep.equal(alone);
      mined.add(first);
      expect(newest(await until(first, 5))).to.deep.equal(newest(ahead));
    } finally {
      ending.abort();
      await running.catch(() => undefined);
      isMining = false;
      await mining;
    }
    const { ok, report } = await running;
    const networks = report["networks"] as Record<string, { rounds: number; settled: object }>;
    expect(ok).to.equal(true);
    expect(Object.keys(networks)).to.deep.equal([FIRST, SECOND]);
    expect(networks[FIRST]?.settled).to.deep.equal({ mined: 15 });
    expect(networks[SECOND]?.settled).to.deep.equal({ mined: 12 });
    const status = await program.status(context(ending.signal));
    expect(Object.keys(status.report["networks"] as object)).to.deep.equal([FIRST, SECOND]);
  });

  it("doctor examines every network, and one that does not answer hides no other", async () => {
    second.proxy.fault = () => ({ kind: "refuse" });
    try {
      const { ok, report } = await program.doctor(context(new AbortController().signal));
      expect(ok).to.equal(false);
      const checks = report["checks"] as { network: string; name: string; ok: boolean }[];
      const failed = (network: string) => checks.filter((check) => check.network === network && !check.ok);
      expect(failed(FIRST)).to.deep.equal([]);
      expect(failed(SECOND).map(({ name }) => name)).to.include.members(["rpc", "feeds", "prices"]);
    } finally {
      second.proxy.fault = () => undefined;
    }
  });

  it("lists what is wrong with all networks at once", () => {
    const more = {
      REPORTER_NETWORKS: `${SECOND},alltra,nowhere,${FIRST}`,
      REPORTER_MIN_SOURCES: "x",
      KEEPER_POLL_MS: "1",
    };
    let failure: unknown;
    try {
      loadConfigs(FIRST, env(more));
    } catch (error) {
      failure = error;
    }
    expect(failure).to.be.instanceOf(ConfigError);
    const found = (failure as ConfigError).problems.map(({ env: variable }) => variable);
    expect(found.sort()).to.deep.equal([
      "ALLTRA_RPC_URL",
      "KEEPER_POLL_MS",
      "REPORTER_MIN_SOURCES",
      "REPORTER_NETWORKS",
    ]);
    for (const [networks, problems] of [
      [FIRST, 1],
      [`${SECOND},${SECOND}`, 1],
      ["alltra", 1],
      [SECOND, 0],
    ] as const) {
      const read = () => loadConfigs(FIRST, env({ REPORTER_NETWORKS: networks, ALLTRA_RPC_URL: "http://127.0.0.1:1" }));
      if (problems === 0) expect(read().map(({ network }) => network.name)).to.deep.equal([FIRST, SECOND]);
      else expect(read, networks).to.throw(ConfigError).with.property("problems").with.length(problems);
    }
  });
});
