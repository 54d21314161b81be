/** Who plays: users with their vaults, mints, consumer programs, all on one rig; and the model of each beside its addresses. */
import type { Address, EncodedAccount } from "@solana/kit";

import { associatedTokenAddress } from "../../../../protocol/solana/addresses.js";
import { readProgramData } from "../../../../scripts/validator/programs.js";
import type { TestConsumer, TestMint, VaultRig } from "../../../helpers/solanaVault/rig.js";
import { keyOf } from "../../../helpers/solanaVault/svm.js";
import {
  World,
  type BalanceModel,
  type LockModel,
  type MintModel,
  type PendingModel,
  type ProgramModel,
  type VaultModel,
} from "./rules.js";

export const FIRST_UNITS = 1_000_000_000_000n;

export interface Mint extends MintModel {
  readonly mint: TestMint;
}

export interface Consumer extends ProgramModel {
  readonly name: string;
  readonly consumer: TestConsumer;
  readonly record: Address;
}

export interface User {
  readonly name: string;
  readonly wallet: Address;
  readonly vault: Address;
  readonly model: VaultModel;
  readonly config: Address;
  readonly multiSig: Address;
  readonly tokens: Map<Mint, { readonly address: Address; units: bigint }>;
  readonly balances: Map<
    Mint,
    { readonly address: Address; readonly vaultTokens: Address; model: BalanceModel | undefined }
  >;
  readonly locks: Map<string, Address>;
  readonly pending: (PendingModel & { readonly address: Address; readonly mint: Mint })[];
}

export class Cast {
  readonly users: User[] = [];

  private constructor(
    readonly rig: VaultRig,
    readonly world: World,
    readonly vaultAuthority: Address,
    readonly mints: readonly Mint[],
    readonly consumers: readonly Consumer[],
  ) {}

  static async create(rig: VaultRig): Promise<Cast> {
    const plain = await rig.mint({ decimals: 6 });
    const withFee = await rig.mint({ decimals: 9, transferFee: { bps: 120, maxUnits: 5_000_000n } });
    const consumers: Consumer[] = [];
    for (const name of ["exchange", "lender", "newcomer"]) {
      const consumer = await rig.consumer(name);
      const record = await rig.addresses.authorizedProgram(consumer.programId);
      const { slot } = readProgramData(rig.svm.getAccount(consumer.programData) as EncodedAccount);
      const listing = { isListed: false, activeAt: 0n, revokedAt: 0n, listedSlot: slot, listedCode: 0 };
      consumers.push({ name, consumer, record, slot, code: 0, ...listing });
    }
    const mints = [
      { mint: plain, decimals: 6, feeBps: 0n, maxFeeUnits: 0n },
      { mint: withFee, decimals: 9, feeBps: 120n, maxFeeUnits: 5_000_000n },
    ];
    return new Cast(rig, new World(rig.now), await rig.addresses.vaultAuthority(), mints, consumers);
  }

  /** New users take the place of the old ones: a sequence starts from empty vaults. */
  async recast(sequence: number, count: number): Promise<void> {
    this.users.length = 0;
    for (let index = 0; index < count; index++)
      this.users.push(await this.user(`${String(sequence)}.${String(index)}`));
  }

  lockAddress(user: User, mint: Mint, consumer: Consumer): Address {
    const found = user.locks.get(`${mint.mint.address} ${consumer.consumer.programId}`);
    if (found === undefined) throw new Error("no address for that lock");
    return found;
  }

  /** Every account that stands in for another when hostile callers try. */
  addresses(): Address[] {
    const { rig } = this;
    return [
      this.vaultAuthority,
      rig.roles.payer.address,
      rig.roles.admin.address,
      ...this.mints.map(({ mint }) => mint.address),
      ...this.consumers.flatMap(({ consumer, record }) => [
        consumer.programId,
        consumer.programData,
        consumer.collateralAuthority,
        record,
      ]),
      ...this.users.flatMap((user) => [
        ...[user.wallet, user.vault, user.config, user.multiSig],
        ...[...user.tokens.values()].map(({ address }) => address),
        ...[...user.balances.values()].flatMap(({ address, vaultTokens }) => [address, vaultTokens]),
        ...user.locks.values(),
        ...user.pending.map(({ address }) => address),
      ]),
    ];
  }

  private async user(name: string): Promise<User> {
    const { rig } = this;
    const { address: wallet } = await keyOf(`user ${name}`);
    // little: thousands of users share one faucet
    rig.fund(wallet, 10_000_000_000n);
    const vault = await rig.addresses.vault(wallet);
    const model: VaultModel = {
      owner: wallet,
      isOpen: false,
      version: 0,
      config: undefined,
      multiSig: undefined,
      firstMultiSig: undefined,
      frozenAt: 0n,
      frozenUntil: 0n,
      lastTimestamp: 0n,
      pending: 0,
      balances: new Map(),
    };
    const user: User = {
      name: `user ${name}`,
      wallet,
      vault,
      model,
      config: await rig.addresses.securityConfig(vault),
      multiSig: await rig.addresses.multiSigVault(vault),
      tokens: new Map(),
      balances: new Map(),
      locks: new Map(),
      pending: [],
    };
    for (const mint of this.mints) {
      const address = await rig.tokens(wallet, mint.mint, FIRST_UNITS);
      user.tokens.set(mint, { address, units: FIRST_UNITS });
      const balance = await rig.addresses.balance(vault, mint.mint.address);
      const vaultTokens = await associatedTokenAddress(vault, mint.mint.address, mint.mint.tokenProgram);
      user.balances.set(mint, { address: balance, vaultTokens, model: undefined });
      for (const { consumer } of this.consumers) {
        user.locks.set(
          `${mint.mint.address} ${consumer.programId}`,
          await rig.addresses.programLock(balance, consumer.programId),
        );
      }
    }
    return user;
  }
}

export function newBalance(vault: VaultModel, mint: Mint): BalanceModel {
  return {
    ...{ vault, mint, total: 0n, held: 0n, seqNum: 0n, limits: undefined, waitingLimits: undefined },
    ...{ bucket: 0n, filledAt: 0n, locks: new Map<ProgramModel, LockModel>(), pending: 0 },
  };
}
