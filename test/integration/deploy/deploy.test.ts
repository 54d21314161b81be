import { expect } from "chai";
import { Wallet } from "ethers";

import { connectContracts } from "../../../protocol/contracts.js";
import {
  M1TokenFactory__factory,
  PlainERC20__factory,
  PmmFactory__factory,
  Timelock__factory,
} from "../../../protocol/generated/contracts/index.js";
import { tokenNames, type TokenName } from "../../../protocol/params/schema.js";
import { DETERMINISTIC_PROXY } from "../../../scripts/deploy/create2.js";
import { deploy, type DeployResult } from "../../../scripts/deploy/deploy.js";
import { MemoryStore } from "../../../scripts/deploy/store.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, errorOf, localParams, type DeploymentChain } from "../../helpers/deployment.js";

const MULTISIG_DELAY_SECONDS = 60n;

describe("deploy", () => {
  let site: DeploymentChain;
  beforeEach(async () => {
    site = await createDeploymentChain();
  });
  afterEach(() => site.chain.close());

  it("sends nothing as a dry run, needs no key, and says what is missing", async () => {
    const { signer: _key, ...withoutKey } = site.options;
    const planned = await deploy(withoutKey);
    expect(planned.executed).to.equal(false);
    expect(planned.transactions).to.equal(0);
    expect(await site.provider.getBlockNumber()).to.equal(0);
    expect(site.store.read()).to.equal(undefined);
    const missing = planned.differences.filter((difference) => difference.kind === "missing");
    expect(missing.map((difference) => difference.id)).to.include.members([
      "Create2Root",
      "Timelock",
      "Stabilizer",
      "PmmPool:XAU/cEURT",
    ]);
  });

  it("mints what a simulated market asks for, once", async () => {
    const extraGrants = [{ token: "cUSDT" as const, to: site.trader.address, amountUnits: 5_000_000n }];
    const { deployment } = await site.execute({ extraGrants });
    const token = connectContracts(deployment, site.provider).token("cUSDT");
    expect(await token.balanceOf(site.trader.address)).to.equal(5_000_000n);
    await token.connect(site.trader).transfer(site.attacker.address, 5_000_000n);
    expect((await site.execute({ extraGrants })).transactions).to.equal(0);
    expect(await token.balanceOf(site.trader.address)).to.equal(0n);
  });

  it("runs only the steps that are asked for", async () => {
    const { record } = await site.execute({ only: "timelock" });
    expect(Object.keys(record.contracts)).to.deep.equal(["Timelock"]);
    expect((await errorOf(site.execute({ only: "timelok" }))).code).to.equal("UNKNOWN_STEP");
    expect((await errorOf(site.execute({ only: "timelok" }))).fix).to.contain('"Timelock"');
  });

  describe("refuses", () => {
    it("another chain", async () => {
      const loaded = localParams(undefined, "localhost651940");
      expect((await errorOf(site.execute({ loaded }))).code).to.equal("WRONG_CHAIN");
    });

    it("another deployer, because other addresses would result", async () => {
      const error = await errorOf(site.execute({ signer: site.attacker }));
      expect(error.code).to.equal("WRONG_DEPLOYER");
    });

    it("a failing deployment check, unless it is accepted by name", async () => {
      const strict = localParams((copy) => (copy.flow.minCapitalHours = "100"));
      expect((await deploy({ ...site.options, loaded: strict })).checks.some((check) => !check.ok)).to.equal(true);
      const error = await errorOf(site.execute({ loaded: strict }));
      expect(error.code).to.equal("CHECK_FAILED");
      expect(error.details["failed"]).to.contain("capital-hours:XAU/cUSDT");
      expect(await site.provider.getBlockNumber()).to.equal(0);

      const accepted = localParams((copy) => {
        copy.flow.minCapitalHours = "100";
        copy.acceptFailedChecks = copy.pools.map((pool) => `capital-hours:${pool.base}/${pool.quote}`);
      });
      expect((await site.execute({ loaded: accepted, only: "timelock" })).transactions).to.be.greaterThan(0);
    });

    it("a gas price above the limit, and can go on later", async () => {
      const loaded = localParams((copy) => (copy.maxGasPriceGwei = "0.000000001"));
      expect((await errorOf(site.execute({ loaded }))).code).to.equal("GAS_PRICE_ABOVE_LIMIT");
      expect(await site.provider.getBlockNumber()).to.equal(0);
    });

    it("tokens for a market where nothing is minted", async () => {
      const loaded = localParams((copy) => (copy.funding.source = "none"));
      const extraGrants = [{ token: "XAU" as const, to: site.trader.address, amountUnits: 1n }];
      expect((await errorOf(site.execute({ loaded, extraGrants }))).code).to.equal("GRANTS_NOT_LOCAL");
    });

    it("an existing token of other decimals, or without code", async () => {
      const mock = await new PlainERC20__factory(site.deployer).deploy("USDT", 18);
      const adopt = (existing: string) =>
        localParams((copy) => {
          copy.funding.source = "none";
          copy.tokens.cUSDT.existing = existing;
        });
      expect((await errorOf(site.execute({ loaded: adopt(await mock.getAddress()) }))).code).to.equal(
        "DECIMALS_MISMATCH",
      );
      expect((await errorOf(site.execute({ loaded: adopt(site.trader.address) }))).code).to.equal("FOREIGN_CODE");
    });
  });

  it("adopts an existing token of the right decimals and leaves it to its owner", async () => {
    const mock = await new PlainERC20__factory(site.deployer).deploy("USDT", 6);
    const existing = await mock.getAddress();
    const loaded = localParams((copy) => {
      copy.funding.source = "none";
      copy.tokens.cUSDT.existing = existing;
    });
    const { record } = await site.execute({ loaded });
    expect(record.contracts["cUSDT"]).to.include({ address: existing, deployTx: null, block: null });
    expect(await verify({ ...site.options, loaded })).to.deep.equal({ ok: true, differences: [] });
  });

  it("waits for funds that people must bring, says how much, and goes on when they are there", async () => {
    const factory = new PlainERC20__factory(site.attacker);
    const mocks: [TokenName, string][] = [];
    for (const name of tokenNames) {
      const mock = await factory.deploy(name, name === "XAU" ? 18 : 6);
      mocks.push([name, await mock.getAddress()]);
    }
    const loaded = localParams((copy) => {
      copy.funding.source = "treasury";
      for (const [name, address] of mocks) copy.tokens[name].existing = address;
    });
    const error = await errorOf(site.execute({ loaded }));
    expect(error.code).to.equal("WAITING_FOR_OUTSIDE");
    expect(error.details["setting"]).to.equal("Timelock.funds(cUSDT)");
    const { blueprint } = await deploy({ ...site.options, loaded });
    for (const [, address] of mocks) {
      await PlainERC20__factory.connect(address, site.attacker).mint(blueprint.timelock.address, 10n ** 24n);
    }
    const { deployment } = await site.execute({ loaded });
    expect(await connectContracts(deployment, site.provider).pool("XAU/cEURT").spotRatio()).to.equal(10n ** 18n);
    expect(await verify({ ...site.options, loaded })).to.deep.equal({ ok: true, differences: [] });
  });

  describe("CREATE2 root", () => {
    it("is made by the keyless transaction, whoever sent it", async () => {
      await site.execute({ only: "timelock" });
      expect(await site.provider.getCode(DETERMINISTIC_PROXY)).to.not.equal("0x");
      expect(await site.provider.getTransactionCount("0x3fAB184622Dc19b6109349B94811493BF2a45362")).to.equal(1);
    });

    it("says what to do where the chain refuses the keyless transaction", async () => {
      Object.defineProperty(site.provider, "broadcastTransaction", {
        value: () => Promise.reject(new Error("only replay-protected (EIP-155) transactions allowed over RPC")),
      });
      const error = await errorOf(site.execute());
      expect(error.code).to.equal("ROOT_REFUSED");
      expect(error.fix).to.contain("single-use-key");
    });

    describe("with a single-use key", () => {
      const key = new Wallet(`0x${"5e".repeat(32)}`);
      const loaded = localParams((copy) => {
        copy.create2.root = "single-use-key";
        copy.create2.rootDeployer = key.address;
      });

      it("makes the same proxy at the key's first contract address and deploys through it", async () => {
        await site.chain.networkHelpers.setBalance(key.address, 10n ** 18n);
        const { blueprint } = await site.execute({ loaded, rootSigner: key.connect(site.provider) });
        expect(blueprint.root).to.not.equal(DETERMINISTIC_PROXY);
        expect(await site.provider.getCode(DETERMINISTIC_PROXY)).to.equal("0x");
        expect(await verify({ ...site.options, loaded })).to.deep.equal({ ok: true, differences: [] });
      });

      it("refuses a missing key and a key that was used before", async () => {
        expect((await errorOf(site.execute({ loaded }))).code).to.equal("ROOT_KEY_MISSING");
        await site.chain.networkHelpers.setBalance(key.address, 10n ** 18n);
        const rootSigner = key.connect(site.provider);
        await (await rootSigner.sendTransaction({ to: site.trader.address, value: 1n })).wait();
        expect((await errorOf(site.execute({ loaded, rootSigner }))).code).to.equal("ROOT_KEY_USED");
      });
    });
  });

  it("overwrites the record of a chain that is gone", async () => {
    const gone = await createDeploymentChain();
    await gone.chain.networkHelpers.mine(500);
    const first = await gone.execute({ store: site.store });
    await gone.chain.close();
    const second = await site.execute();
    expect(second.transactions).to.equal(first.transactions);
    expect(await verify(site.options)).to.deep.equal({ ok: true, differences: [] });
  });
});

