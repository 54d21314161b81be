/**
 * Two vaults in which every instruction of the program has something to do: each has a multi-sig, a security configuration, limits, locks of
 * programs, and changes, withdrawals and proposals that wait. Beside each stands a plain vault and one that can be closed.
 */
import { isSignerRole, type Address } from "@solana/kit";

import type { BalanceRef, LockRef, VaultRef } from "../../../protocol/solana/instructions.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { approval } from "./acting.js";
import { VaultRig, type TestConsumer, type TestMint } from "./rig.js";
import type { Sent } from "./svm.js";
import { extend } from "./upgrades.js";

export const DAY_SECONDS = 86_400n;
export const WEEK_SECONDS = 7n * DAY_SECONDS;

/** Everything the calls of one of the two vaults need. Amounts in base units. */
export interface Side {
  readonly owner: Address;
  readonly address: Address;
  readonly vault: VaultRef;
  readonly multiSig: Address;
  /** Of the multi-sig; two of the three must approve. */
  readonly owners: readonly [Address, Address, Address];
  readonly vetoer: Address;
  /** Pays for new accounts and nothing else. */
  readonly payer: Address;
  /** Allowed to receive once its wait is over. */
  readonly friend: Address;
  /** A vault with balances and nothing else. */
  readonly plain: VaultRef;
  /** A vault with a security configuration and without balances. */
  readonly spare: VaultRef;
  /** A program that nobody has registered. */
  readonly unregistered: Address;
  /** A registered program that was extended since. */
  readonly extended: Address;
  /** A wallet without a vault. */
  readonly newcomer: Address;
  /** Seeds of two requested withdrawals that have matured. */
  readonly timestamps: readonly [bigint, bigint];
}

/** Indices of each side's proposals, all of its first owner. */
export const PROPOSALS = { open: 0n, approved: 16n, cancelled: 32n, next: 48n } as const;

export class Stage {
  private constructor(
    readonly rig: VaultRig,
    readonly mints: readonly [TestMint, TestMint, TestMint],
    /** Registered; the first holds 200 of each balance of the first two mints, the second nothing, the third 50 of a revoked lock. */
    readonly consumers: readonly [TestConsumer, TestConsumer, TestConsumer],
    readonly sides: readonly [Side, Side],
  ) {}

  /** Takes half a second. */
  static async create(): Promise<Stage> {
    const rig = await VaultRig.create({ isUnsigned: true });
    // the third mint's balances stay empty
    const mints = [await rig.mint(), await rig.mint({ decimals: 9 }), await rig.mint()] as const;
    const consumers = [
      await rig.consumer("exchange"),
      await rig.consumer("other"),
      await rig.consumer("gone"),
    ] as const;
    for (const consumer of consumers) await rig.register(consumer, 0n);
    rig.warp(DAY_SECONDS);
    const empty = { mints, consumers };
    const sides = [await Stage.begin(rig, "alice", empty), await Stage.begin(rig, "bob", empty)] as const;
    rig.warp(WEEK_SECONDS);
    const stage = new Stage(rig, mints, consumers, [
      await Stage.finish(rig, sides[0], empty),
      await Stage.finish(rig, sides[1], empty),
    ]);
    await stage.takeFreeze();
    return stage;
  }

  /** Executes an instruction as if whoever must sign had signed. */
  static run(rig: VaultRig, instruction: FullInstruction): Promise<Sent> {
    return rig.send([instruction], { as: signersOf(instruction) });
  }

  run(instruction: FullInstruction): Promise<Sent> {
    return Stage.run(this.rig, instruction);
  }

  /** Executes what must succeed. */
  async must(...instructions: readonly Promise<FullInstruction>[]): Promise<void> {
    await mustAll(this.rig, instructions);
  }

  balanceOf(side: Side, mint: 0 | 1 | 2 = 0): BalanceRef {
    return { vault: side.vault, mint: this.mints[mint] };
  }

  lockOf(side: Side, consumer: 0 | 1 | 2 = 0, mint: 0 | 1 | 2 = 0): LockRef {
    return { ...this.balanceOf(side, mint), consumer: this.consumers[consumer].programId };
  }

