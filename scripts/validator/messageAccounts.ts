/** Which accounts a message names, those behind its lookup tables included. */
import { getAddressDecoder, type Address, type EncodedAccount } from "@solana/kit";

import type { CompiledMessage } from "./wire.js";

/** Bytes of a lookup table before its addresses. */
const TABLE_HEADER_BYTES = 56;
const ADDRESS_BYTES = 32;

export interface MessageAccounts {
  /** In the order of the runtime: static, then writable of every table, then read-only of every table. */
  readonly all: readonly Address[];
  readonly writable: ReadonlySet<Address>;
}

/** Undefined when a lookup table, or the entry of one, does not exist. */
export function accountsOf(
  message: CompiledMessage,
  read: (address: Address) => EncodedAccount | undefined,
): MessageAccounts | undefined {
  const lookups = "addressTableLookups" in message ? (message.addressTableLookups ?? []) : [];
  const writable: Address[] = [];
  const readonly: Address[] = [];
  for (const lookup of lookups) {
    const table = read(lookup.lookupTableAddress);
    if (table === undefined) return undefined;
    for (const [indexes, into] of [
      [lookup.writableIndexes, writable],
      [lookup.readonlyIndexes, readonly],
    ] as const) {
      for (const index of indexes) {
        const at = TABLE_HEADER_BYTES + index * ADDRESS_BYTES;
        if (at + ADDRESS_BYTES > table.data.length) return undefined;
        into.push(getAddressDecoder().decode(table.data.subarray(at, at + ADDRESS_BYTES)));
      }
    }
  }
  const { staticAccounts, header } = message;
  const writableSigners = header.numSignerAccounts - header.numReadonlySignerAccounts;
  const writableOthers = staticAccounts.length - header.numReadonlyNonSignerAccounts;
  const isWritable = (index: number): boolean =>
    index < header.numSignerAccounts ? index < writableSigners : index < writableOthers;
  return {
    all: [...staticAccounts, ...writable, ...readonly],
    writable: new Set([...staticAccounts.filter((_, index) => isWritable(index)), ...writable]),
  };
}
