/**
 * Both chains at one pinned block each, as enough nodes say alike: nothing here is believed to one node. What a contract refuses to say
 * (an oracle with doubts, a token without a lane) is an answer too; what nodes do not say makes the chain unreadable as a whole.
 */
import type { Interface, Result } from "ethers";
import { isError } from "ethers";
import { z } from "zod";

import type { Deployment } from "../../protocol/addresses.js";
import { bridgeAbi, messageState, readBridgeLog, type BridgeMessage } from "../../protocol/bridgeMessage.js";
import { RetryableError } from "../../protocol/errors.js";
import {
  AlltraAdapter__factory,
  IM1Token__factory,
  IPegBoard__factory,
  IPmmPool__factory,
  ISignedPriceFeed__factory,
  IXAUOracle__factory,
} from "../../protocol/generated/contracts/index.js";
import { maxBigint, minBigint, mulDivUp } from "../../protocol/math.js";
import { tokenNames, type NetworkParams, type TokenName } from "../../protocol/params/schema.js";
import { parseWad, WAD } from "../../protocol/units.js";
import { effectivePriceWei, firstFees, type FeePolicy } from "../kit/fees.js";
import { accountNames, ownChange, postingsOf } from "../kit/pnl/postings.js";
import type { ChainClient, Head } from "../kit/provider.js";
import type { MoneyRead } from "../kit/providers/agreement.js";
import { ADAPTER, BRIDGE } from "./encode.js";
import { hashesOf, messageOf, type SeenMessage, type SeenPending, type SeenReceipt } from "./pending.js";
import type { StoredBooks } from "./store.js";
import type { ChainKey, ChainSnapshot, FeedRound, LaneSnapshot, PoolSnapshot, TokenSnapshot } from "./types.js";

/** Questions in one exchange: small enough for a slow node. */
const AT_ONCE = 64;
const BPS = 10_000n;
const MODES = [undefined, "LOCK", "MINT"] as const;

const poolAbi = IPmmPool__factory.createInterface();
const tokenAbi = IM1Token__factory.createInterface();
const oracleAbi = IXAUOracle__factory.createInterface();
const feedAbi = ISignedPriceFeed__factory.createInterface();
const boardAbi = IPegBoard__factory.createInterface();
const adapterAbi = AlltraAdapter__factory.createInterface();

const hex = z
  .string()
  .regex(/^0x[0-9a-fA-F]+$/)
  .transform(BigInt);
const blockSchema = z.object({ hash: z.string(), number: hex, timestamp: hex });
const receiptSchema = z
  .object({
    status: z.enum(["0x0", "0x1"]),
    blockNumber: hex,
    blockHash: z.string(),
    to: z.string().nullable(),
    logs: z.array(z.object({ address: z.string(), topics: z.array(z.string()), data: z.string() })),
  })
  .nullable();

/** One of the two chains. */
export interface ChainPlace {
  readonly chain: ChainKey;
  readonly client: Pick<ChainClient, "agreed">;
  readonly deployment: Deployment;
  readonly params: NetworkParams;
  readonly fees: FeePolicy;
}

/** A question to a contract. */
interface Question {
  readonly to: string;
  readonly abi: Interface;
  readonly view: string;
  readonly args?: readonly unknown[];
}

