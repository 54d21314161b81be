/**
 * Activity out of the ordinary: large or many withdrawals, changes of who may act, and a loosened whitelist before a large withdrawal.
 * Pure: a state and an event give findings and the next state. Times are those of the cluster.
 */
import type { VaultEvent } from "../../../protocol/solana/vaultProgram.js";
import type { Facts } from "../../kit/logger.js";

export interface ActivityRules {
  /** A withdrawal of so much of all collateral of its mint is large. */
  readonly largeShareBps: bigint;
  /** One of so much of its own balance is large, too, after a change of rules. */
  readonly vaultShareBps: bigint;
  /** Everything that leaves within the window, of all collateral of the mint. */
  readonly outflowShareBps: bigint;
  readonly windowSeconds: bigint;
  /** Withdrawals of one mint within the window. */
  readonly withdrawalsPerWindow: number;
  /** How long a change of rules makes a large withdrawal suspicious. */
  readonly watchSeconds: bigint;
}

/** An event with what is known of its place. */
export interface SeenEvent {
  readonly event: VaultEvent;
  /** Unix seconds. */
  readonly time: bigint;
  /** The balance that it moves, or asks to move. */
  readonly vault: string | undefined;
  readonly mint: string | undefined;
}

type Place = Omit<SeenEvent, "event">;

export interface Assessed {
  readonly state: ActivityState;
  readonly unusual: readonly Unusual[];
}

export interface Unusual {
  readonly kind: UnusualKind;
  readonly subject: string;
  readonly severity: "info" | "warning" | "critical";
  readonly facts: Facts;
}

export type UnusualKind =
  | "large-withdrawal"
  | "outflow"
  | "unexplained-outflow"
  | "withdrawal-rate"
  | "loosened-before-withdrawal"
  | "multi-sig-changed"
  | "vetoer-changed"
  | "whitelist-loosened"
  | "delay-loosened"
  | "role-changed"
  | "program-registered"
  | "program-renewed"
  | "program-confirmed"
  | "closing-announced"
  | "program-revoked"
  | "paused"
  | "frozen";

interface Outflow {
  readonly time: bigint;
  readonly amount: bigint;
}

type SecurityState = Extract<VaultEvent, { name: "securityConfigSet" }>["data"];

export interface ActivityState {
  /** By mint, within the window, oldest first. */
  readonly outflows: ReadonlyMap<string, readonly Outflow[]>;
  /** The newest that was seen, by vault. */
  readonly security: ReadonlyMap<string, { readonly time: bigint; readonly data: SecurityState }>;
  /** By vault: when its rules were last loosened, and how. */
  readonly loosened: ReadonlyMap<string, { readonly time: bigint; readonly kind: UnusualKind }>;
}

export const NO_ACTIVITY: ActivityState = {
  outflows: new Map(),
  security: new Map(),
  loosened: new Map(),
};

const BPS = 10_000n;
const NOBODY = "11111111111111111111111111111111";

/** `collateral`: base units of all vaults, by mint, before the event or soon after it. */
export function assess(
  state: ActivityState,
  seen: SeenEvent,
  rules: ActivityRules,
  collateral: ReadonlyMap<string, bigint>,
): Assessed {
  const { event, time } = seen;
  switch (event.name) {
    case "withdrawn":
      return onOutflow(state, seen, event.data.amount, event.data.ledger.total + event.data.amount, rules, collateral);
    case "withdrawalRequested": {
      // A request moves nothing yet: it is the moment at which a person can still veto.
      const large = largeWithdrawal(seen, event.data.amount, rules, collateral, "requested");
      return {
        state,
        unusual: [...large, ...afterLoosening(state, seen, event.data.amount, undefined, rules, collateral)],
      };
    }
    case "securityConfigSet":
      return onSecurity(state, event.data, time);
    case "multiSigSet": {
      const { vault, owners, pendingOwners, threshold, pendingThreshold, pendingAt, isRemoved } = event.data;
      const facts = { owners, threshold, pendingOwners, pendingThreshold, pendingAt, isRemoved };
      const changed = one("multi-sig-changed", vault, "warning", facts);
      return { state: loosen(state, vault, time, "multi-sig-changed"), unusual: [changed] };
    }
    case "roleSet": {
      const { role, holder, pending, pendingAt } = event.data;
      return { state, unusual: [one("role-changed", role, "critical", { holder, pending, pendingAt })] };
    }
    case "programSet":
      return onProgram(state, event.data);
    case "programConfirmed":
      return { state, unusual: [one("program-confirmed", event.data.programId, "warning", facts(event.data))] };
    case "pauseSet":
      return event.data.pausedUntil > time
        ? { state, unusual: [one("paused", "program", "critical", facts(event.data))] }
        : { state, unusual: [] };
    case "allFrozen":
      return { state, unusual: [one("frozen", "program", "critical", facts(event.data))] };
    case "vaultFrozen":
      return { state, unusual: [one("frozen", event.data.vault, "warning", facts(event.data))] };
    default:
      return { state, unusual: [] };
  }
}

