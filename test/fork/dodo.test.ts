import { expect } from "chai";
import { ZeroAddress, type Signer } from "ethers";

import {
  DODOPMMIntegration__factory,
  DODOPMMProvider__factory,
  DodoObserver__factory,
  IDodoV2Ownable__factory,
  IDodoV2PublicPool__factory,
  PlainERC20__factory,
  type DODOPMMIntegration,
  type PlainERC20,
} from "../../protocol/generated/contracts/index.js";
import { describeWith } from "../helpers/describeWith.js";
import { forkMainnet } from "../helpers/fork.js";

/** DODO V2 on Ethereum mainnet, from DODO's published configuration. */
const DODO = {
  dspFactory: "0x6fdDB76c93299D985f4d3FC7ac468F9A168577A4",
  dspProxy: "0x4599ed18F34cFE06820E3684bF0aACB8D75c644d",
  dppFactory: "0x5336edE8F971339F6c0e304c66ba16F1296A2Fbe",
  dppProxy: "0xfF7C8F518e6f1435957ed3d3E0692C94676dAE7a",
  approve: "0xCB859eA579b28e02B87A1FDE08d087ab9dbE5149",
};
const VENUE_DODO = 1;
const WAD = 10n ** 18n;
const FEE = 10n ** 14n;
const K = 5n * 10n ** 15n;
/** Whole units with 6 decimals. */
const MILLION = 10n ** 12n;

describeWith("rpc", "DODOPMMIntegration on DODO V2, Ethereum mainnet", () => {
  let chain: Awaited<ReturnType<typeof forkMainnet>>;
  let owner: Signer;
  let trader: Signer;
  let base: PlainERC20;
  let quote: PlainERC20;
  let integration: DODOPMMIntegration;
  let deadline: bigint;

  before(async () => {
    chain = await forkMainnet();
    const signers = await chain.ethers.getSigners();
    const [first, second] = signers;
    if (first === undefined || second === undefined) throw new Error("the fork has no accounts");
    [owner, trader] = [first, second];
    base = await new PlainERC20__factory(owner).deploy("cUSDT", 6);
    quote = await new PlainERC20__factory(owner).deploy("cUSDC", 6);
    const templates = new chain.ethers.Interface([
      "function _DSP_TEMPLATE_() view returns (address)",
      "function _DPP_TEMPLATE_() view returns (address)",
    ]);
    const templateOf = async (factory: string, getter: string): Promise<string> => {
      const answer = await chain.ethers.provider.call({ to: factory, data: templates.encodeFunctionData(getter) });
      return String(templates.decodeFunctionResult(getter, answer)[0]);
    };
    const addresses = {
      ...DODO,
      dspTemplate: await templateOf(DODO.dspFactory, "_DSP_TEMPLATE_"),
      dppTemplate: await templateOf(DODO.dppFactory, "_DPP_TEMPLATE_"),
    };
    const stables = { cUSDT: base, cUSDC: quote, usdt: quote, usdc: quote };
    integration = await new DODOPMMIntegration__factory(owner).deploy(stables, ZeroAddress, addresses, owner);
    for (const token of [base, quote]) {
      for (const who of [owner, trader]) {
        await (await token.mint(who, 10n * MILLION)).wait();
        await (await token.connect(who).approve(integration, 10n * MILLION)).wait();
      }
    }
    deadline = BigInt(await chain.networkHelpers.time.latest()) + 86_400n;
  });

  after(async () => {
    await chain.close();
  });

  async function newestPool(): Promise<string> {
    const pools = await integration.pools();
    const pool = pools.at(-1);
    if (pool === undefined) throw new Error("no pool was registered");
    return pool;
  }

  it("creates an empty pool through DSPFactory and fills it in ratio", async () => {
    await (await integration.createCUSDTCUSDCPool(FEE, WAD, K, true)).wait();
    const pool = await newestPool();
    const info = await integration.poolInfo(pool);
    expect([info.isRegistered, info.isPrivate, info.venue]).to.deep.equal([true, false, BigInt(VENUE_DODO)]);
    await expect(integration.quoteExactIn(pool, base, 1n)).to.be.revertedWithCustomError(integration, "EmptyPool");
    await (await integration.addLiquidity(pool, MILLION, 2n * MILLION, 1n, owner, deadline)).wait();
    const [baseReserve, quoteReserve] = await IDodoV2PublicPool__factory.connect(pool, owner).getVaultReserve();
    expect([baseReserve, quoteReserve]).to.deep.equal([MILLION, MILLION]);
  });

  it("swaps at its quote, and the provider finds the same", async () => {
    const pool = await newestPool();
    const provider = await new DODOPMMProvider__factory(owner).deploy(integration, owner);
    await (await provider.registerPool(pool)).wait();
    const amountIn = 1_000n * 10n ** 6n;
    const quoted = await integration.quoteExactIn(pool, base, amountIn);
    const [best] = await provider.getQuote(base, quote, amountIn);
    expect(best).to.equal(quoted);
    const before = await quote.balanceOf(trader);
    const swap = integration.connect(trader).swapExactIn(pool, base, amountIn, quoted, trader, deadline);
    await (await swap).wait();
    expect((await quote.balanceOf(trader)) - before).to.equal(quoted);
    await expect(
      integration.connect(trader).swapExactIn(pool, base, amountIn, quoted, trader, deadline),
    ).to.be.revertedWithCustomError(integration, "OutputBelowMinimum");
  });

  it("creates and funds a pool through DODODspProxy, and takes liquidity out again", async () => {
    const terms = {
      baseToken: base,
      quoteToken: quote,
      lpFeeRate: FEE,
      initialPrice: WAD,
      k: K,
      isOpenTWAP: false,
    };
    await (await integration.createFundedPool(VENUE_DODO, terms, MILLION, MILLION, 1n, deadline)).wait();
    const pool = await newestPool();
    const shares = PlainERC20__factory.connect(pool, owner);
    const held = await shares.balanceOf(owner);
    expect(held > 0n).to.equal(true);
    await (await shares.approve(integration, held)).wait();
    const before = await base.balanceOf(owner);
    await (await integration.removeLiquidity(pool, held / 2n, 1n, 1n, owner, deadline)).wait();
    expect((await base.balanceOf(owner)) > before).to.equal(true);
  });

  it("creates a private pool through DODODppProxy and hands its admin contract on", async () => {
    const terms = { baseToken: base, quoteToken: quote, lpFeeRate: FEE, initialPrice: WAD, k: K, isOpenTWAP: true };
    await (await integration.createPrivatePool(VENUE_DODO, terms, MILLION, MILLION, trader, deadline)).wait();
    const pool = await newestPool();
    expect((await integration.poolInfo(pool)).isPrivate).to.equal(true);
    const admin = IDodoV2Ownable__factory.connect(
      await IDodoV2Ownable__factory.connect(pool, trader)._OWNER_(),
      trader,
    );
    await (await admin.claimOwnership()).wait();
    expect(await admin._OWNER_()).to.equal(await trader.getAddress());
  });

  it("observes DODO pools from a plain account", async () => {
    const observer = await new DodoObserver__factory(owner).deploy(owner);
    const [pool] = await integration.pools();
    if (pool === undefined) throw new Error("no pool was registered");
    await (await observer.registerPool(pool)).wait();
    for (let count = 0; count < 3; count++) await (await observer.connect(trader).observe([pool])).wait();
    await chain.networkHelpers.mine(1);
    const samples = await observer.recentSamples(pool, 3n, 10n);
    expect(new Set(samples.map((sample) => sample.blockNumber)).size).to.equal(3);
  });
});
