/**
 * One random call of each instruction, mostly one that should work: its accounts, who signs, the rules it breaks by the model, and what
 * the model becomes when it succeeds.
 */
import { INSTRUCTIONS_SYSVAR } from "../../../../protocol/solana/accountRules.js";
import type { Address } from "@solana/kit";

import type { CollateralVault } from "../../../../protocol/solana/idl/collateral_vault.js";
import type { InstructionName } from "../../../../protocol/solana/program.js";
import type { Cast, Consumer, Mint, User } from "./cast.js";
import { newBalance } from "./cast.js";
import type { Random } from "./random.js";
import * as rules from "./rules.js";
import type { BalanceModel, Broken, LockModel } from "./rules.js";

export type Name = InstructionName<CollateralVault>;

export interface Call {
  readonly name: Name;
  readonly args: Readonly<Record<string, unknown>>;
  readonly accounts: Readonly<Record<string, Address | undefined>>;
  readonly signers: readonly Address[];
  readonly broken: Broken;
  /** Users whose accounts change. */
  readonly touched: readonly User[];
  /** True when the model lets a proposal carry it: it is signed by the vault's authority alone. */
  readonly byAuthority?: User;
  commit(): void;
}

const ASSOCIATED = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL" as Address;
const ZERO = "11111111111111111111111111111111" as Address;

interface Opened {
  readonly user: User;
  readonly mint: Mint;
  readonly address: Address;
  readonly vaultTokens: Address;
  readonly model: BalanceModel;
}

export class Calls {
  constructor(
    private readonly cast: Cast,
    private readonly random: Random,
  ) {}

  /** A call that the present state allows to build; undefined when there is nothing to build it on. */
  async next(): Promise<Call | undefined> {
    const makers = this.random.oneIn(4) ? RARE : COMMON;
    return await this[this.random.pick(makers)]();
  }

  /** A vault's authority most of the time; else somebody who is not. */
  private authority(user: User): { readonly signer: Address; readonly broken: string[] } {
    const { model } = user;
    const right = model.multiSig === undefined ? user.wallet : user.multiSig;
    if (!this.random.oneIn(14)) return { signer: right, broken: [] };
    const signer = this.random.pick([user.wallet, this.stranger(user).wallet, this.cast.rig.roles.admin.address]);
    if (signer === right) return { signer, broken: [] };
    return { signer, broken: [model.multiSig === undefined ? "NotOwner" : "MultiSigRequired"] };
  }

  private stranger(user: User): User {
    return this.random.pick(this.cast.users.filter((other) => other !== user));
  }

  private openUser(): User | undefined {
    const open = this.cast.users.filter(({ model }) => model.isOpen);
    return open.length === 0 ? undefined : this.random.pick(open);
  }

  private opened(): Opened | undefined {
    const all = this.cast.users.flatMap((user) =>
      [...user.balances].flatMap(([mint, { address, vaultTokens, model }]) =>
        model === undefined ? [] : [{ user, mint, address, vaultTokens, model }],
      ),
    );
    return all.length === 0 ? undefined : this.random.pick(all);
  }

  /** The configuration of a vault that has one; now and then it is left out. */
  private config(user: User): { readonly securityConfig: Address | undefined; readonly broken: string[] } {
    if (user.model.config === undefined) return { securityConfig: undefined, broken: [] };
    if (this.random.oneIn(20)) return { securityConfig: undefined, broken: ["SecurityConfigRequired"] };
    return { securityConfig: user.config, broken: [] };
  }

  private decimals(mint: Mint): { readonly decimals: number; readonly broken: string[] } {
    if (!this.random.oneIn(40)) return { decimals: mint.decimals, broken: [] };
    return { decimals: mint.decimals + 1, broken: ["WrongDecimals"] };
  }

  private get payer(): Address {
    return this.cast.rig.roles.payer.address;
  }

  initialize(): Call | undefined {
    const closed = this.cast.users.filter(({ model }) => !model.isOpen);
    if (closed.length === 0) return undefined;
    const user = this.random.pick(closed);
    const { model, vault, wallet } = user;
    return {
      name: "initialize",
      args: {},
      accounts: { payer: this.payer, owner: wallet, vaultAuthority: this.cast.vaultAuthority, vault },
      signers: [wallet],
      broken: this.cast.world.stopped(),
      touched: [user],
      commit: () =>
        Object.assign(model, { isOpen: true, version: 0, frozenAt: 0n, frozenUntil: 0n, lastTimestamp: 0n }),
    };
  }

  open_balance(): Call | undefined {
    const user = this.openUser();
    if (user === undefined) return undefined;
    const [mint, balance] = this.random.pick([...user.balances]);
    if (balance.model !== undefined) return undefined;
    const { signer, broken } = this.authority(user);
    return {
      name: "openBalance",
      args: {},
      accounts: {
        ...{ payer: this.payer, authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ balance: balance.address, mint: mint.mint.address, vaultTokens: balance.vaultTokens },
        ...{ tokenProgram: mint.mint.tokenProgram, associatedTokenProgram: ASSOCIATED },
      },
      signers: [signer],
      broken: [...broken, ...this.cast.world.stopped(user.model)],
      touched: [user],
      byAuthority: user,
      commit: () => {
        balance.model = newBalance(user.model, mint);
        balance.model.held = this.cast.rig.held(balance.vaultTokens);
        user.model.balances.set(mint, balance.model);
      },
    };
  }

