import { AccountRole, type Address } from "@solana/kit";
import { expect } from "chai";

import { readProposal } from "../../../protocol/solana/accounts.js";
import type { BalanceRef, VaultRef } from "../../../protocol/solana/instructions.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { proposalHash, type ProposalContent } from "../../../protocol/solana/proposals.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, approval, execution, nextIndex, outcome, proposed } from "../../helpers/solanaVault/acting.js";
import { callsOf, type CallName } from "../../helpers/solanaVault/calls.js";
import { Nonce } from "../../helpers/solanaVault/nonce.js";
import { VaultRig, type Depositor, type TestMint } from "../../helpers/solanaVault/rig.js";
import { signersOf, Stage } from "../../helpers/solanaVault/stage.js";

const DAY = 86_400n;

describeWith("ownCluster", "multi-sig of a collateral vault", () => {
  let rig: VaultRig;
  let mint: TestMint;
  let alice: Depositor;
  let one: Address;
  let two: Address;
  let three: Address;
  let stranger: Address;
  let vault: VaultRef;
  let at: BalanceRef;
  let multiSig: Address;

  beforeEach(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    [one, two, three, stranger] = (await Promise.all(
      ["one", "two", "three", "stranger"].map(async (name) => (await rig.wallet(name)).address),
    )) as [Address, Address, Address, Address];
    await act(rig, rig.instructions.createMultiSig(alice.vault, { owners: [one, two, three], threshold: 2 }));
    vault = { ...alice.vault, hasMultiSig: true };
    at = { vault, mint };
    multiSig = await rig.addresses.multiSigVault(alice.address);
  });

  const withdrawal = (amountUnits = 10n) => rig.instructions.withdraw(at, amountUnits);
  const propose = (approvers: readonly Address[], instruction: Promise<FullInstruction> = withdrawal()) =>
    proposed(rig, vault, approvers, instruction);
  const execute = async (index: bigint, by: Address = one) => outcome(rig, execution(rig, vault, index, by));
  const approve = (index: bigint, by: Address) => outcome(rig, approval(rig, vault, index, by));
  const total = async () => (await rig.balance(alice.key.address, mint)).total;

  it("COL-14 executes what enough owners approved, once", async () => {
    const index = await propose([one]);
    expect(await approve(index, one)).to.equal("AlreadyApproved");
    expect(await approve(index, stranger)).to.equal("NotMultiSigOwner");
    expect(await approve(index, alice.key.address)).to.equal("NotMultiSigOwner");
    expect(await execute(index)).to.equal("NotEnoughApprovals");
    expect(await approve(index, three)).to.equal("ok");
    expect(await execute(index, stranger)).to.equal("NotMultiSigOwner");
    expect(await execute(index, two)).to.equal("ok");
    expect(await total()).to.equal(990n);
    expect(await execute(index)).to.equal("ProposalClosed");
    expect(await approve(index, two)).to.equal("ProposalClosed");
    expect(await total()).to.equal(990n);
    expect(await outcome(rig, rig.instructions.closeProposal(vault, index, one))).to.equal("ok");
  });

  it("COL-14 counts an approval for the content that was shown, whatever a node says", async () => {
    const index = await propose([one]);
    const at = await rig.addresses.proposal(multiSig, index);
    const content = readProposal(rig.data(at) ?? new Uint8Array());
    const [first, ...rest] = content.accounts;
    if (first === undefined) throw new Error("no accounts");
    const lies: readonly Partial<ProposalContent>[] = [
      { multiSig: alice.address },
      { proposer: two },
      { index: index + 1n },
      { epoch: content.epoch + 1n },
      { expiresAtSeconds: content.expiresAtSeconds + 1n },
      { accounts: rest },
      { accounts: [{ ...first, key: stranger }, ...rest] },
      { accounts: [{ ...first, isWritable: !first.isWritable }, ...rest] },
      { data: content.data.map((byte, place) => (place === 8 ? byte ^ 1 : byte)) },
      { data: content.data.slice(0, -1) },
    ];
    for (const lie of lies) {
      const hash = await proposalHash({ ...content, ...lie });
      const told = rig.instructions.approve(vault, index, two, hash);
      expect(await outcome(rig, told), Object.keys(lie).join()).to.equal("ProposalContentMismatch");
    }
    const none = rig.instructions.approve(vault, index, two, new Uint8Array(32));
    expect(await outcome(rig, none)).to.equal("ProposalContentMismatch");
    expect(rig.read("proposal", at).approvals).to.equal(1);
    expect(await approve(index, two)).to.equal("ok");
  });

  it("COL-14 lets nothing expired, cancelled or of other owners be approved or executed", async () => {
    const { instructions: make } = rig;
    const expired = await propose([one, two]);
    rig.warp(3_600n);
    expect(await execute(expired)).to.equal("ProposalExpired");
    expect(await approve(expired, three)).to.equal("ProposalExpired");
    const cancelled = await propose([one, two]);
    expect(await outcome(rig, make.cancelProposal(vault, cancelled, two))).to.equal("NotProposer");
    expect(await outcome(rig, make.closeProposal(vault, cancelled, one))).to.equal("ProposalOpen");
    await act(rig, make.cancelProposal(vault, cancelled, one));
    expect(await execute(cancelled)).to.equal("ProposalClosed");
    const stale = await propose([one, three]);
    // removing an owner counts at once
    const removal = await propose([one, two], make.changeMultiSig(vault, { owners: [one, two], threshold: 2 }));
    expect(await execute(removal)).to.equal("ok");
    expect(await execute(stale)).to.equal("StaleProposal");
    expect(await approve(stale, two)).to.equal("StaleProposal");
    const next = await propose([one]);
    expect(await approve(next, three)).to.equal("NotMultiSigOwner");
  });

  it("COL-14 keeps approvals of a multi-sig that was removed and made again out", async () => {
    const { instructions: make } = rig;
    const old = await propose([one, two], make.withdraw(at, 500n));
    const expires = rig.read("proposal", await rig.addresses.proposal(multiSig, old)).expiresAt;
    const removal = await proposed(rig, vault, [one, two], make.changeMultiSig(vault, { owners: [], threshold: 0 }));
    expect(await execute(removal)).to.equal("ok");
    rig.warp(DAY);
    await act(rig, make.applyMultiSig(vault));
    await act(rig, make.createMultiSig(alice.vault, { owners: [one, two, three], threshold: 2 }));
    // by the clock it would still live
    rig.setClock(expires - 1n, rig.slot);
    expect(await execute(old)).to.equal("StaleProposal");
    // its address is taken until somebody closes it
    await act(rig, make.closeProposal(vault, old, one));
    expect(await propose([one, two])).to.equal(old);
  });

  it("COL-14 loosens after a day, and one owner stops it", async () => {
    const { instructions: make } = rig;
    const changes = [
      { owners: [one, two, three], threshold: 1 },
      { owners: [one, two, three, stranger], threshold: 2 },
      { owners: [], threshold: 0 },
    ];
    for (const change of changes) {
      expect(await execute(await propose([one, two], make.changeMultiSig(vault, change)))).to.equal("ok");
      rig.warp(DAY - 1n);
      expect(await outcome(rig, make.applyMultiSig(vault))).to.equal("StillWaiting");
      expect(await outcome(rig, make.vetoMultiSig(vault, stranger))).to.equal("MayNotVeto");
      expect(await outcome(rig, make.vetoMultiSig(vault, alice.key.address))).to.equal("MayNotVeto");
      await act(rig, make.vetoMultiSig(vault, three));
      rig.warp(1n);
      expect(await outcome(rig, make.applyMultiSig(vault))).to.equal("NothingPending");
    }
    expect(await execute(await propose([one, two], make.changeMultiSig(vault, { owners: [], threshold: 0 })))).to.equal(
      "ok",
    );
    rig.warp(DAY);
    await act(rig, make.applyMultiSig(vault));
    expect(rig.data(multiSig)).to.equal(undefined);
    expect(await outcome(rig, make.withdraw({ vault: alice.vault, mint }, 1n))).to.equal("ok");
  });

  it("COL-14 takes owners that are 1 to 10, distinct and not zero", async () => {
    const bob = await rig.depositor("bob", [mint], 0n);
    const many = await Promise.all(
      Array.from({ length: 11 }, async (_, index) => (await rig.wallet(`many ${String(index)}`)).address),
    );
    const create = (owners: readonly Address[], threshold: number) =>
      outcome(rig, rig.instructions.createMultiSig(bob.vault, { owners, threshold }));
    for (const [owners, threshold] of [
      [[], 0],
      [[one], 0],
      [[one], 2],
      [[one, one], 1],
      [["11111111111111111111111111111111" as Address], 1],
      [many, 1],
    ] as const) {
      expect(await create(owners, threshold)).to.equal("BadOwners");
    }
    expect(await create(many.slice(0, 10), 10)).to.equal("ok");
  });

  it("COL-15 executes with the proposal's accounts in their order, and no others", async () => {
    const index = await propose([one, two]);
    const made = await execution(rig, vault, index, one);
    const fixed = made.accounts.length - (await withdrawal()).accounts.length;
    const other = await rig.tokens(stranger, mint);
    const changes: readonly ((accounts: FullInstruction["accounts"]) => FullInstruction["accounts"])[] = [
      (accounts) => accounts.slice(0, -1),
      (accounts) => [...accounts, { address: stranger, role: AccountRole.READONLY }],
      (accounts) => accounts.map((meta, place) => (place === fixed + 7 ? { ...meta, address: other } : meta)),
      (accounts) => [...accounts.slice(0, fixed), ...accounts.slice(fixed).reverse()],
    ];
    for (const change of changes) {
      expect(await outcome(rig, { ...made, accounts: change(made.accounts) })).to.equal("ProposalAccountsMismatch");
    }
    expect(await outcome(rig, made)).to.equal("ok");
  });

  it("COL-15 has the executor pay where the proposal says so, beside the System program", async () => {
    const other = await rig.mint();
    const index = await propose([one, two], rig.instructions.openBalance({ vault, mint: other }));
    const before = rig.svm.getBalance(two) ?? 0n;
    expect(await execute(index, two)).to.equal("ok");
    expect((rig.svm.getBalance(two) ?? 0n) < before).to.equal(true);
    expect((await rig.balance(alice.key.address, other)).total).to.equal(0n);
  });

  it("COL-15 lets nobody sign as executor for more than rent", async () => {
    const { address: executor } =
      (await rig.instructions.openBalance({ vault, mint: await rig.mint() })).accounts[0] ?? {};
    if (executor === undefined) throw new Error("the first account pays");
    // what the executor's own vault would obey
    const theirs = await rig.depositor("two", [mint], 50n);
    const lower = { perTransaction: 0n, capacity: 0n, refillPerDay: 0n };
    const made = await rig.instructions.setLimits({ vault: theirs.vault, mint }, lower);
    const accounts = made.accounts.map((meta) =>
      meta.address === theirs.key.address ? { ...meta, address: executor } : meta,
    );
    expect(accounts.some(({ address }) => address === executor)).to.equal(true);
    const trap = rig.instructions.propose(vault, one, {
      instruction: { ...made, accounts },
      index: 0n,
      expiresAtSeconds: rig.now + 60n,
    });
    expect(await outcome(rig, trap)).to.equal("ExecutorOnlyPays");
  });

  it("COL-15 takes the next index and a life of a minute to fourteen days", async () => {
    const { instructions: make } = rig;
    const instruction = await withdrawal();
    const tryOne = (index: bigint, lives: bigint, by = one) =>
      outcome(rig, make.propose(vault, by, { instruction, index, expiresAtSeconds: rig.now + lives }));
    for (const index of [1n, 2n, 15n, 16n]) expect(await tryOne(index, 60n)).to.equal("WrongIndex");
    expect(await tryOne(0n, 59n)).to.equal("BadExpiry");
    expect(await tryOne(0n, 14n * DAY + 1n)).to.equal("BadExpiry");
    expect(await tryOne(0n, 60n, stranger)).to.equal("NotMultiSigOwner");
    expect(await tryOne(0n, 60n)).to.equal("ok");
    expect(await tryOne(16n, 14n * DAY)).to.equal("ok");
  });

  it("COL-30 lets no owner take the index of another one's proposal, also when places change", async () => {
    const { instructions: make } = rig;
    const instruction = await withdrawal();
    const tryOne = (index: bigint, by: Address) =>
      outcome(rig, make.propose(vault, by, { instruction, index, expiresAtSeconds: rig.now + 60n }));
    // however often and with whatever index the third proposes first, the first one's place stays free
    for (const index of [0n, 16n, 1n]) expect(await tryOne(index, three)).to.equal("WrongIndex");
    for (const index of [2n, 18n, 34n]) expect(await tryOne(index, three)).to.equal("ok");
    expect(await tryOne(0n, one)).to.equal("ok");
    expect(await tryOne(1n, two)).to.equal("ok");
    // a place that another owner takes goes on counting
    const fewer = await propose([one, two], make.changeMultiSig(vault, { owners: [three, two], threshold: 2 }));
    expect(fewer).to.equal(16n);
    expect(await execute(fewer)).to.equal("ok");
    for (const index of [33n, 48n, 50n]) expect(await tryOne(index, three)).to.equal("WrongIndex");
    expect(await tryOne(32n, three)).to.equal("ok");
    expect(await tryOne(17n, two)).to.equal("ok");
  });

  it("COL-31 lets an owner take his approval back until it is executed", async () => {
    const index = await propose([one, two]);
    const unapprove = (by: Address) => outcome(rig, rig.instructions.unapprove(vault, index, by));
    expect(await unapprove(three)).to.equal("NotApproved");
    expect(await unapprove(stranger)).to.equal("NotMultiSigOwner");
    expect(await unapprove(two)).to.equal("ok");
    expect(await unapprove(two)).to.equal("NotApproved");
    expect(await execute(index)).to.equal("NotEnoughApprovals");
    expect(await approve(index, two)).to.equal("ok");
    expect(await execute(index)).to.equal("ok");
    expect(await unapprove(two)).to.equal("ProposalClosed");
    const old = await propose([one, two]);
    rig.warp(3_600n);
    const late = rig.instructions.unapprove(vault, old, two);
    expect(await outcome(rig, late)).to.equal("ProposalExpired");
  });

  it("COL-34 numbers the events of a proposal from 1 to its end, without a gap", async () => {
    const { instructions: make } = rig;
    const index = await nextIndex(rig, vault, one);
    const proposal = await rig.addresses.proposal(multiSig, index);
    const steps: readonly (() => Promise<FullInstruction>)[] = [
      async () => make.propose(vault, one, { instruction: await withdrawal(), index, expiresAtSeconds: rig.now + 60n }),
      () => approval(rig, vault, index, one),
      () => approval(rig, vault, index, two),
      () => make.unapprove(vault, index, two),
      () => approval(rig, vault, index, three),
      () => execution(rig, vault, index, two),
      () => make.closeProposal(vault, index, one),
    ];
    const told: unknown[] = [];
    for (const step of steps) {
      const made = await step();
      const { events } = await rig.must([made], { as: signersOf(made) });
      for (const { name, data } of events) {
        if (name !== "proposalChanged" && name !== "proposalClosed") continue;
        expect(data).to.deep.include({ multiSig, proposal, index, slot: rig.slot });
        told.push([data.seqNum, data.state, name === "proposalChanged" ? [data.by, data.approvals] : "closed"]);
      }
    }
    expect(told).to.deep.equal([
      ...[[1n, "open", [one, 0]] as const, [2n, "open", [one, 1]] as const, [3n, "open", [two, 3]] as const],
      ...[[4n, "open", [two, 1]] as const, [5n, "open", [three, 5]] as const, [6n, "executed", [two, 5]] as const],
      [7n, "executed", "closed"],
    ]);
  });

  it("every event says which one of its account's it is", () => {
    for (const { name } of rig.program.idl.events ?? []) {
      const shape = rig.program.idl.types?.find((type) => type.name === name)?.type;
      const fields = shape?.kind === "struct" ? ((shape.fields ?? []) as readonly { readonly name: string }[]) : [];
      const names = fields.map((field) => field.name);
      expect(
        names.some((field) => /^(seqNum|ledger|sourceLedger)$/.test(field)),
        name,
      ).to.equal(true);
    }
  });

  it("COL-16 refuses durable nonces where owners speak and where withdrawals are paid", async () => {
    const { instructions: make } = rig;
    const nonce = await Nonce.create(rig);
    const index = await propose([one, two]);
    const open = await propose([one]);
    const expectRefused = async (instruction: FullInstruction): Promise<void> => {
      expect(await nonce.send(instruction), "with a nonce").to.equal("DurableNonce");
      expect(await outcome(rig, instruction), "without").to.equal("ok");
    };
    // what the nonce stores is no recent blockhash, and a transaction with it is executed
    expect(await nonce.send(await make.unapprove(vault, open, one), { isAdvancing: false })).to.equal(
      "BlockhashNotFound",
    );
    expect(await nonce.send(await make.unapprove(vault, open, one))).to.equal("ok");
    expect(rig.read("proposal", await rig.addresses.proposal(multiSig, open)).approvals).to.equal(0);
    const next = { instruction: await withdrawal(), index: open + 16n, expiresAtSeconds: rig.now + 60n };
    await expectRefused(await make.propose(vault, one, next));
    await expectRefused(await approval(rig, vault, open, two));
    await expectRefused(await execution(rig, vault, index, one));
    const plain = await rig.depositor("bob", [mint], 100n);
    const limits = { perTransaction: 10n, capacity: 10n, refillPerDay: 10n };
    await act(rig, make.setLimits({ vault: plain.vault, mint }, limits));
    await act(rig, make.createSecurityConfig(plain.vault, { withdrawalDelaySeconds: 0n, whitelist: null }));
    const delayed: BalanceRef = { vault: { ...plain.vault, hasSecurityConfig: true }, mint };
    await act(rig, make.requestWithdrawal(delayed, { amountUnits: 5n, timestamp: rig.now }));
    const destination = plain.key.address;
    await expectRefused(await make.executeWithdrawal(delayed, { timestamp: rig.now, destination, payer: destination }));
  });
});

