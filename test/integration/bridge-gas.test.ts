import { expect } from "chai";

import { measureBridgeGas } from "../../scripts/bench/bridge.js";

/**
 * Committed ceilings of whole transactions in the deployed configuration. Where one is above the specification's goal (send 120,000, deliver
 * 180,000), docs/bridge.md shows where the gas goes.
 */
const CEILINGS: Readonly<Record<string, number>> = {
  bridgeSend: 158_500,
  bridgeDeliver: 153_000,
  bridgeSendBack: 147_000,
  bridgeDeliverBack: 143_000,
  bridgeSendDirect: 147_500,
  bridgeSendBackDirect: 136_000,
  bridgeSendUngated: 116_500,
  bridgeDeliverUngated: 129_500,
  bridgeSendBackUngated: 124_700,
  bridgeDeliverBackUngated: 119_500,
};

describe("AlltraCustomBridge › gas of whole transactions, deployed configuration", () => {
  it("stays below the committed ceilings in both directions", async () => {
    const measured = await measureBridgeGas();
    expect(Object.keys(measured)).to.have.members(Object.keys(CEILINGS));
    for (const [key, gas] of Object.entries(measured)) {
      console.log(`      ${key}: ${String(gas)}`);
      expect(gas, key).to.be.at.most(CEILINGS[key] ?? 0);
      // So that a figure that has fallen is written down, too.
      expect(gas, key).to.be.at.least((CEILINGS[key] ?? 0) * 0.97);
    }
  });
});
