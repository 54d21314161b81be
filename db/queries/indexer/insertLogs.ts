import type { Queryable, SqlValue } from "../../database.js";

export interface LogColumn {
  readonly name: string;
  readonly type: "bytea" | "numeric" | "bigint" | "integer" | "boolean" | "text";
}

export interface LogRow {
  readonly blockNumber: bigint;
  readonly logIndex: number;
  readonly blockHash: Buffer;
  readonly transactionHash: Buffer;
  readonly address: Buffer;
  /** One per column of the table's own. */
  readonly values: readonly SqlValue[];
}

export interface LogKey {
  readonly block_number: bigint;
  readonly log_index: number;
}

const COMMON: readonly LogColumn[] = [
  { name: "block_number", type: "bigint" },
  { name: "log_index", type: "integer" },
  { name: "block_hash", type: "bytea" },
  { name: "transaction_hash", type: "bytea" },
  { name: "address", type: "bytea" },
];

/** Inserts rows that are not there yet. @returns the keys of those that were not. Names come from a handler, never from outside. */
export async function insertLogs(
  tx: Queryable,
  table: string,
  columns: readonly LogColumn[],
  chainId: string,
  rows: readonly LogRow[],
): Promise<readonly LogKey[]> {
  if (rows.length === 0) return [];
  const all = [...COMMON, ...columns];
  const names = all.map(({ name }) => name).join(", ");
  const arrays = all.map(({ type }, index) => `$${String(index + 2)}::${type}[]`).join(", ");
  return tx.query<LogKey>(
    `INSERT INTO ${table} (chain_id, ${names}) SELECT $1, * FROM unnest(${arrays})
     ON CONFLICT (chain_id, block_number, log_index) DO NOTHING RETURNING block_number, log_index`,
    [
      chainId,
      rows.map(({ blockNumber }) => blockNumber),
      rows.map(({ logIndex }) => logIndex),
      rows.map(({ blockHash }) => blockHash),
      rows.map(({ transactionHash }) => transactionHash),
      rows.map(({ address }) => address),
      ...columns.map((_, index) => rows.map(({ values }) => values[index] ?? null)),
    ],
  );
}
