/** What the books of one chain value settled transactions by: the oracle's own prices, as they were seen last. */
import { NATIVE_ASSET } from "../kit/pnl/postings.js";
import type { ChainSnapshot } from "./types.js";

interface Price {
  /** XAU wei per whole token. */
  readonly xauWad: bigint;
  readonly decimals: number;
}

const COIN_DECIMALS = 18;

export class Prices {
  private readonly prices = new Map<string, Price>();

  constructor(private readonly addressOf: (token: string) => string) {}

  /** Whether there is a price for everything that was seen. */
  get complete(): boolean {
    return this.prices.size > 0 && [...this.prices.values()].every(({ xauWad }) => xauWad > 0n);
  }

  /** A price that the oracle does not tell now stays what it was. */
  see({ readable, tokens, nativePriceXauWei }: ChainSnapshot): void {
    if (!readable) return;
    this.prices.set(NATIVE_ASSET, { xauWad: nativePriceXauWei, decimals: COIN_DECIMALS });
    for (const { token, priceXauWad, decimals } of tokens) {
      const asset = this.addressOf(token).toLowerCase();
      if (priceXauWad > 0n || !this.prices.has(asset)) this.prices.set(asset, { xauWad: priceXauWad, decimals });
    }
  }

  /** Rounded towards zero; undefined for an asset that was never priced. */
  readonly valueXauWei = (asset: string, amount: bigint): bigint | undefined => {
    const price = this.prices.get(asset.toLowerCase());
    return price === undefined || price.xauWad === 0n
      ? undefined
      : (amount * price.xauWad) / 10n ** BigInt(price.decimals);
  };
}
