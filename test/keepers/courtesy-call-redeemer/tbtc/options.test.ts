import { expect } from "chai";

import type { TbtcRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { Action, Effect, Position, Reading } from "../../../../keepers/courtesy-call-redeemer/types.js";
import { DEPOSIT_TERM_SECONDS } from "../../../../protocol/tbtc/constants.js";
import { depositTokenId, tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../../protocol/tbtc/states.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import { attachToNode } from "../../../helpers/localNode.js";
import { codeThrown } from "../../../helpers/thrown.js";
import { codeOf } from "../../../helpers/rejection.js";
import { DESTINATION, FEE_SAT, startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";

const TBTC = 10n ** 18n;
const LOT_SAT = 10_000_000n;
const LOT_WEI = TBTC / 10n;
const FEE_WEI = LOT_WEI / 2_000n;
const STRAY_WEI = TBTC / 500n;
const CALLABLE = 2_666n * 10n ** 13n;
const SURPLUS_SAT = 54_321n;

type Route = "vending-machine" | "direct";

describe("courtesy-call-redeemer, ways to redeem tBTC v1", () => {
  let site: TbtcNode;
  /** TDT with the vending machine; with the user; over-funded. */
  let sold: Deposit;
  let held: Deposit;
  let rich: Deposit;
  let rescue: TbtcRescue;

  before(async () => {
    site = await startTbtcNode();
    const { scenario, roles } = site;
    sold = await scenario.open({ lotSat: LOT_SAT });
    held = await scenario.open({ lotSat: LOT_SAT, holder: "user", funder: roles.user });
    rich = await scenario.open({ lotSat: LOT_SAT, utxoSat: LOT_SAT + SURPLUS_SAT });
    await scenario.giveTbtc(roles.redeemer, TBTC);
    await scenario.giveTbtc(roles.user, TBTC);
  });
  beforeEach(async () => {
    await site.keep();
    ({ rescue } = site.rescue());
  });
  afterEach(() => site.giveBack());
  after(() => site.close());

  function positionOf({ address, members, lotSat }: Deposit): Position {
    return { id: address.toLowerCase(), operators: members, sizeUnits: satToTbtcWei(lotSat) };
  }

  async function look(deposit: Deposit): Promise<Reading> {
    const [reading] = await rescue.read([positionOf(deposit)], await site.block());
    if (reading === undefined) throw new Error("one reading per position");
    return reading;
  }

  async function optionsOf(deposit: Deposit, wallet = site.roles.redeemer): Promise<readonly Action[]> {
    return rescue.options(await look(deposit), wallet, await site.block());
  }

  function routeOf({ calls }: Action): Route {
    const machine = site.world.addresses.vendingMachine.toLowerCase();
    return calls.at(-1)?.to === machine ? "vending-machine" : "direct";
  }

  function shapes(actions: readonly Action[]): (readonly [Effect, Route, bigint])[] {
    return actions.map((action) => [action.effect, routeOf(action), action.costUnits] as const);
  }

  async function call(...deposits: Deposit[]): Promise<void> {
    await site.scenario.setPrice(CALLABLE);
    for (const { address } of deposits) await site.scenario.courtesyCall(address);
  }

  /** Carries the action out in one block, with an allowance of exactly what it says; checks balances, state and gas. */
  async function spend(deposit: Deposit, action: Action | undefined, backWei = 0n, wallet = site.roles.redeemer) {
    if (action === undefined) throw new Error("no such way");
    const before = await site.tbtcOf(wallet);
    expect(await rescue.simulate(action, wallet, await site.block())).to.deep.equal({ ok: true });
    const mined = await site.carryOut(wallet, [action]);
    expect(mined.every(({ ok }) => ok)).to.equal(true);
    expect(new Set(mined.map(({ block }) => block)).size, "one block").to.equal(1);
    expect(before - (await site.tbtcOf(wallet))).to.equal(action.costUnits - backWei);
    expect(await site.scenario.state(deposit.address)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    const gas = mined.reduce((sum, { gasUsed }) => sum + gasUsed, 0n);
    const expected = action.allowance?.shared === true ? action.gasEstimate + 46_200n : action.gasEstimate;
    // What is measured here is no more than a tenth away from what was promised, and never above the limit.
    expect(gas < action.gasLimit, `gas ${String(gas)}`).to.equal(true);
    expect(
      gas * 10n > expected * 8n && gas * 10n < expected * 11n,
      `gas ${String(gas)} of ${String(expected)}`,
    ).to.equal(true);
    const { requester, feeSat, script } = await site.scenario.redemption(deposit.address);
    expect([requester, feeSat]).to.deep.equal([wallet, FEE_SAT]);
    expect(script).to.equal(`0x16${DESTINATION.toString("hex")}`);
  }

  it("TBTC-10 lot and fee through the vending machine while ACTIVE", async () => {
    const actions = await optionsOf(sold);
    expect(shapes(actions)).to.deep.equal([["rescue", "vending-machine", LOT_WEI + FEE_WEI]]);
    await spend(sold, actions[0]);
  });

  it("TBTC-10 the lot alone while ACTIVE for the holder of the rebate", async () => {
    const { scenario, roles, world } = site;
    const args = [roles.deployer, roles.redeemer, depositTokenId(sold.address)] as const;
    const transfer = tbtcAbi.ownershipToken.encodeFunctionData("transferFrom", [...args]);
    await scenario.send(roles.deployer, world.addresses.feeRebateToken, transfer);
    const actions = await optionsOf(sold);
    expect(shapes(actions)).to.deep.equal([["rescue", "vending-machine", LOT_WEI]]);
    await spend(sold, actions[0]);
  });

  it("TBTC-10 nothing while ACTIVE where a user holds the deposit", async () => {
    expect(await optionsOf(held)).to.deep.equal([]);
  });

  it("TBTC-10 the fee alone for whoever holds the deposit himself, called or not", async () => {
    const { roles } = site;
    const actions = await optionsOf(held, roles.user);
    expect(shapes(actions)).to.deep.equal([["rescue", "direct", FEE_WEI]]);
    await site.keep();
    await spend(held, actions[0], 0n, roles.user);
    await site.giveBack();
    await call(held);
    const later = await optionsOf(held, roles.user);
    expect(shapes(later)).to.deep.equal([["rescue", "direct", FEE_WEI]]);
    await spend(held, later[0], 0n, roles.user);
  });

  for (const route of ["vending-machine", "direct"] as const) {
    it(`TBTC-10 the lot in COURTESY_CALL, ${route}`, async () => {
      await call(sold);
      const actions = await optionsOf(sold);
      expect(shapes(actions)).to.deep.equal([
        ["rescue", "vending-machine", LOT_WEI],
        ["rescue", "direct", LOT_WEI],
      ]);
      await spend(
        sold,
        actions.find((action) => routeOf(action) === route),
      );
    });

    it(`TBTC-10 the lot at the end of the term, ${route}`, async () => {
      await site.chain.advance(DEPOSIT_TERM_SECONDS);
      const actions = await optionsOf(sold);
      expect(shapes(actions)).to.deep.equal([
        ["rescue", "vending-machine", LOT_WEI],
        ["rescue", "direct", LOT_WEI],
      ]);
      await spend(
        sold,
        actions.find((action) => routeOf(action) === route),
      );
    });
  }

  it("TBTC-10 the lot directly of a user's called deposit", async () => {
    await call(held);
    const actions = await optionsOf(held);
    expect(shapes(actions)).to.deep.equal([["rescue", "direct", LOT_WEI]]);
    await spend(held, actions[0]);
  });

  it("TBTC-10 less directly by what lies in the deposit by mistake, and that comes back through the vending machine", async () => {
    await site.scenario.transferTbtc(site.roles.user, sold.address, STRAY_WEI);
    await call(sold);
    const actions = await optionsOf(sold);
    expect(shapes(actions)).to.deep.equal([
      ["rescue", "vending-machine", LOT_WEI],
      ["rescue", "direct", LOT_WEI - STRAY_WEI],
    ]);
    await site.keep();
    await spend(sold, actions[0], STRAY_WEI);
    await site.giveBack();
    await spend(sold, actions[1]);
  });

  it("TBTC-10 no fee while ACTIVE where what lies in the deposit covers it", async () => {
    await site.scenario.transferTbtc(site.roles.user, sold.address, STRAY_WEI);
    const actions = await optionsOf(sold);
    expect(shapes(actions)).to.deep.equal([["rescue", "vending-machine", LOT_WEI]]);
    await spend(sold, actions[0], STRAY_WEI - FEE_WEI);
  });

  it("TBTC-10 the lot of an over-funded deposit, whose surplus pays for the payment", async () => {
    await call(rich, sold);
    const [usual] = await optionsOf(sold);
    const [action] = await optionsOf(rich);
    expect([action?.costUnits, action?.expenseWei]).to.deep.equal([LOT_WEI, 0n]);
    const price = await site.scenario.contracts.system.fetchBitcoinPrice({ from: sold.address });
    expect(usual?.expenseWei, "of the other one its first fee").to.equal(FEE_SAT * price);
    await spend(rich, action);
  });

  for (const of of ["sold", "held"] as const) {
    it(`TBTC-11 calls and redeems in one block at the cost of a called deposit, ${of}`, async () => {
      const deposit = of === "sold" ? sold : held;
      await site.scenario.setPrice(CALLABLE);
      const actions = (await optionsOf(deposit)).filter(({ effect }) => effect === "call-and-rescue");
      expect(shapes(actions)).to.deep.equal([
        ...(of === "sold" ? [["call-and-rescue", "vending-machine", LOT_WEI]] : []),
        ["call-and-rescue", "direct", LOT_WEI],
      ]);
      for (const action of actions) {
        await site.keep();
        await spend(deposit, action);
        await site.giveBack();
      }
    });
  }

  it("TBTC-11 offers no call of a deposit that cannot be called, at the edge", async () => {
    await site.scenario.setPrice(2_667n * 10n ** 13n);
    expect((await optionsOf(sold)).map(({ effect }) => effect)).to.deep.equal(["rescue"]);
    await site.scenario.setPrice(CALLABLE);
    expect((await optionsOf(sold)).map(({ effect }) => effect)).to.include("call-and-rescue");
  });

  it("TBTC-12 offers nothing in any state from which nothing can be redeemed", async () => {
    const { scenario, roles } = site;
    const none = async (deposit: Deposit): Promise<void> => {
      const reading = await look(deposit);
      expect(await rescue.options(reading, roles.redeemer, await site.block())).to.deep.equal([]);
      // Nor when the reading is older than the block.
      const stale: Reading = { ...reading, stage: "called", healthBps: 0n };
      expect(await rescue.options(stale, roles.redeemer, await site.block())).to.deep.equal([]);
    };
    const opened = await scenario.create({ lotSat: LOT_SAT });
    expect(await rescue.options(await look(opened), roles.redeemer, await site.block())).to.deep.equal([]);
    await call(sold, held);
    await scenario.requestRedemption(sold, { from: roles.redeemer });
    await none(sold);
    await scenario.provideSignature(sold);
    await none(sold);
    await scenario.proveRedemption(sold);
    await none(sold);
    await scenario.expireCourtesyCall(held.address);
    await none(held);
    await scenario.purchase(held, roles.redeemer);
    await none(held);
  });

  it("TBTC-12 redeems a called deposit while there is no price", async () => {
    await call(sold);
    await site.scenario.setPrice(CALLABLE, false);
    const [action] = await optionsOf(sold);
    const bondWei = await site.scenario.contracts.keep(sold.keep).checkBondAmount();
    expect(action?.expenseWei, "at more than the lot can be worth").to.equal(
      (FEE_SAT * bondWei + LOT_SAT - 1n) / LOT_SAT,
    );
    await spend(sold, action);
  });

  it("TBTC-13 keeps the first fee inside what the contract takes", async () => {
    await call(sold);
    const feeOf = async (wantedSat: bigint): Promise<bigint> => {
      const { addresses } = site.world;
      const outputScript = `0x16${DESTINATION.toString("hex")}`;
      const { rescue: other } = site.rescue({ addresses, payout: { outputScript, initialFeeSat: () => wantedSat } });
      const block = await site.block();
      const [reading] = await other.read([positionOf(sold)], block);
      const [action] = reading === undefined ? [] : await other.options(reading, site.roles.redeemer, block);
      if (action === undefined) throw new Error("no way");
      await site.keep();
      await site.carryOut(site.roles.redeemer, [action]);
      const { feeSat } = await site.scenario.redemption(sold.address);
      await site.giveBack();
      return feeSat;
    };
    expect(await feeOf(1n)).to.equal(2_000n);
    expect(await feeOf(LOT_SAT)).to.equal(LOT_SAT / 2n - 1n);
  });

  it("TBTC-13 pays to scripts that deposits know, with their length in front, and to nothing else", () => {
    const withScript = (outputScript: string) => () =>
      site.rescue({ payout: { outputScript, initialFeeSat: () => FEE_SAT } });
    expect(codeThrown(withScript(`0x16${DESTINATION.toString("hex")}`))).to.equal("no error");
    expect(codeThrown(withScript(`0x${DESTINATION.toString("hex")}`))).to.equal("OUTPUT_SCRIPT_MALFORMED");
    expect(codeThrown(withScript("bc1q"))).to.equal("OUTPUT_SCRIPT_MALFORMED");
    expect(codeThrown(withScript(`0x225120${"22".repeat(32)}`))).to.equal("OUTPUT_SCRIPT_UNSUPPORTED");
  });

  it("TBTC-14 asks for hundreds of positions in a few exchanges, and keeps what fails apart", async () => {
    await call(sold, held, rich);
    const block = await site.block();
    const readings = await rescue.read([sold, held, rich].map(positionOf), block);
    site.proxy.exchanges = 0;
    const many = Array.from({ length: 30 }, () => readings).flat();
    const found = await Promise.all(many.map((reading) => rescue.options(reading, site.roles.redeemer, block)));
    expect(found.map(({ length }) => length)).to.deep.equal(Array.from({ length: 30 }, () => [2, 1, 2]).flat());
    // Nine questions about each of ninety, two hundred at a time, and one exchange for what follows from their answers.
    expect(site.proxy.exchanges).to.equal(6);
    const [good] = readings;
    if (good === undefined) throw new Error("three readings");
    const bad: Reading = { ...good, position: { ...good.position, id: site.world.addresses.token.toLowerCase() } };
    const results = await Promise.allSettled(
      [good, bad].map((reading) => rescue.options(reading, site.roles.redeemer, block)),
    );
    expect(results.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected"]);
  });

  it("TBTC-14 refuses a deposit that asks for something else than computed", async () => {
    await call(sold);
    const { selector } = tbtcAbi.deposit.getFunction("getOwnerRedemptionTbtcRequirement");
    const block = await site.block();
    const reading = await look(sold);
    site.proxy.fault = ({ method, params }) => {
      const { data = "" } = (params[0] ?? {}) as { data?: string };
      return method === "eth_call" && data.startsWith(selector)
        ? { kind: "answer", body: { result: `0x${"00".repeat(31)}01` } }
        : undefined;
    };
    const code = await codeOf(rescue.options(reading, site.roles.redeemer, block));
    site.proxy.fault = () => undefined;
    expect(code).to.equal("TBTC_COST_DIFFERS");
  });

  it("TBTC-20 makes no way, and runs nothing, by the word of one node where two must agree", async () => {
    await call(sold);
    const second = await attachToNode(site.url);
    const client = second.client({ url: `${site.proxy.url},${second.proxy.url}`, quorum: 2, timeoutMs: 20_000 });
    const { rescue: careful } = site.rescue({ client });
    const { redeemer } = site.roles;
    const block = await site.block();
    const [reading] = await careful.read([positionOf(sold)], block);
    if (reading === undefined) throw new Error("one reading per position");
    const [action] = await careful.options(reading, redeemer, block);
    if (action === undefined) throw new Error("no way");
    expect(await careful.simulate(action, redeemer, block)).to.deep.equal({ ok: true });
    const { selector } = tbtcAbi.deposit.getFunction("utxoValue");
    second.proxy.fault = ({ method, params }) => {
      const { data = "" } = (params[0] ?? {}) as { data?: string };
      return method === "eth_call" && (data === selector || params.length > 2)
        ? { kind: "answer", body: { result: `0x${"00".repeat(31)}07` } }
        : undefined;
    };
    expect(await codeOf(careful.options(reading, redeemer, block))).to.equal("NO_QUORUM");
    expect(await codeOf(careful.simulate(action, redeemer, block))).to.equal("NO_QUORUM");
    await second.close();
  });
});