/** One chain at a head. Unreadable when nodes do not answer or do not agree. @throws what a wrong record or a wrong chain throws. */
export async function observeChain(
  place: ChainPlace,
  account: string,
  pairs: readonly string[],
  head: Head,
): Promise<ChainSnapshot> {
  const { chain, params, fees } = place;
  const payable = firstFees(fees, head.nextBaseFeeWei);
  const known = {
    ...{ chain, blockNumber: BigInt(head.number), blockHash: head.hash },
    gasPriceWei: payable === undefined ? undefined : effectivePriceWei(payable, head.nextBaseFeeWei),
    nativePriceXauWei: parseWad(params.stabilizer.nativePriceXau),
  };
  const names = tokenNames.filter((name) => pairs.some((pair) => pair.split("/").includes(name)));
  try {
    // The block first: a head that nodes do not show alike is none.
    const timestamp = await timestampOf(place, head);
    const [bridgeHeld, pools, tokens, feeds] = await Promise.all([
      isHeld(place, head, timestamp),
      Promise.all(pairs.map((pair) => poolOf(place, account, pair, head))),
      Promise.all(names.map((name) => tokenOf(place, account, name, head, timestamp))),
      roundsOf(place, names, head),
    ]);
    return { ...known, readable: true, timestamp, bridgeHeld, pools, tokens, feeds };
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    const unknown = { bridgeHeld: true, pools: [], tokens: [], feeds: [] };
    return { ...known, readable: false, timestamp: BigInt(head.timestamp), ...unknown };
  }
}

/** What the chains say of everything that is open in the books. @throws RetryableError: then what is on its way is unknown. */
export async function seePending(
  places: readonly [ChainPlace, ChainPlace],
  heads: readonly [Head, Head],
  account: string,
  stored: StoredBooks,
): Promise<SeenPending> {
  const receipts = new Map<string, SeenReceipt>();
  const usedNonces = new Map<ChainKey, bigint>();
  const hashes = hashesOf(stored);
  for (const [index, place] of places.entries()) {
    const head = heads[index] ?? heads[0];
    const own = [...new Set(hashes.filter(({ chain }) => chain === place.chain).map(({ hash }) => hash))];
    const [used, ...answers] = await readAll(place, head, [nonceRead(account), ...own.map(receiptRead)]);
    usedNonces.set(place.chain, hex.parse(used));
    for (const [at, answer] of answers.entries()) {
      const receipt = receiptOf(answer, account, place.deployment.address(BRIDGE));
      if (receipt !== undefined) receipts.set(`${place.chain}:${own[at] ?? ""}`, receipt);
    }
  }
  const heights = new Map(places.map(({ chain }, index) => [chain, BigInt(heads[index]?.number ?? 0)]));
  const ids = stored.transfers.flatMap((row) => {
    const id = messageOf(row, { receipts });
    return id === undefined ? [] : [{ id, from: row.fromChain }];
  });
  return { heights, usedNonces, receipts, messages: await messagesAt(places, heads, ids) };
}

/** Messages at one block of each chain, by id. @throws RetryableError */
export async function messagesAt(
  places: readonly [ChainPlace, ChainPlace],
  blocks: readonly [Pick<Head, "number" | "hash">, Pick<Head, "number" | "hash">],
  ids: readonly { readonly id: string; readonly from: ChainKey }[],
): Promise<ReadonlyMap<string, SeenMessage>> {
  if (ids.length === 0) return new Map();
  const states = await Promise.all(
    places.map(async (place, index) => {
      const to = place.deployment.address(BRIDGE);
      const questions = ids.map(({ id }) => ({ to, abi: bridgeAbi, view: "statusOf", args: [id] }));
      const answers = await ask(place, blocks[index] ?? blocks[0], questions);
      return answers.map((answer) => messageState(BigInt(String(answer[0]))));
    }),
  );
  const [first] = places;
  return new Map(
    ids.map(({ id, from }, index) => {
      const [a, b] = [states[0]?.[index] ?? "none", states[1]?.[index] ?? "none"];
      return [id, from === first.chain ? { source: a, destination: b } : { source: b, destination: a }];
    }),
  );
}

/** What a spender may take of a token, base units. */
export interface Allowance {
  readonly token: TokenName;
  readonly spender: string;
  readonly units: bigint;
}