describe("a deployment", () => {
  let site: DeploymentChain;
  let deployed: DeployResult;
  before(async () => {
    site = await createDeploymentChain();
    deployed = await site.execute({ sourceCommit: "0123abc" });
  });
  after(() => site.chain.close());

  it("brings up the whole system, and does nothing the second time", async () => {
    const first = deployed;
    const block = await site.provider.getBlockNumber();
    const second = await site.execute();
    expect(second.differences).to.deep.equal([]);
    expect(second.transactions).to.equal(0);
    expect(await site.provider.getBlockNumber()).to.equal(block);
    expect(second.record).to.deep.equal(first.record);
    expect(await verify(site.options)).to.deep.equal({ ok: true, differences: [] });
    expect(site.store.readJournal()).to.deep.equal([]);

    const contracts = connectContracts(first.deployment, site.provider);
    for (const pair of ["cUSDT/cUSDC", "XAU/cUSDT", "XAU/cUSDC", "XAU/cEURT"]) {
      expect(await contracts.pool(pair).spotRatio()).to.equal(10n ** 18n);
    }
    expect(await contracts.limits.pools()).to.have.length(4);
    expect(await contracts.mesh.tokens()).to.have.length(3);
  });

  it("hands over: the multisig governs after the delay, the deployer and the bootstrap minter hold nothing", async () => {
    const { blueprint, deployment } = deployed;
    const timelock = Timelock__factory.connect(blueprint.timelock.address, site.provider);
    expect(await timelock.getMinDelay()).to.equal(MULTISIG_DELAY_SECONDS);
    for (const role of [
      await timelock.PROPOSER_ROLE(),
      await timelock.EXECUTOR_ROLE(),
      await timelock.CANCELLER_ROLE(),
    ]) {
      expect(await timelock.hasRole(role, blueprint.roles.deployer)).to.equal(false);
      expect(await timelock.hasRole(role, blueprint.roles.admin)).to.equal(true);
    }
    const contracts = connectContracts(deployment, site.provider);
    for (const name of tokenNames) {
      const token = contracts.token(name);
      expect(await token.mintAvailable(blueprint.timelock.address)).to.equal(0n);
      expect(await token.balanceOf(blueprint.roles.deployer)).to.equal(0n);
      // Everything minted has gone where it belongs.
      expect(await token.balanceOf(blueprint.timelock.address)).to.equal(0n);
    }
  });

  it("records how each contract came to be", async () => {
    const { record } = deployed;
    expect(record.chainId).to.equal(138);
    expect(record.params).to.match(/^params\/localhost\.json#[0-9a-f]{64}$/);
    for (const [name, entry] of Object.entries(record.contracts)) {
      const receipt = await site.provider.getTransactionReceipt(entry.deployTx ?? "");
      expect(receipt?.status, name).to.equal(1);
      expect(receipt?.blockNumber, name).to.equal(entry.block);
      expect(entry.sourceCommit).to.equal("0123abc");
    }
  });

  it("computes the addresses that the factories predict", async () => {
    const { blueprint } = deployed;
    const tokens = M1TokenFactory__factory.connect(blueprint.tokenFactory.address, site.provider);
    const { XAU } = blueprint.tokens;
    const common = { name: XAU.fullName, symbol: "XAU", decimals: 18, admin: blueprint.timelock.address };
    expect(await tokens.tokenAddress(blueprint.timelock.address, common)).to.equal(XAU.address);
    const factory = PmmFactory__factory.connect(blueprint.pmmFactory.address, site.provider);
    for (const pool of [...blueprint.pools, ...blueprint.meshPools]) {
      expect(await factory.isPool(pool.address), pool.name).to.equal(true);
    }
  });

  it("keeps nothing in memory that a second process would miss", async () => {
    // A lost record: everything is found again on the chain, with the transactions of what the factories made.
    const store = new MemoryStore();
    const found = await site.execute({ store });
    expect(found.transactions).to.equal(0);
    expect(await verify({ ...site.options, store })).to.deep.equal({ ok: true, differences: [] });
    expect(found.record.contracts["cUSDT"]?.deployTx).to.equal(site.store.read()?.contracts["cUSDT"]?.deployTx);
  });
});
