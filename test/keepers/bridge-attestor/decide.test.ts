import { expect } from "chai";
import fc from "fast-check";

import { decideAttestation, decideRelay } from "../../../keepers/bridge-attestor/decide.js";
import type { AttestInput, RelayInput } from "../../../keepers/bridge-attestor/types.js";
import { MESSAGE_STATES, messageIdOf, type BridgeMessage, type BridgeWay } from "../../../protocol/bridgeMessage.js";

const BRIDGE = "0x00000000000000000000000000000000000000B1";
const OTHER = "0x00000000000000000000000000000000000000B2";
const way: BridgeWay = {
  source: { chainId: 138n, bridge: BRIDGE },
  destination: { chainId: 651940n, bridge: OTHER },
};
const message: BridgeMessage = {
  ...{ sourceChainId: 138n, nonce: 7n, amountUnits: 5n, sentAt: 100n, expiresAt: 1_000n, paidUnits: 0n },
  token: "0x00000000000000000000000000000000000000C1",
  sender: "0x00000000000000000000000000000000000000D1",
  recipient: "0x00000000000000000000000000000000000000D2",
};
const messageId = messageIdOf(way, message);
const HASH = `0x${"11".repeat(32)}`;

/** A delivery that nothing speaks against, or with `kind` a refund. */
function good(kind: AttestInput["kind"] = "deliver"): AttestInput {
  const isDelivery = kind === "deliver";
  const remote = isDelivery ? way.source : way.destination;
  return {
    kind,
    way,
    seen: { messageId, hashedId: messageId, message, block: 50 },
    own: {
      state: isDelivery ? "none" : "sent",
      timestamp: 500n,
      epoch: 3n,
      acceptedEpoch: 0n,
      isAttestor: true,
      remoteChainId: remote.chainId,
      remoteBridge: remote.bridge,
    },
    evidence: {
      block: 60,
      hash: HASH,
      state: isDelivery ? "sent" : "cancelled",
      log: { block: 50, messageId, hashedId: isDelivery ? messageId : undefined },
      everDelivered: false,
    },
    history: { thisEpoch: "none", refund: false, unwound: false },
  };
}

type Change = (input: AttestInput) => AttestInput;
const own =
  (change: Partial<AttestInput["own"]>): Change =>
  (input) => ({ ...input, own: { ...input.own, ...change } });
const seen =
  (change: Partial<AttestInput["seen"]>): Change =>
  (input) => ({
    ...input,
    seen: { ...input.seen, ...change },
  });
const past =
  (change: Partial<AttestInput["history"]>): Change =>
  (input) => ({
    ...input,
    history: { ...input.history, ...change },
  });
const shown =
  (change: Partial<NonNullable<AttestInput["evidence"]>>): Change =>
  (input) => ({
    ...input,
    evidence: input.evidence === undefined ? undefined : { ...input.evidence, ...change },
  });
const unseen: Change = (input) => ({ ...input, evidence: undefined });

const BOTH: readonly (readonly [string, Change, string])[] = [
  ["names another chain", seen({ message: { ...message, sourceChainId: 1n } }), "wrong-chain"],
  ["counts at a bridge of another one", own({ remoteBridge: message.token }), "unknown-bridge"],
  ["counts at a bridge of another chain", own({ remoteChainId: 1n }), "unknown-bridge"],
  ["does not hash to its id", seen({ hashedId: HASH }), "id-mismatch"],
  ["moves nothing", seen({ message: { ...message, amountUnits: 0n } }), "malformed"],
  ["has no number", seen({ message: { ...message, nonce: 0n } }), "malformed"],
  ["is not for an attestor", own({ isAttestor: false }), "not-attestor"],
  ["was signed", past({ thisEpoch: "signed" }), "signed"],
  ["rests on something that is gone", past({ unwound: true }), "unwound"],
  ["is not deep enough", unseen, "not-deep-enough"],
  ["has no log", shown({ log: undefined }), "log-missing"],
  ["has the log of another message", shown({ log: { block: 50, messageId: HASH, hashedId: HASH } }), "log-differs"],
  ["has a log above the block", shown({ log: { block: 61, messageId, hashedId: messageId } }), "not-deep-enough"],
];
const DELIVERIES: readonly (readonly [string, Change, string])[] = [
  ["had a refund signed", past({ refund: true }), "refund-signed"],
  ["is cancelled there", own({ state: "cancelled" }), "cancelled"],
  ["is accepted there", own({ state: "accepted", acceptedEpoch: 3n }), "arrived"],
  [
    "an older set accepted, but is too late",
    own({ state: "accepted", acceptedEpoch: 2n, timestamp: 1_001n }),
    "expired",
  ],
  [
    "an older set accepted, but had a refund signed",
    (input) => past({ refund: true })(own({ state: "accepted", acceptedEpoch: 2n })(input)),
    "refund-signed",
  ],
  ["is delivered there", own({ state: "delivered" }), "arrived"],
  ["is too late", own({ timestamp: 1_001n }), "expired"],
  ["is gone from its source", shown({ state: "none" }), "reorganised"],
  ["is not there yet at that depth", shown({ state: "none", block: 49 }), "not-deep-enough"],
  ["has other fields in its log", shown({ log: { block: 50, messageId, hashedId: HASH } }), "log-differs"],
];
const REFUNDS: readonly (readonly [string, Change, string])[] = [
  ["is paid back", own({ state: "refunded" }), "arrived"],
  ["is accepted", own({ state: "refund-accepted", acceptedEpoch: 3n }), "arrived"],
  [
    "an older set accepted, but is not cancelled",
    (input) => shown({ state: "none" })(own({ state: "refund-accepted", acceptedEpoch: 2n })(input)),
    "not-cancelled",
  ],
  ["was never sent", own({ state: "none" }), "reorganised"],
  ["was delivered", shown({ state: "delivered" }), "delivered"],
  ["is not cancelled deep enough", shown({ state: "none" }), "not-cancelled"],
  ["can still be claimed", shown({ state: "accepted" }), "not-cancelled"],
];