  deposit(): Call | undefined {
    const on = this.opened();
    if (on === undefined) return undefined;
    const { user, mint, model } = on;
    const own = this.tokensOf(user, mint);
    const amount = this.random.amount(this.random.oneIn(3) ? own.units : own.units / 1_000n);
    const { decimals, broken } = this.decimals(mint);
    const received = rules.receivedOf(mint, amount);
    const signer = this.random.oneIn(20) ? this.stranger(user).wallet : user.wallet;
    return {
      name: "deposit",
      args: { args: { amount, decimals } },
      accounts: {
        ...{ owner: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault, balance: on.address },
        ...{ mint: mint.mint.address, ownerTokens: own.address, vaultTokens: on.vaultTokens },
        tokenProgram: mint.mint.tokenProgram,
      },
      signers: [signer],
      broken: [
        ...broken,
        ...this.cast.world.stopped(user.model),
        ...(signer === user.wallet ? [] : ["NotOwner"]),
        ...(amount === 0n ? ["ZeroAmount"] : []),
        ...(amount > own.units ? ["InsufficientFunds"] : []),
        ...(amount > 0n && received === 0n ? ["NothingReceived"] : []),
      ],
      touched: [user],
      commit: () => {
        own.units -= amount;
        model.total += received;
        model.held += received;
        model.seqNum += 1n;
      },
    };
  }

  withdraw(): Call | undefined {
    const on = this.opened();
    if (on === undefined) return undefined;
    const { user, mint, model } = on;
    const amount = this.random.amount(this.likelyAmount(model));
    const { signer, broken } = this.authority(user);
    const config = this.config(user);
    const { decimals, broken: wrongDecimals } = this.decimals(mint);
    const to = this.destination(user);
    const pay = rules.payment(this.cast.world, model, amount, to.wallet);
    const { world } = this.cast;
    const delay = user.model.config && rules.effectiveConfig(user.model.config, world.waitClock(user.model)).delay;
    const receiver = this.tokensOf(to, mint);
    return {
      name: "withdraw",
      args: { args: { amount, decimals } },
      accounts: {
        ...{ authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault, balance: on.address },
        ...{ securityConfig: config.securityConfig, mint: mint.mint.address, vaultTokens: on.vaultTokens },
        ...{ destinationTokens: receiver.address, tokenProgram: mint.mint.tokenProgram },
      },
      signers: [signer],
      broken: [
        ...[...broken, ...config.broken, ...wrongDecimals, ...pay.broken],
        ...((delay ?? 0n) > 0n ? ["DelayRequired"] : []),
      ],
      touched: [user, to],
      byAuthority: user,
      commit: () => {
        pay.commit();
        receiver.units += rules.receivedOf(mint, amount);
      },
    };
  }

  async request_withdrawal(): Promise<Call | undefined> {
    const on = this.opened();
    const ownRules = on?.user.model.config;
    if (on === undefined || ownRules === undefined) return undefined;
    const { user, mint, model } = on;
    const { world } = this.cast;
    const { signer, broken } = this.authority(user);
    const { decimals, broken: wrongDecimals } = this.decimals(mint);
    const amount = this.random.amount(this.likelyAmount(model));
    const to = this.destination(user);
    const timestamp = world.now + BigInt(this.random.oneIn(10) ? this.random.below(200) - 100 : this.random.below(60));
    const isNear = timestamp <= world.now + 60n && timestamp >= world.now - 60n;
    const time = world.waitClock(user.model);
    const config = rules.effectiveConfig(ownRules, time);
    const address = await this.cast.rig.addresses.pendingWithdrawal(user.vault, timestamp);
    return {
      name: "requestWithdrawal",
      args: { args: { amount, decimals, timestamp, destination: to.wallet } },
      accounts: {
        ...{ payer: this.payer, authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ balance: on.address, securityConfig: user.config, mint: mint.mint.address, pendingWithdrawal: address },
      },
      signers: [signer],
      broken: [
        ...[...broken, ...wrongDecimals],
        ...(amount === 0n ? ["ZeroAmount"] : []),
        ...(rules.mayReceive(world, user.model, to.wallet) ? [] : ["DestinationNotAllowed"]),
        ...(isNear && timestamp > user.model.lastTimestamp
          ? []
          : ["BadTimestamp", "AccountAlreadyInUse", "AlreadyInUse"]),
        ...(user.model.pending >= 64 ? ["TooManyPending"] : []),
      ],
      touched: [user],
      byAuthority: user,
      commit: () => {
        user.model.lastTimestamp = timestamp;
        user.model.pending += 1;
        model.pending += 1;
        user.pending.push({
          ...{ address, mint, balance: model, amount, destination: to.wallet, timestamp },
          ...{ maturesAt: world.now + config.delay, version: user.model.version },
        });
      },
    };
  }

  execute_withdrawal(): Call | undefined {
    const { world } = this.cast;
    const user = this.openUser();
    if (user === undefined || user.pending.length === 0) return undefined;
    const ready = user.pending.filter(({ version }) => version === user.model.version);
    const pending = this.random.pick(ready.length > 0 && !this.random.oneIn(4) ? ready : user.pending);
    const { balance, amount, mint } = pending;
    const pay = rules.payment(world, balance, amount, pending.destination);
    const to = this.userOf(pending.destination);
    const receiver = this.tokensOf(to, mint);
    const { address, vaultTokens } = this.balanceOf(user, mint);
    return {
      name: "executeWithdrawal",
      args: {},
      accounts: {
        ...{
          vaultAuthority: this.cast.vaultAuthority,
          vault: user.vault,
          balance: address,
          securityConfig: user.config,
        },
        ...{ pendingWithdrawal: pending.address, payer: this.payer, mint: mint.mint.address, vaultTokens },
        ...{ destinationTokens: receiver.address, tokenProgram: mint.mint.tokenProgram },
        instructions: INSTRUCTIONS_SYSVAR,
      },
      signers: [],
      broken: [
        ...pay.broken,
        ...(pending.version === user.model.version ? [] : ["StaleConfig"]),
        ...(world.now >= pending.maturesAt ? [] : ["NotMatured"]),
      ],
      touched: [user, to],
      commit: () => {
        pay.commit();
        receiver.units += rules.receivedOf(mint, amount);
        this.dropPending(user, pending);
      },
    };
  }

