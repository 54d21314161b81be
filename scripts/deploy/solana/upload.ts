/** An ELF on its way into the cluster: a buffer account that any later run finds again, written in chunks. */
import type { Address, KeyPairSigner } from "@solana/kit";

import { DeploymentError, RetryableError } from "../../../protocol/errors.js";
import { isVacant, type SolanaChain } from "./chain.js";
import { bufferBytes, bufferOf, createBuffer, readBuffer, setAuthority, writeBuffer } from "./loader.js";

/** With everything else of a transaction, priority included, below its 1,232 bytes. */
const CHUNK_BYTES = 900;
/** Rounds in which nothing new arrives before the upload gives up. */
const MAX_IDLE_ROUNDS = 3;

/**
 * Brings an ELF into the deployer's buffer: compares what is there first, and writes only what differs.
 * @param heir may have got the buffer in an earlier run; then it must hold the whole ELF.
 * @returns the buffer, and who may use it.
 * @throws DeploymentError FOREIGN_BUFFER; RetryableError UPLOAD_STUCK.
 */
export async function upload(
  chain: SolanaChain,
  deployer: KeyPairSigner,
  elf: Uint8Array,
  heir: Address,
  log: (line: string) => void,
): Promise<{ readonly buffer: Address; readonly authority: Address }> {
  const buffer = await bufferOf(deployer.address, elf);
  let fewest = Infinity;
  for (let idle = 0; idle < MAX_IDLE_ROUNDS;) {
    const account = await chain.account(buffer.address);
    if (account === undefined || isVacant(account)) {
      const missing = await chain.missingRent(buffer.address, bufferBytes(elf.length));
      await chain.send("create the buffer", createBuffer(deployer.address, buffer, elf.length, missing), [deployer]);
      log(`buffer ${buffer.address} made for ${String(elf.length)} bytes`);
      continue;
    }
    const found = readBuffer(account.owner, account.data);
    const missing = found === undefined ? [] : missingChunks(found.elf, elf);
    const isWhole = missing.length === 0 && found?.elf.length === elf.length;
    if (isWhole && found.authority === heir) return { buffer: buffer.address, authority: heir };
    if (found?.authority !== deployer.address || found.elf.length !== elf.length) throw foreign(buffer.address);
    if (isWhole) return { buffer: buffer.address, authority: deployer.address };
    idle = missing.length < fewest ? 0 : idle + 1;
    fewest = Math.min(fewest, missing.length);
    const total = Math.ceil(elf.length / CHUNK_BYTES);
    log(`writing ${String(missing.length)} of ${String(total)} chunks`);
    await chain.sendMany(
      missing.map((offset) =>
        writeBuffer(deployer.address, buffer.address, offset, elf.subarray(offset, offset + CHUNK_BYTES)),
      ),
      deployer,
    );
  }
  throw new RetryableError(
    "UPLOAD_STUCK",
    `the cluster takes no further writes of ${buffer.address}: ${String(fewest)} chunks are missing`,
    "run again: what is there stays; a higher computeUnitPriceMicroLamports helps when the cluster is busy",
    { buffer: buffer.address, missing: String(fewest) },
  );
}

/** Leaves a whole buffer to who may upgrade the program with it. */
export async function bequeath(chain: SolanaChain, deployer: KeyPairSigner, buffer: Address, heir: Address) {
  await chain.send("hand the buffer over", [setAuthority(buffer, deployer.address, heir)], [deployer]);
}

/** Offsets of chunks that differ. */
export function missingChunks(found: Uint8Array, elf: Uint8Array): number[] {
  const offsets: number[] = [];
  for (let offset = 0; offset < elf.length; offset += CHUNK_BYTES) {
    const [there, ours] = [found, elf].map((data) => data.subarray(offset, offset + CHUNK_BYTES));
    if (Buffer.compare(there ?? new Uint8Array(), ours ?? new Uint8Array()) !== 0) offsets.push(offset);
  }
  return offsets;
}

function foreign(buffer: Address): DeploymentError {
  return new DeploymentError(
    "FOREIGN_BUFFER",
    `the buffer ${buffer} holds something else, or belongs to somebody else`,
    "its authority closes it (solana program close), or another deployer deploys",
    { buffer },
  );
}