describeWith("ownCluster", "what a proposal may carry", () => {
  it("COL-15 is what an authority or a role signs, and nothing else", async () => {
    const stage = await Stage.create();
    const { rig, sides } = stage;
    const [side] = sides;
    const refused: CallName[] = [];
    const calls = callsOf(stage, side);
    let index = await nextIndex(rig, side.vault, side.owners[0]);
    for (const name of Object.keys(calls) as CallName[]) {
      const instruction = { ...(await calls[name].make()) };
      const proposal = { instruction, index, expiresAtSeconds: rig.now + DAY };
      const error = await outcome(rig, rig.instructions.propose(side.vault, side.owners[0], proposal));
      if (error === "ok") index += 16n;
      else {
        expect(error, name).to.equal("InstructionNotAllowed");
        refused.push(name);
      }
    }
    expect(refused.sort()).to.deep.equal([
      ...["applyMultiSig", "approve", "cancelProposal", "closeProposal", "closeVault"],
      ...["createMultiSig", "deposit"],
      ...["executeProposal", "initialize", "initializeAuthority", "lock", "propose"],
      ...[
        "transferCollateral",
        "unapprove",
        "unlock",
        "vetoLimits",
        "vetoMultiSig",
        "vetoProgramLockCap",
        "vetoSecurity",
      ],
    ]);
  });
});
