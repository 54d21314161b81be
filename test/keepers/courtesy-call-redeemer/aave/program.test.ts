import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { AbiCoder, concat, keccak256, toBeHex, zeroPadValue } from "ethers";

import { program } from "../../../../keepers/courtesy-call-redeemer/main.js";
import { ConfigError } from "../../../../keepers/kit/env.js";
import type { ProgramContext } from "../../../../keepers/kit/program.js";
import { HostileToken__factory } from "../../../../protocol/generated/contracts/index.js";
import { createAaveChain, type AaveChain } from "../../../helpers/aaveChain.js";
import { usePostgres, type TestDatabase } from "../../../helpers/postgres.js";
import { rejection } from "../../../helpers/rejection.js";

const KEEPS_ALLOWANCE = 5;
const USD8 = 10n ** 8n;
const WAD = 10n ** 18n;
const TARGET_WAD = (125n * WAD) / 100n;
const RESERVE_USDC = 20_000n;
const PER_DAY_USDC = 10_000n;

type Changes = Readonly<Record<string, string>>;

describe("courtesy-call-redeemer as a program, in the real Aave v3", function () {
  this.timeout(120_000);
  const postgres = usePostgres();
  let site: AaveChain;
  let account: string;
  let database: TestDatabase;
  let folder: string;

  before(async () => {
    site = await createAaveChain();
    account = site.roles.borrowers[0] ?? "";
    await site.scenario.give("USDC", site.roles.wallet, site.units("USDC", RESERVE_USDC));
  });
  beforeEach(async () => {
    await site.keep();
    database = await postgres.testDatabase();
    folder = mkdtempSync(join(tmpdir(), "cantilever-lending-"));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await site.giveBack();
  });
  after(() => site.close());

  function context(more: Changes = {}): ProgramContext & { readonly said: string[] } {
    const said: string[] = [];
    const { market, roles } = site;
    const asset = (symbol: string): string => site.scenario.reserve(symbol).asset;
    return {
      network: "localhost",
      env: {
        LOCALHOST_RPC_URL: site.url,
        DATABASE_URL: database.url,
        KEEPER_DATA_FOLDER: folder,
        KEEPER_LOG_LEVEL: "silent",
        KEEPER_CONFIRMATIONS: "1",
        KEEPER_POLL_MS: "20",
        REDEEMER_PROTOCOL: "aave-v3",
        REDEEMER_MODE: "preemptive",
        OPERATORS: account,
        REDEEMER_LOCAL_ACCOUNT: roles.wallet,
        REDEEMER_AAVE_PROVIDER: market.provider,
        REDEEMER_AAVE_POOL: market.pool,
        REDEEMER_AAVE_WRAPPED_NATIVE: asset("WETH"),
        REDEEMER_AAVE_TOKEN: `USDC:6:${asset("USDC")}`,
        REDEEMER_AAVE_PER_DAY: String(PER_DAY_USDC),
        ...more,
      },
      signal: new AbortController().signal,
      say: (line) => void said.push(line),
      said,
    };
  }

  const run = (execute: boolean, more: Changes = {}) =>
    program.run({ ...context(more), execute, once: true, terminal: false });
  const reserve = (): Promise<bigint> => site.scenario.token("USDC").balanceOf(site.roles.wallet);
  const spent = async (): Promise<bigint> => site.units("USDC", RESERVE_USDC) - (await reserve());
  /** Result of each check by its name. */
  async function examined(more: Changes = {}): Promise<Readonly<Record<string, boolean>>> {
    const { report } = await program.doctor(context(more));
    const checks = report["checks"] as readonly { readonly name: string; readonly ok: boolean }[];
    return Object.fromEntries(checks.map(({ name, ok }) => [name, ok]));
  }
  /** What was recorded of a kind, newest last. */
  function recorded(kind: string): readonly string[] {
    const lines = readFileSync(join(folder, "courtesy-call-redeemer-localhost.jsonl"), "utf8").trim().split("\n");
    return lines.filter((line) => (JSON.parse(line) as { readonly kind?: string }).kind === kind);
  }

  /** Where the tokens of this market keep an allowance. */
  function slotOf(owner: string, spender: string): string {
    const of = (key: string, at: string): string => keccak256(concat([zeroPadValue(key, 32), at]));
    return of(spender, of(owner, toBeHex(1n, 32)));
  }

  /** Owes 14,000 dollars against 10 WETH, which then fall so far that health is 1.03. */
  async function endanger(debt: "USDC" | "DAI" = "USDC"): Promise<void> {
    await site.scenario.supply("WETH", account, site.units("WETH", 10n));
    await site.scenario.borrow(debt, account, site.units(debt, 14_000n));
    await site.scenario.setPrice("WETH", 1_750n * USD8);
  }

  it("AAVE-17 a dry run plans the payment and sends nothing, with --execute it is paid, and health is the target", async () => {
    await endanger();
    const dry = await run(false);
    expect(dry.ok).to.equal(true);
    expect(dry.report).to.deep.include({ planned: { "Token.approve": 1, "Pool.repay": 1 }, sent: {}, watched: 1 });
    expect(await spent()).to.equal(0n);

    const done = await run(true);
    expect(done.ok).to.equal(true);
    expect(done.report).to.deep.include({
      sent: { "Token.approve": 1, "Pool.repay": 1 },
      leftInFlight: false,
      errors: 0,
    });
    expect(await site.scenario.healthOf(account)).to.be.within(TARGET_WAD, TARGET_WAD + WAD / 1_000n);
    const paid = await spent();
    expect(paid).to.be.within(site.units("USDC", 2_000n), site.units("USDC", 3_000n));
    expect(await site.scenario.token("USDC").allowance(site.roles.wallet, site.market.pool)).to.equal(0n);

    // The next process ends what the one before has begun, and leaves what is healthy alone.
    await site.chain.mine(3);
    const next = await run(true);
    expect(next.report).to.deep.include({ sent: {}, rescues: { rescued: 1 } });
    expect(next.report["skips"]).to.have.property("healthy");
    expect(await spent()).to.equal(paid);
  });

  it("AAVE-17 says what is wrong, what stands, and what the key may sign", async () => {
    await endanger();
    const named = { market: true, token: true, prices: true, accounts: true, allowance: true, means: true };
    expect(await examined()).to.include({ "chain-id": true, system: true, key: true, ...named });
    const { report } = await program.status(context());
    expect(report["endangered"]).to.have.length(1);
    const [chosen] = report["chosen"] as readonly { readonly position: string; readonly costUnits: bigint }[];
    expect(chosen?.position).to.equal(account);
    expect(chosen?.costUnits).to.be.within(site.units("USDC", 2_000n), site.units("USDC", 3_000n));
    const { report: policy } = await program.policy(context());
    const rules = policy["rules"] as readonly { readonly name: string }[];
    expect(rules.map(({ name }) => name)).to.deep.equal(["Token.approve", "Pool.repay"]);
    // Of whom it is said that there is more allowed than a day may cost.
    await site.scenario.approve("USDC", site.roles.wallet, site.units("USDC", PER_DAY_USDC) + 1n);
    expect(await examined()).to.include({ allowance: false, token: true });
  });

  it("AAVE-20 does not start with a wrong market, a token that is no reserve, or other decimals than it has", async () => {
    await endanger();
    const { market, roles, scenario } = site;
    const started = async (more: Changes): Promise<string> =>
      (await rejection(run(true, more))).details["checks"] ?? "";
    expect(await started({ REDEEMER_AAVE_POOL: market.configurator })).to.equal("market,token");
    expect(await started({ REDEEMER_AAVE_PROVIDER: market.pool })).to.equal("market,token");
    expect(await started({ REDEEMER_AAVE_WRAPPED_NATIVE: roles.rival })).to.equal("market,token,system");
    expect(await started({ REDEEMER_AAVE_TOKEN: `USDC:18:${scenario.reserve("USDC").asset}` })).to.equal("token");
    expect(await started({ REDEEMER_AAVE_TOKEN: `aUSDC:6:${scenario.reserve("USDC").aToken}` })).to.equal("token");
    await scenario.setPaused("USDC", true);
    expect(await started({})).to.equal("token");
    expect(await rejection(run(true, { REDEEMER_AAVE_TARGET: "1.01" }))).to.be.instanceOf(ConfigError);
    expect(await spent()).to.equal(0n);
  });

  it("AAVE-25 a debt in a token that replaces no allowance is paid again and again, whatever was left of the last one", async () => {
    const { scenario, roles, chain, market } = site;
    const usdc = scenario.reserve("USDC").asset;
    // The same balances, and the rules of USDT.
    const { contractAddress = "" } = await chain.send({
      from: roles.deployer,
      data: HostileToken__factory.bytecode + AbiCoder.defaultAbiCoder().encode(["uint8"], [6]).slice(2),
    });
    await site.provider.send("hardhat_setCode", [usdc, await site.provider.getCode(contractAddress)]);
    const token = HostileToken__factory.createInterface();
    await scenario.send(roles.deployer, usdc, token.encodeFunctionData("setMode", [KEEPS_ALLOWANCE]));
    const allowance = (): Promise<bigint> => scenario.token("USDC").allowance(roles.wallet, market.pool);
    for (let count = 0; count < 2; count += 1) {
      // As a payment leaves it for which interest was counted that did not come.
      await site.provider.send("hardhat_setStorageAt", [usdc, slotOf(roles.wallet, market.pool), toBeHex(5n, 32)]);
      expect(await allowance()).to.equal(5n);
      if (count === 0) await endanger();
      else await scenario.setPrice("WETH", 1_450n * USD8);
      const { report } = await run(true);
      expect(report).to.deep.include({ sent: { "Token.approve": 2, "Pool.repay": 1 } });
      expect(await scenario.healthOf(account)).to.be.greaterThanOrEqual(TARGET_WAD);
      expect(await allowance()).to.equal(0n);
    }
  });

  it("AAVE-21 with a price that is too old nothing is spent, people are told, and it goes on once it is written anew", async () => {
    await endanger();
    const ages = { REDEEMER_AAVE_PRICE_SECONDS: "3600" };
    await site.chain.advance(3_700);
    await site.scenario.setPrice("USDC", USD8);
    const stale = await run(true, ages);
    expect(stale.report).to.deep.include({ sent: {}, rescues: {} });
    expect(stale.report["skips"]).to.have.property("price-stale");
    expect(recorded("rescue.price-stale")).to.have.length(1);
    expect(await spent()).to.equal(0n);
    expect(await examined(ages)).to.include({ market: true, prices: false, accounts: false });
    const { report } = await program.status(context(ages));
    expect(report["skips"]).to.have.length(1);
    expect((report["skips"] as readonly { readonly reason: string }[])[0]?.reason).to.equal("price-stale");

    await site.scenario.setPrice("WETH", 1_750n * USD8);
    expect((await run(true, ages)).report).to.deep.include({ sent: { "Token.approve": 1, "Pool.repay": 1 } });
    expect(await site.scenario.healthOf(account)).to.be.greaterThanOrEqual(TARGET_WAD);
  });

  it("AAVE-22 leaves a debt in another token alone, by name", async () => {
    await endanger("DAI");
    await site.scenario.give("DAI", site.roles.wallet, site.units("DAI", 20_000n));
    const { report } = await run(true);
    expect(report).to.deep.include({ sent: {} });
    expect(report["skips"]).to.have.property("other-token");
    expect(await spent()).to.equal(0n);
    // The same account, by a keeper of that token.
    const dai = { REDEEMER_AAVE_TOKEN: `DAI:18:${site.scenario.reserve("DAI").asset}` };
    expect((await run(false, dai)).report).to.deep.include({ planned: { "Token.approve": 1, "Pool.repay": 1 } });
  });

  it("AAVE-24 pays with the account's own deposit where that asset is named for it, and never else", async () => {
    const { scenario, units } = site;
    await scenario.supply("WETH", account, units("WETH", 10n));
    await scenario.supply("USDC", account, units("USDC", 12_000n));
    await scenario.borrow("USDC", account, units("USDC", 23_000n));
    await scenario.setPrice("WETH", 1_750n * USD8);
    await scenario.send(
      account,
      scenario.reserve("USDC").asset,
      scenario.token("USDC").interface.encodeFunctionData("transfer", [site.roles.lender, units("USDC", 23_000n)]),
    );
    const asItself = { REDEEMER_LOCAL_ACCOUNT: account, REDEEMER_AAVE_TARGET: "1.1" };
    const without = await run(true, asItself);
    expect(without.report).to.deep.include({ sent: {} });
    expect(without.report["skips"]).to.have.property("over-token-budget");
    const allowed = { ...asItself, REDEEMER_AAVE_DELEVERAGE: scenario.reserve("USDC").asset };
    const done = await run(true, allowed);
    expect(done.report).to.deep.include({ sent: { "Pool.repayWithATokens": 1 } });
    expect(await scenario.healthOf(account)).to.be.greaterThanOrEqual((11n * WAD) / 10n);
    expect(await scenario.token("USDC").balanceOf(account)).to.equal(0n);
  });
});
