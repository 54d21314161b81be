/** A local validator as the command starts it, whatever runs inside. */
import type { Address } from "@solana/kit";

export const ENGINES = ["litesvm", "surfpool"] as const;
export type EngineName = (typeof ENGINES)[number];

/** A program that is there from the beginning. */
export interface ProgramFile {
  readonly name: string;
  readonly programId: Address;
  /** Path of the ELF. */
  readonly file: string;
}

export interface EngineOptions {
  /** Of the requests; WebSockets take the next one. 0: a free pair. */
  readonly port: number;
  readonly slotMs: number;
  readonly programs: readonly ProgramFile[];
  /** Kept there, and gone on with next time. */
  readonly stateDirectory?: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface RunningValidator {
  readonly engine: EngineName;
  readonly rpc: string;
  readonly ws: string;
  readonly genesisHash: string;
  /** Has lamports, and may upgrade the programs. */
  readonly payer: Address;
  readonly programs: readonly { readonly name: string; readonly programId: Address; readonly slot: bigint }[];
  /** Rejects when the engine ends by itself. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}
