import { expect } from "chai";
import { id } from "ethers";

import {
  M1Token__factory,
  SignedPriceFeed__factory,
  StabilizerLimits__factory,
  Timelock__factory,
} from "../../../protocol/generated/contracts/index.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { stabilizerConfigOf } from "../../../scripts/deploy/pools.js";
import type { Difference } from "../../../scripts/deploy/types.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, errorOf, localParams, type DeploymentChain } from "../../helpers/deployment.js";

describe("deployment verify", function () {
  this.timeout(60_000);
  let site: DeploymentChain;
  let deployed: DeployResult;
  let restore: () => Promise<void>;

  before(async () => {
    site = await createDeploymentChain();
    deployed = await site.execute();
    expect(await verify(site.options)).to.deep.equal({ ok: true, differences: [] });
  });
  beforeEach(async () => {
    const snapshot = await site.chain.networkHelpers.takeSnapshot();
    const record = site.store.read();
    restore = async () => {
      await snapshot.restore();
      if (record !== undefined) site.store.write(record);
    };
  });
  afterEach(() => restore());
  after(() => site.chain.close());

  async function differences(): Promise<readonly Difference[]> {
    const result = await verify(site.options);
    expect(result.ok).to.equal(result.differences.length === 0);
    return result.differences;
  }

  function only(found: readonly Difference[], kind: Difference["kind"], what: string): Difference {
    expect(found.map((difference) => `${difference.kind} ${difference.id}`)).to.deep.equal([`${kind} ${what}`]);
    const [difference] = found;
    if (difference === undefined) throw new Error("no difference");
    return difference;
  }

  it("finds a minter that nobody intended", async () => {
    const { timelock, tokens } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    await M1Token__factory.connect(tokens.cUSDT.address, governance).grantRole(id("MINTER_ROLE"), site.attacker);
    const difference = only(await differences(), "setting", "cUSDT.MINTER_ROLE");
    expect(difference).to.include({ found: site.attacker.address, expected: "nobody" });
  });

  it("finds a role that the contracts do not have", async () => {
    const { timelock, tokens } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    await M1Token__factory.connect(tokens.XAU.address, governance).grantRole(id("SECRET_ROLE"), site.attacker);
    only(await differences(), "setting", "XAU.otherRoles");
  });

  it("finds a proposer of the timelock, even when the deployer comes back", async () => {
    const { timelock, roles } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    await Timelock__factory.connect(timelock.address, governance).grantRole(id("PROPOSER_ROLE"), roles.deployer);
    const ids = (await differences()).map((difference) => difference.id);
    expect(ids).to.have.members(["Timelock.proposer(deployer)", "Timelock.PROPOSER_ROLE"]);
  });

  it("finds a guardian who is gone", async () => {
    const { timelock, tokens, roles } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    await M1Token__factory.connect(tokens.cEURT.address, governance).revokeRole(id("PAUSER_ROLE"), roles.guardian);
    only(await differences(), "setting", "cEURT.PAUSER_ROLE");
  });

  it("finds an ownership on its way to somebody else", async () => {
    const { timelock, feeds } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const feed = feeds.XAU[1];
    if (feed === undefined) throw new Error("there are three feeds");
    await SignedPriceFeed__factory.connect(feed.address, governance).transferOwnership(site.attacker);
    only(await differences(), "setting", "SignedPriceFeed:XAU:2.pendingOwner");
  });

  it("finds a changed limit and names both values", async () => {
    const { timelock, limits, pools } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const contract = StabilizerLimits__factory.connect(limits.address, governance);
    const pool = pools[1];
    if (pool?.entry === undefined) throw new Error("the second pool has an entry");
    const config = stabilizerConfigOf(deployed.blueprint.params, pool.entry);
    await contract.setPoolConfig(pool.address, { ...config, minBlocks: 4n });
    const difference = only(await differences(), "setting", "StabilizerLimits.poolConfig(XAU/cUSDT)");
    expect(difference.found).to.contain('"minBlocks":"4"');
    expect(difference.expected).to.contain('"minBlocks":"3"');
  });

  it("finds other code at a recorded address", async () => {
    await site.chain.networkHelpers.setCode(deployed.blueprint.stabilizer.address, "0x6001600055");
    const found = await differences();
    expect(found.filter((difference) => difference.kind === "code").map((difference) => difference.id)).to.include(
      "Stabilizer",
    );
  });

  it("finds a contract that is gone", async () => {
    await site.chain.networkHelpers.setCode(deployed.blueprint.dodoObserver.address, "0x");
    const found = await differences();
    expect(found).to.deep.include({
      step: "125_dodo",
      kind: "missing",
      id: "DodoObserver",
      found: "no code",
      expected: deployed.blueprint.dodoObserver.address,
    });
  });

  it("finds a parameter file that has changed since, and what it now asks for", async () => {
    const loaded = localParams((copy) => (copy.stabilizer.profiles.target.minBlocks = 5));
    const ids = (await verify({ ...site.options, loaded })).differences.map((difference) => difference.id);
    expect(ids).to.include.members(["record.params", "StabilizerLimits.poolConfig(cUSDT/cUSDC)"]);
  });

  it("finds a record that was edited", async () => {
    const record = site.store.read();
    const entry = record?.contracts["Ledger"];
    if (record === undefined || entry === undefined) throw new Error("the ledger is recorded");
    const contracts = { ...record.contracts, Ledger: { ...entry, address: site.attacker.address }, Surprise: entry };
    site.store.write({ ...record, contracts });
    const ids = (await differences()).map((difference) => `${difference.kind} ${difference.id}`);
    expect(ids).to.have.members(["record Ledger", "record Surprise"]);
  });

  it("is refused on another chain and without a record", async () => {
    const loaded = localParams((copy) => (copy.chainId = 651940));
    expect((await errorOf(verify({ ...site.options, loaded }))).code).to.equal("WRONG_CHAIN");
    const empty = {
      read: () => undefined,
      write: () => undefined,
      readJournal: () => [],
      writeJournal: () => undefined,
    };
    expect((await errorOf(verify({ ...site.options, store: empty }))).code).to.equal("NOT_DEPLOYED");
  });

  describe("after the handover, deploy", () => {
    it("cannot put a setting right any more, and hands the calls to the multisig, who can", async () => {
      const loaded = localParams((copy) => (copy.stabilizer.profiles.target.minBlocks = 5));
      const before = await site.provider.getBlockNumber();
      const error = await errorOf(site.execute({ loaded }));
      expect(error.code).to.equal("HANDED_OVER");
      expect(error.details["calls"]).to.equal("4");
      expect(await site.provider.getBlockNumber()).to.equal(before);

      // The multisig proposes exactly these calls, waits and executes.
      const { timelock, roles } = deployed.blueprint;
      const admin = await site.impersonate(roles.admin);
      const contract = Timelock__factory.connect(timelock.address, admin);
      for (const [, to, data] of (error.fix ?? "").matchAll(/= (0x[0-9a-fA-F]{40}) (0x[0-9a-f]+)/g)) {
        const order = [to ?? "", 0n, data ?? "", `0x${"00".repeat(32)}`, id("test")] as const;
        await contract.schedule(...order, 60n);
        await site.chain.networkHelpers.time.increase(61);
        await contract.execute(...order);
      }
      const left = (await verify({ ...site.options, loaded })).differences.map((difference) => difference.id);
      expect(left).to.deep.equal(["record.params"]);
      await site.execute({ loaded });
      expect((await verify({ ...site.options, loaded })).ok).to.equal(true);
    });

    it("stops at a role it did not intend instead of going on", async () => {
      const { timelock, tokens } = deployed.blueprint;
      const governance = await site.impersonate(timelock.address);
      await M1Token__factory.connect(tokens.cUSDT.address, governance).grantRole(id("MINTER_ROLE"), site.attacker);
      const error = await errorOf(site.execute());
      expect(error.details["setting"]).to.equal("cUSDT.MINTER_ROLE");
    });
  });
});
