/** Address lookup tables: what lets a transaction name an account by one byte instead of 32. */
import { getAddressDecoder, type Address } from "@solana/kit";

import { PermanentError } from "../errors.js";
import { readAccounts, type Commitment, type SolanaRpc } from "./rpc.js";

const LOOKUP_TABLE_PROGRAM = "AddressLookupTab1e1111111111111111111111111";
/** Kind u32, slot of deactivation u64, slot of the last extension u64, where that one began u8, authority; then addresses. */
const KIND_TABLE = 1;
const DEACTIVATION_OFFSET = 4;
const LAST_EXTENDED_OFFSET = 12;
const START_INDEX_OFFSET = 20;
const HEADER_BYTES = 56;
const ADDRESS_BYTES = 32;
const NOT_DEACTIVATED = 0xffffffffffffffffn;

export type LookupTables = Readonly<Record<Address, Address[]>>;

/**
 * The addresses that transactions may use now, by table: what was added in the newest slot cannot be used yet.
 * @throws PermanentError LOOKUP_TABLE when a table does not exist, is something else, or is being closed.
 */
export async function readLookupTables(
  rpc: SolanaRpc,
  tables: readonly Address[],
  commitment: Commitment,
): Promise<LookupTables> {
  if (tables.length === 0) return {};
  const { slot, accounts } = await readAccounts(rpc, tables, commitment);
  return Object.fromEntries(
    tables.map((table) => {
      const account = accounts.get(table);
      if (account?.owner !== LOOKUP_TABLE_PROGRAM) throw unusable(table, "is not a lookup table");
      return [table, usableAddresses(table, account.data, slot)];
    }),
  );
}

function usableAddresses(table: Address, data: Uint8Array, slot: bigint): Address[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < HEADER_BYTES || view.getUint32(0, true) !== KIND_TABLE) throw unusable(table, "is empty");
  if (view.getBigUint64(DEACTIVATION_OFFSET, true) !== NOT_DEACTIVATED) throw unusable(table, "is being closed");
  const isFresh = view.getBigUint64(LAST_EXTENDED_OFFSET, true) >= slot;
  const all = Math.floor((data.length - HEADER_BYTES) / ADDRESS_BYTES);
  const count = isFresh ? view.getUint8(START_INDEX_OFFSET) : all;
  return Array.from({ length: count }, (_, index) =>
    getAddressDecoder().decode(data, HEADER_BYTES + index * ADDRESS_BYTES),
  );
}

function unusable(table: Address, why: string): PermanentError {
  return new PermanentError(
    "LOOKUP_TABLE",
    `${table} ${why}`,
    "leave the table out, or name one that this cluster has",
    { table },
  );
}
