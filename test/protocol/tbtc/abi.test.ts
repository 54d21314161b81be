import { expect } from "chai";
import type { EventFragment, FunctionFragment, Interface } from "ethers";

import { MAINNET, publishedTbtc, type TbtcAddresses } from "../../../protocol/tbtc/addresses.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { type ArtifactName, publishedArtifact } from "../../../scripts/tbtc/artifacts.js";
import { codeThrown } from "../../helpers/thrown.js";

const PUBLISHED: Readonly<Record<string, readonly [Interface, ArtifactName]>> = {
  deposit: [tbtcAbi.deposit, "tbtc/Deposit"],
  system: [tbtcAbi.system, "tbtc/TBTCSystem"],
  vendingMachine: [tbtcAbi.vendingMachine, "tbtc/VendingMachine"],
  token: [tbtcAbi.token, "tbtc/TBTCToken"],
  depositToken: [tbtcAbi.ownershipToken, "tbtc/TBTCDepositToken"],
  feeRebateToken: [tbtcAbi.ownershipToken, "tbtc/FeeRebateToken"],
  depositFactory: [tbtcAbi.depositFactory, "tbtc/DepositFactory"],
  keep: [tbtcAbi.keep, "keep-ecdsa/BondedECDSAKeep"],
  keepFactory: [tbtcAbi.keepFactory, "keep-ecdsa/BondedECDSAKeepFactory"],
  fullyBackedFactory: [tbtcAbi.fullyBackedFactory, "keep-ecdsa/FullyBackedECDSAKeepFactory"],
  keepBonding: [tbtcAbi.keepBonding, "keep-ecdsa/KeepBonding"],
};

const ADDRESSES: Readonly<Record<Exclude<keyof TbtcAddresses, "medianizer">, ArtifactName>> = {
  system: "tbtc/TBTCSystem",
  token: "tbtc/TBTCToken",
  depositToken: "tbtc/TBTCDepositToken",
  feeRebateToken: "tbtc/FeeRebateToken",
  vendingMachine: "tbtc/VendingMachine",
  depositFactory: "tbtc/DepositFactory",
  keepFactory: "keep-ecdsa/BondedECDSAKeepFactory",
  keepBonding: "keep-ecdsa/KeepBonding",
  priceFeed: "tbtc/SatWeiPriceFeed",
  relay: "tbtc/OnDemandSPV",
  fundingScript: "tbtc/FundingScript",
  redemptionScript: "tbtc/RedemptionScript",
};

/** What decides how a call is encoded and its answer read; names of parameters do not. */
function shapeOf(fragment: FunctionFragment): string {
  const outputs = fragment.outputs.map(({ type }) => type).join();
  return `${fragment.format("sighash")} ${fragment.stateMutability} (${outputs})`;
}

function eventShapeOf(fragment: EventFragment): string {
  return `${fragment.format("sighash")} ${fragment.inputs.map(({ indexed }) => String(indexed === true)).join()}`;
}

describe("protocol/tbtc, against the published artifacts", () => {
  for (const [name, [ours, artifact]] of Object.entries(PUBLISHED)) {
    it(`declares ${name} as ${artifact} does`, () => {
      const { abi } = publishedArtifact(artifact);
      const functions: string[] = [];
      ours.forEachFunction((fragment) => {
        functions.push(shapeOf(fragment));
        const published = abi.getFunction(fragment.selector);
        expect(published === null ? "missing" : shapeOf(published)).to.equal(shapeOf(fragment));
      });
      ours.forEachEvent((fragment) => {
        functions.push(eventShapeOf(fragment));
        const published = abi.getEvent(fragment.topicHash);
        expect(published === null ? "missing" : eventShapeOf(published)).to.equal(eventShapeOf(fragment));
      });
      expect(functions).to.not.be.empty;
    });
  }

  it("knows the addresses on Ethereum", () => {
    for (const [name, artifact] of Object.entries(ADDRESSES)) {
      const { mainnetAddress } = publishedArtifact(artifact);
      expect(mainnetAddress, name).to.equal(MAINNET[name as keyof typeof ADDRESSES]);
    }
    expect(publishedTbtc(1)).to.equal(MAINNET);
  });

  it("knows no addresses elsewhere", () => {
    expect(codeThrown(() => publishedTbtc(3))).to.equal("TBTC_NOT_PUBLISHED");
  });
});
