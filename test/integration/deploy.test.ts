import { expect } from "chai";
import { network } from "hardhat";

import { loadParams } from "../../protocol/params/load.js";
import { deploy } from "../../scripts/deploy/deploy.js";
import { MemoryStore } from "../../scripts/deploy/store.js";

describe("deploy", () => {
  it("dry run sends nothing, an execution sends all, a second one nothing", async () => {
    const chain = await network.create("sim138");
    const [signer] = await chain.ethers.getSigners();
    if (signer === undefined) throw new Error("the simulated chain has no accounts");
    const store = new MemoryStore();
    const options = { loaded: loadParams("localhost"), provider: chain.ethers.provider, signer, store };
    const planned = await deploy(options);
    expect(planned.transactions).to.equal(0);
    expect(await chain.ethers.provider.getBlockNumber()).to.equal(0);
    const done = await deploy({ ...options, execute: true });
    expect(done.transactions).to.be.greaterThan(0);
    const again = await deploy({ ...options, execute: true });
    expect(again.differences).to.deep.equal([]);
    expect(again.transactions).to.equal(0);
    await chain.close();
  });
});
