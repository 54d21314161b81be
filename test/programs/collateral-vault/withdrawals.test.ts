import type { Address } from "@solana/kit";
import { expect } from "chai";

import type { BalanceRef } from "../../../protocol/solana/instructions.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, execution, outcome, proposed, share } from "../../helpers/solanaVault/acting.js";
import { setTransferFee } from "../../helpers/solanaVault/mints.js";
import { VaultRig, type Depositor, type TestMint } from "../../helpers/solanaVault/rig.js";

const DAY = 86_400n;
const DELAY = 3_600n;
const LIMITS = { perTransaction: 1_000n, capacity: 1_000n, refillPerDay: 1_000n };

describeWith("ownCluster", "delayed withdrawals of the collateral vault", () => {
  let rig: VaultRig;
  let mint: TestMint;
  let alice: Depositor;
  let at: BalanceRef;
  let vetoer: Address;
  let stranger: Address;

  beforeEach(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    vetoer = (await rig.wallet("vetoer")).address;
    stranger = (await rig.wallet("stranger")).address;
    const { instructions: make } = rig;
    await act(rig, make.setLimits({ vault: alice.vault, mint }, LIMITS));
    await act(rig, make.createSecurityConfig(alice.vault, { withdrawalDelaySeconds: DELAY, whitelist: null, vetoer }));
    at = { vault: { ...alice.vault, hasSecurityConfig: true }, mint };
  });

  const request = (timestamp: bigint, amountUnits = 100n, destination?: Address) =>
    rig.instructions.requestWithdrawal(at, {
      amountUnits,
      timestamp,
      ...(destination === undefined ? {} : { destination }),
    });
  const pending = (timestamp: bigint) => ({ timestamp, destination: alice.key.address, payer: alice.key.address });
  const execute = (timestamp: bigint) => outcome(rig, rig.instructions.executeWithdrawal(at, pending(timestamp)));
  const total = async () => (await rig.balance(alice.key.address, mint)).total;

  it("COL-6 pays after the delay, to the second, and only once", async () => {
    expect(await outcome(rig, rig.instructions.withdraw(at, 1n))).to.equal("DelayRequired");
    const timestamp = rig.now;
    await act(rig, request(timestamp));
    const record = rig.read("pendingWithdrawal", await rig.addresses.pendingWithdrawal(alice.address, timestamp));
    expect(record).to.deep.include({ amount: 100n, maturesAt: timestamp + DELAY, requestedAt: timestamp });
    rig.warp(DELAY - 1n);
    expect(await execute(timestamp)).to.equal("NotMatured");
    rig.warp(1n);
    const instruction = await rig.instructions.executeWithdrawal(at, pending(timestamp));
    const sent = await rig.must([instruction]);
    expect(sent.events.map(({ name }) => name)).to.deep.equal(["withdrawn", "withdrawalExecuted"]);
    expect(await total()).to.equal(900n);
    expect(await execute(timestamp)).to.equal("AccountOwnedByWrongProgram");
    expect(rig.read("vault", alice.address).pendingWithdrawals).to.equal(0);
  });

  it("COL-6 checks limits, what is available and the destination again when it pays", async () => {
    const [first, second] = [rig.now, rig.now + 1n];
    await act(rig, request(first, 900n), request(second, 900n));
    rig.warp(DELAY);
    expect(await execute(first)).to.equal("ok");
    expect(await execute(second)).to.equal("InsufficientAvailable");
    await act(rig, rig.instructions.deposit(at, 1_000n));
    expect(await execute(second)).to.equal("DailyLimit");
    rig.warp(DAY);
    expect(await execute(second)).to.equal("ok");
  });

  it("COL-6 takes only timestamps near the clock and above the last", async () => {
    const { now } = rig;
    expect(await outcome(rig, request(now + 61n))).to.equal("BadTimestamp");
    expect(await outcome(rig, request(now - 61n))).to.equal("BadTimestamp");
    expect(await outcome(rig, request(now - 60n))).to.equal("ok");
    expect(await outcome(rig, request(now))).to.equal("ok");
    expect(await outcome(rig, request(now - 1n))).to.equal("BadTimestamp");
    // a collision: the account is there already, and the client takes the last one plus 1
    expect(await outcome(rig, request(now))).to.equal("AccountAlreadyInUse");
    expect(await outcome(rig, request(now + 1n))).to.equal("ok");
    expect(await outcome(rig, request(now + 60n))).to.equal("ok");
    // the seed says nothing about when: it matures by the clock
    const record = rig.read("pendingWithdrawal", await rig.addresses.pendingWithdrawal(alice.address, now + 60n));
    expect(record.maturesAt).to.equal(now + DELAY);
  });

  it("COL-32 takes a request of several owners as late as its proposal lives, and delays it from then", async () => {
    const { instructions: make } = rig;
    const owners = [stranger, vetoer];
    await share(rig, at.vault, { owners, threshold: 2 });
    const vault = { ...at.vault, hasMultiSig: true };
    const ask = (timestamp: bigint, payer?: Address) =>
      make.requestWithdrawal({ vault, mint }, { amountUnits: 5n, timestamp }, payer);
    const askNow = (timestamp: bigint) => outcome(rig, ask(timestamp, stranger));
    const [late, overtaken] = [rig.now, rig.now - 1n];
    const index = await proposed(rig, vault, owners, ask(late), 14n * DAY);
    rig.warp(14n * DAY - 1n);
    expect(await outcome(rig, execution(rig, vault, index, stranger))).to.equal("ok");
    const record = rig.read("pendingWithdrawal", await rig.addresses.pendingWithdrawal(alice.address, late));
    expect(record).to.deep.include({ requestedAt: rig.now, maturesAt: rig.now + DELAY });
    // its address is taken; what an earlier timestamp asks for comes too late; and neither comes back once it is paid
    expect(await askNow(late)).to.equal("AccountAlreadyInUse");
    expect(await askNow(overtaken)).to.equal("BadTimestamp");
    rig.warp(DELAY - 1n);
    const pay = make.executeWithdrawal(at, { ...pending(late), payer: stranger });
    expect(await outcome(rig, pay)).to.equal("NotMatured");
    rig.warp(1n);
    expect(await outcome(rig, pay)).to.equal("ok");
    for (const timestamp of [late, overtaken]) expect(await askNow(timestamp)).to.equal("BadTimestamp");
    rig.warp(14n * DAY);
    const { now } = rig;
    expect(await askNow(now - 14n * DAY - 1n)).to.equal("BadTimestamp");
    expect(await askNow(now + 61n)).to.equal("BadTimestamp");
    expect(await askNow(now - 14n * DAY)).to.equal("ok");
    expect(await askNow(now + 60n)).to.equal("ok");
  });

  describe("of a mint with a fee", () => {
    const ALL = { bps: 10_000, maxUnits: (1n << 64n) - 1n };
    let carol: Depositor;
    let taxed: TestMint;
    let open: BalanceRef;

    beforeEach(async () => {
      taxed = await rig.mint({ transferFee: { bps: 100, maxUnits: 1_000n } });
      carol = await rig.depositor("carol", [taxed], 2_000n);
      open = { vault: carol.vault, mint: taxed };
    });
    const total = async () => (await rig.balance(carol.key.address, taxed)).total;

    it("COL-33 delivers to others' hands what was signed for or nothing, and less to the authority's own", async () => {
      const { instructions: make } = rig;
      const owner = carol.key.address;
      await act(rig, make.setLimits(open, LIMITS));
      await act(rig, make.createSecurityConfig(carol.vault, { withdrawalDelaySeconds: DELAY, whitelist: null }));
      const delayed: BalanceRef = { vault: { ...carol.vault, hasSecurityConfig: true }, mint: taxed };
      const seeds = [rig.now, rig.now + 1n, rig.now + 2n] as const;
      const ask = (timestamp: bigint, minimumReceivedUnits?: bigint) =>
        make.requestWithdrawal(delayed, {
          ...{ amountUnits: 100n, timestamp },
          ...(minimumReceivedUnits === undefined ? {} : { minimumReceivedUnits }),
        });
      expect(await outcome(rig, ask(seeds[0], 101n))).to.equal("BadMinimum");
      await act(rig, ask(seeds[0]), ask(seeds[1]), ask(seeds[2], 0n));
      const addresses = await Promise.all(seeds.map((seed) => rig.addresses.pendingWithdrawal(carol.address, seed)));
      const minima = addresses.map((address) => rig.read("pendingWithdrawal", address).minimumReceived);
      expect(minima).to.deep.equal([99n, 99n, 0n]);
      rig.warp(DELAY);
      const execute = (timestamp: bigint, authority?: Address) =>
        make.executeWithdrawal(delayed, { timestamp, destination: owner, payer: owner }, authority);
      const before = await total();
      setTransferFee(rig, taxed, { bps: 200, maxUnits: 1_000n });
      expect(await outcome(rig, execute(seeds[0]))).to.equal("LessReceived");
      setTransferFee(rig, taxed, ALL);
      expect(await outcome(rig, execute(seeds[0]))).to.equal("LessReceived");
      expect(await outcome(rig, execute(seeds[0], stranger))).to.equal("NotOwner");
      expect(await total()).to.equal(before);
      // dust can leave where all of it is the fee, when the owner signs it, now or when he asks
      const sent = await rig.must([await execute(seeds[0], owner)], { as: [owner] });
      expect(sent.events[0]?.data).to.deep.include({ amount: 100n, received: 0n });
      expect(await outcome(rig, execute(seeds[2]))).to.equal("ok");
      setTransferFee(rig, taxed, { bps: 100, maxUnits: 1_000n });
      expect(await outcome(rig, execute(seeds[1]))).to.equal("ok");
      expect(await total()).to.equal(before - 300n);
    });

    it("COL-33 pays nothing at once, and nothing that owners approved, when less would arrive than they signed for", async () => {
      const { instructions: make } = rig;
      const { address: owner } = carol.key;
      expect(await outcome(rig, make.withdraw(open, 100n, owner, 101n))).to.equal("BadMinimum");
      expect(await outcome(rig, make.withdraw(open, 100n, owner, 100n))).to.equal("LessReceived");
      expect(await outcome(rig, make.withdraw(open, 100n))).to.equal("ok");
      const owners = [stranger, vetoer];
      await act(rig, make.createMultiSig(carol.vault, { owners, threshold: 2 }));
      const vault = { ...carol.vault, hasMultiSig: true };
      const index = await proposed(rig, vault, owners, make.withdraw({ vault, mint: taxed }, 100n));
      const before = await total();
      setTransferFee(rig, taxed, ALL);
      expect(await outcome(rig, execution(rig, vault, index, stranger))).to.equal("LessReceived");
      expect(await total()).to.equal(before);
      setTransferFee(rig, taxed, { bps: 100, maxUnits: 1_000n });
      expect(await outcome(rig, execution(rig, vault, index, stranger))).to.equal("ok");
    });

    it("COL-33 executes a request for less than it asked for only when its owners approve just that", async () => {
      const { instructions: make } = rig;
      const owners = [stranger, vetoer];
      await act(rig, make.setLimits(open, LIMITS));
      await act(rig, make.createSecurityConfig(carol.vault, { withdrawalDelaySeconds: DELAY, whitelist: null }));
      await share(rig, { ...carol.vault, hasSecurityConfig: true }, { owners, threshold: 2 });
      const vault = { ...carol.vault, hasSecurityConfig: true, hasMultiSig: true };
      const shared: BalanceRef = { vault, mint: taxed };
      const timestamp = rig.now;
      const asked = make.requestWithdrawal(shared, { amountUnits: 100n, timestamp, destination: carol.key.address });
      await act(rig, execution(rig, vault, await proposed(rig, vault, owners, asked), stranger));
      rig.warp(DELAY);
      setTransferFee(rig, taxed, ALL);
      const record = rig.read("pendingWithdrawal", await rig.addresses.pendingWithdrawal(carol.address, timestamp));
      const request = { timestamp, destination: record.destination, payer: record.payer };
      const before = await total();
      expect(await outcome(rig, make.executeWithdrawal(shared, request))).to.equal("LessReceived");
      const multiSig = await rig.addresses.multiSigVault(carol.address);
      const taken = await proposed(rig, vault, owners, make.executeWithdrawal(shared, request, multiSig));
      expect(await total()).to.equal(before);
      expect(await outcome(rig, execution(rig, vault, taken, stranger))).to.equal("ok");
      expect(await total()).to.equal(before - 100n);
    });
  });

  it("COL-6 keeps at most 64 waiting", async () => {
    for (let index = -60n; index < 4n; index += 1n) await act(rig, request(rig.now + index, 1n));
    expect(await outcome(rig, request(rig.now + 4n, 1n))).to.equal("TooManyPending");
  });

  it("COL-7 lets the owner and the vetoer cancel, in every pause and freeze, and nobody else", async () => {
    const { instructions: make } = rig;
    const timestamps = [rig.now, rig.now + 1n] as const;
    for (const timestamp of timestamps) await act(rig, request(timestamp));
    const cancel = (timestamp: bigint, signer: Address) =>
      outcome(rig, make.cancelWithdrawal(at, pending(timestamp), signer));
    expect(await cancel(timestamps[0], stranger)).to.equal("MayNotVeto");
    await act(rig, make.pause(rig.roles.guardian.address));
    expect(await cancel(timestamps[0], vetoer)).to.equal("ok");
    expect(await cancel(timestamps[1], alice.key.address)).to.equal("ok");
    expect(await cancel(timestamps[1], alice.key.address)).to.equal("AccountOwnedByWrongProgram");
    expect(rig.read("vault", alice.address).pendingWithdrawals).to.equal(0);
    expect(await rig.balance(alice.key.address, mint)).to.deep.include({ pendingWithdrawals: 0, total: 1_000n });
  });

  it("COL-6 is stale after any change of the rules: settings, limits, and a multi-sig", async () => {
    const { instructions: make } = rig;
    const changes = [
      () => make.changeSecurity(at.vault, { kind: "withdrawalDelay", seconds: DELAY }),
      () => make.setLimits(at, LIMITS),
      () => make.applyMultiSig(at.vault),
    ];
    // it waits, and until it counts nothing is stale
    await act(rig, make.createMultiSig(at.vault, { owners: [stranger], threshold: 1 }));
    rig.warp(DAY);
    for (const change of changes) {
      const timestamp = rig.now;
      await act(rig, request(timestamp), change());
      rig.warp(DELAY);
      expect(await execute(timestamp)).to.equal("StaleConfig");
    }
  });

  it("COL-6 pays nothing after its vault froze, and pays when the freeze is over", async () => {
    const { instructions: make } = rig;
    const vault = { ...at.vault, hasMultiSig: true };
    await share(rig, at.vault, { owners: [stranger], threshold: 1 });
    const guarded = { vault, mint };
    const timestamp = rig.now;
    await act(rig, make.requestWithdrawal(guarded, { amountUnits: 5n, timestamp }, stranger));
    await act(rig, make.freezeVault(vault, DAY));
    rig.warp(DELAY);
    const paid = { timestamp, destination: alice.key.address, payer: stranger };
    expect(await outcome(rig, make.executeWithdrawal(guarded, paid))).to.equal("VaultFrozen");
    rig.warp(DAY - DELAY);
    expect(await outcome(rig, make.executeWithdrawal(guarded, paid))).to.equal("ok");
    expect(await total()).to.equal(995n);
  });
});
