import { expect } from "chai";
import fc from "fast-check";

import type { BalanceRow, EventRow } from "../../../db/queries/collateral/rows.js";
import { keyOf, NO_BOOKS, type Books } from "../../../keepers/collateral-monitor/books.js";
import { eventRows } from "../../../keepers/collateral-monitor/eventRows.js";
import { compareRecords, MOST_TRANSACTIONS } from "../../../keepers/collateral-monitor/compareRecords.js";
import type { Looked, LookOrder } from "../../../keepers/collateral-monitor/lookAgain.js";
import { assess, NO_ACTIVITY, type ActivityState } from "../../../keepers/collateral-monitor/strategies/activity.js";
import { invariantFindings } from "../../../keepers/collateral-monitor/strategies/invariants.js";
import { judgeLedger, type CountedEvent } from "../../../keepers/collateral-monitor/strategies/records.js";
import type { Balance, ProgramLock, Snapshot, Vault } from "../../../keepers/collateral-monitor/types.js";
import type { VaultEvent } from "../../../protocol/solana/vaultProgram.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, nextIndex } from "../../helpers/solanaVault/acting.js";
import { VaultRig } from "../../helpers/solanaVault/rig.js";

const balance = (changes: Partial<Balance>): Balance =>
  ({
    ...{ vault: "vault", mint: "mint", vaultTokens: "tokens", total: 100n, locked: 30n, seqNum: 5n },
    ...{ programLocks: 2, pendingWithdrawals: 0, ...changes },
  }) as Balance;
const lock = (locked: bigint): ProgramLock => ({ balance: "balance", locked }) as ProgramLock;

function snapshotOf(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    slot: 9n,
    vaults: new Map([["vault", { balances: 1, pendingWithdrawals: 0 } as Vault]]),
    balances: new Map([["balance", balance({})]]),
    locks: new Map([
      ["one", lock(10n)],
      ["two", lock(20n)],
    ]),
    pendingWithdrawals: new Map(),
    held: new Map([["tokens", { mint: "mint", owner: "vault", amountUnits: 100n, isFrozen: false }]]),
    ...changes,
  };
}

describe("collateral monitor: what must hold between accounts", () => {
  const codes = (changes: Partial<Snapshot>) => invariantFindings(snapshotOf(changes)).map(({ code }) => code);
  const held = { mint: "mint", owner: "vault", amountUnits: 100n, isFrozen: false };

  it("finds nothing in a sound snapshot", () => {
    expect(codes({})).to.deep.equal([]);
  });

  for (const [code, changes] of [
    [
      "locks-differ",
      {
        locks: new Map([
          ["one", lock(10n)],
          ["two", lock(19n)],
        ]),
      },
    ],
    ["locked-above-total", { balances: new Map([["balance", balance({ total: 29n })]]) }],
    ["total-above-held", { held: new Map([["tokens", { ...held, amountUnits: 99n }]]) }],
    ["total-above-held", { held: new Map() }],
    ["tokens-foreign", { held: new Map([["tokens", { ...held, owner: "thief" }]]) }],
    ["tokens-foreign", { held: new Map([["tokens", { ...held, mint: "other" }]]) }],
    ["tokens-frozen", { held: new Map([["tokens", { ...held, isFrozen: true }]]) }],
    ["vault-missing", { vaults: new Map() }],
    ["lock-count", { balances: new Map([["balance", balance({ programLocks: 3 })]]) }],
    ["pending-count", { balances: new Map([["balance", balance({ pendingWithdrawals: 1 })]]) }],
    ["balance-count", { vaults: new Map([["vault", { balances: 2, pendingWithdrawals: 0 } as Vault]]) }],
  ] satisfies [string, Partial<Snapshot>][]) {
    it(`${code} alone, where only that is wrong`, () => {
      expect(codes(changes)).to.deep.equal([code]);
    });
  }

  it("a lock without its balance", () => {
    const orphan = { balance: "gone", locked: 0n } as ProgramLock;
    expect(codes({ locks: new Map([...snapshotOf().locks, ["three", orphan]]) })).to.deep.equal(["balance-missing"]);
  });
});

