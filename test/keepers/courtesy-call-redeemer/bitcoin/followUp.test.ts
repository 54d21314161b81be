import { expect } from "chai";
import { id } from "ethers";

import { callOf, mayStill, stepOf } from "../../../../keepers/courtesy-call-redeemer/bitcoin/calls.js";
import { explainAlert } from "../../../../keepers/courtesy-call-redeemer/bitcoin/explain.js";
import type { PaymentSight, RedemptionFacts } from "../../../../keepers/courtesy-call-redeemer/bitcoin/facts.js";
import {
  ALERTS,
  FOLLOW_UP_POLICY,
  followUp,
  type FollowUpStep,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/followUp.js";
import { parseHeader } from "../../../../keepers/courtesy-call-redeemer/bitcoin/header.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../../protocol/tbtc/states.js";
import { satFromBytes8 } from "../../../../protocol/tbtc/units.js";
import { rawTransaction } from "../../../../scripts/tbtc/bitcoin.js";
import { LocalBitcoin, merkleLevels, reversed } from "../../../../scripts/tbtc/electrum/chain.js";
import {
  bitcoinOf,
  factsOf,
  FEE_SAT,
  FUNDING,
  KEEP_KEY,
  OWNER_KEY,
  paymentOf,
  REQUESTED_AT,
  requestOf,
  signatureOf,
  txidOf,
  UTXO_SAT,
} from "../../../helpers/redemptionSample.js";

const MINUTE = 60n;
const HOUR = 60n * MINUTE;
const FIRST = requestOf(FEE_SAT);
const { AWAITING_WITHDRAWAL_SIGNATURE, AWAITING_WITHDRAWAL_PROOF } = DepositState;

/** A mempool in which the payment is slow, unless a rate is named. */
const inMempool = (change: object = {}): PaymentSight => ({
  kind: "mempool",
  txid: txidOf(FIRST),
  child: undefined,
  isPartial: false,
  ...change,
});

function look(facts: RedemptionFacts, payment: PaymentSight, rate: bigint | "unknown" = 10_000n): FollowUpStep {
  const nextBlockSatPerKvb = rate === "unknown" ? undefined : rate;
  return followUp(facts, bitcoinOf({ payment, nextBlockSatPerKvb }), FOLLOW_UP_POLICY);
}

const kinds = ({ actions }: FollowUpStep): string[] => actions.map(({ kind }) => kind);

/** A block with the payment, under so many blocks in all. */
function confirmedBy(request: typeof FIRST, confirmations: number): PaymentSight {
  const chain = new LocalBitcoin();
  chain.mine(1, { place: [rawTransaction(FUNDING)] });
  chain.mempool.submit(paymentOf(request).raw);
  chain.mine(confirmations);
  const ids = (chain.block(2)?.transactions ?? []).map(({ txid }) => reversed(txid));
  const [leaves = []] = merkleLevels(ids);
  const headers = Array.from({ length: confirmations }, (_, above) =>
    parseHeader(chain.block(2 + above)?.header ?? ""),
  );
  return { kind: "confirmed", txid: txidOf(request), height: 2, path: { nodes: leaves[0] ?? "", index: 1 }, headers };
}

describe("courtesy-call-redeemer/bitcoin/followUp", () => {
  it("BTC-8 waits for a signature, says at 90 minutes that it is late and after two hours that time is up", () => {
    const waiting = { state: AWAITING_WITHDRAWAL_SIGNATURE, keepSignatures: new Map(), depositSignatures: new Map() };
    const at = (ago: bigint): FollowUpStep => look(factsOf(ago, waiting), { kind: "unseen" });
    for (const [ago, alerts, changesAfter] of [
      [0n, [], HOUR],
      [90n * MINUTE - 1n, [], 90n * MINUTE],
      [90n * MINUTE, ["signature-late"], 2n * HOUR],
      [2n * HOUR, ["signature-late"], 4n * HOUR],
      [2n * HOUR + 1n, ["signature-timed-out"], 4n * HOUR],
    ] as const) {
      const step = at(ago);
      expect(step.stage).to.equal("requested");
      expect(step.actions).to.deep.equal([]);
      expect(step.alerts, String(ago)).to.deep.equal(alerts);
      expect(step.changesAt).to.equal(REQUESTED_AT + changesAfter);
    }
  });

  it("BTC-8 brings the keep's signature to the deposit, and puts the payment out at once", () => {
    const step = look(factsOf(60n, { state: AWAITING_WITHDRAWAL_SIGNATURE, depositSignatures: new Map() }), {
      kind: "unseen",
    });
    expect(step.stage).to.equal("signed");
    expect(kinds(step)).to.deep.equal(["provide-signature", "broadcast"]);
    const [provide] = step.actions;
    if (provide?.kind !== "provide-signature") throw new Error("no signature");
    expect(provide.recovery).to.equal(KEEP_KEY.sign(FIRST.digest).v);
    expect(provide.dueAt).to.equal(REQUESTED_AT + 2n * HOUR);
    const other = new Map([[FIRST.digest, OWNER_KEY.sign(FIRST.digest)]]);
    const foreign = look(
      factsOf(60n, { state: AWAITING_WITHDRAWAL_SIGNATURE, keepSignatures: other, depositSignatures: new Map() }),
      { kind: "unseen" },
    );
    expect(foreign.actions).to.deep.equal([]);
  });

  it("BTC-8 broadcasts until every server has it, also while nothing can be seen", () => {
    const raw = paymentOf(FIRST).raw;
    for (const payment of [
      { kind: "unseen" },
      inMempool({ isPartial: true }),
      { kind: "unknown", reason: "too-few-servers" },
    ] as const) {
      const step = look(factsOf(60n), payment);
      expect(step.actions).to.deep.equal([{ kind: "broadcast", txid: txidOf(FIRST), raw }]);
      expect(step.alerts).to.deep.equal(payment.kind === "unknown" ? ["bitcoin-unknown"] : []);
    }
    const step = look(factsOf(60n), inMempool());
    expect([step.stage, step.actions]).to.deep.equal(["broadcast", []]);
  });

  it("BTC-9 pays by a child after an hour, not before, and only what is too slow", () => {
    expect(kinds(look(factsOf(HOUR - 1n), inMempool(), 400_000n))).to.deep.equal([]);
    const step = look(factsOf(HOUR), inMempool(), 400_000n);
    expect(kinds(step)).to.deep.equal(["pay-by-child"]);
    expect(kinds(look(factsOf(HOUR), inMempool(), 181_000n))).to.deep.equal([]);
    expect(kinds(look(factsOf(HOUR), inMempool(), "unknown"))).to.deep.equal([]);
    const fast = { txid: "cc", feeSat: 100_000n, vsize: 110n };
    expect(kinds(look(factsOf(HOUR), inMempool({ child: fast }), 400_000n))).to.deep.equal([]);
    expect(kinds(look(factsOf(HOUR), inMempool({ child: { ...fast, feeSat: 30_000n } }), 400_000n))).to.deep.equal([
      "pay-by-child",
    ]);
    expect(kinds(look(factsOf(HOUR), inMempool({ child: { ...fast, feeSat: undefined } }), 400_000n))).to.deep.equal(
      [],
    );
    expect(look(factsOf(HOUR), inMempool(), 5_000_000n).alerts).to.deep.equal(["child-too-dear"]);
  });

  it("BTC-9 raises the fee at four hours when no child does, and waits for one that does for an hour", () => {
    const fast = { txid: "cc", feeSat: 100_000n, vsize: 110n };
    const slow = { ...fast, feeSat: 30_000n };
    for (const [ago, child, expected] of [
      [4n * HOUR - 1n, undefined, ["pay-by-child"]],
      [4n * HOUR, undefined, ["increase-fee"]],
      [4n * HOUR, slow, ["increase-fee"]],
      [4n * HOUR, fast, []],
      [5n * HOUR - 1n, fast, []],
      [5n * HOUR, fast, ["increase-fee"]],
    ] as const) {
      expect(kinds(look(factsOf(ago), inMempool({ child }), 400_000n)), String(ago)).to.deep.equal(expected);
    }
    // Nobody knows the rate: then nobody knows that the child is enough.
    expect(kinds(look(factsOf(4n * HOUR), inMempool({ child: fast }), "unknown"))).to.deep.equal(["increase-fee"]);
    // A bump before the new signature would be refused.
    const unsigned = factsOf(4n * HOUR, { state: AWAITING_WITHDRAWAL_SIGNATURE });
    expect(kinds(look(unsigned, inMempool(), 10_000n))).to.deep.equal(["provide-signature"]);
  });

  it("BTC-9 bumps by the initial fee from the latest value, the second time too, and says when it cannot", () => {
    const second = requestOf(2n * FEE_SAT, REQUESTED_AT + 4n * HOUR);
    const signatures = new Map([FIRST, second].map((one) => [one.digest, signatureOf(one)]));
    const facts = factsOf(8n * HOUR, {
      requests: [FIRST, second],
      keepSignatures: signatures,
      depositSignatures: signatures,
    });
    const step = look(facts, inMempool({ txid: txidOf(second) }));
    const [bump] = step.actions;
    if (bump?.kind !== "increase-fee") throw new Error("no bump");
    expect(satFromBytes8(bump.bump.previousOutputValue)).to.equal(UTXO_SAT - 2n * FEE_SAT);
    expect(satFromBytes8(bump.bump.newOutputValue)).to.equal(UTXO_SAT - 3n * FEE_SAT);
    const rich = requestOf(UTXO_SAT / 2n - 1n);
    const rest = requestOf(UTXO_SAT - 2n, REQUESTED_AT + 4n * HOUR);
    const most = new Map([rich, rest].map((one) => [one.digest, signatureOf(one)]));
    const spent = factsOf(8n * HOUR, { requests: [rich, rest], keepSignatures: most, depositSignatures: most });
    expect(look(spent, inMempool({ txid: txidOf(rest) })).alerts).to.include("bump-impossible");
  });

  it("BTC-9 replaces what is in mempools by the raised payment only where nodes take it, beside a child", () => {
    const second = requestOf(2n * FEE_SAT, REQUESTED_AT + 4n * HOUR);
    const signatures = new Map([FIRST, second].map((one) => [one.digest, signatureOf(one)]));
    const facts = factsOf(4n * HOUR + 60n, {
      requests: [FIRST, second],
      keepSignatures: signatures,
      depositSignatures: signatures,
    });
    const newest = { kind: "broadcast", txid: txidOf(second), raw: paymentOf(second).raw };
    expect(look(facts, inMempool()).actions).to.deep.equal([newest]);
    const vsize = paymentOf(second).vsize;
    const child = (feeSat: bigint) => inMempool({ child: { txid: "cc", feeSat, vsize: 110n } });
    // Parent and child together, and a satoshi for each of the replacement's own bytes.
    expect(look(facts, child(FEE_SAT - vsize)).actions).to.deep.equal([newest]);
    expect(look(facts, child(FEE_SAT - vsize + 1n)).actions).to.deep.equal([]);
    const later = { ...facts, now: facts.now + HOUR };
    expect(kinds(look(later, child(FEE_SAT), 400_000n))).to.deep.equal(["pay-by-child"]);
  });

  it("BTC-10 proves whichever variant was confirmed, at six blocks, before and after the signature and after the time", () => {
    const second = requestOf(2n * FEE_SAT, REQUESTED_AT + 4n * HOUR);
    const signatures = new Map([FIRST, second].map((one) => [one.digest, signatureOf(one)]));
    const bumped = { requests: [FIRST, second], keepSignatures: signatures, depositSignatures: signatures };
    for (const request of [FIRST, second]) {
      const six = confirmedBy(request, 6);
      for (const change of [{}, { state: AWAITING_WITHDRAWAL_SIGNATURE }]) {
        for (const ago of [4n * HOUR + 1n, 11n * HOUR]) {
          const step = look(factsOf(ago, { ...bumped, ...change }), six);
          expect([step.stage, step.confirmations, kinds(step)]).to.deep.equal(["provable", 6, ["prove"]]);
          const [prove] = step.actions;
          expect(prove?.kind === "prove" && prove.txid).to.equal(txidOf(request));
        }
      }
      const five = look(factsOf(5n * HOUR, bumped), confirmedBy(request, 5));
      expect([five.stage, five.confirmations, five.actions]).to.deep.equal(["confirmed", 5, []]);
    }
  });

  it("BTC-10 says at five hours that the proof is late, and wins time at half past five whatever Bitcoin shows", () => {
    const sights = [
      confirmedBy(FIRST, 5),
      inMempool(),
      { kind: "unseen" },
      { kind: "unknown", reason: "servers-disagree" },
    ] as const;
    for (const payment of sights) {
      const at = (ago: bigint): FollowUpStep => look(factsOf(ago), payment);
      expect(at(5n * HOUR - 1n).alerts).to.not.include("proof-late");
      expect(at(5n * HOUR).alerts).to.include("proof-late");
      const winning = at(5n * HOUR + 30n * MINUTE).actions.filter(({ kind }) => kind === "increase-fee");
      expect(winning).to.have.length(1);
      expect(at(6n * HOUR).alerts)
        .to.include("proof-late")
        .and.not.include("proof-timed-out");
      expect(at(6n * HOUR + 1n).alerts).to.include("proof-timed-out");
      expect(kinds(at(7n * HOUR)).filter((kind) => kind === "increase-fee")).to.have.length(1);
    }
    // A payment in a block that is not deep enough is no reason to raise the fee before.
    expect(kinds(look(factsOf(4n * HOUR), confirmedBy(FIRST, 1)))).to.deep.equal([]);
    const behind = factsOf(4n * HOUR, { relay: { currentDifficulty: 5n, previousDifficulty: 4n } });
    expect(look(behind, confirmedBy(FIRST, 6)).alerts).to.deep.equal(["relay-behind"]);
  });

  it("BTC-10 spends nothing on a payment that nobody asked for, or on a request that makes no sense", () => {
    for (const isConfirmed of [true, false]) {
      const step = look(factsOf(7n * HOUR), { kind: "foreign", txid: "ff".repeat(32), isConfirmed });
      expect([step.actions, step.alerts]).to.deep.equal([[], ["foreign-spend", "proof-timed-out"]]);
    }
    const senseless = factsOf(HOUR, { requests: [{ ...FIRST, digest: id("another") }] });
    expect(look(senseless, { kind: "unseen" })).to.deep.include({ actions: [], alerts: ["request-invalid"] });
  });

  it("BTC-10 ends with the deposit, and begins again when a request was undone", () => {
    for (const [state, stage] of [
      [DepositState.REDEEMED, "proven"],
      [DepositState.LIQUIDATION_IN_PROGRESS, "lost"],
      [DepositState.FRAUD_LIQUIDATION_IN_PROGRESS, "lost"],
      [DepositState.LIQUIDATED, "lost"],
      [DepositState.ACTIVE, "gone"],
      [DepositState.COURTESY_CALL, "gone"],
    ] as const) {
      const step = look(factsOf(7n * HOUR, { state }), inMempool(), 400_000n);
      expect([step.stage, step.actions, step.changesAt]).to.deep.equal([stage, [], undefined]);
    }
    expect(look(factsOf(0n, { requests: [] }), { kind: "unseen" }).stage).to.equal("gone");
  });

  it("BTC-10 whatever the time and the sight: one call of each kind, only allowed ones, and every alert is a known one", () => {
    const fast = { txid: "cc", feeSat: 100_000n, vsize: 110n };
    const sights: PaymentSight[] = [
      { kind: "unseen" },
      { kind: "unknown", reason: "too-few-servers" },
      inMempool(),
      inMempool({ isPartial: true }),
      inMempool({ child: fast }),
      confirmedBy(FIRST, 1),
      confirmedBy(FIRST, 6),
      { kind: "foreign", txid: "ff".repeat(32), isConfirmed: false },
    ];
    const base = factsOf(0n);
    let acted = 0;
    for (const state of [AWAITING_WITHDRAWAL_SIGNATURE, AWAITING_WITHDRAWAL_PROOF]) {
      const depositSignatures = state === AWAITING_WITHDRAWAL_PROOF ? base.depositSignatures : new Map();
      for (const payment of sights) {
        for (let ago = 0n; ago <= 8n * HOUR; ago += HOUR) {
          for (const rate of ["unknown", 400_000n] as const) {
            const facts = { ...base, state, depositSignatures, now: REQUESTED_AT + ago };
            const step = look(facts, payment, rate);
            const all = kinds(step);
            expect(new Set(all).size).to.equal(all.length);
            expect(step.alerts.every((alert) => ALERTS.includes(alert))).to.equal(true);
            if (all.includes("increase-fee")) {
              expect(state === AWAITING_WITHDRAWAL_PROOF && ago >= 4n * HOUR).to.equal(true);
              expect(all).to.not.include("pay-by-child");
            }
            if (all.includes("provide-signature")) expect(state).to.equal(AWAITING_WITHDRAWAL_SIGNATURE);
            if (all.includes("prove")) expect(all).to.deep.equal(["prove"]);
            if (step.changesAt !== undefined) expect(step.changesAt > facts.now).to.equal(true);
            acted += all.length;
          }
        }
      }
    }
    expect(acted).to.be.greaterThan(100);
  });

  it("BTC-10 explains every alert", () => {
    const summaries = ALERTS.map((alert) => explainAlert(alert).summary);
    expect(new Set(summaries).size).to.equal(ALERTS.length);
    expect(ALERTS.filter((alert) => explainAlert(alert).severity === "warning")).to.deep.equal(["child-too-dear"]);
  });

  it("BTC-10 says what is left to do as calls of the deposit alone, each under a name of its own", () => {
    const facts = factsOf(5n * HOUR + 30n * MINUTE);
    const step = look(facts, { kind: "unseen" });
    const calls = step.actions.map((action) => callOf(facts.deposit, action));
    expect(step.actions.map(({ kind }) => kind)).to.deep.equal(["broadcast", "increase-fee"]);
    expect(calls.map((call) => call?.to)).to.deep.equal([undefined, facts.deposit]);
    expect(tbtcAbi.deposit.parseTransaction({ data: calls[1]?.data ?? "0x" })?.name).to.equal("increaseRedemptionFee");
    const steps = step.actions.map((action) => stepOf(action, facts));
    expect(steps).to.deep.equal([`broadcast:${txidOf(FIRST)}`, "increase-fee:1"]);
    expect(mayStill("increase-fee:1", facts)).to.equal(true);
    // Raised meanwhile, by whomever: the same call would be refused, and another signature is asked for.
    const raised = { requests: [FIRST, requestOf(2n * FEE_SAT)], state: DepositState.AWAITING_WITHDRAWAL_SIGNATURE };
    expect(mayStill("increase-fee:1", raised)).to.equal(false);
    expect(mayStill("provide-signature:1", raised)).to.equal(false);
    expect(mayStill("provide-signature:2", raised)).to.equal(true);
    // A payment of before the bump is proven all the same.
    expect(mayStill(`prove:${txidOf(FIRST)}`, raised)).to.equal(true);
    expect(mayStill(`prove:${txidOf(FIRST)}`, { ...raised, state: DepositState.REDEEMED })).to.equal(false);
  });

  it("BTC-9 raises a fee twice at most, whatever for, and says when it cannot any more", () => {
    const requests = [FIRST, requestOf(2n * FEE_SAT), requestOf(3n * FEE_SAT)];
    const signed = new Map(requests.map((request) => [request.digest, signatureOf(request)]));
    for (const ago of [5n * HOUR, 5n * HOUR + 30n * MINUTE, 7n * HOUR]) {
      for (const sight of [inMempool({ txid: txidOf(FIRST) }), { kind: "unseen" } as const]) {
        const twice = factsOf(ago, {
          requests: requests.slice(0, 2),
          keepSignatures: signed,
          depositSignatures: signed,
        });
        const thrice = factsOf(ago, { requests, keepSignatures: signed, depositSignatures: signed });
        const raises = (facts: typeof twice): boolean =>
          look(facts, sight).actions.some(({ kind }) => kind === "increase-fee");
        expect(raises(thrice)).to.equal(false);
        if (ago > 5n * HOUR) {
          expect(raises(twice)).to.equal(true);
          expect(look(thrice, sight).alerts).to.include("bump-impossible");
        }
      }
    }
  });
});