describe("keepers/bridge-attestor/decide", () => {
  it("signs what nothing speaks against, and again what was only promised", () => {
    for (const kind of ["deliver", "refund"] as const) {
      expect(decideAttestation(good(kind)).kind).to.equal("attest");
      expect(decideAttestation(past({ thisEpoch: "promised" })(good(kind))).kind).to.equal("attest");
    }
    // The last second of its time.
    expect(decideAttestation(own({ timestamp: 1_000n })(good())).kind).to.equal("attest");
  });

  it("ATTEST-20 signs again what an older set accepted and nobody has paid", () => {
    const delivery = own({ state: "accepted", acceptedEpoch: 2n })(good());
    expect(decideAttestation(delivery).kind).to.equal("attest");
    const refund = own({ state: "refund-accepted", acceptedEpoch: 2n })(good("refund"));
    expect(decideAttestation(refund).kind).to.equal("attest");
  });

  for (const kind of ["deliver", "refund"] as const) {
    for (const [what, change, reason] of [...BOTH, ...(kind === "deliver" ? DELIVERIES : REFUNDS)]) {
      it(`ATTEST-1 signs no ${kind} that ${what}`, () => {
        expect(decideAttestation(change(good(kind)))).to.deep.equal({ kind: "skip", reason });
      });
    }
  }

  it("ATTEST-1 stops at what cannot be true on two chains together", () => {
    const refunded = decideAttestation(shown({ state: "refunded" })(good()));
    expect(refunded).to.deep.equal({ kind: "alarm", reason: "refunded-without-tombstone" });
    const both = decideAttestation(shown({ everDelivered: true })(good("refund")));
    expect(both).to.deep.equal({ kind: "alarm", reason: "delivered-and-cancelled" });
  });

  it("ATTEST-1 whatever is seen, a signature means sent, or cancelled and never delivered, deep enough and never both", () => {
    const usual = fc.constantFrom("none" as const, "sent" as const, "cancelled" as const);
    const state = fc.oneof(
      { weight: 4, arbitrary: usual },
      { weight: 1, arbitrary: fc.constantFrom(...MESSAGE_STATES) },
    );
    // Mostly as it should be, or hardly anything would ever be signed.
    const mostly = <T>(usual: T, other: T) =>
      fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) });
    const id = mostly(messageId, HASH);
    const arbitrary = fc.record({
      kind: fc.constantFrom("deliver" as const, "refund" as const),
      hashedId: id,
      logId: id,
      logHash: id,
      hasLog: mostly(true, false),
      logBlock: fc.integer({ min: 45, max: 65 }),
      hasEvidence: mostly(true, false),
      there: state,
      here: state,
      everDelivered: mostly(false, true),
      timestamp: fc.bigInt({ min: 0n, max: 2_000n }),
      isAttestor: mostly(true, false),
      thisEpoch: fc.constantFrom("none" as const, "promised" as const, "signed" as const),
      refund: mostly(false, true),
      unwound: mostly(false, true),
      acceptedEpoch: fc.constantFrom(2n, 3n),
    });
    let attested = 0;
    fc.assert(
      fc.property(arbitrary, (it) => {
        const base = good(it.kind);
        const log = it.hasLog ? { block: it.logBlock, messageId: it.logId, hashedId: it.logHash } : undefined;
        const { there, here, everDelivered, thisEpoch, refund, unwound, timestamp, isAttestor, acceptedEpoch } = it;
        const open = (fresh: string, accepted: string): string =>
          here === accepted && acceptedEpoch === 2n ? fresh : here;
        const input: AttestInput = {
          ...base,
          seen: { ...base.seen, hashedId: it.hashedId },
          own: { ...base.own, state: here, timestamp, isAttestor, acceptedEpoch },
          evidence: it.hasEvidence ? { block: 60, hash: HASH, state: there, log, everDelivered } : undefined,
          history: { thisEpoch, refund, unwound },
        };
        if (decideAttestation(input).kind !== "attest") return;
        attested += 1;
        expect(isAttestor && it.hasEvidence && it.hasLog && !unwound && thisEpoch !== "signed").to.equal(true);
        expect([it.hashedId, it.logId]).to.deep.equal([messageId, messageId]);
        expect(it.logBlock).to.be.at.most(60);
        if (it.kind === "refund") {
          const state = open("sent", "refund-accepted");
          expect([state, there, everDelivered]).to.deep.equal(["sent", "cancelled", false]);
        } else {
          expect([open("none", "accepted"), there, refund, it.logHash]).to.deep.equal([
            "none",
            "sent",
            false,
            messageId,
          ]);
          expect(timestamp <= message.expiresAt).to.equal(true);
        }
      }),
      { numRuns: 20_000, seed: 7 },
    );
    expect(attested).to.be.greaterThan(100);
  });

  describe("what is carried", () => {
    const due: RelayInput = {
      ...{ side: "destination", state: "none", timestamp: 500n, expiresAt: 1_000n, held: false },
      ...{ signatures: 2, threshold: 2, turn: true, cancelsExpired: true, stale: false },
    };
    const late = { timestamp: 1_001n } as const;
    const table: readonly (readonly [string, Partial<RelayInput>, string])[] = [
      ["delivers", {}, "deliver"],
      ["waits for signatures", { signatures: 1 }, "not-enough-signatures"],
      ["delivers nothing without a set", { signatures: 0, threshold: 0 }, "not-enough-signatures"],
      ["waits for its turn", { turn: false }, "not-our-turn"],
      ["waits while deliveries are held", { held: true }, "held"],
      ["retries what was accepted", { state: "accepted", signatures: 0 }, "retry"],
      ["retries what was accepted and is late", { state: "accepted", ...late }, "retry"],
      ["retries nothing while deliveries are held", { state: "accepted", held: true }, "held"],
      ["cancels what is late", { ...late, signatures: 0 }, "cancel"],
      ["cancels what is late while deliveries are held", { ...late, held: true }, "cancel"],
      ["leaves what is late to its owner", { ...late, cancelsExpired: false }, "waits-for-owner"],
      ["leaves what is paid", { state: "delivered" }, "nothing-to-do"],
      ["leaves what is cancelled", { state: "cancelled" }, "nothing-to-do"],
      ["refunds", { side: "source", state: "sent", held: true, ...late }, "refund"],
      ["waits for signatures of a refund", { side: "source", state: "sent", signatures: 0 }, "not-enough-signatures"],
      ["retries a refund", { side: "source", state: "refund-accepted", signatures: 0 }, "retryRefund"],
      ["leaves what is refunded", { side: "source", state: "refunded" }, "nothing-to-do"],
    ];
    const relayed = (change: Partial<RelayInput>): string => {
      const decided = decideRelay({ ...due, ...change });
      return decided.kind === "send" ? decided.action : decided.reason;
    };
    for (const [what, change, expected] of table) {
      it(what, () => {
        expect(relayed(change)).to.equal(expected);
      });
    }

    it("ATTEST-20 carries what an older set accepted as if it had not been accepted", () => {
      const accepted = { state: "accepted", stale: true } as const;
      expect(relayed(accepted)).to.equal("deliver");
      expect(relayed({ ...accepted, signatures: 1 })).to.equal("not-enough-signatures");
      expect(relayed({ ...accepted, held: true })).to.equal("held");
      // It cannot be paid any more.
      expect(relayed({ ...accepted, ...late, signatures: 0 })).to.equal("cancel");
      expect(relayed({ ...accepted, ...late, cancelsExpired: false })).to.equal("waits-for-owner");
      const refund = { side: "source", state: "refund-accepted", stale: true } as const;
      expect(relayed(refund)).to.equal("refund");
      expect(relayed({ ...refund, signatures: 1 })).to.equal("not-enough-signatures");
    });
  });
});