/** Everybody that this keeper's transactions let take its tokens: the pools, and the bridge for the adapter. @throws RetryableError */
export async function allowancesAt(
  place: ChainPlace,
  account: string,
  pairs: readonly string[],
  head: Head,
): Promise<readonly Allowance[]> {
  const { deployment } = place;
  const names = tokenNames.filter((name) => pairs.some((pair) => pair.split("/").includes(name)));
  const spenders = names.flatMap((token) =>
    [
      ...pairs.flatMap((pair) => (pair.split("/").includes(token) ? [deployment.address(`PmmPool:${pair}`)] : [])),
      deployment.address(BRIDGE),
    ].map((spender) => ({ token, spender })),
  );
  const questions = spenders.map(({ token, spender }) => {
    return { to: deployment.token(token), abi: tokenAbi, view: "allowance", args: [account, spender] };
  });
  const answers = await ask(place, head, questions);
  return spenders.map((one, index) => ({ ...one, units: BigInt(String(answers[index]?.[0])) }));
}

/** A block so deep that it stays, by its number. @throws RetryableError */
export async function blockBelow(place: ChainPlace, head: Head, depth: number): Promise<Pick<Head, "number" | "hash">> {
  const number = Math.max(0, head.number - depth);
  const params = (): readonly unknown[] => [`0x${number.toString(16)}`, false];
  const meaning = (answer: unknown): unknown => blockSchema.parse(answer).hash;
  const [answer] = await readAll(place, head, [{ method: "eth_getBlockByNumber", params, meaning }]);
  return { number, hash: blockSchema.parse(answer).hash };
}

/** The message that a transaction gave to the bridge; undefined when it gave none. @throws RetryableError */
export async function messageIn(place: ChainPlace, head: Head, hash: string): Promise<BridgeMessage | undefined> {
  const [answer] = await readAll(place, head, [receiptRead(hash)]);
  const bridge = place.deployment.address(BRIDGE).toLowerCase();
  const logs = receiptSchema.parse(answer)?.logs ?? [];
  return logs
    .filter(({ address }) => address.toLowerCase() === bridge)
    .map((log) => readBridgeLog(log))
    .find((log) => log?.kind === "sent")?.message;
}

async function timestampOf(place: ChainPlace, head: Head): Promise<bigint> {
  const meaning = (answer: unknown): unknown => {
    const { hash, number, timestamp } = blockSchema.parse(answer);
    return [hash, number.toString(), timestamp.toString()];
  };
  const read = { method: "eth_getBlockByHash", params: () => [head.hash, false], meaning };
  const [answer] = await readAll(place, head, [read]);
  return blockSchema.parse(answer).timestamp;
}

async function isHeld(place: ChainPlace, head: Head, timestamp: bigint): Promise<boolean> {
  const [until] = await ask(place, head, [
    { to: place.deployment.address(BRIDGE), abi: bridgeAbi, view: "pausedUntil" },
  ]);
  return BigInt(String(until?.[0])) > timestamp;
}

async function poolOf(place: ChainPlace, account: string, pair: string, head: Head): Promise<PoolSnapshot> {
  const to = place.deployment.address(`PmmPool:${pair}`);
  const view = (name: string, args: readonly unknown[] = []): Question => ({ to, abi: poolAbi, view: name, args });
  const [answers, anchors] = await Promise.all([
    ask(place, head, [
      ...["getVaultReserve", "_BASE_TARGET_", "_QUOTE_TARGET_", "_RState_", "_K_"].map((name) => view(name)),
      view("getUserFeeRate", [account]),
    ]),
    // Refused while the oracle has doubts.
    askOrRefused(place, head, [view("anchors")]),
  ]);
  const [reserves, baseTarget, quoteTarget, r, k, fees] = answers.map((answer) =>
    answer.map((one) => BigInt(String(one))),
  );
  const [[anchorNew = 0n, anchorPrevious = 0n] = []] = (anchors ?? []).map((answer) =>
    answer.map((one) => BigInt(String(one))),
  );
  const [base = 0n, quote = 0n] = reserves ?? [];
  if (base === 0n || quote === 0n) return { pair, address: to, state: undefined };
  const state = {
    ...{ anchorNew, anchorPrevious, base, quote, k: k?.[0] ?? 0n },
    ...{ baseTarget: baseTarget?.[0] ?? 0n, quoteTarget: quoteTarget?.[0] ?? 0n },
    ...{ lpFeeRate: fees?.[0] ?? 0n, mtFeeRate: fees?.[1] ?? 0n },
    r: r?.[0] === 1n ? 1 : r?.[0] === 2n ? 2 : 0,
  } as const;
  return { pair, address: to, state };
}