  cancel_withdrawal(): Call | undefined {
    const user = this.openUser();
    if (user === undefined || user.pending.length === 0) return undefined;
    const pending = this.random.pick(user.pending);
    const veto = this.vetoer(user);
    return {
      name: "cancelWithdrawal",
      args: {},
      accounts: {
        ...{ signer: veto.signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault, ...veto.accounts },
        balance: this.balanceOf(user, pending.mint).address,
        ...{ pendingWithdrawal: pending.address, payer: this.payer },
      },
      signers: [veto.signer],
      broken: veto.broken,
      touched: [user],
      commit: () => {
        this.dropPending(user, pending);
      },
    };
  }

  create_program_lock(): Call | undefined {
    const on = this.opened();
    const consumer = this.random.pick(this.cast.consumers);
    if (on === undefined || !consumer.isListed || on.model.locks.has(consumer)) return undefined;
    const { user, mint, model } = on;
    const { world } = this.cast;
    const { signer, broken } = this.authority(user);
    const config = this.config(user);
    const cap = this.random.amount(1_000_000_000_000n);
    return {
      name: "createProgramLock",
      args: { cap },
      accounts: {
        ...{ payer: this.payer, authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ balance: on.address, securityConfig: config.securityConfig, authorizedProgram: consumer.record },
        programLock: this.cast.lockAddress(user, mint, consumer),
      },
      signers: [signer],
      broken: [
        ...[...broken, ...config.broken, ...world.stopped(user.model)],
        ...(consumer.revokedAt === 0n ? [] : ["ProgramRevoked"]),
      ],
      touched: [user],
      byAuthority: user,
      commit: () => {
        const waits = user.model.config !== undefined;
        const waitingCap = waits ? { value: cap, at: rules.loosensAt(world, user.model) } : undefined;
        model.locks.set(consumer, { locked: 0n, cap: waits ? 0n : cap, waitingCap, revokedAt: 0n });
      },
    };
  }

  set_program_lock_cap(): Call | undefined {
    const found = this.someLock();
    if (found === undefined) return undefined;
    const { on, lock, address } = found;
    const { user } = on;
    const { world } = this.cast;
    const { signer, broken } = this.authority(user);
    const config = this.config(user);
    const cap = this.random.amount(1_000_000_000_000n);
    const isHigher = cap > rules.capOf(world, user.model, lock);
    return {
      name: "setProgramLockCap",
      args: { cap },
      accounts: {
        ...{ authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault, balance: on.address },
        ...{ securityConfig: config.securityConfig, programLock: address },
      },
      signers: [signer],
      broken: [
        ...[...broken, ...config.broken, ...(isHigher ? world.stopped(user.model) : [])],
        ...(lock.revokedAt === 0n ? [] : ["LockRevoked"]),
      ],
      touched: [user],
      byAuthority: user,
      commit: () => {
        rules.settleCap(world, user.model, lock);
        lock.waitingCap = undefined;
        if (isHigher && user.model.config !== undefined) {
          lock.waitingCap = { value: cap, at: rules.loosensAt(world, user.model) };
        } else lock.cap = cap;
      },
    };
  }

  veto_program_lock_cap(): Call | undefined {
    const found = this.someLock();
    const waiting = found?.lock.waitingCap;
    if (found === undefined || waiting === undefined) return undefined;
    const { on, lock, address } = found;
    const veto = this.vetoer(on.user);
    return {
      name: "vetoProgramLockCap",
      args: {},
      accounts: {
        ...{ signer: veto.signer, vaultAuthority: this.cast.vaultAuthority, vault: on.user.vault, ...veto.accounts },
        ...{ balance: on.address, programLock: address },
      },
      signers: [veto.signer],
      broken: [...veto.broken, ...(this.cast.world.waitClock(on.user.model) < waiting.at ? [] : ["NothingPending"])],
      touched: [on.user],
      commit: () => {
        lock.waitingCap = undefined;
      },
    };
  }

  revoke_program_lock(): Call | undefined {
    const found = this.someLock();
    if (found === undefined) return undefined;
    const { on, lock, address } = found;
    const { signer, broken } = this.authority(on.user);
    return {
      name: "revokeProgramLock",
      args: {},
      accounts: { authority: signer, vault: on.user.vault, balance: on.address, programLock: address },
      signers: [signer],
      broken: [...broken, ...(lock.revokedAt === 0n ? [] : ["LockRevoked"])],
      touched: [on.user],
      byAuthority: on.user,
      commit: () => {
        this.revoke(lock);
      },
    };
  }

  release_program_lock(): Call | undefined {
    const found = this.someLock();
    if (found === undefined) return undefined;
    const { on, lock, address, consumer } = found;
    const { signer, broken } = this.authority(on.user);
    const isRevoked = lock.revokedAt !== 0n || consumer.revokedAt !== 0n;
    return {
      name: "releaseProgramLock",
      args: {},
      accounts: {
        ...{ authority: signer, vault: on.user.vault, balance: on.address },
        ...{ authorizedProgram: consumer.record, programLock: address },
      },
      signers: [signer],
      broken: [
        ...broken,
        ...(isRevoked ? [] : ["LockNotRevoked"]),
        ...(rules.isReleasable(this.cast.world, lock, consumer) ? [] : ["ReleaseTooEarly"]),
        ...(lock.locked > 0n ? [] : ["ZeroAmount"]),
      ],
      touched: [on.user],
      byAuthority: on.user,
      commit: () => {
        lock.locked = 0n;
        if (lock.revokedAt === 0n) this.revoke(lock);
        on.model.seqNum += 1n;
      },
    };
  }

