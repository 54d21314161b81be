/**
 * Price and balance once more, just before this keeper's key signs. The decision came from PegLens as of the next block; here as many
 * nodes as must agree say, pinned to the head, what oracle, pools and holders answer themselves. Nobody who can make this process decide
 * something can also write the feeds: a key with a reporter's office does not start.
 *
 * price    an execution whose pool is not off the oracle's anchor by a basis point, or is off to the other side; a refill that pays more
 *          than what it gets is worth at the oracle, plus what the policy allows.
 * balance  more than the holder has; more gas than the key can pay.
 */
import {
  ICapitalBuckets__factory,
  IDodoV2Pool__factory,
  IStabilizer__factory,
  IXAUOracle__factory,
} from "../../protocol/generated/contracts/index.js";
import type { Action } from "../kit/policy/action.js";
import type { SigningGuard } from "../kit/policy/guard.js";
import { refuse, type PolicyRefusal } from "../kit/policy/types.js";
import type { ChainClient } from "../kit/provider.js";
import type { MoneyRead } from "../kit/providers/agreement.js";
import { pinnedCall } from "../kit/providers/confirm.js";
import { REFILL_SLIPPAGE_BPS } from "./policy.js";

const BPS = 10_000n;
const MIN_DEVIATION_BPS = 1n;
/** What a refill offers above its quote, see `refillArgs`. */
const REFILL_HEADROOM_BPS = 50n;

const oracleAbi = IXAUOracle__factory.createInterface();
const poolAbi = IDodoV2Pool__factory.createInterface();
const stabilizerAbi = IStabilizer__factory.createInterface();
const bucketsAbi = ICapitalBuckets__factory.createInterface();

export interface GuardedPool {
  readonly address: string;
  readonly base: string;
  readonly quote: string;
}

export interface GuardParts {
  readonly client: Pick<ChainClient, "agreed">;
  readonly signer: string;
  readonly oracle: string;
  readonly stabilizer: string;
  readonly buckets: string;
  readonly pools: readonly GuardedPool[];
  /** How much more than what is allowed an order names. */
  readonly sizeHeadroomBps: number;
}

/** Something to ask and what to make of the answers. */
interface Look {
  readonly reads: readonly MoneyRead[];
  readonly judge: (answers: readonly bigint[]) => PolicyRefusal | undefined;
}

export function stabilizerGuard(parts: GuardParts): SigningGuard {
  return async ({ action, gasLimit, valueWei }, head) => {
    const needWei = valueWei + gasLimit * (head.nextBaseFeeWei ?? 0n);
    const gas: Look = {
      reads: [{ method: "eth_getBalance", params: (block) => [parts.signer, block] }],
      judge: ([haveWei = 0n]) => (haveWei < needWei ? short(parts.signer, haveWei, needWei) : undefined),
    };
    const looks = [gas, ...looksAt(action, parts)];
    let answers: readonly unknown[];
    try {
      answers = await parts.client.agreed(
        head,
        looks.flatMap(({ reads }) => reads),
      );
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "CALL_EXCEPTION")) throw error;
      return refuse("price", `${action.name}: oracle or pool do not answer`);
    }
    let from = 0;
    for (const { reads, judge } of looks) {
      const own = answers.slice(from, (from += reads.length)).map(firstWord);
      const refused = judge(own);
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
}

/** The gate has judged names and arguments before: what is not understood here is none of this keeper's actions. */
function looksAt({ name, args }: Action, parts: GuardParts): readonly Look[] {
  switch (name) {
    case "Stabilizer.executePrivateSwap": {
      const { tradeSize, tokenIn, tokenOut } = args as { tradeSize: bigint; tokenIn: string; tokenOut: string };
      const pool = parts.pools.find(({ base, quote }) => isPair([base, quote], [tokenIn, tokenOut]));
      if (pool === undefined) return [nothing(`${tokenIn} has no pool with ${tokenOut}`)];
      return [priceOf(pool, parts, same(pool.base, tokenIn)), holding(parts, tokenIn, tradeSize)];
    }
    case "Stabilizer.executeBatch": {
      const { orders } = args as { orders: readonly { pool: string }[] };
      return orders.map(({ pool: address }) => {
        const pool = parts.pools.find((entry) => same(entry.address, address));
        return pool === undefined ? nothing(`${address} is no pool`) : priceOf(pool, parts, undefined);
      });
    }
    case "CapitalBuckets.refill":
      return refillLooks(args as unknown as RefillArgs, parts);
    default:
      return [];
  }
}

