import fc from "fast-check";
import { expect } from "chai";

import type { BalanceRef } from "../../../protocol/solana/instructions.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, outcome } from "../../helpers/solanaVault/acting.js";
import { VaultRig, type Depositor, type TestMint } from "../../helpers/solanaVault/rig.js";

const DAY = 86_400n;

/** What may leave, as an exact fraction of 86,400ths: written down from the rule, not from the program. */
class Oracle {
  private parts: bigint;
  constructor(
    private readonly capacity: bigint,
    private readonly refillPerDay: bigint,
    private last: bigint,
  ) {
    this.parts = capacity * DAY;
  }
  level(now: bigint): bigint {
    const refilled = this.parts + (now - this.last) * this.refillPerDay;
    this.parts = refilled > this.capacity * DAY ? this.capacity * DAY : refilled;
    this.last = now;
    return this.parts / DAY;
  }
  take(amount: bigint): void {
    this.parts -= amount * DAY;
  }
}

describeWith("ownCluster", "limits of a collateral vault", () => {
  let rig: VaultRig;
  let mint: TestMint;
  let alice: Depositor;
  let at: BalanceRef;
  beforeEach(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 10_000_000n);
    at = { vault: alice.vault, mint };
  });
  const take = (amountUnits: bigint) => outcome(rig, rig.instructions.withdraw(at, amountUnits));

  /** Takes all there is at each of the moments, and tries one unit more. Returns when how much left. */
  const drain = async (capacity: bigint, refillPerDay: bigint, waits: readonly bigint[]) => {
    await act(rig, rig.instructions.setLimits(at, { perTransaction: 1n << 60n, capacity, refillPerDay }));
    const oracle = new Oracle(capacity, refillPerDay, rig.now);
    const taken: { readonly at: bigint; readonly amount: bigint }[] = [];
    for (const wait of waits) {
      rig.warp(wait);
      const level = oracle.level(rig.now);
      expect(await take(level + 1n)).to.equal("DailyLimit");
      if (level === 0n) continue;
      expect(await take(level)).to.equal("ok");
      oracle.take(level);
      taken.push({ at: rig.now, amount: level });
    }
    return taken;
  };

  /** The most that left within 24 hours, both ends included. */
  const worstDay = (taken: readonly { readonly at: bigint; readonly amount: bigint }[]): bigint =>
    taken
      .map(({ at: begin }) =>
        taken
          .filter(({ at: time }) => time >= begin && time <= begin + DAY)
          .reduce((sum, { amount }) => sum + amount, 0n),
      )
      .reduce((most, sum) => (sum > most ? sum : most), 0n);

  it("LIMIT-1 lets the limit leave at the worst moments and never more", async () => {
    const worst = [0n, DAY, 0n, 1n, DAY - 1n, 1n, DAY / 2n, DAY / 2n, 2n * DAY, DAY, 1n, 1n];
    const taken = await drain(500_000n, 500_000n, worst);
    expect(worstDay(taken)).to.equal(1_000_000n);
  });

  it("LIMIT-1 agrees with an independent count over schedules that a search tries", async () => {
    const moment = fc.oneof(fc.constantFrom(0n, 1n, DAY - 1n, DAY, DAY + 1n), fc.bigInt({ min: 0n, max: 3n * DAY }));
    const amount = fc.bigInt({ min: 0n, max: 100_000n });
    let index = 0;
    await fc.assert(
      fc.asyncProperty(
        amount,
        amount,
        fc.array(moment, { minLength: 5, maxLength: 12 }),
        async (capacity, refill, waits) => {
          index += 1;
          mint = await rig.mint();
          alice = await rig.depositor(`saver ${String(index)}`, [mint], 10_000_000n);
          at = { vault: alice.vault, mint };
          const taken = await drain(capacity, refill, waits);
          expect(worstDay(taken) <= capacity + refill).to.equal(true);
        },
      ),
      { numRuns: 15, seed: 6 },
    );
  });

  it("COL-13 closes a mint without limits once there is a security configuration, and its first limits wait", async () => {
    const { instructions: make } = rig;
    const limits = { perTransaction: 50n, capacity: 100n, refillPerDay: DAY };
    expect(await take(1n)).to.equal("ok");
    await act(rig, make.createSecurityConfig(alice.vault, { withdrawalDelaySeconds: 0n, whitelist: null }));
    at = { vault: { ...alice.vault, hasSecurityConfig: true }, mint };
    expect(await take(1n)).to.equal("LimitUnset");
    await act(rig, make.setLimits(at, limits));
    rig.warp(DAY - 1n);
    expect(await take(1n)).to.equal("LimitUnset");
    rig.warp(1n);
    // it begins empty, and refills one unit a second
    expect(await take(1n)).to.equal("DailyLimit");
    rig.warp(60n);
    expect(await take(51n)).to.equal("TransactionLimit");
    expect(await take(50n)).to.equal("ok");
    expect(await take(11n)).to.equal("DailyLimit");
    expect(await take(10n)).to.equal("ok");
  });

  it("COL-13 keeps what has left when limits fall, and does not fill up when they rise again", async () => {
    const { instructions: make } = rig;
    const limits = { perTransaction: 100n, capacity: 100n, refillPerDay: 0n };
    await act(rig, make.setLimits(at, limits));
    expect(await take(60n)).to.equal("ok");
    await act(rig, make.setLimits(at, { ...limits, capacity: 90n }));
    expect(await take(41n)).to.equal("DailyLimit");
    await act(rig, make.setLimits(at, { ...limits, capacity: 10n }));
    await act(rig, make.setLimits(at, { ...limits, capacity: 100n }));
    rig.warp(DAY);
    expect(await take(11n)).to.equal("DailyLimit");
    expect(await take(10n)).to.equal("ok");
  });
});
