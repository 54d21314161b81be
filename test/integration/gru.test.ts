import { expect } from "chai";
import {
  id,
  keccak256,
  MaxUint256,
  parseEther,
  Signature,
  toBeHex,
  ZeroAddress,
  ZeroHash,
  type BigNumberish,
} from "ethers";

import {
  ForcedEther__factory,
  IBasketVault__factory,
  NumberedFacet__factory,
  PuppetFacet__factory,
  WrappedEther__factory,
} from "../../protocol/generated/contracts/index.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import {
  ACTION,
  adding,
  CUT_DELAY_SECONDS,
  erc7201Slot,
  INITIAL_UNITS,
  LOCKED_SHARES,
  selectorsOf,
  SHARE,
  startGru,
  type Cut,
  type GruSystem,
} from "../helpers/gruSystem.js";

/** Index of the holder among the chain's accounts. */
const HOLDER = 3;

const PERMIT = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

interface PermitOrder {
  readonly owner: string;
  readonly spender: string;
  readonly value: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
}

/** The holder's signature, over the domain that the token itself states. */
async function signPermit(gru: GruSystem, order: PermitOrder, chainId?: bigint): Promise<Signature> {
  const wallet = developmentAccounts()[HOLDER];
  if (wallet?.address !== gru.holder.address) throw new Error("the holder is another account");
  const { name_: name, version, chainId: ownChainId, verifyingContract } = await gru.m00.eip712Domain();
  const domain = { name, version, chainId: chainId ?? ownChainId, verifyingContract };
  return Signature.from(await wallet.signTypedData(domain, PERMIT, order));
}

