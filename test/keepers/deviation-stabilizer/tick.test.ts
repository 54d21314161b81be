import { expect } from "chai";

import { stabilizerAbi, stabilizerEncoder } from "../../../keepers/deviation-stabilizer/encode.js";
import { readDecision } from "../../../keepers/deviation-stabilizer/recorded.js";
import { differenceOf } from "../../../keepers/deviation-stabilizer/replay.js";
import { StabilizerTick } from "../../../keepers/deviation-stabilizer/tick.js";
import type { ChainSnapshot } from "../../../keepers/deviation-stabilizer/types.js";
import { Counters } from "../../../keepers/kit/counters.js";
import { plain } from "../../../keepers/kit/logger.js";
import type { CallRequest, NextBlock } from "../../../keepers/kit/nextBlock.js";
import type { Head } from "../../../keepers/kit/provider.js";
import { MemoryRecord } from "../../../keepers/kit/record.js";
import type { Intent, Settled, Submission, Submitter } from "../../../keepers/kit/submitter.js";
import { RetryableError } from "../../../protocol/errors.js";
import { IPegLens__factory, IXAUOracle__factory } from "../../../protocol/generated/contracts/index.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { CONFIG, observation, POOL_A, POOL_B, poolObservation } from "./fixtures.js";

const LENS = "0xC000000000000000000000000000000000000000";
const STABILIZER = "0xD000000000000000000000000000000000000000";
const SENDER = "0xE000000000000000000000000000000000000000";
const GWEI = 10n ** 9n;
const lens = IPegLens__factory.createInterface();
const COOLDOWN = 6n;

/** A keeper whose edges are this test: the chain answers what is set here, and the submitter does what is set here. */
class Scene {
  snapshot: ChainSnapshot = observation();
  /** Return data of the simulation, or revert data to throw. */
  simulation: { data: string } | { revert: string } = { data: "0x" };
  submission: Submission = { accepted: true, hash: "0xabc", nonce: 0, broadcast: true };
  settled: Settled[] = [];
  readonly simulated: CallRequest[] = [];
  readonly submitted: Intent[] = [];
  /** Whether the other nodes agree, and what they were asked. */
  quorum = true;
  readonly confirmed: CallRequest[] = [];
  readonly record = new MemoryRecord();
  readonly counters = new Counters();
  readonly captured = capturedLog();
  readonly tick: StabilizerTick;

  constructor() {
    const call = (request: CallRequest): Promise<string> => {
      if (request.to === LENS) return Promise.resolve(lens.encodeFunctionResult("snapshot", [this.snapshot]));
      this.simulated.push(request);
      if ("data" in this.simulation) return Promise.resolve(this.simulation.data);
      return Promise.reject(
        Object.assign(new Error("reverted"), { code: "CALL_EXCEPTION", data: this.simulation.revert }),
      );
    };
    const submitter: Submitter = {
      sender: SENDER,
      pending: () => [],
      upkeep: () => Promise.resolve(this.settled.splice(0)),
      submit: (intent) => {
        this.submitted.push(intent);
        return Promise.resolve(this.submission);
      },
    };
    this.tick = new StabilizerTick({
      config: { ...CONFIG, validBlocks: 10, backoffBlocks: 1 },
      fees: { maxFeePerGasWei: 100n * GWEI, priorityFeeWei: GWEI },
      chainId: 138,
      lensAddress: LENS,
      stabilizerAddress: STABILIZER,
      defaultSender: SENDER,
      poolName: (address) => (address === POOL_A ? "A/B" : address),
      encode: stabilizerEncoder({ stabilizer: STABILIZER, pegBoard: LENS, buckets: LENS }),
      nextBlock: { call } as unknown as NextBlock,
      confirm: (request) => {
        this.confirmed.push(request);
        return this.quorum ? Promise.resolve() : Promise.reject(new RetryableError("NO_QUORUM", "set by the test"));
      },
      submitter,
      record: this.record,
      counters: this.counters,
      log: this.captured.log,
    });
  }

  head(number = 99): Head {
    const hash = `0x${number.toString(16).padStart(64, "0")}`;
    return { number, hash, parentHash: hash, timestamp: 1_000, nextBaseFeeWei: GWEI };
  }

  async run(number = 99): Promise<void> {
    this.snapshot = { ...this.snapshot, blockNumber: BigInt(number) + 1n };
    await this.tick.run(this.head(number));
  }

  reasons(): string[] {
    return Object.keys(this.counters.withPrefix("skip."));
  }
}

