/** What a difference between two chains is called. */
export type PairCode =
  | "ADDRESS_DIFFERS"
  | "CODE_DIFFERS"
  | "ROLES_DIFFER"
  | "PEERS_DIFFER"
  | "ATTESTORS_DIFFER"
  | "LANE_MODES_DIFFER"
  | "LIMITS_DIFFER";

/** Something that does not fit between two chains; `found` says what each has, by the name of its network. */
export interface PairDifference {
  readonly code: PairCode;
  readonly id: string;
  readonly found: Readonly<Record<string, string>>;
  readonly expected: string;
}

/** What one of the two chains says about something. */
export type Side = readonly [network: string, found: string];

export function pairDifference(code: PairCode, id: string, here: Side, there: Side, expected: string): PairDifference {
  return { code, id, found: Object.fromEntries([here, there]), expected };
}
