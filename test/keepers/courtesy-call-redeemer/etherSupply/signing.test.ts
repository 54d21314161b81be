import { expect } from "chai";
import { AbiCoder, ZeroAddress } from "ethers";

import { aaveSigning } from "../../../../keepers/courtesy-call-redeemer/adapters/aave/signing.js";
import { tbtcSigning } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import { redeemerEncoder } from "../../../../keepers/courtesy-call-redeemer/encode.js";
import { withEtherSupply } from "../../../../keepers/courtesy-call-redeemer/etherSupply/open.js";
import type { SwapConfig } from "../../../../keepers/courtesy-call-redeemer/etherSupply/settings.js";
import { redeemerPolicy } from "../../../../keepers/courtesy-call-redeemer/policy.js";
import { POSITIONS, type RescueSite } from "../../../../keepers/courtesy-call-redeemer/site.js";
import type { Mode } from "../../../../keepers/courtesy-call-redeemer/types.js";
import { Counters } from "../../../../keepers/kit/counters.js";
import type { Action } from "../../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../../keepers/kit/policy/gate.js";
import { meterOf, DAY_US } from "../../../../keepers/kit/policy/meter.js";
import type { ChainClient } from "../../../../keepers/kit/provider.js";
import { UNISWAP_MAINNET } from "../../../../protocol/uniswap/addresses.js";
import { uniswapAbi } from "../../../../protocol/uniswap/contracts.js";
import { MAINNET } from "../../../../protocol/tbtc/addresses.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { GWEI, idOf, NOW, STRANGER, WAD } from "../fixtures.js";

const SIGNER = idOf(1);
const POSITION = idOf(7);
const SCRIPT = `0x160014${"c0".repeat(20)}`;
const WBTC = "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599";
const TBTC = MAINNET.token.toLowerCase();
const router = uniswapAbi.router;
const SWAP = "SwapRouter.multicall";
const { wrappedEther, router: ROUTER } = UNISWAP_MAINNET;
const FEES = { maxFeePerGasWei: 100n * GWEI, priorityFeeWei: GWEI };
const CLIENT = { chainId: 1 } as unknown as ChainClient;

function configOf(changes: Partial<SwapConfig> = {}): SwapConfig {
  return {
    ...{ targetWei: 3n * WAD, floorWei: 2n * WAD, poolFee: 3_000n, keepUnits: 0n, leastRateWei: 20n * WAD },
    token: { symbol: "TBTC", decimals: 18, address: undefined },
    ...{ mostUnits: WAD, unitsPerDay: 4n * WAD, maxDeviationBps: 200n, maxSlippageBps: 50n, file: undefined },
    ...{ averageSeconds: 1_800, deadlineSeconds: 600 },
    ...changes,
  };
}

function siteOf(swap: SwapConfig): RescueSite {
  const rescues = {
    name: "tbtc",
    protocol: {},
    signing: tbtcSigning(MAINNET, SCRIPT, 100_000n),
    token: { address: TBTC, symbol: "TBTC", decimals: 18 },
    contracts: {},
  } as unknown as RescueSite;
  const { log } = capturedLog();
  const parts = { client: CLIENT, fees: FEES, blockMs: 12_000, counters: new Counters(), log };
  return withEtherSupply(rescues, { ...parts, swap });
}

function judgeOf(swap = configOf(), mode: Mode = "courtesy") {
  const site = siteOf(swap);
  const policy = redeemerPolicy(
    site,
    {
      ...{ chainId: 1, mode, maxFeePerGasWei: 100n * GWEI, callGasLimit: 1_000_000n, perHour: 100 },
      ...{ tokenUnitsPerDay: 20n * WAD, nativeWeiPerDay: WAD },
    },
    SIGNER,
  );
  const encode = redeemerEncoder(site);
  const gate = new PolicyGate(policy, encode, (kind, address) => kind === POSITIONS && address === POSITION);
  const judge = (action: Action, envelope: object = {}) => {
    const bytes = encode(action) ?? { to: STRANGER, data: "0x" };
    const terms = { chainId: "1", signer: SIGNER, valueWei: 0n, gasLimit: 70_000n, maxFeePerGasWei: 50n * GWEI };
    return gate.judge({ action, ...bytes, ...terms, ...envelope }, NOW);
  };
  return {
    policy,
    judge,
    check: (action: Action, envelope: object = {}): string => {
      const verdict = judge(action, envelope);
      return verdict.ok ? "ok" : verdict.check;
    },
  };
}