function noAction(reason: bigint): string {
  return stabilizerAbi.encodeErrorResult("NoAction", [POOL_A, reason]);
}

describe("keepers/deviation-stabilizer/tick", () => {
  it("submits the simulated bytes, under the effect's name, with the chain's limit as ceiling", async () => {
    const scene = new Scene();
    await scene.run();
    const [intent] = scene.submitted;
    const [call] = scene.simulated;
    expect([call?.to, call?.from, call?.data, call?.gasLimit]).to.deep.equal([
      STABILIZER,
      SENDER,
      intent?.data,
      intent?.gasLimit,
    ]);
    expect(intent).to.deep.include({
      key: `stabilize:138:${POOL_A}@90`,
      maxFeePerGasWei: scene.snapshot.maxGasPriceWei,
      validUntilBlock: 109,
      gasLimit: 700_000n,
      valueWei: 0n,
    });
    expect(scene.record.entries.map((entry) => entry.kind)).to.include("plan");
  });

  it("AUDIT-5: keeps what it saw and the bytes it sent, so that they can be decided again", async () => {
    const scene = new Scene();
    await scene.run();
    const kept = scene.record.entries.filter(({ kind }) => kind === "decision");
    expect(kept.map(({ block }) => block)).to.deep.equal([100]);
    const recorded = readDecision(JSON.parse(JSON.stringify(plain(kept[0]?.facts))));
    expect(recorded.data).to.equal(scene.submitted[0]?.data);
    expect(Object.keys(recorded.config).sort()).to.deep.equal(Object.keys(CONFIG).sort());
    expect(differenceOf(100, recorded)).to.equal(undefined);
    // A block that is left alone for the same reason as the one before is not kept again.
    const { pools } = observation({ pools: [poolObservation({ allowance: { reason: 3 } })] });
    scene.snapshot = { ...scene.snapshot, pools };
    for (const block of [101, 102, 103]) await scene.run(block);
    expect(scene.record.entries.filter(({ kind }) => kind === "decision")).to.have.length(2);
  });

  it("turns a revert of the simulation into a named skip, sends nothing, and rests longer each time", async () => {
    const scene = new Scene();
    scene.simulation = { revert: noAction(COOLDOWN) };
    const attempts: number[] = [];
    for (let block = 99; block < 140; block += 1) {
      const before = scene.simulated.length;
      await scene.run(block);
      if (scene.simulated.length > before) attempts.push(block);
    }
    expect(scene.submitted).to.have.length(0);
    expect(scene.reasons()).to.deep.equal(["backoff", "simulate-revert"]);
    // 1, 2, 4, 8 and then always 16 blocks.
    expect(attempts.slice(0, 6)).to.deep.equal([99, 100, 102, 106, 114, 130]);
    const skips = scene.captured.events().filter((entry) => entry["event"] === "skip.simulate-revert");
    expect(String(skips[0]?.["why"])).to.include("NoAction: cooldown");
  });

  it("names a revert of an inner contract by the merged ABI, and one without data", async () => {
    for (const [revert, name] of [
      [IXAUOracle__factory.createInterface().encodeErrorResult("NotEnoughFeeds", [POOL_A, 1n, 2n]), "NotEnoughFeeds"],
      ["0x", "Empty"],
    ] as const) {
      const scene = new Scene();
      scene.simulation = { revert };
      await scene.run();
      expect(scene.reasons()).to.deep.equal(["simulate-revert"]);
      const skip = scene.captured.events().find((entry) => entry["event"] === "skip.simulate-revert");
      expect(String(skip?.["why"])).to.include(name);
    }
  });

  it("does not send a batch that would execute nothing, and does send one that executes some", async () => {
    for (const [executed, sent] of [
      [0n, 0],
      [1n, 1],
    ] as const) {
      const scene = new Scene();
      scene.snapshot = observation({ pools: [poolObservation(), poolObservation({ pool: POOL_B })] });
      scene.simulation = { data: stabilizerAbi.encodeFunctionResult("executeBatch", [executed]) };
      await scene.run();
      expect(scene.submitted).to.have.length(sent);
    }
  });

  it("reports a refused submission as a skip", async () => {
    const scene = new Scene();
    scene.submission = { accepted: false, refusal: "window" };
    await scene.run();
    expect(scene.reasons()).to.deep.equal(["not-submitted"]);
    expect(scene.record.entries.map((entry) => entry.kind)).to.include("plan.refused");
  });

  it("tries again at once after a revert, rests when it reverts again, and forgets that after a success", async () => {
    const scene = new Scene();
    await scene.run(99);
    const key = scene.submitted[0]?.key ?? "";
    const ended = { key, hash: "0xabc", nonce: 0, sinceBlock: 99, block: 100 };
    scene.settled = [{ ...ended, kind: "reverted", logs: [] }];
    await scene.tick.upkeep(scene.head(100));
    await scene.run(100); // somebody was quicker once: try again at once
    expect(scene.submitted).to.have.length(2);
    scene.settled = [{ ...ended, kind: "reverted", logs: [] }];
    await scene.tick.upkeep(scene.head(101));
    await scene.run(101);
    expect(scene.submitted).to.have.length(2);
    expect(scene.reasons()).to.deep.equal(["backoff"]);
    await scene.run(102);
    const log = stabilizerAbi.encodeEventLog("Stabilized", [POOL_A, SENDER, true, 1n, 2n, 3n, 4n, 5n, 6n]);
    scene.settled = [
      { ...ended, kind: "mined", gasUsed: 300_000, logs: [{ address: STABILIZER.toLowerCase(), ...log }] },
    ];
    await scene.tick.upkeep(scene.head(103));
    expect(scene.counters.get("executions")).to.equal(1);
    expect(scene.tick.gasPerExecution).to.deep.equal([300_000]);
    await scene.run(103);
    expect(scene.submitted).to.have.length(4);
  });

  it("counts only events of the stabilizer", async () => {
    const scene = new Scene();
    await scene.run();
    const log = stabilizerAbi.encodeEventLog("Stabilized", [POOL_A, SENDER, true, 1n, 2n, 3n, 4n, 5n, 6n]);
    scene.settled = [
      {
        key: "k",
        kind: "mined",
        hash: "0x1",
        nonce: 0,
        sinceBlock: 99,
        block: 100,
        gasUsed: 1,
        logs: [{ address: LENS, ...log }],
      },
    ];
    await scene.tick.upkeep(scene.head(100));
    expect(scene.counters.get("executions")).to.equal(0);
  });

  it("RPC-3 asks the other nodes once there is a plan, with the very bytes, and submits nothing when they do not agree", async () => {
    const quiet = new Scene();
    quiet.snapshot = observation({ pools: [poolObservation({ allowance: { reason: 4 } })] });
    await quiet.run();
    expect([quiet.submitted.length, quiet.confirmed.length]).to.deep.equal([0, 0]);

    const agreed = new Scene();
    await agreed.run();
    expect(agreed.confirmed.map(({ to, data, from }) => [to, data, from])).to.deep.equal([
      [STABILIZER, agreed.submitted[0]?.data, SENDER],
    ]);

    const split = new Scene();
    split.quorum = false;
    let code = "none";
    await split.tick.run(split.head()).catch((error: unknown) => {
      code = String((error as { code?: string }).code);
    });
    expect([code, split.submitted.length]).to.deep.equal(["NO_QUORUM", 0]);
  });

  it("fails, and decides nothing, when the node answers for a block before its own head", async () => {
    const scene = new Scene();
    scene.snapshot = { ...scene.snapshot, blockNumber: 98n };
    let code = "none";
    await scene.tick.run(scene.head(99)).catch((error: unknown) => {
      code = String((error as { code?: string }).code);
    });
    expect(code).to.equal("NODE_BEHIND");
    expect(scene.submitted).to.have.length(0);
  });

  it("waits for the next head when a block has arrived since this one was read", async () => {
    const scene = new Scene();
    scene.snapshot = { ...scene.snapshot, blockNumber: 101n };
    await scene.tick.run(scene.head(99));
    expect([scene.submitted.length, scene.simulated.length, scene.reasons().length]).to.deep.equal([0, 0, 0]);
  });

  it("keeps the offered fee inside the chain's limit instead of skipping when only the tip would exceed it", async () => {
    const scene = new Scene();
    // The base fee is 1 gwei and the tip 1 gwei; the limit leaves half a gwei for the tip.
    scene.snapshot = observation({ maxGasPriceWei: (3n * GWEI) / 2n });
    await scene.run();
    expect(scene.submitted).to.have.length(1);
    const below = new Scene();
    below.snapshot = observation({ maxGasPriceWei: GWEI - 1n });
    await below.run();
    expect(below.reasons()).to.deep.equal(["gas-price"]);
  });
});
