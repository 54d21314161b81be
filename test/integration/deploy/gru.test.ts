import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash, zeroPadValue } from "ethers";

import {
  BasketVault__factory,
  GruDiamond__factory,
  IDiamondLoupe__factory,
  IGruOwnership__factory,
  M1Token__factory,
  NumberedFacet__factory,
  PuppetFacet__factory,
} from "../../../protocol/generated/contracts/index.js";
import { tokenNames } from "../../../protocol/params/schema.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, localParams, type DeploymentChain } from "../../helpers/deployment.js";
import { ACTION, adding, CUT_DELAY_SECONDS, erc7201Slot, type Cut } from "../../helpers/gruSystem.js";

const NAMES = ["WrappedEther", "LoupeFacet", "OwnershipFacet", "GruDiamond", "BasketVault"];
/** More than one M00 takes of any token. */
const TRADER_UNITS = 10n ** 15n;
const FIRST_SHARES = 1_000n * 10n ** 18n;

describe("deployment of GRU", () => {
  let site: DeploymentChain;
  let deployed: DeployResult;
  let restore: () => Promise<void>;

  before(async () => {
    site = await createDeploymentChain();
    const to = site.trader.address;
    deployed = await site.execute({
      extraGrants: tokenNames.map((token) => ({ token, to, amountUnits: TRADER_UNITS })),
    });
  });
  beforeEach(async () => {
    const snapshot = await site.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());
  after(() => site.chain.close());

  const m00 = () => GruDiamond__factory.connect(deployed.blueprint.gru.diamond.address, site.provider);

  /** `CODE id` of everything that verification finds. */
  async function differences(loaded = site.options.loaded): Promise<string[]> {
    const { differences: found } = await verify({ ...site.options, loaded });
    return found.map(({ code, id }) => `${code} ${id}`);
  }

  /** Through the diamond's own timelock, as the protocol's timelock. */
  async function cut(part: Cut): Promise<void> {
    const governance = await site.impersonate(deployed.blueprint.timelock.address);
    const diamond = m00().connect(governance);
    await diamond.scheduleCut([part], ZeroAddress, "0x", ZeroHash, CUT_DELAY_SECONDS);
    await site.chain.networkHelpers.time.increase(CUT_DELAY_SECONDS);
    await diamond.diamondCut([part], ZeroAddress, "0x");
  }

  it("plans all five contracts without sending anything, then makes and records them", async () => {
    const fresh = await createDeploymentChain();
    const dry = await fresh.execute({ execute: false, only: "gru" });
    expect(dry.transactions).to.equal(0);
    const missing = dry.differences.filter(({ code }) => code === "CONTRACT_MISSING").map(({ id }) => id);
    expect(missing).to.include.members(NAMES);
    await fresh.chain.close();

    for (const name of NAMES) {
      const entry = deployed.record.contracts[name];
      expect(entry?.deployTx, name).to.match(/^0x[0-9a-f]{64}$/);
      expect(await site.provider.getCode(entry?.address ?? ZeroAddress), name).not.to.equal("0x");
    }
    const { GruDiamond, BasketVault } = deployed.record.contracts;
    expect(BasketVault?.deployTx).to.equal(GruDiamond?.deployTx);
    expect(BasketVault?.address).to.equal(await m00().vault());
    expect((await site.execute()).transactions).to.equal(0);
    expect(await differences()).to.deep.equal([]);
  });

  it("ends with the timelock as owner, and the first shares with the treasury", async () => {
    const { gru, roles, timelock, tokens } = deployed.blueprint;
    const ownership = IGruOwnership__factory.connect(gru.diamond.address, site.provider);
    expect(await ownership.owner()).to.equal(timelock.address);
    expect(await ownership.pendingOwner()).to.equal(ZeroAddress);
    expect(await m00().guardian()).to.equal(roles.guardian);
    expect(await m00().totalSupply()).to.equal(FIRST_SHARES);
    expect(await m00().balanceOf(roles.treasury)).to.equal(FIRST_SHARES - 10n ** 12n);
    for (const { token, unitsPerShare } of gru.basket) {
      const handle = M1Token__factory.connect(tokens[token].address, site.provider);
      expect(await handle.balanceOf(gru.vault.address), token).to.equal(1_000n * unitsPerShare);
      expect(await handle.isSystemContract(gru.vault.address), token).to.equal(true);
      expect(await handle.balanceOf(timelock.address), `${token} left with the timelock`).to.equal(0n);
    }
  });

  it("serves strangers: issue and redeem over the deployed tokens", async () => {
    const { gru, tokens } = deployed.blueprint;
    const { trader } = site;
    const vault = BasketVault__factory.connect(gru.vault.address, trader);
    const limits = [...(await vault.previewIssue(10n ** 18n))];
    for (const [index, { token }] of gru.basket.entries()) {
      await M1Token__factory.connect(tokens[token].address, trader).approve(gru.vault.address, limits[index] ?? 0n);
    }
    const diamond = m00().connect(trader);
    await diamond.issue(10n ** 18n, limits, trader.address, MaxUint256);
    expect(await diamond.balanceOf(trader.address)).to.equal(10n ** 18n);
    await diamond.redeem(10n ** 18n, limits, trader.address, MaxUint256);
    expect(await diamond.balanceOf(trader.address)).to.equal(0n);
  });

  it("issues nothing where nothing is funded", async () => {
    const fresh = await createDeploymentChain();
    const loaded = localParams((copy) => (copy.funding.source = "none"));
    await fresh.execute({ loaded });
    const diamond = GruDiamond__factory.connect(deployed.blueprint.gru.diamond.address, fresh.provider);
    expect(await diamond.totalSupply()).to.equal(0n);
    expect((await verify({ ...fresh.options, loaded })).differences).to.deep.equal([]);
    await fresh.chain.close();
  });

  describe("deployment verify", () => {
    it("finds a facet that the parameters do not name, and is content when they do", async () => {
      const facet = await new NumberedFacet__factory(site.attacker).deploy(1n);
      await cut(await adding(facet));
      expect(await differences()).to.deep.equal(["WIRING_CHANGED GruDiamond.facets"]);
      const address = await facet.getAddress();
      const loaded = localParams((copy) => (copy.gru.facets = [address]));
      expect(await differences(loaded)).to.deep.equal(["RECORD_CHANGED record.params"]);
    });

    it("finds a loupe that was replaced by one that lies", async () => {
      const { gru } = deployed.blueprint;
      const liar = await new NumberedFacet__factory(site.attacker).deploy(1n);
      const { selector } = IDiamondLoupe__factory.createInterface().getFunction("facetAddresses");
      await cut({ facetAddress: await liar.getAddress(), action: ACTION.replace, functionSelectors: [selector] });
      const found = await differences();
      expect(found).to.include("WIRING_CHANGED GruDiamond.functionsOf(LoupeFacet)");
      expect(await m00().vault()).to.equal(gru.vault.address);
    });

    it("finds an owner, an offer and a guardian whom nobody intended", async () => {
      const { timelock, gru } = deployed.blueprint;
      const governance = await site.impersonate(timelock.address);
      const ownership = IGruOwnership__factory.connect(gru.diamond.address, governance);
      await ownership.transferOwnership(site.attacker.address);
      await m00().connect(governance).announceGuardian(site.attacker.address);
      expect(await differences()).to.have.members([
        "OWNER_CHANGED GruDiamond.pendingOwner",
        "OWNER_CHANGED GruDiamond.pendingGuardian",
      ]);
      await ownership.connect(site.attacker).acceptOwnership();
      await site.chain.networkHelpers.time.increase(CUT_DELAY_SECONDS);
      await m00().connect(site.attacker).applyGuardian();
      expect(await differences()).to.have.members([
        "OWNER_CHANGED GruDiamond.owner",
        "OWNER_CHANGED GruDiamond.guardian",
      ]);
    });

    it("finds an owner that a hostile facet wrote", async () => {
      await cut(await adding(await new PuppetFacet__factory(site.attacker).deploy()));
      const puppet = PuppetFacet__factory.connect(deployed.blueprint.gru.diamond.address, site.attacker);
      await puppet.puppetStore(erc7201Slot("cantilever.gru.Ownership"), zeroPadValue(site.attacker.address, 32));
      expect(await differences()).to.have.members([
        "WIRING_CHANGED GruDiamond.facets",
        "OWNER_CHANGED GruDiamond.owner",
      ]);
    });

    it("finds a vault that its token may freeze, and other code in its place", async () => {
      const { timelock, gru, tokens } = deployed.blueprint;
      const governance = await site.impersonate(timelock.address);
      await M1Token__factory.connect(tokens.cEURT.address, governance).setSystemContract(gru.vault.address, false);
      expect(await differences()).to.have.members([
        "ROLE_MISSING cEURT.isSystemContract(BasketVault)",
        "ROLE_MISSING cEURT.systemContracts",
      ]);
      await site.chain.networkHelpers.setCode(gru.vault.address, "0x6001600055");
      expect(await differences()).to.include("CODE_CHANGED BasketVault");
    });

    it("finds parameters that ask for another basket", async () => {
      const loaded = localParams((copy) => {
        const [first] = copy.gru.basket;
        if (first !== undefined) first.tokensPerShare = "0.31";
      });
      const found = await differences(loaded);
      // Another basket is another diamond: its address commits to it.
      expect(found).to.include.members(["CONSTRUCTOR_ARGUMENT GruDiamond", "CONTRACT_MISSING GruDiamond"]);
    });
  });
});
