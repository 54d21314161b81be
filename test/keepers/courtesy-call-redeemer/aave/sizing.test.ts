import { expect } from "chai";
import fc from "fast-check";

import {
  paymentFor,
  type Payment,
  type SizingPolicy,
} from "../../../../keepers/courtesy-call-redeemer/adapters/aave/sizing.js";
import { collateralUnits, healthOf, paidBack, variableUnits, type Holding } from "../../../../protocol/aave/health.js";
import { RAY } from "../../../../protocol/aave/math.js";

const WAD = 10n ** 18n;
const NOW = 1_800_000_000n;
const DECIMALS = [6n, 8n, 18n] as const;

const holding = (id: bigint): fc.Arbitrary<Holding> =>
  fc
    .record({
      decimals: fc.constantFrom(...DECIMALS),
      price: fc.bigInt({ min: 10n ** 6n, max: 10n ** 13n }),
      /** In the base currency, so that no part is nothing beside another. */
      held: fc.bigInt({ min: 0n, max: 10n ** 13n }),
      owed: fc.bigInt({ min: 0n, max: 10n ** 13n }),
      thresholdBps: fc.bigInt({ min: 5_000n, max: 9_500n }),
      index: fc.bigInt({ min: RAY, max: 2n * RAY }),
      rate: fc.bigInt({ min: 0n, max: RAY }),
      age: fc.bigInt({ min: 0n, max: 10_000_000n }),
    })
    .map(({ decimals, price, held, owed, thresholdBps, index, rate, age }) => ({
      reserve: {
        ...{ asset: `asset ${String(id)}`, aToken: "", variableDebtToken: "", stableDebtToken: "", id },
        settings: {
          ...{ liquidationThresholdBps: thresholdBps, liquidationBonusBps: 10_500n, decimals },
          ...{ active: true, frozen: false, paused: false, eModeCategory: 0n },
        },
        ...{ liquidityIndex: index, liquidityRate: rate / 2n, variableIndex: index, variableRate: rate },
        updatedAt: NOW - age,
      },
      price,
      collateralScaled: (held * 10n ** decimals) / price,
      variableScaled: (owed * 10n ** decimals) / price,
      stableUnits: 0n,
      thresholdBps,
      bonusBps: 10_500n,
    }));

const account = fc.tuple(holding(0n), holding(1n), holding(2n));
const policy: SizingPolicy = { targetWad: (125n * WAD) / 100n, leastWad: (105n * WAD) / 100n, dustBase: 0n };

describe("courtesy-call-redeemer: how much of which debt is paid back", () => {
  it("AAVE-4 brings the target with the least payment, from any account, with a reserve or with a deposit", () => {
    const ends = { target: 0, whole: 0, none: 0, deposit: 0 };
    fc.assert(
      fc.property(account, fc.boolean(), fc.bigInt({ min: 0n, max: 86_400n }), (holdings, fromDeposit, ahead) => {
        const [debt] = holdings;
        const at = NOW + ahead;
        const after = (units: bigint): bigint =>
          healthOf([paidBack(debt, units, at, fromDeposit), ...holdings.slice(1)], at).healthWad ?? 2n ** 256n;
        const owed = variableUnits(debt, at);
        // What the deposit has earned by then is not there yet.
        const most = fromDeposit && collateralUnits(debt, NOW) < owed ? collateralUnits(debt, NOW) : owed;
        const payment = paymentFor(holdings, debt, at, policy, fromDeposit ? NOW : undefined);
        if (payment === undefined) {
          const isNeedless = after(0n) >= policy.targetWad;
          expect(most === 0n || isNeedless || after(most) < policy.leastWad).to.equal(true);
          ends.none += 1;
          return;
        }
        const { units } = payment;
        expect(units > 0n && units <= most).to.equal(true);
        expect(payment.healthWad ?? 2n ** 256n).to.equal(after(units));
        if (after(most) < policy.targetWad) {
          expect([units, after(units) >= policy.leastWad]).to.deep.equal([most, true]);
          ends.whole += 1;
          return;
        }
        expect(after(units) >= policy.targetWad).to.equal(true);
        // A rest that is worth nothing is dust even where none is named.
        expect(after(units - 1n) < policy.targetWad || payment.whole).to.equal(true);
        ends.target += 1;
        if (fromDeposit) ends.deposit += 1;
      }),
      { numRuns: 2_000, seed: 138 },
    );
    expect(ends.target).to.be.greaterThan(100);
    expect(ends.whole).to.be.greaterThan(20);
    expect(ends.none).to.be.greaterThan(100);
    expect(ends.deposit).to.be.greaterThan(20);
  });

  it("AAVE-5 a rest up to the dust is paid as well, a unit of value above it is left", () => {
    const holdings = [plain(0n, 18n, 10_000n, 0n), plain(1n, 6n, 0n, 8_000n)] as const;
    const [, debt] = holdings;
    const units = (dustBase: bigint): Payment | undefined => paymentFor(holdings, debt, NOW, { ...policy, dustBase });
    const least = units(0n);
    const owed = variableUnits(debt, NOW);
    const rest = owed - (least?.units ?? 0n);
    // Six decimals of a dollar, two more of the base currency.
    expect(units(rest * 100n - 1n)?.units).to.equal(least?.units);
    expect(units(rest * 100n)?.units).to.equal(owed);
  });
});

/** An asset of a dollar without interest, so many whole ones of it held and owed. */
function plain(id: bigint, decimals: bigint, held: bigint, owed: bigint): Holding {
  return {
    reserve: {
      ...{ asset: `asset ${String(id)}`, aToken: "", variableDebtToken: "", stableDebtToken: "", id },
      settings: {
        ...{ liquidationThresholdBps: 8_000n, liquidationBonusBps: 10_500n, decimals },
        ...{ active: true, frozen: false, paused: false, eModeCategory: 0n },
      },
      ...{ liquidityIndex: RAY, liquidityRate: 0n, variableIndex: RAY, variableRate: 0n, updatedAt: NOW },
    },
    price: 10n ** 8n,
    collateralScaled: held * 10n ** decimals,
    variableScaled: owed * 10n ** decimals,
    stableUnits: 0n,
    thresholdBps: 8_000n,
    bonusBps: 10_500n,
  };
}