  close_program_lock(): Call | undefined {
    const found = this.someLock();
    if (found === undefined || !this.random.oneIn(3)) return undefined;
    const { on, lock, address, consumer } = found;
    const { signer, broken } = this.authority(on.user);
    return {
      name: "closeProgramLock",
      args: {},
      accounts: {
        authority: signer,
        owner: on.user.wallet,
        vault: on.user.vault,
        balance: on.address,
        programLock: address,
      },
      signers: [signer],
      broken: [...broken, ...(lock.locked === 0n ? [] : ["LockNotEmpty"])],
      touched: [on.user],
      byAuthority: on.user,
      commit: () => {
        on.model.locks.delete(consumer);
      },
    };
  }

  lock(): Call | undefined {
    const found = this.someLock();
    if (found === undefined) return undefined;
    const { on, lock, address, consumer } = found;
    const { world } = this.cast;
    const amount = this.random.amount(rules.availableOf(on.model));
    return {
      name: "lock",
      args: { amount },
      accounts: {
        ...{ collateralAuthority: consumer.consumer.collateralAuthority, vaultAuthority: this.cast.vaultAuthority },
        ...{ authorizedProgram: consumer.record, programData: consumer.consumer.programData, vault: on.user.vault },
        ...{ balance: on.address, programLock: address },
      },
      signers: [consumer.consumer.collateralAuthority],
      broken: [
        ...[...rules.inactive(world, consumer), ...world.stopped(on.user.model)],
        ...(lock.revokedAt === 0n ? [] : ["LockRevoked"]),
        ...(amount === 0n ? ["ZeroAmount"] : []),
        ...(amount > rules.availableOf(on.model) ? ["InsufficientAvailable"] : []),
        ...(lock.locked + amount > rules.capOf(world, on.user.model, lock) ? ["CapExceeded", "Overflow"] : []),
      ],
      touched: [on.user],
      commit: () => {
        rules.settleCap(world, on.user.model, lock);
        lock.locked += amount;
        on.model.seqNum += 1n;
      },
    };
  }

  unlock(): Call | undefined {
    const found = this.someLock();
    if (found === undefined) return undefined;
    const { on, lock, address, consumer } = found;
    const amount = this.random.amount(lock.locked);
    return {
      name: "unlock",
      args: { amount },
      accounts: {
        ...{ collateralAuthority: consumer.consumer.collateralAuthority, authorizedProgram: consumer.record },
        ...{ balance: on.address, programLock: address },
      },
      signers: [consumer.consumer.collateralAuthority],
      broken: [...(amount === 0n ? ["ZeroAmount"] : []), ...(amount > lock.locked ? ["InsufficientLocked"] : [])],
      touched: [on.user],
      commit: () => {
        lock.locked -= amount;
        on.model.seqNum += 1n;
      },
    };
  }

  transfer_collateral(): Call | undefined {
    const found = this.someLock();
    if (found === undefined) return undefined;
    const { on, lock, address, consumer } = found;
    const to = this.stranger(on.user);
    const destination = this.balanceOf(to, on.mint);
    const { model } = destination;
    if (model === undefined) return undefined;
    const { world } = this.cast;
    const amount = this.random.amount(lock.locked);
    const { decimals, broken } = this.decimals(on.mint);
    const received = rules.receivedOf(on.mint, amount);
    return {
      name: "transferCollateral",
      args: { args: { amount, decimals } },
      accounts: {
        ...{ collateralAuthority: consumer.consumer.collateralAuthority, vaultAuthority: this.cast.vaultAuthority },
        ...{
          authorizedProgram: consumer.record,
          programData: consumer.consumer.programData,
          sourceVault: on.user.vault,
        },
        ...{ sourceBalance: on.address, programLock: address, destinationBalance: destination.address },
        ...{ mint: on.mint.mint.address, sourceTokens: on.vaultTokens, destinationTokens: destination.vaultTokens },
        tokenProgram: on.mint.mint.tokenProgram,
      },
      signers: [consumer.consumer.collateralAuthority],
      broken: [
        ...[...broken, ...rules.inactive(world, consumer), ...world.stopped(on.user.model)],
        ...(rules.isSettleable(world, lock) ? [] : ["LockRevoked"]),
        ...(amount === 0n ? ["ZeroAmount"] : []),
        ...(amount > lock.locked ? ["InsufficientLocked"] : []),
        ...(amount > 0n && received === 0n ? ["NothingReceived"] : []),
      ],
      touched: [on.user, to],
      commit: () => {
        lock.locked -= amount;
        on.model.total -= amount;
        on.model.held -= amount;
        on.model.seqNum += 1n;
        model.total += received;
        model.held += received;
        model.seqNum += 1n;
      },
    };
  }

  create_security_config(): Call | undefined {
    const user = this.openUser();
    if (user === undefined || user.model.config !== undefined || !this.random.oneIn(3)) return undefined;
    const { signer, broken } = this.authority(user);
    const withdrawalDelay = this.random.pick([0n, 0n, 3_600n, 2n * rules.DAY, -1n, 31n * rules.DAY]);
    const whitelist = this.random.oneIn(2) ? [user.wallet] : [user.wallet, this.stranger(user).wallet];
    const vetoer = this.random.oneIn(2) ? undefined : this.stranger(user).wallet;
    const isWhitelistOn = this.random.oneIn(2);
    return {
      name: "createSecurityConfig",
      args: { args: { withdrawalDelay, isWhitelistOn, whitelist, vetoer: vetoer ?? ZERO } },
      accounts: { payer: this.payer, authority: signer, vault: user.vault, securityConfig: user.config },
      signers: [signer],
      broken: [...broken, ...(rules.isDelay(withdrawalDelay) ? [] : ["BadDelay"])],
      touched: [user],
      byAuthority: user,
      commit: () => {
        const { now } = this.cast.world;
        user.model.version += 1;
        user.model.config = {
          ...{ delay: withdrawalDelay, waitingDelay: undefined, isWhitelistOn, whitelistOffAt: 0n, vetoer },
          ...{ whitelist: new Map(whitelist.map((wallet) => [wallet, now])), waitingVetoer: undefined },
        };
      },
    };
  }

