/** How the market of the position manager stands. */
import type { Address } from "@solana/kit";

import { ZERO_ADDRESS } from "../../../protocol/solana/instructions.js";
import type { MarketParams } from "../../../protocol/solana/marketInstructions.js";
import { CLOSED, paramsAt, type FoundMarket } from "./state.js";

/** LOOSENING_SECONDS: how long the house may take what it asked for. */
const DAY_SECONDS = 86_400n;

export interface CollateralOfMarket {
  readonly mint: Address;
  /** For new positions. `waiting`: from `openFromSeconds` on. */
  readonly state: "open" | "waiting" | "closed";
  readonly openFromSeconds: bigint | null;
  readonly badDebtUnits: bigint;
  readonly profitUnpaidUnits: bigint;
  /** What the house may take back, at most, and when; null: it asked for nothing that still counts. */
  readonly houseAsks: { readonly units: bigint; readonly fromSeconds: bigint; readonly untilSeconds: bigint } | null;
}

export interface MarketStatus {
  readonly address: Address;
  /** `paused`: no new positions. */
  readonly state: "open" | "paused";
  readonly admin: Address;
  /** Null: stopped. */
  readonly priceAuthority: Address | null;
  readonly houseVault: Address;
  /** Null before the first price. */
  readonly price: { readonly nano: bigint; readonly ageSeconds: bigint; readonly fresh: boolean } | null;
  readonly longContracts: bigint;
  readonly shortContracts: bigint;
  readonly positions: bigint;
  readonly params: MarketParams;
  readonly pendingParams: { readonly params: MarketParams; readonly fromSeconds: bigint } | null;
  readonly collaterals: readonly CollateralOfMarket[];
}

export function marketStatus({ address, market, price }: FoundMarket, now: bigint): MarketStatus {
  const { current, next, isWaiting } = paramsAt(market, now);
  const ageSeconds = now - price.publishedAt;
  const fresh = ageSeconds <= BigInt(current.priceMaxAgeSeconds);
  return {
    ...{ address, admin: market.admin, houseVault: market.houseVault, positions: market.positions },
    state: now < market.pausedUntil ? "paused" : "open",
    priceAuthority: price.authority === ZERO_ADDRESS ? null : price.authority,
    price: price.price === 0n ? null : { nano: price.price, ageSeconds, fresh },
    ...{ longContracts: market.longSize, shortContracts: market.shortSize, params: current },
    pendingParams: isWaiting ? { params: next, fromSeconds: market.pendingParamsAt } : null,
    collaterals: market.collaterals
      .filter(({ mint }) => mint !== ZERO_ADDRESS)
      .map((collateral) => collateralStatus(collateral, now)),
  };
}

function collateralStatus(collateral: FoundMarket["market"]["collaterals"][number], now: bigint): CollateralOfMarket {
  const { mint, activeAt, badDebt, profitUnpaid, houseUnlock: units, houseUnlockAt: fromSeconds } = collateral;
  const untilSeconds = fromSeconds + DAY_SECONDS;
  const isWaiting = activeAt !== CLOSED && now < activeAt;
  return {
    mint,
    state: activeAt === CLOSED ? "closed" : isWaiting ? "waiting" : "open",
    openFromSeconds: isWaiting ? activeAt : null,
    ...{ badDebtUnits: badDebt, profitUnpaidUnits: profitUnpaid },
    houseAsks: units > 0n && now < untilSeconds ? { units, fromSeconds, untilSeconds } : null,
  };
}
