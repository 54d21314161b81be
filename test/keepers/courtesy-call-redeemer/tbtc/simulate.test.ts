import { expect } from "chai";

import type { TbtcRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { Action, ErrorClass, Position } from "../../../../keepers/courtesy-call-redeemer/types.js";
import { RetryableError } from "../../../../protocol/errors.js";
import { depositTokenId, tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { satToBytes8, satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import { DESTINATION, startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";

const TBTC = 10n ** 18n;
const LOT_SAT = 10_000_000n;
const LOT_WEI = TBTC / 10n;
const CALLABLE = 2_666n * 10n ** 13n;
const RECOVERED = 32n * 10n ** 15n;
const SEVERE = 2_340n * 10n ** 13n;

describe("courtesy-call-redeemer, simulations on tBTC v1", () => {
  let site: TbtcNode;
  let rescue: TbtcRescue;
  let deposit: Deposit;

  before(async () => {
    site = await startTbtcNode();
    const { scenario, roles } = site;
    deposit = await scenario.open({ lotSat: LOT_SAT });
    for (const account of [roles.redeemer, roles.rival, roles.user]) await scenario.giveTbtc(account, 2n * LOT_WEI);
  });
  beforeEach(async () => {
    await site.keep();
    ({ rescue } = site.rescue());
  });
  afterEach(async () => {
    site.proxy.fault = () => undefined;
    await site.giveBack();
  });
  after(() => site.close());

  async function call(): Promise<void> {
    await site.scenario.setPrice(CALLABLE);
    await site.scenario.courtesyCall(deposit.address);
  }

  async function options(): Promise<readonly Action[]> {
    const { address, members, lotSat } = deposit;
    const position: Position = { id: address.toLowerCase(), operators: members, sizeUnits: satToTbtcWei(lotSat) };
    const block = await site.block();
    const [reading] = await rescue.read([position], block);
    return reading === undefined ? [] : rescue.options(reading, site.roles.redeemer, block);
  }

  async function answer(action: Action | undefined): Promise<string> {
    if (action === undefined) throw new Error("no such way");
    const simulation = await rescue.simulate(action, site.roles.redeemer, await site.block());
    return simulation.ok ? "ok" : `${simulation.error} ${simulation.name}`;
  }

  /** The same action with another output value. */
  function withFee(action: Action | undefined, feeSat: bigint): Action {
    if (action === undefined) throw new Error("no such way");
    const script = `0x16${DESTINATION.toString("hex")}`;
    const data = tbtcAbi.vendingMachine.encodeFunctionData("tbtcToBtc", [
      deposit.address,
      satToBytes8(LOT_SAT - feeSat),
      script,
    ]);
    return {
      ...action,
      calls: action.calls.map((one, at) => (at === action.calls.length - 1 ? { ...one, data } : one)),
    };
  }

  it("TBTC-18 runs the very bytes, with allowances that are still to be given", async () => {
    await call();
    const [machine, direct] = await options();
    expect(await Promise.all([answer(machine), answer(direct)])).to.deep.equal(["ok", "ok"]);
    expect(await answer(withFee(machine, 1_999n))).to.equal("misconfigured TBTC_FEE_TOO_LOW");
    expect(await answer(withFee(machine, LOT_SAT / 2n))).to.equal("misconfigured TBTC_FEE_TOO_HIGH");
  });

  it("TBTC-18 runs a redemption behind the call of the courtesy that comes before it", async () => {
    await site.scenario.setPrice(CALLABLE);
    const calling = (await options()).filter(({ effect }) => effect === "call-and-rescue");
    expect(calling).to.have.length(2);
    for (const action of calling) expect(await answer(action)).to.equal("ok");
    expect(await answer(withFee(calling[0], 1_999n))).to.equal("misconfigured TBTC_FEE_TOO_LOW");
    await site.scenario.setPrice(RECOVERED);
    for (const action of calling) expect(await answer(action)).to.equal("retryable TBTC_COLLATERAL_SUFFICIENT");
  });

  it("TBTC-18 says that somebody else was first, by either way", async () => {
    await call();
    const actions = await options();
    await site.scenario.requestRedemption(deposit, { from: site.roles.rival });
    for (const action of actions) expect(await answer(action)).to.equal("rescued-by-another TBTC_ALREADY_REDEEMING");
  });

  it("TBTC-18 wants another way when the deposit was bought, called or is for sale", async () => {
    const { scenario, roles, world } = site;
    await scenario.setPrice(CALLABLE);
    const [machine, calling] = await options();
    expect(calling?.effect).to.equal("call-and-rescue");
    await site.keep();
    await scenario.courtesyCall(deposit.address);
    expect(await answer(calling)).to.equal("retryable TBTC_ALREADY_CALLED");
    await site.giveBack();
    await site.keep();
    const approve = tbtcAbi.token.encodeFunctionData("approve", [world.addresses.vendingMachine, LOT_WEI]);
    await scenario.send(roles.user, world.addresses.token, approve);
    const buy = tbtcAbi.vendingMachine.encodeFunctionData("tbtcToTdt", [depositTokenId(deposit.address)]);
    await scenario.send(roles.user, world.addresses.vendingMachine, buy);
    expect(await answer(machine)).to.equal("retryable TBTC_NOT_OWNED_BY_VENDING_MACHINE");
    expect((await options()).map(({ effect, calls }) => [effect, calls.length])).to.deep.equal([
      ["call-and-rescue", 2],
    ]);
    await site.giveBack();
    await scenario.setPrice(SEVERE);
    await scenario.liquidate(deposit.address);
    expect(await answer(machine)).to.equal("terminal TBTC_LIQUIDATION_IN_PROGRESS");
  });

  it("TBTC-18 counts the balance in the unit of the cost: exactly enough is enough, a unit less is not", async () => {
    await call();
    const [action] = await options();
    const { scenario, roles } = site;
    await scenario.transferTbtc(roles.redeemer, roles.rival, LOT_WEI);
    expect(await answer(action)).to.equal("ok");
    await scenario.transferTbtc(roles.redeemer, roles.rival, 1n);
    expect(await answer(action)).to.equal("misconfigured TBTC_ALLOWANCE_OR_BALANCE_SHORT");
  });

  it("TBTC-18 does what can be done at a node that takes no changed state", async () => {
    await call();
    const [action] = await options();
    site.proxy.fault = ({ method, params }) =>
      method === "eth_call" && params.length > 2
        ? { kind: "answer", body: { error: { code: -32602, message: "too many arguments" } } }
        : undefined;
    expect(await answer(action), "by what was looked at").to.equal("ok");
    const { scenario, roles, world } = site;
    const approve = tbtcAbi.token.encodeFunctionData("approve", [world.addresses.vendingMachine, LOT_WEI]);
    await scenario.send(roles.redeemer, world.addresses.token, approve);
    expect(await answer(action)).to.equal("ok");
    expect(await answer(withFee(action, 1_999n)), "run").to.equal("misconfigured TBTC_FEE_TOO_LOW");
  });

  it("TBTC-19 tells what failed calls mean", async () => {
    const { scenario, roles, world } = site;
    const classOf = async (work: Promise<unknown>): Promise<ErrorClass | "accepted"> => {
      try {
        await work;
        return "accepted";
      } catch (error) {
        return rescue.classifyError(error);
      }
    };
    expect(await classOf(scenario.courtesyCall(deposit.address))).to.equal("retryable");
    const tooEarly = scenario.requestRedemption(deposit, { from: roles.redeemer, route: "direct", approveWei: TBTC });
    expect(await classOf(tooEarly)).to.equal("terminal");
    await call();
    const low = scenario.requestRedemption(deposit, { from: roles.redeemer, feeSat: 1_999n });
    expect(await classOf(low)).to.equal("misconfigured");
    await scenario.requestRedemption(deposit, { from: roles.rival });
    for (const route of ["vending-machine", "direct"] as const) {
      const late = scenario.requestRedemption(deposit, { from: roles.redeemer, route, approveWei: LOT_WEI });
      expect(await classOf(late)).to.equal("rescued-by-another");
    }
    expect(await classOf(scenario.send(roles.user, world.addresses.token, "0x12345678"))).to.equal("terminal");
    expect(rescue.classifyError(new RetryableError("NO_QUORUM", "nodes"))).to.equal("retryable");
    expect(rescue.classifyError(new Error("socket hang up"))).to.equal("retryable");
  });
});
