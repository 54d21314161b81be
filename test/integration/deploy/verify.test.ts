import { expect } from "chai";
import { AbiCoder, getBytes, hexlify, id, keccak256, ZeroAddress } from "ethers";

import {
  DODOPMMIntegration__factory,
  DodoObserver__factory,
  IPegBoard__factory,
  IPegManager__factory,
  IStabilizerLimits__factory,
  Ledger__factory,
  M1Token__factory,
  PmmFactory__factory,
  SignedPriceFeed__factory,
  Stabilizer__factory,
  StabilizerLimits__factory,
  Timelock__factory,
  XAUOracle__factory,
  XauMesh__factory,
  type XAUOracle,
} from "../../../protocol/generated/contracts/index.js";
import type { TokenName } from "../../../protocol/params/schema.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { stabilizerConfigOf } from "../../../scripts/deploy/pools.js";
import type { Difference, DifferenceCode } from "../../../scripts/deploy/types.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, errorOf, localParams, type DeploymentChain } from "../../helpers/deployment.js";

/** A token's configuration as it can be given back to the oracle. */
async function configOf(oracle: XAUOracle, token: string) {
  const { tokenDecimals, minFeeds, maxDisagreementBps, minPriceWad, maxPriceWad, feeds } =
    await oracle.tokenConfig(token);
  const plain = feeds.map(({ source, kind, maxAgeSeconds }) => ({ source, kind, maxAgeSeconds }));
  return { tokenDecimals, minFeeds, maxDisagreementBps, minPriceWad, maxPriceWad, feeds: plain };
}

