/** One step of the monitor: the history since the last one, its activity, and now and then a pass over all accounts. */
import type { OpenDiscrepancy, ReconciliationRow, TrailRow } from "../../db/queries/collateral/rows.js";
import { CantileverError } from "../../protocol/errors.js";
import type { VaultProgram } from "../../protocol/solana/vaultProgram.js";
import type { Counters } from "../kit/counters.js";
import type { Facts, KeeperLog } from "../kit/logger.js";
import { plain } from "../kit/logger.js";
import { canonicalJson } from "../kit/policy/canonical.js";
import type { SolanaHead } from "../kit/solana/cluster.js";
import { factsText, keyOf } from "./books.js";
import type { BalanceOwner } from "./eventRows.js";
import { readNews, type FoundEvent, type HistoryParts, type News } from "./history.js";
import { lookAgain, type Looked, type LookOrder } from "./lookAgain.js";
import { booksOf, forget, keepCounted, memoryOf, ownerIn, seenEvent, type Memory } from "./memory.js";
import type { CollateralReader } from "./reader.js";
import { collateralOf, reconcile, type Pass } from "./reconcile.js";
import type { CollateralStore, PassRows, StepRows } from "./store.js";
import {
  assess,
  assessFall,
  type ActivityRules,
  type ActivityState,
  type Assessed,
  type Unusual,
} from "./strategies/activity.js";
import { isRecordCode } from "./strategies/records.js";
import type { Finding, Snapshot } from "./types.js";
import { Watched, type Mints } from "./watched.js";

export interface MonitorParts {
  readonly reader: CollateralReader;
  readonly program: VaultProgram;
  /** Address of the program's configuration. */
  readonly authority: string;
  readonly rules: ActivityRules;
  /** Mints that matter, as of a finalized slot or later. */
  readonly mints: (leastSlot: bigint) => Promise<Mints>;
  readonly mostHistory: number;
  /** Undefined in a dry run: nothing is recorded, and what was recorded is not compared with. */
  readonly store: CollateralStore | undefined;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** Figures of a pass, for reports. */
export interface PassFigures {
  readonly slot: bigint;
  readonly vaults: number;
  readonly balances: number;
  readonly programLocks: number;
  readonly pendingWithdrawals: number;
  readonly discrepancies: number;
  /** Discrepancies of mints that nobody watches. */
  readonly ofOtherMints: number;
  /** By mint, base units. */
  readonly tvl: Readonly<Record<string, { readonly total: bigint; readonly locked: bigint; readonly held: bigint }>>;
}

export interface StepWishes {
  /** A pass over all accounts is due. */
  readonly pass: boolean;
  /** Its figures are to be recorded even if nothing changed. */
  readonly figures: boolean;
}

/** How events are assessed in one step. */
interface Assessing {
  readonly collateral: ReadonlyMap<string, bigint>;
  readonly nowSeconds: bigint;
  /** What was there before the first start is no news. */
  readonly isHistory: boolean;
}

interface Activity {
  readonly state: ActivityState;
  readonly unusual: readonly Noticed[];
}

/** Something out of the ordinary, and where it stands. */
interface Noticed extends Unusual {
  /** Empty where no transaction was seen. */
  readonly signature: string;
  readonly slot: bigint;
  readonly isFinal: boolean;
}

const US_PER_MS = 1_000;
const NOTHING_READ = { signature: "", slot: 0n, generation: 0n };

export class Monitor {
  private memory: Memory | undefined;
  private newestFigures: PassFigures | undefined;
  private watched = new Watched(undefined, []);
  private hasClaimed = false;

  constructor(private readonly parts: MonitorParts) {}

  /** Of the newest pass. */
  get figures(): PassFigures | undefined {
    return this.newestFigures;
  }

  /** Whether this copy has begun to write. */
  get leads(): boolean {
    return this.memory !== undefined;
  }

  /** Who writes, as the database said last; `fence` grows with every change of hands. */
  get lease(): { readonly known: boolean; readonly held: boolean; readonly fence: bigint | undefined } {
    return { known: this.hasClaimed, held: this.leads, fence: this.memory?.generation };
  }

  /** What is found wrong now, except with mints that nobody watches: code and subject. */
  get discrepancies(): readonly string[] {
    return [...(this.memory?.discrepancies ?? [])]
      .filter(([, { severity }]) => severity !== "info")
      .map(([key]) => key);
  }