async function tokenOf(
  place: ChainPlace,
  account: string,
  name: TokenName,
  head: Head,
  timestamp: bigint,
): Promise<TokenSnapshot> {
  const { deployment, params } = place;
  const address = deployment.token(name);
  const of = (view: string, args: readonly unknown[] = []): Question => ({ to: address, abi: tokenAbi, view, args });
  const [[balance, pausedUntil, frozen, halted], price, lane] = await Promise.all([
    ask(place, head, [
      ...[of("balanceOf", [account]), of("pausedUntil"), of("isFrozen", [account])],
      { to: deployment.address("PegBoard"), abi: boardAbi, view: "isHalted", args: [address] },
    ]),
    askOrRefused(place, head, [
      { to: deployment.address("XAUOracle"), abi: oracleAbi, view: "priceInXau", args: [address] },
    ]),
    laneOf(place, address, head),
  ]);
  return {
    ...{ token: name, decimals: params.tokens[name].decimals, balanceUnits: BigInt(String(balance?.[0])) },
    // A frozen account can move it as little as anybody can while it is paused.
    paused: BigInt(String(pausedUntil?.[0])) > timestamp || Boolean(frozen?.[0]),
    pegHalted: Boolean(halted?.[0]),
    priceXauWad: BigInt(String(price?.[0]?.[0] ?? 0)),
    lane,
  };
}

/** undefined: the bridge or its adapter does not carry the token. */
async function laneOf(place: ChainPlace, token: string, head: Head): Promise<LaneSnapshot | undefined> {
  const { deployment } = place;
  const [bridge, adapter] = [deployment.address(BRIDGE), deployment.address(ADAPTER)];
  const at = (view: string): Question => ({ to: bridge, abi: bridgeAbi, view, args: [token] });
  const minter = (view: string): Question => ({ to: token, abi: tokenAbi, view, args: [bridge] });
  const answers = await askOrRefused(place, head, [
    ...["mode", "outAvailable", "inAvailable", "bookUnits", "limits"].map(at),
    { to: adapter, abi: adapterAbi, view: "terms", args: [token] },
    ...["burnAvailable", "mintAvailable"].map(minter),
  ]);
  if (answers === undefined) return undefined;
  const one = (index: number): bigint => BigInt(String(answers[index]?.[0]));
  const mode = MODES[Number(one(0))];
  const { minUnits } = answers[4]?.[0] as { minUnits: bigint };
  const terms = answers[5]?.[0] as { treasury: string; feeBps: bigint; minimumUnits: bigint };
  if (mode === undefined || BigInt(terms.treasury) === 0n) return undefined;
  const [out, into] = [one(1), one(2)];
  const isMint = mode === "MINT";
  return {
    mode,
    outAvailableUnits: isMint ? minBigint(out, one(6)) : out,
    inAvailableUnits: isMint ? minBigint(into, one(7)) : into,
    bookUnits: one(3),
    ...termsOf(minUnits, terms),
  };
}

/** A rate, and a least amount from which on that rate is the whole fee, so that the least fee of the adapter is never more than was expected. */
function termsOf(
  laneUnits: bigint,
  { feeBps, minimumUnits }: { readonly feeBps: bigint; readonly minimumUnits: bigint },
): Pick<LaneSnapshot, "minUnits" | "feeRate"> {
  const rate = (feeBps * WAD) / BPS;
  if (minimumUnits === 0n) return { minUnits: laneUnits, feeRate: rate };
  // Without a rate the least fee is all there is: spread over the least amount.
  if (rate === 0n) {
    const least = maxBigint(laneUnits, 1n);
    return { minUnits: least, feeRate: mulDivUp(minimumUnits, WAD, least) };
  }
  return { minUnits: maxBigint(laneUnits, mulDivUp(minimumUnits, WAD, rate)), feeRate: rate };
}