/** `sellBase`: the direction that the action names, if it does. */
function priceOf({ address, base, quote }: GuardedPool, { oracle }: GuardParts, sellBase: boolean | undefined): Look {
  return {
    reads: [
      pinnedCall({ to: address, data: poolAbi.encodeFunctionData("getMidPrice") }),
      pinnedCall({ to: oracle, data: oracleAbi.encodeFunctionData("anchors", [base, quote]) }),
    ],
    judge: ([mid = 0n, anchor = 0n]) => {
      const off = mid > anchor ? mid - anchor : anchor - mid;
      if (off * BPS < anchor * MIN_DEVIATION_BPS) {
        return refuse("price", `${address}: at ${String(mid)} it is where the oracle says, ${String(anchor)}`);
      }
      if (sellBase === undefined || sellBase === mid > anchor) return undefined;
      return refuse("price", `${address}: ${String(mid)} against ${String(anchor)} wants the other direction`);
    },
  };
}

/** What the limits allow never exceeds what the stabilizer has; an order names that and its headroom. */
function holding({ stabilizer, sizeHeadroomBps }: GuardParts, token: string, tradeSize: bigint): Look {
  return {
    reads: [pinnedCall({ to: stabilizer, data: stabilizerAbi.encodeFunctionData("available", [token]) })],
    judge: ([have = 0n]) =>
      have * (BPS + BigInt(sizeHeadroomBps)) <= (tradeSize - 1n) * BPS ? short(stabilizer, have, tradeSize) : undefined,
  };
}

interface RefillArgs {
  readonly bucket: bigint;
  readonly scarce: string;
  readonly surplusToken: string;
  readonly amountUnits: bigint;
  readonly maxPaidUnits: bigint;
}

function refillLooks(args: RefillArgs, { oracle, buckets }: GuardParts): readonly Look[] {
  const { bucket, scarce, surplusToken, amountUnits, maxPaidUnits } = args;
  const value = (token: string, units: bigint): MoneyRead =>
    pinnedCall({ to: oracle, data: oracleAbi.encodeFunctionData("valueInXau", [token, units]) });
  const has = bucketsAbi.encodeFunctionData("bucketUnits", [bucket, surplusToken]);
  return [
    {
      reads: [value(surplusToken, maxPaidUnits), value(scarce, amountUnits)],
      judge: ([paid = 0n, received = 0n]) =>
        paid * BPS > received * (BPS + BigInt(REFILL_SLIPPAGE_BPS))
          ? refuse("price", `${String(paid)} XAU wei for what is worth ${String(received)}`)
          : undefined,
    },
    {
      reads: [pinnedCall({ to: buckets, data: has })],
      judge: ([have = 0n]) =>
        have * (BPS + REFILL_HEADROOM_BPS) <= (maxPaidUnits - 1n) * BPS
          ? short(buckets, have, maxPaidUnits)
          : undefined,
    },
  ];
}

function nothing(why: string): Look {
  return { reads: [], judge: () => refuse("price", why) };
}

function short(who: string, have: bigint, need: bigint): PolicyRefusal {
  return refuse("balance", `${who} has ${String(have)}, ${String(need)} are wanted`);
}

/** A quantity, or the first word of what a call returned: anchors answer with the newest one first. */
function firstWord(answer: unknown): bigint {
  const text = String(answer);
  return text === "0x" ? 0n : BigInt(text.slice(0, 66));
}

function isPair([a, b]: readonly [string, string], [c, d]: readonly [string, string]): boolean {
  return (same(a, c) && same(b, d)) || (same(a, d) && same(b, c));
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
