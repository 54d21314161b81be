import { expect } from "chai";
import { Interface } from "ethers";

import { buildBatch, type BatchConfig, type BatchParts } from "../../../keepers/courtesy-call-redeemer/batch.js";
import { APPROVAL, APPROVAL_GAS, tokenAbi } from "../../../keepers/courtesy-call-redeemer/encode.js";
import type { Choice } from "../../../keepers/courtesy-call-redeemer/strategies/planner.js";
import type { Action } from "../../../keepers/courtesy-call-redeemer/types.js";
import { actionEncoder } from "../../../keepers/kit/policy/action.js";
import type { Head } from "../../../keepers/kit/provider.js";
import { actionOf, candidateOf, GWEI, idOf, NOW, TOKEN, WAD } from "./fixtures.js";

const MACHINE = `0x${"ac".repeat(20)}`;
const abi = new Interface(["function redeem(address position)"]);
const encode = actionEncoder({
  [APPROVAL]: { target: TOKEN, abi: tokenAbi, method: "approve" },
  redeem: { target: undefined, abi, method: "redeem" },
});
const HEAD: Head = {
  number: 100,
  hash: `0x${"11".repeat(32)}`,
  parentHash: `0x${"10".repeat(32)}`,
  timestamp: Number(NOW),
  nextBaseFeeWei: 10n * GWEI,
};
const CONFIG: BatchConfig = {
  maxFeePerGasWei: 100n * GWEI,
  stakeShareBps: 1_000n,
  validBlocks: 50,
  secondsPerAttempt: 36n,
};

/** The n-th position of so many tokens; without a spender it is its own. */
function choiceOf(n: number, tokens: bigint, spender = MACHINE, change: Partial<Action> = {}): Choice {
  const candidate = candidateOf(n, tokens);
  const { position } = candidate;
  const calls = [{ to: spender, data: abi.encodeFunctionData("redeem", [position]), valueWei: 0n }];
  const allowance = { token: TOKEN, spender, units: tokens * WAD, shared: spender === MACHINE };
  const action = actionOf(position, tokens * WAD, { calls, allowance, ...change });
  return { candidate, action, worthWei: WAD, nativeWei: WAD };
}

function partsOf(change: Partial<BatchParts> = {}): BatchParts {
  return {
    head: HEAD,
    room: 32,
    most: 32,
    endangered: new Map(),
    stageOf: () => "called",
    begun: new Map([[idOf(2), 4n]]),
    encode,
    resets: new Set(),
    typed: ({ to, data }) => ({
      name: "redeem",
      args: { position: String(abi.decodeFunctionData("redeem", data)[0]).toLowerCase() },
      target: to,
    }),
    stakeWei: () => 100n * WAD,
    ...change,
  };
}

const danger = (n: number, actBy: bigint | undefined) =>
  [idOf(n), { position: idOf(n), urgency: "B", healthBps: 12_000n, actBy, deadline: undefined, lossWei: WAD }] as const;

