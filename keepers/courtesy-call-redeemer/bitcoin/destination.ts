/** Where redeemed bitcoin goes: read once at the start, checked by checksum, network and what deposits pay to; nothing changes it later. */
import { Address, NETWORK, OutScript, p2wpkh, TEST_NETWORK } from "@scure/btc-signer";

import { UsageError } from "../../../protocol/errors.js";
import { type OutputScriptKind, outputScriptKind, prefixedOutputScript } from "../../../protocol/tbtc/units.js";

export const BITCOIN_NETWORKS = ["main", "testnet", "regtest"] as const;
export type BitcoinNetwork = (typeof BITCOIN_NETWORKS)[number];

const PARAMETERS = {
  main: NETWORK,
  testnet: TEST_NETWORK,
  regtest: { ...TEST_NETWORK, bech32: "bcrt" },
} as const;

const PUBLIC_KEY = /^0[23][0-9a-f]{64}$/i;

export interface Destination {
  /** As an operator compares it, also where a public key was given. */
  readonly address: string;
  readonly network: BitcoinNetwork;
  readonly kind: OutputScriptKind;
  /** Without its length. */
  readonly script: Uint8Array;
  /** With its length in front, as deposits want it. */
  readonly prefixedScript: string;
}

/**
 * Reads an address, or a compressed public key, which is paid by P2WPKH.
 * @throws UsageError BTC_ADDRESS_INVALID, BTC_ADDRESS_WRONG_NETWORK, BTC_ADDRESS_UNSUPPORTED (P2TR and what else deposits refuse).
 */
export function parseDestination(text: string, network: BitcoinNetwork): Destination {
  const script = PUBLIC_KEY.test(text) ? keyScript(text) : addressScript(text, network);
  const kind = outputScriptKind(script);
  if (kind === undefined) {
    throw new UsageError(
      "BTC_ADDRESS_UNSUPPORTED",
      "deposits do not pay to an address of this kind",
      "choose a P2WPKH, P2WSH, P2PKH or P2SH address; bc1p addresses are none of these",
    );
  }
  const prefixedScript = prefixedOutputScript(script);
  return { address: addressOf(script, network), network, kind, script, prefixedScript };
}

/** Address of a script that deposits pay to. */
export function addressOf(script: Uint8Array, network: BitcoinNetwork): string {
  return Address(PARAMETERS[network]).encode(OutScript.decode(script));
}

function keyScript(text: string): Uint8Array {
  try {
    return p2wpkh(Buffer.from(text, "hex")).script;
  } catch {
    throw new UsageError("BTC_ADDRESS_INVALID", "the public key is not on the curve", "copy it again");
  }
}

function addressScript(text: string, network: BitcoinNetwork): Uint8Array {
  const script = decoded(text, network);
  if (script !== undefined) return script;
  const other = BITCOIN_NETWORKS.find((candidate) => decoded(text, candidate) !== undefined);
  if (other !== undefined) {
    throw new UsageError(
      "BTC_ADDRESS_WRONG_NETWORK",
      `the address is one of ${other}, and BTC_NETWORK is ${network}`,
      "name an address of the same network",
    );
  }
  throw new UsageError(
    "BTC_ADDRESS_INVALID",
    "the text is no Bitcoin address: its checksum or its form is wrong",
    "copy the whole address again",
  );
}

function decoded(text: string, network: BitcoinNetwork): Uint8Array | undefined {
  try {
    return OutScript.encode(Address(PARAMETERS[network]).decode(text));
  } catch {
    return undefined;
  }
}
