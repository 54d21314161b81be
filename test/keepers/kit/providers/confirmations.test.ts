import { expect } from "chai";
import { formatUnits } from "ethers";
import fc from "fast-check";

import { loadConfig } from "../../../../keepers/deviation-stabilizer/config.js";
import { ConfigError } from "../../../../keepers/kit/env.js";
import { NO_OP_ACTION, type Action } from "../../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../../keepers/kit/policy/gate.js";
import { confirmationsFor, confirmationTiers } from "../../../../keepers/kit/providers/confirmations.js";
import { stakeXauWei } from "../../../../keepers/kit/stake.js";
import { deployment, stabilizerEncode, stabilizerFixture, validCall } from "../../../helpers/policyFixtures.js";
import { intentOf } from "../../../helpers/outboxParts.js";

const OUNCE = 10n ** 18n;

describe("keepers/kit/providers confirmations", () => {
  const tiers = confirmationTiers.parse("0:1, 1.5:5,50:20");

  it("RPC-9 gives each value the confirmations of its tier, at the edge too, and the most to what has no price", () => {
    const expected = [
      [0n, 1],
      [(3n * OUNCE) / 2n - 1n, 1],
      [(3n * OUNCE) / 2n, 5],
      [50n * OUNCE - 1n, 5],
      [50n * OUNCE, 20],
      [2n ** 255n, 20],
      [undefined, 20],
    ] as const;
    for (const [value, blocks] of expected) expect(confirmationsFor(tiers, value), String(value)).to.equal(blocks);
    expect(confirmationTiers.parse("6")).to.deep.equal([{ fromXauWei: 0n, blocks: 6 }]);
  });

  it("RPC-9 never asks less for more", () => {
    const step = fc.record({ by: fc.bigInt({ min: 1n, max: 10n ** 24n }), more: fc.integer({ min: 0, max: 50 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (steps, a, b) => {
        let tier = { fromXauWei: 0n, blocks: 1 };
        const table = [tier];
        for (const { by, more } of steps) {
          tier = { fromXauWei: tier.fromXauWei + by, blocks: tier.blocks + more };
          table.push(tier);
        }
        const text = table.map(({ fromXauWei, blocks }) => `${formatUnits(fromXauWei, 18)}:${String(blocks)}`).join();
        const parsed = confirmationTiers.parse(text);
        expect(parsed).to.deep.equal(table);
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(confirmationsFor(parsed, low)).to.be.at.most(confirmationsFor(parsed, high));
        expect(confirmationsFor(parsed, undefined)).to.be.at.least(confirmationsFor(parsed, high));
      }),
      { numRuns: 100 },
    );
  });

  it("refuses a table that says nothing, or less for more, and lists every problem at once with those of other settings", () => {
    const wrong = ["", "5:1", "0:0", "0:2,10:1", "0:1,10:2,10:3", "0:1,5", "0:1,0x10:2", "0:1,-5:2", "0:10001"];
    for (const text of wrong) expect(confirmationTiers.safeParse(text).success, text).to.equal(false);
    expect(confirmationTiers.safeParse("1:9,x,0.5:3,0.5:2").error?.issues).to.have.length(4);
    try {
      loadConfig("localhost", { KEEPER_CONFIRMATIONS: "1:9,x", KEEPER_POLL_MS: "0" });
      expect.fail("it was accepted");
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.problems.map(({ env }) => env)).to.have.members(["KEEPER_CONFIRMATIONS", "KEEPER_POLL_MS"]);
    }
  });

  it("RPC-9 values an intent by what its typed action moves, and knows no value where a price or a rule is missing", () => {
    const policy = stabilizerFixture();
    const token = (name: "cUSDC" | "cUSDT" | "XAU"): string => deployment.token(name);
    const priced = new Map([
      [token("cUSDC").toLowerCase(), 400_000_000_000_000n],
      [token("XAU").toLowerCase(), OUNCE],
    ]);
    const stake = (action: Action, valueWei = 0n): bigint | undefined =>
      stakeXauWei(
        {
          gate: new PolicyGate(policy, stabilizerEncode()),
          assetAddress: (asset) => deployment.token(asset as "XAU"),
          valueXauWei: (asset, amount) => {
            const price = priced.get(asset.toLowerCase());
            return price === undefined ? undefined : (amount * price) / (asset === token("XAU") ? OUNCE : 10n ** 6n);
          },
        },
        { ...intentOf("a"), action, valueWei },
      );
    const swap = (tokenIn: string, tokenOut: string, tradeSize: bigint): Action =>
      validCall(policy, "Stabilizer.executePrivateSwap", { tradeSize, tokenIn, tokenOut }).action;
    expect(stake(swap(token("cUSDC"), token("cUSDT"), 5_000_000n))).to.equal(2_000_000_000_000_000n);
    expect(stake(swap(token("XAU"), token("cUSDC"), 7n * OUNCE))).to.equal(7n * OUNCE);
    expect(stake(swap(token("cUSDT"), token("cUSDC"), 1n)), "no price").to.equal(undefined);
    expect(stake(validCall(policy, "PegBoard.poke", { which: [token("XAU")] }).action)).to.equal(0n);
    expect(stake(NO_OP_ACTION)).to.equal(0n);
    expect(stake(NO_OP_ACTION, 1n), "the coin has no price").to.equal(undefined);
    expect(stake({ name: "unrecorded", args: {} })).to.equal(undefined);
  });
});
