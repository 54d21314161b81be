/**
 * What programs do with collateral: the vault's instructions for callers by CPI, and those of the position manager, built and tried. Sending
 * and retrying belong to the keepers. Holds no key and no state.
 */
import { isSignerRole, isWritableRole, type Address, type Instruction } from "@solana/kit";

import { OUR_PROGRAMS, type NamedProgram } from "./errors.js";
import { eventsOf } from "./events.js";
import { VaultInstructions } from "./instructions.js";
import { MarketInstructions } from "./marketInstructions.js";
import { PositionInstructions } from "./positionInstructions.js";
import type { PositionProgram } from "./positionProgram.js";
import type { FullInstruction } from "./program.js";
import type { SolanaRpc } from "./rpc.js";
import {
  buildTransaction,
  simulateInstructions,
  type TransactionRequest,
  type UnsignedTransaction,
} from "./transaction.js";
import { vaultProgram, type VaultEvent, type VaultProgram } from "./vaultProgram.js";

export type CpiOptions = Pick<
  TransactionRequest,
  "priorityFee" | "computeMarginBps" | "lookupTables" | "commitment"
> & {
  readonly vaultProgram?: VaultProgram;
  readonly positionProgram?: PositionProgram;
};

/** One account that a caller passes on, in the order of the instruction. */
export interface CpiAccount {
  readonly name: string;
  readonly address: Address;
  readonly isWritable: boolean;
  /** The caller's collateral authority: it signs in the call, and is handed to no other program. */
  readonly isSigner: boolean;
}

export interface TriedCall {
  readonly computeUnits: bigint;
  readonly events: readonly VaultEvent[];
  readonly slot: bigint;
}

export class CpiManager {
  /** `lock`, `unlock` and `transferCollateral` are those that programs call. */
  readonly vault: VaultInstructions;
  readonly position: PositionInstructions;
  /** The position manager's administration and its house. */
  readonly market: MarketInstructions;
  private readonly programs: readonly NamedProgram[];
  private readonly paying: Pick<TransactionRequest, "priorityFee" | "computeMarginBps" | "lookupTables" | "commitment">;

  constructor(
    private readonly rpc: SolanaRpc,
    options: CpiOptions = {},
  ) {
    const { vaultProgram: vaults = vaultProgram, positionProgram: positions, ...paying } = options;
    this.vault = new VaultInstructions(vaults);
    this.position = new PositionInstructions(positions, vaults.id);
    this.market = new MarketInstructions(positions, vaults.id);
    this.programs = [vaults, this.position.program, ...OUR_PROGRAMS];
    this.paying = paying;
  }

  /** The accounts that a caller needs for a call of the vault program. @throws Error for an instruction that is none of it. */
  accountsOf(instruction: FullInstruction): readonly CpiAccount[] {
    return namedAccounts(this.vault.program, instruction);
  }

  /**
   * Runs the vault's instructions as if the caller's program had called them: its collateral authority need not sign.
   * @throws RevertError with the name of what the program says.
   */
  async tryCall(instructions: readonly Instruction[], payer: Address): Promise<TriedCall> {
    const request = {
      ...this.paying,
      programs: this.programs,
      doing: "call of the vault program",
      payer,
      instructions,
    };
    const { computeUnits, slot, logs } = await simulateInstructions(this.rpc, request);
    return { computeUnits, slot, events: eventsOf(this.vault.program, logs).events };
  }

  /** An unsigned transaction of instructions that people and keepers sign. @throws as buildTransaction. */
  build(instructions: readonly Instruction[], payer: Address, doing = "transaction"): Promise<UnsignedTransaction> {
    return buildTransaction(this.rpc, { ...this.paying, programs: this.programs, doing, payer, instructions });
  }
}

function namedAccounts(program: VaultProgram, instruction: FullInstruction): CpiAccount[] {
  const name = program.instructionName(instruction.data);
  if (name === undefined) throw new Error(`not an instruction of ${program.name}`);
  const names = program.accountNames(name);
  return instruction.accounts.map(({ address, role }, position) => ({
    name: names[position] ?? `remaining ${String(position - names.length)}`,
    address,
    isWritable: isWritableRole(role),
    isSigner: isSignerRole(role),
  }));
}
