/** An owner's own rules. */
import { CallKit, ZERO, type Call } from "./callKit.js";
import * as rules from "./rules.js";

export class SecurityCalls extends CallKit {
  createSecurityConfig(): Call | undefined {
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
        const wait = withdrawalDelay > rules.DAY ? withdrawalDelay : rules.DAY;
        // several owners could pay nobody but the owner until now
        const countsAt = (wallet: string): bigint =>
          user.model.multiSig === undefined || wallet === user.wallet ? now : now + wait;
        user.model.version += 1;
        user.model.config = {
          ...{
            delay: withdrawalDelay,
            waitingDelay: undefined,
            isWhitelistOn,
            whitelistOffAt: 0n,
            vetoer,
            closingAt: 0n,
          },
          ...{ whitelist: new Map(whitelist.map((wallet) => [wallet, countsAt(wallet)])), waitingVetoer: undefined },
        };
      },
    };
  }

  changeSecurity(): Call | undefined {
    const user = this.openUser();
    if (user?.model.config === undefined) return undefined;
    const { world } = this.cast;
    const config = rules.effectiveConfig(user.model.config, world.waitClock(user.model));
    const { signer, broken } = this.authority(user);
    const at = rules.loosensAt(world, user.model);
    const change = this.securityChange(user.wallet, config, at);
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
    owner: string,
    config: rules.ConfigModel,
    at: bigint,
  ): { change: object; broken: string[]; loosens: boolean; commit: () => void } {
    const { wallet } = this.random.pick(this.cast.users);
    switch (this.random.below(6)) {
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
            if (!on) {
              config.whitelistOffAt = at;
              return;
            }
            const later = config.isWhitelistOn ? [] : [...config.whitelist].filter(([listed]) => listed !== owner);
            for (const [listed, from] of later) config.whitelist.set(listed, from > at ? from : at);
            Object.assign(config, { isWhitelistOn: true, whitelistOffAt: 0n });
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
      case 4: {
        const on = !this.random.oneIn(4);
        return {
          change: { kind: "closing", on },
          broken: [],
          loosens: on,
          commit: () => (config.closingAt = on ? at : 0n),
        };
      }
      default: {
        const vetoer = this.random.oneIn(3) ? undefined : wallet;
        return {
          change: { kind: "vetoer", vetoer: vetoer ?? ZERO },
          broken: [],
          loosens: true,
          commit: () => (config.waitingVetoer = { value: vetoer, at }),
        };
      }
    }
  }

  vetoSecurity(): Call | undefined {
    const user = this.openUser();
    if (user?.model.config === undefined) return undefined;
    const { world } = this.cast;
    const time = world.waitClock(user.model);
    const config = rules.effectiveConfig(user.model.config, time);
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
      {
        veto: { kind: "closing" },
        broken: time < config.closingAt ? [] : ["NothingPending"],
        commit: () => (config.closingAt = 0n),
      },
    ];
    const chosen = this.random.pick(options);
    const veto = this.vetoer(user, true, (chosen.veto as { kind: string }).kind !== "vetoer");
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

  setLimits(): Call | undefined {
    const on = this.opened();
    if (on === undefined) return undefined;
    const { signer, broken } = this.authority(on.user);
    const config = this.config(on.user);
    const near = on.model.limits?.capacity ?? 1_000_000_000n;
    const some = (): bigint => this.random.amount(near * 2n);
    const limits = this.random.oneIn(8)
      ? rules.OPEN
      : { perTransaction: some(), capacity: some(), refillPerDay: some() };
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

  vetoLimits(): Call | undefined {
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
}