  change_security(): Call | undefined {
    const user = this.openUser();
    if (user?.model.config === undefined) return undefined;
    const { world } = this.cast;
    const config = rules.effectiveConfig(user.model.config, world.waitClock(user.model));
    const { signer, broken } = this.authority(user);
    const at = rules.loosensAt(world, user.model);
    const change = this.securityChange(config, at);
    return {
      name: "changeSecurity",
      args: { change: change.change },
      accounts: {
        ...{ authority: signer, vaultAuthority: this.cast.vaultAuthority },
        ...{ vault: user.vault, securityConfig: user.config },
      },
      signers: [signer],
      broken: [...broken, ...change.broken, ...(change.loosens ? world.stopped(user.model) : [])],
      touched: [user],
      byAuthority: user,
      commit: () => {
        change.commit();
        user.model.config = config;
        user.model.version += 1;
      },
    };
  }

  private securityChange(
    config: rules.ConfigModel,
    at: bigint,
  ): { change: object; broken: string[]; loosens: boolean; commit: () => void } {
    const { wallet } = this.random.pick(this.cast.users);
    switch (this.random.below(5)) {
      case 0: {
        const seconds = this.random.pick([0n, 60n, 3_600n, rules.DAY, 3n * rules.DAY, -5n, 40n * rules.DAY]);
        const loosens = seconds < config.delay;
        return {
          change: { kind: "withdrawalDelay", seconds },
          broken: rules.isDelay(seconds) ? [] : ["BadDelay"],
          loosens,
          commit: () => {
            if (loosens) config.waitingDelay = { value: seconds, at };
            else Object.assign(config, { delay: seconds, waitingDelay: undefined });
          },
        };
      }
      case 1: {
        const on = this.random.oneIn(2);
        return {
          change: { kind: "whitelist", on },
          broken: !on && !config.isWhitelistOn ? ["NothingPending"] : [],
          loosens: !on,
          commit: () => {
            if (on) Object.assign(config, { isWhitelistOn: true, whitelistOffAt: 0n });
            else config.whitelistOffAt = at;
          },
        };
      }
      case 2:
        return {
          change: { kind: "addWallet", wallet },
          broken: [
            ...(config.whitelist.has(wallet) ? ["AlreadyWhitelisted"] : []),
            ...(config.whitelist.size >= 16 ? ["WhitelistFull"] : []),
          ],
          loosens: true,
          commit: () => config.whitelist.set(wallet, at),
        };
      case 3:
        return {
          change: { kind: "removeWallet", wallet },
          broken: config.whitelist.has(wallet) ? [] : ["NotWhitelisted"],
          loosens: false,
          commit: () => config.whitelist.delete(wallet),
        };
      default: {
        const vetoer = this.random.oneIn(3) ? undefined : wallet;
        const loosens = config.vetoer !== undefined;
        return {
          change: { kind: "vetoer", vetoer: vetoer ?? ZERO },
          broken: [],
          loosens,
          commit: () => {
            if (loosens) config.waitingVetoer = { value: vetoer, at };
            else Object.assign(config, { vetoer, waitingVetoer: undefined });
          },
        };
      }
    }
  }

  veto_security(): Call | undefined {
    const user = this.openUser();
    if (user?.model.config === undefined) return undefined;
    const { world } = this.cast;
    const time = world.waitClock(user.model);
    const config = rules.effectiveConfig(user.model.config, time);
    const veto = this.vetoer(user, true);
    const { wallet } = this.random.pick(this.cast.users);
    const listedAt = config.whitelist.get(wallet);
    const options: { veto: object; broken: string[]; commit: () => void }[] = [
      {
        veto: { kind: "withdrawalDelay" },
        broken: config.waitingDelay === undefined ? ["NothingPending"] : [],
        commit: () => (config.waitingDelay = undefined),
      },
      {
        veto: { kind: "whitelistOff" },
        broken: config.whitelistOffAt === 0n ? ["NothingPending"] : [],
        commit: () => (config.whitelistOffAt = 0n),
      },
      {
        veto: { kind: "wallet", wallet },
        broken: listedAt === undefined ? ["NotWhitelisted"] : time < listedAt ? [] : ["NothingPending"],
        commit: () => config.whitelist.delete(wallet),
      },
      {
        veto: { kind: "vetoer" },
        broken: config.waitingVetoer === undefined ? ["NothingPending"] : [],
        commit: () => (config.waitingVetoer = undefined),
      },
    ];
    const chosen = this.random.pick(options);
    return {
      name: "vetoSecurity",
      args: { what: chosen.veto },
      accounts: {
        ...{ signer: veto.signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ securityConfig: user.config, multiSigVault: veto.accounts.multiSigVault },
      },
      signers: [veto.signer],
      broken: [...veto.broken, ...chosen.broken],
      touched: [user],
      commit: () => {
        chosen.commit();
        user.model.config = config;
      },
    };
  }

  set_limits(): Call | undefined {
    const on = this.opened();
    if (on === undefined) return undefined;
    const { signer, broken } = this.authority(on.user);
    const config = this.config(on.user);
    const near = on.model.limits?.capacity ?? 1_000_000_000n;
    const some = (): bigint => this.random.amount(near * 2n);
    const limits = { perTransaction: some(), capacity: some(), refillPerDay: some() };
    const set = rules.setLimits(this.cast.world, on.model, limits);
    return {
      name: "setLimits",
      args: { limits },
      accounts: {
        ...{ authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: on.user.vault },
        ...{ balance: on.address, securityConfig: config.securityConfig },
      },
      signers: [signer],
      broken: [...broken, ...config.broken, ...set.broken],
      touched: [on.user],
      byAuthority: on.user,
      commit: () => {
        set.commit();
      },
    };
  }