const ORDER = {
  ...{ tokenIn: TBTC, tokenOut: wrappedEther, fee: 3_000n, recipient: ZeroAddress },
  ...{ deadline: NOW + 600n, amountIn: WAD, amountOutMinimum: 30n * WAD, sqrtPriceLimitX96: 0n },
};
const sellData = (changes: Partial<typeof ORDER> = {}): string =>
  router.encodeFunctionData("exactInputSingle", [{ ...ORDER, ...changes }]);
const unwrapData = (recipient = SIGNER, least = 30n * WAD): string =>
  router.encodeFunctionData("unwrapWETH9", [least, recipient]);
const swapOf = (...data: readonly string[]): Action => ({ name: SWAP, args: { data } });
const sold = (changes: Partial<typeof ORDER>): Action => swapOf(sellData(changes), unwrapData());
const approval = (spender: string, value: bigint): Action => ({ name: "Token.approve", args: { spender, value } });

describe("supply with ether: what the key may sign", () => {
  it("ETHSUPPLY-7 one sale in the one pool and its unwrapping to the key's own account, in this order, and nothing less or more", () => {
    const { check } = judgeOf();
    const [sell, unwrap] = [sellData(), unwrapData()];
    expect(check(swapOf(sell, unwrap), { gasLimit: 400_000n })).to.equal("ok");
    expect(check(swapOf(sell, unwrap), { gasLimit: 400_001n })).to.equal("gas-limit");
    expect(check(swapOf(sell, unwrap), { valueWei: 1n })).to.equal("value");
    // Wrapped ether that stays in the router is anybody's.
    for (const data of [
      [],
      [sell],
      [unwrap],
      [unwrap, sell],
      [sell, sell],
      [sell, unwrap, unwrap],
      [sell, sell, unwrap],
    ]) {
      expect(check(swapOf(...data)), String(data.length)).to.be.oneOf(["argument", "inner-call", "calldata-size"]);
    }
    expect(check(swapOf(sell, unwrapData(STRANGER)))).to.equal("argument");
    expect(check(swapOf(sell, unwrapData(ZeroAddress)))).to.equal("argument");
    expect(check(swapOf(sell, `${unwrap}00`))).to.equal("inner-call");
    const sweep = new AbiCoder().encode(["uint256", "address"], [0n, SIGNER]);
    expect(check(swapOf(sell, `0xdf2ab5bb${sweep.slice(2)}`))).to.equal("inner-call");
    // Never as transactions of their own.
    expect(check({ name: "SwapRouter.exactInputSingle", args: { params: ORDER } })).to.equal("unknown-action");
    expect(check({ name: "SwapRouter.unwrapWETH9", args: { amountMinimum: 1n, recipient: SIGNER } })).to.equal(
      "unknown-action",
    );
  });

  it("ETHSUPPLY-7 another token, pool, receiver, amount or price is refused", () => {
    const { check, judge } = judgeOf();
    const wrong: readonly Partial<typeof ORDER>[] = [
      { tokenIn: WBTC },
      { tokenOut: WBTC },
      { fee: 500n },
      { recipient: STRANGER },
      { recipient: SIGNER },
      { amountIn: 0n },
      { amountOutMinimum: 0n },
      { sqrtPriceLimitX96: 1n },
      { deadline: 0n },
    ];
    for (const changes of wrong) expect(check(sold(changes)), Object.keys(changes)[0]).to.equal("argument");
    expect(check(sold({ amountIn: WAD + 1n, amountOutMinimum: 40n * WAD }))).to.equal("argument");
    // Twenty ether for a whole one, exactly.
    expect(check(sold({ amountOutMinimum: 20n * WAD }))).to.equal("ok");
    expect(check(sold({ amountOutMinimum: 20n * WAD - 1n }))).to.equal("relation");
    expect(check(sold({ amountIn: WAD / 2n + 1n, amountOutMinimum: 10n * WAD }))).to.equal("relation");
    const verdict = judge(sold({ amountIn: WAD / 2n }));
    expect(verdict.ok ? verdict.use.amounts["TBTC for ether"] : 0n).to.equal(WAD / 2n);
  });

  it("ETHSUPPLY-7 approves to the router what one swap may take, to others what rescues may, and a day has a limit of its own", () => {
    const { check, policy } = judgeOf();
    expect(check(approval(ROUTER.toLowerCase(), WAD))).to.equal("ok");
    expect(check(approval(ROUTER, WAD + 1n))).to.equal("relation");
    expect(check(approval(MAINNET.vendingMachine, 10n * WAD))).to.equal("ok");
    expect(check(approval(POSITION, 10n * WAD))).to.equal("ok");
    expect(check(approval(STRANGER, 1n))).to.equal("argument");
    expect(policy.perDay["TBTC for ether"]).to.equal(4n * WAD);
    expect(policy.perDay["TBTC"]).to.equal(20n * WAD);
    // A swap of the largest amount fits into what the meter of a day holds at once.
    expect(meterOf(policy.perDay["TBTC for ether"] ?? 0n, DAY_US).capacity >= WAD).to.equal(true);
    expect(judgeOf(configOf(), "watch").check(sold({}))).to.equal("unknown-action");
  });

  it("ETHSUPPLY-7 a token that rescues do not cost has an approval of its own, and rates count in its decimals", () => {
    for (const decimals of [6, 8, 18]) {
      const unit = 10n ** BigInt(decimals);
      const token = { symbol: "WBTC", decimals, address: WBTC };
      const { check } = judgeOf(configOf({ token, mostUnits: unit, unitsPerDay: 2n * unit }));
      const own = (spender: string, value: bigint): Action => {
        return { name: "SwappedToken.approve", args: { spender, value } };
      };
      expect(check(own(ROUTER, unit))).to.equal("ok");
      expect(check(own(ROUTER, unit + 1n))).to.equal("argument");
      expect(check(own(MAINNET.vendingMachine, 1n))).to.equal("argument");
      // Of the other one nothing goes to the router.
      expect(check(approval(ROUTER, 1n))).to.equal("argument");
      const terms = { tokenIn: WBTC, amountIn: unit };
      expect(check(sold({ ...terms, amountOutMinimum: 20n * WAD }))).to.equal("ok");
      expect(check(sold({ ...terms, amountOutMinimum: 20n * WAD - 1n }))).to.equal("relation");
      expect(check(sold({ amountOutMinimum: 20n * WAD }))).to.equal("argument");
    }
  });

  it("ETHSUPPLY-7 the same holds where accounts of a lending market are rescued", () => {
    const market = { pool: STRANGER, token: { address: WBTC }, unitsPerDay: 10n, deleverage: new Set() };
    const config = market as unknown as Parameters<typeof aaveSigning>[0];
    const site = {
      ...siteOf(configOf()),
      signing: aaveSigning(config, new Set([POSITION])),
      token: { address: WBTC, symbol: "WBTC", decimals: 8 },
    };
    const { log } = capturedLog();
    const parts = { client: CLIENT, fees: FEES, blockMs: 12_000, counters: new Counters(), log };
    const { signing } = withEtherSupply(site, { ...parts, swap: configOf() });
    expect(signing.spender).to.deep.equal({ kind: "oneOf", values: [STRANGER, ROUTER.toLowerCase()] });
  });
});
