import { integer, scaled, setting, type Settings } from "../../../../kit/env.js";

const TBTC_DECIMALS = 18;
const ETHER_DECIMALS = 18;
const BTC_DECIMALS = 8;

/** What signers bond for a new deposit: with more wanted, each would be opened and never paid. */
const MOST_COLLATERAL_PERCENT = 150;

/** Settings of minting. Keys carry the unit of the parsed value. */
export const mintSettings = {
  mintTargetUnits: setting({
    env: "REDEEMER_MINT_TARGET_TBTC",
    schema: scaled(TBTC_DECIMALS, "TBTC"),
    default: "0",
    doc: "TBTC that the wallet should have; what is missing is minted from the bitcoin at `BTC_WALLET_PUBLIC_KEY`. 0: nothing is minted.",
  }),
  mintMaxOpen: setting({
    env: "REDEEMER_MINT_MAX_OPEN",
    schema: integer(1, 100),
    default: "1",
    doc: "Most mints that are under way at a time.",
  }),
  mintMaxSatPerDay: setting({
    env: "REDEEMER_MINT_MAX_BTC",
    schema: scaled(BTC_DECIMALS, "BTC"),
    default: "1",
    doc: "Most bitcoin that is paid to deposits in any 24 hours, and so the largest lot.",
  }),
  mintMaxBitcoinFeeSat: setting({
    env: "REDEEMER_MINT_MAX_BTC_FEE",
    schema: scaled(BTC_DECIMALS, "BTC"),
    default: "0.0005",
    doc: "Most that the payment to a deposit may give miners, in BTC; where twice the rate of the next block is more, it waits.",
  }),
  mintMaxCreationFeeWei: setting({
    env: "REDEEMER_MINT_MAX_OPENING_ETH",
    schema: scaled(ETHER_DECIMALS, "ether"),
    default: "0.05",
    doc: "Most that opening a deposit may cost beside gas, in ether.",
  }),
  mintMinCollateralPercent: setting({
    env: "REDEEMER_MINT_MIN_COLLATERAL",
    schema: integer(100, MOST_COLLATERAL_PERCENT).transform(BigInt),
    default: "140",
    doc: "Least collateral of a new deposit, percent, with which bitcoin is sent to it; none begins with more than 150.",
  }),
} as const satisfies Settings;
