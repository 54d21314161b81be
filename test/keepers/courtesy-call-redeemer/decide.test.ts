import { expect } from "chai";

import { decide, type Decision } from "../../../keepers/courtesy-call-redeemer/decide.js";
import { explain } from "../../../keepers/courtesy-call-redeemer/explain.js";
import { parseOperators } from "../../../keepers/courtesy-call-redeemer/strategies/modes.js";
import {
  MODES,
  SKIP_REASONS,
  type Mode,
  type Reading,
  type Skip,
} from "../../../keepers/courtesy-call-redeemer/types.js";
import { UsageError } from "../../../protocol/errors.js";
import {
  actionOf,
  CHECKSUMMED,
  configOf,
  GWEI,
  HOUR,
  idOf,
  NOW,
  observationOf,
  OPERATOR,
  readingOf,
  STRANGER,
  WAD,
} from "./fixtures.js";

const chosenOf = ({ plan }: Decision): string[] => plan.chosen.map(({ candidate }) => candidate.position);
const reasonOf = ({ skips }: Decision, about = idOf(0)): string | undefined =>
  skips.find((skip) => skip.about === about)?.reason;
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof UsageError ? error.code : "other";
  }
  return undefined;
};
const ALL_WAYS = ["rescue", "call-and-rescue", "liquidate"] as const;

/** What is done about one position that offers every effect, harm included. */
function effectOf(mode: Mode, reading: Reading): string {
  const { id, sizeUnits } = reading.position;
  const options = ALL_WAYS.map((effect) => actionOf(id, sizeUnits - (effect === "liquidate" ? 1n : 0n), { effect }));
  const decision = decide({ ...observationOf([], 100n * WAD), positions: [{ reading, options }] }, configOf({ mode }));
  return decision.plan.chosen[0]?.action.effect ?? reasonOf(decision) ?? "";
}

