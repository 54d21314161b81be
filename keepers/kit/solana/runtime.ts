/** What a Solana keeper that sends for real works with: database, lease, control, policy, outbox and audit log. A dry run needs none of it. */
import { assertDurable } from "../../../db/durability.js";
import { openDatabase } from "../../../db/open.js";
import { AuditRecord } from "../audit/auditRecord.js";
import { Control } from "../control/control.js";
import { ControlWatch } from "../control/watch.js";
import type { Env } from "../env.js";
import { shutDown } from "../insight/shutdown.js";
import { Lease } from "../lease.js";
import type { SolanaIntent } from "../outbox/solana/intent.js";
import { SolanaOutbox, type SolanaOutboxOptions } from "../outbox/solana/solanaOutbox.js";
import { SolanaOutboxStore } from "../outbox/solana/store.js";
import { adoptPolicy } from "../policy/acceptance.js";
import { SolanaPolicyGate } from "../policy/solana/gate.js";
import type { SolanaPolicy } from "../policy/solana/types.js";
import type { RecordSink } from "../record.js";
import type { Submitter } from "../submitter.js";
import { SolanaBroadcaster } from "./broadcaster.js";
import type { SolanaHead } from "./cluster.js";
import type { SolanaConnection } from "./connection.js";
import type { SolanaSigner } from "./signer.js";

export interface SolanaRuntime {
  readonly submitter: Submitter<SolanaIntent, SolanaHead>;
  readonly lease: Lease;
  /** What an operator has ordered, as last read. */
  readonly control: ControlWatch;
  /** Evidence that nobody can change later. */
  readonly audit: RecordSink;
  /** Once per head, before anything is decided. Never throws. standby: another copy leads. */
  verdict(): Promise<"work" | "upkeep" | "leave" | "standby">;
  close(): Promise<void>;
}

export interface SolanaRuntimeParts {
  readonly connection: SolanaConnection;
  readonly keeper: string;
  /** Genesis hash. */
  readonly chainId: string;
  readonly signer: SolanaSigner;
  readonly policy: SolanaPolicy;
  readonly outbox: SolanaOutboxOptions;
  readonly leaseSeconds: number;
  /** Hashes of policies that an operator has named. */
  readonly policyAccept: string | undefined;
  readonly env: Env;
}

/** Tries to renew within one lifetime of the lease. */
const RENEWALS = 5;
const MS = 1_000;
/** To close everything: less than platforms give before they kill. */
const CLOSE_MS = 8_000;

/** @throws what `openDatabase`, `assertDurable` and `adoptPolicy` throw; nothing is left open then. */
export async function openSolanaRuntime(parts: SolanaRuntimeParts): Promise<SolanaRuntime> {
  const { connection, keeper, chainId, signer, policy, env } = parts;
  const { config, client, log } = connection;
  const { local, name: network } = config.network;
  const opened = await openDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(config.databaseFolder === undefined ? {} : { folder: config.databaseFolder }),
    role: "keeper_rw",
    applicationName: `cantilever ${keeper}`,
  });
  const db = opened.database;
  try {
    if (!local) await assertDurable(db);
    await adoptPolicy(policy, db, { named: parts.policyAccept, local });
    const ttlMs = parts.leaseSeconds * MS;
    const lease = new Lease(
      db,
      { name: `${keeper}:${chainId}:${signer.address}`, ttlMs, renewMs: ttlMs / RENEWALS },
      log,
    );
    await lease.step();
    lease.start();
    const control = new Control(db, keeper, network, lease.owner);
    const gate = new SolanaPolicyGate(policy);
    const { address } = signer;
    const store = new SolanaOutboxStore({ db, lease, role: keeper, chainId, address, gate, stop: control.stop });
    const submitter = new SolanaOutbox({
      ...{ store, client, chainId, signer, log, options: parts.outbox },
      broadcaster: new SolanaBroadcaster(client, log),
    });
    const watch = new ControlWatch(control, log);
    const audit = new AuditRecord(db, { role: keeper, network }, log);
    return {
      ...{ submitter, lease, audit, control: watch },
      verdict: async () => {
        const ordered = await watch.look(submitter.pending().length);
        return ordered === "work" && lease.held === undefined ? "standby" : ordered;
      },
      close: async () => {
        const steps = [
          { name: "audit", run: () => audit.close() },
          { name: "lease", run: () => lease.stop() },
          { name: "database", run: () => opened.close() },
        ];
        await shutDown(steps, CLOSE_MS, log);
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