describe("deployment verify", () => {
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

  function only(found: readonly Difference[], code: DifferenceCode, what: string): Difference {
    expect(found.map((difference) => `${difference.code} ${difference.id}`)).to.deep.equal([`${code} ${what}`]);
    const [difference] = found;
    if (difference === undefined) throw new Error("no difference");
    return difference;
  }

  it("finds, at once, a minter and a proposer nobody intended, a role the contracts do not have, a guardian who is gone, an owner to come, another delay", async () => {
    const { timelock, tokens, roles, feeds, reserves } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const feed = feeds.XAU[1];
    if (feed === undefined) throw new Error("there are three feeds");
    const tokenOf = (name: TokenName) => M1Token__factory.connect(tokens[name].address, governance);
    const contract = Timelock__factory.connect(timelock.address, governance);
    await tokenOf("cUSDT").grantRole(id("MINTER_ROLE"), site.attacker);
    await tokenOf("XAU").grantRole(id("SECRET_ROLE"), site.attacker);
    await tokenOf("cEURT").revokeRole(id("PAUSER_ROLE"), roles.guardian);
    await SignedPriceFeed__factory.connect(feed.address, governance).transferOwnership(site.attacker);
    // The deployer comes back.
    await contract.grantRole(id("PROPOSER_ROLE"), roles.deployer);
    await contract.updateDelay(0n);
    const found = await differences();
    expect(found.map((difference) => `${difference.code} ${difference.id}`)).to.have.members([
      "ROLE_EXTRA cUSDT.MINTER_ROLE",
      "ROLE_EXTRA XAU.otherRoles",
      "ROLE_MISSING cEURT.PAUSER_ROLE",
      "OWNER_CHANGED SignedPriceFeed:XAU:2.pendingOwner",
      "DEPLOYER_RIGHT Timelock.proposer(deployer)",
      "DEPLOYER_RIGHT Timelock.PROPOSER_ROLE",
      "DELAY_CHANGED Timelock.minDelay",
    ]);
    const valuesOf = (what: string) => found.find((difference) => difference.id === what);
    expect(valuesOf("Timelock.minDelay")?.found).to.equal("0");
    const minters = valuesOf("cUSDT.MINTER_ROLE");
    expect(minters?.expected).to.equal(reserves.vaults.cUSDT.address);
    expect(minters?.found.split(", ")).to.have.members([site.attacker.address, minters?.expected]);
  });

  it("finds a changed limit and names both values", async () => {
    const { timelock, limits, pools } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const contract = StabilizerLimits__factory.connect(limits.address, governance);
    const pool = pools[1];
    if (pool?.entry === undefined) throw new Error("the second pool has an entry");
    const config = stabilizerConfigOf(deployed.blueprint.params, pool.entry);
    await contract.setPoolConfig(pool.address, { ...config, minBlocks: 4n });
    const difference = only(await differences(), "LIMIT_CHANGED", "StabilizerLimits.poolConfig(XAU/cUSDT)");
    expect(difference.found).to.contain('"minBlocks":"4"');
    expect(difference.expected).to.contain('"minBlocks":"3"');
  });

  it("finds a changed guard, a token of another manager and a sink that is gone", async () => {
    const { timelock, limits, tokens, stablecoinPegManager, pegBoard } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const contract = IStabilizerLimits__factory.connect(limits.address, governance);
    const token = tokens.cUSDC.address;
    const { manager, maxPriceUsdWad, defendingCapWad } = await contract.pegGuard(token);
    await contract.setPegGuard(token, { manager, minPriceUsdWad: 1n, maxPriceUsdWad, defendingCapWad });
    await IPegManager__factory.connect(stablecoinPegManager.address, governance).setSink(ZeroAddress);
    await IPegBoard__factory.connect(pegBoard.address, governance).assign(tokens.cEURT.address, ZeroAddress);
    const found = await differences();
    expect(found.map((difference) => `${difference.code} ${difference.id}`)).to.have.members([
      "LIMIT_CHANGED StabilizerLimits.pegGuard(cUSDC)",
      "WIRING_CHANGED StablecoinPegManager.sink",
      "WIRING_CHANGED PegBoard.managerOf(cEURT)",
      "WIRING_CHANGED PegBoard.tokens",
    ]);
  });

  /** What stands at an address, with one byte changed. */
  async function changeOneByte(address: string, at: number): Promise<void> {
    const code = getBytes(await site.provider.getCode(address));
    code[at] = (code[at] ?? 0) ^ 0x01;
    await site.chain.networkHelpers.setCode(address, hexlify(code));
  }

  it("finds one changed byte of code", async () => {
    const { address, runtimeCodeHash } = deployed.record.contracts["StabilizerLimits"] ?? {};
    if (address === undefined) throw new Error("the limits are recorded");
    // The last byte belongs to the compiler's metadata: the contract behaves as before.
    await changeOneByte(address, getBytes(await site.provider.getCode(address)).length - 1);
    expect(only(await differences(), "CODE_CHANGED", "StabilizerLimits").expected).to.equal(runtimeCodeHash);
  });

  it("finds one changed byte in each of all contracts", async () => {
    const { contracts } = deployed.record;
    for (const { address } of Object.values(contracts)) {
      await changeOneByte(address, Math.floor(getBytes(await site.provider.getCode(address)).length / 2));
    }
    const changed = (await differences()).filter((difference) => difference.code === "CODE_CHANGED");
    expect(changed.map((difference) => difference.id)).to.have.members(Object.keys(contracts));
  });

  it("finds a changed immutable even when the record was changed with it", async () => {
    const { stabilizer, limits } = deployed.blueprint;
    const code = await site.provider.getCode(stabilizer.address);
    const word = limits.address.slice(2).toLowerCase();
    expect(code).to.contain(word);
    const changed = code.replaceAll(word, site.attacker.address.slice(2).toLowerCase());
    await site.chain.networkHelpers.setCode(stabilizer.address, changed);
    const record = site.store.read();
    const entry = record?.contracts["Stabilizer"];
    if (record === undefined || entry === undefined) throw new Error("the stabilizer is recorded");
    const Stabilizer = { ...entry, runtimeCodeHash: keccak256(changed) };
    site.store.write({ ...record, contracts: { ...record.contracts, Stabilizer } });
    only(await differences(), "CONSTRUCTOR_ARGUMENT", "Stabilizer.limits");
  });

  it("finds constructor arguments in the record that are not those of the parameters", async () => {
    const record = site.store.read();
    const entry = record?.contracts["XauMesh"];
    if (record === undefined || entry === undefined) throw new Error("the mesh is recorded");
    const XauMesh = { ...entry, constructorArgs: [...entry.constructorArgs].reverse() };
    site.store.write({ ...record, contracts: { ...record.contracts, XauMesh } });
    only(await differences(), "CONSTRUCTOR_ARGUMENT", "XauMesh");
  });

  it("finds a holder of a role whom no event names", async () => {
    const { tokens, roles } = deployed.blueprint;
    const token = tokens.cUSDC.address;
    // AccessControl keeps `hasRole` in _roles[role].hasRole[account]; the slot of _roles is found at a holder that is known.
    const slotOf = (role: string, account: string, base: number) => {
      const inner = keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [id(role), base]));
      return keccak256(AbiCoder.defaultAbiCoder().encode(["address", "bytes32"], [account, inner]));
    };
    let base = 0;
    while (BigInt(await site.provider.getStorage(token, slotOf("PAUSER_ROLE", roles.guardian, base))) !== 1n) base += 1;
    await site.chain.networkHelpers.setStorageAt(token, slotOf("MINTER_ROLE", roles.keeper, base), 1n);
    const difference = only(await differences(), "ROLE_EXTRA", "cUSDC.MINTER_ROLE");
    expect(difference.found.split(", ")).to.have.members([roles.keeper, difference.expected]);
    await site.chain.networkHelpers.setStorageAt(token, slotOf("MINTER_ROLE", roles.keeper, base), 0n);
    await site.chain.networkHelpers.setStorageAt(token, slotOf("MINTER_ROLE", roles.deployer, base), 1n);
    only(await differences(), "DEPLOYER_RIGHT", "cUSDC.MINTER_ROLE");
  });

  it("finds a swapped oracle feed", async () => {
    const { timelock, oracle, tokens } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const contract = XAUOracle__factory.connect(oracle.address, governance);
    const [usdt, usdc] = await Promise.all(
      [tokens.cUSDT, tokens.cUSDC].map(({ address }) => configOf(contract, address)),
    );
    if (usdt === undefined || usdc === undefined) throw new Error("both tokens have feeds");
    await contract.setToken(tokens.cUSDT.address, {
      ...usdt,
      feeds: [...usdc.feeds.slice(0, 1), ...usdt.feeds.slice(1)],
    });
    only(await differences(), "ORACLE_FEED_CHANGED", "XAUOracle.tokenConfig(cUSDT)");
    await contract.setToken(tokens.cUSDT.address, { ...usdt, maxDisagreementBps: usdt.maxDisagreementBps + 1n });
    only(await differences(), "ORACLE_LIMIT_CHANGED", "XAUOracle.tokenConfig(cUSDT)");
    await contract.setToken(tokens.cUSDT.address, usdt);
    expect(await differences()).to.deep.equal([]);
    await contract.removeToken(tokens.cEURT.address);
    const found = (await differences()).map((difference) => `${difference.code} ${difference.id}`);
    expect(found).to.have.members([
      "ORACLE_FEED_CHANGED XAUOracle.tokenConfig(cEURT)",
      "ORACLE_FEED_CHANGED XAUOracle.tokens",
    ]);
  });

  it("finds a pool more and a pool less", async () => {
    const { timelock, limits, pmmFactory, tokens, pools, mesh } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const model = pools.find((pool) => pool.pair === "cUSDT/cUSDC");
    if (model?.entry === undefined) throw new Error("cUSDT/cUSDC is a pool of the parameters");
    const factory = PmmFactory__factory.connect(pmmFactory.address, site.attacker);
    const params = { ...model.params, quoteToken: tokens.cEURT.address };
    const another = await factory.predictPool(site.attacker, params);
    await factory.createPool(params);
    expect(await differences(), "anybody may make a pool; it has no right").to.deep.equal([]);

    const contract = StabilizerLimits__factory.connect(limits.address, governance);
    await contract.registerPool(another, stabilizerConfigOf(deployed.blueprint.params, model.entry));
    expect(only(await differences(), "POOL_EXTRA", "StabilizerLimits.pools").found).to.contain(another);
    await contract.removePool(another);
    await XauMesh__factory.connect(mesh.address, governance).removePool(tokens.cEURT.address);
    const found = (await differences()).map((difference) => `${difference.code} ${difference.id}`);
    expect(found).to.have.members(["WIRING_CHANGED XauMesh.poolOf(cEURT)", "POOL_MISSING XauMesh.pools"]);
  });

  it("finds an additional keeper, operator, manager, writer, factory, trader and reporter", async () => {
    const { timelock, stabilizer, mesh, limits, ledger, dodoIntegration, dodoObserver, feeds } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const [who, feed] = [site.attacker.address, feeds.XAU[0]?.address ?? ""];
    const contract = deployed.blueprint.tokenFactory.address; // only contracts are accepted as factories
    await Stabilizer__factory.connect(stabilizer.address, governance).setKeeper(who, true);
    await XauMesh__factory.connect(mesh.address, governance).setOperator(who, true);
    await XauMesh__factory.connect(mesh.address, governance).setFactory(contract, true);
    await StabilizerLimits__factory.connect(limits.address, governance).setFactory(contract, true);
    await DODOPMMIntegration__factory.connect(dodoIntegration.address, governance).setManager(who, true);
    await DodoObserver__factory.connect(dodoObserver.address, governance).setKeeper(who, true);
    await Ledger__factory.connect(ledger.address, governance).setWriter(who, true);
    await SignedPriceFeed__factory.connect(feed, governance).scheduleSigner(who);
    const found = await differences();
    expect(found.map((difference) => `${difference.code} ${difference.id}`)).to.have.members([
      "ROLE_EXTRA Stabilizer.keepers",
      "ROLE_EXTRA XauMesh.operators",
      "ROLE_EXTRA XauMesh.factories",
      "ROLE_EXTRA StabilizerLimits.factories",
      "ROLE_EXTRA DODOPMMIntegration.managers",
      "ROLE_EXTRA DodoObserver.keepers",
      "ROLE_EXTRA Ledger.writers",
      "ROLE_EXTRA SignedPriceFeed:XAU:1.signers",
    ]);
    for (const { id, found: holders } of found) {
      expect(holders, id).to.contain(id.endsWith(".factories") ? contract : who);
    }
  });

  it("finds every right that is left to the deployer", async () => {
    const { timelock, stabilizer, tokens, limits, feeds, roles } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const feed = SignedPriceFeed__factory.connect(feeds.cUSDT[0]?.address ?? "", governance);
    await Stabilizer__factory.connect(stabilizer.address, governance).setKeeper(roles.deployer, true);
    await StabilizerLimits__factory.connect(limits.address, governance).transferOwnership(roles.deployer);
    await StabilizerLimits__factory.connect(limits.address, site.deployer).acceptOwnership();
    await feed.transferOwnership(roles.deployer);
    await M1Token__factory.connect(tokens.XAU.address, governance).grantRole(id("FREEZER_ROLE"), roles.deployer);
    const found = (await differences()).map((difference) => `${difference.code} ${difference.id}`);
    expect(found).to.have.members([
      "DEPLOYER_RIGHT Stabilizer.keepers",
      "DEPLOYER_RIGHT StabilizerLimits.owner",
      "DEPLOYER_RIGHT SignedPriceFeed:cUSDT:1.pendingOwner",
      "DEPLOYER_RIGHT XAU.FREEZER_ROLE",
    ]);
  });

  it("does not take a broken connection for a difference", async () => {
    const provider = new Proxy(site.provider, {
      get: (target, property) => {
        if (property === "call") return () => Promise.reject(new Error("ECONNRESET"));
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const outcome = await verify({ ...site.options, provider }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(Error).with.property("message", "ECONNRESET");
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
      code: "CONTRACT_MISSING",
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
    const loaded = localParams(undefined, "localhost651940");
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
