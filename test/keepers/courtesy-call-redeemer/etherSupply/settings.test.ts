import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";

import { loadConfig } from "../../../../keepers/courtesy-call-redeemer/config.js";
import { uniswapAddresses } from "../../../../keepers/courtesy-call-redeemer/etherSupply/uniswap/addresses.js";
import { ConfigError, type Env } from "../../../../keepers/kit/env.js";
import { UNISWAP_MAINNET } from "../../../../protocol/uniswap/addresses.js";
import { codeThrown } from "../../../helpers/thrown.js";
import { WAD } from "../fixtures.js";

const BASE: Env = {
  OPERATORS: `0x${"11".repeat(20)}`,
  MAINNET_RPC_URL: "http://127.0.0.1:1",
  REDEEMER_MODE: "courtesy",
  BTC_WALLET_PUBLIC_KEY: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
};
const ON: Env = {
  ...BASE,
  REDEEMER_SWAP_TARGET_ETH: "3",
  REDEEMER_SWAP_MAX: "0.5",
  REDEEMER_SWAP_PER_DAY: "1",
  REDEEMER_SWAP_LEAST_RATE: "10",
};
const WBTC = "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599";

/** Variables that are wrong. */
function wrong(env: Env): readonly string[] {
  try {
    loadConfig("mainnet", env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.env);
    throw error;
  }
}

describe("supply with ether: settings", () => {
  it("ETHSUPPLY-8 is off by default, and asks for every limit that nobody can guess", () => {
    expect(loadConfig("mainnet", BASE).swap).to.equal(undefined);
    expect(loadConfig("mainnet", { ...ON, REDEEMER_SWAP_TARGET_ETH: "0" }).swap).to.equal(undefined);
    expect(loadConfig("mainnet", ON).swap).to.deep.include({
      ...{ targetWei: 3n * WAD, floorWei: 0n, mostUnits: WAD / 2n, unitsPerDay: WAD, leastRateWei: 10n * WAD },
      ...{ poolFee: 3_000n, maxDeviationBps: 200n, maxSlippageBps: 50n, averageSeconds: 1_800, deadlineSeconds: 600 },
      token: { symbol: "TBTC", decimals: 18, address: undefined },
    });
    expect(wrong({ ...BASE, REDEEMER_SWAP_TARGET_ETH: "3" })).to.have.members([
      ...["REDEEMER_SWAP_MAX", "REDEEMER_SWAP_PER_DAY", "REDEEMER_SWAP_LEAST_RATE"],
    ]);
    expect(wrong({ ...ON, REDEEMER_MODE: "watch" })).to.deep.equal(["REDEEMER_SWAP_TARGET_ETH"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_FLOOR_ETH: "3.1" })).to.deep.equal(["REDEEMER_SWAP_FLOOR_ETH"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_MAX: "0.6" })).to.deep.equal(["REDEEMER_SWAP_MAX"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_MAX: "0" })).to.deep.equal(["REDEEMER_SWAP_MAX"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_POOL_FEE: "1234" })).to.deep.equal(["REDEEMER_SWAP_POOL_FEE"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_SLIPPAGE_PERCENT: "100" })).to.deep.equal(["REDEEMER_SWAP_SLIPPAGE_PERCENT"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_DEVIATION_PERCENT: "100" })).to.deep.equal(["REDEEMER_SWAP_DEVIATION_PERCENT"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_AVERAGE_SECONDS: "10" })).to.deep.equal(["REDEEMER_SWAP_AVERAGE_SECONDS"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_ROUTER: WBTC })).to.deep.equal(["REDEEMER_SWAP_ROUTER"]);
  });

  it("ETHSUPPLY-8 amounts are whole tokens of what is sold, with its decimals and no more", () => {
    const other = { ...ON, REDEEMER_SWAP_TOKEN: `WBTC:8:${WBTC}` };
    expect(loadConfig("mainnet", other).swap).to.deep.include({
      ...{ mostUnits: 50_000_000n, unitsPerDay: 100_000_000n },
      token: { symbol: "WBTC", decimals: 8, address: WBTC.toLowerCase() },
    });
    expect(wrong({ ...other, REDEEMER_SWAP_MAX: "0.123456789" })).to.deep.equal(["REDEEMER_SWAP_MAX"]);
    expect(wrong({ ...other, REDEEMER_SWAP_KEEP: "-1" })).to.deep.equal(["REDEEMER_SWAP_KEEP"]);
    expect(wrong({ ...ON, REDEEMER_SWAP_TOKEN: "WBTC" })).to.deep.equal(["REDEEMER_SWAP_TOKEN"]);
  });

  it("ETHSUPPLY-8 addresses are the published ones or those of a whole file", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "cantilever-swap-"));
    try {
      const file = path.join(folder, "uniswap.json");
      const code = (): string => codeThrown(() => uniswapAddresses(138, file));
      expect(uniswapAddresses(1, undefined)).to.deep.equal(UNISWAP_MAINNET);
      expect(codeThrown(() => uniswapAddresses(138, undefined))).to.equal("UNISWAP_NOT_PUBLISHED");
      expect(code()).to.equal("SWAP_FILE_UNREADABLE");
      writeFileSync(file, JSON.stringify({ ...UNISWAP_MAINNET, router: "0x12" }));
      expect(code()).to.equal("SWAP_FILE_UNREADABLE");
      writeFileSync(file, JSON.stringify(UNISWAP_MAINNET));
      expect(uniswapAddresses(138, file)).to.deep.equal(UNISWAP_MAINNET);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
