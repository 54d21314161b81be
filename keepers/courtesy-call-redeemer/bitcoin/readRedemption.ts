/** The Ethereum side of a redemption at one block, from logs and views: the same after a restart, and different after a reorganisation. */
import type { Provider } from "ethers";

import { RetryableError } from "../../../protocol/errors.js";
import type { TbtcContracts } from "../../../protocol/tbtc/contracts.js";
import { depositState } from "../../../protocol/tbtc/states.js";
import { isOverwhelmed } from "../adapters/tbtc/keepLogs.js";
import type { BlockRef } from "../types.js";
import type { RedemptionFacts } from "./facts.js";
import type { RedemptionRequest, SignatureParts } from "./payment.js";
import type { RelayEpochs } from "./proof.js";

export interface RedemptionReader {
  readonly contracts: TbtcContracts;
  readonly provider: Pick<Provider, "getBlock">;
  /** What the relay knows, as enough nodes say it: by this Bitcoin servers are judged. */
  readonly relay: (block: BlockRef) => Promise<RelayEpochs>;
}

/**
 * Reads one redemption.
 * @param fromBlock no log of the redemption is older: the block of the deposit's creation is always right
 * @throws RetryableError BTC_BLOCK_GONE when that block, or one of a log, is not there any more
 */
export async function readRedemption(
  { contracts, provider, relay }: RedemptionReader,
  deposit: string,
  fromBlock: number,
  block: BlockRef,
): Promise<RedemptionFacts> {
  const { system } = contracts;
  const at = { blockTag: block.number };
  const handle = contracts.deposit(deposit);
  const keep = contracts.keep(await handle.keepAddress(at));
  const within = <L>(query: (from: number, to: number) => Promise<L[]>): Promise<L[]> =>
    inRanges(query, fromBlock, block.number);
  const [state, publicKey, epochs, requested, given, submitted] = await Promise.all([
    handle.currentState(at),
    keep.getPublicKey(at),
    relay(block),
    within((from, to) => system.queryFilter(system.filters.RedemptionRequested(deposit), from, to)),
    within((from, to) => system.queryFilter(system.filters.GotRedemptionSignature(deposit), from, to)),
    within((from, to) => keep.queryFilter(keep.filters.SignatureSubmitted(), from, to)),
  ]);
  const stillThere = await provider.getBlock(block.number);
  if (stillThere?.hash !== block.hash) throw gone(block.number);
  const requests = requested.map(async ({ args, blockNumber }): Promise<RedemptionRequest> => {
    const mined = await provider.getBlock(blockNumber);
    if (mined === null) throw gone(blockNumber);
    return {
      digest: args.digest.toLowerCase(),
      utxoSat: args.utxoValue,
      feeSat: args.requestedFee,
      script: args.redeemerOutputScript,
      outpoint: args.outpoint,
      requestedAt: BigInt(mined.timestamp),
    };
  });
  return {
    deposit,
    now: block.timestamp,
    state: depositState(state),
    publicKey,
    requests: await Promise.all(requests),
    keepSignatures: signatures(submitted),
    depositSignatures: signatures(given),
    relay: epochs,
  };
}

/** Logs in order; a range that is too much for the node is halved until it is not. @throws what the node says of one block */
async function inRanges<L>(query: (from: number, to: number) => Promise<L[]>, from: number, to: number): Promise<L[]> {
  try {
    return await query(from, to);
  } catch (error) {
    // Nodes that do not answer at all answer no half either.
    if (from >= to || (error instanceof RetryableError && !isOverwhelmed(error))) throw error;
    const middle = from + Math.floor((to - from) / 2);
    const older = await inRanges(query, from, middle);
    return [...older, ...(await inRanges(query, middle + 1, to))];
  }
}

function gone(block: number): RetryableError {
  return new RetryableError("BTC_BLOCK_GONE", `block ${String(block)} was undone while it was read`);
}

function signatures(
  logs: readonly { readonly args: { readonly digest: string; readonly r: string; readonly s: string } }[],
): ReadonlyMap<string, SignatureParts> {
  return new Map(logs.map(({ args: { digest, r, s } }) => [digest.toLowerCase(), { r, s }]));
}
