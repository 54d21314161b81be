/** What `doctor` says about a keeper's database and about what stands in it. Reads only, and starts nothing: without `DATABASE_URL` and a keeper
 * that runs there is no server to ask. */
import type { Queryable } from "../../db/database.js";
import type { observeDatabase } from "../../db/open.js";
import { nextBlock } from "../../db/queries/indexer/nextBlock.js";
import { readLease } from "../../db/queries/lease/read.js";
import { loadOutbox } from "../../db/queries/outbox/load.js";
import { readSigner } from "../../db/queries/outbox/signer.js";
import { accountBalances } from "../../db/queries/pnl/balances.js";
import { readControl } from "../../db/queries/control/read.js";
import type { ChainConnection } from "./chain.js";
import { databaseChecks } from "./databaseChecks.js";
import type { CheckPlan } from "./doctor.js";
import type { Env } from "./env.js";
import type { Head } from "./provider.js";

export interface RuntimeCheckParts {
  readonly connection: Pick<ChainConnection, "config" | "client" | "signer">;
  readonly keeper: string;
  readonly env: Env;
  /** Opens the database that the keeper uses; left out: as `env` and the configuration say. */
  readonly open?: () => ReturnType<typeof observeDatabase>;
  /** What only this keeper keeps there; a plan may need `schema`. */
  readonly further?: (db: () => Queryable) => readonly CheckPlan[];
}

/** Blocks after which something in flight is stuck. */
const MAX_AGE_BLOCKS = 100;
/** Blocks that an index may be behind: more is not catching up. */
const MAX_LAG_BLOCKS = 100;
const HOURS = 24;
const NEED_GAS_HOURS = 24n;

/** The plans, and what closes the database after they were made. */
export function runtimeChecks(parts: RuntimeCheckParts): { readonly plans: CheckPlan[]; close(): Promise<void> } {
  const { keeper, connection } = parts;
  const { client, config } = connection;
  const { name: network, local } = config.network;
  const chainId = String(client.chainId);
  const {
    plans: first,
    db,
    unlessStopped,
    close,
  } = databaseChecks({
    ...{
      keeper,
      env: parts.env,
      local,
      databaseFolder: config.databaseFolder,
      role: "keeper_rw" as const,
      open: parts.open,
    },
  });
  const account = async (): Promise<string | undefined> => (await connection.signer())?.address;

  const plans: CheckPlan[] = [
    {
      name: "control",
      expected: "run",
      fix: `npm run keeper -- ${keeper} run --network ${network} --reason "…", once the reason is gone`,
      needs: ["schema"],
      look: async () => {
        const row = await readControl(db(), keeper, network);
        if (row === undefined) return { ok: true, found: "run: never started" };
        return { ok: row.state === "run", found: `${row.state}: ${row.reason} (${row.actor}, ${row.cause})` };
      },
    },
    {
      name: "lease",
      expected: "one leader, or none while no copy runs",
      fix: "look at the process that is named; another copy takes over when its lease runs out",
      needs: ["schema", "key"],
      look: async () => {
        const address = await account();
        if (address === undefined) return { ok: true, found: "no key: nothing to lead" };
        const lease = await readLease(db(), `${keeper}:${chainId}:${address.toLowerCase()}`);
        if (lease === undefined) return { ok: true, found: "never led" };
        const whose = `${lease.owner}, fence ${lease.fence.toString()}`;
        return {
          ok: true,
          found: lease.held ? `${whose}, ${String(lease.remainingMs)} ms left` : `free; last ${whose}`,
        };
      },
    },
    {
      name: "in-flight",
      expected: `nothing older than ${String(MAX_AGE_BLOCKS)} blocks`,
      fix: "start the keeper: it looks after what it finds; if one runs, look at its log for tx.at-ceiling",
      needs: ["schema", "key", "chain-id"],
      look: async () => {
        const address = await account();
        if (address === undefined) return { ok: true, found: "no key" };
        return inFlight(db(), chainId, address, await client.head());
      },
    },
    {
      name: "nonce",
      expected: "every nonce that the chain has seen is ours, and none is missing",
      fix: `if the account was killed, see to the key first: npm run keeper -- ${keeper} run --revive-signer ADDRESS --reason "…"`,
      needs: ["schema", "key", "chain-id"],
      look: async () => {
        const address = await account();
        if (address === undefined) return { ok: true, found: "no key" };
        const used = BigInt(String(await client.request("eth_getTransactionCount", [address, "latest"])));
        return nonces(db(), chainId, address, used);
      },
    },
    {
      name: "gas-runway",
      expected: `gas for ${String(NEED_GAS_HOURS)} h at the rate of the last ${String(HOURS)} h`,
      fix: "send coins to the keeper's address",
      needs: ["schema", "key", "chain-id"],
      look: async () => {
        const address = await account();
        if (address === undefined) return { ok: true, found: "no key" };
        const balanceWei = BigInt(String(await client.request("eth_getBalance", [address, "latest"])));
        return gasRunway(db(), keeper, chainId, balanceWei);
      },
    },
    {
      name: "indexer",
      expected: `at most ${String(MAX_LAG_BLOCKS)} blocks behind, if there is one`,
      fix: "does it run, and does its node answer? docs/keeper-runtime.md, indexer",
      needs: ["schema", "chain-id"],
      look: async () => indexerLag(db(), chainId, await client.head()),
    },
    ...(parts.further?.(db) ?? []),
  ];
  return { plans: [...first, ...unlessStopped(plans)], close };
}

