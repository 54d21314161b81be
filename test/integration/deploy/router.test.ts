import { expect } from "chai";
import { ZeroAddress } from "ethers";

import {
  EnhancedSwapRouter__factory,
  IDODOPMMIntegration__factory,
  IEnhancedSwapRouter__factory,
  IM1Token__factory,
  PmmFactory__factory,
} from "../../../protocol/generated/contracts/index.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, errorOf, localParams, type DeploymentChain } from "../../helpers/deployment.js";

const STEP = "128_router";

describe("deployment of the router", () => {
  let site: DeploymentChain;
  let deployed: DeployResult;
  let restore: () => Promise<void>;

  before(async () => {
    site = await createDeploymentChain();
    deployed = await site.execute();
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

  const routerAs = async (address: string) =>
    IEnhancedSwapRouter__factory.connect(deployed.blueprint.router.address, await site.impersonate(address));
  const codes = async () => (await verify(site.options)).differences.map(({ code, id }) => `${code} ${id}`);

  it("is planned by a dry run: contracts, pools, tokens between, and what the tokens must know", async () => {
    const fresh = await createDeploymentChain();
    try {
      const { transactions, differences } = await fresh.execute({ execute: false });
      expect(transactions).to.equal(0);
      const planned = differences.filter(({ step }) => step === STEP).map(({ kind, id }) => `${kind} ${id}`);
      expect(planned).to.include.members([
        "missing SwapQuoter",
        "missing EnhancedSwapRouter",
        "setting EnhancedSwapRouter.guardian",
        "setting EnhancedSwapRouter.venue(PmmPool:cUSDT/cUSDC)",
        "setting EnhancedSwapRouter.venue(PmmPool:XAU/cEURT)",
        "setting EnhancedSwapRouter.intermediates",
        "setting XAU.isSystemContract(EnhancedSwapRouter)",
      ]);
    } finally {
      await fresh.chain.close();
    }
  });

  it("registers the four public pools and no mesh pool, and belongs to the timelock", async () => {
    const { blueprint, deployment } = deployed;
    const router = await routerAs(site.trader.address);
    for (const pool of Object.values(deployment.pools())) expect((await router.poolEntry(pool)).venue).to.equal(1n);
    for (const pool of Object.values(deployment.meshPools())) expect((await router.poolEntry(pool)).venue).to.equal(0n);
    expect(await router.guardian()).to.equal(blueprint.roles.guardian);
    expect(await router.permit2()).to.equal(ZeroAddress);
    const owned = EnhancedSwapRouter__factory.connect(blueprint.router.address, site.trader);
    expect(await owned.owner()).to.equal(blueprint.timelock.address);
    const again = await site.execute({ only: STEP });
    expect(again.transactions).to.equal(0);
    expect(again.differences).to.deep.equal([]);
  });

  it("finds a pool that the guardian has removed", async () => {
    const router = await routerAs(deployed.blueprint.roles.guardian);
    await router.removePool(deployed.deployment.address("PmmPool:XAU/cUSDT"));
    expect(await codes()).to.deep.equal([
      "POOL_MISSING EnhancedSwapRouter.venue(PmmPool:XAU/cUSDT)",
      "POOL_MISSING EnhancedSwapRouter.pools",
    ]);
  });

  it("finds a pool that nobody has reviewed", async () => {
    const { timelock, dodoIntegration, pmmFactory, tokens } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const factory = PmmFactory__factory.connect(pmmFactory.address, site.attacker);
    const params = {
      kind: 0n,
      pricing: 0n,
      baseToken: tokens.cUSDT.address,
      quoteToken: tokens.cEURT.address,
      lpFeeRate: 10n ** 14n,
      i: 10n ** 18n,
      k: 10n ** 16n,
      isOpenTWAP: true,
      owner: ZeroAddress,
    };
    const pool = await factory.createPool.staticCall(params);
    await factory.createPool(params);
    await IDODOPMMIntegration__factory.connect(dodoIntegration.address, governance).registerPool(pool);
    const router = await routerAs(timelock.address);
    await router.registerPool(pool);
    const found = await codes();
    expect(found).to.include("POOL_EXTRA EnhancedSwapRouter.pools");
    await router.removePool(pool);
    expect(await codes()).to.deep.equal(found.filter((difference) => !difference.includes("EnhancedSwapRouter")));
  });

  it("finds tokens between, a guardian, an owner to come and a lost flag that nobody has reviewed", async () => {
    const { timelock, tokens, router: planned } = deployed.blueprint;
    const governance = await site.impersonate(timelock.address);
    const router = await routerAs(timelock.address);
    await router.setIntermediate(tokens.cEURT.address, true);
    await router.setGuardian(site.attacker.address);
    await EnhancedSwapRouter__factory.connect(planned.address, governance).transferOwnership(site.attacker.address);
    await IM1Token__factory.connect(tokens.XAU.address, governance).setSystemContract(planned.address, false);
    expect(await codes()).to.have.members([
      "WIRING_CHANGED EnhancedSwapRouter.intermediates",
      "ROLE_MISSING EnhancedSwapRouter.guardian",
      "OWNER_CHANGED EnhancedSwapRouter.pendingOwner",
      "ROLE_MISSING XAU.isSystemContract(EnhancedSwapRouter)",
      "ROLE_MISSING XAU.systemContracts",
    ]);
  });

  it("finds other code in place of the router", async () => {
    await site.chain.networkHelpers.setCode(deployed.blueprint.router.address, "0x6001600055");
    expect(await codes()).to.include("CODE_CHANGED EnhancedSwapRouter");
  });

  it("does not go on without the Permit2 or the Uniswap factory that the parameters name", async () => {
    for (const change of ["permit2", "uniswapV3"] as const) {
      const fresh = await createDeploymentChain();
      try {
        const nothing = fresh.attacker.address;
        const loaded = localParams((copy) => {
          if (change === "permit2") copy.router.permit2 = nothing;
          else copy.router.uniswapV3 = { factory: nothing, pools: [nothing] };
        });
        expect((await errorOf(fresh.execute({ loaded }))).code).to.equal("FOREIGN_CODE");
      } finally {
        await fresh.chain.close();
      }
    }
  });
});
