/**
 * What a keeper that sends for real works with: database, lease, control, policy, outbox, books and audit log. Opened after the start-up
 * gate, closed last. A dry run needs none of it.
 */
import { assertDurable } from "../../db/durability.js";
import type { DecodedRevert } from "../../protocol/revert.js";
import { openDatabase } from "../../db/open.js";
import { newestPolicy } from "../../db/queries/policy/newestPolicy.js";
import { AuditRecord } from "./audit/auditRecord.js";
import type { ChainConnection } from "./chain.js";
import { AutomaticControl } from "./control/automatic.js";
import {
  gasCondition,
  lasting,
  lossCondition,
  policyCondition,
  quorumCondition,
  rarely,
  Tripwire,
  type Condition,
} from "./control/condition.js";
import { Control } from "./control/control.js";
import { isUnauthorized } from "./control/unauthorized.js";
import { ControlWatch } from "./control/watch.js";
import { WatchedDatabase, type DatabaseState } from "./databaseWatch.js";
import type { Env } from "./env.js";
import type { TransactionSigner } from "./keys/account.js";
import { shutDown } from "./insight/shutdown.js";
import { Lease } from "./lease.js";
import { EvmOutbox } from "./outbox/evmOutbox.js";
import { OutboxStore } from "./outbox/store.js";
import { Ledger } from "./pnl/ledger.js";
import type { AccountNames } from "./pnl/postings.js";
import type { EncodeAction } from "./policy/action.js";
import { adoptPolicy } from "./policy/acceptance.js";
import type { SigningGuard } from "./policy/guard.js";
import { policyHash } from "./policy/canonical.js";
import { PolicyGate } from "./policy/gate.js";
import type { IsMember, Policy } from "./policy/types.js";
import type { Head } from "./provider.js";
import { confirmationsFor } from "./providers/confirmations.js";
import type { RecordSink } from "./record.js";
import { stakeXauWei } from "./stake.js";
import type { InFlight, Intent, Settled, Submission, Submitter } from "./submitter.js";

/** work: this copy leads and may decide. upkeep: care for what is in flight, decide nothing. leave: drained, the process ends. */
export type RuntimeVerdict = "work" | "upkeep" | "leave";

export interface Runtime {
  readonly submitter: Submitter;
  readonly lease: Lease;
  /** What an operator or a tripped condition has ordered, as last read. */
  readonly control: ControlWatch;
  /** What the database can do now. */
  readonly database: () => DatabaseState;
  /** Evidence that nobody can change later. */
  readonly audit: RecordSink;
  /** To be told of reverted simulations: one that says "you may not" kills. */
  readonly onRevert: (revert: DecodedRevert) => void;
  /** Once per block, before anything is decided. Never throws. */
  verdict(): Promise<RuntimeVerdict>;
  /** Finishes evidence, gives the lease back and leaves the database, each within its share of some seconds. */
  close(): Promise<void>;
}

export interface RuntimeParts {
  readonly connection: ChainConnection;
  readonly keeper: string;
  readonly signer: TransactionSigner;
  readonly policy: Policy;
  /** Makes the bytes of the keeper's actions, for the tick and for the signer. */
  readonly encode: EncodeAction;
  /** Looks again at what an intent is about, before each of its signatures. */
  readonly guard?: SigningGuard;
  /** For rules of the policy that are about every contract of a kind. */
  readonly isMember?: IsMember;
  /** The keeper's own reasons to pause or kill itself, beside those of the kit. */
  readonly conditions?: readonly Condition[];
  readonly env: Env;
  /** Of a keeper that trades on this chain and others at once: what one loses another gains. */
  readonly across?: {
    /** Leads here only while it leads there; undefined for the first. */
    readonly behind: Lease | undefined;
    /** All of them: the loss that kills is that of all together. */
    readonly chainIds: readonly string[];
  };
  /** Whose token balances belong to the keeper's books, beside its key's. */
  readonly names: AccountNames;
  /** Address of an asset that the policy counts. */
  readonly assetAddress: (asset: string) => string;
  /** What an amount of an asset is worth, XAU wei; undefined without a price. */
  readonly valueXauWei: (asset: string, amount: bigint) => bigint | undefined;
}

/** Rows without a receipt at a time; a batch has room beside what is under way. */
export const OUTBOX_WINDOW = 32;
/** Tries to renew within one lifetime of the lease. */
const RENEWALS = 5;
/** Blocks in a row without trouble after which what paused by itself goes on. */
const GOOD_BLOCKS = 10;
/** How long nodes may disagree or be away before the keeper pauses. */
const QUORUM_GRACE_MS = 15_000;
/** Between two looks at the key's balance. */
const BALANCE_MS = 60_000;
/** To close everything: less than platforms give before they kill. */
const CLOSE_MS = 8_000;

/**
 * Opens all of it, and takes the lease if it is free.
 * @throws what `openDatabase`, `assertDurable` and `adoptPolicy` throw; nothing is left open then.
 */
