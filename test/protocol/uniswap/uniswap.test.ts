import { expect } from "chai";
import { keccak256, toBeHex, type Interface } from "ethers";
import { network } from "hardhat";

import { StandInToken__factory } from "../../../protocol/generated/contracts/index.js";
import { poolAddress, publishedUniswap } from "../../../protocol/uniswap/addresses.js";
import { uniswapAbi } from "../../../protocol/uniswap/contracts.js";
import { amountAtTick, meanTick } from "../../../protocol/uniswap/ticks.js";
import { LocalChain } from "../../../scripts/local/chain.js";
import { uniswapArtifact } from "../../../scripts/uniswap/artifacts.js";
import { LocalUniswap } from "../../../scripts/uniswap/deploy.js";
import { codeThrown } from "../../helpers/thrown.js";

const FEE = 3_000n;
const ETHER = 10n ** 18n;
const uniswap = uniswapAbi as unknown as Record<keyof typeof uniswapAbi, Interface>;

describe("Uniswap v3 as published", function () {
  this.timeout(120_000);

  it("ETHSUPPLY-1 pools are where the published code of the pool puts them, and every call that is made is one of the published contracts", () => {
    const own = {
      factory: "UniswapV3Factory",
      pool: "UniswapV3Pool",
      quoter: "QuoterV2",
      router: "SwapRouter",
    } as const;
    for (const [name, contract] of Object.entries(own) as [keyof typeof own, (typeof own)[keyof typeof own]][]) {
      uniswap[name].forEachFunction((fragment) => {
        const published = uniswapArtifact(contract).abi.getFunction(fragment.selector);
        expect(published?.format("sighash"), fragment.name).to.equal(fragment.format("sighash"));
        expect(published?.outputs.map(({ type }) => type)).to.deep.equal(fragment.outputs.map(({ type }) => type));
      });
    }
    const hash = keccak256(uniswapArtifact("UniswapV3Pool").bytecode);
    expect(hash).to.equal("0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54");
    // The pool of USDC and ether at 0.3 %, as everybody knows it.
    const { factory, wrappedEther } = publishedUniswap(1);
    const usdc = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
    expect(poolAddress(factory, usdc, wrappedEther, FEE)).to.equal("0x8ad599c3A0ff1De082011EFDDc58f1908eb6e6D8");
    expect(poolAddress(factory, wrappedEther, usdc, FEE)).to.equal("0x8ad599c3A0ff1De082011EFDDc58f1908eb6e6D8");
    expect(codeThrown(() => publishedUniswap(138))).to.equal("UNISWAP_NOT_PUBLISHED");
  });

  for (const decimals of [6, 8, 18]) {
    it(`ETHSUPPLY-1 the price at a tick is that of the real pool, and an average is rounded as Uniswap's own (${String(decimals)} decimals)`, async () => {
      const connection = await network.create("sim138");
      try {
        const chain = new LocalChain(connection.ethers.provider);
        const [deployer = "", trader = ""] = await chain.accounts();
        const local = await LocalUniswap.deploy(chain, deployer);
        const unit = 10n ** BigInt(decimals);
        const factory = new StandInToken__factory(await connection.ethers.getSigner(deployer));
        // One token is below wrapped ether and one above it, sooner or later.
        const sides = new Set<boolean>();
        for (let count = 0; sides.size < 2 && count < 40; count += 1) {
          const token = (await (await factory.deploy("Token", "TKN", decimals)).getAddress()).toLowerCase();
          const isToken0 = BigInt(token) < BigInt(local.addresses.wrappedEther);
          if (sides.has(isToken0)) continue;
          sides.add(isToken0);
          const tokenAt = StandInToken__factory.connect(token, await connection.ethers.getSigner(deployer));
          await (await tokenAt.mint(deployer, 1_000n * unit)).wait();
          const liquidity = { tokenUnits: 40n * unit, etherWei: 1_200n * ETHER, observations: 10 };
          const pool = await local.createPool({ token, fee: FEE, provider: deployer, ...liquidity });
          for (const etherWei of [ETHER, 700n * ETHER]) {
            await local.buy(trader, token, FEE, etherWei);
            const data = uniswap.pool.encodeFunctionData("slot0");
            const answer = await connection.ethers.provider.call({ to: pool, data });
            const [sqrtPriceX96, tick] = uniswap.pool.decodeFunctionResult("slot0", answer) as unknown as bigint[];
            if (sqrtPriceX96 === undefined || tick === undefined) throw new Error("a pool has a price");
            // Price of token0 in 2^-192 of token1: between that of the tick and that of the next.
            const price = sqrtPriceX96 * sqrtPriceX96;
            expect(amountAtTick(tick, 1n << 192n, true) <= price).to.equal(true);
            expect(amountAtTick(tick + 1n, 1n << 192n, true) > price).to.equal(true);
            const out = amountAtTick(tick, unit, isToken0);
            const exact = isToken0 ? (unit * price) >> 192n : (unit << 192n) / price;
            expect(out >= (exact * 9_999n) / 10_000n && out <= (exact * 10_001n) / 10_000n).to.equal(true);
          }
        }
        expect(sides.size).to.equal(2);
      } finally {
        await connection.close();
      }
    });
  }

  it("ETHSUPPLY-1 ticks have the range of pools, means are rounded down", () => {
    expect(meanTick(0n, 7n, 2n)).to.equal(3n);
    expect(meanTick(7n, 0n, 2n)).to.equal(-4n);
    expect(meanTick(8n, 0n, 2n)).to.equal(-4n);
    expect(amountAtTick(0n, 12_345n, true)).to.equal(12_345n);
    expect(amountAtTick(0n, 12_345n, false)).to.equal(12_345n);
    // TickMath.MAX_SQRT_RATIO and MIN_SQRT_RATIO, squared.
    const most = 1461446703485210103287273052203988822378723970342n ** 2n;
    const near = (value: bigint, wanted: bigint): boolean => {
      const distance = value > wanted ? value - wanted : wanted - value;
      return distance * 10n ** 9n < wanted;
    };
    expect(near(amountAtTick(887_272n, 1n << 192n, true), most)).to.equal(true);
    expect(near(amountAtTick(-887_272n, 1n << 192n, false), most)).to.equal(true);
    expect(() => amountAtTick(887_273n, 1n, true)).to.throw(RangeError);
    expect(toBeHex(amountAtTick(-887_272n, 1n << 128n, true))).to.equal("0x01");
  });
});
