import { expect } from "chai";
import { network } from "hardhat";

import {
  M1TokenFactory__factory,
  M1Token__factory,
  PlainERC20__factory,
  type M1Token,
  type PlainERC20,
} from "../../protocol/generated/contracts/index.js";

const ALL = 2n ** 256n - 1n;
const FUNDS = 10n ** 12n;

/** Deploys the factory as the account's first transaction, as deterministic deployment does, and a token with it. */
async function createToken(name: "sim138" | "sim651940", minterIndex: number) {
  const chain = await network.create(name);
  const [creator, trader, holder, pool, ...others] = await chain.ethers.getSigners();
  const minter = others[minterIndex];
  if (creator === undefined || trader === undefined || holder === undefined || pool === undefined)
    throw new Error("the simulated chain has no accounts");
  if (minter === undefined) throw new Error("no such account");
  const factory = await new M1TokenFactory__factory(creator).deploy();
  const common = { name: "Cantilever USDT", symbol: "cUSDT", decimals: 6, admin: creator.address };
  const setup = {
    minters: [
      {
        minter: minter.address,
        mintCapacity: 10n * FUNDS,
        mintRefillPerSecond: 0n,
        burnCapacity: 0n,
        burnRefillPerSecond: 0n,
      },
    ],
    pausers: [creator.address],
    freezers: [],
    systemContracts: [pool.address],
  };
  const predicted = await factory.tokenAddress(creator.address, common);
  await (await factory.createToken(common, setup)).wait();
  const token = M1Token__factory.connect(predicted, creator);
  return { chain, creator, trader, holder, pool, minter, token, setup };
}

describe("M1Token", () => {
  it("has one address on chains 138 and 651940, with each chain's own minter and domain", async () => {
    const first = await createToken("sim138", 0);
    const second = await createToken("sim651940", 1);
    expect(await first.token.getAddress()).to.equal(await second.token.getAddress());
    const role = await first.token.MINTER_ROLE();
    for (const [here, there] of [
      [first, second],
      [second, first],
    ] as const) {
      expect(await here.token.symbol()).to.equal("cUSDT");
      expect(await here.token.hasRole(role, here.minter.address)).to.equal(true);
      expect(await here.token.hasRole(role, there.minter.address)).to.equal(false);
    }
    expect(await first.token.DOMAIN_SEPARATOR()).not.to.equal(await second.token.DOMAIN_SEPARATOR());
    const domain = await second.token.eip712Domain();
    expect(domain.chainId).to.equal(651_940n);
    await Promise.all([first.chain.close(), second.chain.close()]);
  });

  it("ACCESS-23 cannot be set up after the transaction that created it, not even by its creator", async () => {
    const { chain, creator, token, setup } = await createToken("sim138", 0);
    const direct = await new M1Token__factory(creator).deploy("Direct", "DIR", 6, creator.address);
    for (const target of [direct, token]) {
      await expect(target.setUpChain(setup)).to.be.revertedWithCustomError(token, "NotAuthorized");
    }
    await chain.close();
  });

  it("costs at most 400 gas more than a plain ERC-20 where a system contract is a side, one cold slot more elsewhere", async () => {
    const { chain, creator, trader, holder, pool, minter, token } = await createToken("sim138", 0);
    const plain = await new PlainERC20__factory(creator).deploy("PLAIN", 6);
    for (const account of [trader, holder, pool]) {
      await plain.mint(account.address, FUNDS);
      await token.connect(minter).mint(account.address, FUNDS);
    }
    const measure = async (asset: PlainERC20 | M1Token) => {
      await asset.connect(trader).approve(creator.address, ALL);
      const toPool = await (await asset.transferFrom(trader.address, pool.address, 5n)).wait();
      const fromPool = await (await asset.connect(pool).transfer(trader.address, 5n)).wait();
      const ordinary = await (await asset.transferFrom(trader.address, holder.address, 5n)).wait();
      return [toPool, fromPool, ordinary].map((receipt) => Number(receipt?.gasUsed ?? 0n));
    };
    const [plainIn = 0, plainOut = 0, plainOrdinary = 0] = await measure(plain);
    const [ourIn = 0, ourOut = 0, ourOrdinary = 0] = await measure(token);
    expect(plainIn).to.be.greaterThan(21_000);
    expect(ourIn - plainIn, "transferFrom to a pool").to.be.at.most(400);
    expect(ourOut - plainOut, "transfer from a pool").to.be.at.most(400);
    expect(ourOrdinary - plainOrdinary, "between ordinary accounts").to.be.within(2_100, 2_500);
    await chain.close();
  });

  it("reads two balances and the allowance where a system contract is a side, and one slot more elsewhere", async () => {
    const { chain, creator, trader, holder, pool, minter, token } = await createToken("sim138", 0);
    await token.connect(minter).mint(trader.address, FUNDS);
    await token.connect(trader).approve(creator.address, FUNDS);
    const slotsOf = async (to: string) => {
      const transaction = await token.transferFrom(trader.address, to, 5n);
      const trace = (await chain.provider.request({
        method: "debug_traceTransaction",
        params: [transaction.hash, { disableStorage: true, disableMemory: true }],
      })) as { structLogs: { op: string; stack: string[] }[] };
      return new Set(trace.structLogs.filter(({ op }) => op === "SLOAD").map(({ stack }) => stack.at(-1))).size;
    };
    expect(await slotsOf(pool.address)).to.equal(3);
    expect(await slotsOf(holder.address)).to.equal(4);
    await chain.close();
  });

  it("keeps a pause in the slots of the system contracts over transactions", async () => {
    const { chain, trader, holder, pool, minter, token } = await createToken("sim138", 0);
    for (const account of [trader, pool]) await token.connect(minter).mint(account.address, FUNDS);
    await token.pause();
    for (const [from, to] of [
      [trader, pool],
      [pool, trader],
      [trader, holder],
    ] as const) {
      await expect(token.connect(from).transfer(to.address, 1n)).to.be.revertedWithCustomError(token, "Paused");
    }
    await chain.networkHelpers.time.increase(86_400);
    await token.connect(trader).transfer(pool.address, 1n);
    expect(await token.balanceOf(pool.address)).to.equal(FUNDS + 1n);
    await chain.close();
  });
});
