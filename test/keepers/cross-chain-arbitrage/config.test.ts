import { expect } from "chai";

import { decideConfigOf, loadConfigs, reservedUnits } from "../../../keepers/cross-chain-arbitrage/config.js";
import { ConfigError } from "../../../keepers/kit/env.js";
import { PAIR } from "./fixtures.js";

/** Variables that are named by the problems of a configuration. */
function problemsOf(env: Record<string, string>, network = "localhost"): readonly string[] {
  try {
    loadConfigs(network, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.env);
    throw error;
  }
}

describe("keepers/cross-chain-arbitrage/config", () => {
  it("knows the other end of a local network, and gives it the next port", () => {
    const [first, other] = loadConfigs("localhost651940", { KEEPER_HTTP_PORT: "9000", KEEPER_HEARTBEAT_URL: "" });
    expect([first.network.chainId, other.network.chainId]).to.deep.equal([651_940, 138]);
    expect([first.httpPort, other.httpPort]).to.deep.equal([9_000, 9_001]);
  });

  it("refuses ends that do not go together, and bounds that contradict each other", () => {
    expect(problemsOf({ ARBITRAGE_REMOTE: "localhost" })).to.deep.equal(["ARBITRAGE_REMOTE"]);
    const live = { CHAIN138_RPC_URL: "https://one.example,https://two.example" };
    expect(problemsOf({ ARBITRAGE_REMOTE: "chain138", ...live })).to.include("ARBITRAGE_REMOTE");
    expect(problemsOf({ ARBITRAGE_DEFEND_TO_BPS: "13" })).to.deep.equal(["ARBITRAGE_DEFEND_TO_BPS"]);
    expect(problemsOf({ ARBITRAGE_MIN_TRADE_XAU: "41" })).to.deep.equal(["ARBITRAGE_MIN_TRADE_XAU"]);
    expect(problemsOf({ ARBITRAGE_REPAIR_ACCEPT_BPS: "51" })).to.deep.equal(["ARBITRAGE_REPAIR_ACCEPT_BPS"]);
    expect(problemsOf({ ARBITRAGE_TARGET_SHARE_BPS: "5001" })).to.deep.equal(["ARBITRAGE_TARGET_SHARE_BPS"]);
    expect(problemsOf({ ARBITRAGE_LOW_SHARE_BPS: "5001" })).to.deep.equal(["ARBITRAGE_LOW_SHARE_BPS"]);
    expect(problemsOf({ ARBITRAGE_DEADLINE_SECONDS: "3601", ARBITRAGE_TYPO: "1" })).to.have.members([
      "ARBITRAGE_DEADLINE_SECONDS",
      "ARBITRAGE_TYPO",
    ]);
  });

  it("tells the decision rates of one and seconds, and holds reserves back on both chains", () => {
    const [config] = loadConfigs("localhost", {
      ARBITRAGE_RESERVES: "cUSDT=1.5, XAU=2",
      ARBITRAGE_SLIPPAGE_BPS: "2.5",
    });
    const told = decideConfigOf(config, [PAIR]);
    expect(told.pairs).to.deep.equal([{ pair: PAIR, base: "cUSDT", quote: "cUSDC" }]);
    expect([told.thresholdRate, told.slippageRate]).to.deep.equal([12n * 10n ** 14n, 25n * 10n ** 13n]);
    expect([told.cooldownSeconds, told.repair.maxAttempts]).to.deep.equal([4n, 5]);
    const reserved = reservedUnits(config, ["138", "651940"], (token) => (token === "XAU" ? 18 : 6));
    expect(Object.fromEntries(reserved)).to.deep.equal({
      ...{ "138:cUSDT": 1_500_000n, "651940:cUSDT": 1_500_000n },
      ...{ "138:XAU": 2n * 10n ** 18n, "651940:XAU": 2n * 10n ** 18n },
    });
    for (const wrong of ["cUSDT", "cUSDT=-1", "none=1", "cUSDT=1e3"])
      expect(problemsOf({ ARBITRAGE_RESERVES: wrong }), wrong).to.deep.equal(["ARBITRAGE_RESERVES"]);
  });
});
