/** Several owners, and the freeze they may ask for. */
import { CallKit, ZERO, type Call } from "./callKit.js";
import type { User } from "./cast.js";
import * as rules from "./rules.js";

export class MultiSigCalls extends CallKit {
  createMultiSig(): Call | undefined {
    const user = this.openUser();
    if (user === undefined || user.model.multiSig !== undefined || !this.random.oneIn(4)) return undefined;
    const { model } = user;
    if (model.firstMultiSig !== undefined) return undefined;
    const { signer, broken } = this.authority(user);
    const { owners, threshold } = this.owners();
    const config = this.config(user);
    const { world, vaultAuthority } = this.cast;
    const at = rules.loosensAt(world, model);
    return {
      name: "createMultiSig",
      args: { args: { owners, threshold } },
      accounts: {
        ...{ payer: this.payer, authority: signer, vaultAuthority, vault: user.vault, multiSigVault: user.multiSig },
        securityConfig: config.securityConfig,
      },
      signers: [signer],
      broken: [
        ...[...broken, ...config.broken, ...(rules.areOwners(owners, threshold, ZERO) ? [] : ["BadOwners"])],
        ...(model.config === undefined ? [] : world.stopped(model)),
      ],
      touched: [user],
      commit: () => {
        if (model.config !== undefined) {
          model.firstMultiSig = { value: { owners, threshold }, at };
          return;
        }
        user.model.multiSig = newMultiSig(owners, threshold);
        user.model.version += 1;
      },
    };
  }

  changeMultiSig(): Call | undefined {
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

  applyMultiSig(): Call | undefined {
    const user = this.openUser();
    if (user === undefined) return undefined;
    const { model } = user;
    const { multiSig, firstMultiSig } = model;
    if (multiSig === undefined && firstMultiSig === undefined) return undefined;
    const { world } = this.cast;
    const waiting = multiSig === undefined ? firstMultiSig : multiSig.waiting;
    return {
      name: "applyMultiSig",
      args: {},
      accounts: {
        ...{ vaultAuthority: this.cast.vaultAuthority, vault: user.vault },
        ...{ multiSigVault: user.multiSig, owner: user.wallet },
      },
      signers: [],
      broken: [
        ...world.stopped(model),
        ...(waiting === undefined ? ["NothingPending"] : world.now >= waiting.at ? [] : ["StillWaiting"]),
      ],
      touched: [user],
      commit: () => {
        if (waiting === undefined) return;
        const { owners, threshold } = waiting.value;
        if (multiSig !== undefined && owners.length > 0) {
          this.setOwners(user, owners, threshold);
          return;
        }
        model.multiSig = multiSig === undefined ? newMultiSig(owners, threshold) : undefined;
        model.firstMultiSig = undefined;
        model.version += 1;
      },
    };
  }

  vetoMultiSig(): Call | undefined {
    const user = this.openUser();
    if (user === undefined) return undefined;
    const { model } = user;
    const { multiSig, firstMultiSig } = model;
    if (multiSig === undefined && firstMultiSig === undefined) return undefined;
    const veto = this.vetoer(user, true);
    const waiting = multiSig === undefined ? firstMultiSig : multiSig.waiting;
    return {
      name: "vetoMultiSig",
      args: {},
      accounts: {
        ...{ signer: veto.signer, vaultAuthority: this.cast.vaultAuthority, vault: user.vault, owner: user.wallet },
        ...{ securityConfig: veto.accounts.securityConfig, multiSigVault: user.multiSig },
      },
      signers: [veto.signer],
      broken: [...veto.broken, ...(waiting === undefined ? ["NothingPending"] : [])],
      touched: [user],
      commit: () => {
        if (multiSig === undefined) model.firstMultiSig = undefined;
        else multiSig.waiting = undefined;
      },
    };
  }

  freezeVault(): Call | undefined {
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
}

function newMultiSig(owners: readonly string[], threshold: number): rules.MultiSigModel {
  return {
    owners,
    threshold,
    epoch: 0,
    waiting: undefined,
    proposals: Array.from({ length: 10 }, () => 0n),
  };
}
