import type { Address, KeyPairSigner } from "@solana/kit";
import { expect } from "chai";

import { RevertError } from "../../../protocol/errors.js";
import { readProposal } from "../../../protocol/solana/accounts.js";
import { showProposal } from "../../../protocol/solana/proposals.js";
import { readAccounts } from "../../../protocol/solana/rpc.js";
import {
  nextTimestamp,
  VaultManager,
  type PendingRef,
  type Withdrawal,
} from "../../../protocol/solana/vaultManager.js";
import type { VaultHistory } from "../../../protocol/solana/vaultHistory.js";
import { describeWith } from "../../helpers/describeWith.js";
import { codeOf } from "../../helpers/rejection.js";
import { setTransferFee } from "../../helpers/solanaVault/mints.js";
import { VaultNode } from "../../helpers/solanaVault/node.js";
import { VaultRig, type Depositor, type TestMint } from "../../helpers/solanaVault/rig.js";

describeWith("ownCluster", "vault manager", () => {
  let rig: VaultRig;
  let node: VaultNode;
  let manager: VaultManager;
  let mint: TestMint;
  let alice: Depositor;
  let carol: Depositor;
  let bob: KeyPairSigner;
  let friend: KeyPairSigner;
  let owners: [KeyPairSigner, KeyPairSigner];

  before(async () => {
    rig = await VaultRig.create();
    mint = await rig.mint({ decimals: 9 });
    alice = await rig.depositor("alice", [mint], 1_000n);
    carol = await rig.depositor("carol", [mint], 500n);
    bob = await rig.wallet("bob");
    friend = await rig.wallet("friend");
    owners = [await rig.wallet("one"), await rig.wallet("two")];
    await rig.tokens(bob.address, mint, 70n);
    const { instructions: make } = rig;
    const rules = { withdrawalDelaySeconds: 60n, whitelist: [friend.address] };
    await rig.must(
      [await make.setLimits({ vault: carol.vault, mint }, { perTransaction: 400n, capacity: 400n, refillPerDay: 0n })],
      {
        signers: [carol.key],
      },
    );
    await rig.must([await make.createSecurityConfig(carol.vault, rules)], { signers: [carol.key] });
    node = await VaultNode.start(rig);
    manager = new VaultManager(node.rpc);
  });
  after(() => node.stop());

  const revertOf = async (work: Promise<unknown>): Promise<RevertError> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof RevertError) return error;
    throw new Error(`not a RevertError: ${String(error)}`);
  };
  const allOf = async (owner: Address, limit: number): Promise<VaultHistory[]> => {
    const pages: VaultHistory[] = [];
    for (let after: VaultHistory["next"]; pages.length === 0 || after !== undefined;) {
      const page = await manager.history(owner, { limit, after });
      pages.push(page);
      after = page.next;
    }
    return pages;
  };

  it("opens a vault once, and pays in", async () => {
    expect(await codeOf(manager.state(bob.address))).to.equal("VAULT_NOT_FOUND");
    expect(await codeOf(manager.deposit(bob.address, mint.address, 1n))).to.equal("BALANCE_NOT_FOUND");
    const opening = await manager.create(bob.address, mint.address);
    if (opening === undefined) throw new Error("nothing to open");
    expect(opening.signers).to.deep.equal([bob.address]);
    await node.send(opening, [bob]);
    expect(await manager.create(bob.address, mint.address)).to.equal(undefined);
    const deposit = await manager.deposit(bob.address, mint.address, 50n);
    expect(deposit.bytes).to.be.below(1_232);
    expect(Number(deposit.simulation.computeUnits)).to.be.below(deposit.computeUnitLimit);
    await node.send(deposit, [bob]);
    const state = await manager.state(bob.address);
    expect(state.account).to.deep.include({ owner: bob.address, openBalances: 1, hasMultiSig: false });
    const [balance] = state.balances;
    expect(balance?.account).to.deep.include({ totalUnits: 50n, lockedUnits: 0n, availableUnits: 50n, decimals: 9 });
    expect(balance?.heldUnits).to.equal(50n);
    expect(state.clockSeconds >= rig.now).to.equal(true);
  });

  it("says by name what the program would refuse, before anybody signs", async () => {
    const above = await revertOf(
      manager.withdraw({ owner: alice.key.address, mint: mint.address, amountUnits: 1_001n }),
    );
    expect(above.revertName).to.equal("InsufficientAvailable");
    expect(above.args).to.deep.equal(["collateralVault"]);
    const zero = await revertOf(manager.deposit(alice.key.address, mint.address, 0n));
    expect(zero.revertName).to.equal("ZeroAmount");
    const elsewhere = await revertOf(
      manager.withdraw({ owner: alice.key.address, mint: mint.address, amountUnits: 1n, destination: friend.address }),
    );
    expect(elsewhere.revertName).to.equal("DestinationNotAllowed");
    expect(await codeOf(manager.mint(alice.key.address))).to.equal("NOT_A_MINT");
  });

  it("pays out at once where there is no delay", async () => {
    const made = await manager.withdraw({ owner: alice.key.address, mint: mint.address, amountUnits: 300n });
    expect(made.kind).to.equal("paid");
    await node.send(made.transaction, [alice.key]);
    const [balance] = (await manager.state(alice.key.address)).balances;
    expect(balance?.account.totalUnits).to.equal(700n);
  });

  it("requests a withdrawal where there is a delay, each under a seed of its own", async () => {
    const request = { owner: carol.key.address, mint: mint.address, amountUnits: 10n, destination: friend.address };
    const made: Withdrawal[] = [];
    for (const _ of [1, 2]) {
      const one = await manager.withdraw(request);
      await node.send(one.transaction, [carol.key]);
      made.push(one);
    }
    expect(made.map(({ kind }) => kind)).to.deep.equal(["requested", "requested"]);
    const state = await manager.state(carol.key.address);
    const waiting = state.pendingWithdrawals.map(({ address }) => address);
    expect(waiting).to.have.members(made.map((one) => (one.kind === "requested" ? one.pendingWithdrawal : "")));
    expect(state.pendingWithdrawals[0]?.account).to.deep.include({ amountUnits: 10n, destination: friend.address });
    expect(state.securityConfig).to.deep.include({ withdrawalDelaySeconds: 60n, isWhitelistOn: true });
    expect(state.balances[0]?.account.limits).to.deep.include({ perTransactionUnits: 400n });
  });

  it("executes and cancels withdrawals that wait, for whoever may", async () => {
    const taxed = await rig.mint({ transferFee: { bps: 100, maxUnits: 1_000n } });
    const frank = await rig.depositor("frank", [taxed], 1_000n);
    const vetoer = await rig.wallet("vetoer");
    const signers = [frank.key];
    const { instructions: make } = rig;
    const at = { vault: { ...frank.vault, hasSecurityConfig: true }, mint: taxed };
    const limits = { perTransaction: 400n, capacity: 400n, refillPerDay: 0n };
    const rules = { withdrawalDelaySeconds: 60n, whitelist: null, vetoer: vetoer.address };
    await rig.must([await make.setLimits({ ...at, vault: frank.vault }, limits)], { signers });
    await rig.must([await make.createSecurityConfig(frank.vault, rules)], { signers });
    const asked: PendingRef[] = [];
    for (const minimumReceivedUnits of [99n, 99n, 0n]) {
      const timestamp = rig.now + BigInt(asked.length);
      await rig.must([await make.requestWithdrawal(at, { amountUnits: 100n, timestamp, minimumReceivedUnits })], {
        signers,
      });
      const pendingWithdrawal = await rig.addresses.pendingWithdrawal(frank.address, timestamp);
      asked.push({ owner: frank.key.address, pendingWithdrawal });
    }
    const [first, second, third] = asked as [PendingRef, PendingRef, PendingRef];
    const other = await VaultNode.start(rig);
    try {
      const early = await revertOf(new VaultManager(other.rpc).executeWithdrawal(first, bob.address));
      expect(early.revertName).to.equal("NotMatured");
    } finally {
      await other.stop();
    }
    rig.warp(60n);
    setTransferFee(rig, taxed, { bps: 10_000, maxUnits: 1_000_000n });
    const later = await VaultNode.start(rig);
    try {
      const franks = new VaultManager(later.rpc);
      expect((await franks.mint(taxed.address)).transferFee).to.deep.equal({ bps: 10_000, maxUnits: 1_000_000n });
      const less = await revertOf(franks.executeWithdrawal(first, bob.address));
      expect(less.revertName).to.equal("LessReceived");
      const own = await franks.executeWithdrawal(first, bob.address, true);
      expect(own.signers).to.have.members([bob.address, frank.key.address]);
      await later.send(own, [bob, frank.key]);
      expect((await revertOf(franks.cancelWithdrawal(second, bob.address))).revertName).to.equal("MayNotVeto");
      await later.send(await franks.cancelWithdrawal(second, vetoer.address), [vetoer]);
      await later.send(await franks.executeWithdrawal(third, bob.address), [bob]);
      const state = await franks.state(frank.key.address);
      expect([state.pendingWithdrawals.length, state.balances[0]?.account.totalUnits]).to.deep.equal([0, 790n]);
      expect(await codeOf(franks.executeWithdrawal(first, bob.address))).to.equal("WITHDRAWAL_NOT_FOUND");
      expect(await codeOf(franks.cancelWithdrawal(second))).to.equal("WITHDRAWAL_NOT_FOUND");
    } finally {
      await later.stop();
    }
  });

  it("proposes where there is a multi-sig", async () => {
    const dave = await rig.depositor("dave", [mint], 100n);
    const args = { owners: owners.map(({ address }) => address), threshold: 2 };
    await rig.must([await rig.instructions.createMultiSig(dave.vault, args)], { signers: [dave.key] });
    const other = await VaultNode.start(rig);
    try {
      const daves = new VaultManager(other.rpc);
      const request = { owner: dave.key.address, mint: mint.address, amountUnits: 40n };
      expect(await codeOf(daves.withdraw(request))).to.equal("PROPOSER_REQUIRED");
      const { clockSeconds } = await daves.state(dave.key.address);
      const [one, two] = owners;
      const proposal = { proposer: one.address, expiresAtSeconds: clockSeconds + 3_600n };
      const stranger = { ...proposal, proposer: dave.key.address };
      expect(await codeOf(daves.withdraw({ ...request, proposal: stranger }))).to.equal("NOT_AN_OWNER");
      const made = await daves.withdraw({ ...request, proposal });
      if (made.kind !== "proposed") throw new Error(made.kind);
      expect(made.of).to.equal("paid");
      await other.send(made.transaction, [one]);
      const state = await daves.state(dave.key.address);
      expect(state.multiSig?.account).to.deep.include({ threshold: 2, nextIndices: [made.index + 16n, 1n] });
      expect(state.multiSig?.account.owners).to.deep.equal([one.address, two.address]);

      expect(await codeOf(daves.proposal(dave.address))).to.equal("WRONG_ACCOUNT");
      expect(await codeOf(daves.proposal(two.address))).to.equal("PROPOSAL_NOT_FOUND");
      const shown = await daves.proposal(made.proposal);
      expect(shown.instruction).to.equal("withdraw");
      expect(shown.args).to.deep.equal({ args: { amount: 40n, minimumReceived: 40n, decimals: 9 } });
      expect(shown.accounts.find(({ name }) => name === "authority")?.address).to.equal(state.multiSig?.address);
      expect(shown.hash).to.match(/^[0-9a-f]{64}$/);
      // a node that shows less than is there
      const less = { ...shown.content, data: shown.content.data.map((byte, place) => (place === 8 ? 1 : byte)) };
      const lie = await showProposal(less);
      expect(lie.args).to.deep.equal({ args: { amount: 1n, minimumReceived: 40n, decimals: 9 } });
      expect((await revertOf(daves.approve(lie, two.address))).revertName).to.equal("ProposalContentMismatch");
      await other.send(await daves.approve(shown, two.address), [two]);
      const after = await readAccounts(other.rpc, [made.proposal], "confirmed");
      expect(readProposal(after.accounts.get(made.proposal)?.data ?? new Uint8Array()).approvedBy).to.deep.equal([1]);
      const unreadable = { ...shown.content, data: Uint8Array.of(1, 2, 3) };
      expect(await codeOf(showProposal(unreadable))).to.equal("UNKNOWN_INSTRUCTION");
    } finally {
      await other.stop();
    }
  });

  it("proposes requests of several owners under seeds of their own", async () => {
    const erin = await rig.depositor("erin", [mint], 100n);
    const signers = [erin.key];
    const { instructions: make } = rig;
    const rules = { withdrawalDelaySeconds: 60n, whitelist: null };
    const args = { owners: owners.map(({ address }) => address), threshold: 1 };
    await rig.must([await make.createSecurityConfig(erin.vault, rules)], { signers });
    const vault = { ...erin.vault, hasSecurityConfig: true };
    await rig.must([await make.createMultiSig(vault, args)], { signers });
    rig.warp(86_400n);
    await rig.must([await make.applyMultiSig(vault)]);
    const other = await VaultNode.start(rig);
    try {
      const erins = new VaultManager(other.rpc);
      const { clockSeconds } = await erins.state(erin.key.address);
      const timestamps: bigint[] = [];
      for (const owner of owners) {
        const proposal = { proposer: owner.address, expiresAtSeconds: clockSeconds + 3_600n };
        const request = { owner: erin.key.address, mint: mint.address, amountUnits: 1n, proposal };
        const made = await erins.withdraw(request);
        if (made.kind !== "proposed") throw new Error(made.kind);
        expect(made.of).to.equal("requested");
        await other.send(made.transaction, [owner]);
        const shown = await erins.proposal(made.proposal);
        timestamps.push((shown.args as { readonly args: { readonly timestamp: bigint } }).args.timestamp);
      }
      const [first = 0n, second = 0n] = timestamps;
      expect(second > first).to.equal(true);
      expect(first - clockSeconds < 60n).to.equal(true);
      // one that is far ahead pushes nobody else's away
      const state = await erins.state(erin.key.address);
      expect(nextTimestamp(state, [state.clockSeconds + 60n])).to.equal(state.clockSeconds + 61n);
      expect(nextTimestamp(state, [state.clockSeconds + 61n])).to.equal(state.clockSeconds);
    } finally {
      await other.stop();
    }
  });

  it("tells the history page by page, without a gap and nothing twice", async () => {
    const pages = await allOf(carol.key.address, 1);
    const entries = pages.flatMap((page) => page.entries);
    const names = entries.flatMap(({ events }) => events.map(({ name }) => name));
    // Newest first; where the rig and the node are one cluster, what prepared the vault comes after.
    expect(names.slice(0, 2)).to.deep.equal(["withdrawalRequested", "withdrawalRequested"]);
    expect(names.slice(2)).not.to.include("withdrawalRequested");
    expect(new Set(entries.map(({ signature }) => signature)).size).to.equal(entries.length);
    const [whole] = await allOf(carol.key.address, 100);
    expect(whole?.entries.map(({ signature }) => signature)).to.deep.equal(entries.map(({ signature }) => signature));
    const bobs = (await allOf(bob.address, 2)).flatMap((page) => page.entries);
    const events = bobs.flatMap((entry) => entry.events.toReversed());
    expect(events.map(({ name }) => name)).to.deep.equal(["deposited", "balanceOpened", "vaultInitialized"]);
    const [deposited] = events;
    if (deposited?.name !== "deposited") throw new Error("no deposit");
    expect(deposited.data).to.deep.include({ amount: 50n, received: 50n });
    expect(deposited.data.ledger).to.deep.include({ total: 50n, locked: 0n, seqNum: 1n });
  });
});
