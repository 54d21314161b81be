/** Random steps on the real program beside the model: what one refuses the other refuses, and afterwards both say the same. */
import { INSTRUCTIONS_SYSVAR } from "../../../../protocol/solana/accountRules.js";
import { AccountRole, type Address } from "@solana/kit";

import { readProposal } from "../../../../protocol/solana/accounts.js";
import type { FullInstruction } from "../../../../protocol/solana/program.js";
import { proposalHash, type ProposalContent } from "../../../../protocol/solana/proposals.js";
import type { VaultRig } from "../../../helpers/solanaVault/rig.js";
import type { Sent } from "../../../helpers/solanaVault/svm.js";
import { codeOf, extend, otherCode, upgrade } from "../../../helpers/solanaVault/upgrades.js";
import type { Call } from "./callKit.js";
import { Calls } from "./calls.js";
import { Cast, type Consumer, type User } from "./cast.js";
import { Random } from "./random.js";
import { DAY, lockedOf } from "./rules.js";

export interface Tally {
  steps: number;
  succeeded: number;
  refused: number;
  /** Calls with an account that does not belong there. */
  hostile: number;
  proposals: number;
  readonly byName: Map<string, number>;
  readonly errors: Map<string, number>;
}

const USERS = 4;
/** Stands for whoever executes a proposal. */
const EXECUTOR = "Executor11111111111111111111111111111111111" as Address;
const ZERO = "11111111111111111111111111111111" as Address;
/** Offsets within a Balance, behind its discriminator and four keys. */
const TOTAL_AT = 136;

export class Run {
  readonly tally: Tally = {
    steps: 0,
    succeeded: 0,
    refused: 0,
    hostile: 0,
    proposals: 0,
    byName: new Map(),
    errors: new Map(),
  };
  private readonly random: Random;
  private readonly calls: Calls;
  /** Proposals that no multi-sig knows any more, by address; their place is taken until they are closed. */
  private readonly left = new Map<Address, Address>();
  /** Of programs that were upgraded: what they began with. */
  private readonly codes = new Map<Consumer, Uint8Array>();
  private trace: string[] = [];

  private constructor(
    private readonly rig: VaultRig,
    private readonly cast: Cast,
    seed: number,
  ) {
    this.random = new Random(seed);
    this.calls = new Calls(cast, this.random);
  }

  static async create(rig: VaultRig, seed: number): Promise<Run> {
    return new Run(rig, await Cast.create(rig), seed);
  }

  /** @throws Error with the last steps at the first divergence. */
  async sequence(number: number, steps: number): Promise<void> {
    await this.cast.recast(number, USERS);
    this.trace = [];
    for (let step = 0; step < steps; step++) {
      await this.step();
      if (step % 50 === 49) this.compareAll();
    }
    this.compareAll();
  }

  private async step(): Promise<void> {
    this.tally.steps += 1;
    if (this.random.oneIn(7)) this.wait();
    if (this.random.oneIn(60)) return this.donate();
    if (this.random.oneIn(150)) return this.upgrade();
    const call = await this.call();
    this.note(
      `${call.name} ${JSON.stringify(call.args, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}`,
    );
    if (this.random.oneIn(6)) return this.hostile(call);
    const isProposable =
      call.byAuthority?.model.multiSig !== undefined && call.signers[0] === call.byAuthority.multiSig;
    if (isProposable && call.name !== "requestWithdrawal" && this.random.oneIn(2))
      return this.proposal(call, call.byAuthority);
    this.judge(call, await this.send(call));
  }

  private async call(): Promise<Call> {
    for (;;) {
      const call = await this.calls.next();
      if (call !== undefined) return call;
    }
  }

  private send(call: Call, accounts = call.accounts, signers: readonly Address[] = call.signers): Promise<Sent> {
    return this.rig.send([this.instruction(call, accounts)], { as: signers });
  }

  private instruction(call: Call, accounts = call.accounts): FullInstruction {
    return this.rig.program.instruction(call.name, call.args, accounts as never);
  }

  private judge(call: Call, sent: Sent): void {
    if (sent.ok) {
      if (call.broken.length > 0) this.fail(`${call.name} succeeded in spite of ${call.broken.join(", ")}`);
      call.commit();
      this.tally.succeeded += 1;
      this.tally.byName.set(call.name, (this.tally.byName.get(call.name) ?? 0) + 1);
    } else {
      const error = sent.error ?? "none";
      if (!call.broken.includes(error)) {
        this.fail(
          `${call.name} failed with ${error}, expected ${call.broken.join(", ") || "success"}\n${sent.logs.join("\n")}`,
        );
      }
      this.tally.refused += 1;
      this.tally.errors.set(error, (this.tally.errors.get(error) ?? 0) + 1);
    }
    for (const user of call.touched) this.compareMoney(user);
  }