/** The index of the same database, if one is kept there. */
async function indexerLag(db: Queryable, chainId: string, head: Head) {
  const next = await nextBlock(db, chainId);
  if (next === undefined) return { ok: true, found: "this chain is not indexed here" };
  const lag = Math.max(0, head.number + 1 - Number(next));
  return { ok: lag <= MAX_LAG_BLOCKS, found: `${String(lag)} blocks behind, next is block ${next.toString()}` };
}

async function inFlight(db: Queryable, chainId: string, address: string, head: Head) {
  const rows = await loadOutbox(db, chainId, address);
  const oldest = rows.reduce((age, { sinceBlock }) => Math.max(age, head.number - Number(sinceBlock)), 0);
  return { ok: oldest <= MAX_AGE_BLOCKS, found: `${String(rows.length)}, the oldest ${String(oldest)} blocks old` };
}

/** `used`: nonces that the chain has seen. */
async function nonces(db: Queryable, chainId: string, address: string, used: bigint) {
  const signer = await readSigner(db, chainId, address);
  if (signer === undefined) return { ok: true, found: `chain ${used.toString()}, never signed here` };
  const open = new Set((await loadOutbox(db, chainId, address)).map(({ nonce }) => nonce));
  const missing: bigint[] = [];
  for (let nonce = used; nonce < signer.nextNonce; nonce += 1n) if (!open.has(nonce)) missing.push(nonce);
  const found = [
    `chain ${used.toString()}, issued ${signer.nextNonce.toString()}`,
    ...(signer.killedReason === null ? [] : [`killed: ${signer.killedReason}`]),
    ...(missing.length === 0 ? [] : [`holes at ${missing.slice(0, 5).join(", ")}`]),
  ];
  const ok = signer.killedReason === null && missing.length === 0 && used <= signer.nextNonce;
  return { ok, found: found.join("; ") };
}

async function gasRunway(db: Queryable, keeper: string, chainId: string, balanceWei: bigint) {
  const accounts = await accountBalances(db, keeper, chainId, HOURS);
  const spentWei = accounts.find(({ account }) => account === "cost:gas")?.amount ?? 0n;
  if (spentWei <= 0n) return { ok: true, found: `nothing spent in ${String(HOURS)} h` };
  const hours = (balanceWei * BigInt(HOURS)) / spentWei;
  return {
    ok: hours >= NEED_GAS_HOURS,
    found: `${hours.toString()} h at ${spentWei.toString()} wei in ${String(HOURS)} h`,
  };
}
