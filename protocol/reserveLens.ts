/** Reads ReserveLens: the five capital buckets, the reserves behind each token, and the refills that anyone could make. */
import { PermanentError } from "./errors.js";
import { ICapitalBuckets__factory, IReserveLens__factory, type IReserveLens } from "./generated/contracts/index.js";

/** ICapitalBuckets.Bucket in order, by the letters of docs/reserves.md. The order is ABI. */
export const BUCKETS = ["A", "B", "C", "D", "E"] as const;
export type BucketLetter = (typeof BUCKETS)[number];

/** ICapitalBuckets.RefillReason in order. The order is ABI, and the order in which the contract asks. */
export const REFILL_REASONS = [
  "NONE",
  "PAUSED",
  "NO_POLICY",
  "NO_HOLDER",
  "NO_PEG_BOARD",
  "HALTED",
  "COOLDOWN",
  "NOT_LOW",
  "ORACLE_DOUBT",
  "BELOW_MINIMUM",
] as const;
export type RefillReason = (typeof REFILL_REASONS)[number];

/** IReserveSystem.Tier in order: the worst first. The order is ABI. */
export const TIERS = ["BREACHED", "FLOOR", "WARN", "POLICY", "TARGET"] as const;
export type Tier = (typeof TIERS)[number];

/** Reserves behind one token, token base units. */
export interface ReserveView {
  readonly reserveUnits: bigint;
  readonly peakUnitsPerMinute: bigint;
  readonly windowUnits: bigint;
  readonly requiredFloorUnits: bigint;
  readonly requiredPolicyUnits: bigint;
  /** Reserve ÷ floor, 1e18 = at the floor. */
  readonly ratioWad: bigint;
  readonly replenishSeconds: bigint;
  readonly secondsToExhaustion: bigint;
  readonly tier: Tier;
}

export interface TokenReserves {
  readonly token: string;
  /** null: a holder did not answer. Base units. */
  readonly bucketUnits: Readonly<Record<BucketLetter, bigint>> | null;
  /** In C and in the buckets' own contract beyond the books. */
  readonly surplusUnits: bigint;
  /** null: no reserve system watches the token, or it cannot read its reserves. */
  readonly reserve: ReserveView | null;
}

/** The best refill of one bucket in one token. */
export interface RefillView {
  readonly bucket: BucketLetter;
  readonly scarce: string;
  readonly surplusToken: string;
  readonly reason: RefillReason;
  readonly allowedUnits: bigint;
  readonly paidUnits: bigint;
  /** Unix seconds before which the cooldown refuses. */
  readonly readyAt: bigint;
}

export interface ReserveSnapshot {
  readonly blockNumber: bigint;
  readonly timestamp: bigint;
  readonly tokens: readonly TokenReserves[];
  readonly refills: readonly RefillView[];
}

const lensAbi = IReserveLens__factory.createInterface();
/** The ABI that names a refill's reverts first. */
export const bucketsAbi = ICapitalBuckets__factory.createInterface();
type Raw = Awaited<ReturnType<IReserveLens["snapshot"]>>;

/** A refill takes 403,411 gas (`npm run bench -- gas`); what is not used is not paid. */
export const REFILL_GAS_LIMIT = 700_000n;
/** What a refill may cost beyond its quote, because the oracle may move until it is mined: half a percent, in bps. */
const PAID_HEADROOM_BPS = 50n;
const BPS = 10_000n;

/** The call that reads everything. */
export function reserveSnapshotCall(lensAddress: string): { readonly to: string; readonly data: string } {
  return { to: lensAddress, data: lensAbi.encodeFunctionData("snapshot") };
}

/** The call that reads the refills alone. */
export function refillsCall(lensAddress: string): { readonly to: string; readonly data: string } {
  return { to: lensAddress, data: lensAbi.encodeFunctionData("refills") };
}

/** Decodes the answer to `refillsCall`. @throws PermanentError RESERVE_STATE_UNKNOWN */
export function decodeRefills(data: string): readonly RefillView[] {
  const [raw] = lensAbi.decodeFunctionResult("refills", data) as unknown as [Raw["refills"]];
  return raw.map(refillView);
}

/** Arguments of a refill as quoted, by name; pays at most half a percent more than the quote, rounded up. */
export function refillArgs({ bucket, scarce, surplusToken, allowedUnits, paidUnits }: RefillView) {
  const maxPaidUnits = (paidUnits * (BPS + PAID_HEADROOM_BPS) + BPS - 1n) / BPS;
  return { bucket: BigInt(BUCKETS.indexOf(bucket)), scarce, surplusToken, amountUnits: allowedUnits, maxPaidUnits };
}

/** Calldata of that refill. */
export function encodeRefill(refill: RefillView): string {
  const { bucket, scarce, surplusToken, amountUnits, maxPaidUnits } = refillArgs(refill);
  return bucketsAbi.encodeFunctionData("refill", [bucket, scarce, surplusToken, amountUnits, maxPaidUnits]);
}

/** Decodes the lens's answer. @throws PermanentError RESERVE_STATE_UNKNOWN when the contracts are newer than this program. */
export function decodeReserveSnapshot(data: string): ReserveSnapshot {
  const [raw] = lensAbi.decodeFunctionResult("snapshot", data) as unknown as [Raw];
  return {
    blockNumber: raw.blockNumber,
    timestamp: raw.timestamp,
    tokens: raw.tokens.map((view) => ({
      token: view.token,
      bucketUnits: view.bucketsReadable ? byLetter(view.bucketUnits) : null,
      surplusUnits: view.flashSurplusUnits + view.ownSurplusUnits,
      reserve: view.reserveReadable ? reserveView(view.reserve) : null,
    })),
    refills: raw.refills.map(refillView),
  };
}

function refillView(view: Raw["refills"][number]): RefillView {
  return {
    bucket: nameOf(BUCKETS, view.bucket),
    scarce: view.scarce,
    surplusToken: view.surplusToken,
    reason: nameOf(REFILL_REASONS, view.reason),
    allowedUnits: view.allowedUnits,
    paidUnits: view.paidUnits,
    readyAt: view.readyAt,
  };
}

function reserveView(state: Raw["tokens"][number]["reserve"]): ReserveView {
  return {
    reserveUnits: state.reserveUnits,
    peakUnitsPerMinute: state.peakUnits,
    windowUnits: state.windowUnits,
    requiredFloorUnits: state.requiredFloorUnits,
    requiredPolicyUnits: state.requiredPolicyUnits,
    ratioWad: state.ratioWad,
    replenishSeconds: state.replenishSeconds,
    secondsToExhaustion: state.secondsToExhaustion,
    tier: nameOf(TIERS, state.tier),
  };
}

function byLetter(units: readonly bigint[]): Record<BucketLetter, bigint> {
  const [A = 0n, B = 0n, C = 0n, D = 0n, E = 0n] = units;
  return { A, B, C, D, E };
}

function nameOf<T extends string>(names: readonly T[], value: bigint): T {
  const name = names[Number(value)];
  if (name !== undefined) return name;
  throw new PermanentError(
    "RESERVE_STATE_UNKNOWN",
    `ReserveLens answered ${value.toString()}; this program knows 0 … ${String(names.length - 1)} (${names.join(", ")})`,
    "update the program to the version of the contracts",
  );
}
