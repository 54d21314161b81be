import { expect } from "chai";
import { toBeHex } from "ethers";

import type { AaveConfig } from "../../../../keepers/courtesy-call-redeemer/adapters/aave/settings.js";
import { aaveSigning } from "../../../../keepers/courtesy-call-redeemer/adapters/aave/signing.js";
import { actionOf, approvalAction, redeemerEncoder } from "../../../../keepers/courtesy-call-redeemer/encode.js";
import { redeemerPolicy } from "../../../../keepers/courtesy-call-redeemer/policy.js";
import { MODES, type Mode } from "../../../../keepers/courtesy-call-redeemer/types.js";
import type { Action } from "../../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../../keepers/kit/policy/gate.js";
import { aaveAbi } from "../../../../protocol/aave/contracts.js";
import { GWEI, idOf, NOW, STRANGER, WAD } from "../fixtures.js";

const [SIGNER, OWN, PROVIDER, POOL, WETH, USDC] = [idOf(1), idOf(2), idOf(11), idOf(12), idOf(13), idOf(14)];
const PER_DAY = 1_000_000_000n;
const ALL = 2n ** 256n - 1n;
const CONFIG: AaveConfig = {
  provider: PROVIDER,
  pool: POOL,
  wrappedNative: WETH,
  token: { address: USDC, symbol: "USDC", decimals: 6 },
  triggerBps: 10_500n,
  targetBps: 12_500n,
  dustBase: 0n,
  priceAges: { seconds: 3_600n, of: new Map() },
  deleverage: new Set(),
  reserveUnits: 0n,
  unitsPerDay: PER_DAY,
};
const ENVELOPE = { chainId: "1", signer: SIGNER, valueWei: 0n, gasLimit: 400_000n, maxFeePerGasWei: 50n * GWEI };

function gateOf(mode: Mode, config = CONFIG) {
  const site = { token: config.token, signing: aaveSigning(config, new Set([OWN])) };
  const bounds = {
    ...{ chainId: 1, mode, maxFeePerGasWei: 100n * GWEI, callGasLimit: 500_000n, perHour: 100 },
    ...{ tokenUnitsPerDay: config.unitsPerDay, nativeWeiPerDay: WAD },
  };
  const policy = redeemerPolicy(site, bounds, SIGNER);
  const encode = redeemerEncoder(site);
  const gate = new PolicyGate(policy, encode, () => false);
  const judge = (action: Action, envelope: Partial<typeof ENVELOPE> = {}): string => {
    const bytes = encode(action) ?? { to: STRANGER, data: "0x" };
    const verdict = gate.judge({ action, ...bytes, ...ENVELOPE, ...envelope }, NOW);
    return verdict.ok ? "ok" : verdict.check;
  };
  return { policy, gate, judge };
}

const repay = (args: Readonly<Record<string, bigint | string>> = {}): Action => ({
  name: "Pool.repay",
  args: { asset: USDC, amount: 1n, interestRateMode: 2n, onBehalfOf: OWN, ...args },
});
const withDeposit = (asset = WETH): Action => ({
  name: "Pool.repayWithATokens",
  args: { asset, amount: 1n, interestRateMode: 2n },
});

