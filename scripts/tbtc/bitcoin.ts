/** The Bitcoin side of a local deposit: transactions without witness, and blocks of regtest difficulty that prove them. */
import { p2pkh, p2wpkh, Transaction } from "@scure/btc-signer";
import { RawInput, RawOutput } from "@scure/btc-signer/script.js";
import { concat, dataSlice, getBytes, hexlify, sha256, type SigningKey } from "ethers";

/** A transaction in the four parts that the contracts take. */
export interface BitcoinTransaction {
  /** Little-endian, four bytes. */
  readonly version: string;
  readonly inputVector: string;
  readonly outputVector: string;
  readonly locktime: string;
  /** In the order in which it is hashed; block explorers show it reversed. */
  readonly txid: string;
}

/** That a transaction lies in a block under a chain of headers. */
export interface SpvProof {
  readonly merkleProof: string;
  readonly txIndexInBlock: bigint;
  readonly headers: string;
}

/** P2WPKH of nobody in particular, on a network without value. */
export const NOBODYS_ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
/** Its script, without the length. */
export const NOBODYS_SCRIPT = getBytes("0x0014751e76e8199196d454941c45d1b3a323f1433bd6");
/** Regtest: every second hash is good enough, and the relay rounds the difficulty down to 0. */
const REGTEST_BITS = 0x207fffff;
const HEADER_BYTES = 80;
/** Headers of a proof, the first with the transaction in it. */
const PROOF_HEADERS = 6;
export const BLOCK_SECONDS = 600;
export const FIRST_TIMESTAMP = 1_600_000_000;
const VERSION = "0x01000000";
const LOCKTIME = "0x00000000";
/** Replaceable, as redemptions are signed. */
const SEQUENCE = 0;
const SIGHASH_ALL = 1;
const ONE = "0x01";

/** A header that the relay can start from. */
export const GENESIS_HEADER = mineHeader(`0x${"00".repeat(32)}`, `0x${"00".repeat(32)}`, FIRST_TIMESTAMP);

/** Twice SHA-256. */
export function hash256(data: string): string {
  return sha256(sha256(data));
}

function reversed(data: string): Uint8Array {
  return getBytes(data).reverse();
}

/** P2WPKH output script of a key, without its length. */
export function keyScript(key: SigningKey): Uint8Array {
  return p2wpkh(getBytes(key.compressedPublicKey)).script;
}

/** Hex of a transaction without its witness, as Bitcoin's servers take it. */
export function rawTransaction({ version, inputVector, outputVector, locktime }: BitcoinTransaction): string {
  return concat([version, inputVector, outputVector, locktime]).slice(2);
}

/** One input, one output. `outpoint`: txid as hashed and the index, little-endian: 36 bytes. */
export function payment(outpoint: string, script: Uint8Array, amountSat: bigint): BitcoinTransaction {
  const input = RawInput.encode({
    txid: reversed(dataSlice(outpoint, 0, 32)),
    index: Buffer.from(getBytes(dataSlice(outpoint, 32))).readUInt32LE(),
    finalScriptSig: new Uint8Array(),
    sequence: SEQUENCE,
  });
  const output = RawOutput.encode({ amount: amountSat, script });
  const inputVector = concat([ONE, input]);
  const outputVector = concat([ONE, output]);
  return {
    version: VERSION,
    inputVector,
    outputVector,
    locktime: LOCKTIME,
    txid: hash256(concat([VERSION, inputVector, outputVector, LOCKTIME])),
  };
}

/** What the signers of `key` sign to spend `outpoint` into one output: the digest of a redemption. */
export function spendDigest(
  key: SigningKey,
  outpoint: string,
  utxoSat: bigint,
  script: Uint8Array,
  amountSat: bigint,
): string {
  const transaction = new Transaction({ version: 1, lockTime: 0, disableScriptCheck: true });
  transaction.addInput({
    txid: reversed(dataSlice(outpoint, 0, 32)),
    index: Buffer.from(getBytes(dataSlice(outpoint, 32))).readUInt32LE(),
    sequence: SEQUENCE,
    witnessUtxo: { script: keyScript(key), amount: utxoSat },
  });
  transaction.addOutput({ script, amount: amountSat });
  const scriptCode = p2pkh(getBytes(key.compressedPublicKey)).script;
  return hexlify(transaction.preimageWitnessV0(0, scriptCode, SIGHASH_ALL, utxoSat));
}

/** Mines a block with a filler and the transaction, and headers on top of it. */
export function proveTransaction(transaction: BitcoinTransaction, headerCount = PROOF_HEADERS): SpvProof {
  const filler = hash256(transaction.txid);
  const root = hash256(concat([filler, transaction.txid]));
  const headers: string[] = [];
  let previous = hash256(GENESIS_HEADER);
  for (let height = 1; height <= headerCount; height += 1) {
    const mined = mineHeader(
      previous,
      height === 1 ? root : hash256(previous),
      FIRST_TIMESTAMP + height * BLOCK_SECONDS,
    );
    headers.push(mined);
    previous = hash256(mined);
  }
  return { merkleProof: filler, txIndexInBlock: 1n, headers: concat(headers) };
}

/** A header whose hash, read from its last byte, is below the regtest target 7fffff00…00. */
export function mineHeader(previous: string, merkleRoot: string, timestamp: number): string {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32LE(1, 0);
  bytes.set(getBytes(previous), 4);
  bytes.set(getBytes(merkleRoot), 36);
  bytes.writeUInt32LE(timestamp, 68);
  bytes.writeUInt32LE(REGTEST_BITS, 72);
  for (let nonce = 0; ; nonce += 1) {
    bytes.writeUInt32LE(nonce, 76);
    const hash = getBytes(hash256(hexlify(bytes)));
    if ((hash[31] ?? 0xff) < 0x7f) return hexlify(bytes);
  }
}