describe("collateral monitor: accounts against records", () => {
  const kinds = ["deposited", "withdrawn", "locked", "unlocked", "collateralPaid", "collateralReceived"] as const;
  const MOVES = {
    deposited: [1n, 0n],
    withdrawn: [-1n, 0n],
    locked: [0n, 1n],
    unlocked: [0n, -1n],
    collateralPaid: [-1n, -1n],
    collateralReceived: [1n, 0n],
  } as const;
  const before = { total: 10_000n, locked: 5_000n, seqNum: 7n };

  const history = fc
    .array(fc.tuple(fc.constantFrom(...kinds), fc.bigInt(1n, 100n)), { minLength: 1, maxLength: 12 })
    .map((steps) => {
      let { total, locked, seqNum } = before;
      return steps.map(([kind, amount]): CountedEvent => {
        const [byTotal, byLocked] = MOVES[kind];
        total += byTotal * amount;
        locked += byLocked * amount;
        seqNum += 1n;
        return { subject: "balance", kind, amount, total, locked, seqNum, slot: seqNum };
      });
    });
  const after = (events: readonly CountedEvent[]) => {
    const last = events.at(-1);
    return { total: last?.total ?? 0n, locked: last?.locked ?? 0n, seqNum: last?.seqNum ?? 0n };
  };

  it("MON-10: any history that leads to the account is right, in whatever order its events come", () => {
    fc.assert(
      fc.property(history, fc.integer(), (events, turn) => {
        const shuffled = [...events].sort(
          (a, b) => Number((a.seqNum * 7n + BigInt(turn)) % 5n) - Number((b.seqNum * 7n + BigInt(turn)) % 5n),
        );
        expect(judgeLedger("balance", before, shuffled, after(events))).to.deep.equal({
          findings: [],
          missing: [],
          fell: 0n,
        });
      }),
    );
  });

  it("MON-10: every event that is left out is missed, and every unit that is off is found", () => {
    fc.assert(
      fc.property(history, fc.nat(), (events, pick) => {
        const index = pick % events.length;
        const left = events.filter((_, at) => at !== index);
        expect(judgeLedger("balance", before, left, after(events)).missing).to.deep.equal([
          { from: events[index]?.seqNum, to: events[index]?.seqNum },
        ]);
        const wrong = { ...after(events), total: after(events).total + 1n };
        const { findings } = judgeLedger("balance", before, events, wrong);
        expect(findings.map(({ code }) => code)).to.deep.equal(["ledger-differs"]);
        const lying = events.map((event, at) =>
          at === index ? { ...event, amount: (event.amount ?? 0n) + 1n } : event,
        );
        expect(judgeLedger("balance", before, lying, after(events)).findings.map(({ code }) => code)).to.deep.equal([
          "ledger-differs",
        ]);
      }),
    );
  });

  it("MON-10: what left in a gap is seen, whatever rose in another", () => {
    const event = (seqNum: bigint, total: bigint): CountedEvent => ({
      ...{ subject: "balance", kind: "deposited", amount: 1n, locked: 5_000n, slot: seqNum, seqNum, total },
    });
    const fell = (events: readonly CountedEvent[], total: bigint) =>
      judgeLedger("balance", before, events, { total, locked: 5_000n, seqNum: 11n }).fell;
    // 8 and 10 are missing: 4,000 left in the one, 3,500 came in the other.
    expect(fell([event(9n, 6_001n), event(11n, 9_502n)], 9_502n)).to.equal(4_000n);
    expect(fell([event(8n, 10_001n)], 7_000n)).to.equal(3_001n);
    expect(fell([], 10_000n)).to.equal(0n);
  });

  it("MON-10: a count that went back, and a change that no event counts", () => {
    const code = (now: typeof before) =>
      judgeLedger("balance", before, [], now).findings.map((finding) => finding.code);
    expect(code({ ...before, seqNum: 6n })).to.deep.equal(["sequence-went-back"]);
    expect(code({ ...before, locked: 4_999n })).to.deep.equal(["changed-without-event"]);
    expect(code(before)).to.deep.equal([]);
  });
});

