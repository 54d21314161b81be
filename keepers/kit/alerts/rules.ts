/**
 * Which events of the log are troubles. Every part of a keeper already says what happens to it in the operator's vocabulary; alerts are
 * drawn from that, so that no part has to know of them.
 */
import type { Facts, KeeperLog } from "../logger.js";
import type { Alert, AlertKind } from "./alert.js";
import type { AlertDesk } from "./desk.js";

type Verdict =
  | { readonly raise: Alert; readonly lasting: boolean }
  | { readonly resolve: AlertKind; readonly subject: string }
  | undefined;

type Rule = (facts: Facts) => Verdict;

const noticed = (
  kind: AlertKind,
  subject: string,
  severity: Alert["severity"],
  summary: string,
  facts: Facts,
): Verdict => ({ raise: { kind, subject, severity, summary, facts }, lasting: false });

const foreignNonce: Rule = (facts) => {
  const subject = text(facts["address"]);
  const summary = "A nonce of our key was used by a transaction that we never signed: somebody else has the key.";
  return { raise: { kind: "foreign-nonce", subject, severity: "critical", summary, facts }, lasting: true };
};

/** Only the database's own codes: other reasons for the same event are other troubles. */
const database: Rule = (facts) =>
  text(facts["code"]).startsWith("DB_")
    ? noticed("database-gone", "", "critical", "The database cannot be used; nothing new is signed.", facts)
    : undefined;

/** The state that a keeper gives its database. */
const degraded: Rule = (facts) => {
  const full = text(facts["code"]) === "DB_STORAGE" || text(facts["code"]) === "EMBEDDED_DISK_FULL";
  const summary = full
    ? "The database's disk is full; nothing new is signed. With room again the keeper goes on by itself."
    : "The database cannot be used; nothing new is signed.";
  return { raise: { kind: "database-gone", subject: "", severity: "critical", summary, facts }, lasting: true };
};

/** What an operator or the keeper itself has ordered. */
const control: Rule = (facts) => {
  const kill = facts["state"] === "kill";
  if (!kill && facts["state"] !== "pause") return { resolve: "stopped", subject: "" };
  const summary = kill
    ? "The keeper is killed: nothing is signed or replaced until a person has looked and says run."
    : "The keeper is paused: nothing new is signed.";
  const severity = kill ? "critical" : "warning";
  return { raise: { kind: "stopped", subject: "", severity, summary, facts }, lasting: true };
};

/** What a node says now cannot be true if what it said before was. */
const contradiction: Rule = (facts) =>
  noticed(
    "node-contradiction",
    text(facts["key"]),
    "critical",
    "A node contradicts what it has said of a transaction: compare it with another node.",
    facts,
  );

/** About one position; told once for each. */
const position =
  (kind: AlertKind, severity: Alert["severity"], summary: string): Rule =>
  (facts) =>
    noticed(kind, text(facts["position"]), severity, summary, facts);

const mint =
  (severity: Alert["severity"], summary: string): Rule =>
  (facts) =>
    noticed("mint-stuck", text(facts["ordinal"]), severity, summary, facts);

/** Its facts name the severity. */
const severityOf = (facts: Facts): Alert["severity"] => (facts["severity"] === "critical" ? "critical" : "warning");