  veto_limits(): Call | undefined {
    const on = this.opened();
    if (on === undefined) return undefined;
    const { world } = this.cast;
    const veto = this.vetoer(on.user);
    const now = rules.effectiveLimits(world, on.model);
    if (on.model.waitingLimits === undefined) return undefined;
    return {
      name: "vetoLimits",
      args: {},
      accounts: {
        ...{ signer: veto.signer, vaultAuthority: this.cast.vaultAuthority, vault: on.user.vault },
        ...{ ...veto.accounts, balance: on.address },
      },
      signers: [veto.signer],
      broken: [...veto.broken, ...(now.waitingLimits === undefined ? ["NothingPending"] : [])],
      touched: [on.user],
      commit: () => Object.assign(on.model, now, { waitingLimits: undefined }),
    };
  }

  create_multi_sig(): Call | undefined {
    const user = this.openUser();
    if (user === undefined || user.model.multiSig !== undefined || !this.random.oneIn(4)) return undefined;
    const { signer, broken } = this.authority(user);
    const { owners, threshold } = this.owners();
    return {
      name: "createMultiSig",
      args: { args: { owners, threshold } },
      accounts: { payer: this.payer, authority: signer, vault: user.vault, multiSigVault: user.multiSig },
      signers: [signer],
      broken: [...broken, ...(rules.areOwners(owners, threshold, ZERO) ? [] : ["BadOwners"])],
      touched: [user],
      commit: () => {
        user.model.multiSig = { owners, threshold, epoch: 0, waiting: undefined, nextIndex: 0n };
        user.model.version += 1;
      },
    };
  }

  change_multi_sig(): Call | undefined {
    const user = this.openUser();
    const multiSig = user?.model.multiSig;
    if (user === undefined || multiSig === undefined) return undefined;
    const { world } = this.cast;
    const { signer, broken } = this.authority(user);
    const config = this.config(user);
    const isRemoval = this.random.oneIn(3);
    const { owners, threshold } = isRemoval ? { owners: [], threshold: 0 } : this.owners(multiSig.owners);
    const isTighter =
      !isRemoval && threshold >= multiSig.threshold && owners.every((owner) => multiSig.owners.includes(owner));
    const isBad = !isRemoval && !rules.areOwners(owners, threshold, ZERO);
    return {
      name: "changeMultiSig",
      args: { args: { owners, threshold } },
      accounts: {
        ...{ authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ multiSigVault: user.multiSig, securityConfig: config.securityConfig },
      },
      signers: [signer],
      broken: [
        ...[...broken, ...config.broken, ...(isBad ? ["BadOwners"] : [])],
        ...(isTighter ? [] : world.stopped(user.model)),
      ],
      touched: [user],
      byAuthority: user,
      commit: () => {
        if (isTighter) this.setOwners(user, owners, threshold);
        else multiSig.waiting = { value: { owners, threshold }, at: rules.loosensAt(world, user.model) };
      },
    };
  }

  apply_multi_sig(): Call | undefined {
    const user = this.openUser();
    const multiSig = user?.model.multiSig;
    if (user === undefined || multiSig === undefined) return undefined;
    const { world } = this.cast;
    const { waiting } = multiSig;
    return {
      name: "applyMultiSig",
      args: {},
      accounts: {
        ...{ vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ multiSigVault: user.multiSig, owner: user.wallet },
      },
      signers: [],
      broken: [
        ...world.stopped(user.model),
        ...(waiting === undefined ? ["NothingPending"] : world.now >= waiting.at ? [] : ["StillWaiting"]),
      ],
      touched: [user],
      commit: () => {
        if (waiting === undefined) return;
        const { owners, threshold } = waiting.value;
        if (owners.length > 0) this.setOwners(user, owners, threshold);
        else {
          user.model.multiSig = undefined;
          user.model.version += 1;
        }
      },
    };
  }

  veto_multi_sig(): Call | undefined {
    const user = this.openUser();
    const multiSig = user?.model.multiSig;
    if (user === undefined || multiSig === undefined) return undefined;
    const veto = this.vetoer(user, true);
    return {
      name: "vetoMultiSig",
      args: {},
      accounts: {
        ...{ signer: veto.signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ securityConfig: veto.accounts.securityConfig, multiSigVault: user.multiSig },
      },
      signers: [veto.signer],
      broken: [...veto.broken, ...(multiSig.waiting === undefined ? ["NothingPending"] : [])],
      touched: [user],
      commit: () => {
        multiSig.waiting = undefined;
      },
    };
  }

  freeze_vault(): Call | undefined {
    const user = this.openUser();
    if (user === undefined || !this.random.oneIn(3)) return undefined;
    const { signer, broken } = this.authority(user);
    const seconds = this.random.pick([600n, 3_600n, rules.DAY, 0n, rules.DAY + 1n]);
    const freeze = this.cast.world.freeze(user.model, seconds);
    return {
      name: "freezeVault",
      args: { seconds },
      accounts: { authority: signer, vault: user.vault },
      signers: [signer],
      broken: [...broken, ...freeze.broken, ...(user.model.multiSig === undefined ? ["MultiSigRequired"] : [])],
      touched: [user],
      byAuthority: user,
      commit: () => {
        freeze.commit();
      },
    };
  }