export async function openRuntime(parts: RuntimeParts): Promise<Runtime> {
  const { connection, keeper, signer, policy, encode, guard, isMember, conditions = [] } = parts;
  const { env, across, names, assetAddress, valueXauWei } = parts;
  const { config, client, log } = connection;
  const { local } = config.network;
  const opened = await openDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(config.databaseFolder === undefined ? {} : { folder: config.databaseFolder }),
    role: "keeper_rw",
    applicationName: `cantilever ${keeper}`,
  });
  const database = new WatchedDatabase(opened.database, log, opened.trouble);
  try {
    if (!local) await assertDurable(database);
    await adoptPolicy(policy, database, { named: config.policyAccept, local });
    const chainId = String(client.chainId);
    const ttlMs = config.leaseSeconds * 1000;
    // One leader per account: two keepers with one key would wait for each other instead of disturbing each other.
    const name = `${keeper}:${chainId}:${signer.address.toLowerCase()}`;
    const lease = new Lease(database, { name, ttlMs, renewMs: ttlMs / RENEWALS, behind: across?.behind }, log);
    await lease.step();
    lease.start();
    const { name: network } = config.network;
    const control = new Control(database, keeper, network, lease.owner);
    const ledger = new Ledger({
      chainId,
      role: keeper,
      signer: signer.address,
      names,
      valueXauWei,
      onUnprofitable: ({ key, hash, resultXauWei }) => {
        // A part of something that pays as a whole is no trouble.
        if (across === undefined) log.warn("pnl.unprofitable", { key, hash, resultXauWei });
        else log.debug("pnl.part", { key, hash, resultXauWei });
      },
    });
    const gate = new PolicyGate(policy, encode, isMember);
    const store = new OutboxStore({
      ...{ db: database, lease, role: keeper, chainId, address: signer.address },
      gate,
      stop: control.stop,
      writable: () => database.state.state === "healthy",
      onEnded: ledger.onEnded,
      onUnwound: ledger.onUnwound,
    });
    const { replaceAfterBlocks } = config;
    const stake = { gate, assetAddress, valueXauWei };
    const confirmations = (intent: Intent): number =>
      confirmationsFor(config.confirmations, stakeXauWei(stake, intent));
    const foreign = new Tripwire("foreign-nonce");
    const unauthorized = new Tripwire("unauthorized");
    const submitter = new WatchedSubmitter(
      new EvmOutbox({
        ...{ store, client, signer, log, broadcaster: connection.broadcaster },
        ...(guard === undefined ? {} : { guard }),
        options: { fees: config, replaceAfterBlocks, window: OUTBOX_WINDOW, confirmations },
      }),
      foreign,
    );
    const balanceWei = async (): Promise<bigint> =>
      BigInt(String(await client.request("eth_getBalance", [signer.address, "latest"])));
    const inForce = async (): Promise<string | undefined> => (await newestPolicy(database, policy))?.policyHash;
    const automatic = new AutomaticControl(
      control,
      {
        goodBlocks: GOOD_BLOCKS,
        conditions: [
          foreign,
          unauthorized,
          policyCondition(inForce, policyHash(policy)),
          // Nothing is signed without agreement in any case; a node that was away for a moment needs no pause.
          lasting(
            quorumCondition(() => client.fleet.report(), config.quorumKillSeconds * 1000),
            QUORUM_GRACE_MS,
          ),
          gasCondition(rarely(balanceWei, BALANCE_MS), config.minBalanceWei),
          lossCondition(database, { role: keeper, chainIds: across?.chainIds ?? [chainId] }, config.maxLossXauWei),
          ...conditions,
        ],
      },
      log,
    );
    const watch = new ControlWatch(control, log);
    const audit = new AuditRecord(database, { role: keeper, network }, log);
    return {
      submitter,
      lease,
      control: watch,
      audit,
      database: () => database.state,
      onRevert: (revert) => {
        if (isUnauthorized(revert)) unauthorized.trip(`the chain answered ${revert.name}`);
      },
      verdict: async () => {
        const leads = lease.held !== undefined;
        await automatic.look(leads);
        const verdict = await watch.look(submitter.pending().length);
        return verdict === "work" && !(leads && (await database.isWritable())) ? "upkeep" : verdict;
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

/** Trips once the account turns out to be somebody else's as well. */
class WatchedSubmitter implements Submitter {
  constructor(
    private readonly inner: EvmOutbox,
    private readonly foreign: Tripwire,
  ) {}

  get sender(): string | undefined {
    return this.inner.sender;
  }

  pending(): readonly InFlight[] {
    return this.inner.pending();
  }

  submit(intent: Intent, head: Head): Promise<Submission> {
    return this.submitBatch([intent], head);
  }

  async submitBatch(intents: readonly Intent[], head: Head): Promise<Submission> {
    const submission = await this.inner.submitBatch(intents, head);
    if (!submission.accepted && submission.refusal === "foreign-nonce") this.trip();
    return submission;
  }

  withdraw(keys: readonly string[]): void {
    this.inner.withdraw(keys);
  }

  async upkeep(head: Head): Promise<readonly Settled[]> {
    const settled = await this.inner.upkeep(head);
    if (settled.some(({ kind }) => kind === "foreign")) this.trip();
    return settled;
  }

  private trip(): void {
    this.foreign.trip("a nonce was used by a transaction that this keeper never signed");
  }
}
