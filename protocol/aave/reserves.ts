/** What Aave v3 packs into one word: settings of a reserve, and what an account does with every reserve. */

export interface ReserveSettings {
  /** Basis points; 0: no collateral for anybody. */
  readonly liquidationThresholdBps: bigint;
  /** What a liquidator gets for what he pays, basis points: 10,500 is 5 % more. */
  readonly liquidationBonusBps: bigint;
  readonly decimals: bigint;
  readonly active: boolean;
  readonly frozen: boolean;
  readonly paused: boolean;
  /** 0: none. */
  readonly eModeCategory: bigint;
}

export function reserveSettings(word: bigint): ReserveSettings {
  return {
    liquidationThresholdBps: field(word, 16n, 16n),
    liquidationBonusBps: field(word, 32n, 16n),
    decimals: field(word, 48n, 8n),
    active: field(word, 56n, 1n) === 1n,
    frozen: field(word, 57n, 1n) === 1n,
    paused: field(word, 60n, 1n) === 1n,
    eModeCategory: field(word, 168n, 8n),
  };
}

export function isBorrowing(word: bigint, reserveId: bigint): boolean {
  return field(word, 2n * reserveId, 1n) === 1n;
}

export function usesAsCollateral(word: bigint, reserveId: bigint): boolean {
  return field(word, 2n * reserveId + 1n, 1n) === 1n;
}

function field(word: bigint, from: bigint, bits: bigint): bigint {
  return (word >> from) & ((1n << bits) - 1n);
}
