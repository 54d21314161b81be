import { expect } from "chai";

import { M1TokenFactory__factory, PmmFactory__factory } from "../../../protocol/generated/contracts/index.js";
import { createBlueprint } from "../../../scripts/deploy/blueprint.js";
import { stepContext } from "../../../scripts/deploy/context.js";
import { create2Calldata, DETERMINISTIC_PROXY } from "../../../scripts/deploy/create2.js";
import { deploy } from "../../../scripts/deploy/deploy.js";
import { steps } from "../../../scripts/deploy/steps.js";
import type { PlannedContract } from "../../../scripts/deploy/types.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, errorOf, type DeploymentChain } from "../../helpers/deployment.js";

const FOREIGN_CODE = "0x60016000526001601ff3";

describe("deploy, with an attacker who was there first", () => {
  let site: DeploymentChain;
  let planned: readonly PlannedContract[];
  beforeEach(async () => {
    site = await createDeploymentChain();
    const plan = createBlueprint(site.options.loaded);
    const context = stepContext(plan, site.provider, { bootstrapping: true, fromBlock: 0, extraGrants: [] });
    planned = steps.flatMap((step) => step.contracts?.(context) ?? []);
  });
  afterEach(() => site.chain.close());

  it("refuses foreign code at each planned address, and sends nothing", async () => {
    const all = [{ name: "Create2Root", address: DETERMINISTIC_PROXY }, ...planned];
    // One of each kind: "PmmPool:XAU/cUSDT" stands for every pool.
    const kindOf = ({ name }: { name: string }): string => name.split(":")[0] ?? name;
    const squatted = all.filter((one, index) => all.findIndex((other) => kindOf(other) === kindOf(one)) === index);
    expect(squatted.length).to.be.greaterThan(35);
    for (const { name, address } of squatted) {
      await site.chain.networkHelpers.setCode(address, FOREIGN_CODE);
      const error = await errorOf(deploy(site.options));
      expect(error.code, name).to.equal("FOREIGN_CODE");
      expect(error.details["contract"]).to.equal(name);
      await site.chain.networkHelpers.setCode(address, "0x");
    }
    expect(await site.provider.getBlockNumber()).to.equal(0);
  });

  it("refuses it in the middle of an execution and goes on when it is gone", async () => {
    const limits = planned.find((contract) => contract.name === "StabilizerLimits")?.address ?? "";
    await site.chain.networkHelpers.setCode(limits, FOREIGN_CODE);
    expect((await errorOf(site.execute())).code).to.equal("FOREIGN_CODE");
    await site.chain.networkHelpers.setCode(limits, "0x");
    await site.execute();
    expect(await verify(site.options)).to.deep.equal({ ok: true, differences: [] });
  });

  it("adopts our own contracts that somebody else has put there: they are what they would have been", async () => {
    await site.execute({ only: "timelock" });
    for (const { make, name } of planned) {
      if (make.by !== "root" || !/^(M1TokenFactory|SignedPriceFeed:.*|DodoObserver)$/.test(name)) continue;
      await site.attacker.sendTransaction({ to: DETERMINISTIC_PROXY, data: create2Calldata(make.salt, make.initCode) });
    }
    const { record } = await site.execute();
    expect(record.contracts["DodoObserver"]).to.include({ deployTx: null, block: null });
    expect(await verify(site.options)).to.deep.equal({ ok: true, differences: [] });
  });

  it("cannot be kept from its tokens and pools: their addresses belong to the timelock", async () => {
    const { blueprint } = await site.execute({ only: "0" }).catch(async () => deploy(site.options));
    const factory = M1TokenFactory__factory.connect(blueprint.tokenFactory.address, site.attacker);
    if ((await site.provider.getCode(blueprint.tokenFactory.address)) === "0x") throw new Error("no factory");
    const { cUSDT } = blueprint.tokens;
    const common = { name: cUSDT.fullName, symbol: "cUSDT", decimals: 6, admin: blueprint.timelock.address };
    expect(await factory.tokenAddress(site.attacker, common)).to.not.equal(cUSDT.address);
    const pools = PmmFactory__factory.connect(blueprint.pmmFactory.address, site.attacker);
    for (const pool of blueprint.pools) {
      expect(await pools.predictPool(site.attacker, pool.params)).to.not.equal(pool.address);
    }
  });
});