  close_balance(): Call | undefined {
    const on = this.opened();
    if (on === undefined || !this.random.oneIn(4)) return undefined;
    const { user, mint, model } = on;
    const { signer, broken } = this.authority(user);
    const own = this.tokensOf(user, mint);
    return {
      name: "closeBalance",
      args: {},
      accounts: {
        ...{ authority: signer, owner: user.wallet, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ balance: on.address, mint: mint.mint.address, vaultTokens: on.vaultTokens, ownerTokens: own.address },
        tokenProgram: mint.mint.tokenProgram,
      },
      signers: [signer],
      broken: [
        ...[...broken, ...this.cast.world.shut(user.model)],
        ...(model.total === 0n ? [] : ["BalanceNotEmpty"]),
        ...(model.locks.size === 0 ? [] : ["ProgramLocksOpen"]),
        ...(model.pending === 0 ? [] : ["WithdrawalsPending"]),
      ],
      touched: [user],
      byAuthority: user,
      commit: () => {
        own.units += rules.receivedOf(mint, model.held);
        user.model.balances.delete(mint);
        this.balanceOf(user, mint).model = undefined;
      },
    };
  }

  close_vault(): Call | undefined {
    const user = this.openUser();
    if (user === undefined || !this.random.oneIn(4)) return undefined;
    const config = this.config(user);
    return {
      name: "closeVault",
      args: {},
      accounts: { owner: user.wallet, vault: user.vault, securityConfig: config.securityConfig },
      signers: [user.wallet],
      broken: [
        ...config.broken,
        ...(user.model.multiSig === undefined ? [] : ["MultiSigOpen"]),
        ...(user.model.balances.size === 0 ? [] : ["BalancesOpen"]),
        ...(user.model.pending === 0 ? [] : ["WithdrawalsPending"]),
      ],
      touched: [user],
      commit: () => Object.assign(user.model, { isOpen: false, config: undefined }),
    };
  }

  pause(): Call | undefined {
    if (!this.random.oneIn(8)) return undefined;
    const { guardian, admin } = this.cast.rig.roles;
    const signer = this.random.oneIn(4) ? admin.address : guardian.address;
    const pause = this.cast.world.pause();
    return this.global(
      "pause",
      { guardian: signer },
      signer,
      () => {
        pause.commit();
      },
      [...pause.broken, ...(signer === guardian.address ? [] : ["NotGuardian"])],
    );
  }

  request_unpause(): Call | undefined {
    const { world } = this.cast;
    const { guardian, admin } = this.cast.rig.roles;
    const signer = this.random.oneIn(4) ? guardian.address : admin.address;
    const commit = (): void => {
      world.unpauseAt = world.now + 600n;
    };
    return this.global("requestUnpause", { admin: signer }, signer, commit, [
      ...(signer === admin.address ? [] : ["NotAdmin"]),
      ...(world.isPaused ? [] : ["NotPaused"]),
    ]);
  }

  unpause(): Call | undefined {
    const { admin } = this.cast.rig.roles;
    const signer = this.random.oneIn(2) ? admin.address : this.random.pick(this.cast.users).wallet;
    const unpause = this.cast.world.unpause(signer === admin.address);
    return this.global(
      "unpause",
      { signer },
      signer,
      () => {
        unpause.commit();
      },
      unpause.broken,
    );
  }

  register_program(): Call | undefined {
    const consumer = this.random.pick(this.cast.consumers);
    if (consumer.isListed) {
      const isStopped = consumer.revokedAt !== 0n || consumer.slot !== consumer.listedSlot;
      return isStopped || this.random.oneIn(10) ? this.renew(consumer) : undefined;
    }
    const { world } = this.cast;
    const signer = this.admin();
    const accounts = {
      ...{ payer: this.payer, admin: signer.address, program: consumer.consumer.programId },
      ...{ programData: consumer.consumer.programData, authorizedProgram: consumer.record },
    };
    const commit = (): void => {
      const listed = { isListed: true, activeAt: world.now + rules.DAY, revokedAt: 0n, listedSlot: consumer.slot };
      Object.assign(consumer, listed);
    };
    return this.global("registerProgram", accounts, signer.address, commit, [...signer.broken, ...world.stopped()]);
  }

  private renew(consumer: Consumer): Call {
    const { world } = this.cast;
    const signer = this.admin();
    const accounts = {
      ...{ admin: signer.address, program: consumer.consumer.programId },
      ...{ programData: consumer.consumer.programData, authorizedProgram: consumer.record },
    };
    const commit = (): void => {
      Object.assign(consumer, { activeAt: world.now + rules.DAY, revokedAt: 0n, listedSlot: consumer.slot });
    };
    return this.global("renewProgram", accounts, signer.address, commit, [...signer.broken, ...world.stopped()]);
  }

  revoke_program(): Call | undefined {
    const consumer = this.random.pick(this.cast.consumers);
    if (!consumer.isListed || !this.random.oneIn(4)) return undefined;
    const { admin, guardian } = this.cast.rig.roles;
    const signer = this.random.pick([admin.address, guardian.address, this.random.pick(this.cast.users).wallet]);
    const mayRevoke = signer === admin.address || signer === guardian.address;
    const commit = (): void => {
      consumer.revokedAt = this.cast.world.now;
    };
    return this.global("revokeProgram", { signer, authorizedProgram: consumer.record }, signer, commit, [
      ...(mayRevoke ? [] : ["NotAdmin"]),
      ...(consumer.revokedAt === 0n ? [] : ["ProgramRevoked"]),
    ]);
  }

  private admin(): { readonly address: Address; readonly broken: string[] } {
    const { admin, guardian } = this.cast.rig.roles;
    if (this.random.oneIn(10)) return { address: guardian.address, broken: ["NotAdmin"] };
    return { address: admin.address, broken: [] };
  }