  /** Vault, deposits, limits, locks: what would wait once there is a security configuration. */
  private static async begin(rig: VaultRig, name: string, { mints, consumers }: Parts): Promise<Side> {
    const { instructions: make } = rig;
    const wallet = async (role: string): Promise<Address> => (await rig.wallet(`${name}'s ${role}`)).address;
    const { key, vault, address } = await rig.depositor(name, mints.slice(0, 2), 1_000n);
    const owner = key.address;
    await rig.tokens(owner, mints[2]);
    const [exchange, other, gone] = consumers;
    await mustAll(rig, [
      make.openBalance({ vault, mint: mints[2] }),
      ...mints.map((mint) =>
        make.setLimits({ vault, mint }, { perTransaction: 100n, capacity: 300n, refillPerDay: 300n }),
      ),
      ...mints
        .slice(0, 2)
        .flatMap((mint) =>
          [exchange, other, gone].map(({ programId }) =>
            make.createProgramLock({ vault, mint, consumer: programId }, 500n),
          ),
        ),
      ...mints
        .slice(0, 2)
        .flatMap((mint) => [
          make.lock({ vault, mint, consumer: exchange.programId }, 200n),
          make.lock({ vault, mint, consumer: gone.programId }, 50n),
          make.revokeProgramLock({ vault, mint, consumer: gone.programId }),
        ]),
    ]);
    const plain = (await rig.depositor(`${name} plain`, mints.slice(0, 2), 1_000n)).vault;
    const spare: VaultRef = { owner: await wallet("spare"), hasSecurityConfig: true };
    const vetoer = await wallet("vetoer");
    const rules = { withdrawalDelaySeconds: 0n, whitelist: null, vetoer };
    const extended = await rig.consumer(`${name}'s extended program`);
    await rig.register(extended, 0n);
    await extend(rig, extended);
    const owners = [await wallet("first"), await wallet("second"), await wallet("third")] as const;
    await mustAll(rig, [
      make.initialize(spare.owner),
      make.createSecurityConfig({ owner: spare.owner }, rules),
      make.changeSecurity(spare, { kind: "closing", on: true }),
      make.createMultiSig(vault, { owners, threshold: 2 }),
      make.createSecurityConfig({ owner, hasMultiSig: true }, rules, owner),
    ]);
    return {
      ...{ owner, address, owners, vetoer, plain, spare },
      vault: { owner, hasSecurityConfig: true, hasMultiSig: true },
      multiSig: await rig.addresses.multiSigVault(address),
      payer: await wallet("payer"),
      friend: await wallet("friend"),
      newcomer: await wallet("newcomer"),
      extended: extended.programId,
      unregistered: (await rig.consumer(`${name}'s new program`)).programId,
      timestamps: [0n, 0n],
    };
  }

  /** Everything that waits. */
  private static async finish(rig: VaultRig, side: Side, { mints, consumers }: Parts): Promise<Side> {
    const { instructions: make } = rig;
    const { vault, owners, friend } = side;
    const [first, second, third] = owners;
    const timestamps = [rig.now, rig.now + 1n] as const;
    for (const mint of mints.slice(0, 2)) {
      const at = { vault, mint };
      await mustAll(rig, [
        make.setLimits(at, { perTransaction: 200n, capacity: 600n, refillPerDay: 600n }),
        make.setProgramLockCap({ ...at, consumer: consumers[0].programId }, 600n),
      ]);
    }
    await mustAll(rig, [
      make.changeSecurity(vault, { kind: "addWallet", wallet: friend }),
      make.changeMultiSig(vault, { owners: [first, second, third], threshold: 1 }),
    ]);
    const [mint] = mints;
    const expiresAtSeconds = rig.now + 14n * DAY_SECONDS;
    const carried = await make.revokeProgramLock({ vault, mint, consumer: consumers[1].programId });
    const propose = (index: bigint) => make.propose(vault, first, { instruction: carried, index, expiresAtSeconds });
    await mustAll(rig, [
      propose(PROPOSALS.open),
      propose(PROPOSALS.approved),
      propose(PROPOSALS.cancelled),
      make.cancelProposal(vault, PROPOSALS.cancelled, first),
      ...timestamps.map((timestamp) =>
        make.requestWithdrawal({ vault, mint }, { amountUnits: 10n, timestamp }, side.payer),
      ),
    ]);
    for (const owner of [second, third]) await mustAll(rig, [approval(rig, vault, PROPOSALS.approved, owner)]);
    return { ...side, timestamps };
  }

  /** Gives the freeze to the first side's multi-sig. */
  private async takeFreeze(): Promise<void> {
    const { instructions: make, roles } = this.rig;
    const [{ multiSig }] = this.sides;
    await this.must(make.proposeAuthority("freezeMultiSig", multiSig, roles.admin.address));
    // keeps what the sides have waiting as it is: only the role's own wait is over
    const authority = await this.rig.addresses.vaultAuthority();
    const { now, slot } = this.rig;
    this.rig.warp(DAY_SECONDS);
    await this.must(make.acceptAuthority("freezeMultiSig", multiSig));
    this.rig.setClock(now, slot);
    if (this.rig.read("vaultAuthority", authority).freezeMultiSig !== multiSig) throw new Error("no freeze");
  }
}

interface Parts {
  readonly mints: Stage["mints"];
  readonly consumers: Stage["consumers"];
}

/** Whoever must sign an instruction. */
export function signersOf({ accounts }: Pick<FullInstruction, "accounts">): Address[] {
  return accounts.filter(({ role }) => isSignerRole(role)).map(({ address }) => address);
}

async function mustAll(rig: VaultRig, instructions: readonly Promise<FullInstruction>[]): Promise<void> {
  for (const instruction of instructions) {
    const made = await instruction;
    const sent = await Stage.run(rig, made);
    if (!sent.ok) throw new Error(`${rig.program.instructionName(made.data) ?? ""}: ${sent.logs.join("\n")}`);
  }
}
