import { expect } from "chai";
import { Wallet, type VoidSigner } from "ethers";
import { network } from "hardhat";

import { PriceReporter, signedBy, type FeedTarget } from "../../../keepers/price-reporter/reporter.js";
import { signRound } from "../../../keepers/price-reporter/sign.js";
import { connectTarget } from "../../../keepers/price-reporter/target.js";
import { PermanentError } from "../../../protocol/errors.js";
import { SignedPriceFeed__factory } from "../../../protocol/generated/contracts/index.js";
import { feedIdOf } from "../../../protocol/signedRound.js";

const IDENTITY = { description: "XAU / USD a", decimals: 8 };
const GOLD = 2_650_25000000n;
const POLICY = { deviationWad: 5n * 10n ** 14n, heartbeatSeconds: 600n };
const START = 1_900_000_000;

async function startChain(name: "sim138" | "sim651940", reporters: readonly Wallet[]) {
  const chain = await network.create(name);
  const [owner, payer] = await chain.ethers.getSigners();
  if (owner === undefined || payer === undefined) throw new Error("the simulated chain has no accounts");
  const feed = await new SignedPriceFeed__factory(owner).deploy({
    ...IDENTITY,
    threshold: 2,
    minGapBlocks: 2,
    maxDelaySeconds: 60,
    minAnswer: GOLD / 2n,
    maxAnswer: GOLD * 2n,
    signers: reporters.map(({ address }) => address),
    owner: owner.address,
    guardian: owner.address,
  });
  await chain.networkHelpers.time.increaseTo(START);
  const target = await connectTarget(name, await feed.getAddress(), POLICY, {
    provider: chain.ethers.provider,
    sendTransaction: (request) => payer.sendTransaction(request),
  });
  return { name, chain, feed, target, to: (seconds: number) => chain.networkHelpers.time.increaseTo(seconds) };
}

describe("price-reporter › PriceReporter", () => {
  const reporters = ["11", "22", "33"].map((byte) => new Wallet(`0x${byte.repeat(32)}`));
  const quorum = reporters.slice(0, 2);
  let chains: Awaited<ReturnType<typeof startChain>>[] = [];
  let reporter: PriceReporter;

  beforeEach(async () => {
    chains = [await startChain("sim138", reporters), await startChain("sim651940", reporters)];
    reporter = new PriceReporter(
      IDENTITY,
      signedBy(quorum),
      chains.map(({ target }) => target),
    );
  });

  afterEach(async () => {
    await Promise.all(chains.map(({ chain }) => chain.close()));
  });

  async function tick(outsideAnswer: bigint, atSeconds: number): Promise<string[]> {
    for (const chain of chains) await chain.to(atSeconds);
    const { targets } = await reporter.tick(outsideAnswer, BigInt(atSeconds));
    return targets.map((outcome) =>
      outcome.kind === "sent" ? outcome.cause : outcome.kind === "skip" ? outcome.reason : "failed",
    );
  }

  async function answers(): Promise<bigint[]> {
    return Promise.all(chains.map(async ({ feed }) => (await feed.latestTwo()).answer));
  }

  it("ROUND-5 sends the same signed round to both chains", async () => {
    expect(await tick(GOLD, START + 10)).to.deep.equal(["first", "first"]);
    expect(await answers()).to.deep.equal([GOLD, GOLD]);
    const moved = (GOLD * 10_005n) / 10_000n + 1n;
    expect(await tick(moved, START + 20)).to.deep.equal(["deviation", "deviation"]);
    expect(await answers()).to.deep.equal([moved, moved]);
    expect(await tick(moved, START + 30)).to.deep.equal(["inside-band", "inside-band"]);
    expect(await tick(moved, START + 620)).to.deep.equal(["heartbeat", "heartbeat"]);
    for (const { feed } of chains) expect((await feed.newestRound()).round.roundId).to.equal(3n);
  });

  it("brings a chain that missed rounds along with a gap in its ids", async () => {
    const [first, second] = chains;
    if (first === undefined || second === undefined) throw new Error("two chains expected");
    const alone = new PriceReporter(IDENTITY, signedBy(quorum), [first.target]);
    for (const [index, answer] of [GOLD, GOLD + GOLD / 1_000n].entries()) {
      await first.to(START + 10 * (index + 1));
      await alone.tick(answer, BigInt(START + 10 * (index + 1)));
      await first.chain.networkHelpers.mine(2);
    }
    expect(await tick(GOLD, START + 40)).to.deep.equal(["deviation", "first"]);
    expect((await second.feed.newestRound()).round.roundId).to.equal(3n);
    expect(await answers()).to.deep.equal([GOLD, GOLD]);
  });

  it("goes on with one chain when the other cannot be read or refuses", async () => {
    const [first] = chains;
    if (first === undefined) throw new Error("a chain expected");
    const gone: FeedTarget = {
      name: "gone",
      settings: first.target.settings,
      readState: () => Promise.reject(new Error("connection refused")),
      send: () => Promise.reject(new Error("connection refused")),
    };
    const refusing: FeedTarget = { ...first.target, name: "refusing", send: () => Promise.reject(new Error("no")) };
    reporter = new PriceReporter(IDENTITY, signedBy(quorum), [gone, refusing, first.target]);
    expect(await tick(GOLD, START + 10)).to.deep.equal(["failed", "failed", "first"]);
    expect((await first.feed.latestTwo()).answer).to.equal(GOLD);
  });

  it("is refused by the chain with too few reporters, and changes nothing", async () => {
    reporter = new PriceReporter(
      IDENTITY,
      signedBy(quorum.slice(0, 1)),
      chains.map(({ target }) => target),
    );
    expect(await tick(GOLD, START + 10)).to.deep.equal(["failed", "failed"]);
    for (const { feed } of chains) expect((await feed.newestRound()).round.roundId).to.equal(0n);
  });

  it("finds a signer that is not who it says before anything is sent", async () => {
    const [real, other] = reporters;
    if (real === undefined || other === undefined) throw new Error("two reporters expected");
    const liar = {
      getAddress: () => Promise.resolve(other.address),
      signTypedData: (...args: Parameters<VoidSigner["signTypedData"]>) => real.signTypedData(...args),
    };
    const round = { roundId: 1n, answer: GOLD, observedAt: BigInt(START) };
    const failure: unknown = await signRound(feedIdOf(IDENTITY), round, [liar]).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(PermanentError).with.property("code", "SIGNER_MISMATCH");
  });
});