/** A fall of a balance's total in a gap of its events: money left, and nothing says to whom. */
export interface Fall {
  readonly subject: string;
  readonly vault: string | undefined;
  readonly mint: string | undefined;
  readonly time: bigint;
  readonly amountUnits: bigint;
  /** Of the balance, before it. */
  readonly beforeUnits: bigint;
}

export function assessFall(
  state: ActivityState,
  fall: Fall,
  rules: ActivityRules,
  collateral: ReadonlyMap<string, bigint>,
): Assessed {
  const { subject, mint, amountUnits, beforeUnits } = fall;
  const assessed = onOutflow(state, fall, amountUnits, beforeUnits, rules, collateral);
  const isGrave = assessed.unusual.some(
    ({ kind }) => kind === "large-withdrawal" || kind === "loosened-before-withdrawal",
  );
  const told = one("unexplained-outflow", subject, isGrave ? "critical" : "warning", { amountUnits, mint });
  return {
    state: assessed.state,
    unusual: [told, ...assessed.unusual.filter(({ kind }) => kind !== "large-withdrawal")],
  };
}

function onOutflow(
  state: ActivityState,
  seen: Place,
  amount: bigint,
  balanceBefore: bigint,
  rules: ActivityRules,
  collateral: ReadonlyMap<string, bigint>,
): Assessed {
  const { mint, time } = seen;
  const unusual = [
    ...largeWithdrawal(seen, amount, rules, collateral, "paid"),
    ...afterLoosening(state, seen, amount, balanceBefore, rules, collateral),
  ];
  if (mint === undefined) return { state, unusual };
  const before = (state.outflows.get(mint) ?? []).filter((flow) => flow.time > time - rules.windowSeconds);
  const flows = [...before, { time, amount }];
  const left = (list: readonly Outflow[]): bigint => list.reduce((sum, flow) => sum + flow.amount, 0n);
  const total = collateral.get(mint);
  if (total !== undefined) {
    // What left was there when the window began.
    const isOver = (list: readonly Outflow[]): boolean =>
      left(list) * BPS >= (total + left(flows)) * rules.outflowShareBps;
    if (isOver(flows) && !isOver(before)) {
      const amounts = { leftUnits: left(flows), collateralUnits: total, windowSeconds: rules.windowSeconds };
      unusual.push(one("outflow", mint, "critical", amounts));
    }
  }
  if (flows.length === rules.withdrawalsPerWindow) {
    unusual.push(
      one("withdrawal-rate", mint, "warning", { withdrawals: flows.length, windowSeconds: rules.windowSeconds }),
    );
  }
  return { state: { ...state, outflows: new Map(state.outflows).set(mint, flows) }, unusual };
}

function isLarge(
  amount: bigint,
  mint: string | undefined,
  rules: ActivityRules,
  collateral: ReadonlyMap<string, bigint>,
) {
  const total = mint === undefined ? undefined : collateral.get(mint);
  // A withdrawal that was paid already is no longer part of the total.
  return total !== undefined && amount * BPS >= (total + amount) * rules.largeShareBps;
}

function largeWithdrawal(
  { vault, mint }: Place,
  amount: bigint,
  rules: ActivityRules,
  collateral: ReadonlyMap<string, bigint>,
  stage: "requested" | "paid",
): readonly Unusual[] {
  if (!isLarge(amount, mint, rules, collateral)) return [];
  return [one("large-withdrawal", vault ?? "unknown", "warning", { amountUnits: amount, mint, stage })];
}

