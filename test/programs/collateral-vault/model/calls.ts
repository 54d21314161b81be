/** A random call: which instruction, how often. */
import type { Call } from "./callKit.js";
import type { Cast } from "./cast.js";
import { LockCalls } from "./lockCalls.js";
import { MoneyCalls } from "./moneyCalls.js";
import { MultiSigCalls } from "./multiSigCalls.js";
import { ProgramCalls } from "./programCalls.js";
import type { Random } from "./random.js";
import { SecurityCalls } from "./securityCalls.js";

type Maker = () => Call | undefined | Promise<Call | undefined>;

export class Calls {
  private readonly common: readonly Maker[];
  private readonly rare: readonly Maker[];

  constructor(
    cast: Cast,
    private readonly random: Random,
  ) {
    const money = new MoneyCalls(cast, random);
    const locks = new LockCalls(cast, random);
    const security = new SecurityCalls(cast, random);
    const multiSig = new MultiSigCalls(cast, random);
    const program = new ProgramCalls(cast, random);
    this.common = [
      ...[() => money.deposit(), () => money.deposit(), () => money.withdraw(), () => money.withdraw()],
      ...[() => locks.lock(), () => locks.lock(), () => locks.unlock(), () => locks.transferCollateral()],
      ...[() => locks.createProgramLock(), () => locks.setProgramLockCap()],
      ...[() => money.requestWithdrawal(), () => money.executeWithdrawal(), () => money.executeWithdrawal()],
      ...[() => money.initialize(), () => money.openBalance()],
      ...[() => security.setLimits(), () => security.changeSecurity()],
    ];
    this.rare = [
      ...[() => money.cancelWithdrawal(), () => money.closeBalance(), () => money.closeVault()],
      ...[() => locks.vetoProgramLockCap(), () => locks.revokeProgramLock(), () => locks.releaseProgramLock()],
      ...[() => locks.closeProgramLock(), () => security.createSecurityConfig(), () => security.vetoSecurity()],
      ...[() => security.vetoLimits(), () => multiSig.createMultiSig(), () => multiSig.changeMultiSig()],
      ...[() => multiSig.applyMultiSig(), () => multiSig.vetoMultiSig(), () => multiSig.freezeVault()],
      ...[() => program.pause(), () => program.requestUnpause(), () => program.unpause()],
      ...[() => program.registerProgram(), () => program.revokeProgram()],
    ];
  }

  /** A call, mostly one that should work; undefined when the present state has nothing to build the chosen one on. */
  async next(): Promise<Call | undefined> {
    return await this.random.pick(this.random.oneIn(4) ? this.rare : this.common)();
  }
}