  /** @returns whether a pass was made; what it cost goes to the log. @throws what cluster and database throw; what was written before stays, and the next step goes on from it. */
  async step(head: SolanaHead, nowSeconds: bigint, wishes: StepWishes): Promise<boolean> {
    const { startedMs, cpu } = { startedMs: performance.now(), cpu: process.cpuUsage() };
    try {
      const passed = await this.tryStep(head, nowSeconds, wishes);
      if (passed) this.tellCost(performance.now() - startedMs, process.cpuUsage(cpu));
      return passed;
    } catch (error) {
      // What a node does not answer changes nothing: what was written before is remembered. After anything else memory and records may differ.
      if (!(error instanceof CantileverError) && this.parts.store !== undefined) this.memory = undefined;
      throw error;
    }
  }

  private tellCost(ms: number, { user, system }: NodeJS.CpuUsage): void {
    const { figures } = this;
    if (figures === undefined) return;
    const { slot, vaults, balances, discrepancies } = figures;
    const cost = { ms: Math.round(ms), cpuMs: Math.round((user + system) / US_PER_MS) };
    this.parts.log.info("collateral.pass", { slot, vaults, balances, discrepancies, ...cost });
  }

  private async tryStep(head: SolanaHead, nowSeconds: bigint, wishes: StepWishes): Promise<boolean> {
    const { store, program, rules, counters, log } = this.parts;
    const claim = store === undefined ? NOTHING_READ : await store.claim();
    this.hasClaimed = true;
    if (claim === undefined) {
      this.memory = undefined;
      counters.add("standby");
      return false;
    }
    // Another copy has written meanwhile, and what it told is not to be told again.
    if (this.memory?.generation !== claim.generation) this.memory = undefined;
    const memory = (this.memory ??= memoryOf(
      ...[program, rules, claim, log],
      await store?.load(nowSeconds - rules.watchSeconds, nowSeconds - rules.windowSeconds),
    ));
    const isFirst = !memory.hasPassed;
    // The accounts first: everything that made them what they are is in the history that is read after them.
    const least = [memory.slot, memory.checkpoint.slot].reduce((a, b) => (a > b ? a : b), head.finalizedSlot);
    const snapshot = wishes.pass || isFirst ? await this.parts.reader.snapshot(least) : undefined;
    if (snapshot !== undefined) {
      this.watched = new Watched(await this.parts.mints(snapshot.slot), snapshot.balances.values());
    }
    const collateral = snapshot === undefined ? memory.collateral : collateralOf(snapshot);
    const ownerOf = (balance: string) => snapshot?.balances.get(balance) ?? ownerIn(memory)(balance);
    const news = await readNews(this.historyParts(), memory.checkpoint, memory.open, ownerOf, head.finalizedSlot);
    const isHistory = memory.checkpoint.signature === "" && this.newestFigures === undefined;
    const assessing = { collateral, nowSeconds, isHistory };
    const seen = this.activityOf(memory.activity, news.found, assessing);
    // What the history says is told before any account's own is read: somebody may have made that long.
    await this.write({
      events: [...news.found.flatMap((found) => found.rows), ...news.changed],
      dropped: news.dropped,
      trail: [...trailOf(seen), ...droppedTrail(memory, news)],
      checkpoint: news.checkpoint,
      generation: memory.generation,
    });
    this.remember(memory, news);
    this.rememberActivity(memory, seen);
    if (snapshot === undefined) return false;
    const pass = await reconcile(snapshot, booksOf(memory, await this.openRows(memory)), {
      lookAgain: (order) => this.lookAgain(order, ownerOf),
      slotNow: () => this.slotNow(snapshot.slot),
      pairs: (asked, slot) => this.parts.reader.pairs(asked, slot),
      watched: this.watched,
    });
    const ofPass = { ...assessing, isHistory: memory.slot === 0n };
    const late = this.activityOf(memory.activity, pass.recovered, ofPass);
    const fallen = this.falls(late.state, pass, memory, { ...ofPass, ownerOf });
    const activity = { state: fallen.state, unusual: [...late.unusual, ...fallen.unusual] };
    const figures = figuresOf(snapshot, pass);
    await this.write({
      events: pass.recovered.flatMap((found) => found.rows),
      dropped: [],
      trail: trailOf(activity),
      checkpoint: memory.checkpoint,
      generation: memory.generation,
      pass: passRowsOf(memory, pass, figures, wishes.figures || isFirst),
    });
    this.rememberActivity(memory, activity);
    this.rememberPass(memory, pass);
    this.newestFigures = figures;
    return true;
  }

  /** @throws what the database throws: whether it has written is then not known. */
  private async write(rows: StepRows): Promise<void> {
    try {
      await this.parts.store?.write(rows);
    } catch (error) {
      this.memory = undefined;
      throw error;
    }
  }