  /** One account of the call is another one. */
  private async hostile(call: Call): Promise<void> {
    const given = Object.entries(call.accounts).filter((entry): entry is [string, Address] => entry[1] !== undefined);
    const known = new Set(this.rig.program.accountNames(call.name));
    const places = given.filter(
      ([name, address]) =>
        known.has(name) && !(name === "payer" && call.signers.length > 0 && address === this.rig.roles.payer.address),
    );
    const [name, address] = this.random.pick(places);
    const role = this.instruction(call).accounts[this.rig.program.accountNames(call.name).indexOf(name)]?.role;
    const isSigner = role === AccountRole.READONLY_SIGNER || role === AccountRole.WRITABLE_SIGNER;
    const others = isSigner
      ? [
          ...this.cast.users.map(({ wallet }) => wallet),
          ...this.cast.consumers.map(({ consumer }) => consumer.collateralAuthority),
        ]
      : this.cast.addresses();
    const other = this.random.pick(others.filter((candidate) => candidate !== address));
    // a wrong signer may be replaced by the right one
    if (this.isLegitimate(call, name, other) || (isSigner && call.broken.length > 0)) return;
    const signers = isSigner ? [...call.signers, other] : call.signers;
    const sent = await this.send(call, { ...call.accounts, [name]: other }, signers);
    this.tally.hostile += 1;
    if (sent.ok) this.fail(`${call.name} took ${other} for ${name} (${address})`);
    if (sent.error === undefined || sent.error === "Unknown")
      this.fail(`${call.name} refused ${name} without a name\n${sent.logs.join("\n")}`);
    for (const user of call.touched) this.compareMoney(user);
  }

  /** The other account makes another call that may be right: the same instruction for another thing of the same user. */
  private isLegitimate(call: Call, place: string, other: Address): boolean {
    if (["unpause", "pause", "requestUnpause", "revokeProgram"].includes(call.name)) return true;
    if (["signer"].includes(place)) return true;
    if (place === "pendingWithdrawal" || place === "destinationTokens") return true;
    if (place === "programLock" && call.name !== "lock" && call.name !== "unlock" && call.name !== "transferCollateral")
      return true;
    if (place === "balance" && (call.name === "setLimits" || call.name === "vetoLimits")) return true;
    return other === ZERO;
  }

  /** The owners propose the call, some approve, one executes. */
  private async proposal(call: Call, user: User): Promise<void> {
    const { multiSig } = user.model;
    if (multiSig === undefined) return;
    const { rig } = this;
    const place = this.random.below(multiSig.owners.length);
    const made = multiSig.proposals[place] ?? 0n;
    const index = made * 16n + BigInt(place);
    const address = await rig.addresses.proposal(user.multiSig, index);
    await this.clearPlace(user, address);
    const inner = this.instruction(call);
    const payer = rig.roles.payer.address;
    const proposer = multiSig.owners[place] as Address;
    const accounts = inner.accounts.map(({ address: account, role }) => ({
      key: account === payer ? EXECUTOR : account,
      isWritable: role === AccountRole.WRITABLE || role === AccountRole.WRITABLE_SIGNER,
    }));
    const isOutsider = this.random.oneIn(15);
    const propose = rig.program.instruction(
      "propose",
      { args: { index, expiresAt: this.cast.world.now + 3_600n, accounts, data: inner.data } },
      {
        proposer: isOutsider ? rig.roles.admin.address : proposer,
        ...{ multiSigVault: user.multiSig, proposal: address, instructions: INSTRUCTIONS_SYSVAR },
      },
    );
    const proposed = await rig.send([propose], { as: [isOutsider ? rig.roles.admin.address : proposer] });
    this.expect("propose", proposed, isOutsider ? "NotMultiSigOwner" : undefined);
    if (isOutsider) return;
    multiSig.proposals[place] = made + 1n;
    this.left.set(address, proposer);

    const content = readProposal(rig.data(address) ?? new Uint8Array());
    const approvers = multiSig.owners.slice(0, this.random.below(multiSig.owners.length + 1));
    for (const approver of approvers as Address[]) {
      const approve = async (shown: ProposalContent): Promise<FullInstruction> =>
        rig.program.instruction(
          "approve",
          { contentHash: [...(await proposalHash(shown))] },
          { approver, multiSigVault: user.multiSig, proposal: address, instructions: INSTRUCTIONS_SYSVAR },
        );
      if (this.random.oneIn(5)) {
        const other = await approve({ ...content, data: Uint8Array.from([...content.data, 0]) });
        this.expect("approve", await rig.send([other], { as: [approver] }), "ProposalContentMismatch");
      }
      const right = await approve(content);
      this.expect("approve", await rig.send([right], { as: [approver] }), undefined);
      if (this.random.oneIn(5))
        this.expect("approve", await rig.send([right, right], { as: [approver] }), "AlreadyApproved");
      if (this.random.oneIn(4)) await this.changeMind(user, address, approver, right);
    }
    const executor = this.random.pick(multiSig.owners) as Address;
    const execute = rig.program.instruction(
      "executeProposal",
      {},
      { executor, multiSigVault: user.multiSig, proposal: address, instructions: INSTRUCTIONS_SYSVAR },
    );
    const remaining = inner.accounts.map(({ address: account, role }) => ({
      address: account === payer ? executor : account,
      role:
        account === payer
          ? AccountRole.WRITABLE_SIGNER
          : role === AccountRole.READONLY_SIGNER
            ? AccountRole.READONLY
            : role === AccountRole.WRITABLE_SIGNER
              ? AccountRole.WRITABLE
              : role,
    }));
    const full = { ...execute, accounts: [...execute.accounts, ...remaining] };
    this.tally.proposals += 1;
    const executed = await rig.send([full], { as: [executor] });
    if (approvers.length < multiSig.threshold) this.expect("executeProposal", executed, "NotEnoughApprovals");
    else this.judge(call, executed);
    if (executed.ok)
      this.expect("executeProposal again", await rig.send([full, full].slice(1), { as: [executor] }), [
        "ProposalClosed",
        "StaleProposal",
        "NotMultiSigOwner",
        "NotAMultiSig",
      ]);
  }

