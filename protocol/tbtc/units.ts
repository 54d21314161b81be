import { UnitError } from "../errors.js";
import { mulDivDown } from "../math.js";
import type { TokenUnits, Unit } from "../units.js";

/** Satoshis: 1e-8 BTC. */
export type Sat = Unit<"sat">;
/** TBTC in wei: 1e18 = one. */
export type TbtcWei = TokenUnits<"TBTC">;

/** One satoshi in wei of TBTC. */
export const TBTC_WEI_PER_SAT = 10n ** 10n;
const MAX_UINT64 = 2n ** 64n - 1n;
/** `fetchBitcoinPrice` in wei per satoshi = 1e28 / (BTC per ETH in 1e18 fixed point), rounded down. */
const PRICE_INVERSION = 10n ** 28n;
/** Longest script of the four accepted kinds: P2WSH. */
const LENGTH_PREFIX_LIMIT = 0x4c;

/** Claims that `value` is satoshis. */
export function sat(value: bigint): Sat {
  return value as Sat;
}

export function satToTbtcWei(amountSat: bigint): TbtcWei {
  return (amountSat * TBTC_WEI_PER_SAT) as TbtcWei;
}

/** Whole satoshis, rounded down: a fraction of a satoshi buys no bitcoin. */
export function tbtcWeiToSatDown(amountWei: bigint): Sat {
  return (amountWei / TBTC_WEI_PER_SAT) as Sat;
}

/** Wei per satoshi as the price feed computes it from the medianizer's value (BTC per ETH, 1e18 = one). */
export function weiPerSat(btcPerEthWad: bigint): bigint {
  if (btcPerEthWad <= 0n)
    throw new UnitError("TBTC_PRICE_NOT_POSITIVE", "the price of ether in bitcoin is not positive");
  return PRICE_INVERSION / btcPerEthWad;
}

/** Collateral in parts of `scale`, rounded down: with 100 exactly `collateralizationPercentage()`, with 10,000 basis points. */
export function collateralDown(bondWei: bigint, lotSat: bigint, priceWeiPerSat: bigint, scale: bigint): bigint {
  return mulDivDown(bondWei, scale, lotSat * priceWeiPerSat);
}

/** An output value as deposits take it: eight bytes, the lowest first. */
export function satToBytes8(valueSat: bigint): string {
  if (valueSat < 0n || valueSat > MAX_UINT64) {
    throw new UnitError("SAT_OUT_OF_RANGE", `${String(valueSat)} satoshis do not fit into eight bytes`);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(valueSat);
  return `0x${bytes.toString("hex")}`;
}

/** @throws UnitError SAT_BYTES_INVALID unless the text is 0x and eight bytes. */
export function satFromBytes8(text: string): Sat {
  if (!/^0x[0-9a-fA-F]{16}$/.test(text)) {
    throw new UnitError("SAT_BYTES_INVALID", `"${text}" is not eight bytes in hex`);
  }
  return Buffer.from(text.slice(2), "hex").readBigUInt64LE() as Sat;
}

/** The kinds of output script that deposits pay to. */
export type OutputScriptKind = "p2wpkh" | "p2wsh" | "p2pkh" | "p2sh";

const SCRIPT_SHAPES: readonly (readonly [OutputScriptKind, RegExp])[] = [
  ["p2wpkh", /^0014[0-9a-f]{40}$/],
  ["p2wsh", /^0020[0-9a-f]{64}$/],
  ["p2pkh", /^76a914[0-9a-f]{40}88ac$/],
  ["p2sh", /^a914[0-9a-f]{40}87$/],
];

/** Kind of a script without its length; undefined for what deposits refuse, P2TR among it. */
export function outputScriptKind(script: Uint8Array): OutputScriptKind | undefined {
  const hex = Buffer.from(script).toString("hex");
  return SCRIPT_SHAPES.find(([, shape]) => shape.test(hex))?.[0];
}

/**
 * A script with its length in front, as `redeemerOutputScript` wants it.
 * @throws UnitError OUTPUT_SCRIPT_UNSUPPORTED for a kind that deposits refuse.
 */
export function prefixedOutputScript(script: Uint8Array): string {
  if (script.length >= LENGTH_PREFIX_LIMIT || outputScriptKind(script) === undefined) {
    throw new UnitError(
      "OUTPUT_SCRIPT_UNSUPPORTED",
      "deposits pay to P2WPKH, P2WSH, P2PKH and P2SH only",
      "choose a destination of one of these kinds; bc1p addresses are not",
    );
  }
  return `0x${Buffer.from([script.length, ...script]).toString("hex")}`;
}
