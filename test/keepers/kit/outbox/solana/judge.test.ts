import { expect } from "chai";
import fc from "fast-check";

import type { SolanaAttempt } from "../../../../../keepers/kit/outbox/solana/attempt.js";
import { couldBeExpired, judge } from "../../../../../keepers/kit/outbox/solana/judge.js";
import type { SignatureStatus, SolanaHead } from "../../../../../keepers/kit/solana/cluster.js";

const attempt = (signature: string, lastValidBlockHeight: bigint, slot = 10n): SolanaAttempt => {
  return { signature, bytes: "0x", lastValidBlockHeight, microLamportsPerUnit: 1n, slot };
};
const head = (blockHeight: bigint, finalizedHeight: bigint): SolanaHead => {
  return { slot: blockHeight, blockHeight, finalizedSlot: finalizedHeight, finalizedHeight };
};
const absent = (slot: bigint) => ({ slot, bySignature: new Map<string, SignatureStatus>() });

describe("keepers/kit/outbox/solana/judge", () => {
  it("SOL-6 calls bytes expired exactly when a finalized block is above their height, everywhere around it", () => {
    fc.assert(
      fc.property(fc.bigInt(150n, 1_000n), fc.bigInt(-40n, 40n), fc.bigInt(0n, 60n), (last, above, depth) => {
        const finalized = last + above;
        const verdict = judge([attempt("a", last)], head(finalized + depth, finalized), absent(2_000n), 0n);
        expect(verdict.kind).to.equal(above > 0n ? "expired" : "waiting");
        expect(couldBeExpired([attempt("a", last)], head(finalized + depth, finalized))).to.equal(above > 0n);
        if (verdict.kind === "waiting") expect(verdict.live).to.equal(finalized + depth <= last + 1n);
      }),
    );
  });

  it("believes no absence that a node behind the head reports", () => {
    expect(judge([attempt("a", 150n)], head(200n, 160n), absent(159n), 0n)).to.deep.equal({
      kind: "waiting",
      live: false,
    });
    expect(judge([attempt("a", 150n)], head(200n, 160n), absent(160n), 0n).kind).to.equal("expired");
  });

  it("SOL-10 believes no absence from before the node's memory", () => {
    expect(judge([attempt("a", 150n, 10n)], head(200n, 160n), absent(200n), 11n).kind).to.equal("unknowable");
    expect(judge([attempt("a", 150n, 10n)], head(200n, 160n), absent(200n), 10n).kind).to.equal("expired");
    // Only the newest matters: it was signed after the others had expired.
    const two = [attempt("a", 150n, 10n), attempt("b", 350n, 170n)];
    expect(judge(two, head(400n, 360n), absent(400n), 100n).kind).to.equal("expired");
  });

  it("settles by any signature ever issued, and sees when two of them happened", () => {
    const two = [attempt("a", 150n), attempt("b", 350n)];
    const status: SignatureStatus = { slot: 120n, level: "finalized", failed: false };
    const one = { slot: 400n, bySignature: new Map([["a", status]]) };
    expect(judge(two, head(400n, 360n), one, 0n)).to.deep.equal({ kind: "seen", attempt: two[0], status });
    const both = { slot: 400n, bySignature: new Map([["a", status] as const, ["b", status] as const]) };
    expect(judge(two, head(400n, 360n), both, 0n)).to.deep.equal({ kind: "doubled", signatures: ["a", "b"] });
  });
});
