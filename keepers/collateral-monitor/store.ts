/** The monitor's tables: what is read back at a start, and one transaction for each step. One copy writes, others stand by. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import type { Database } from "../../db/database.js";
import { addTrail } from "../../db/queries/collateral/addTrail.js";
import { claimCheckpoint } from "../../db/queries/collateral/claim.js";
import { dropEvents } from "../../db/queries/collateral/dropEvents.js";
import { eventsAfter, openEvents, rulesSince, withdrawnSince } from "../../db/queries/collateral/events.js";
import { moveCheckpoint } from "../../db/queries/collateral/moveCheckpoint.js";
import { putEvents } from "../../db/queries/collateral/putEvents.js";
import { closeVaults, putVaults } from "../../db/queries/collateral/putVaults.js";
import { addReconciliations, openDiscrepancies } from "../../db/queries/collateral/reconciliations.js";
import { releaseCheckpoint } from "../../db/queries/collateral/release.js";
import type {
  BalanceRow,
  Checkpoint,
  Claim,
  EventRow,
  OpenDiscrepancy,
  ReconciliationRow,
  TrailRow,
  VaultRow,
  Watched,
} from "../../db/queries/collateral/rows.js";
import { newestSnapshots, putSnapshots } from "../../db/queries/collateral/snapshots.js";
import { openVaults } from "../../db/queries/collateral/vaults.js";
import { RetryableError } from "../../protocol/errors.js";

/** What one step leaves. */
export interface StepRows {
  readonly events: readonly EventRow[];
  /** Signatures that a dropped fork took back. */
  readonly dropped: readonly string[];
  readonly trail: readonly TrailRow[];
  readonly checkpoint: Checkpoint;
  /** Of the claim under which was read what this follows from. */
  readonly generation: bigint;
  /** Of a pass over all accounts. */
  readonly pass?: PassRows | undefined;
}

export interface PassRows {
  readonly slot: bigint;
  readonly vaults: readonly VaultRow[];
  readonly closedVaults: readonly string[];
  readonly balances: readonly BalanceRow[];
  readonly reconciliations: readonly ReconciliationRow[];
}

/** What was recorded by whoever wrote last. */
export interface Recorded {
  readonly balances: readonly BalanceRow[];
  readonly vaults: readonly (VaultRow & { readonly slot: bigint })[];
  readonly openEvents: readonly EventRow[];
  /** Counted events that no snapshot contains yet. */
  readonly unfolded: readonly EventRow[];
  /** What the rules of activity still remember, in an order in which they can see it again. */
  readonly recent: readonly EventRow[];
  readonly discrepancies: readonly OpenDiscrepancy[];
}

/** Withdrawals that are read back for the rules of activity. */
const MOST_WITHDRAWALS = 20_000;

export class CollateralStore {
  readonly owner = `${hostname()}:${String(process.pid)}:${randomUUID().slice(0, 8)}`;

  constructor(
    private readonly db: Database,
    private readonly watched: Watched,
    /** How long another copy waits after the last sign of life of this one. */
    private readonly ttlMs: number,
  ) {}

  /** How far was read; undefined while another copy writes. Under another generation than before, somebody has written meanwhile. */
  claim(): Promise<Claim | undefined> {
    return claimCheckpoint(this.db, this.watched, this.owner, this.ttlMs);
  }

  release(): Promise<void> {
    return releaseCheckpoint(this.db, this.watched, this.owner);
  }

  /** Unix times from which on changes of rules and withdrawals still matter. */
  async load(rulesFrom: bigint, withdrawalsFrom: bigint): Promise<Recorded> {
    const { db } = this;
    const { chainId } = this.watched;
    const balances = await newestSnapshots(db, chainId);
    const vaults = await openVaults(db, chainId);
    const discrepancies = await openDiscrepancies(db, chainId);
    const recorded = new Set([...balances.map(({ balance }) => balance), ...vaults.map(({ vault }) => vault)]);
    const neverRecorded = new Set(discrepancies.map(({ subject }) => subject).filter((each) => !recorded.has(each)));
    const known = [
      ...[...neverRecorded].map((subject) => ({ subject, slot: -1n })),
      ...balances.map(({ balance, slot }) => ({ subject: balance, slot })),
      ...vaults.map(({ vault, slot }) => ({ subject: vault, slot })),
    ];
    return {
      ...{ balances, vaults },
      openEvents: await openEvents(db, chainId),
      unfolded: await eventsAfter(db, chainId, known),
      recent: [
        ...(await rulesSince(db, chainId, rulesFrom)),
        ...(await withdrawnSince(db, chainId, withdrawalsFrom, MOST_WITHDRAWALS)),
      ],
      discrepancies,
    };
  }

  /** Discrepancies that are open, with what a person has accepted of them. */
  open(): Promise<readonly OpenDiscrepancy[]> {
    return openDiscrepancies(this.db, this.watched.chainId);
  }

  /** All or nothing. @throws RetryableError NOT_LEADING when another copy has, or had, taken over; what the database throws. */
  async write({ events, dropped, trail, checkpoint, generation, pass }: StepRows): Promise<void> {
    const { chainId } = this.watched;
    await this.db.transaction(async (tx) => {
      const claim = await claimCheckpoint(tx, this.watched, this.owner, this.ttlMs);
      if (claim?.generation !== generation) {
        throw new RetryableError("NOT_LEADING", "another copy of the monitor has written meanwhile", "nothing to do");
      }
      await dropEvents(tx, chainId, dropped);
      await putEvents(tx, chainId, events);
      await addTrail(tx, chainId, trail);
      if (pass !== undefined) {
        await putVaults(tx, chainId, pass.slot, pass.vaults);
        await closeVaults(tx, chainId, pass.slot, pass.closedVaults);
        await putSnapshots(tx, chainId, pass.balances);
        await addReconciliations(tx, chainId, pass.slot, pass.reconciliations);
      }
      await moveCheckpoint(tx, this.watched, checkpoint);
    });
  }
}