describe("collateral monitor: events that are missing", () => {
  const subjects = Array.from({ length: 60 }, (_, index) => `balance ${String(index)}`);
  const ledger = (seqNum: bigint) => balance({ total: seqNum * 100n, locked: 0n, seqNum });
  const row = (subject: string): EventRow =>
    ({ subject, seqNum: 2n, kind: "deposited", slot: 8n, amount: 100n, total: 200n, locked: 0n }) as EventRow;
  const recorded = (subject: string) =>
    ({ balance: subject, slot: 5n, isClosed: false, ...{ total: 100n, locked: 0n, seqNum: 1n } }) as BalanceRow;
  let books: Books;
  let looked: string[];
  let orders: LookOrder[];
  /** What a look is like, unless it is a short one. */
  let shown: (order: LookOrder) => Partial<Looked>;
  let matters: (subject: string) => boolean;

  beforeEach(() => {
    [shown, matters] = [() => ({}), () => true];
    books = { ...NO_BOOKS, balances: new Map(subjects.map((subject) => [subject, recorded(subject)])) };
  });

  /** A pass in which the histories of `found` show what is missing. @returns the accounts with a finding. */
  async function passAt(slot: bigint, found: ReadonlySet<string> = new Set(), now = ledger(2n)): Promise<string[]> {
    looked = [];
    orders = [];
    const snapshot = {
      ...snapshotOf(),
      slot,
      vaults: new Map(),
      balances: new Map(subjects.map((each) => [each, now])),
    };
    const compared = await compareRecords(snapshot, books, {
      lookAgain: (order) => {
        looked.push(order.subject);
        orders.push(order);
        const events = found.has(order.subject) ? [{ event: {} as VaultEvent, rows: [row(order.subject)] }] : [];
        return Promise.resolve({ events, read: 1, rest: "", isFailed: false, ...shown(order) });
      },
      slotNow: () => Promise.resolve(slot),
      matters,
    });
    const { findings, looks, held } = compared;
    expect([...held]).to.have.members(findings.map(({ subject }) => subject));
    books = { ...books, looks, open: new Map(findings.map((finding) => [keyOf(finding), finding])) };
    return findings.map(({ subject }) => subject);
  }

  it("MON-12: each is looked for in its turn, ever more rarely, and stays open until it is found", async () => {
    expect(await passAt(10n)).to.have.members(subjects);
    expect(looked).to.deep.equal(subjects.slice(0, 50));
    expect(await passAt(11n)).to.have.members(subjects);
    expect(looked).to.deep.equal(subjects.slice(50));
    expect(await passAt(12n)).to.have.members(subjects);
    expect(looked).to.deep.equal([]);
    const [first = "", second = ""] = subjects;
    const rest = subjects.slice(1);
    expect(await passAt(110n, new Set([first]))).to.have.members(rest);
    expect(looked).to.deep.equal(subjects.slice(0, 50));
    books = { ...books, balances: new Map(rest.map((subject) => [subject, recorded(subject)])), events: new Map() };
    books = {
      ...books,
      balances: new Map([...books.balances, [first, { ...recorded(first), total: 200n, seqNum: 2n }]]),
    };
    await passAt(209n);
    expect(looked).to.deep.equal(subjects.slice(50));
    await passAt(210n);
    expect(looked).to.include(second);
    await passAt(309n);
    // 200 slots after the first look it is not yet time again.
    expect(looked).not.to.include(second);
  });

  it("MON-15: all looks of a pass share what may be read, those that matter come first, and what was cut short goes on", async () => {
    const watched = subjects[55] ?? "";
    const [first = "", second = ""] = subjects;
    matters = (subject) => subject === watched;
    shown = ({ subject, most }) => (subject === watched ? { read: 10 } : { read: most, rest: `rest of ${subject}` });
    expect(await passAt(10n)).to.have.members(subjects);
    expect(orders.map(({ subject, most, before }) => [subject, most, before])).to.deep.equal([
      [watched, MOST_TRANSACTIONS, ""],
      [first, MOST_TRANSACTIONS - 10, ""],
    ]);
    // Those that nobody has looked at come before one that goes on.
    await passAt(11n);
    expect(looked).to.deep.equal([second]);
    for (let slot = 12n; slot < 70n; slot += 1n) await passAt(slot);
    expect(orders.map(({ subject, before }) => [subject, before])).to.deep.equal([[first, `rest of ${first}`]]);
    expect(await passAt(70n, new Set([second]))).not.to.include(second);
  });

  it("MON-15: nodes that do not answer cost a pass a few looks, and each account's turn comes", async () => {
    shown = () => ({ read: 0, isFailed: true });
    expect(await passAt(10n)).to.have.members(subjects);
    expect(looked).to.deep.equal(subjects.slice(0, 4));
    await passAt(11n);
    expect(looked).to.deep.equal(subjects.slice(4, 8));
  });

  it("MON-12: a count that no history could have costs no time", async () => {
    const most = (1n << 64n) - 1n;
    expect(await passAt(10n, new Set(), ledger(most))).to.have.members(subjects);
    const [finding] = books.open.values();
    expect(finding?.facts).to.deep.equal({ count: most - 1n, first: 2n, last: most, fell: 0n });
  });
});

