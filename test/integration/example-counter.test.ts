import { expect } from "chai";
import { network } from "hardhat";

import { ExampleCounter__factory } from "../../protocol/generated/contracts/index.js";

describe("ExampleCounter", () => {
  for (const name of ["sim138", "sim651940"] as const) {
    describe(`on ${name}`, () => {
      it("increments through the generated types", async () => {
        const chain = await network.create(name);
        const [owner, trader] = await chain.ethers.getSigners();
        if (owner === undefined || trader === undefined) throw new Error("the simulated chain has no accounts");
        const counter = await new ExampleCounter__factory(owner).deploy(owner);
        await expect(counter.connect(trader).increment(3n))
          .to.emit(counter, "Incremented")
          .withArgs(trader.address, 3n, 3n);
        expect(await counter.count()).to.equal(3n);
        await expect(counter.increment(101n))
          .to.be.revertedWithCustomError(counter, "StepAboveLimit")
          .withArgs(101n, 100n);
        await chain.close();
      });
    });
  }
});
