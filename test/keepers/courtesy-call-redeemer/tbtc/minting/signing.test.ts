import { expect } from "chai";

import { tbtcSigning } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import {
  MINT_ACTIONS,
  MINT_GAS,
  withMinting,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/signing.js";
import {
  MINT_STEPS,
  MINTS,
  type MintStep,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/types.js";
import { redeemerEncoder } from "../../../../../keepers/courtesy-call-redeemer/encode.js";
import { redeemerPolicy } from "../../../../../keepers/courtesy-call-redeemer/policy.js";
import type { Mode } from "../../../../../keepers/courtesy-call-redeemer/types.js";
import type { Action } from "../../../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../../../keepers/kit/policy/gate.js";
import type { Value } from "../../../../../keepers/kit/policy/types.js";
import { MAINNET } from "../../../../../protocol/tbtc/addresses.js";
import { GWEI, idOf, NOW, STRANGER, WAD } from "../../fixtures.js";

const DEPOSIT = idOf(7);
const SIGNER = idOf(1);
const SCRIPT = `0x160014${"c0".repeat(20)}`;
const OTHER_SCRIPT = `0x160014${"c1".repeat(20)}`;
const FEE_WEI = WAD / 1_000n;

function judgeOf(mode: Mode = "courtesy") {
  const bounds = { maxLotSat: 100_000_000n, maxCreationFeeWei: FEE_WEI, returnScript: SCRIPT };
  const site = {
    signing: withMinting(tbtcSigning(MAINNET, SCRIPT, 100_000n), MAINNET, bounds),
    token: { address: MAINNET.token.toLowerCase(), symbol: "TBTC", decimals: 18 },
  };
  const policy = redeemerPolicy(
    site,
    {
      ...{ chainId: 1, mode, maxFeePerGasWei: 100n * GWEI, callGasLimit: 1_000_000n, perHour: 100 },
      ...{ tokenUnitsPerDay: 20n * WAD, nativeWeiPerDay: WAD },
    },
    SIGNER,
  );
  const encode = redeemerEncoder(site);
  const gate = new PolicyGate(policy, encode, (kind, address) => kind === MINTS && address.toLowerCase() === DEPOSIT);
  return (step: MintStep, change: Partial<Action> = {}, envelope: object = {}): string => {
    const action = { ...actionOf(step), ...change };
    const bytes = encode(action) ?? { to: STRANGER, data: "0x" };
    const valueWei = step === "create" ? FEE_WEI : 0n;
    const terms = { chainId: "1", signer: SIGNER, valueWei, gasLimit: MINT_GAS[step], maxFeePerGasWei: 50n * GWEI };
    const verdict = gate.judge({ action, ...bytes, ...terms, ...envelope }, NOW);
    return verdict.ok ? "ok" : verdict.check;
  };
}

const PROOF: Readonly<Record<string, Value>> = {
  txVersion: "0x02000000",
  txInputVector: `0x01${"aa".repeat(41)}`,
  txOutputVector: `0x01${"bb".repeat(31)}`,
  txLocktime: "0x00000000",
  fundingOutputIndex: 0n,
  merkleProof: `0x${"cc".repeat(64)}`,
  txIndexInBlock: 1n,
  bitcoinHeaders: `0x${"dd".repeat(480)}`,
};

function actionOf(step: MintStep): Action {
  const name = MINT_ACTIONS[step];
  switch (step) {
    case "create":
      return { name, args: { lotSizeSatoshis: 100_000_000n } };
    case "approve":
      return { name, args: { to: MAINNET.vendingMachine.toLowerCase(), tokenId: BigInt(DEPOSIT) } };
    case "exchange":
      return { name, args: { tdtId: BigInt(DEPOSIT) } };
    case "mint":
      return { name, args: { deposit: DEPOSIT, ...PROOF } };
    case "prove":
      return { name, args: PROOF, target: DEPOSIT };
    case "abort":
      return { name, args: { abortOutputScript: SCRIPT }, target: DEPOSIT };
    case "key":
    case "report-setup":
    case "report-funding":
    case "withdraw":
      return { name, args: {}, target: DEPOSIT };
  }
}

describe("minting: what the key may sign", () => {
  it("MINT-21 every step of a mint with the gas that it takes, and nothing while it watches: about deposits that this keeper has opened, or exchanges what the key holds", () => {
    const judge = judgeOf();
    for (const step of MINT_STEPS) {
      expect(judge(step), step).to.equal("ok");
      expect(judge(step, {}, { gasLimit: MINT_GAS[step] + 1n }), step).to.equal("gas-limit");
      expect(judgeOf("watch")(step), step).to.not.equal("ok");
      if (actionOf(step).target !== undefined) expect(judge(step, { target: idOf(8) }), step).to.equal("target");
    }
    expect(judge("mint", { args: { deposit: idOf(8), ...PROOF } })).to.equal("argument");
  });

  it("MINT-21 opens no larger lot and pays no higher fee, approves to nobody else, and asks for bitcoin to one script", () => {
    const judge = judgeOf();
    expect(judge("create", { args: { lotSizeSatoshis: 100_000_001n } })).to.equal("argument");
    expect(judge("create", {}, { valueWei: FEE_WEI + 1n })).to.equal("value");
    expect(judge("key", {}, { valueWei: 1n })).to.equal("value");
    expect(judge("approve", { args: { to: STRANGER, tokenId: BigInt(DEPOSIT) } })).to.equal("argument");
    expect(judge("abort", { args: { abortOutputScript: OTHER_SCRIPT } })).to.equal("argument");
    for (const [name, value] of [
      ["txInputVector", "0x"],
      ["txInputVector", `0x${"aa".repeat(6_501)}`],
      ["txOutputVector", `0x${"aa".repeat(101)}`],
      ["merkleProof", `0x${"aa".repeat(33)}`],
      ["bitcoinHeaders", `0x${"aa".repeat(79)}`],
      ["bitcoinHeaders", `0x${"aa".repeat(31 * 80)}`],
      ["fundingOutputIndex", 1n],
    ] as const) {
      expect(judge("prove", { args: { ...PROOF, [name]: value } }), name).to.equal("argument");
    }
    expect(judge("prove", { args: { ...PROOF, merkleProof: "0x" } })).to.equal("ok");
  });
});
