import { expect } from "chai";
import { Wallet } from "ethers";
import { network } from "hardhat";

import { signRound } from "../../keepers/price-reporter/sign.js";
import {
  PlainERC20__factory,
  SignedPriceFeed__factory,
  XAUOracle__factory,
  type PlainERC20,
  type SignedPriceFeed,
} from "../../protocol/generated/contracts/index.js";
import { encodeSubmit, feedIdOf } from "../../protocol/signedRound.js";

const GRACE_BLOCKS = 2;
const GOLD = 2_650_25000000n;
const DOLLAR = 1_00000000n;
/** Anchor of XAU (18) / stable (6) at these prices: 2650.25 * 10^6. */
const ANCHOR = 2_650_250000n;

interface Feed {
  readonly contract: SignedPriceFeed;
  readonly feedId: string;
  roundId: bigint;
}

/** An oracle with three signed feeds for XAU and three for a stable, two of three reporters, outside its grace window. */
async function startOracle() {
  const chain = await network.create("sim138");
  const [owner] = await chain.ethers.getSigners();
  if (owner === undefined) throw new Error("the simulated chain has no accounts");
  const reporters = ["11", "22", "33"].map((byte) => new Wallet(`0x${byte.repeat(32)}`));
  const xau = await new PlainERC20__factory(owner).deploy("XAU", 18);
  const stable = await new PlainERC20__factory(owner).deploy("STABLE", 6);
  const oracle = await new XAUOracle__factory(owner).deploy(xau, GRACE_BLOCKS, 4, owner);

  const report = async (feed: Feed, answer: bigint) => {
    const block = await chain.ethers.provider.getBlock("latest");
    feed.roundId += 1n;
    const round = { roundId: feed.roundId, answer, observedAt: BigInt(block?.timestamp ?? 0) };
    const data = encodeSubmit(round, await signRound(feed.feedId, round, reporters.slice(0, 2)));
    const receipt = await (await owner.sendTransaction({ to: await feed.contract.getAddress(), data })).wait();
    return Number(receipt?.gasUsed ?? 0n);
  };
  const addToken = async (token: PlainERC20, answer: bigint) => {
    const symbol = await token.symbol();
    const feeds: Feed[] = [];
    for (const source of ["a", "b", "c"]) {
      const identity = { description: `${symbol} / USD ${source}`, decimals: 8 };
      const contract = await new SignedPriceFeed__factory(owner).deploy({
        ...identity,
        threshold: 2,
        minGapBlocks: GRACE_BLOCKS,
        maxDelaySeconds: 60,
        minAnswer: answer / 2n,
        maxAnswer: answer * 2n,
        signers: reporters.map(({ address }) => address),
        owner: owner.address,
        guardian: owner.address,
      });
      const feed = { contract, feedId: feedIdOf(identity), roundId: 0n };
      await report(feed, answer);
      feeds.push(feed);
    }
    await oracle.setToken(token, {
      tokenDecimals: await token.decimals(),
      minFeeds: 2,
      maxDisagreementBps: 100,
      minPriceWad: (answer * 10n ** 10n) / 2n,
      maxPriceWad: answer * 10n ** 10n * 2n,
      feeds: feeds.map(({ contract }) => ({ source: contract, kind: 1, maxAgeSeconds: 3_600 })),
    });
    return feeds;
  };
  const gold = await addToken(xau, GOLD);
  const dollars = await addToken(stable, DOLLAR);
  await chain.networkHelpers.mine(GRACE_BLOCKS);
  const pull = async () => {
    const data = oracle.interface.encodeFunctionData("pullAnchors", [
      await xau.getAddress(),
      await stable.getAddress(),
    ]);
    const receipt = await (await owner.sendTransaction({ to: await oracle.getAddress(), data })).wait();
    const calldataGas = Buffer.from(data.slice(2), "hex").reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);
    return Number(receipt?.gasUsed ?? 0n) - 21_000 - calldataGas;
  };
  return { chain, oracle, owner, xau, stable, gold, dollars, report, pull };
}

describe("XAUOracle", () => {
  it("pulls two tokens with three signed feeds each, all cold, within 45,000 gas", async () => {
    const { chain, pull } = await startOracle();
    expect(await pull()).to.be.within(33_000, 45_000); // less would mean that not all feeds were read cold
    await chain.close();
  });

  it("pulls within 46,500 gas while every feed is inside its grace window", async () => {
    const { chain, oracle, xau, stable, owner, gold, dollars, report, pull } = await startOracle();
    const { provider } = chain.ethers;
    const pendingCount = () => provider.getTransactionCount(owner.address, "pending");
    const before = await pendingCount();
    await provider.send("evm_setAutomine", [false]);
    const rounds = [
      ...gold.map((feed) => report(feed, GOLD + 100n)),
      ...dollars.map((feed) => report(feed, DOLLAR + 1n)),
    ];
    while ((await pendingCount()) < before + rounds.length) await new Promise((resolve) => setTimeout(resolve, 5));
    await provider.send("evm_mine", []);
    await provider.send("evm_setAutomine", [true]);
    for (const gas of await Promise.all(rounds)) expect(gas).to.be.within(60_000, 72_000);

    expect(await pull()).to.be.within(33_000, 46_500);
    const [newest, previous] = await oracle.anchors(xau, stable, { blockTag: "latest" });
    expect(previous).to.equal(ANCHOR);
    expect(newest).to.equal(((GOLD + 100n) * 10n ** 6n) / (DOLLAR + 1n));
    await chain.close();
  });

  it("forgets what was pulled when the transaction ends", async () => {
    const { chain, oracle, xau, stable, dollars, report, pull } = await startOracle();
    await pull();
    expect(await oracle.anchors(xau, stable)).to.deep.equal([ANCHOR, ANCHOR]);
    await chain.networkHelpers.mine(GRACE_BLOCKS);
    for (const feed of dollars) await report(feed, DOLLAR + 100_000n);
    await chain.networkHelpers.mine(GRACE_BLOCKS);
    const moved = (ANCHOR * DOLLAR) / (DOLLAR + 100_000n);
    expect(await oracle.anchors(xau, stable)).to.deep.equal([moved, moved]);
    await chain.close();
  });
});