describe("courtesy-call-redeemer: what its key may sign in a market of Aave v3", () => {
  it("AAVE-19 pays the one token, named amounts, for accounts that were named, and nothing else", () => {
    const { judge } = gateOf("preemptive");
    expect(judge(repay())).to.equal("ok");
    expect(judge(repay({ amount: PER_DAY }))).to.equal("ok");
    for (const wrong of [
      { asset: WETH },
      { amount: PER_DAY + 1n },
      { amount: ALL },
      { amount: 0n },
      { interestRateMode: 1n },
      { onBehalfOf: STRANGER },
      { onBehalfOf: SIGNER },
    ])
      expect(judge(repay(wrong)), JSON.stringify(Object.keys(wrong))).to.equal("argument");
    expect(judge(repay(), { valueWei: 1n })).to.equal("value");
    expect(judge(repay(), { gasLimit: 500_001n })).to.equal("gas-limit");
  });

  it("AAVE-19 approves to the pool alone, counts it as spent, and never more than a day may cost", () => {
    const { judge, gate } = gateOf("preemptive");
    expect(judge(approvalAction(POOL, PER_DAY), { gasLimit: 70_000n })).to.equal("ok");
    expect(judge(approvalAction(POOL, PER_DAY + 1n), { gasLimit: 70_000n })).to.equal("amount");
    expect(judge(approvalAction(POOL, ALL), { gasLimit: 70_000n })).to.equal("amount");
    for (const spender of [PROVIDER, OWN, STRANGER])
      expect(judge(approvalAction(spender, 1n), { gasLimit: 70_000n })).to.equal("argument");
    expect(gate.moves(approvalAction(POOL, 5n))?.get("USDC")).to.equal(5n);
  });

  it("AAVE-19 pays with deposits only of assets that were named for it, and signs nothing while it watches", () => {
    expect(gateOf("preemptive").judge(withDeposit())).to.equal("unknown-action");
    const allowed = gateOf("preemptive", { ...CONFIG, deleverage: new Set([WETH]) });
    expect([allowed.judge(withDeposit()), allowed.judge(withDeposit(USDC))]).to.deep.equal(["ok", "argument"]);
    const watching = gateOf("watch", { ...CONFIG, deleverage: new Set([WETH]) });
    expect([watching.judge(repay()), watching.judge(withDeposit())]).to.deep.equal([
      "unknown-action",
      "unknown-action",
    ]);
  });

  it("AAVE-19 no mode knows a call that takes from an account", () => {
    const encode = (method: string, args: readonly unknown[]): string =>
      aaveAbi.pool.encodeFunctionData(method as "withdraw", args as never);
    const harmful = [
      encode("withdraw", [USDC, 1n, SIGNER]),
      encode("borrow", [USDC, 1n, 2n, 0, SIGNER]),
      encode("liquidationCall", [WETH, USDC, OWN, 1n, false]),
      encode("setUserUseReserveAsCollateral", [WETH, false]),
      encode("setUserEMode", [1]),
      encode("supply", [USDC, 1n, STRANGER, 0]),
    ];
    for (const mode of MODES) {
      const { policy } = gateOf(mode, { ...CONFIG, deleverage: new Set([WETH]) });
      for (const data of harmful) expect(actionOf(policy, { to: POOL, data, valueWei: 0n }), mode).to.equal(undefined);
    }
  });

  it("AAVE-19 just before a signature the pool is the market's own and says that the account needs it", () => {
    const signing = aaveSigning(CONFIG, new Set([OWN]));
    const [market, health] = signing.looks(repay(), SIGNER);
    const word = (value: bigint | string): string => toBeHex(value, 32).slice(2);
    const data = (healthWad: bigint): string => `0x${word(0n).repeat(5)}${word(healthWad)}`;
    expect(market?.judge([`0x${word(POOL)}`])).to.equal(undefined);
    expect(market?.judge([`0x${word(STRANGER)}`])?.check).to.equal("target");
    expect(market?.judge(["0x"])?.check).to.equal("target");
    expect(health?.judge([data((105n * WAD) / 100n - 1n)])).to.equal(undefined);
    expect(health?.judge([data((105n * WAD) / 100n)])?.check).to.equal("price");
    expect(health?.judge([data(ALL)])?.check).to.equal("price");
    expect(health?.judge(["0x"])?.check).to.equal("argument");
    // With its own deposit an account pays for itself alone.
    const calls = signing
      .looks(withDeposit(), SIGNER)
      .flatMap(({ reads }) => reads.map(({ params }) => params("latest")[0]));
    expect(JSON.stringify(calls)).to.include(SIGNER.slice(2));
  });
});
