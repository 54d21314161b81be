/** Hand-written encoding for the two calls that every simulated block makes: the general coder would cost more than the transaction. */
import { MarketDriver__factory } from "../../protocol/generated/contracts/index.js";

const driver = MarketDriver__factory.createInterface();
const RUN = driver.getFunction("run").selector;
const READ = driver.getFunction("read").selector;
const HEAD = "20".padStart(64, "0");

/** A trade of MarketDriver. */
export interface DriverTrade {
  readonly pool: string;
  readonly sellBase: boolean;
  readonly amountIn: bigint;
  readonly trader: string;
}

/** MarketDriver.PoolState. */
export interface PoolState {
  readonly ratioWad: bigint;
  readonly anchorNew: bigint;
  readonly anchorPrevious: bigint;
  readonly baseReserve: bigint;
  readonly quoteReserve: bigint;
  readonly baseTarget: bigint;
  readonly quoteTarget: bigint;
  readonly rState: number;
  /** Newest value of the pool's history: the ratio behind its last trade. */
  readonly recordedRatioWad: bigint;
}

const STATE_WORDS = 9;

function word(value: bigint | number): string {
  return value.toString(16).padStart(64, "0");
}

function addressWord(address: string): string {
  return address.slice(2).toLowerCase().padStart(64, "0");
}

/** Topic of the event in which `run` tells the states of the observed pools. */
export const OBSERVED_TOPIC = driver.getEvent("Observed").topicHash;
/** Topic of the event that tells of a trade that was left out. */
export const TRADE_FAILED_TOPIC = driver.getEvent("TradeFailed").topicHash;

const TRADE_WORDS = 4;
const WORD_BYTES = 32;

/** Calldata of `MarketDriver.run`. */
export function encodeRun(trades: readonly DriverTrade[], observed: readonly string[]): string {
  const body = trades.map(
    (trade) =>
      addressWord(trade.pool) + word(trade.sellBase ? 1 : 0) + word(trade.amountIn) + addressWord(trade.trader),
  );
  const tradesAt = 2 * WORD_BYTES;
  const observedAt = tradesAt + (1 + trades.length * TRADE_WORDS) * WORD_BYTES;
  return (
    RUN +
    word(tradesAt) +
    word(observedAt) +
    word(trades.length) +
    body.join("") +
    word(observed.length) +
    observed.map(addressWord).join("")
  );
}

/** Calldata of `MarketDriver.read`. */
export function encodeRead(pools: readonly string[]): string {
  return READ + HEAD + word(pools.length) + pools.map(addressWord).join("");
}

/** The answer of `MarketDriver.read`, or the data of its event: one state per pool asked for. */
export function decodeRead(data: string, count: number): PoolState[] {
  const words = (data.length - 2) / 64;
  if (words !== 2 + count * STATE_WORDS)
    throw new Error(`MarketDriver.read answered ${words} words for ${count} pools`);
  const at = (index: number): bigint => BigInt(`0x${data.slice(2 + index * 64, 66 + index * 64)}`);
  return Array.from({ length: count }, (_, pool) => {
    const first = 2 + pool * STATE_WORDS;
    return {
      ratioWad: at(first),
      anchorNew: at(first + 1),
      anchorPrevious: at(first + 2),
      baseReserve: at(first + 3),
      quoteReserve: at(first + 4),
      baseTarget: at(first + 5),
      quoteTarget: at(first + 6),
      rState: Number(at(first + 7)),
      recordedRatioWad: at(first + 8),
    };
  });
}