const RULES: Readonly<Record<string, Rule>> = {
  "rpc.fleet": (facts) =>
    facts["state"] === "no-quorum"
      ? {
          raise: {
            kind: "no-quorum",
            subject: "",
            severity: "critical",
            summary: "Too few nodes agree on the chain; nothing is signed.",
            facts,
          },
          lasting: true,
        }
      : { resolve: "no-quorum", subject: "" },
  // Found at the start; the watch says when it is over.
  "gate.balance": (facts) => ({
    raise: {
      kind: "low-balance",
      subject: "",
      severity: "warning",
      summary: "The keeper's key holds little of the chain's coin; without it nothing can be sent.",
      facts,
    },
    lasting: true,
  }),
  "tx.foreign-nonce": foreignNonce,
  "tx.foreign": foreignNonce,
  "outbox.refused": (facts) =>
    facts["refusal"] === "policy"
      ? noticed(
          "policy-refusal",
          text(facts["check"]),
          "critical",
          "The policy refused what the keeper wanted to sign: one of the two is wrong, or the keeper is not itself.",
          facts,
        )
      : undefined,
  "database.degraded": degraded,
  "database.healthy": () => ({ resolve: "database-gone", subject: "" }),
  "outbox.degraded": database,
  "lease.unreachable": database,
  "tick.failed": (facts) =>
    text(facts["code"]) === "NO_QUORUM"
      ? noticed("no-quorum", "decision", "warning", "Nodes did not agree on what a decision was made from.", facts)
      : database(facts),
  "upkeep.failed": database,
  control,
  "pnl.unprofitable": (facts) =>
    noticed(
      "unprofitable",
      text(facts["key"]),
      "warning",
      "A settled transaction cost more than it brought, gas included.",
      facts,
    ),
  "source.outlier": (facts) =>
    noticed(
      "source-outlier",
      `${text(facts["host"])} ${text(facts["token"])}`,
      "warning",
      "One price source contradicts all the others and was left out.",
      facts,
    ),
  "collateral.discrepancy": (facts) => {
    const subject = `${text(facts["code"])} ${text(facts["subject"])}`;
    if (facts["severity"] === "info") return { resolve: "collateral-discrepancy", subject };
    const summary = "Accounts, tokens and records of a collateral vault do not agree.";
    const severity = severityOf(facts);
    return { raise: { kind: "collateral-discrepancy", subject, severity, summary, facts }, lasting: true };
  },
  "collateral.reconciled": (facts) => ({
    resolve: "collateral-discrepancy",
    subject: `${text(facts["code"])} ${text(facts["subject"])}`,
  }),
  "collateral.activity": (facts) =>
    facts["severity"] === "info"
      ? undefined
      : noticed(
          "collateral-activity",
          `${text(facts["kind"])} ${text(facts["subject"])}`,
          severityOf(facts),
          "Something out of the ordinary happened to collateral: is it wanted?",
          facts,
        ),
  "key.holds-role": (facts) => ({
    raise: {
      kind: "key-role",
      subject: text(facts["key"]),
      severity: severityOf(facts),
      summary: "The keeper's key has been given a role: it shall pay fees and be worth nothing else.",
      facts,
    },
    lasting: true,
  }),
  "key.holds-none": (facts) => ({ resolve: "key-role", subject: text(facts["key"]) }),
  "crank.kind-failing": (facts) => ({
    raise: {
      kind: "failures",
      subject: text(facts["kind"]),
      severity: "warning",
      summary:
        "Too many transactions of one kind failed on the chain although their simulations did not; that kind waits.",
      facts,
    },
    lasting: true,
  }),
  "crank.kind-again": (facts) => ({ resolve: "failures", subject: text(facts["kind"]) }),
  "attestation.alarm": (facts) =>
    noticed(
      "bridge-contradiction",
      text(facts["reason"]),
      "critical",
      "What was signed for the bridge, or what its two chains say, cannot be true together: the attestor has killed itself.",
      facts,
    ),
  "attestation.refused": (facts) =>
    text(facts["refusal"]) === "other-message"
      ? noticed(
          "bridge-contradiction",
          text(facts["messageId"]),
          "critical",
          "Another message was signed under this nonce of the bridge before; nothing is signed for this one.",
          facts,
        )
      : undefined,
  "bridge.log-omitted": (facts) =>
    noticed(
      "bridge-log",
      "omitted",
      "warning",
      "A node left out a message of the bridge; it was found elsewhere.",
      facts,
    ),
  "bridge.log-not-found": (facts) =>
    noticed(
      "bridge-log",
      "missing",
      "critical",
      "A message of the bridge is counted and no node shows its log.",
      facts,
    ),
  "trade.stuck": (facts) => ({
    raise: {
      kind: "broken-trade",
      subject: text(facts["pair"]),
      severity: "critical",
      summary:
        "One leg of a trade is done, the other failed, and no sale ends it within the rules: a person must decide.",
      facts,
    },
    lasting: true,
  }),
  "trade.unstuck": (facts) => ({ resolve: "broken-trade", subject: text(facts["pair"]) }),
  "tx.at-ceiling": (facts) =>
    noticed(
      "fee-ceiling",
      text(facts["hash"]),
      "warning",
      "A transaction waits and may not offer more: its ceiling is below what the network asks.",
      facts,
    ),
  "rescue.threshold": (facts) => ({
    raise: {
      kind: "position-danger",
      subject: thresholdOf(facts),
      severity: "warning",
      summary: "A position of ours has fallen below a threshold.",
      facts,
    },
    lasting: true,
  }),
  "rescue.threshold-over": (facts) => ({ resolve: "position-danger", subject: thresholdOf(facts) }),
  "rescue.called": (facts) => ({
    raise: {
      kind: "position-danger",
      subject: `${text(facts["position"])} called`,
      severity: "critical",
      summary: "A position of ours was called: its window runs.",
      facts,
    },
    lasting: true,
  }),
  "rescue.call-over": (facts) => ({ resolve: "position-danger", subject: `${text(facts["position"])} called` }),
  "rescue.exhausted": (facts) => ({
    raise: {
      kind: "means-exhausted",
      subject: "token",
      severity: "critical",
      summary: "There is not enough of the token to rescue all that is in danger: send more before the windows end.",
      facts,
    },
    lasting: true,
  }),
  "rescue.covered": () => ({ resolve: "means-exhausted", subject: "token" }),
  "rescue.gas-short": (facts) => ({
    raise: {
      kind: "means-exhausted",
      subject: "gas",
      severity: "critical",
      summary: "There is not enough for gas to rescue all that is in danger: send coins to the keeper's address.",
      facts,
    },
    lasting: true,
  }),
  "rescue.gas-enough": () => ({ resolve: "means-exhausted", subject: "gas" }),
  "rescue.price-offline": (facts) => ({
    raise: {
      kind: "price-offline",
      subject: "",
      severity: "critical",
      summary: "The protocol has no price: nobody sees positions falling. What was called is rescued all the same.",
      facts,
    },
    lasting: true,
  }),
  "rescue.price-back": () => ({ resolve: "price-offline", subject: "" }),
  "rescue.price-stale": (facts) => ({
    raise: {
      kind: "price-stale",
      subject: "",
      severity: "critical",
      summary:
        "The protocol goes by a price that is too old: what rests on it is not rescued until it is written anew.",
      facts,
    },
    lasting: true,
  }),
  "rescue.price-fresh": () => ({ resolve: "price-stale", subject: "" }),
  "rescue.by-another": position("rescued-by-another", "warning", "Somebody else has rescued a position of ours."),
  "rescue.lost": position(
    "position-lost",
    "critical",
    "A position of ours is being liquidated, or was: the runbook says what whoever redeemed it can still take.",
  ),
  "settle.trouble": (facts) => ({
    raise: {
      kind: "settlement",
      subject: `${text(facts["position"])} ${text(facts["trouble"])}`,
      severity: facts["severity"] === "critical" ? "critical" : "warning",
      summary: text(facts["summary"]),
      facts,
    },
    lasting: true,
  }),
  "settle.trouble-over": (facts) => ({
    resolve: "settlement",
    subject: `${text(facts["position"])} ${text(facts["trouble"])}`,
  }),
  "settle.server": (facts) => ({
    raise: {
      kind: "settlement",
      subject: text(facts["server"]),
      severity: "warning",
      summary: "A server of the chain on which rescues are settled does not answer, or has said what cannot be true.",
      facts,
    },
    lasting: true,
  }),
  "settle.server-back": (facts) => ({ resolve: "settlement", subject: text(facts["server"]) }),
  "settle.no-servers": () =>
    noticed(
      "settlement",
      "servers",
      "warning",
      "No server of the chain on which rescues are settled is named: payments are neither handed over nor proven.",
      {},
    ),
  "rescue.failed": position("failures", "critical", "The chain refused a rescue although its simulation passed."),
  "earning.refused": (facts) =>
    noticed(
      "failures",
      `${text(facts["kind"])} ${text(facts["about"])}`,
      "warning",
      "The chain refused what a rescue has earned although its simulation passed: the bounty may be unpaid.",
      facts,
    ),
  "mint.stuck": mint("warning", "A mint waits for something that does not come by itself."),
  "mint.aborted": mint("critical", "Bitcoin was paid to a deposit that failed: its signers were asked to return it."),
  "mint.unfunded": mint(
    "warning",
    "A deposit was opened for minting and could not be paid in time: its opening is lost.",
  ),
  "mint.setup-failed": mint(
    "warning",
    "The signers of a new deposit made no key in time; what opening it cost comes back but for gas.",
  ),
  "mint.failed": mint("warning", "The chain refused to open a deposit for minting; its gas is lost."),
  "mint.fraud": mint("warning", "The signers of a new deposit were caught at fraud before it was funded."),
  "ether.stuck": (facts) => ({
    raise: {
      kind: "ether-supply",
      subject: "",
      severity: facts["why"] === "gas-short" ? "critical" : "warning",
      summary: "There is too little ether, and none is bought for now: the facts say why.",
      facts,
    },
    lasting: true,
  }),
  "ether.going-on": () => ({ resolve: "ether-supply", subject: "" }),
  "ether.failed": (facts) =>
    noticed(
      "ether-supply",
      text(facts["ordinal"]),
      "warning",
      "The chain refused a swap that had passed its simulation.",
      facts,
    ),
  "mint.closed": mint("warning", "A deposit of ours has ended otherwise than in TBTC: its holder is paid by it."),
  "tx.doubled": contradiction,
  "crank.done-yet-there": contradiction,
  // One trouble, however many transactions: anybody can make such logs.
  "history.log-truncated": (facts) =>
    noticed(
      "collateral-history",
      "log-truncated",
      "warning",
      "A transaction of the vault program said more than nodes keep: events may be missing in its log.",
      facts,
    ),
  "history.unreadable": (facts) =>
    noticed(
      "collateral-history",
      "unreadable",
      "warning",
      "A recorded event cannot be read by this version: what it changed is not remembered.",
      facts,
    ),
  "lease.lost": (facts) =>
    noticed(
      "lease-lost",
      text(facts["lease"]),
      "warning",
      "This process led and lost its lease without giving it up.",
      facts,
    ),
};

/** Each threshold of a position is a trouble of its own. */
function thresholdOf(facts: Facts): string {
  return `${text(facts["position"])} below ${text(facts["belowBps"])}`;
}

function text(fact: Facts[string]): string {
  return typeof fact === "bigint" ? String(fact) : typeof fact === "string" ? fact : "";
}

/** The log, with troubles told to the desk on the way. */
export function alertingLog(log: KeeperLog, desk: Pick<AlertDesk, "raise" | "resolve">): KeeperLog {
  const tap =
    (level: "info" | "warn" | "error" | "debug") =>
    (event: string, facts: Facts = {}): void => {
      log[level](event, facts);
      const verdict = RULES[event]?.(facts);
      if (verdict === undefined) return;
      if ("raise" in verdict) desk.raise(verdict.raise, verdict.lasting);
      else desk.resolve(verdict.resolve, verdict.subject);
    };
  return { debug: tap("debug"), info: tap("info"), warn: tap("warn"), error: tap("error") };
}
