/** What the books value settled transactions by: the oracle's own prices, asked while something is on its way, so that quiet blocks cost nothing. */
import { IXAUOracle__factory } from "../../protocol/generated/contracts/index.js";
import { describeError, type KeeperLog } from "../kit/logger.js";
import { NATIVE_ASSET } from "../kit/pnl/postings.js";
import type { ChainClient } from "../kit/provider.js";

const oracleAbi = IXAUOracle__factory.createInterface();
/** Base units that are valued: enough digits for tokens of 6 decimals and more. */
const SAMPLE_UNITS = 10n ** 18n;

export class PriceBook {
  private readonly xauWeiPerSample = new Map<string, bigint>();

  constructor(
    private readonly client: Pick<ChainClient, "request">,
    private readonly oracle: string,
    private readonly tokens: readonly string[],
    private readonly log: KeeperLog,
  ) {}

  /** The chain's coin: XAU wei for 10^18 wei, as the stabilizer values gas. */
  setNative(xauWeiPerEther: bigint): void {
    this.xauWeiPerSample.set(NATIVE_ASSET, xauWeiPerEther);
  }

  /** Never throws: a price that cannot be read stays what it was. */
  async refresh(): Promise<void> {
    await Promise.all(
      this.tokens.map(async (token) => {
        try {
          const data = oracleAbi.encodeFunctionData("valueInXau", [token, SAMPLE_UNITS]);
          const answer = String(await this.client.request("eth_call", [{ to: this.oracle, data }, "latest"]));
          const [xauWei] = oracleAbi.decodeFunctionResult("valueInXau", answer);
          this.xauWeiPerSample.set(token.toLowerCase(), BigInt(String(xauWei)));
        } catch (error) {
          this.log.debug("prices.unknown", { token, ...describeError(error) });
        }
      }),
    );
  }

  /** Rounded towards zero; undefined for an asset that was never priced. */
  readonly valueXauWei = (asset: string, amount: bigint): bigint | undefined => {
    const price = this.xauWeiPerSample.get(asset.toLowerCase());
    return price === undefined ? undefined : (amount * price) / SAMPLE_UNITS;
  };
}
