/** How fast the local cluster lists the accounts of a program that has many. */
import { getAddressDecoder, lamports, type Address } from "@solana/kit";

import { ValidatorServer } from "../validator/server.js";

/** Figures of `npm run bench -- accounts`. */
export interface ProgramAccountsReport {
  readonly accounts: number;
  /** The first list searches all accounts of the cluster; those after it use the index that it made. */
  readonly firstListMs: number;
  readonly listMs: number;
  readonly megabytes: number;
  /** Every account matches the filter, with and without its data. */
  readonly filteredMs: number;
  readonly slicedMs: number;
  /** Accounts by address, a hundred at a time. */
  readonly byAddressMs: number;
}

/** About the size of a vault, and of what is compared at its beginning. */
const ACCOUNT_BYTES = 300;
const DISCRIMINATOR = new Uint8Array(8).fill(7);
const LAMPORTS = 2_978_880n;
const OWNER = "Vau1t11111111111111111111111111111111111111" as Address;
const PAGE = 100;

/** The address of the account with this number. */
export function numberedAddress(number: number): Address {
  const bytes = new Uint8Array(32).fill(9);
  new DataView(bytes.buffer).setUint32(0, number);
  return getAddressDecoder().decode(bytes);
}

/** Puts that many accounts of one program into a cluster. @returns the program. */
export function fill(server: ValidatorServer, accounts: number): Address {
  const data = new Uint8Array(ACCOUNT_BYTES);
  data.set(DISCRIMINATOR);
  for (let number = 0; number < accounts; number += 1) {
    server.cluster.bank.setAccount({
      address: numberedAddress(number),
      lamports: lamports(LAMPORTS),
      data,
      executable: false,
      programAddress: OWNER,
      space: BigInt(ACCOUNT_BYTES),
    });
  }
  return OWNER;
}

export async function measureProgramAccounts(accounts: number): Promise<ProgramAccountsReport> {
  const server = await ValidatorServer.start();
  try {
    const owner = fill(server, accounts);
    const filters = [
      { memcmp: { offset: 0, bytes: Buffer.from(DISCRIMINATOR).toString("base64"), encoding: "base64" } },
    ];
    let megabytes = 0;
    const timed = async (method: string, ...params: unknown[]): Promise<number> => {
      const started = performance.now();
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const response = await fetch(server.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      const text = await response.text();
      const { result } = JSON.parse(text) as { result: { value?: unknown[] } & unknown[] };
      const found = result.value?.length ?? result.length;
      if (found !== Math.min(accounts, method === "getProgramAccounts" ? accounts : PAGE)) {
        throw new Error(`${method} found ${String(found)} accounts`);
      }
      megabytes = text.length / 1e6;
      return performance.now() - started;
    };
    const list = (config: object) => timed("getProgramAccounts", owner, { encoding: "base64", ...config });
    const firstListMs = await list({});
    const listMs = await list({});
    const size = megabytes;
    const filteredMs = await list({ filters });
    const slicedMs = await list({ filters, dataSlice: { offset: 0, length: 0 } });
    let byAddressMs = 0;
    for (let from = 0; from + PAGE <= accounts; from += PAGE) {
      const page = Array.from({ length: PAGE }, (_, index) => numberedAddress(from + index));
      byAddressMs += await timed("getMultipleAccounts", page, { encoding: "base64" });
    }
    const rounded = { firstListMs, listMs, filteredMs, slicedMs, byAddressMs };
    return {
      accounts,
      megabytes: Math.round(size * 10) / 10,
      ...(Object.fromEntries(Object.entries(rounded).map(([key, ms]) => [key, Math.round(ms)])) as typeof rounded),
    };
  } finally {
    await server.stop();
  }
}