async function roundsOf(place: ChainPlace, names: readonly TokenName[], head: Head): Promise<readonly FeedRound[]> {
  const feeds = names.flatMap((token) =>
    place.deployment.feeds(token).map((to, index) => ({ token, to, feedId: `${token}:${String(index + 1)}` })),
  );
  const answers = await ask(
    place,
    head,
    feeds.map(({ to }) => ({ to, abi: feedAbi, view: "newestRound" })),
  );
  return feeds.map(({ token, feedId }, index) => {
    const { roundId, answer, observedAt } = answers[index]?.[0] as Record<"roundId" | "answer" | "observedAt", bigint>;
    return { feedId, token, roundId, answer, observedAt };
  });
}

/** @throws RetryableError; ethers' CALL_EXCEPTION when a contract refuses one of the questions. */
async function ask(
  place: ChainPlace,
  block: Pick<Head, "number" | "hash">,
  questions: readonly Question[],
): Promise<readonly Result[]> {
  const reads = questions.map(({ to, abi, view, args = [] }): MoneyRead => {
    const data = abi.encodeFunctionData(view, args);
    return { method: "eth_call", params: (at) => [{ to, data }, at] };
  });
  const answers = await readAll(place, block, reads);
  return questions.map(({ abi, view, to }, index) => {
    try {
      return abi.decodeFunctionResult(view, String(answers[index]));
    } catch (cause) {
      const fix = "does the record belong to this chain? npx hardhat deployment verify";
      throw new RetryableError("READ_MALFORMED", `${view} of ${to} answered nothing`, fix, { view, to }, { cause });
    }
  });
}

/** undefined: nodes agree that a contract refuses. */
async function askOrRefused(
  place: ChainPlace,
  block: Pick<Head, "number" | "hash">,
  questions: readonly Question[],
): Promise<readonly Result[] | undefined> {
  try {
    return await ask(place, block, questions);
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION")) return undefined;
    throw error;
  }
}

async function readAll(
  { client }: ChainPlace,
  block: Pick<Head, "number" | "hash">,
  reads: readonly MoneyRead[],
): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (let from = 0; from < reads.length; from += AT_ONCE)
    answers.push(...(await client.agreed(block, reads.slice(from, from + AT_ONCE))));
  return answers;
}

function nonceRead(account: string): MoneyRead {
  return { method: "eth_getTransactionCount", params: (block) => [account, block] };
}

function receiptRead(hash: string): MoneyRead {
  return {
    method: "eth_getTransactionReceipt",
    params: () => [hash],
    meaning: (answer) => {
      const receipt = receiptSchema.parse(answer);
      return receipt === null ? null : { ...receipt, blockNumber: receipt.blockNumber.toString() };
    },
  };
}

/** What a transaction of the account did; undefined while nodes know of none. */
function receiptOf(answer: unknown, account: string, bridge: string): SeenReceipt | undefined {
  const receipt = receiptSchema.parse(answer);
  if (receipt === null) return undefined;
  const { status, blockNumber: block, to, logs } = receipt;
  const ok = status === "0x1";
  const mined = { signer: account, to: to ?? account, valueWei: 0n, ok, gasUsed: 0, gasPriceWei: 0n, logs };
  const sent = logs
    .filter(({ address }) => address.toLowerCase() === bridge.toLowerCase())
    .map((log) => readBridgeLog(log))
    .find((log) => log?.kind === "sent");
  return {
    ...{ ok, block, messageId: sent?.messageId.toLowerCase() },
    received: ownChange(postingsOf(mined, accountNames({}))),
  };
}
