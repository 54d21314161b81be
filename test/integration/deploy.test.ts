import { expect } from "chai";
import { network } from "hardhat";

import { loadParams } from "../../protocol/params/load.js";
import { deploy } from "../../scripts/deploy/deploy.js";
import { MemoryStore } from "../../scripts/deploy/store.js";

describe("deploy", () => {
  it("works", async () => {
    const chain = await network.create("sim138");
    const [signer] = await chain.ethers.getSigners();
    const store = new MemoryStore();
    const options = { loaded: loadParams("localhost"), provider: chain.ethers.provider, signer: signer!, store, log: console.log };
    const t0 = Date.now();
    const dry = await deploy(options);
    console.log(dry.differences.length, Date.now() - t0);
    const t1 = Date.now();
    const done = await deploy({ ...options, execute: true });
    console.log(done.transactions, Date.now() - t1);
    const t2 = Date.now();
    const again = await deploy({ ...options, execute: true });
    console.log(again.differences, again.transactions, Date.now() - t2);
    expect(again.transactions).to.equal(0);
    console.log(JSON.stringify(again.record).slice(0, 3000));
    await chain.close();
  });
});