  /** An owner takes his approval back, once, and gives it again. */
  private async changeMind(user: User, proposal: Address, approver: Address, approve: FullInstruction): Promise<void> {
    const unapprove = this.rig.program.instruction(
      "unapprove",
      {},
      { approver, multiSigVault: user.multiSig, proposal },
    );
    const send = (instruction: FullInstruction) => this.rig.send([instruction], { as: [approver] });
    this.expect("unapprove", await send(unapprove), undefined);
    this.expect("unapprove", await send(unapprove), "NotApproved");
    this.expect("approve", await send(approve), undefined);
  }

  /** A proposal of an earlier multi-sig of this vault is in the way: anybody closes it. */
  private async clearPlace(user: User, address: Address): Promise<void> {
    const proposer = this.left.get(address);
    if (proposer === undefined) return;
    const close = this.rig.program.instruction(
      "closeProposal",
      {},
      { multiSigVault: user.multiSig, proposer, proposal: address },
    );
    this.expect("closeProposal", await this.rig.send([close]), undefined);
    this.left.delete(address);
  }

  private expect(what: string, sent: Sent, error: string | readonly string[] | undefined): void {
    const allowed = error === undefined ? [undefined] : typeof error === "string" ? [error] : error;
    if (!allowed.includes(sent.error as never)) {
      this.fail(
        `${what}: ${sent.error ?? "success"}, expected ${allowed.map((name) => name ?? "success").join(", ")}\n${sent.logs.join("\n")}`,
      );
    }
    this.tally.byName.set(what, (this.tally.byName.get(what) ?? 0) + 1);
  }

  private wait(): void {
    const seconds = this.random.pick([1n, 30n, 600n, 1_800n, 3_600n, DAY / 2n, DAY, 3n * DAY]);
    this.rig.warp(seconds);
    this.cast.world.now = this.rig.now;
    this.note(`wait ${String(seconds)}`);
  }

  /** Tokens that arrive outside the program count for nothing. */
  private async donate(): Promise<void> {
    const from = this.random.pick(this.cast.users);
    const to = this.random.pick(this.cast.users);
    const [mint, balance] = this.random.pick([...to.balances]);
    const own = from.tokens.get(mint);
    if (balance.model === undefined || own === undefined || own.units < 1_000n) return;
    const amount = BigInt(1 + this.random.below(1_000));
    const before = this.rig.held(balance.vaultTokens);
    await this.rig.donate(mint.mint, await this.rig.wallet(from.name), balance.vaultTokens, amount);
    own.units -= amount;
    balance.model.held += this.rig.held(balance.vaultTokens) - before;
  }

