import { expect } from "chai";
import { Interface, type FunctionFragment, type InterfaceAbi } from "ethers";

import { doubleOffices, type KeyOffice } from "../../../keepers/kit/keyRoles.js";
import { POWER_GETTERS, powersOf, type PowerClient } from "../../../keepers/kit/powers.js";
import { RetryableError } from "../../../protocol/errors.js";
import * as contracts from "../../../protocol/generated/contracts/index.js";
import { loadParams } from "../../../protocol/params/load.js";
import { fixtureDeployment } from "../../helpers/policyFixtures.js";

/** Getters of an address, or about one, that say nothing about a power of an account; an agent's provider has power over his own money alone. */
const NO_POWER =
  /^(?:carries|remoteBridge|CREATOR|DIAMOND|LOCK|USDC|USDT|_(?:BASE_TOKEN|QUOTE_TOKEN|DEFAULT_MAINTAINER|MAINTAINER|MT_FEE_RATE_MODEL|DPP_ADMIN_TEMPLATE|DPP_TEMPLATE|DSP_TEMPLATE)_|approve|asset|basket|bridge|buckets|cUSDC|cUSDT|configData|depositToken|dpp|eip712Domain|facetAddresses|factory|feeRecipient|feeToken|integration|intermediates|isFactory|isFrozen|isHalted|isIntermediate|isManaged|isPool|isRegistered|isToken|limits|m1|mesh|oracle|parToken|pegBoard|permit2|pmmFactory|pokeDue|pools|privateImplementation|provider|publicImplementation|quoter|reserveSystem|sink|stabilizer|systemContracts|token|token0|token1|tokens|vault|xau)$/;
/** Interfaces of protocols that other people deployed: no record of ours names their contracts. */
const FOREIGN = /^I(?:Aave|BondedEcdsa|FullyBackedEcdsa|Tbtc)/;
const KEY = "0x00000000000000000000000000000000000000AA";

describe("keepers/kit/powers", () => {
  it("SIGN-19 knows every getter of a power that any contract of ours has", () => {
    const known = new Set(
      new Interface(POWER_GETTERS).fragments.map((fragment) => (fragment as unknown as FunctionFragment).name),
    );
    const unknown = new Set<string>();
    let seen = 0;
    for (const [name, factory] of Object.entries(contracts)) {
      if (!name.endsWith("__factory") || FOREIGN.test(name)) continue;
      for (const fragment of new Interface((factory as { abi: InterfaceAbi }).abi).fragments) {
        if (fragment.type !== "function") continue;
        const { name: getter, inputs, outputs, constant } = fragment as unknown as FunctionFragment;
        const namesAnAccount = inputs.length === 0 && outputs.some(({ type }) => type.startsWith("address"));
        const isAbout =
          inputs.some(({ type }) => type === "address") && outputs.length === 1 && outputs[0]?.type === "bool";
        if (!constant || !(namesAnAccount || isAbout)) continue;
        seen += 1;
        if (!known.has(getter) && !NO_POWER.test(getter)) unknown.add(`${name}: ${getter}`);
      }
    }
    expect(seen).to.be.greaterThan(200);
    expect([...unknown]).to.deep.equal([]);
  });

  it("SIGN-19 takes an unanswered question for an error, not for a no", async () => {
    const client: PowerClient = {
      ask: async ({ method, requests, read }) => {
        if (method !== "eth_getCode") throw new RetryableError("RPC_UNREACHABLE", "gone");
        const node = undefined as never;
        return read(
          (await requests(node)).map(() => ({ result: "0xf4" })),
          node,
        );
      },
    };
    const code = await powersOf(client, fixtureDeployment(), KEY).catch(
      (error: unknown) => (error as RetryableError).code,
    );
    expect(code).to.equal("RPC_UNREACHABLE");
  });

  it("SIGN-19 finds a key of the process that holds a second office of the parameters", () => {
    const { params } = loadParams("localhost");
    const key = (address: string, offices: string[] = ["roles.keeper"]): KeyOffice => ({
      what: "executor",
      address,
      offices,
      powers: [],
    });
    expect(doubleOffices([key(params.roles.keeper ?? "")], params)).to.deep.equal([]);
    expect(doubleOffices([key((params.roles.guardian ?? "").toLowerCase())], params)).to.deep.equal([
      "executor is also roles.guardian",
    ]);
    const [, second = ""] = params.reporters.addresses;
    expect(doubleOffices([key(second)], params)).to.deep.equal(["executor is also reporters.addresses.1"]);
    expect(doubleOffices([key(second, ["reporters.addresses"])], params)).to.deep.equal([]);
  });
});