describe("courtesy-call-redeemer: decide", () => {
  it("REDEEM-13 does what the mode allows and nothing that harms an operator", () => {
    const called = readingOf(0, 1n);
    const callable = readingOf(0, 1n, { stage: "open", healthBps: 12_400n });
    const near = readingOf(0, 1n, { stage: "open", healthBps: 12_800n });
    const pressing = readingOf(0, 1n, { stage: "open", healthBps: 11_100n });
    const table: Readonly<Record<Mode, readonly string[]>> = {
      watch: ["watch-only", "watch-only", "watch-only", "watch-only"],
      courtesy: ["rescue", "mode", "mode", "mode"],
      "self-courtesy": ["rescue", "call-and-rescue", "mode", "call-and-rescue"],
      preemptive: ["rescue", "call-and-rescue", "rescue", "call-and-rescue"],
      "service-provider": ["rescue", "call-and-rescue", "mode", "call-and-rescue"],
    };
    for (const mode of MODES)
      expect(
        [called, callable, near, pressing].map((reading) => effectOf(mode, reading)),
        mode,
      ).to.deep.equal(table[mode]);
  });

  // Without a look at the state, positions that are closed, being liquidated or not yet funded were tried: their health reads as 0.
  it("REDEEM-13 touches nothing that is not open or called, however bad its health reads", () => {
    for (const mode of MODES)
      for (const stage of ["setup", "rescuing", "liquidating", "closed"] as const) {
        const decision = decide(
          observationOf([readingOf(0, 1n, { stage, healthBps: 0n })], 100n * WAD),
          configOf({ mode }),
        );
        expect(chosenOf(decision)).to.deep.equal([]);
        expect(reasonOf(decision)).to.equal("not-redeemable");
        expect(decision.endangered).to.deep.equal([]);
      }
  });

  // An operator written with a checksum was never found.
  it("REDEEM-14 finds operators whatever the case of their addresses, and names what is no address", () => {
    for (const text of [OPERATOR, CHECKSUMMED, ` ${OPERATOR.toUpperCase().replace("0X", "0x")},${STRANGER},`]) {
      const operators = parseOperators(text, 0n);
      const decision = decide(observationOf([readingOf(0, 1n)], WAD), configOf({ operators }));
      expect(chosenOf(decision), text).to.deep.equal([idOf(0)]);
    }
    const other = parseOperators(idOf(77), 0n);
    expect(reasonOf(decide(observationOf([readingOf(0, 1n)], WAD), configOf({ operators: other })))).to.equal(
      "foreign-operator",
    );
    expect(codeOf(() => parseOperators(" , ", 0n))).to.equal("OPERATORS_EMPTY");
    expect(codeOf(() => parseOperators(`${OPERATOR},0x12`, 0n))).to.equal("OPERATOR_NOT_AN_ADDRESS");
    expect(codeOf(() => parseOperators(`*,${OPERATOR}`, 0n))).to.equal("OPERATORS_MIXED");
  });

  // Fee, ownership, allowance and gas were never looked at: what a way really costs comes from the protocol, and gas has its own budget.
  it("REDEEM-7 a fee on top and the price of gas decide whether a rescue is possible", () => {
    const reading = readingOf(0, 10n, { stage: "open", healthBps: 12_800n });
    const withFee = 10_005n * 10n ** 15n;
    const at = (tokenUnits: bigint, nativeWei: bigint): Decision =>
      decide(
        {
          ...observationOf([], tokenUnits, { balance: { tokenUnits, nativeWei } }),
          positions: [{ reading, options: [actionOf(idOf(0), withFee)] }],
        },
        configOf({ mode: "preemptive" }),
      );
    expect(chosenOf(at(withFee, WAD))).to.deep.equal([idOf(0)]);
    expect(reasonOf(at(10n * WAD, WAD))).to.equal("over-token-budget");
    expect(reasonOf(at(withFee, WAD / 100n))).to.equal("over-native-budget");
  });

  // The order of a cache decided who was saved.
  it("REDEEM-6 saves what is most urgent first, whatever the order in which positions were found", () => {
    const calm = [readingOf(0, 5n, { graceEndsAt: NOW + 5n * HOUR }), readingOf(1, 5n)];
    const pressing = readingOf(2, 5n, { graceEndsAt: NOW + HOUR / 2n });
    for (const found of [
      [...calm, pressing],
      [pressing, ...calm],
    ]) {
      const decision = decide(observationOf(found, 5n * WAD), configOf());
      expect(chosenOf(decision)).to.deep.equal([idOf(2)]);
      expect(decision.endangered.map(({ position }) => position)).to.deep.equal([idOf(2), idOf(1), idOf(0)]);
      expect(decision.plan.shortfall.tokenUnits).to.equal(10n * WAD);
      expect(decision.plan.uncovered.map(({ deadline }) => deadline)).to.deep.equal([NOW + 4n * HOUR, NOW + 5n * HOUR]);
    }
  });

  it("REDEEM-7 begins nothing twice, and leaves what is unpaid and must be settled", () => {
    const readings = [readingOf(0, 5n), readingOf(1, 5n)];
    const onItsWay = [{ position: idOf(0), unpaidUnits: 5n * WAD, unpaidGas: 800_000n, followUpGas: 500_000n }];
    const at = (tokens: bigint): Decision => decide(observationOf(readings, tokens * WAD, { onItsWay }), configOf());
    expect(chosenOf(at(9n))).to.deep.equal([]);
    expect(chosenOf(at(10n))).to.deep.equal([idOf(1)]);
    expect(reasonOf(at(100n))).to.equal("in-flight");
  });

  it("REDEEM-15 for others nothing is spent before the bounty covers the highest cost and the least margin", () => {
    const operators = parseOperators("*", WAD / 10n);
    // Gas limit and settling at the highest fee.
    const costWei = (800_000n + 500_000n) * 100n * GWEI;
    const at = (bountyWei: bigint): Decision =>
      decide(observationOf([readingOf(0, 1n, { bountyWei })], WAD), configOf({ operators }));
    expect(chosenOf(at(costWei + WAD / 10n))).to.deep.equal([idOf(0)]);
    const short = at(costWei + WAD / 10n - 1n);
    expect(chosenOf(short)).to.deep.equal([]);
    expect(short.skips).to.deep.equal([
      {
        about: idOf(0),
        reason: "bounty-too-small",
        now: costWei + WAD / 10n - 1n,
        needed: costWei + WAD / 10n,
        unit: "wei",
      },
    ]);
    expect(reasonOf(at(0n))).to.equal("bounty-too-small");
  });

  it("REDEEM-16 names a reason for every position it leaves alone, and every reason can be reached and explained", () => {
    const reached = new Map<string, Skip>();
    const note = ({ skips, plan }: Decision, count: number): void => {
      expect(skips.length + plan.chosen.length).to.equal(count);
      for (const skip of skips) reached.set(skip.reason, skip);
    };
    const blind: Reading = { ...readingOf(3, 1n, { stage: "open" }), healthBps: undefined };
    const readings = [
      readingOf(0, 1n, { stage: "closed" }),
      readingOf(1, 1n, { stage: "open", healthBps: 15_000n }),
      readingOf(2, 1n, { stage: "open", healthBps: 12_400n }),
      blind,
      readingOf(4, 1n, { loss: { kind: "penalty", repaidDebtWei: 1n, penaltyBps: 1n } }),
      readingOf(5, 1n),
      readingOf(6, 50n),
      readingOf(7, 5n),
      readingOf(8, 5n),
      { ...blind, position: readingOf(9, 1n).position, priced: { at: NOW - HOUR, isStale: true } },
    ];
    const onItsWay = [{ position: idOf(5), unpaidUnits: 0n, unpaidGas: 0n, followUpGas: 0n }];
    // Twice the same positions are the same positions.
    note(decide(observationOf([...readings, ...readings], 7n * WAD, { onItsWay }), configOf()), readings.length);
    const one = readingOf(0, 1n);
    const other = { kind: "own", addresses: new Set([idOf(50)]) } as const;
    note(decide(observationOf([one], WAD), configOf({ operators: other })), 1);
    note(decide(observationOf([one], WAD), configOf({ mode: "watch" })), 1);
    note(decide({ ...observationOf([], WAD), positions: [{ reading: one, options: [] }] }, configOf()), 1);
    for (const without of ["put-aside", "unreadable"] as const) {
      const positions = [{ reading: one, options: [], without }];
      note(decide({ ...observationOf([], WAD), positions }, configOf()), 1);
    }
    note(decide(observationOf([one], WAD), configOf({ token: idOf(60) })), 1);
    note(decide(observationOf([one], WAD), configOf({ operators: { kind: "service", minMarginWei: 1n } })), 1);
    note(decide(observationOf([one], WAD, { balance: { tokenUnits: WAD, nativeWei: 0n } }), configOf()), 1);
    expect([...reached.keys()].sort()).to.deep.equal([...SKIP_REASONS].sort());
    for (const skip of reached.values()) expect(explain(skip), skip.reason).to.not.match(/[{}]|undefined/);
  });
});