  /** A stranger extends a program, or its upgrade authority replaces its code, now and then with what was there before. */
  private async upgrade(): Promise<void> {
    const consumer = this.random.pick(this.cast.consumers);
    if (this.random.oneIn(2)) {
      await extend(this.rig, consumer.consumer);
      this.note("extend");
    } else {
      consumer.code = this.random.below(3);
      const code = this.codes.get(consumer) ?? codeOf(this.rig, consumer.consumer);
      this.codes.set(consumer, code);
      await upgrade(this.rig, consumer.consumer, consumer.code === 0 ? code : otherCode(code, consumer.code));
      this.note("upgrade");
    }
    consumer.slot = this.rig.slot;
    this.cast.world.now = this.rig.now;
  }

  /** Ledger and tokens of a user, and what always holds between them. */
  private compareMoney(user: User): void {
    for (const [mint, { address, vaultTokens, model }] of user.balances) {
      const data = this.rig.data(address);
      if (model === undefined || data === undefined || data.length === 0) {
        if ((model === undefined) !== (data === undefined || data.length === 0))
          this.fail("a balance is open on one side only");
        continue;
      }
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const [total, locked, seqNum] = [0, 8, 16].map((offset) => view.getBigUint64(TOTAL_AT + offset, true));
      const held = this.rig.held(vaultTokens);
      const expected = [model.total, lockedOf(model), model.seqNum, model.held];
      const found = [total, locked, seqNum, held];
      if (expected.some((value, index) => value !== found[index])) {
        this.fail(
          `total, locked, seq_num, held: ${found.map(String).join(" ")}, model ${expected.map(String).join(" ")}`,
        );
      }
      if (!(lockedOf(model) <= model.total && model.total <= held)) this.fail("locked <= total <= held is broken");
      const own = user.tokens.get(mint);
      if (own !== undefined && this.rig.held(own.address) !== own.units)
        this.fail(`wallet holds ${String(this.rig.held(own.address))}, model ${String(own.units)}`);
    }
  }

  /** Everything, decoded. */
  private compareAll(): void {
    const { program } = this.rig;
    for (const user of this.cast.users) {
      this.compareMoney(user);
      const data = this.rig.data(user.vault);
      const isOpen = data !== undefined && data.length > 0;
      if (isOpen !== user.model.isOpen) this.fail("a vault is open on one side only");
      if (!isOpen) continue;
      const vault = program.decodeAccount("vault", data);
      const { model } = user;
      this.same(
        "vault",
        [
          vault.balances,
          vault.pendingWithdrawals,
          vault.hasSecurityConfig,
          vault.hasMultiSig,
          vault.lastWithdrawalTimestamp,
          vault.frozenUntil,
        ],
        [
          ...[
            model.balances.size,
            model.pending,
            Number(model.config !== undefined),
            Number(model.multiSig !== undefined),
          ],
          ...[model.lastTimestamp, model.frozenUntil],
        ],
      );
      for (const [mint, { address, model: balance }] of user.balances) {
        const stored = this.rig.data(address);
        if (balance === undefined || stored === undefined) continue;
        const account = program.decodeAccount("balance", stored);
        this.same(
          "balance",
          [account.programLocks, account.pendingWithdrawals, account.isLimited],
          [balance.locks.size, balance.pending, Number(balance.limits !== undefined)],
        );
        let locked = 0n;
        for (const consumer of this.cast.consumers) {
          const lockData = this.rig.data(this.cast.lockAddress(user, mint, consumer));
          const lock = balance.locks.get(consumer);
          if (lock === undefined || lockData === undefined) continue;
          const found = program.decodeAccount("programLock", lockData);
          locked += found.locked;
          this.same(
            "lock",
            [found.locked, found.cap, found.revokedAt, found.pendingCapAt],
            [lock.locked, lock.cap, lock.revokedAt, lock.waitingCap?.at ?? 0n],
          );
        }
        this.same("sum of locks", [locked], [account.locked]);
      }
    }
  }

  private same(what: string, found: readonly unknown[], expected: readonly unknown[]): void {
    if (found.some((value, index) => value !== expected[index])) {
      this.fail(`${what}: ${found.map(String).join(" ")}, model ${expected.map(String).join(" ")}`);
    }
  }

  private note(step: string): void {
    this.trace.push(step);
    if (this.trace.length > 40) this.trace.shift();
  }

  private fail(message: string): never {
    throw new Error(`step ${String(this.tally.steps)}: ${message}\nlast steps:\n${this.trace.slice(-12).join("\n")}`);
  }
}
