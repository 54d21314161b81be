import { expect } from "chai";
import { network } from "hardhat";

import { ExampleCounter__factory } from "../../protocol/generated/contracts/index.js";
import { describeWith } from "../helpers/describeWith.js";
import { forkMainnet, forkOf, MAINNET_FORK_BLOCK } from "../helpers/fork.js";

describe("a fork of a local chain", () => {
  it("reads deployed state and leaves the upstream chain untouched", async () => {
    const server = await network.createServer("sim138", "127.0.0.1", 0);
    const { port } = await server.listen();
    const url = `http://127.0.0.1:${String(port)}`;
    const upstream = await network.create({ network: "localRpc", override: { url } });
    const [owner] = await upstream.ethers.getSigners();
    if (owner === undefined) throw new Error("the simulated chain has no accounts");
    const deployed = await new ExampleCounter__factory(owner).deploy(owner);
    const onUpstream = await deployed.waitForDeployment();
    await (await onUpstream.increment(5n)).wait();

    const fork = await forkOf(url);
    await fork.networkHelpers.impersonateAccount(owner.address);
    const onFork = ExampleCounter__factory.connect(
      await onUpstream.getAddress(),
      await fork.ethers.getSigner(owner.address),
    );
    expect(await onFork.count()).to.equal(5n);
    await (await onFork.reset()).wait();
    expect(await onFork.count()).to.equal(0n);
    expect(await onUpstream.count()).to.equal(5n);

    await fork.close();
    await upstream.close();
    await server.close();
  });
});

describeWith("rpc", "a fork of Ethereum mainnet", () => {
  it("answers from the pinned block", async () => {
    const fork = await forkMainnet();
    expect(await fork.ethers.provider.getBlockNumber()).to.equal(MAINNET_FORK_BLOCK);
    const usdc = new fork.ethers.Contract(
      "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
      ["function decimals() view returns (uint8)"],
      fork.ethers.provider,
    );
    expect(await usdc.getFunction("decimals").staticCall()).to.equal(6n);
    await fork.close();
  });
});
