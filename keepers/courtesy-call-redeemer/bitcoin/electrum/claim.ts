/** What one server says about the output that a redemption spends, with everything checked that can be checked without another server. */
import { sha256 } from "ethers";

import { minBigint } from "../../../../protocol/math.js";
import { type BlockHeader, brokenLink, hasWork, parseHeader, workOf } from "../header.js";
import { reversedHex } from "../payment.js";
import { merkleRoot, type MerklePath, type RelayEpochs } from "../proof.js";
import { parseTransaction } from "../rawTransaction.js";
import type { ElectrumClient } from "./client.js";
import { ServerLied } from "./servers.js";

/** More than any proof needs; a payment that is deeper is as good as one at this depth. */
export const MAX_HEADERS = 144;
/** Others may pay to the script as often as they like: so many of those are looked at for a foreign spend. */
const MAX_STRANGERS = 50;
/** Difficulty falls to a quarter at most from one epoch to the next. */
const MAX_FALL = 4n;

export interface PaymentQuery {
  /** P2WPKH script of the keep. */
  readonly signerScript: Uint8Array;
  /** Txid as hashed and index. */
  readonly outpoint: string;
  /** Txids of the payments that the signers were asked for, by rising fee. */
  readonly variants: readonly string[];
  readonly rules: HeaderRules;
}

/** How easy a block may be. */
export interface HeaderRules extends RelayEpochs {
  readonly hasEasyBlocks: boolean;
}

/** Headers that follow one another, with the work that they claim. */
export interface Chain {
  readonly headers: readonly BlockHeader[];
  readonly work: bigint;
}

export interface Confirmed extends Chain {
  readonly height: number;
  readonly path: MerklePath;
}

export interface Claim {
  readonly client: ElectrumClient;
  readonly tipHeight: number;
  readonly spend:
    { readonly txid: string; readonly isForeign: boolean; readonly confirmed: Confirmed | undefined } | undefined;
}

/** By which Electrum knows a script. */
export function scripthashOf(script: Uint8Array): string {
  return reversedHex(sha256(script));
}

/** @throws ServerLied when it says so twice: a block or payment that arrives between two questions is no lie. */
export async function claimOf(client: ElectrumClient, query: PaymentQuery): Promise<Claim> {
  try {
    return await claimOnce(client, query);
  } catch (error) {
    if (error instanceof ServerLied) return claimOnce(client, query);
    throw error;
  }
}

/** Headers from a height to the tip, at most `MAX_HEADERS`. */
export async function chainOf(
  client: ElectrumClient,
  height: number,
  tipHeight: number,
  rules: HeaderRules,
): Promise<Chain> {
  const count = Math.min(tipHeight - height + 1, MAX_HEADERS);
  const headers = (await client.headers(height, count)).map((raw) => headerFrom(client, raw));
  // Servers give fewer than they are asked for at their tip alone, and that is higher by what it says itself.
  if (headers.length < count) throw new ServerLied("BTC_SERVER_HEIGHT_FALSE", client.name);
  if (brokenLink(headers) >= 0) throw new ServerLied("BTC_SERVER_HEADERS_UNLINKED", client.name);
  if (!headers.every((header) => isPlausible(header, rules))) {
    throw new ServerLied("BTC_SERVER_WORK_MISSING", client.name);
  }
  return { headers, work: headers.reduce((sum, header) => sum + workOf(header), 0n) };
}

async function claimOnce(client: ElectrumClient, query: PaymentQuery): Promise<Claim> {
  const { height: tipHeight, hex } = await client.tip();
  const tip = headerFrom(client, `0x${hex}`);
  if (!isPlausible(tip, query.rules)) throw new ServerLied("BTC_SERVER_WORK_MISSING", client.name);
  const found = await findSpend(client, query);
  if (found === undefined) return { client, tipHeight, spend: undefined };
  const { txid, height, isForeign } = found;
  if (height <= 0) return { client, tipHeight, spend: { txid, isForeign, confirmed: undefined } };
  if (height > tipHeight) throw new ServerLied("BTC_SERVER_HEIGHT_FALSE", client.name);
  const confirmed = await confirmation(client, { txid, height }, { height: tipHeight, hash: tip.hash }, query.rules);
  return { client, tipHeight, spend: { txid, isForeign, confirmed } };
}

async function confirmation(
  client: ElectrumClient,
  { txid, height }: { readonly txid: string; readonly height: number },
  tip: { readonly height: number; readonly hash: string },
  rules: HeaderRules,
): Promise<Confirmed> {
  const { branch, index, height: named } = await client.merkle(txid, height);
  if (named !== height) throw new ServerLied("BTC_SERVER_HEIGHT_FALSE", client.name);
  const path = { nodes: `0x${branch.map(reversedHex).join("")}`, index };
  const chain = await chainOf(client, height, tip.height, rules);
  if (merkleRoot(`0x${reversedHex(txid)}`, path) !== chain.headers[0]?.merkleRoot) {
    throw new ServerLied("BTC_SERVER_MERKLE_FALSE", client.name);
  }
  const reachesTip = height + chain.headers.length - 1 === tip.height;
  if (reachesTip && chain.headers.at(-1)?.hash !== tip.hash) {
    throw new ServerLied("BTC_SERVER_HEIGHT_FALSE", client.name);
  }
  return { ...chain, height, path };
}

async function findSpend(
  client: ElectrumClient,
  { signerScript, outpoint, variants }: PaymentQuery,
): Promise<{ txid: string; height: number; isForeign: boolean } | undefined> {
  const history = await client.history(scripthashOf(signerScript));
  const known = history.filter(({ txid }) => variants.includes(txid));
  // Two variants at once: one of them has just replaced the other, or is in a block.
  const [best] = known.sort(
    (a, b) => Math.max(b.height, 0) - Math.max(a.height, 0) || variants.indexOf(b.txid) - variants.indexOf(a.txid),
  );
  if (best !== undefined) return { ...best, isForeign: false };
  const spentTxid = reversedHex(outpoint.slice(0, 2 + 64));
  const spentIndex = Buffer.from(outpoint.slice(2 + 64), "hex").readUInt32LE();
  const strangers = history.filter(({ txid }) => txid !== spentTxid).slice(-MAX_STRANGERS);
  for (const stranger of strangers) {
    const { spends } = await transactionFrom(client, stranger.txid);
    if (spends.some(({ txid, index }) => txid === spentTxid && index === spentIndex)) {
      return { ...stranger, isForeign: true };
    }
  }
  return undefined;
}

/** @throws ServerLied */
export async function transactionFrom(client: ElectrumClient, txid: string) {
  const raw = await client.transaction(txid);
  const transaction = parseTransaction(raw);
  if (transaction?.txid !== txid) throw new ServerLied("BTC_SERVER_TX_FALSE", client.name);
  return { ...transaction, raw };
}

/** @throws ServerLied */
export function headerFrom(client: ElectrumClient, raw: string): BlockHeader {
  try {
    return parseHeader(raw);
  } catch {
    throw new ServerLied("BTC_SERVER_WORK_MISSING", client.name);
  }
}

/** Work as claimed, and no easier than the epochs that the relay knows let it become. */
export function isPlausible(header: BlockHeader, rules: HeaderRules): boolean {
  const least = minBigint(rules.currentDifficulty, rules.previousDifficulty) / MAX_FALL;
  return hasWork(header) && (header.difficulty >= least || (rules.hasEasyBlocks && header.difficulty === 1n));
}
