import { expect } from "chai";

import type { AaveRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/aave/adapter.js";
import { lossWei } from "../../../../keepers/courtesy-call-redeemer/strategies/urgency.js";
import type { Action, Reading } from "../../../../keepers/courtesy-call-redeemer/types.js";
import { aaveAbi } from "../../../../protocol/aave/contracts.js";
import { RetryableError, UsageError } from "../../../../protocol/errors.js";
import { StandInToken__factory } from "../../../../protocol/generated/contracts/index.js";
import { createAaveChain, type AaveChain } from "../../../helpers/aaveChain.js";

const USD8 = 10n ** 8n;
const WAD = 10n ** 18n;
const TARGET_WAD = (125n * WAD) / 100n;

describe("courtesy-call-redeemer: rescue on the real Aave v3", () => {
  let site: AaveChain;
  let account: string;

  before(async () => {
    site = await createAaveChain();
    account = site.roles.borrowers[0] ?? "";
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  /** Owes 14,000 dollars against 10 WETH, which then fall so far that health is 1.03. */
  async function endanger(debt: "USDC" | "DAI" | "WBTC" = "USDC"): Promise<void> {
    const { scenario, units } = site;
    await scenario.supply("WETH", account, units("WETH", 10n));
    const owed = debt === "WBTC" ? (units("WBTC", 1n) * 14n) / 60n : units(debt, 14_000n);
    await scenario.borrow(debt, account, owed);
    await scenario.setPrice("WETH", 1_750n * USD8);
  }

  /** The one reading and the ways out of it. */
  async function look(
    rescue: AaveRescue,
    wallet = site.roles.wallet,
  ): Promise<{ readonly reading: Reading; readonly options: readonly Action[] }> {
    const block = await site.block();
    const [reading] = await rescue.read([{ id: account, operators: [account], sizeUnits: 0n }], block);
    if (reading === undefined) throw new Error("no reading");
    return { reading, options: await rescue.options(reading, wallet, block) };
  }

  async function only(rescue: AaveRescue, wallet = site.roles.wallet): Promise<Action> {
    const { options } = await look(rescue, wallet);
    const [action] = options;
    if (action === undefined || options.length > 1) throw new Error(`${String(options.length)} ways`);
    return action;
  }

  /** Gives the allowance and sends the calls; the last one at the time given. @returns gas of the calls. */
  async function send(action: Action, at?: bigint, wallet = site.roles.wallet): Promise<bigint> {
    const { allowance } = action;
    if (allowance !== undefined) {
      const data = site.scenario
        .token("USDC")
        .interface.encodeFunctionData("approve", [allowance.spender, allowance.units]);
      await site.scenario.send(wallet, allowance.token, data);
    }
    let gas = 0n;
    for (const { to, data, valueWei } of action.calls) {
      expect(valueWei).to.equal(0n);
      if (at !== undefined) await site.nextBlockAt(at);
      gas += (await site.scenario.send(wallet, to, data)).gasUsed;
    }
    return gas;
  }

  for (const symbol of ["USDC", "WBTC", "DAI"] as const)
    it(`AAVE-4 AAVE-10 pays back in ${symbol} exactly what it says, health is then the target, and a unit less is too little`, async () => {
      const { scenario, units, roles } = site;
      await endanger(symbol);
      await site.chain.advance(86_400);
      await scenario.setPrice("WETH", 1_750n * USD8);
      await scenario.give(symbol, roles.wallet, units(symbol, 20_000n));
      const at = (await site.block()).timestamp + 12n;
      const action = await only(site.rescue([account]));
      expect(action.costToken).to.equal(scenario.reserve(symbol).asset.toLowerCase());
      expect(action.expenseWei).to.equal(0n);

      await site.keep();
      const before = await scenario.token(symbol).balanceOf(roles.wallet);
      const owed = await scenario.debtOf(symbol, account);
      const gas = await send(action, at);
      expect(before - (await scenario.token(symbol).balanceOf(roles.wallet))).to.equal(action.costUnits);
      const healthWad = await scenario.healthOf(account);
      expect(healthWad).to.be.greaterThanOrEqual(TARGET_WAD);
      expect(await scenario.debtOf(symbol, account)).to.be.lessThan(owed);
      expect(await scenario.token(symbol).allowance(roles.wallet, site.market.pool)).to.equal(0n);
      expect(gas).to.be.within((action.gasEstimate * 8n) / 10n, action.gasEstimate);
      expect(action.gasEstimate).to.be.lessThan(action.gasLimit);
      await site.giveBack();

      // A unit of the base currency less, in units of the token: health is below the target.
      const { decimals, priceUsd8 } = scenario.reserve(symbol);
      const lessUnits = 10n ** BigInt(decimals) / priceUsd8 + 1n;
      const [, , , borrower] = aaveAbi.pool.decodeFunctionData("repay", action.calls.at(-1)?.data ?? "0x");
      await scenario.approve(symbol, roles.wallet, action.costUnits);
      await site.nextBlockAt(at);
      await scenario.call(roles.wallet, "repay", [action.costToken, action.costUnits - lessUnits, 2n, borrower]);
      expect(await scenario.healthOf(account)).to.be.lessThan(TARGET_WAD);
    });

  it("AAVE-4 mined earlier than feared it brings more, and costs the same", async () => {
    const { scenario, units, roles } = site;
    await endanger();
    await scenario.give("USDC", roles.wallet, units("USDC", 20_000n));
    const action = await only(site.rescue([account], { inclusionSeconds: 3_600n }));
    await send(action);
    expect(await scenario.healthOf(account)).to.be.greaterThanOrEqual(TARGET_WAD);
    expect(await scenario.token("USDC").balanceOf(roles.wallet)).to.equal(units("USDC", 20_000n) - action.costUnits);
  });

  it("AAVE-5 pays a rest that would be dust as well, and of a whole debt no more than is owed", async () => {
    const { scenario, units, roles } = site;
    await endanger();
    await scenario.give("USDC", roles.wallet, units("USDC", 20_000n));
    const dustBase = 12_000n * USD8;
    const action = await only(site.rescue([account], { dustBase, inclusionSeconds: 86_400n }));
    const owed = await scenario.debtOf("USDC", account);
    expect(action.costUnits).to.be.greaterThan(owed);
    await send(action);
    expect(await scenario.debtOf("USDC", account)).to.equal(0n);
    const left = await scenario.token("USDC").balanceOf(roles.wallet);
    expect(left).to.be.greaterThan(units("USDC", 20_000n) - action.costUnits);
    expect((await look(site.rescue([account]))).reading.stage).to.equal("closed");
  });

  it("AAVE-5 where a debt alone cannot bring the target it is offered whole, and not at all below the trigger", async () => {
    const { scenario, units } = site;
    await scenario.supply("WETH", account, units("WETH", 10n));
    await scenario.borrow("USDC", account, units("USDC", 2_000n));
    await scenario.borrow("DAI", account, units("DAI", 12_000n));
    await scenario.setPrice("WETH", 1_750n * USD8);
    const of = ({ options }: { readonly options: readonly Action[] }): string[] =>
      options.map(({ costToken }) => costToken);
    const [usdc, dai] = (["USDC", "DAI"] as const).map((symbol) => scenario.reserve(symbol).asset.toLowerCase());
    const both = await look(site.rescue([account]));
    expect(of(both)).to.deep.equal([usdc, dai]);
    // All of it and the interest of the seconds until it is mined.
    expect((both.options[0]?.costUnits ?? 0n) - (await scenario.debtOf("USDC", account))).to.be.within(0n, 100n);
    expect(of(await look(site.rescue([account], { triggerBps: 12_400n })))).to.deep.equal([dai]);
  });

  it("AAVE-5 a debt that is worth nothing is no danger and no doubt", async () => {
    const { scenario, units } = site;
    await scenario.supply("WETH", account, units("WETH", 1n));
    await scenario.borrow("DAI", account, 1n);
    const doubts: string[] = [];
    const { reading, options } = await look(site.rescue([account], { onDoubt: (_, doubt) => doubts.push(doubt) }));
    expect(reading.stage).to.equal("open");
    expect(reading.healthBps ?? 0n).to.be.greaterThan(10n ** 9n);
    expect([options, doubts]).to.deep.equal([[], []]);
  });

  it("AAVE-6 puts at stake what a real liquidator takes in his first call, at either close factor", async () => {
    const { scenario, units, roles } = site;
    await endanger();
    await scenario.give("USDC", roles.rival, units("USDC", 100_000n));
    for (const wethUsd of [1_690n, 1_500n]) {
      await site.keep();
      await scenario.setPrice("WETH", wethUsd * USD8);
      const { reading } = await look(site.rescue([account]));
      expect(reading.healthBps).to.be.lessThan(10_000n);
      await scenario.approve("USDC", roles.rival, 0n);
      const deposit = await scenario.depositOf("WETH", account);
      const paidFrom = await scenario.token("USDC").balanceOf(roles.rival);
      await scenario.liquidate(roles.rival, account, "USDC", "WETH");
      const paidUnits = paidFrom - (await scenario.token("USDC").balanceOf(roles.rival));
      const takenWei = deposit - (await scenario.depositOf("WETH", account));
      const paidWei = (paidUnits * USD8 * 10n ** 12n) / (wethUsd * USD8);
      const lostWei = takenWei - paidWei;
      // Interest of the seconds in between on 14,000 dollars, and rounding down.
      expect(lostWei - lossWei(reading.loss)).to.be.within(0n, 10n ** 12n);
      await site.giveBack();
    }
  });

  it("AAVE-7 a lost race is no failure: repaid, liquidated or recovered in between, nothing is sent", async () => {
    const { scenario, units, roles } = site;
    await endanger();
    for (const who of [roles.wallet, roles.rival]) await scenario.give("USDC", who, units("USDC", 50_000n));
    const rescue = site.rescue([account]);
    const action = await only(rescue);
    expect(await rescue.simulate(action, roles.wallet, await site.block())).to.deep.equal({ ok: true });

    const outcomes: [string, () => Promise<unknown>][] = [
      ["AAVE_HEALTHY", () => scenario.repay("USDC", roles.rival, units("USDC", 5_000n), account)],
      ["AAVE_NO_DEBT", () => scenario.repay("USDC", roles.rival, units("USDC", 20_000n), account)],
      ["AAVE_HEALTHY", () => scenario.setPrice("WETH", 2_000n * USD8)],
      [
        "AAVE_HEALTHY",
        async () => {
          await scenario.setPrice("WETH", 1_690n * USD8);
          await scenario.liquidate(roles.rival, account, "USDC", "WETH");
        },
      ],
    ];
    for (const [name, happens] of outcomes) {
      await site.keep();
      await happens();
      const late = site.rescue([account]);
      const answer = await late.simulate(action, roles.wallet, await site.block());
      expect(answer).to.deep.equal({ ok: false, error: "rescued-by-another", name });
      if (name === "AAVE_NO_DEBT") {
        const failure = await send(action).catch((error: unknown) => error);
        expect(late.classifyError(failure)).to.equal("rescued-by-another");
      }
      await site.giveBack();
    }
  });

  it("AAVE-7 nobody rescues it: a real liquidator does what was feared", async () => {
    const { scenario, units, roles } = site;
    await endanger();
    await scenario.give("USDC", roles.rival, units("USDC", 50_000n));
    await scenario.setPrice("WETH", 1_600n * USD8);
    const deposit = await scenario.depositOf("WETH", account);
    await scenario.liquidate(roles.rival, account, "USDC", "WETH");
    expect(await scenario.depositOf("WETH", account)).to.be.lessThan(deposit);
    await site.giveBack();
    await site.keep();
    // The same fall after a rescue leaves nothing to liquidate.
    await endanger();
    await scenario.give("USDC", roles.wallet, units("USDC", 50_000n));
    await scenario.give("USDC", roles.rival, units("USDC", 50_000n));
    await send(await only(site.rescue([account])));
    await scenario.setPrice("WETH", 1_600n * USD8);
    const failure = await scenario.liquidate(roles.rival, account, "USDC", "WETH").catch((error: unknown) => error);
    expect(site.rescue([]).classifyError(failure)).to.equal("rescued-by-another");
  });

  it("AAVE-8 says no health while a price is missing or old, and offers nothing", async () => {
    const { scenario, roles } = site;
    await endanger();
    const doubts: string[] = [];
    const rescue = site.rescue([account], {
      maxPriceAge: (asset) => (asset === scenario.reserve("WETH").asset.toLowerCase() ? 3_600n : undefined),
      onDoubt: (_, doubt) => doubts.push(doubt),
    });
    expect((await look(rescue)).reading.healthBps).to.equal(10_312n);
    const action = await only(rescue);
    await site.chain.advance(3_700);
    const { reading, options } = await look(rescue);
    expect([reading.stage, reading.healthBps, options.length]).to.deep.equal(["open", undefined, 0]);
    expect(reading.priced?.isStale).to.equal(true);
    expect((await site.block()).timestamp - (reading.priced?.at ?? 0n)).to.be.greaterThan(3_600n);
    expect(await rescue.simulate(action, roles.wallet, await site.block())).to.deep.equal({
      ok: false,
      error: "retryable",
      name: "AAVE_STALE",
    });
    await scenario.setPrice("USDC", 0n);
    const blind = await look(rescue);
    expect([blind.reading.healthBps, blind.options.length]).to.deep.equal([undefined, 0]);
    expect(blind.reading.priced?.isStale).to.equal(false);
    expect(doubts).to.deep.equal(["price-stale", "price-missing"]);
    await scenario.setPrice("USDC", USD8);
    await scenario.setPrice("WETH", 1_750n * USD8);
    expect((await look(rescue)).options).to.have.length(1);
  });

  it("AAVE-8 goes by no old price of the native coin either, whether an account has some or not", async () => {
    const { scenario, units } = site;
    await scenario.supply("WBTC", account, units("WBTC", 1n));
    await scenario.borrow("USDC", account, units("USDC", 30_000n));
    const native = scenario.reserve("WETH").asset.toLowerCase();
    const rescue = site.rescue([account], { maxPriceAge: (asset) => (asset === native ? 3_600n : undefined) });
    await site.chain.advance(3_700);
    const { reading } = await look(rescue);
    expect([reading.healthBps, reading.priced?.isStale]).to.deep.equal([undefined, true]);
    await scenario.setPrice("WETH", 1_750n * USD8);
    expect((await look(rescue)).reading.priced?.isStale).to.equal(false);
  });

  it("AAVE-9 only the account itself pays with its deposit, nothing leaves the reserve, and health is the target", async () => {
    const { scenario, units, roles } = site;
    await endanger();
    await scenario.supply("USDC", account, units("USDC", 12_000n));
    await scenario.borrow("USDC", account, units("USDC", 9_200n));
    const rescue = site.rescue([account]);
    expect((await look(rescue, roles.wallet)).options.map(({ costUnits }) => costUnits > 0n)).to.deep.equal([true]);
    const { options } = await look(site.rescue([account], { targetBps: 11_500n }), account);
    const action = options.find(({ costUnits }) => costUnits === 0n);
    if (action === undefined) throw new Error("no way by the deposit");
    const balance = await scenario.token("USDC").balanceOf(account);
    const gas = await send(action, undefined, account);
    expect(await scenario.token("USDC").balanceOf(account)).to.equal(balance);
    expect(await scenario.healthOf(account)).to.be.greaterThanOrEqual((115n * WAD) / 100n);
    expect(await scenario.healthOf(account)).to.be.lessThan((116n * WAD) / 100n);
    expect(gas).to.be.within((action.gasEstimate * 8n) / 10n, action.gasEstimate);
  });

  it("AAVE-9 a deposit that is smaller than what is needed is paid whole, whatever it will have earned by then", async () => {
    const { scenario, units } = site;
    await endanger();
    await scenario.supply("USDC", account, units("USDC", 1_500n));
    await scenario.borrow("USDC", account, units("USDC", 600n));
    // Deposits earn something when somebody borrows most of them.
    const other = site.roles.borrowers[1] ?? "";
    await scenario.supply("WETH", other, units("WETH", 10_000n));
    const { aToken } = scenario.reserve("USDC");
    await scenario.borrow("USDC", other, ((await scenario.token("USDC").balanceOf(aToken)) * 9n) / 10n);
    const rescue = site.rescue([account], { triggerBps: 10_900n, targetBps: 12_500n, inclusionSeconds: 3_600n });
    const { options } = await look(rescue, account);
    const action = options.find(({ costUnits }) => costUnits === 0n);
    if (action === undefined) throw new Error("no way by the deposit");
    const deposit = StandInToken__factory.connect(aToken, site.chain.provider);
    const depositOf = (): Promise<bigint> => deposit.balanceOf(account);
    const [, amount] = aaveAbi.pool.decodeFunctionData("repayWithATokens", action.calls.at(-1)?.data ?? "0x");
    expect(amount).to.equal(await depositOf());
    expect(await rescue.simulate(action, account, await site.block())).to.deep.equal({ ok: true });
    await send(action, (await site.block()).timestamp + 1n, account);
    // The interest of a second is left, of 58,000 that an hour would bring.
    expect(await depositOf()).to.be.lessThan(100n);
    expect(await scenario.healthOf(account)).to.be.greaterThanOrEqual((109n * WAD) / 100n);
  });

  it("AAVE-10 tries a payment before its allowance is given, over the state it will meet", async () => {
    const { scenario, units, roles } = site;
    await endanger();
    const rescue = site.rescue([account]);
    const action = await only(rescue);
    expect(action.allowance).to.deep.equal({
      token: action.costToken,
      spender: site.market.pool.toLowerCase(),
      units: action.costUnits,
      shared: true,
    });
    const simulate = async () => site.rescue([account]).simulate(action, roles.wallet, await site.block());
    expect(await simulate()).to.deep.equal({ ok: false, error: "misconfigured", name: "AAVE_BALANCE_SHORT" });
    await scenario.give("USDC", roles.wallet, action.costUnits);
    expect(await simulate()).to.deep.equal({ ok: true });
    await scenario.setPaused("USDC", true);
    expect(await simulate()).to.deep.equal({ ok: false, error: "retryable", name: "AAVE_RESERVE_PAUSED" });
    expect((await look(site.rescue([account]))).options).to.deep.equal([]);
    await scenario.setPaused("USDC", false);

    // A standing allowance is taken as it is.
    await scenario.approve("USDC", roles.wallet, units("USDC", 50_000n));
    expect(await simulate()).to.deep.equal({ ok: true });
    await scenario.approve("USDC", roles.wallet, action.costUnits - 1n);
    expect(await simulate()).to.deep.equal({ ok: true });
  });

  it("AAVE-15 a node that lies about a health gets nothing offered, and of two that differ none is believed", async () => {
    const { scenario, liar, url } = site;
    await endanger();
    const { selector } = aaveAbi.pool.getFunction("getUserAccountData");
    liar.fault = ({ method, params }) => {
      const [call] = params as [{ readonly data?: string }];
      if (method !== "eth_call" || call.data?.startsWith(selector) !== true) return undefined;
      // Just above what can be liquidated, and otherwise as it is.
      const words = [2n * USD8, USD8, 0n, 8_250n, 8_000n, (1_001n * WAD) / 1_000n];
      const result = `0x${words.map((word) => word.toString(16).padStart(64, "0")).join("")}`;
      return { kind: "answer", body: { result } };
    };
    const doubts: string[] = [];
    const onDoubt = (_: string, doubt: string): void => void doubts.push(doubt);
    const believing = site.rescue([account], { onDoubt }, site.client({ url: liar.url }));
    const { reading, options } = await look(believing);
    expect([reading.healthBps, options.length]).to.deep.equal([10_010n, 0]);
    expect(doubts).to.deep.equal(["model-differs"]);

    const both = site.rescue([account], {}, site.client({ url: `${liar.url},${url}`, quorum: 2 }));
    const failure: unknown = await look(both).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(RetryableError).with.property("code", "NO_QUORUM");
    expect(both.classifyError(failure)).to.equal("retryable");
    liar.fault = () => undefined;
    expect((await look(site.rescue([account]))).options).to.have.length(1);
    expect(await scenario.healthOf(account)).to.be.greaterThan(WAD);
  });

  it("AAVE-15 refuses settings with which a rescue would come too late or bring nothing", () => {
    const codeOf = (triggerBps: bigint, targetBps: bigint): string => {
      try {
        site.rescue([account], { triggerBps, targetBps });
      } catch (error) {
        return error instanceof UsageError ? error.code : "other";
      }
      return "taken";
    };
    expect(codeOf(10_000n, 12_000n)).to.equal("AAVE_TRIGGER_TOO_LOW");
    expect(codeOf(10_001n, 10_000n)).to.equal("AAVE_TARGET_BELOW_TRIGGER");
    expect(codeOf(10_001n, 10_001n)).to.equal("taken");
  });

  it("AAVE-11 what is paid for others is spent, and what is paid for oneself is not", async () => {
    await endanger();
    const [own, other] = [await only(site.rescue([account])), await only(site.rescue([]))];
    expect(own.expenseWei).to.equal(0n);
    expect(other.costUnits).to.equal(own.costUnits);
    // 1,750 dollars a coin, 6 decimals of a dollar.
    expect(other.expenseWei - (own.costUnits * 10n ** 12n) / 1_750n).to.be.within(0n, 10n ** 10n);
  });
});