describe("courtesy-call-redeemer: a plan as transactions", () => {
  it("REDEEM-31 approves exactly what each spender takes, once, before all calls", () => {
    const own = idOf(77);
    const { intents, rescues, left } = buildBatch(
      [choiceOf(1, 2n), choiceOf(2, 3n), choiceOf(3, 5n, own)],
      CONFIG,
      partsOf(),
    );
    expect(left).to.deep.equal([]);
    expect(intents.map(({ action }) => action.name)).to.deep.equal([APPROVAL, APPROVAL, "redeem", "redeem", "redeem"]);
    expect(intents.slice(0, 2).map(({ action }) => action.args)).to.deep.equal([
      { spender: MACHINE, value: 5n * WAD },
      { spender: own, value: 5n * WAD },
    ]);
    expect(new Set(intents.map(({ key }) => key)).size).to.equal(intents.length);
    expect(rescues.map(({ position, ordinal }) => [position, ordinal])).to.deep.equal([
      [idOf(1), 1n],
      [idOf(2), 5n],
      [idOf(3), 1n],
    ]);
  });

  it("REDEEM-31 where a token replaces no allowance the one that is left is taken back first, if there is room for it", () => {
    const chosen = [choiceOf(1, 2n), choiceOf(2, 3n)];
    const { intents } = buildBatch(chosen, CONFIG, partsOf({ resets: new Set([MACHINE]) }));
    expect(intents.map(({ action }) => action.name)).to.deep.equal([APPROVAL, APPROVAL, "redeem", "redeem"]);
    expect(intents.slice(0, 2).map(({ action }) => action.args["value"])).to.deep.equal([0n, 5n * WAD]);
    expect(new Set(intents.map(({ key }) => key)).size).to.equal(intents.length);
    const tight = buildBatch(chosen, CONFIG, partsOf({ resets: new Set([MACHINE]), room: 3 }));
    expect(tight.left).to.deep.equal([{ about: idOf(2), reason: "window" }]);
    expect(tight.intents).to.have.length(3);
  });

  it("REDEEM-31 what takes nothing needs no approval", () => {
    const { allowance: _, ...free } = choiceOf(1, 1n).action;
    const { intents } = buildBatch([{ ...choiceOf(1, 1n), action: free }], CONFIG, partsOf());
    expect(intents.map(({ action }) => action.name)).to.deep.equal(["redeem"]);
  });

  it("REDEEM-31 all of a batch share the soonest deadline, and without one there is none", () => {
    const endangered = new Map([danger(1, undefined), danger(2, NOW + 500n), danger(3, NOW + 90n)]);
    const chosen = [choiceOf(1, 1n), choiceOf(2, 1n), choiceOf(3, 1n)];
    for (const { escalation } of buildBatch(chosen, CONFIG, partsOf({ endangered })).intents)
      expect(escalation).to.deep.equal({ mineBy: NOW + 90n, secondsPerAttempt: 36n });
    for (const intent of buildBatch(chosen.slice(0, 1), CONFIG, partsOf({ endangered })).intents)
      expect(intent).to.not.have.property("escalation");
  });

  it("REDEEM-31 each pays from its own share of what is at stake, an approval as much as the dearest behind it", () => {
    const stakeWei = ({ candidate }: Choice): bigint => (candidate.position === idOf(1) ? WAD / 2n : WAD / 4n);
    const { intents } = buildBatch([choiceOf(1, 1n), choiceOf(2, 1n)], CONFIG, partsOf({ stakeWei }));
    const gas = 800_000n + APPROVAL_GAS;
    const [approval, first, second] = intents.map(({ maxFeePerGasWei }) => maxFeePerGasWei);
    expect(first).to.equal(WAD / 2n / 10n / gas);
    expect(second).to.equal(WAD / 4n / 10n / gas);
    expect(approval).to.equal(first);
    // A tenth of a hundredth pays less than the next block asks.
    const poor = buildBatch(
      [choiceOf(1, 1n), choiceOf(2, 1n)],
      CONFIG,
      partsOf({ stakeWei: (choice) => stakeWei(choice) / 10n }),
    );
    expect(poor.left).to.deep.equal([1, 2].map((n) => ({ about: idOf(n), reason: "fee-ceiling" })));
    expect(poor.intents).to.deep.equal([]);
  });

  it("REDEEM-31 what the outbox has no room for waits, the most urgent goes, and nothing goes without its approval", () => {
    const chosen = [choiceOf(1, 1n), choiceOf(2, 1n), choiceOf(3, 1n, idOf(77)), choiceOf(4, 1n)];
    const { intents, left } = buildBatch(chosen, CONFIG, partsOf({ room: 4 }));
    expect(left).to.deep.equal([{ about: idOf(3), reason: "window" }]);
    expect(intents).to.have.length(4);
    expect(buildBatch(chosen, CONFIG, partsOf({ room: 1 })).intents).to.deep.equal([]);
  });

  it("REDEEM-31 of a batch that may hold fewer the first ones go that can go", () => {
    const chosen = [choiceOf(1, 1n), choiceOf(2, 1n), choiceOf(3, 1n)];
    const stakeWei = ({ candidate }: Choice): bigint => (candidate.position === idOf(1) ? 0n : 100n * WAD);
    const { rescues, left } = buildBatch(chosen, CONFIG, partsOf({ most: 1, stakeWei }));
    expect(rescues.map(({ position }) => position)).to.deep.equal([idOf(2)]);
    expect(left).to.deep.equal([{ about: idOf(1), reason: "fee-ceiling" }]);
  });

  it("REDEEM-31 an action of which one call has no rule is not begun", () => {
    const { intents, left } = buildBatch([choiceOf(1, 1n)], CONFIG, partsOf({ typed: () => undefined }));
    expect(intents).to.deep.equal([]);
    expect(left).to.deep.equal([{ about: idOf(1), reason: "not-signable" }]);
  });
});
