/** What a Solana keeper that sends for real works with: database, lease, control, policy, outbox and audit log. A dry run needs none of it. */
import { assertDurable } from "../../../db/durability.js";
import { openDatabase } from "../../../db/open.js";
import { countReverted } from "../../../db/queries/outbox/countReverted.js";
import { newestPolicy } from "../../../db/queries/policy/newestPolicy.js";
import { AuditRecord } from "../audit/auditRecord.js";
import { AutomaticControl } from "../control/automatic.js";
import { gasCondition, policyCondition, rarely, Tripwire } from "../control/condition.js";
import { Control } from "../control/control.js";
import { ControlWatch } from "../control/watch.js";
import { WatchedDatabase, type DatabaseState } from "../databaseWatch.js";
import type { Env } from "../env.js";
import { shutDown } from "../insight/shutdown.js";
import { Lease } from "../lease.js";
import type { SolanaIntent } from "../outbox/solana/intent.js";
import { SolanaOutbox, type SolanaOutboxOptions } from "../outbox/solana/solanaOutbox.js";
import { SolanaOutboxStore } from "../outbox/solana/store.js";
import { adoptPolicy } from "../policy/acceptance.js";
import { policyHash } from "../policy/canonical.js";
import { SolanaPolicyGate } from "../policy/solana/gate.js";
import type { SolanaPolicy } from "../policy/solana/types.js";
import type { RecordSink } from "../record.js";
import type { InFlight, Settled, Submission, Submitter } from "../submitter.js";
import { SolanaBroadcaster } from "./broadcaster.js";
import type { SolanaHead } from "./cluster.js";
import { lamportsOf } from "./balance.js";
import type { SolanaConnection } from "./connection.js";
import type { SolanaSigner } from "./signer.js";

export interface SolanaRuntime {
  readonly submitter: Submitter<SolanaIntent, SolanaHead>;
  readonly lease: Lease;
  /** What an operator has ordered, as last read. */
  readonly control: ControlWatch;
  /** What the database can do now. */
  readonly database: () => DatabaseState;
  /**
   * Transactions of the last hour that failed on the chain, although their simulations did not, by the first word of their keys.
   * What a stranger can make fail stops no more than its own kind: whoever decides leaves out that kind alone.
   */
  readonly failures: () => Promise<ReadonlyMap<string, bigint>>;
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
  /** Below it the key counts as empty. */
  readonly minLamports: bigint;
  /** Hashes of policies that an operator has named. */
  readonly policyAccept: string | undefined;
  readonly env: Env;
}

/** Tries to renew within one lifetime of the lease. */
const RENEWALS = 5;
const MS = 1_000;
/** Slots in a row without trouble after which what paused by itself goes on. */
const GOOD_SLOTS = 10;
const FAILURE_MINUTES = 60;
/** Between two looks at the key's balance. */
const BALANCE_MS = 60_000;
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
  const db = new WatchedDatabase(opened.database, log, opened.trouble);
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
    const doubled = new Tripwire("doubled");
    const broadcaster = new SolanaBroadcaster(client, log);
    const submitter = new WatchedSubmitter(
      new SolanaOutbox({ ...{ store, client, chainId, signer, log, broadcaster }, options: parts.outbox }),
      doubled,
    );
    const balance = rarely(() => lamportsOf(client, address), BALANCE_MS);
    const inForce = async (): Promise<string | undefined> => (await newestPolicy(db, policy))?.policyHash;
    // Fees and their sum per day are the policy's: it refuses what is above, and no condition is needed.
    const conditions = [
      doubled,
      policyCondition(inForce, policyHash(policy)),
      gasCondition(balance, parts.minLamports, "lamports"),
    ];
    const automatic = new AutomaticControl(control, { goodBlocks: GOOD_SLOTS, conditions }, log);
    const watch = new ControlWatch(control, log);
    const audit = new AuditRecord(db, { role: keeper, network }, log);
    return {
      ...{ submitter, lease, audit, control: watch },
      database: () => db.state,
      failures: () => countReverted(db, chainId, keeper, FAILURE_MINUTES),
      verdict: async () => {
        const leads = lease.held !== undefined;
        await automatic.look(leads);
        const ordered = await watch.look(submitter.pending().length);
        if (ordered !== "work") return ordered;
        return leads ? ((await db.isWritable()) ? "work" : "upkeep") : "standby";
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

/** Trips once two attempts of one effect have happened: the account signs nothing more then. */
class WatchedSubmitter implements Submitter<SolanaIntent, SolanaHead> {
  constructor(
    private readonly inner: SolanaOutbox,
    private readonly doubled: Tripwire,
  ) {}

  get sender(): string | undefined {
    return this.inner.sender;
  }

  pending(): readonly InFlight[] {
    return this.inner.pending();
  }

  upkeep(head: SolanaHead): Promise<readonly Settled[]> {
    return this.inner.upkeep(head);
  }

  async submit(intent: SolanaIntent, head: SolanaHead): Promise<Submission> {
    const submission = await this.inner.submit(intent, head);
    if (!submission.accepted && submission.refusal === "foreign-nonce") {
      this.doubled.trip("two attempts of one effect are on the chain: a node has lied");
    }
    return submission;
  }
}
