/** Vaults, balances, and money that goes in and out. */
import type { Address } from "@solana/kit";

import { INSTRUCTIONS_SYSVAR } from "../../../../protocol/solana/accountRules.js";
import { CallKit, type Call } from "./callKit.js";
import { newBalance, type Mint, type User } from "./cast.js";
import * as rules from "./rules.js";
import type { BalanceModel } from "./rules.js";

const ASSOCIATED = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL" as Address;

export class MoneyCalls extends CallKit {
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

  openBalance(): Call | undefined {
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
    const minimumReceived = this.minimum(mint, amount);
    const { world } = this.cast;
    const delay = user.model.config && rules.effectiveConfig(user.model.config, world.waitClock(user.model)).delay;
    const receiver = this.tokensOf(to, mint);
    return {
      name: "withdraw",
      args: { args: { amount, minimumReceived, decimals } },
      accounts: {
        ...{ authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault, balance: on.address },
        ...{ securityConfig: config.securityConfig, mint: mint.mint.address, vaultTokens: on.vaultTokens },
        ...{ destinationTokens: receiver.address, tokenProgram: mint.mint.tokenProgram },
      },
      signers: [signer],
      broken: [
        ...[...broken, ...config.broken, ...wrongDecimals, ...pay.broken],
        ...rules.minimum(mint, amount, minimumReceived),
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

  async requestWithdrawal(): Promise<Call | undefined> {
    const on = this.opened();
    const ownRules = on?.user.model.config;
    if (on === undefined || ownRules === undefined) return undefined;
    const { user, mint, model } = on;
    const { world } = this.cast;
    const { signer, broken } = this.authority(user);
    const { decimals, broken: wrongDecimals } = this.decimals(mint);
    const amount = this.random.amount(this.likelyAmount(model));
    const to = this.destination(user);
    const minimumReceived = this.minimum(mint, amount);
    const { multiSig, lastTimestamp } = user.model;
    const isOld = multiSig !== undefined && lastTimestamp > 0n && this.random.oneIn(2);
    const near = world.now + BigInt(this.random.oneIn(10) ? this.random.below(200) - 100 : this.random.below(60));
    const timestamp = isOld ? lastTimestamp + 1n : near;
    const isNear =
      timestamp <= world.now + 60n && timestamp >= world.now - (multiSig === undefined ? 60n : rules.FORTNIGHT);
    const time = world.waitClock(user.model);
    const config = rules.effectiveConfig(ownRules, time);
    const address = await this.cast.rig.addresses.pendingWithdrawal(user.vault, timestamp);
    return {
      name: "requestWithdrawal",
      args: { args: { amount, minimumReceived, decimals, timestamp, destination: to.wallet } },
      accounts: {
        ...{ payer: this.payer, authority: signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ balance: on.address, securityConfig: user.config, mint: mint.mint.address, pendingWithdrawal: address },
      },
      signers: [signer],
      broken: [
        ...[...broken, ...wrongDecimals],
        ...(minimumReceived > amount ? ["BadMinimum"] : []),
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
          ...{ address, mint, balance: model, amount, minimumReceived, destination: to.wallet, timestamp },
          ...{ maturesAt: world.now + config.delay, version: user.model.version },
        });
      },
    };
  }

  executeWithdrawal(): Call | undefined {
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
    const { signer, broken } = this.authority(user);
    const isAuthority = this.random.oneIn(3);
    return {
      name: "executeWithdrawal",
      args: {},
      accounts: {
        authority: isAuthority ? signer : undefined,
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
      signers: isAuthority ? [signer] : [],
      broken: [
        ...pay.broken,
        ...(isAuthority ? broken : rules.minimum(mint, amount, pending.minimumReceived)),
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

  cancelWithdrawal(): Call | undefined {
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

  closeBalance(): Call | undefined {
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
        ...rules.forgotten(this.cast.world, model),
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

  closeVault(): Call | undefined {
    const user = this.openUser();
    if (user === undefined || !this.random.oneIn(4)) return undefined;
    const config = this.config(user);
    const { closingAt } = user.model.config ?? { closingAt: 1n };
    const mayClose = closingAt !== 0n && this.cast.world.waitClock(user.model) >= closingAt;
    return {
      name: "closeVault",
      args: {},
      accounts: {
        ...{ owner: user.wallet, vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        securityConfig: config.securityConfig,
      },
      signers: [user.wallet],
      broken: [
        ...config.broken,
        ...(user.model.multiSig === undefined && user.model.firstMultiSig === undefined ? [] : ["MultiSigOpen"]),
        ...(mayClose ? [] : ["RulesInForce"]),
        ...(user.model.balances.size === 0 ? [] : ["BalancesOpen"]),
        ...(user.model.pending === 0 ? [] : ["WithdrawalsPending"]),
      ],
      touched: [user],
      commit: () => Object.assign(user.model, { isOpen: false, config: undefined }),
    };
  }

  private dropPending(user: User, pending: User["pending"][number]): void {
    user.pending.splice(user.pending.indexOf(pending), 1);
    user.model.pending -= 1;
    pending.balance.pending -= 1;
  }

  /** What must arrive: mostly what does. */
  private minimum(mint: Mint, amount: bigint): bigint {
    const received = rules.receivedOf(mint, amount);
    if (!this.random.oneIn(8)) return received;
    return rules.fitting(this.random.pick([0n, received + 1n, amount, amount + 1n]));
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

  private userOf(wallet: string): User {
    const found = this.cast.users.find((user) => user.wallet === wallet);
    if (found === undefined) throw new Error("no user with that wallet");
    return found;
  }
}
