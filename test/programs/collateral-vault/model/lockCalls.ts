/** What consumer programs hold. */
import type { Address } from "@solana/kit";

import { CallKit, type Call, type Opened } from "./callKit.js";
import type { Consumer } from "./cast.js";
import * as rules from "./rules.js";
import type { LockModel } from "./rules.js";

export class LockCalls extends CallKit {
  createProgramLock(): Call | undefined {
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

  setProgramLockCap(): Call | undefined {
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

  vetoProgramLockCap(): Call | undefined {
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

  revokeProgramLock(): Call | undefined {
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

  releaseProgramLock(): Call | undefined {
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

  closeProgramLock(): Call | undefined {
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

  transferCollateral(): Call | undefined {
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
        ...[...broken, ...rules.inactive(world, consumer), ...world.stopped()],
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

  private revoke(lock: LockModel): void {
    Object.assign(lock, { revokedAt: this.cast.world.now, cap: 0n, waitingCap: undefined });
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
}
