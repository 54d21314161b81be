import { expect } from "chai";
import fc from "fast-check";

import type { JsonObject } from "../../../../db/queries/outbox/rows.js";
import type { EncodeAction } from "../../../../keepers/kit/policy/action.js";
import { actionJson, readAction } from "../../../../keepers/kit/policy/actionJson.js";
import { checkPolicy } from "../../../../keepers/kit/policy/checkPolicy.js";
import { functionOf } from "../../../../keepers/kit/policy/encoding.js";
import { PolicyGate } from "../../../../keepers/kit/policy/gate.js";
import type { Policy, PolicyVerdict, TypedCall, Value } from "../../../../keepers/kit/policy/types.js";
import {
  actionAttacks,
  argumentChanges,
  byteAttacks,
  encodingAttacks,
  envelopeAttacks,
  intentAttacks,
  type Attack,
} from "../../../helpers/policyAttacks.js";
import {
  NOW,
  reporterCalls,
  reporterEncode,
  reporterFixture,
  stabilizerCalls,
  stabilizerEncode,
  stabilizerFixture,
  type ValidCall,
} from "../../../helpers/policyFixtures.js";

/** A signed round takes longer to make and to check than a call without signatures. */
const RUNS = { "deviation-stabilizer": { numRuns: 80, seed: 4242 }, "price-reporter": { numRuns: 12, seed: 4242 } };

function judge(policy: Policy, { call, simulated, envelope }: ValidCall): PolicyVerdict {
  return checkPolicy(policy, call, simulated, envelope, NOW);
}

/** Other calls of the policy, to be confused with. */
function others(policy: Policy): TypedCall[] {
  return policy.rules.map((rule) => ({
    target: rule.target,
    function: functionOf(rule).fragment.format("sighash"),
    args: {},
  }));
}

/** As the signer does: it gets the action, the simulated bytes and what is around them. */
function judgeAction({ gate }: Subject, { action, simulated, envelope }: ValidCall): PolicyVerdict {
  return gate.judge({ action, ...simulated, ...envelope }, NOW);
}

interface Subject {
  readonly name: "deviation-stabilizer" | "price-reporter";
  readonly policy: Policy;
  readonly encode: EncodeAction;
  readonly gate: PolicyGate;
  readonly calls: typeof stabilizerCalls;
}

function subject(name: Subject["name"], policy: Policy, encode: EncodeAction, calls: Subject["calls"]): Subject {
  return { name, policy, encode, calls, gate: new PolicyGate(policy, encode) };
}

const stabilizer = subject("deviation-stabilizer", stabilizerFixture(), stabilizerEncode(), stabilizerCalls);
const reporter = subject("price-reporter", reporterFixture(), reporterEncode, reporterCalls);

for (const keeper of [stabilizer, reporter]) {
  const { name, policy, calls } = keeper;
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
          // Not vacuous: unchanged it is allowed.
          const verdict = judge(policy, valid);
          if (!verdict.ok) throw new Error(`${valid.rule.name}: ${verdict.check}: ${verdict.message}`);
          expect(judgeAction(keeper, valid)).to.deep.equal(verdict);
          accepted += 1;
          const around = envelopeAttacks(valid);
          const bytes = [...byteAttacks(valid, position, bit), ...encodingAttacks(valid)];
          for (const attack of [...around, ...bytes, ...intentAttacks(valid, others(policy))])
            note(judge(policy, attack.valid), attack);
          const names = policy.rules.map((rule) => rule.name);
          for (const attack of [...around, ...bytes, ...actionAttacks(valid, names)])
            note(judgeAction(keeper, attack.valid), attack);
        }),
        RUNS[name],
      );
      const attacks = [...refusedBy.values()].reduce((sum, count) => sum + count, 0);
      expect(accepted).to.equal(RUNS[name].numRuns);
      expect(attacks).to.be.greaterThan(80 * accepted);
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
        "unknown-action",
      ]);
    });

    it("SIGN-2 gives a meaning to canonical bytes only", () => {
      let seen = 0;
      fc.assert(
        fc.property(calls(policy), (valid) => {
          for (const attack of encodingAttacks(valid)) {
            const verdict = judgeAction(keeper, attack.valid);
            seen += 1;
            if (verdict.ok) throw new Error(`${valid.rule.name}: ${attack.what} was signed`);
          }
          const { to, data } = valid.simulated;
          for (const tail of ["00", "00".repeat(32), "ff"]) {
            const verdict = judgeAction(keeper, { ...valid, simulated: { to, data: data + tail } });
            expect(verdict.ok, `trailing ${tail}`).to.equal(false);
          }
        }),
        RUNS[name],
      );
      expect(seen).to.be.greaterThan(RUNS[name].numRuns);
    });

    it("SIGN-20 signs the bytes of the action, which survives being stored", () => {
      fc.assert(
        fc.property(calls(policy), (valid) => {
          const stored = JSON.parse(JSON.stringify(actionJson(valid.action))) as JsonObject;
          const action = readAction(stored);
          expect(action).to.deep.equal(valid.action);
          const answer = keeper.gate.encode({ action, ...valid.simulated });
          expect(answer).to.deep.equal({ ok: true, bytes: keeper.encode(action) });
          // Every rule is an action of the keeper and goes where its encoder goes.
          if (answer.ok) expect(answer.bytes.to).to.equal(valid.rule.target);
        }),
        { ...RUNS[name], numRuns: 12 },
      );
      const lost = keeper.gate.encode({ action: readAction(null), to: policy.signer, data: "0x" });
      expect(lost.ok ? "ok" : lost.check).to.equal("unknown-action");
    });
  });
}

describe("keepers/kit/policy: attacks on the bytes of a signed round", () => {
  it("SIGN-2 refuses a changed round or signature also when action and bytes agree, because reporters signed the round", () => {
    const [valid] = fc.sample(reporterCalls(reporter.policy), { numRuns: 1, seed: 7 });
    if (valid === undefined) throw new Error("no call");
    expect(judgeAction(reporter, valid).ok).to.equal(true);
    const { round, signatures } = valid.action.args as { round: Value; signatures: readonly string[] };
    const flipped = signatures.flatMap((signature, index) => {
      const bytes = Buffer.from(signature.slice(2), "hex");
      return [...bytes.keys()].map((at) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8((bytes[at] ?? 0) ^ (1 << ((at * 5) % 8)), at);
        return { round, signatures: signatures.with(index, `0x${changed.toString("hex")}`) };
      });
    });
    const changed = [...argumentChanges(valid.action).map(({ args }) => args), ...flipped];
    let encoded = 0;
    for (const args of changed) {
      const action = { ...valid.action, args };
      const simulated = reporterEncode(action);
      if (simulated === undefined) continue; // no calldata stands for it
      encoded += 1;
      const verdict = judgeAction(reporter, { ...valid, action, simulated });
      if (verdict.ok) throw new Error(`signed with ${JSON.stringify(actionJson(action))}`);
    }
    expect(encoded).to.be.greaterThan(2 * 65);
  });
});
