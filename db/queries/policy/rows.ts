/** Whose policy. */
export interface PolicyOf {
  readonly role: string;
  readonly chainId: string;
}

/** Explained in migration 0150. */
export interface MeterRow {
  readonly meter: string;
  readonly level: bigint;
  readonly atUs: bigint;
}

/** How a policy came into force; explained in migration 0152. */
export type PolicyAcceptance = "first" | "local" | "named";
