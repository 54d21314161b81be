import { expect } from "chai";

import { needsOf } from "../../../keepers/courtesy-call-redeemer/needs.js";
import type { Endangered, Observation } from "../../../keepers/courtesy-call-redeemer/decide.js";
import type { Action, Reading } from "../../../keepers/courtesy-call-redeemer/types.js";
import { actionOf, GWEI, idOf, STRANGER, TOKEN, WAD } from "./fixtures.js";

const TERMS = {
  ...{ token: TOKEN, maxFeePerGasWei: 100n * GWEI, batchGasLimit: 70_000n },
  reserve: { tokenUnits: 5n, nativeWei: WAD },
};
const FEE = TERMS.maxFeePerGasWei;

function seen(n: number, options: readonly Action[]): Observation["positions"][number] {
  const reading = { position: { id: idOf(n), operators: [], sizeUnits: 100n } } as unknown as Reading;
  return { reading, options };
}

function danger(n: number): Endangered {
  return { position: idOf(n), urgency: "B", healthBps: undefined, actBy: undefined, deadline: undefined, lossWei: 1n };
}

describe("courtesy-call-redeemer: what rescues leave no room for", () => {
  it("ETHSUPPLY-6 reserves, what is on its way with its settling, and the dearest way of what can be rescued now; the rest is later", () => {
    const none = { positions: [], onItsWay: [] };
    expect(needsOf(none, { endangered: [] }, TERMS)).to.deep.equal({ tokenUnits: 5n, laterUnits: 0n, nativeWei: WAD });
    const onItsWay = [{ position: idOf(1), unpaidUnits: 7n, unpaidGas: 10n, followUpGas: 20n }];
    const cheap = actionOf(idOf(2), 90n, { gasLimit: 900_000n });
    const dear = actionOf(idOf(2), 95n, { gasLimit: 800_000n, calls: [{ to: TOKEN, data: "0x", valueWei: 3n }] });
    const foreign = actionOf(idOf(4), 1n, { costToken: STRANGER, gasLimit: 100n, followUpGas: 0n });
    const positions = [
      // Counted by what is on its way alone.
      seen(1, [actionOf(idOf(1), 50n)]),
      seen(2, [cheap, dear]),
      // In danger, and not to be rescued yet.
      seen(3, []),
      // Costs another token.
      seen(4, [foreign]),
      // In no danger.
      seen(5, [actionOf(idOf(5), 100n)]),
    ];
    const endangered = [1, 2, 3, 4].map(danger);
    const gas = 30n + 900_000n + 500_000n + 100n + TERMS.batchGasLimit;
    expect(needsOf({ positions, onItsWay }, { endangered }, TERMS)).to.deep.equal({
      tokenUnits: 5n + 7n + 95n,
      laterUnits: 200n,
      nativeWei: WAD + gas * FEE,
    });
  });
});
