import { expect } from "chai";
import { readFileSync } from "node:fs";
import { MaxUint256, ZeroAddress, type Signer } from "ethers";

import { IM1Token__factory, IPmmPool__factory } from "../../protocol/generated/contracts/index.js";
import { decodedName } from "../../protocol/revert.js";
import { startRouterChain, type RouterChain } from "../helpers/routerChain.js";
import { bestOrder, signOrder, signPermit, type Order, type Route } from "../helpers/routerExample.js";

const UNIT = 10n ** 6n;
const OUNCE = 10n ** 18n;
const GRAM = 10n ** 8n;
const DEADLINE = 2n ** 40n;
/** Every pair of 6, 8 and 18 decimals, one hop and two. */
const PAIRS = [
  ["cUSDT", "cUSDC"],
  ["cUSDC", "cUSDT"],
  ["XAU", "cUSDC"],
  ["cEURT", "XAU"],
  ["cUSDT", "cEURT"],
  ["GRAM", "cUSDC"],
  ["GRAM", "XAU"],
  ["XAU", "GRAM"],
  ["cUSDC", "GRAM"],
] as const;
type Name = (typeof PAIRS)[number][number];
/** What a sale is made of, about 100 USD. */
const SMALL: Readonly<Record<Name, bigint>> = {
  cUSDT: 100n * UNIT,
  cUSDC: 100n * UNIT,
  cEURT: 90n * UNIT,
  XAU: OUNCE / 25n,
  GRAM: GRAM,
};

