/**
 * Deploys a program the way `solana program deploy` does, through the upgradeable loader of whatever cluster answers: the ELF is written
 * to a buffer in pieces, and one transaction makes the program of it.
 */
import {
  AccountRole,
  appendTransactionMessageInstructions,
  createTransactionMessage,
  generateKeyPairSigner,
  getAddressEncoder,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  type AccountMeta,
  type AccountSignerMeta,
  type Address,
  type Instruction,
  type KeyPairSigner,
  type Rpc,
  type Signature,
  type SolanaRpcApi,
  type TransactionSigner,
} from "@solana/kit";

import { PermanentError } from "../../protocol/errors.js";
import { computeLimitInstruction, SYSTEM_PROGRAM } from "./instructions.js";
import { programDataAddress, UPGRADEABLE_LOADER } from "./programs.js";

const CLOCK_SYSVAR = "SysvarC1ock11111111111111111111111111111111" as Address;
const RENT_SYSVAR = "SysvarRent111111111111111111111111111111111" as Address;
/** Instructions of the loader and of the system program, by number. */
const LOADER = { initializeBuffer: 0, write: 1, deploy: 2 } as const;
const CREATE_ACCOUNT = 0;
const BUFFER_HEADER_BYTES = 37n;
const PROGRAM_BYTES = 36n;
/** What fits into a transaction beside the rest of a write. */
const PIECE_BYTES = 960;
/** Writes on their way at a time, and how often those that got lost are sent again. */
const AT_ONCE = 64;
const ROUNDS = 5;
const CONFIRM_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 50;
/** Checking and loading a program costs none of these; a deployment has a few accounts to make. */
const DEPLOY_UNITS = 100_000;

export interface Deployment {
  readonly rpc: Rpc<SolanaRpcApi>;
  /** Pays, and may upgrade the program. */
  readonly payer: KeyPairSigner;
  /** Its address is the program's. */
  readonly program: KeyPairSigner;
  readonly so: Uint8Array;
}

/** @returns the slot of the deployment. @throws PermanentError DEPLOY_FAILED. */
export async function deployProgram({ rpc, payer, program, so }: Deployment): Promise<bigint> {
  const buffer = await generateKeyPairSigner();
  const rent = (bytes: bigint) => rpc.getMinimumBalanceForRentExemption(bytes).send();
  const size = BUFFER_HEADER_BYTES + BigInt(so.length);
  await confirmed(rpc, payer, "the buffer is made", [
    createAccount(payer, buffer, await rent(size), size),
    loader(new Uint8Array(u32(LOADER.initializeBuffer)), [
      { address: buffer.address, role: AccountRole.WRITABLE },
      { address: payer.address, role: AccountRole.READONLY },
    ]),
  ]);
  await fill(rpc, payer, buffer.address, so);
  const dataAddress = await programDataAddress(program.address);
  const { WRITABLE, READONLY, READONLY_SIGNER, WRITABLE_SIGNER } = AccountRole;
  const signature = await confirmed(rpc, payer, `${program.address} is deployed`, [
    computeLimitInstruction(DEPLOY_UNITS),
    createAccount(payer, program, await rent(PROGRAM_BYTES), PROGRAM_BYTES),
    loader(Uint8Array.from([...u32(LOADER.deploy), ...u64(BigInt(so.length))]), [
      { address: payer.address, role: WRITABLE_SIGNER, signer: payer },
      { address: dataAddress, role: WRITABLE },
      { address: program.address, role: WRITABLE },
      { address: buffer.address, role: WRITABLE },
      { address: RENT_SYSVAR, role: READONLY },
      { address: CLOCK_SYSVAR, role: READONLY },
      { address: SYSTEM_PROGRAM, role: READONLY },
      { address: payer.address, role: READONLY_SIGNER, signer: payer },
    ]),
  ]);
  const { value } = await rpc.getSignatureStatuses([signature]).send();
  return value[0]?.slot ?? 0n;
}