describe("collateral monitor: activity", () => {
  const rules = {
    ...{ largeShareBps: 1_000n, vaultShareBps: 5_000n, outflowShareBps: 3_000n, windowSeconds: 100n },
    ...{ withdrawalsPerWindow: 4, watchSeconds: 1_000n },
  };
  const withdrawn = (amount: bigint, total: bigint): VaultEvent =>
    ({ name: "withdrawn", data: { balance: "balance", amount, ledger: { total } } }) as unknown as VaultEvent;

  function run(steps: readonly [time: bigint, event: VaultEvent, collateral: bigint][]): string[][] {
    let state: ActivityState = NO_ACTIVITY;
    return steps.map(([time, event, collateral]) => {
      const result = assess(
        state,
        { event, time, vault: "vault", mint: "mint" },
        rules,
        new Map([["mint", collateral]]),
      );
      state = result.state;
      return result.unusual.map(({ kind }) => kind);
    });
  }

  it("a tenth of everything is large, a unit less is not", () => {
    expect(run([[1n, withdrawn(100n, 900n), 900n]])).to.deep.equal([["large-withdrawal"]]);
    expect(run([[1n, withdrawn(99n, 901n), 901n]])).to.deep.equal([[]]);
  });

  it("many small ones are told once, when their sum or number is reached, and again in the next window", () => {
    const small = (time: bigint): [bigint, VaultEvent, bigint] => [time, withdrawn(90n, 10n), 910n];
    expect(run([small(1n), small(2n), small(3n), small(4n), small(5n), small(6n), small(200n)])).to.deep.equal([
      ...[[], [], []],
      ...[["withdrawal-rate"], ["outflow"], [], []],
    ]);
  });
});

describeWith("ownCluster", "collateral monitor: rows of events", () => {
  it("a proposal's events are its own, numbered from 1 to its end", async () => {
    const rig = await VaultRig.create({ isUnsigned: true });
    const { instructions: make } = rig;
    const alice = await rig.depositor("alice", [], 0n);
    const owners = [(await rig.wallet("one")).address, (await rig.wallet("two")).address] as const;
    await act(rig, make.createMultiSig(alice.vault, { owners, threshold: 2 }));
    const vault = { ...alice.vault, hasMultiSig: true };
    const index = await nextIndex(rig, vault, owners[0]);
    const instruction = await make.freezeVault(vault, 60n);
    const steps = [
      make.propose(vault, owners[0], { instruction, index, expiresAtSeconds: rig.now + 60n }),
      make.cancelProposal(vault, index, owners[0]),
      make.closeProposal(vault, index, owners[0]),
    ];
    const place = { signature: "one", eventIndex: 0, slot: rig.slot, blockTime: null, status: "confirmed" as const };
    const rows: EventRow[] = [];
    for (const step of steps) {
      const { events } = await rig.must([await step], { as: owners });
      for (const event of events) rows.push(...eventRows(event, place, () => undefined, "authority"));
    }
    const subject = await rig.addresses.proposal(await rig.addresses.multiSigVault(alice.address), index);
    expect(rows.map((row) => [row.kind, row.subject, row.seqNum])).to.deep.equal([
      ["proposalChanged", subject, 1n],
      ["proposalChanged", subject, 2n],
      ["proposalClosed", subject, 3n],
    ]);
  });
});
