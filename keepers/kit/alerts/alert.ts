/** What is told to people, whatever the channel. */
import type { Facts } from "../logger.js";

export type AlertKind =
  | "health-stale"
  | "no-quorum"
  | "foreign-nonce"
  | "policy-refusal"
  | "low-balance"
  | "lease-lost"
  | "stopped"
  | "unprofitable"
  | "database-gone"
  | "clock-skew"
  | "source-outlier"
  | "collateral-discrepancy"
  | "collateral-activity"
  | "collateral-history"
  | "key-role"
  | "failures"
  | "node-contradiction"
  | "bridge-contradiction"
  | "bridge-log"
  | "broken-trade"
  | "position-danger"
  | "means-exhausted"
  | "position-lost"
  | "price-offline"
  | "mint-stuck"
  | "ether-supply"
  | "price-stale"
  | "rescued-by-another"
  | "settlement"
  | "fee-ceiling";

/** critical: money is at risk, or nothing works any more. warning: look at it today. */
export type Severity = "critical" | "warning";

/** A trouble. The same kind and subject is the same trouble, however often it is noticed. */
export interface Alert {
  readonly kind: AlertKind;
  /** Which of several: a key's address, a check, a node. */
  readonly subject: string;
  readonly severity: Severity;
  /** One sentence for somebody who was asleep. */
  readonly summary: string;
  readonly facts?: Facts;
}

export interface AlertMessage {
  /** The same for every channel and every attempt; a receiver may drop what it has seen. */
  readonly id: string;
  /** held-back: several changes in one message, because the limit was reached. */
  readonly state: "raised" | "still" | "resolved" | "held-back" | "test";
  readonly kind: AlertKind | "several" | "test";
  readonly subject: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly keeper: string;
  readonly network: string;
  /** ISO 8601. */
  readonly at: string;
  /** How often it was noticed since it was raised. */
  readonly times: number;
  /** Flat and in text, so that every channel shows the same. */
  readonly facts: Readonly<Record<string, string>>;
}

/** The message in lines of plain text, without control characters: what is not a line here cannot become one elsewhere. */
export function textOf(message: AlertMessage): { readonly title: string; readonly lines: readonly string[] } {
  const mark = { raised: "RAISED", still: "STILL", resolved: "RESOLVED", "held-back": "HELD BACK", test: "TEST" };
  const severity = message.severity === "critical" && message.state !== "resolved" ? " CRITICAL" : "";
  const about = message.subject === "" ? message.kind : `${message.kind} (${message.subject})`;
  const title = `[${mark[message.state]}${severity}] ${message.keeper} on ${message.network}: ${about}`;
  const times = message.times > 1 ? [`noticed ${String(message.times)} times`] : [];
  const facts = Object.entries(message.facts).map(([name, value]) => `${name}: ${value}`);
  return { title: oneLine(title), lines: [message.summary, ...times, ...facts, message.at].map(oneLine) };
}

const MAX_LINE = 300;

function oneLine(text: string): string {
  // Control characters, line separators and the marks that turn the direction of writing.
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return clean.length > MAX_LINE ? `${clean.slice(0, MAX_LINE)}…` : clean;
}
