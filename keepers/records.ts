/** Sub-commands that need the keepers' database and no keeper: what it may do, what it did, what it gained. */
import { closeSync, openSync } from "node:fs";

import { openDatabase } from "../db/open.js";
import type { Database } from "../db/database.js";
import { auditCommand } from "./kit/audit/command.js";
import { openChain } from "./kit/chain.js";
import { keeperNetwork, loadKeeperConfig } from "./kit/config.js";
import { carryOut, type OperatorOrder } from "./kit/control/operator.js";
import type { Env } from "./kit/env.js";
import { pnlCommand } from "./kit/pnl/command.js";
import type { ProgramResult } from "./kit/program.js";
import { solanaNetwork } from "./kit/solana/network.js";
import { UsageError } from "../protocol/errors.js";
import { isSolanaNetwork } from "../protocol/solana/network.js";

export interface RecordsContext {
  readonly keeper: string;
  readonly network: string;
  readonly env: Env;
  readonly say: (line: string) => void;
}

/** `run|pause|drain|kill --reason`. `revive`: address of an account that a foreign nonce has killed. */
export async function order(
  context: RecordsContext,
  wanted: Pick<OperatorOrder, "state" | "reason"> & { readonly revive: string | undefined },
): Promise<ProgramResult> {
  const { keeper: role, network, say } = context;
  const { revive: address, ...rest } = wanted;
  const revive = address === undefined ? undefined : await revivedAt(context, address);
  if (revive === undefined) knownNetwork(context);
  return withDatabase(context, (db) => carryOut(db, { role, network, say, ...rest, revive }));
}

/** `audit [--export FILE]` */
export async function audit(context: RecordsContext, exportFile: string | undefined): Promise<ProgramResult> {
  const { keeper: role, network, say } = context;
  knownNetwork(context);
  const exportTo = exportFile === undefined ? undefined : openSync(exportFile, "wx", 0o600);
  try {
    return await withDatabase(context, (db) => auditCommand(db, { role, network, say, exportTo }));
  } finally {
    if (exportTo !== undefined) closeSync(exportTo);
  }
}

/** `pnl [--hours N]` */
export function pnl(context: RecordsContext, hours: number): Promise<ProgramResult> {
  const { keeper: role, network, say } = context;
  if (isSolanaNetwork(network)) throw new UsageError("PART_NOT_BUILT", `${role} keeps no books`);
  const chainId = String(networkOf(context).chainId);
  return withDatabase(context, (db) => pnlCommand(db, { role, network, chainId, hours, say }));
}

/** @throws UsageError UNKNOWN_NETWORK. */
function knownNetwork(context: RecordsContext): void {
  if (isSolanaNetwork(context.network)) solanaNetwork(context.network);
  else networkOf(context);
}

async function revivedAt(context: RecordsContext, address: string) {
  if (isSolanaNetwork(context.network)) {
    const why = "accounts of Solana have no nonces: what kills one is a node that lies";
    throw new UsageError("CONFLICTING_FLAGS", "--revive-signer is for EVM networks", why);
  }
  const chainId = String(networkOf(context).chainId);
  return { address, chainId, nextNonce: await chainNonce(context, address) };
}

function networkOf({ network, env }: RecordsContext) {
  const folder = env["KEEPER_DEPLOYMENTS_FOLDER"] ?? "";
  return folder === "" ? keeperNetwork(network) : keeperNetwork(network, folder);
}

/** What the chain has seen of an account: a revived one goes on from there. */
async function chainNonce({ keeper, network, env }: RecordsContext, address: string): Promise<bigint> {
  const { client } = openChain(loadKeeperConfig({}, "KEEPER_", network, env), keeper, env, false);
  try {
    await client.head();
    await client.assertChain();
    return BigInt(String(await client.request("eth_getTransactionCount", [address, "latest"])));
  } finally {
    client.close();
  }
}

async function withDatabase<T>({ env }: RecordsContext, work: (db: Database) => Promise<T>): Promise<T> {
  const folder = env["KEEPER_DATABASE_FOLDER"] ?? "";
  const opened = await openDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(folder === "" ? {} : { folder }),
    role: "keeper_rw",
    applicationName: "cantilever operator",
    maxConnections: 2,
  });
  try {
    return await work(opened.database);
  } finally {
    await opened.close();
  }
}