/** Writes all pieces, and those again that the cluster has not taken. */
async function fill(rpc: Rpc<SolanaRpcApi>, payer: KeyPairSigner, buffer: Address, so: Uint8Array): Promise<void> {
  const offsets = Array.from({ length: Math.ceil(so.length / PIECE_BYTES) }, (_, index) => index * PIECE_BYTES);
  let missing = offsets;
  for (let round = 0; round < ROUNDS && missing.length > 0; round += 1) {
    for (let from = 0; from < missing.length; from += AT_ONCE) {
      const pieces = missing.slice(from, from + AT_ONCE).map((offset) => {
        const piece = so.subarray(offset, offset + PIECE_BYTES);
        const data = Uint8Array.from([...u32(LOADER.write), ...u32(offset), ...u64(BigInt(piece.length)), ...piece]);
        const accounts = [
          { address: buffer, role: AccountRole.WRITABLE },
          { address: payer.address, role: AccountRole.READONLY_SIGNER, signer: payer },
        ];
        return send(rpc, payer, [loader(data, accounts)]);
      });
      await settled(rpc, await Promise.all(pieces));
    }
    const written = await bufferContent(rpc, buffer);
    missing = offsets.filter((offset) => {
      const end = Math.min(offset + PIECE_BYTES, so.length);
      return Buffer.compare(written.subarray(offset, end), so.subarray(offset, end)) !== 0;
    });
  }
  if (missing.length > 0) throw failed(`${String(missing.length)} pieces of the program were not written`);
}

async function bufferContent(rpc: Rpc<SolanaRpcApi>, buffer: Address): Promise<Buffer> {
  const { value } = await rpc.getAccountInfo(buffer, { encoding: "base64", commitment: "confirmed" }).send();
  return Buffer.from(value?.data[0] ?? "", "base64").subarray(Number(BUFFER_HEADER_BYTES));
}

async function send(
  rpc: Rpc<SolanaRpcApi>,
  payer: TransactionSigner,
  instructions: readonly Instruction[],
): Promise<Signature> {
  const { value: lifetime } = await rpc.getLatestBlockhash({ commitment: "confirmed" }).send();
  const signed = await signTransactionMessageWithSigners(
    pipe(
      createTransactionMessage({ version: 0 }),
      (message) => setTransactionMessageFeePayerSigner(payer, message),
      (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
      (message) => appendTransactionMessageInstructions(instructions, message),
    ),
  );
  const wire = getBase64EncodedWireTransaction(signed);
  await rpc.sendTransaction(wire, { encoding: "base64", skipPreflight: true }).send();
  return getSignatureFromTransaction(signed);
}

/** Waits until each is confirmed, as long as that takes at most. @returns the errors of those that failed. */
async function settled(rpc: Rpc<SolanaRpcApi>, signatures: readonly Signature[]): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  let open = signatures;
  for (const end = Date.now() + CONFIRM_WITHIN_MS; open.length > 0 && Date.now() < end;) {
    const { value } = await rpc.getSignatureStatuses(open).send();
    errors.push(...value.flatMap((status) => (status?.err == null ? [] : [status.err])));
    open = open.filter((_, index) => {
      const status = value[index];
      return status == null || (status.err === null && status.confirmationStatus === "processed");
    });
    if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return open.length === 0 ? errors : [...errors, `${String(open.length)} transactions were not confirmed`];
}

async function confirmed(
  rpc: Rpc<SolanaRpcApi>,
  payer: KeyPairSigner,
  what: string,
  instructions: readonly Instruction[],
): Promise<Signature> {
  const signature = await send(rpc, payer, instructions);
  const [error] = await settled(rpc, [signature]);
  if (error === undefined) return signature;
  const text = JSON.stringify(error, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  throw failed(`before ${what}: ${text}`);
}

function failed(what: string): PermanentError {
  return new PermanentError("DEPLOY_FAILED", `the program could not be deployed: ${what}`);
}

function createAccount(payer: TransactionSigner, account: TransactionSigner, lamports: bigint, bytes: bigint) {
  const owner = getAddressEncoder().encode(UPGRADEABLE_LOADER);
  return {
    programAddress: SYSTEM_PROGRAM,
    accounts: [payer, account].map((signer) => ({
      address: signer.address,
      role: AccountRole.WRITABLE_SIGNER,
      signer,
    })),
    data: Uint8Array.from([...u32(CREATE_ACCOUNT), ...u64(lamports), ...u64(bytes), ...owner]),
  };
}

function loader(data: Uint8Array, accounts: readonly (AccountMeta | AccountSignerMeta)[]): Instruction {
  return { programAddress: UPGRADEABLE_LOADER, accounts, data };
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