describe("GRU", () => {
  let gru: GruSystem;
  let start: { restore(): Promise<void> };

  before(async () => {
    gru = await startGru();
    start = await gru.chain.networkHelpers.takeSnapshot();
  });
  afterEach(() => start.restore());
  after(() => gru.chain.close());

  describe("issue and redeem", () => {
    it("takes the initial units for the first shares and locks a millionth of one", async () => {
      expect(await gru.m00.totalSupply()).to.equal(1_500n * SHARE);
      expect(await gru.m00.balanceOf(gru.holder.address)).to.equal(1_000n * SHARE - LOCKED_SHARES);
      expect(await gru.m00.balanceOf(gru.trader.address)).to.equal(500n * SHARE);
      expect(await gru.balancesOf(await gru.vault.getAddress())).to.deep.equal(
        INITIAL_UNITS.map((units) => units * 1_500n),
      );
    });

    it("GRU-1 rounds in, out and after a donation so that those who stay never lose", async () => {
      const vault = await gru.vault.getAddress();
      const [first] = gru.tokens;
      if (first === undefined) throw new Error("no basket");
      await first.connect(gru.holder).transfer(vault, 1_234_567n);
      let supply = await gru.m00.totalSupply();
      let backing = await gru.balancesOf(vault);
      for (const shares of [1n, 7n, SHARE / 3n, 333n * SHARE + 1n]) {
        for (const move of [gru.issue, gru.redeem]) {
          const exact = backing.map((balance) => balance * shares);
          const previewed = await (move === gru.issue
            ? gru.vault.previewIssue(shares)
            : gru.vault.previewRedeem(shares));
          if (previewed.every((amount) => amount === 0n)) {
            await expect(move(gru.trader, shares)).to.be.revertedWithCustomError(gru.vault, "RedemptionTooSmall");
            continue;
          }
          await move(gru.trader, shares);
          const after = await gru.balancesOf(vault);
          const supplyAfter = await gru.m00.totalSupply();
          after.forEach((balance, index) => {
            const before = backing[index] ?? 0n;
            const moved = balance > before ? balance - before : before - balance;
            const rounded = move === gru.issue ? ceilDiv(exact[index] ?? 0n, supply) : (exact[index] ?? 0n) / supply;
            expect(moved, `token ${String(index)}`).to.equal(rounded);
            expect(balance * supply >= before * supplyAfter, "the backing of a share fell").to.equal(true);
          });
          [supply, backing] = [supplyAfter, after];
        }
      }
    });

    it("GRU-3 pays everybody who leaves; only the locked part stays", async () => {
      await gru.redeem(gru.holder, await gru.m00.balanceOf(gru.holder.address));
      await gru.redeem(gru.trader, await gru.m00.balanceOf(gru.trader.address));
      expect(await gru.m00.totalSupply()).to.equal(LOCKED_SHARES);
      const left = await gru.balancesOf(await gru.vault.getAddress());
      left.forEach((balance, index) => {
        const exact = ceilDiv((INITIAL_UNITS[index] ?? 0n) * LOCKED_SHARES, SHARE);
        expect(balance >= exact && balance <= exact + 1n, `token ${String(index)}`).to.equal(true);
      });
    });

    it("names what is wrong and moves nothing", async () => {
      const { m00, vault, holder } = gru;
      const before = await gru.balancesOf(await vault.getAddress());
      const limits = [...(await vault.previewIssue(SHARE))];
      const least = [...(await vault.previewRedeem(SHARE))];
      const token = m00.connect(holder);
      const tighter = limits.with(2, (limits[2] ?? 0n) - 1n);
      const more = least.with(1, (least[1] ?? 0n) + 1n);
      await expect(token.issue(0n, limits, holder.address, MaxUint256)).to.be.revertedWithCustomError(
        vault,
        "ZeroAmount",
      );
      await expect(token.issue(SHARE, tighter, holder.address, MaxUint256)).to.be.revertedWithCustomError(
        vault,
        "AmountAboveMaximum",
      );
      await expect(token.issue(SHARE, limits.slice(1), holder.address, MaxUint256)).to.be.revertedWithCustomError(
        vault,
        "LengthMismatch",
      );
      await expect(token.issue(SHARE, limits, holder.address, 1n)).to.be.revertedWithCustomError(
        m00,
        "DeadlineExpired",
      );
      await expect(token.redeem(SHARE, more, holder.address, MaxUint256)).to.be.revertedWithCustomError(
        vault,
        "AmountBelowMinimum",
      );
      await expect(token.redeem(1_001n * SHARE, least, holder.address, MaxUint256)).to.be.revertedWithCustomError(
        vault,
        "ERC20InsufficientBalance",
      );
      await expect(token.redeem(SHARE, least, ZeroAddress, MaxUint256)).to.be.revertedWithCustomError(
        vault,
        "ERC20InvalidReceiver",
      );
      await expect(
        token.redeemWithout(SHARE, [holder.address], least, holder.address, MaxUint256),
      ).to.be.revertedWithCustomError(vault, "NotInBasket");
      await expect(
        vault.connect(holder).issue(holder.address, holder.address, SHARE, limits),
      ).to.be.revertedWithCustomError(vault, "NotAuthorized");
      expect(await gru.balancesOf(await vault.getAddress())).to.deep.equal(before);
      expect(await m00.totalSupply()).to.equal(1_500n * SHARE);
    });

    it("GRU-8 lets holders leave without a paused token", async () => {
      const paused = gru.tokens[1];
      if (paused === undefined) throw new Error("no basket");
      await paused.connect(gru.guardian).pause();
      await expect(gru.redeem(gru.holder, SHARE)).to.be.revertedWithCustomError(paused, "Paused");
      const before = await gru.balancesOf(gru.holder.address);
      const address = await paused.getAddress();
      await gru.m00
        .connect(gru.holder)
        .redeemWithout(SHARE, [address], [0n, 0n, 0n, 0n], gru.holder.address, MaxUint256);
      const got = (await gru.balancesOf(gru.holder.address)).map((balance, index) => balance - (before[index] ?? 0n));
      expect(got).to.deep.equal([...INITIAL_UNITS].with(1, 0n));
    });
  });

  describe("permit", () => {
    it("GRU-7 works once, as signed, on its chain and in time", async () => {
      const { m00, holder, trader, vault } = gru;
      const deadline = BigInt(await gru.chain.networkHelpers.time.latest()) + 3_600n;
      const order = { owner: holder.address, spender: trader.address, value: 5n * SHARE, nonce: 0n, deadline };
      const { v, r, s } = await signPermit(gru, order);
      const bring = (value: bigint, until: BigNumberish, signature = { v, r, s }) =>
        m00.connect(trader).permit(holder.address, trader.address, value, until, signature.v, signature.r, signature.s);

      await expect(bring(order.value + 1n, deadline)).to.be.revertedWithCustomError(vault, "NotAuthorized");
      await expect(bring(order.value, deadline + 1n)).to.be.revertedWithCustomError(vault, "NotAuthorized");
      await expect(bring(order.value, deadline, await signPermit(gru, order, 651_940n))).to.be.revertedWithCustomError(
        vault,
        "NotAuthorized",
      );
      expect(await m00.nonces(holder.address)).to.equal(0n);

      await expect(bring(order.value, deadline))
        .to.emit(m00, "Approval")
        .withArgs(holder.address, trader.address, order.value);
      await expect(bring(order.value, deadline)).to.be.revertedWithCustomError(vault, "NotAuthorized");
      await m00.connect(trader).transferFrom(holder.address, trader.address, order.value);
      expect(await m00.balanceOf(trader.address)).to.equal(505n * SHARE);
      expect(await m00.allowance(holder.address, trader.address)).to.equal(0n);

      const next = await signPermit(gru, { ...order, nonce: 1n });
      await gru.wait(3_601);
      await expect(bring(order.value, deadline, next)).to.be.revertedWithCustomError(vault, "DeadlineExpired");
    });
  });

  describe("cuts", () => {
    const numbered = async () => new NumberedFacet__factory(gru.timelock).deploy(7n);

    it("GRU-5 runs a cut after its delay, as scheduled, by its owner", async () => {
      const { m00, timelock, guardian, attacker } = gru;
      const facet = await numbered();
      const cuts = [await adding(facet)];
      await expect(m00.diamondCut(cuts, ZeroAddress, "0x")).to.be.revertedWithCustomError(m00, "NotScheduled");
      await expect(
        m00.connect(attacker).scheduleCut(cuts, ZeroAddress, "0x", id("x"), CUT_DELAY_SECONDS),
      ).to.be.revertedWithCustomError(m00, "NotAuthorized");
      await expect(
        m00.scheduleCut(cuts, ZeroAddress, "0x", id("x"), CUT_DELAY_SECONDS - 1),
      ).to.be.revertedWithCustomError(m00, "OutOfRange");
      await gru.schedule(cuts);
      await expect(m00.diamondCut(cuts, ZeroAddress, "0x")).to.be.revertedWithCustomError(m00, "NotReady");
      await gru.wait(CUT_DELAY_SECONDS - 60);
      await expect(m00.diamondCut(cuts, ZeroAddress, "0x")).to.be.revertedWithCustomError(m00, "NotReady");
      await gru.wait(60);
      await expect(m00.connect(guardian).diamondCut(cuts, ZeroAddress, "0x")).to.be.revertedWithCustomError(
        m00,
        "NotAuthorized",
      );
      await expect(m00.connect(timelock).diamondCut(cuts, ZeroAddress, "0x")).to.emit(m00, "DiamondCut");
      expect(await NumberedFacet__factory.connect(gru.address, timelock).n3()).to.equal(7n);
      await expect(m00.diamondCut(cuts, ZeroAddress, "0x")).to.be.revertedWithCustomError(m00, "NotScheduled");
    });

    it("GRU-5 runs neither a cancelled nor a forgotten cut", async () => {
      const { m00, guardian } = gru;
      const cuts = [await adding(await numbered())];
      await gru.schedule(cuts);
      await m00.connect(guardian).cancelCut(await m00.cutId(cuts, ZeroAddress, "0x", ZeroHash));
      await gru.wait(CUT_DELAY_SECONDS);
      await expect(m00.diamondCut(cuts, ZeroAddress, "0x")).to.be.revertedWithCustomError(m00, "NotScheduled");
      await gru.schedule(cuts);
      await gru.wait(CUT_DELAY_SECONDS + 14 * 86_400 + 1);
      await expect(m00.diamondCut(cuts, ZeroAddress, "0x")).to.be.revertedWithCustomError(m00, "CutExpired");
    });

    it("GRU-4 refuses colliding selectors and its own functions", async () => {
      const { m00 } = gru;
      const facet = await numbered();
      const part = await adding(facet);
      await gru.cut([part]);
      const other = { ...part, facetAddress: await (await numbered()).getAddress() };
      const own = (name: "transfer" | "diamondCut" | "redeem" | "permit") => [m00.interface.getFunction(name).selector];
      const refused: [Cut, string][] = [
        [other, "SelectorExists"],
        [{ ...other, functionSelectors: own("transfer") }, "ImmutableFunction"],
        [{ ...other, action: ACTION.replace, functionSelectors: own("diamondCut") }, "ImmutableFunction"],
        [{ facetAddress: ZeroAddress, action: ACTION.remove, functionSelectors: own("redeem") }, "ImmutableFunction"],
        [{ ...other, action: ACTION.replace, functionSelectors: own("permit") }, "ImmutableFunction"],
        [{ ...other, functionSelectors: ["0x12345678", "0x12345678"] }, "SelectorExists"],
        [{ ...part, action: ACTION.replace }, "SameFacet"],
        [{ ...other, facetAddress: gru.attacker.address, functionSelectors: ["0x12345678"] }, "NotAContract"],
      ];
      for (const [cut] of refused) await gru.schedule([cut]);
      await gru.wait(CUT_DELAY_SECONDS);
      const before = await gru.loupe.facets();
      for (const [cut, error] of refused) {
        await expect(m00.diamondCut([cut], ZeroAddress, "0x"), error).to.be.revertedWithCustomError(m00, error);
      }
      expect(await gru.loupe.facets()).to.deep.equal(before);
    });

    it("GRU-4 shows in the loupe every function of its ABIs, and no other", async () => {
      const facet = await numbered();
      await gru.cut([await adding(facet)]);
      const expected = new Map<string, string[]>([
        [gru.address, selectorsOf(gru.m00.interface)],
        [await gru.loupeFacet.getAddress(), selectorsOf(gru.loupeFacet.interface)],
        [await gru.ownershipFacet.getAddress(), selectorsOf(gru.ownershipFacet.interface)],
        [await facet.getAddress(), selectorsOf(facet.interface)],
      ]);
      const shown = await gru.loupe.facets();
      expect([...(await gru.loupe.facetAddresses())].sort()).to.deep.equal([...expected.keys()].sort());
      for (const { facetAddress, functionSelectors } of shown) {
        expect([...functionSelectors].sort(), facetAddress).to.deep.equal(expected.get(facetAddress));
        expect([...(await gru.loupe.facetFunctionSelectors(facetAddress))]).to.deep.equal([...functionSelectors]);
        for (const selector of functionSelectors) expect(await gru.loupe.facetAddress(selector)).to.equal(facetAddress);
      }
    });

    it("changes its owner in two steps", async () => {
      const { ownership, timelock, holder, attacker } = gru;
      await expect(ownership.connect(attacker).transferOwnership(attacker.address)).to.be.revertedWithCustomError(
        ownership,
        "NotAuthorized",
      );
      await ownership.transferOwnership(holder.address);
      expect(await ownership.owner()).to.equal(timelock.address);
      await expect(ownership.connect(attacker).acceptOwnership()).to.be.revertedWithCustomError(
        ownership,
        "NotAuthorized",
      );
      await ownership.connect(holder).acceptOwnership();
      expect(await ownership.owner()).to.equal(holder.address);
      await expect(gru.schedule([await adding(await numbered())])).to.be.revertedWithCustomError(
        gru.m00,
        "NotAuthorized",
      );
    });

    it("GRU-9 keeps its state in the slots of its names, and none in plain slots", async () => {
      const { provider } = gru.chain.ethers;
      await gru.schedule([await adding(await numbered())]);
      const slots = ["SelectorTable", "Ownership", "CutTimelock"].map((name) => erc7201Slot(`cantilever.gru.${name}`));
      const [table, owner, guardian] = await Promise.all(slots.map((slot) => provider.getStorage(gru.address, slot)));
      expect(BigInt(table ?? 0)).to.equal(3n);
      expect(BigInt(owner ?? 0)).to.equal(BigInt(gru.timelock.address));
      expect(BigInt(guardian ?? 0)).to.equal(BigInt(gru.guardian.address));
      for (let slot = 0; slot < 32; slot += 1)
        expect(BigInt(await provider.getStorage(gru.address, slot))).to.equal(0n);
    });
  });

  it("GRU-6 a facet that may do anything, cut in by the owner himself, gets nothing", async () => {
    const { m00, vault, holder, trader, attacker, address } = gru;
    const vaultAddress = await vault.getAddress();
    await gru.cut([await adding(await new PuppetFacet__factory(gru.timelock).deploy())]);
    const puppet = PuppetFacet__factory.connect(address, attacker);
    const basket = await gru.balancesOf(vaultAddress);
    await m00.connect(holder).approve(address, MaxUint256); // a careless holder
    const orders = IBasketVault__factory.createInterface();
    const free = [0n, 0n, 0n, 0n];
    const attempts = [
      orders.encodeFunctionData("redeem", [holder.address, attacker.address, SHARE, free, []]),
      orders.encodeFunctionData("transferShares", [holder.address, attacker.address, SHARE]),
      orders.encodeFunctionData("spendShares", [address, holder.address, attacker.address, SHARE]),
      orders.encodeFunctionData("approveShares", [holder.address, attacker.address, MaxUint256]),
      orders.encodeFunctionData("issue", [
        holder.address,
        attacker.address,
        SHARE,
        [...(await vault.previewIssue(SHARE))],
      ]),
    ];
    for (const order of attempts) {
      const [ok, reason] = await puppet.puppetCall.staticCall(vaultAddress, order);
      expect(ok).to.equal(false);
      expect(vault.interface.parseError(reason)?.name).to.equal("FrontClosed");
      await puppet.puppetCall(vaultAddress, order);
    }
    // Through the diamond's own functions, as code of the vault, as a minter of its own, and by rewriting owner and table.
    const spend = m00.interface.encodeFunctionData("transferFrom", [holder.address, attacker.address, SHARE]);
    expect((await puppet.puppetCall.staticCall(address, spend))[0]).to.equal(false);
    await puppet.puppetCall(address, spend);
    await puppet.puppetDelegate(vaultAddress, attempts[1] ?? "0x");
    await puppet.puppetMint(attacker.address, 2n ** 100n);
    await puppet.puppetStore(erc7201Slot("cantilever.gru.Ownership"), toBeHex(attacker.address, 32));
    const transferEntry = keccak256(
      m00.interface.getFunction("transfer").selector.padEnd(66, "0") +
        toBeHex(BigInt(erc7201Slot("cantilever.gru.SelectorTable")) + 3n, 32).slice(2),
    );
    const evil = await gru.loupe.facetAddress(puppet.interface.getFunction("puppetCall").selector);
    await puppet.puppetStore(transferEntry, toBeHex(evil, 32));
    expect(await gru.ownership.owner()).to.equal(attacker.address);
    expect(await gru.loupe.facetAddress(m00.interface.getFunction("transfer").selector)).to.equal(evil);

    expect(await gru.balancesOf(vaultAddress)).to.deep.equal(basket);
    expect(await gru.balancesOf(attacker.address)).to.deep.equal(free);
    expect(await m00.balanceOf(attacker.address)).to.equal(0n);
    expect(await m00.balanceOf(address)).to.equal(0n);
    expect(await m00.allowance(holder.address, attacker.address)).to.equal(0n);
    expect(await m00.totalSupply()).to.equal(1_500n * SHARE);
    await expect(gru.redeem(attacker, SHARE)).to.be.revertedWithCustomError(vault, "ERC20InsufficientBalance");

    // In their own transactions everybody moves and leaves as before.
    await m00.connect(holder).transfer(trader.address, SHARE);
    const before = await gru.balancesOf(holder.address);
    await gru.redeem(holder, 999n * SHARE - LOCKED_SHARES);
    const got = (await gru.balancesOf(holder.address)).map((balance, index) => balance - (before[index] ?? 0n));
    got.forEach((amount, index) => {
      const exact = ((999n * SHARE - LOCKED_SHARES) * (basket[index] ?? 0n)) / (1_500n * SHARE);
      expect(amount).to.equal(exact);
    });
    await gru.redeem(trader, 501n * SHARE);
    expect(await m00.totalSupply()).to.equal(LOCKED_SHARES);
  });

  it("M0 wraps and unwraps ether, and ether forced into it backs nothing", async () => {
    const { holder, timelock } = gru;
    const m0 = (await new WrappedEther__factory(timelock).deploy()).connect(holder);
    const address = await m0.getAddress();
    await m0.deposit({ value: parseEther("2") });
    await holder.sendTransaction({ to: address, value: parseEther("1") });
    expect(await m0.balanceOf(holder.address)).to.equal(parseEther("3"));
    const forced = await new ForcedEther__factory(timelock).deploy({ value: parseEther("5") });
    await forced.force(address);
    expect(await m0.totalSupply()).to.equal(parseEther("3"));
    await expect(m0.withdraw(parseEther("3"))).to.changeEtherBalance(gru.chain.ethers, holder, parseEther("3"));
    await expect(m0.withdraw(1n)).to.be.revertedWithCustomError(m0, "ERC20InsufficientBalance");
    expect(await gru.chain.ethers.provider.getBalance(address)).to.equal(parseEther("5"));
  });
});

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
