/** What a run of the local world says of the bridge. */
import { tokenNames } from "../../../protocol/params/schema.js";
import { percentile } from "../../stats/distribution.js";
import type { KeeperReport } from "../copies.js";
import { inFlightUnits, isInFlight, type TokenFacts } from "./conservation.js";
import type { Crossing } from "./crossings.js";

/** Messages and processes that suffered a fault, counted once it has had its effect. */
export interface FaultCounts {
  delayed: number;
  duplicated: number;
  reordered: number;
  dropped: number;
  attestorKills: number;
  reorgs: number;
  /** Looks of keepers at a block that was taken away meanwhile. */
  failedLooks: number;
}

export interface BridgeFigures {
  readonly latencySeconds: number;
  readonly sent: number;
  readonly delivered: number;
  readonly refunded: number;
  readonly inFlight: number;
  /** From being sent to being paid, seconds of the chains. */
  readonly deliverySeconds: { readonly p50: number; readonly max: number };
  /** Base units, by the books at the end. */
  readonly tokens: Readonly<
    Record<string, { readonly lockedUnits: string; readonly mintedUnits: string; readonly inFlightUnits: string }>
  >;
  readonly conservation: {
    /** How often both ends were compared. */
    readonly checks: number;
    readonly violations: number;
    readonly list: readonly string[];
  };
  /** Only with --faults bridge. */
  readonly faults?: FaultCounts;
}

/** By name: those that work at both ends of the bridge. */
export type BridgeKeepers = Readonly<Record<string, KeeperReport>>;

export interface BridgeEnd {
  readonly latencySeconds: number;
  readonly crossings: readonly Crossing[];
  readonly tokens: readonly TokenFacts[];
  readonly checks: number;
  readonly violations: ReadonlySet<string>;
  readonly faults: FaultCounts | undefined;
}

export function bridgeFigures(end: BridgeEnd): BridgeFigures {
  const { crossings, tokens, checks, violations, faults } = end;
  const count = (holds: (crossing: Crossing) => boolean): number => crossings.filter(holds).length;
  const seconds = crossings
    .flatMap(({ sentAt, deliveredAt }) =>
      sentAt === undefined || deliveredAt === undefined ? [] : [deliveredAt - sentAt],
    )
    .sort((a, b) => a - b);
  const facts = new Map(tokens.map((each) => [each.token, each]));
  return {
    latencySeconds: end.latencySeconds,
    sent: count(({ sent }) => sent > 0),
    delivered: count(({ delivered }) => delivered > 0),
    refunded: count(({ refunded }) => refunded > 0),
    inFlight: count(isInFlight),
    deliverySeconds: { p50: percentile(seconds, 0.5), max: percentile(seconds, 1) },
    tokens: Object.fromEntries(
      tokenNames.map((token) => [
        token,
        {
          lockedUnits: String(facts.get(token)?.lockedUnits ?? 0n),
          mintedUnits: String(facts.get(token)?.mintedUnits ?? 0n),
          inFlightUnits: String(inFlightUnits(token, crossings)),
        },
      ]),
    ),
    conservation: { checks, violations: violations.size, list: [...violations] },
    ...(faults === undefined ? {} : { faults: { ...faults } }),
  };
}