  /** Asked where a person may have accepted something. */
  private async openRows({ discrepancies }: Memory): Promise<readonly OpenDiscrepancy[]> {
    const mayBeAccepted = [...discrepancies.values()].some(({ code }) => isRecordCode(code));
    return mayBeAccepted ? ((await this.parts.store?.open()) ?? []) : [];
  }

  private historyParts(): HistoryParts {
    const { reader, program, authority, mostHistory, log } = this.parts;
    return { reader, program, authority, mostHistory, log };
  }

  /** An account's own history, where the program's left a gap. */
  private lookAgain(order: LookOrder, ownerOf: BalanceOwner): Promise<Looked> {
    const { log, counters } = this.parts;
    const { subject, afterSlot, upTo, before } = order;
    if (before === "") {
      log.warn("history.gap", { subject, afterSlot, upTo });
      counters.add("history.gaps");
    }
    return lookAgain(this.parts, order, ownerOf);
  }

  /** At least `known`, where the node does not say. */
  private async slotNow(known: bigint): Promise<bigint> {
    try {
      return await this.parts.reader.finalizedSlot();
    } catch (error) {
      if (!(error instanceof CantileverError)) throw error;
      return known;
    }
  }

  private activityOf(before: ActivityState, found: readonly FoundEvent[], how: Assessing): Activity {
    const { collateral, nowSeconds, isHistory } = how;
    let state = before;
    const unusual: Noticed[] = [];
    for (const { event, rows } of found) {
      const [row] = rows;
      const seen = seenEvent(event, rows, nowSeconds);
      const assessed = this.graded(assess(state, seen, this.parts.rules, collateral), seen);
      state = assessed.state;
      if (row === undefined || isHistory) continue;
      const where = { signature: row.signature, slot: row.slot, isFinal: row.status === "finalized" };
      unusual.push(...assessed.unusual.map((one) => ({ ...one, ...where })));
    }
    return { state, unusual };
  }

  private graded(assessed: Assessed, about: Parameters<Watched["matters"]>[0]): Assessed {
    if (this.watched.matters(about)) return assessed;
    return { ...assessed, unusual: assessed.unusual.map((one) => ({ ...one, severity: "info" })) };
  }

  /** What left in gaps that stay, as far as it was not told before. */
  private falls(
    before: ActivityState,
    pass: Pass,
    memory: Memory,
    how: Assessing & { readonly ownerOf: BalanceOwner },
  ): Activity {
    let state = before;
    const unusual: Noticed[] = [];
    for (const finding of pass.findings) {
      if (finding.code !== "events-missing" || how.isHistory) continue;
      const { subject } = finding;
      const known = memory.discrepancies.get(keyOf(finding));
      const amountUnits = fellOf(finding) - (known === undefined ? 0n : fellOf(known));
      if (amountUnits <= 0n) continue;
      const {
        vault,
        mint,
        total: beforeUnits = amountUnits,
      } = memory.balances.get(subject) ?? { ...how.ownerOf(subject), total: undefined };
      const fall = { subject, vault, mint, time: how.nowSeconds, amountUnits, beforeUnits };
      const assessed = this.graded(assessFall(state, fall, this.parts.rules, how.collateral), fall);
      state = assessed.state;
      const where = { signature: "", slot: pass.slot, isFinal: true };
      unusual.push(...assessed.unusual.map((one) => ({ ...one, ...where })));
    }
    return { state, unusual };
  }

  private remember(memory: Memory, news: News): void {
    const { log, counters } = this.parts;
    const gone = new Set(news.dropped);
    forget(memory, ({ signature }) => gone.has(signature));
    for (const signature of news.dropped) {
      memory.open.delete(signature);
      log.warn("history.fork-dropped", { signature });
    }
    const rows = news.found.flatMap((found) => found.rows);
    keepCounted(memory, [...rows, ...news.changed]);
    for (const row of [...rows, ...news.changed]) memory.open.delete(row.signature);
    for (const row of [...rows, ...news.changed]) {
      if (row.status !== "finalized") memory.open.set(row.signature, [...(memory.open.get(row.signature) ?? []), row]);
    }
    memory.checkpoint = news.checkpoint;
    counters.add("events", news.found.length);
  }

  private rememberActivity(memory: Memory, activity: Activity): void {
    const { log, counters } = this.parts;
    memory.activity = activity.state;
    for (const { kind, subject, severity, facts, signature, slot, isFinal } of activity.unusual) {
      counters.add(`activity.${kind}`);
      const where = { signature, slot, finalized: isFinal };
      log[severity === "info" ? "info" : "warn"]("collateral.activity", {
        kind,
        subject,
        severity,
        ...facts,
        ...where,
      });
    }
  }

