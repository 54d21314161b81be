/**
 * What of a deposit never changes, read once and kept as long as the process lives. Nothing of it is believed when something is spent:
 * what a call costs is asked on the block it is made for.
 */
import type { ChainClient } from "../../../kit/provider.js";
import { readPinned } from "../../../kit/providers/pinned.js";
import type { BlockRef, Position, Thresholds } from "../../types.js";
import { addressOf, meant, numberOf, view } from "./views.js";

export interface DepositFacts {
  readonly keep: string;
  readonly lotSat: bigint;
  readonly thresholds: Thresholds;
  /** Whole percent: collateral when it was opened. */
  readonly initialPercent: bigint;
}

const VIEWS = [
  "keepAddress",
  "lotSizeSatoshis",
  "undercollateralizedThresholdPercent",
  "severelyUndercollateralizedThresholdPercent",
  "initialCollateralizedPercent",
] as const;
const BPS_PER_PERCENT = 100n;

export class FactsCache {
  private readonly known = new Map<string, DepositFacts>();

  constructor(private readonly client: Pick<ChainClient, "ask">) {}

  /** Facts by position; those are missing where no deposit is at that block. */
  async of(positions: readonly Position[], block: BlockRef): Promise<ReadonlyMap<string, DepositFacts>> {
    const missing = positions.filter(({ id }) => !this.known.has(id));
    const views = missing.flatMap(({ id }) => VIEWS.map((name) => view("deposit", id, name)));
    const answers = await readPinned(
      this.client,
      block,
      views.map(({ read }) => read),
    );
    for (const [index, { id }] of missing.entries()) {
      const own = views.slice(index * VIEWS.length, (index + 1) * VIEWS.length);
      const results = own.map((one, part) => meant(one, answers[index * VIEWS.length + part]));
      const [keep, lot, call, liquidate, initial] = results;
      if (keep === undefined || lot === undefined || call === undefined) continue;
      if (liquidate === undefined || initial === undefined) continue;
      // Zeros are what something else than a deposit says.
      if (numberOf(lot) === 0n || numberOf(initial) === 0n) continue;
      this.known.set(id, {
        keep: addressOf(keep),
        lotSat: numberOf(lot),
        thresholds: {
          callBelowBps: numberOf(call) * BPS_PER_PERCENT,
          liquidateBelowBps: numberOf(liquidate) * BPS_PER_PERCENT,
        },
        initialPercent: numberOf(initial),
      });
    }
    return this.known;
  }

  clear(): void {
    this.known.clear();
  }
}
