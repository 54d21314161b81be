import { expect } from "chai";
import fc from "fast-check";

import type { Database } from "../../../../db/database.js";
import type { SignableCall } from "../../../../keepers/kit/outbox/signingGate.js";
import { NO_OP_ACTION } from "../../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../../keepers/kit/policy/gate.js";
import { DAY_US, drawn, fullMeter, HOUR_US, meterOf, type MeterLevel } from "../../../../keepers/kit/policy/meter.js";
import type { Policy } from "../../../../keepers/kit/policy/types.js";
import { deployment, SIGNER, stabilizerEncode, stabilizerFixture, validCall } from "../../../helpers/policyFixtures.js";
import { usePostgres } from "../../../helpers/postgres.js";
import { worstWindow, type Use } from "../../../helpers/windows.js";

/** The stabilizer's policy with limits that a test can reach. */
function smallPolicy(perHour: number, perDay: Partial<Record<string, bigint>> = {}): Policy {
  const policy = stabilizerFixture();
  return {
    ...policy,
    rules: policy.rules.map((rule) => ({ ...rule, perHour })),
    perDay: { ...policy.perDay, ...(perDay as Record<string, bigint>) },
  };
}

const FEE_WEI = 10n ** 9n;
const GAS = 100_000n;

describe("keepers/kit/policy/gate, on PostgreSQL", () => {
  const postgres = usePostgres();
  let db: Database;
  let effects = 0;

  beforeEach(async () => {
    db = (await postgres.testDatabase()).connect({ role: "keeper_rw" });
  });

  function swap(policy: Policy, tradeSize: bigint, change: Partial<SignableCall> = {}): SignableCall {
    const args = { tradeSize, tokenIn: deployment.token("cUSDC"), tokenOut: deployment.token("cUSDT") };
    const { action, simulated } = validCall(policy, "Stabilizer.executePrivateSwap", args);
    effects += 1;
    return {
      action,
      ...simulated,
      chainId: "138",
      signer: SIGNER,
      valueWei: 0n,
      gasLimit: GAS,
      maxFeePerGasWei: FEE_WEI,
      key: `effect ${String(effects)}`,
      replacement: false,
      ...change,
    };
  }

  /** As the outbox does: a refusal ends the transaction. */
  async function authorize(gate: PolicyGate, call: SignableCall, on: Database = db): Promise<string> {
    const refused = new Error("refused");
    let check = "ok";
    try {
      await on.transaction(async (tx) => {
        const answer = await gate.authorize(tx, call);
        if (answer.ok) return;
        check = answer.check;
        throw refused;
      });
    } catch (error) {
      if (error !== refused) throw error;
    }
    return check;
  }

  const levels = async (): Promise<Record<string, bigint>> => {
    const rows = await db.query<{ meter: string; level: bigint }>("SELECT meter, level FROM keeper_policy_meter");
    return Object.fromEntries(rows.map(({ meter, level }) => [meter, level]));
  };
  /** As if this long had passed. */
  const wait = (us: bigint) => db.query("UPDATE keeper_policy_meter SET at_us = at_us - $1", [us]);

  it("SIGN-13 lets at most the limit through in every window, on the database's clock, as the model says", async () => {
    const limit = 1_000n;
    const policy = smallPolicy(10_000, { cUSDC: limit });
    const gate = new PolicyGate(policy, stabilizerEncode());
    const meter = meterOf(limit, DAY_US);
    let most = 0n;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            waitUs: fc.oneof(fc.constantFrom(0n, HOUR_US, 12n * HOUR_US, DAY_US - HOUR_US), fc.bigInt(0n, DAY_US)),
            amount: fc.bigInt(1n, 600n),
          }),
          { minLength: 5, maxLength: 14 },
        ),
        async (steps) => {
          await db.query("UPDATE keeper_policy_meter SET level = 0, at_us = at_us - $1", [400n * DAY_US]);
          let level: MeterLevel = fullMeter(meter, 0n);
          let nowUs = 0n;
          const uses: Use[] = [];
          for (const { waitUs, amount } of steps) {
            await wait(waitUs);
            nowUs += waitUs;
            const check = await authorize(gate, swap(policy, amount));
            const after = drawn(meter, level, nowUs, amount);
            // The real clock has gone on by some milliseconds, in which less than one unit flows in.
            const close = drawn(meter, level, nowUs + 100_000_000n, amount);
            if (check === "ok") {
              expect(close, "the model says no").to.not.equal(undefined);
              level = after ?? { scaled: 0n, atUs: nowUs };
              uses.push({ atUs: nowUs, amount });
            } else {
              expect(check).to.equal("daily-amount");
              expect(after, "the model says yes").to.equal(undefined);
            }
          }
          const worst = worstWindow(uses, DAY_US);
          if (worst > limit) throw new Error(`${String(worst)} of ${String(limit)} in 24 hours`);
          if (worst > most) most = worst;
        },
      ),
      { numRuns: 12, seed: 5 },
    );
    expect(2n * most > limit, "nothing was drained").to.equal(true);
  });

  it("SIGN-13 is drained at the worst moments without letting more than the limit through", async () => {
    const limit = 1_000n;
    const policy = smallPolicy(10_000, { cUSDC: limit });
    const gate = new PolicyGate(policy, stabilizerEncode());
    const uses: Use[] = [];
    let nowUs = 0n;
    // Everything at once, then at the last and the first moment of a day, then every two hours.
    for (const waitUs of [0n, DAY_US - 1n, 1n, ...Array.from({ length: 12 }, () => 2n * HOUR_US)]) {
      await wait(waitUs);
      nowUs += waitUs;
      for (let size = 512n; size > 0n; size /= 2n) {
        while ((await authorize(gate, swap(policy, size))) === "ok") uses.push({ atUs: nowUs, amount: size });
      }
    }
    expect(worstWindow(uses, DAY_US) <= limit).to.equal(true);
    expect(worstWindow(uses, DAY_US)).to.equal(limit);
  });

  it("SIGN-14 counts calls of any hour, and asks nobody's clock but the database's", async () => {
    const policy = smallPolicy(6);
    const gate = new PolicyGate(policy, stabilizerEncode());
    const burst = async (): Promise<number> => {
      let count = 0;
      while ((await authorize(gate, swap(policy, 1n))) === "ok") count += 1;
      return count;
    };
    expect(await burst()).to.equal(3);
    expect(await authorize(gate, swap(policy, 1n))).to.equal("rate");
    await wait(HOUR_US / 3n);
    expect(await burst()).to.equal(1);
    await wait(HOUR_US);
    expect(await burst()).to.equal(3);
    // A clock that went back gives nothing.
    await wait(-2n * HOUR_US);
    expect(await burst()).to.equal(0);
  });

  it("SIGN-15 books with the transaction or not at all, from all meters or from none", async () => {
    const policy = smallPolicy(100, { cUSDC: 1_000n });
    const gate = new PolicyGate(policy, stabilizerEncode());
    expect(await authorize(gate, swap(policy, 100n))).to.equal("ok");
    const before = await levels();
    const failure = new Error("the outbox could not store the bytes");
    await db
      .transaction(async (tx) => {
        expect((await gate.authorize(tx, swap(policy, 100n))).ok).to.equal(true);
        throw failure;
      })
      .catch((error: unknown) => {
        if (error !== failure) throw error;
      });
    expect(await levels()).to.deep.equal(before);
    expect(await authorize(gate, swap(policy, 401n))).to.equal("daily-amount");
    expect(await levels()).to.deep.equal(before);
  });

  it("SIGN-15 lets two processes draw from one meter, not from two", async () => {
    const policy = smallPolicy(100, { cUSDC: 1_000n });
    const { connect } = await postgres.testDatabase();
    const processes = [0, 1].map(() => ({
      gate: new PolicyGate(policy, stabilizerEncode()),
      on: connect({ role: "keeper_rw" }),
    }));
    const answers = await Promise.all(
      processes.flatMap(({ gate, on }) => Array.from({ length: 12 }, () => authorize(gate, swap(policy, 50n), on))),
    );
    expect(answers.filter((check) => check === "ok")).to.have.length(10);
    expect(answers.filter((check) => check === "daily-amount")).to.have.length(14);
  });

  it("SIGN-16 books only what better paid bytes cost more, and lets no other call pass as a replacement", async () => {
    const policy = smallPolicy(4, { cUSDC: 1_000n, native: 10n * GAS * FEE_WEI });
    const gate = new PolicyGate(policy, stabilizerEncode());
    const first = swap(policy, 500n);
    expect(await authorize(gate, { ...first, replacement: true })).to.equal("replacement");
    expect(await authorize(gate, first)).to.equal("ok");
    const before = await levels();
    const bumped = { ...first, replacement: true, maxFeePerGasWei: 2n * FEE_WEI };
    expect(await authorize(gate, bumped)).to.equal("ok");
    expect(await authorize(gate, bumped)).to.equal("ok"); // the same bytes again cost nothing more
    const after = await levels();
    const spent = (before["amount:native"] ?? 0n) - (after["amount:native"] ?? 0n);
    // Less what flowed in meanwhile.
    expect(spent <= GAS * FEE_WEI * DAY_US && spent > (GAS * FEE_WEI * DAY_US * 99n) / 100n).to.equal(true);
    expect([after["amount:cUSDC"], after["calls:Stabilizer.executePrivateSwap"]]).to.deep.equal([
      before["amount:cUSDC"],
      before["calls:Stabilizer.executePrivateSwap"],
    ]);
    expect(await authorize(gate, { ...swap(policy, 400n), key: first.key, replacement: true })).to.equal("replacement");
    expect(await authorize(gate, { ...bumped, maxFeePerGasWei: 6n * FEE_WEI })).to.equal("daily-amount");
    const cancel = { ...bumped, action: NO_OP_ACTION, to: SIGNER, data: "0x", gasLimit: 21_000n };
    expect(await authorize(gate, cancel)).to.equal("ok");
  });

  it("SIGN-3 refuses before it books: what is not in the policy leaves no trace", async () => {
    const policy = stabilizerFixture();
    const gate = new PolicyGate(policy, stabilizerEncode());
    const call = swap(policy, 5n);
    for (const [change, check] of [
      [{ chainId: "1" }, "chain"],
      [{ signer: deployment.address("Timelock") }, "signer"],
      [{ to: deployment.address("Timelock") }, "bytes-differ"],
      [{ data: `${call.data}00` }, "bytes-differ"],
      [{ data: "0x" }, "bytes-differ"],
      [{ action: { ...call.action, name: "Stabilizer.withdraw" } }, "unknown-action"],
      [{ action: NO_OP_ACTION }, "bytes-differ"],
      [{ valueWei: 1n }, "value"],
      [{ gasLimit: 10n ** 9n }, "gas-limit"],
      [{ maxFeePerGasWei: 10n ** 12n }, "fee-ceiling"],
    ] as const) {
      expect(await authorize(gate, { ...call, ...change }), check).to.equal(check);
    }
    expect(await levels()).to.deep.equal({});
  });
});
