import { expect } from "chai";
import { network } from "hardhat";

import { M1Token__factory } from "../../protocol/generated/contracts/index.js";
import { startNode } from "../../scripts/world/chain.js";
import { describeWith } from "../helpers/describeWith.js";
import { forkMainnet, forkOf, MAINNET_FORK_BLOCK } from "../helpers/fork.js";

const MINTED_UNITS = 5_000_000n;

describe("a fork of a local chain", () => {
  // The upstream chain is another process: inside one process fork and upstream sometimes waited for each other for ever on a busy machine.
  const open: { close: () => Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close();
  });

  it("reads deployed state and leaves the upstream chain untouched", async () => {
    const { node, url } = await startNode(0);
    open.push({ close: () => node.stop() });
    const upstream = await network.create({ network: "localRpc", override: { url } });
    open.push(upstream);
    const [owner] = await upstream.ethers.getSigners();
    if (owner === undefined) throw new Error("the local chain has no accounts");
    const onUpstream = await new M1Token__factory(owner).deploy("Cantilever USDT", "cUSDT", 6, owner.address);
    await onUpstream.waitForDeployment();
    await onUpstream.setMinterLimit({
      minter: owner.address,
      mintCapacity: MINTED_UNITS,
      mintRefillPerSecond: 0n,
      burnCapacity: 0n,
      burnRefillPerSecond: 0n,
    });
    await onUpstream.grantRole(await onUpstream.MINTER_ROLE(), owner.address);
    await onUpstream.mint(owner.address, MINTED_UNITS);

    const fork = await forkOf(url);
    open.push(fork);
    await fork.networkHelpers.impersonateAccount(owner.address);
    const onFork = M1Token__factory.connect(await onUpstream.getAddress(), await fork.ethers.getSigner(owner.address));
    expect(await onFork.balanceOf(owner.address)).to.equal(MINTED_UNITS);
    await onFork.burn(MINTED_UNITS);
    expect(await onFork.balanceOf(owner.address)).to.equal(0n);
    expect(await onUpstream.balanceOf(owner.address)).to.equal(MINTED_UNITS);
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
