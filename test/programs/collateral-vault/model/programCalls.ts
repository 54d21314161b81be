/** Pauses and listed programs. */
import type { Address } from "@solana/kit";

import { codeHashOf } from "../../../../protocol/solana/programData.js";
import { codeOf, otherCode } from "../../../helpers/solanaVault/upgrades.js";
import { CallKit, type Call, type Name } from "./callKit.js";
import type { Consumer } from "./cast.js";
import * as rules from "./rules.js";
import type { Broken } from "./rules.js";

export class ProgramCalls extends CallKit {
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

  requestUnpause(): Call | undefined {
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

  registerProgram(): Call | undefined {
    const consumer = this.random.pick(this.cast.consumers);
    if (consumer.isListed) {
      const isStopped = consumer.revokedAt !== 0n || consumer.slot !== consumer.listedSlot;
      if (!isStopped && !this.random.oneIn(10)) return undefined;
      return this.random.oneIn(2) ? this.renew(consumer) : this.confirm(consumer);
    }
    const { world } = this.cast;
    const signer = this.admin();
    const accounts = {
      ...{ payer: this.payer, admin: signer.address, program: consumer.consumer.programId },
      ...{ programData: consumer.consumer.programData, authorizedProgram: consumer.record },
    };
    const commit = (): void => {
      Object.assign(consumer, { isListed: true, ...this.listed(consumer) });
    };
    const named = this.named(consumer);
    const broken = [...signer.broken, ...world.stopped(), ...named.broken];
    return { ...this.global("registerProgram", accounts, signer.address, commit, broken), args: named.args };
  }

  private renew(consumer: Consumer): Call {
    const { world } = this.cast;
    const signer = this.admin();
    const accounts = {
      ...{ admin: signer.address, program: consumer.consumer.programId },
      ...{ programData: consumer.consumer.programData, authorizedProgram: consumer.record },
    };
    const commit = (): void => {
      Object.assign(consumer, this.listed(consumer));
    };
    const named = this.named(consumer);
    const broken = [
      ...[...signer.broken, ...world.stopped(), ...named.broken],
      ...(consumer.revokedAt === 0n && consumer.code === consumer.listedCode ? ["ProgramUnchanged"] : []),
    ];
    return { ...this.global("renewProgram", accounts, signer.address, commit, broken), args: named.args };
  }

  /** The code that is there most of the time; else other code. */
  private named({ consumer }: Consumer): {
    readonly args: Readonly<Record<string, unknown>>;
    readonly broken: string[];
  } {
    const code = codeOf(this.cast.rig, consumer);
    const isOther = this.random.oneIn(8);
    const codeHash = codeHashOf(isOther ? otherCode(code, 1 + this.random.below(250)) : code);
    return { args: { codeHash: [...codeHash] }, broken: isOther ? ["WrongCode"] : [] };
  }

  /** As it is now, with the whole wait. */
  private listed({ slot, code }: Consumer): Partial<Consumer> {
    return { activeAt: this.cast.world.now + rules.DAY, revokedAt: 0n, listedSlot: slot, listedCode: code };
  }

  private confirm(consumer: Consumer): Call {
    const signer = this.adminOrGuardian();
    const accounts = {
      ...{ signer: signer.address, programData: consumer.consumer.programData },
      authorizedProgram: consumer.record,
    };
    const commit = (): void => {
      consumer.listedSlot = consumer.slot;
    };
    const isUpgraded = consumer.slot !== consumer.listedSlot && consumer.code !== consumer.listedCode;
    return this.global("confirmProgram", accounts, signer.address, commit, [
      ...signer.broken,
      ...(consumer.slot === consumer.listedSlot ? ["NothingPending"] : []),
      ...(isUpgraded ? ["ProgramUpgraded"] : []),
    ]);
  }

  revokeProgram(): Call | undefined {
    const consumer = this.random.pick(this.cast.consumers);
    if (!consumer.isListed || !this.random.oneIn(4)) return undefined;
    const signer = this.adminOrGuardian();
    const commit = (): void => {
      consumer.revokedAt = this.cast.world.now;
    };
    const accounts = { signer: signer.address, authorizedProgram: consumer.record };
    return this.global("revokeProgram", accounts, signer.address, commit, [
      ...signer.broken,
      ...(consumer.revokedAt === 0n ? [] : ["ProgramRevoked"]),
    ]);
  }

  /** Either, or a stranger. */
  private adminOrGuardian(): { readonly address: Address; readonly broken: string[] } {
    const { admin, guardian } = this.cast.rig.roles;
    const address = this.random.pick([admin.address, guardian.address, this.random.pick(this.cast.users).wallet]);
    return { address, broken: address === admin.address || address === guardian.address ? [] : ["NotAdmin"] };
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
}