  private rememberPass(memory: Memory, pass: Pass): void {
    const { log } = this.parts;
    const { slot } = pass;
    for (const row of pass.balances) memory.balances.set(row.balance, row);
    for (const row of pass.vaults) memory.vaults.set(row.vault, { ...row, slot });
    for (const vault of pass.closedVaults) memory.vaults.delete(vault);
    keepCounted(
      memory,
      pass.recovered.flatMap((found) => found.rows),
    );
    // Those of an account that is held are needed until it is explained.
    forget(memory, (row) => row.slot <= slot && row.status === "finalized" && !pass.held.has(row.subject));
    memory.collateral = pass.collateral;
    memory.looks = pass.looks;
    memory.slot = slot;
    memory.hasPassed = true;
    const now = new Map(pass.findings.map((finding) => [keyOf(finding), finding]));
    for (const finding of pass.findings) {
      const { code, subject, severity, facts } = finding;
      // Said again at every pass: the alerts tell it once.
      const level = severity === "info" ? "info" : "error";
      log[isNews(memory, finding) ? level : "debug"]("collateral.discrepancy", {
        code,
        subject,
        severity,
        slot,
        ...facts,
      });
    }
    for (const [key, { code, subject }] of memory.discrepancies) {
      if (!now.has(key)) log.info("collateral.reconciled", { code, subject, slot });
    }
    memory.discrepancies = now;
  }
}

/** New, or about records and no longer what it was: a person accepts what he has seen. */
function isNews({ discrepancies }: Memory, finding: Finding): boolean {
  const known = discrepancies.get(keyOf(finding));
  if (known?.severity !== finding.severity) return true;
  return isRecordCode(finding.code) && factsText(known) !== factsText(finding);
}

/** Base units, of a finding `events-missing`, read back or not. */
function fellOf({ facts }: Finding): bigint {
  const { fell } = facts;
  return typeof fell === "bigint" || typeof fell === "string" ? BigInt(fell) : 0n;
}

function json(facts: Facts): string {
  return canonicalJson(plain(facts));
}

function passRowsOf(memory: Memory, pass: Pass, figures: PassFigures, wantFigures: boolean): PassRows {
  const now = new Map(pass.findings.map((finding) => [keyOf(finding), finding]));
  const opened = pass.findings.filter((finding) => isNews(memory, finding));
  const resolved = [...memory.discrepancies].filter(([key]) => !now.has(key));
  const changes: ReconciliationRow[] = [
    ...opened.map(({ facts, ...finding }) => ({ ...finding, kind: "opened" as const, facts: json(facts) })),
    ...resolved.map(([, finding]) => ({ ...finding, kind: "resolved" as const, facts: "{}" })),
  ];
  const row = { kind: "pass", code: "", subject: "", severity: "info", facts: json({ ...figures }) } as const;
  return {
    slot: pass.slot,
    vaults: pass.vaults,
    closedVaults: pass.closedVaults,
    balances: pass.balances,
    reconciliations: wantFigures || changes.length > 0 ? [...changes, row] : changes,
  };
}

/** Figures of a pass. */
export function figuresOf(snapshot: Snapshot, { findings }: Pick<Pass, "findings">): PassFigures {
  const tvl: Record<string, { total: bigint; locked: bigint; held: bigint }> = {};
  for (const { mint, total, locked, vaultTokens } of snapshot.balances.values()) {
    const sum = (tvl[mint] ??= { total: 0n, locked: 0n, held: 0n });
    sum.total += total;
    sum.locked += locked;
    sum.held += snapshot.held.get(vaultTokens)?.amountUnits ?? 0n;
  }
  return {
    slot: snapshot.slot,
    vaults: snapshot.vaults.size,
    balances: snapshot.balances.size,
    programLocks: snapshot.locks.size,
    pendingWithdrawals: snapshot.pendingWithdrawals.size,
    discrepancies: findings.filter(({ severity }) => severity !== "info").length,
    ofOtherMints: findings.filter(({ severity }) => severity === "info").length,
    tvl,
  };
}

function trailOf({ unusual }: Activity): TrailRow[] {
  return unusual.map(({ facts, ...row }) => ({ ...row, facts: json(facts) }));
}

function droppedTrail(memory: Memory, { dropped }: News): TrailRow[] {
  return dropped.map((signature) => ({
    ...{ signature, kind: "fork-dropped", subject: "", severity: "warning" as const, isFinal: true, facts: "{}" },
    slot: memory.open.get(signature)?.[0]?.slot ?? 0n,
  }));
}
