/**
 * What a keeper that sends for real works with: database, lease, policy and outbox. Opened after the start-up gate, closed last. A dry run
 * needs none of it.
 */
import type { Database } from "../../db/database.js";
import { assertDurable } from "../../db/durability.js";
import { openDatabase } from "../../db/open.js";
import type { ChainConnection } from "./chain.js";
import { AuditRecord } from "./audit/auditRecord.js";
import { Control } from "./control/control.js";
import type { Env } from "./env.js";
import type { TransactionSigner } from "./keys/account.js";
import { Lease } from "./lease.js";
import { EvmOutbox } from "./outbox/evmOutbox.js";
import { Ledger, type LedgerParts } from "./pnl/ledger.js";
import { accountNames } from "./pnl/postings.js";
import { OutboxStore } from "./outbox/store.js";
import { adoptPolicy } from "./policy/acceptance.js";
import { PolicyGate } from "./policy/gate.js";
import type { Policy } from "./policy/types.js";
import type { Submitter } from "./submitter.js";

export interface Runtime {
  readonly submitter: Submitter;
  readonly database: Database;
  readonly lease: Lease;
  /** What the keeper may do; the outbox asks it by itself. */
  readonly control: Control;
  /** Evidence into the audit log; closed with the runtime. */
  readonly audit: AuditRecord;
  /** Gives the lease back and leaves the database. */
  close(): Promise<void>;
}

export interface RuntimeParts {
  readonly connection: ChainConnection;
  readonly keeper: string;
  readonly signer: TransactionSigner;
  readonly policy: Policy;
  readonly env: Env;
  /** Whose addresses the books know by name, and what an asset is worth now; without them results have no price. */
  readonly books?: {
    readonly names: Parameters<typeof accountNames>[0];
    readonly valueXauWei: LedgerParts["valueXauWei"];
  };
}

/** Rows without a receipt at a time; a batch has room beside what is under way. */
const WINDOW = 32;
/** Tries to renew within one lifetime of the lease. */
const RENEWALS = 5;

/**
 * Opens all of it, and takes the lease if it is free.
 * @throws what `openDatabase`, `assertDurable` and `adoptPolicy` throw; nothing is left open then.
 */
export async function openRuntime({ connection, keeper, signer, policy, env, books }: RuntimeParts): Promise<Runtime> {
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
    const control = new Control(database, keeper, config.network.name, lease.owner);
    const audit = new AuditRecord(database, { role: keeper, network: config.network.name }, log);
    const ledger = new Ledger({
      ...{ chainId, role: keeper, signer: signer.address, names: accountNames(books?.names ?? {}) },
      valueXauWei: books?.valueXauWei ?? (() => undefined),
      onUnprofitable: (loss) => {
        log.warn("pnl.unprofitable", { ...loss });
      },
    });
    const store = new OutboxStore({
      ...{ db: database, lease, role: keeper, chainId, address: signer.address, gate },
      stop: control.stop,
      onEnded: ledger.onEnded,
      onUnwound: ledger.onUnwound,
    });
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
      control,
      audit,
      close: async () => {
        await audit.close();
        await lease.stop();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
