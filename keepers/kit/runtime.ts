/**
 * What a keeper that sends for real works with: database, lease, policy and outbox. Opened after the start-up gate, closed last. A dry run
 * needs none of it.
 */
import type { Database } from "../../db/database.js";
import { assertDurable } from "../../db/durability.js";
import { openDatabase } from "../../db/open.js";
import type { ChainConnection } from "./chain.js";
import type { Env } from "./env.js";
import type { TransactionSigner } from "./keys/account.js";
import { Lease } from "./lease.js";
import { EvmOutbox } from "./outbox/evmOutbox.js";
import { OutboxStore } from "./outbox/store.js";
import { adoptPolicy } from "./policy/acceptance.js";
import { PolicyGate } from "./policy/gate.js";
import type { Policy } from "./policy/types.js";
import type { Submitter } from "./submitter.js";

export interface Runtime {
  readonly submitter: Submitter;
  readonly database: Database;
  readonly lease: Lease;
  /** Gives the lease back and leaves the database. */
  close(): Promise<void>;
}

export interface RuntimeParts {
  readonly connection: ChainConnection;
  readonly keeper: string;
  readonly signer: TransactionSigner;
  readonly policy: Policy;
  readonly env: Env;
}

/** Rows without a receipt at a time; a batch has room beside what is under way. */
const WINDOW = 32;
/** Tries to renew within one lifetime of the lease. */
const RENEWALS = 5;

/**
 * Opens all of it, and takes the lease if it is free.
 * @throws what `openDatabase`, `assertDurable` and `adoptPolicy` throw; nothing is left open then.
 */
export async function openRuntime({ connection, keeper, signer, policy, env }: RuntimeParts): Promise<Runtime> {
  const { config, client, log } = connection;
  const { local } = config.network;
  const opened = await openDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(config.databaseFolder === undefined ? {} : { folder: config.databaseFolder }),
    role: "keeper_rw",
    applicationName: `cantilever ${keeper}`,
  });
  const { database } = opened;
  try {
    if (!local) await assertDurable(database);
    await adoptPolicy(policy, database, { named: config.policyAccept, local });
    const chainId = String(client.chainId);
    const ttlMs = config.leaseSeconds * 1000;
    // One leader per account: two keepers with one key would wait for each other instead of disturbing each other.
    const name = `${keeper}:${chainId}:${signer.address.toLowerCase()}`;
    const lease = new Lease(database, { name, ttlMs, renewMs: ttlMs / RENEWALS }, log);
    await lease.step();
    lease.start();
    const gate = new PolicyGate(policy);
    const store = new OutboxStore({ db: database, lease, role: keeper, chainId, address: signer.address, gate });
    const { replaceAfterBlocks, confirmations } = config;
    const submitter = new EvmOutbox({
      store,
      client,
      signer,
      broadcaster: connection.broadcaster,
      options: { fees: config, replaceAfterBlocks, window: WINDOW, confirmations: () => confirmations },
      log,
    });
    return {
      submitter,
      database,
      lease,
      close: async () => {
        await lease.stop();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
