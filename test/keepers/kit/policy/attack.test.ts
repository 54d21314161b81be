import { expect } from "chai";
import fc from "fast-check";

import { checkPolicy, readCall } from "../../../../keepers/kit/policy/checkPolicy.js";
import { functionOf } from "../../../../keepers/kit/policy/encoding.js";
import type { Policy, PolicyVerdict, TypedCall } from "../../../../keepers/kit/policy/types.js";
import {
  byteAttacks,
  encodingAttacks,
  envelopeAttacks,
  intentAttacks,
  type Attack,
} from "../../../helpers/policyAttacks.js";
import {
  NOW,
  reporterCalls,
  reporterFixture,
  stabilizerCalls,
  stabilizerFixture,
  type ValidCall,
} from "../../../helpers/policyFixtures.js";

/** A signed round takes longer to make and to check than a call without signatures. */
const RUNS = { "deviation-stabilizer": { numRuns: 80, seed: 4242 }, "price-reporter": { numRuns: 12, seed: 4242 } };

function judge(policy: Policy, { call, simulated, envelope }: ValidCall): PolicyVerdict {
  return checkPolicy(policy, call, simulated, envelope, NOW);
}

/** As the gate does, which has nothing but bytes. */
function judgeBytes(policy: Policy, valid: ValidCall): PolicyVerdict {
  const read = readCall(policy, valid.simulated);
  return read.ok ? checkPolicy(policy, read.call, valid.simulated, valid.envelope, NOW) : read;
}

/** Other calls of the policy, to be confused with. */
function others(policy: Policy): TypedCall[] {
  return policy.rules.map((rule) => ({
    target: rule.target,
    function: functionOf(rule).fragment.format("sighash"),
    args: {},
  }));
}

const policies = [
  { name: "deviation-stabilizer" as const, policy: stabilizerFixture(), calls: stabilizerCalls },
  { name: "price-reporter" as const, policy: reporterFixture(), calls: reporterCalls },
];

for (const { name, policy, calls } of policies) {
  describe(`keepers/kit/policy: attacks on ${name}`, () => {
    const refusedBy = new Map<string, number>();
    let accepted = 0;
    const note = (verdict: PolicyVerdict, attack: Attack): void => {
      if (verdict.ok) throw new Error(`${attack.valid.rule.name} was signed with another ${attack.what}`);
      refusedBy.set(verdict.check, (refusedBy.get(verdict.check) ?? 0) + 1);
    };

    it("SIGN-1 refuses every valid intent that is changed in one place", () => {
      fc.assert(
        fc.property(calls(policy), fc.nat(100_000), fc.integer({ min: 0, max: 7 }), (valid, position, bit) => {
          // Not vacuous: unchanged it is allowed, by its intent and by its bytes alone.
          const verdict = judge(policy, valid);
          if (!verdict.ok) throw new Error(`${valid.rule.name}: ${verdict.check}: ${verdict.message}`);
          expect(judgeBytes(policy, valid)).to.deep.equal(verdict);
          accepted += 1;
          const attacks = [
            ...envelopeAttacks(valid),
            ...intentAttacks(valid, others(policy)),
            ...byteAttacks(valid, position, bit),
            ...encodingAttacks(valid),
          ];
          for (const attack of attacks) note(judge(policy, attack.valid), attack);
        }),
        RUNS[name],
      );
      const attacks = [...refusedBy.values()].reduce((sum, count) => sum + count, 0);
      expect(accepted).to.equal(RUNS[name].numRuns);
      expect(attacks).to.be.greaterThan(40 * accepted);
      expect([...refusedBy.keys()]).to.include.members([
        "chain",
        "signer",
        "target",
        "selector",
        "encoding",
        "bytes-differ",
        "value",
        "gas-limit",
        "fee-ceiling",
      ]);
    });

    it("SIGN-2 gives a meaning to canonical bytes only", () => {
      let seen = 0;
      fc.assert(
        fc.property(calls(policy), (valid) => {
          for (const attack of encodingAttacks(valid)) {
            const verdict = judgeBytes(policy, attack.valid);
            seen += 1;
            // The upper bits of a uint256 are its value: such an amount is beyond every limit instead.
            if (verdict.ok) throw new Error(`${valid.rule.name}: ${attack.what} was signed`);
          }
          const { to, data } = valid.simulated;
          for (const tail of ["00", "00".repeat(32), "ff"]) {
            expect(readCall(policy, { to, data: data + tail }).ok, `trailing ${tail}`).to.equal(false);
          }
        }),
        RUNS[name],
      );
      expect(seen).to.be.greaterThan(RUNS[name].numRuns);
    });
  });
}

describe("keepers/kit/policy: attacks on the bytes of a signed round", () => {
  it("SIGN-2 refuses a flipped bit in any byte, because the reporters' signatures cover the round", () => {
    const policy = reporterFixture();
    const [valid] = fc.sample(reporterCalls(policy), { numRuns: 1, seed: 7 });
    if (valid === undefined) throw new Error("no call");
    expect(judgeBytes(policy, valid).ok).to.equal(true);
    const bytes = Buffer.from(valid.simulated.data.slice(2), "hex");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8((bytes[at] ?? 0) ^ (1 << ((at * 5) % 8)), at);
      const simulated = { to: valid.simulated.to, data: `0x${changed.toString("hex")}` };
      if (judgeBytes(policy, { ...valid, simulated }).ok) throw new Error(`byte ${String(at)} was not noticed`);
    }
  });
});