  private global(
    name: Name,
    accounts: Readonly<Record<string, Address>>,
    signer: Address,
    commit: () => void,
    broken: Broken,
  ): Call {
    const { vaultAuthority } = this.cast;
    return {
      name,
      args: {},
      accounts: { ...accounts, vaultAuthority },
      signers: [signer],
      broken,
      touched: [],
      commit,
    };
  }

  /** Somebody who vetoes or cancels, mostly one who may. `isConfigPassed`: the instruction always has the configuration. */
  private vetoer(
    user: User,
    isConfigPassed = false,
  ): {
    readonly signer: Address;
    readonly accounts: { readonly securityConfig: Address | undefined; readonly multiSigVault: Address | undefined };
    readonly broken: string[];
  } {
    const { model } = user;
    const { config, multiSig } = model;
    const counted = config && rules.effectiveConfig(config, this.cast.world.waitClock(model));
    const passesConfig = config !== undefined && (isConfigPassed || !this.random.oneIn(8));
    const passesMultiSig = multiSig !== undefined && (isConfigPassed || !this.random.oneIn(8));
    const signer = this.random.pick([
      ...[user.wallet, this.random.pick(this.cast.users).wallet],
      ...(multiSig === undefined ? [] : [this.random.pick(multiSig.owners), user.multiSig]),
      ...(counted?.vetoer === undefined ? [] : [counted.vetoer]),
    ]) as Address;
    const may =
      signer === (multiSig === undefined ? user.wallet : user.multiSig) ||
      (passesConfig && signer === counted?.vetoer) ||
      (passesMultiSig && multiSig.owners.includes(signer));
    return {
      signer,
      accounts: {
        securityConfig: passesConfig ? user.config : undefined,
        multiSigVault: passesMultiSig ? user.multiSig : undefined,
      },
      broken: may ? [] : ["MayNotVeto"],
    };
  }

  private owners(from?: readonly string[]): { readonly owners: readonly string[]; readonly threshold: number } {
    if (from !== undefined && from.length > 1 && this.random.oneIn(2)) {
      const gone = this.random.below(from.length);
      const owners = from.filter((_, index) => index !== gone);
      return { owners, threshold: 1 + this.random.below(owners.length + 1) };
    }
    const count = 1 + this.random.below(this.cast.users.length);
    const owners = this.cast.users.slice(0, count).map(({ wallet }): string => wallet);
    if (this.random.oneIn(12)) owners.push(this.random.pick([ZERO, owners[0] ?? ZERO]));
    return { owners, threshold: 1 + this.random.below(count) };
  }

  private setOwners(user: User, owners: readonly string[], threshold: number): void {
    const { multiSig } = user.model;
    if (multiSig === undefined) return;
    Object.assign(multiSig, { owners, threshold, epoch: multiSig.epoch + 1, waiting: undefined });
    user.model.version += 1;
  }

  private revoke(lock: LockModel): void {
    Object.assign(lock, { revokedAt: this.cast.world.now, cap: 0n, waitingCap: undefined });
  }

  private dropPending(user: User, pending: User["pending"][number]): void {
    user.pending.splice(user.pending.indexOf(pending), 1);
    user.model.pending -= 1;
    pending.balance.pending -= 1;
  }

  /** Around what is there and what limits leave. */
  private likelyAmount(balance: BalanceModel): bigint {
    const { limits, bucket } = rules.effectiveLimits(this.cast.world, balance);
    const available = rules.availableOf(balance);
    if (limits === undefined || this.random.oneIn(4)) return available;
    return this.random.pick([limits.perTransaction, bucket / rules.DAY, available]);
  }

  private destination(user: User): User {
    return this.random.oneIn(4) ? this.random.pick(this.cast.users) : user;
  }

  private someLock(): { on: Opened; lock: LockModel; address: Address; consumer: Consumer } | undefined {
    for (let attempt = 0; attempt < 4; attempt++) {
      const on = this.opened();
      if (on === undefined || on.model.locks.size === 0) continue;
      const consumer = this.random.pick(this.cast.consumers.filter((each) => on.model.locks.has(each)));
      const lock = on.model.locks.get(consumer);
      if (lock !== undefined) return { on, lock, address: this.cast.lockAddress(on.user, on.mint, consumer), consumer };
    }
    return undefined;
  }

  private tokensOf(user: User, mint: Mint): { readonly address: Address; units: bigint } {
    const found = user.tokens.get(mint);
    if (found === undefined) throw new Error("no token account of that mint");
    return found;
  }

  private balanceOf(
    user: User,
    mint: Mint,
  ): { readonly address: Address; readonly vaultTokens: Address; model: BalanceModel | undefined } {
    const found = user.balances.get(mint);
    if (found === undefined) throw new Error("no balance of that mint");
    return found;
  }

  private userOf(wallet: string): User {
    const found = this.cast.users.find((user) => user.wallet === wallet);
    if (found === undefined) throw new Error("no user with that wallet");
    return found;
  }
}

const COMMON = [
  ...(["deposit", "deposit", "withdraw", "withdraw", "lock", "lock", "unlock", "transfer_collateral"] as const),
  ...([
    "create_program_lock",
    "set_program_lock_cap",
    "request_withdrawal",
    "execute_withdrawal",
    "execute_withdrawal",
  ] as const),
  ...(["initialize", "open_balance", "set_limits", "change_security"] as const),
];
const RARE = [
  ...(["cancel_withdrawal", "veto_program_lock_cap", "revoke_program_lock", "release_program_lock"] as const),
  ...(["close_program_lock", "create_security_config", "veto_security", "veto_limits", "create_multi_sig"] as const),
  ...([
    "change_multi_sig",
    "apply_multi_sig",
    "veto_multi_sig",
    "freeze_vault",
    "close_balance",
    "close_vault",
  ] as const),
  ...(["pause", "request_unpause", "unpause", "register_program", "revoke_program"] as const),
];
