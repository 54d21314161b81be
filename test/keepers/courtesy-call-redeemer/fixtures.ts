/** Positions and ways to rescue them as a protocol with lots, a fee for rescuing early, and 18 decimals would show them. */
import { getAddress } from "ethers";

import type { DecideConfig, Observation } from "../../../keepers/courtesy-call-redeemer/decide.js";
import type { Candidate, Means } from "../../../keepers/courtesy-call-redeemer/strategies/planner.js";
import type { UrgencyPolicy } from "../../../keepers/courtesy-call-redeemer/strategies/urgency.js";
import type { Action, Reading } from "../../../keepers/courtesy-call-redeemer/types.js";

export const WAD = 10n ** 18n;
export const GWEI = 10n ** 9n;
export const HOUR = 3_600n;
export const NOW = 1_700_000_000n;
export const TOKEN = `0x${"70".repeat(20)}`;
export const OPERATOR = "0xabcdef0123456789abcdef0123456789abcdef01";
export const CHECKSUMMED = getAddress(OPERATOR);
export const STRANGER = `0x${"5e".repeat(20)}`;

/** The address of the n-th position: rises with n. */
export function idOf(n: number): string {
  return `0x${(n + 1).toString(16).padStart(40, "0")}`;
}

export function actionOf(position: string, costUnits: bigint, change: Partial<Action> = {}): Action {
  return {
    position,
    effect: "rescue",
    calls: [{ to: position, data: "0x", valueWei: 0n }],
    costToken: TOKEN,
    costUnits,
    expenseWei: 0n,
    gasLimit: 800_000n,
    gasEstimate: 460_000n,
    followUpGas: 500_000n,
    ...change,
  };
}

/** A called position of so many whole tokens whose loss is 28 native coins a token. */
export function candidateOf(n: number, tokens: bigint, change: Partial<Candidate> = {}): Candidate {
  const position = idOf(n);
  const sizeUnits = tokens * WAD;
  const usual: Candidate = {
    position,
    urgency: "B",
    sizeUnits,
    deadline: NOW + 4n * HOUR,
    atStakeWei: 28n * sizeUnits,
    options: [actionOf(position, sizeUnits)],
  };
  return { ...usual, ...change };
}

export function meansOf(tokenUnits: bigint, change: Partial<Means> = {}): Means {
  return {
    token: TOKEN,
    tokenUnits,
    nativeWei: 1_000n * WAD,
    gasPriceWei: 20n * GWEI,
    maxFeePerGasWei: 100n * GWEI,
    batchGasLimit: 60_000n,
    sumLimit: 1_000_000,
    ...change,
  };
}

export const URGENCY: UrgencyPolicy = {
  dangerBufferBps: 200n,
  urgentSeconds: HOUR,
  safetyMarginSeconds: 45n * 60n,
  preemptBelowBps: 13_000n,
  likelihoodBps: { A: 9_500n, B: 9_000n, C: 6_000n, D: 1_000n },
};

/** One unit of debt worth 31.25 native coins, with three operators of which one is looked after. */
export function readingOf(n: number, tokens: bigint, change: Partial<Reading> = {}): Reading {
  const debtWei = (tokens * WAD * 3_125n) / 100n;
  const healthBps = change.healthBps ?? 12_400n;
  return {
    position: { id: idOf(n), operators: [STRANGER, CHECKSUMMED, `0x${"99".repeat(20)}`], sizeUnits: tokens * WAD },
    stage: "called",
    healthBps,
    thresholds: { callBelowBps: 12_500n, liquidateBelowBps: 11_000n },
    graceEndsAt: NOW + 4n * HOUR,
    loss: {
      kind: "auction",
      collateralWei: (debtWei * healthBps) / 10_000n,
      debtWei,
      takerCostWei: WAD / 100n,
      startBps: 6_600n,
      restLostBps: 5_000n,
    },
    bountyWei: 0n,
    ...change,
  };
}

export function configOf(change: Partial<DecideConfig> = {}): DecideConfig {
  return {
    mode: "courtesy",
    operators: { kind: "own", addresses: new Set([OPERATOR]) },
    urgency: URGENCY,
    token: TOKEN,
    reserve: { tokenUnits: 0n, nativeWei: 0n },
    maxFeePerGasWei: 100n * GWEI,
    batchGasLimit: 60_000n,
    sumLimit: 1_000_000,
    ...change,
  };
}

/** Every position with one way to rescue it at its size. */
export function observationOf(
  readings: readonly Reading[],
  tokenUnits: bigint,
  change: Partial<Observation> = {},
): Observation {
  return {
    block: { number: 7, hash: `0x${"b1".repeat(32)}`, timestamp: NOW },
    positions: readings.map((reading) => ({
      reading,
      options: [actionOf(reading.position.id, reading.position.sizeUnits)],
    })),
    balance: { tokenUnits, nativeWei: 1_000n * WAD },
    onItsWay: [],
    gasPriceWei: 20n * GWEI,
    ...change,
  };
}
