/** What a transaction asks of the compute budget, and what that makes it pay. */
import { COMPUTE_BUDGET } from "../../protocol/solana/computeBudget.js";
import type { CompiledMessage } from "./wire.js";

/** First byte of a compute-budget instruction. */
const SET_UNIT_LIMIT = 2;
const SET_UNIT_PRICE = 3;

const LAMPORTS_PER_SIGNATURE = 5_000n;
const MICRO_LAMPORTS = 1_000_000n;
const MAX_UNITS = 1_400_000n;
/** Units of an instruction that a transaction without a limit of its own is charged for (SIMD-0170). */
const DEFAULT_UNITS = 200_000n;
const DEFAULT_UNITS_OF_BUILTIN = 3_000n;
const BUILTINS: ReadonlySet<string> = new Set([
  COMPUTE_BUDGET,
  "11111111111111111111111111111111",
  "Vote111111111111111111111111111111111111111",
  "BPFLoader1111111111111111111111111111111111",
  "BPFLoader2111111111111111111111111111111111",
  "BPFLoaderUpgradeab1e11111111111111111111111",
  "LoaderV411111111111111111111111111111111111",
  "Ed25519SigVerify111111111111111111111111111",
  "KeccakSecp256k11111111111111111111111111111",
  "Secp256r1SigVerify1111111111111111111111111",
]);
/** Their first byte counts signatures, each paid for as one of the transaction's own. */
const SIGNATURE_PRECOMPILES: ReadonlySet<string> = new Set([
  "Ed25519SigVerify111111111111111111111111111",
  "KeccakSecp256k11111111111111111111111111111",
  "Secp256r1SigVerify1111111111111111111111111",
]);

interface Asked {
  readonly microLamportsPerUnit: bigint;
  readonly unitLimit: bigint;
  /** Signatures in instructions of the precompiles. */
  readonly verifiedSignatures: bigint;
}

function asked(message: CompiledMessage): Asked {
  let microLamportsPerUnit = 0n;
  let limit: bigint | undefined;
  let byDefault = 0n;
  let verifiedSignatures = 0n;
  for (const { programAddressIndex, data } of "instructions" in message ? message.instructions : []) {
    const program = message.staticAccounts[programAddressIndex] ?? "";
    const bytes = data ?? new Uint8Array();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    byDefault += BUILTINS.has(program) ? DEFAULT_UNITS_OF_BUILTIN : DEFAULT_UNITS;
    if (SIGNATURE_PRECOMPILES.has(program)) verifiedSignatures += BigInt(bytes[0] ?? 0);
    if (program !== COMPUTE_BUDGET) continue;
    if (bytes[0] === SET_UNIT_LIMIT && bytes.length >= 5) limit = BigInt(view.getUint32(1, true));
    if (bytes[0] === SET_UNIT_PRICE && bytes.length >= 9) microLamportsPerUnit = view.getBigUint64(1, true);
  }
  const wanted = limit ?? byDefault;
  return { microLamportsPerUnit, unitLimit: wanted < MAX_UNITS ? wanted : MAX_UNITS, verifiedSignatures };
}

/** Price of a compute unit in millionths of a lamport. */
export function unitPrice(message: CompiledMessage): bigint {
  return asked(message).microLamportsPerUnit;
}

/** What a transaction with this message pays, whether it succeeds or not. */
export function feeLamports(message: CompiledMessage): bigint {
  const { microLamportsPerUnit, unitLimit, verifiedSignatures } = asked(message);
  const signatures = BigInt(message.header.numSignerAccounts) + verifiedSignatures;
  const priority = (microLamportsPerUnit * unitLimit + MICRO_LAMPORTS - 1n) / MICRO_LAMPORTS;
  return signatures * LAMPORTS_PER_SIGNATURE + priority;
}