/** `balanceBefore`: base units; undefined where the event does not tell. */
function afterLoosening(
  state: ActivityState,
  { vault, mint, time }: Place,
  amount: bigint,
  balanceBefore: bigint | undefined,
  rules: ActivityRules,
  collateral: ReadonlyMap<string, bigint>,
): readonly Unusual[] {
  const change = vault === undefined ? undefined : state.loosened.get(vault);
  if (vault === undefined || change === undefined || time - change.time > rules.watchSeconds) return [];
  const isOwnLarge = balanceBefore !== undefined && amount * BPS >= balanceBefore * rules.vaultShareBps;
  if (!isOwnLarge && !isLarge(amount, mint, rules, collateral)) return [];
  const facts = { change: change.kind, changedAt: change.time, amountUnits: amount, mint };
  return [one("loosened-before-withdrawal", vault, "critical", facts)];
}

function onSecurity(state: ActivityState, data: SecurityState, time: bigint) {
  const { vault } = data;
  const known = state.security.get(vault);
  const before = known?.data;
  const unusual: Unusual[] = [];
  const wallets = (config: SecurityState | undefined): ReadonlySet<string> =>
    new Set((config?.whitelist ?? []).map(({ wallet }) => wallet).filter((wallet) => wallet !== NOBODY));
  const listed = wallets(before);
  const added = [...wallets(data)].filter((wallet) => !listed.has(wallet));
  const turnsOff = data.whitelistOffAt !== 0n && (before?.whitelistOffAt ?? 0n) !== data.whitelistOffAt;
  // A new configuration names its first wallets: nothing was stricter before.
  if (before !== undefined && (added.length > 0 || turnsOff)) {
    unusual.push(one("whitelist-loosened", vault, "warning", { added, whitelistOffAt: data.whitelistOffAt }));
  }
  const { pendingWithdrawalDelay: delay, pendingWithdrawalDelayAt: delayAt } = data;
  if (delayAt !== 0n && delayAt !== (before?.pendingWithdrawalDelayAt ?? 0n)) {
    unusual.push(
      one("delay-loosened", vault, "warning", {
        delaySeconds: data.withdrawalDelay,
        pendingDelaySeconds: delay,
        from: delayAt,
      }),
    );
  }
  if (data.closingAt !== 0n && data.closingAt !== (before?.closingAt ?? 0n)) {
    unusual.push(one("closing-announced", vault, "warning", { from: data.closingAt }));
  }
  const isNewVetoer = before !== undefined && before.vetoer !== data.vetoer;
  const isComing = data.pendingVetoerAt !== 0n && data.pendingVetoerAt !== (before?.pendingVetoerAt ?? 0n);
  if (isNewVetoer || isComing) {
    unusual.push(one("vetoer-changed", vault, "warning", { vetoer: data.vetoer, pendingVetoer: data.pendingVetoer }));
  }
  const [first] = unusual;
  // One that was found late says what happened, and not how the rules are now.
  const isLate = known !== undefined && known.time > time;
  const next = isLate ? state : { ...state, security: new Map(state.security).set(vault, { time, data }) };
  return { state: first === undefined ? next : loosen(next, vault, time, first.kind), unusual };
}

function onProgram(state: ActivityState, data: Extract<VaultEvent, { name: "programSet" }>["data"]) {
  const { programId, revokedAt, seqNum, codeHash, ...rest } = data;
  const kind = revokedAt !== 0n ? "program-revoked" : seqNum === 1n ? "program-registered" : "program-renewed";
  const about = facts({ ...rest, programId, revokedAt, seqNum, codeHash: Buffer.from(codeHash).toString("hex") });
  return { state, unusual: [one(kind, programId, kind === "program-revoked" ? "critical" : "warning", about)] };
}

function loosen(state: ActivityState, vault: string, time: bigint, kind: UnusualKind): ActivityState {
  if ((state.loosened.get(vault)?.time ?? time) > time) return state;
  return { ...state, loosened: new Map(state.loosened).set(vault, { time, kind }) };
}

function one(kind: UnusualKind, subject: string, severity: Unusual["severity"], facts: Facts): Unusual {
  return { kind, subject, severity, facts };
}

function facts(data: Readonly<Record<string, string | number | bigint>>): Facts {
  return data;
}