describe("EnhancedSwapRouter on the deployed system", () => {
  let world: RouterChain;
  let restore: () => Promise<void>;

  before(async () => {
    world = await startRouterChain();
  });
  beforeEach(async () => {
    const snapshot = await world.site.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(async () => {
    await holdsNothing();
    await restore();
  });
  after(() => world.site.chain.close());

  const nameOf = (name: Name) =>
    name === "GRAM" ? world.grams.getAddress() : Promise.resolve(world.deployed.deployment.token(name));
  const handle = async (name: Name) => IM1Token__factory.connect(await nameOf(name), world.site.trader);
  const poolOf = (pair: string) => world.deployed.deployment.address(`PmmPool:${pair}`);

  async function orderOf(tokenIn: Name, amountIn: bigint, tokenOut: Name, minOut = 1n): Promise<Order> {
    const [from, into] = await Promise.all([nameOf(tokenIn), nameOf(tokenOut)]);
    return { tokenIn: from, amountIn, tokenOut: into, minOut, to: world.site.trader.address, deadline: DEADLINE };
  }

  const route = (amountIn: bigint, firstPool: string, secondPool = ZeroAddress): Route => ({
    amountIn,
    firstPool,
    secondPool,
  });

  /** What the trader gets, counted in his balance, and what he pays, exactly. */
  async function traded(order: Order, send: () => Promise<{ wait(): Promise<unknown> }>): Promise<bigint> {
    const [tokenIn, tokenOut] = [order.tokenIn, order.tokenOut].map((at) =>
      IM1Token__factory.connect(at, world.site.trader),
    );
    if (tokenIn === undefined || tokenOut === undefined) throw new Error("two tokens");
    const { address } = world.site.trader;
    const [heldIn, heldOut] = await Promise.all([tokenIn.balanceOf(address), tokenOut.balanceOf(address)]);
    await (await send()).wait();
    expect(heldIn - (await tokenIn.balanceOf(address))).to.equal(order.amountIn);
    return (await tokenOut.balanceOf(address)) - heldOut;
  }

  /** The contract's error; what the trader and the router hold is as before. */
  async function refusal(work: () => Promise<unknown>): Promise<string> {
    const before = await holdings();
    const name = await work().then(() => "no error", decodedName);
    expect(await holdings()).to.deep.equal(before);
    return name;
  }

  async function holdings(): Promise<bigint[]> {
    const tokens = await Promise.all((Object.keys(SMALL) as Name[]).map(handle));
    return Promise.all(tokens.map((token) => token.balanceOf(world.site.trader.address)));
  }

  async function holdsNothing(): Promise<void> {
    for (const name of Object.keys(SMALL) as Name[]) {
      expect(await (await handle(name)).balanceOf(world.router), name).to.equal(0n);
    }
  }

  describe("pays what it quoted in the same block, and no less", () => {
    for (const [tokenIn, tokenOut] of PAIRS) {
      it(`${tokenIn} to ${tokenOut}, from 100 to 200,000 USD`, async () => {
        for (const times of [1n, 100n, 2_000n]) {
          const sale = await orderOf(tokenIn, SMALL[tokenIn] * times, tokenOut);
          const { quotedUnits, order, routes } = await bestOrder(
            await world.router.getAddress(),
            world.site.trader,
            sale,
          );
          expect(await world.router.swap.staticCall({ ...order, minOut: quotedUnits }, routes)).to.equal(quotedUnits);
          const received = await traded(order, () => world.router.swap({ ...order, minOut: quotedUnits }, routes));
          expect(received).to.be.at.least(quotedUnits);
        }
      });
    }
  });

  it("one hop through our pool pays what the pool itself would pay", async () => {
    const order = await orderOf("cUSDT", 5_000n * UNIT, "cUSDC");
    const pool = IPmmPool__factory.connect(poolOf("cUSDT/cUSDC"), world.site.trader);
    const token = await handle("cUSDT");
    await (await token.approve(pool, MaxUint256)).wait();
    const { address } = world.site.trader;
    const direct = await pool.swapBase.staticCall(order.amountIn, 0n, address, address, DEADLINE);
    const routes = [route(order.amountIn, poolOf("cUSDT/cUSDC"))];
    expect(await traded(order, () => world.router.swap(order, routes))).to.equal(direct);
  });

  it("two hops go through gold", async () => {
    const order = await orderOf("cUSDT", 5_000n * UNIT, "cEURT");
    const { routes } = await bestOrder(await world.router.getAddress(), world.site.trader, order);
    expect(routes).to.deep.equal([route(order.amountIn, poolOf("XAU/cUSDT"), poolOf("XAU/cEURT"))]);
    expect(await traded(order, () => world.router.swap(order, routes))).to.be.within(4_400n * UNIT, 4_700n * UNIT);
  });

  it("a large sale is split, and gains by it", async () => {
    const sale = await orderOf("cUSDT", 700_000n * UNIT, "cUSDC");
    const [single] = await world.router.quote(sale.tokenIn, sale.amountIn, sale.tokenOut, 1);
    const { quotedUnits, order, routes } = await bestOrder(await world.router.getAddress(), world.site.trader, sale);
    expect(routes.length).to.be.greaterThan(1);
    expect(new Set(routes.map(({ firstPool }) => firstPool)).size).to.equal(routes.length);
    expect(quotedUnits).to.be.greaterThan(single);
    expect(await traded(order, () => world.router.swap(order, routes))).to.equal(quotedUnits);
  });

  it("a hop through Uniswap v3, alone and as the first of two", async () => {
    const order = await orderOf("cUSDT", 5_000n * UNIT, "cUSDC");
    const routes = [route(order.amountIn, world.v3Pool)];
    expect(await traded(order, () => world.router.swap(order, routes))).to.be.within(4_980n * UNIT, 4_998n * UNIT);
    const further = await orderOf("cUSDT", 5_000n * UNIT, "XAU");
    const through = [route(further.amountIn, world.v3Pool, poolOf("XAU/cUSDC"))];
    expect(await traded(further, () => world.router.swap(further, through))).to.be.greaterThan(OUNCE);
  });

  it("swaps with a permit instead of an approval", async () => {
    const token = await handle("cUSDC");
    await (await token.approve(world.router, 0n)).wait();
    const at = await world.router.getAddress();
    const { order, routes } = await bestOrder(at, world.site.trader, await orderOf("cUSDC", 500n * UNIT, "cUSDT"));
    const permit = await signPermit(at, world.site.trader, order);
    const received = await traded(order, () => world.router.swapWithPermit(order, routes, permit));
    expect(received).to.be.at.least(order.minOut);
    expect(await token.allowance(world.site.trader, world.router)).to.equal(0n);
  });

  it("swaps what was signed for Permit2, whoever submits it", async () => {
    const token = await handle("cUSDT");
    await (await token.approve(world.router, 0n)).wait();
    await (await token.approve(world.permit2, MaxUint256)).wait();
    const at = await world.router.getAddress();
    const { order, routes } = await bestOrder(at, world.site.trader, await orderOf("cUSDT", 500n * UNIT, "XAU"));
    const signed = await signOrder(at, world.site.trader, order, routes);
    const relayed = world.router.connect(world.site.attacker);
    const received = await traded(order, () => relayed.swapWithPermit2(order, routes, signed));
    expect(received).to.be.at.least(order.minOut);
    const stolen = { ...order, to: world.site.attacker.address };
    expect(await refusal(() => relayed.swapWithPermit2(order, routes, signed))).to.equal("PermitReplayed");
    const fresh = await signOrder(at, world.site.trader, order, routes);
    // Permit2's own error, which is in none of our interfaces.
    expect(await refusal(() => relayed.swapWithPermit2(stolen, routes, fresh))).to.equal("Unknown 0x815e1d64");
  });

  describe("refuses, and nothing moves", () => {
    const AMOUNT = 1_000n * UNIT;
    const swap = (order: Order, routes: Route[], as: Signer = world.site.trader) =>
      world.router.connect(as).swap(order, routes);

    it("a path through an unregistered pool: a mesh pool, a stranger's, one the guardian has removed", async () => {
      const order = await orderOf("cUSDT", AMOUNT, "XAU");
      const mesh = world.deployed.deployment.meshPools()["cUSDT"] ?? "";
      for (const pool of [mesh, world.site.attacker.address, await world.router.getAddress()]) {
        expect(await refusal(() => swap(order, [route(AMOUNT, pool)]))).to.equal("PoolNotRegistered");
      }
      const second = await orderOf("cUSDC", AMOUNT, "XAU");
      expect(await refusal(() => swap(second, [route(AMOUNT, poolOf("cUSDT/cUSDC"), mesh)]))).to.equal(
        "PoolNotRegistered",
      );
      const guardian = await world.site.impersonate(world.deployed.blueprint.roles.guardian);
      await (await world.router.connect(guardian).removePool(poolOf("XAU/cUSDT"))).wait();
      expect(await refusal(() => swap(order, [route(AMOUNT, poolOf("XAU/cUSDT"))]))).to.equal("PoolNotRegistered");
    });

    it("a mesh pool at its registration, even by the timelock", async () => {
      const mesh = world.deployed.deployment.meshPools()["cUSDT"] ?? "";
      const router = world.router.connect(world.governance);
      expect(await refusal(() => router.registerPool(mesh))).to.equal("PoolNotRegistered");
    });

    it("a permit that was used", async () => {
      const token = await handle("cUSDC");
      await (await token.approve(world.router, 0n)).wait();
      const at = await world.router.getAddress();
      const { order, routes } = await bestOrder(at, world.site.trader, await orderOf("cUSDC", AMOUNT, "cUSDT"));
      const permit = await signPermit(at, world.site.trader, order);
      await (await world.router.swapWithPermit(order, routes, permit)).wait();
      expect(await refusal(() => world.router.swapWithPermit(order, routes, permit))).to.equal("PermitReplayed");
    });

    it("a permit and an order of another chain", async () => {
      const at = await world.router.getAddress();
      const { order, routes } = await bestOrder(at, world.site.trader, await orderOf("cUSDC", AMOUNT, "cUSDT"));
      const permit = { ...(await signPermit(at, world.site.trader, order)), chainId: 651_940n };
      expect(await refusal(() => world.router.swapWithPermit(order, routes, permit))).to.equal("WrongChain");
      const signed = { ...(await signOrder(at, world.site.trader, order, routes)), chainId: 651_940n };
      expect(await refusal(() => world.router.swapWithPermit2(order, routes, signed))).to.equal("WrongChain");
    });

    it("an expired deadline, of the order and of the permit", async () => {
      const at = await world.router.getAddress();
      const { order, routes } = await bestOrder(at, world.site.trader, await orderOf("cUSDC", AMOUNT, "cUSDT"));
      expect(await refusal(() => swap({ ...order, deadline: 1n }, routes))).to.equal("DeadlineExpired");
      const permit = await signPermit(at, world.site.trader, { ...order, deadline: 1n });
      expect(await refusal(() => world.router.swapWithPermit(order, routes, permit))).to.equal("DeadlineExpired");
    });

    it("dust: nothing to sell, and less than pays one unit", async () => {
      const [gold, stable] = await Promise.all([nameOf("XAU"), nameOf("cUSDT")]);
      expect(await refusal(() => world.router.quote(gold, 0n, stable, 3))).to.equal("ZeroAmount");
      expect(await refusal(() => world.router.quote(gold, 1n, stable, 3))).to.equal("NoRoute");
      const nothing = await orderOf("XAU", 0n, "cUSDT");
      expect(await refusal(() => swap(nothing, [route(0n, poolOf("XAU/cUSDT"))]))).to.equal("ZeroAmount");
      const dust = await orderOf("XAU", 1n, "cUSDT");
      expect(await refusal(() => swap(dust, [route(1n, poolOf("XAU/cUSDT"))]))).to.equal("OutputBelowMinimum");
      const through = await orderOf("XAU", 1n, "cUSDC", 0n);
      const routes = [route(1n, poolOf("XAU/cUSDT"), poolOf("cUSDT/cUSDC"))];
      expect(await refusal(() => swap(through, routes))).to.equal("ZeroAmount");
    });

    it("a minimum that the pools do not pay, routes that do not add up, and paths that do not join", async () => {
      const at = await world.router.getAddress();
      const sale = await orderOf("cUSDT", AMOUNT, "cUSDC");
      const { quotedUnits, order, routes } = await bestOrder(at, world.site.trader, sale);
      const pool = poolOf("cUSDT/cUSDC");
      expect(await refusal(() => swap({ ...order, minOut: quotedUnits + 1n }, routes))).to.equal("OutputBelowMinimum");
      expect(await refusal(() => swap(order, [route(AMOUNT - 1n, pool)]))).to.equal("SplitMismatch");
      expect(await refusal(() => swap(order, [route(AMOUNT, poolOf("XAU/cEURT"))]))).to.equal("BrokenPath");
      expect(await refusal(() => swap(order, [route(AMOUNT, pool, pool)]))).to.equal("BrokenPath");
      expect(await refusal(() => swap({ ...order, to: at }, [route(AMOUNT, pool)]))).to.equal("BadRecipient");
      expect(await refusal(() => swap({ ...order, to: pool }, [route(AMOUNT, pool)]))).to.equal("BadRecipient");
    });

    it("to spend what others have approved", async () => {
      const order = await orderOf("cUSDT", AMOUNT, "cUSDC");
      const theft = { ...order, to: world.site.attacker.address };
      const routes = [route(AMOUNT, poolOf("cUSDT/cUSDC"))];
      expect(await refusal(() => swap(theft, routes, world.site.attacker))).to.equal("ERC20InsufficientAllowance");
    });
  });

  it("goes on without a pool that the guardian removes, whose approval is withdrawn", async () => {
    const pool = poolOf("cUSDT/cUSDC");
    const token = await handle("cUSDT");
    expect(await token.allowance(world.router, pool)).to.equal(MaxUint256);
    const guardian = await world.site.impersonate(world.deployed.blueprint.roles.guardian);
    await (await world.router.connect(guardian).removePool(pool)).wait();
    expect(await token.allowance(world.router, pool)).to.equal(0n);
    const sale = await orderOf("cUSDT", 1_000n * UNIT, "cUSDC");
    const { order, routes } = await bestOrder(await world.router.getAddress(), world.site.trader, sale);
    expect(routes.map(({ firstPool }) => firstPool)).not.to.include(pool);
    expect(await traded(order, () => world.router.swap(order, routes))).to.be.at.least(order.minOut);
  });
  it("is documented by the code that these tests run", () => {
    const page = readFileSync(new URL("../../docs/router.md", import.meta.url), "utf8");
    const example = readFileSync(new URL("../helpers/routerExample.ts", import.meta.url), "utf8");
    const [block] = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]);
    expect(block).to.equal(example);
  });
});
