import { setTimeout as wait } from "node:timers/promises";

import { expect } from "chai";

import { Freshness } from "../../../keepers/kit/health.js";
import { runKeeper, type RunnerParts } from "../../../keepers/kit/runner.js";
import { HeadWatcher } from "../../../keepers/kit/watcher.js";
import { PermanentError } from "../../../protocol/errors.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { startLocalNode, type LocalNode } from "../../helpers/localNode.js";

const ONCE = { once: true, settleMs: 60_000 };
const FOREVER = { once: false, settleMs: 500 };

describe("keepers/kit watcher and runner", () => {
  let node: LocalNode;
  before(async () => {
    node = await startLocalNode();
  });
  after(async () => {
    await node.close();
  });
  beforeEach(() => {
    node.proxy.fault = () => undefined;
    node.proxy.seen.length = 0;
  });

  /** A keeper that notes what was called at which height. */
  function parts(client = node.client({ retries: 0 }), onReconnect?: () => Promise<void>) {
    const { log, names, events } = capturedLog();
    const options = onReconnect === undefined ? {} : { onReconnect };
    const watcher = new HeadWatcher(client, { pollMs: 10, log, ...options });
    const calls: string[] = [];
    const stop = new AbortController();
    const made: RunnerParts = {
      nextHead: (signal, again) => watcher.next(signal, again),
      upkeep: ({ number }) => {
        calls.push(`upkeep ${String(number)}`);
        return Promise.resolve();
      },
      tick: ({ head }) => {
        calls.push(`tick ${String(head.number)}`);
        return Promise.resolve();
      },
      busy: () => false,
      health: new Freshness(10),
      log,
    };
    return { made, calls, stop, names, events };
  }

  async function height(): Promise<number> {
    return Number(await node.ask("eth_blockNumber"));
  }

  it("runs upkeep before the tick, once per head", async () => {
    const { made, calls } = parts();
    const start = await height();
    const outcome = await runKeeper(made, ONCE, new AbortController().signal);
    expect(calls).to.deep.equal([`upkeep ${String(start)}`, `tick ${String(start)}`]);
    expect(outcome).to.deep.equal({ ticks: 1, failedTicks: 0, missedBlocks: 0, leftInFlight: false });
  });

  it("coalesces the heights that pass during a tick", async () => {
    const { made, calls, stop } = parts();
    const start = await height();
    const outcome = await runKeeper(
      {
        ...made,
        tick: async (news) => {
          await made.tick(news);
          if (news.head.number === start) await node.mine(5);
          else stop.abort();
        },
      },
      FOREVER,
      stop.signal,
    );
    expect(calls.filter((call) => call.startsWith("tick"))).to.deep.equal([
      `tick ${String(start)}`,
      `tick ${String(start + 5)}`,
    ]);
    expect(outcome.missedBlocks).to.equal(4);
  });

  it("guards upkeep and tick separately and goes on", async () => {
    const { made, stop, names } = parts();
    let upkeeps = 0;
    let ticks = 0;
    const outcome = await runKeeper(
      {
        ...made,
        upkeep: () => {
          upkeeps += 1;
          return Promise.reject(new PermanentError("UPKEEP_BROKEN", "broken"));
        },
        tick: async () => {
          ticks += 1;
          if (ticks === 3) stop.abort();
          else await node.mine();
          throw new PermanentError("TICK_BROKEN", "broken");
        },
      },
      FOREVER,
      stop.signal,
    );
    expect([upkeeps, ticks, outcome.failedTicks]).to.deep.equal([3, 3, 3]);
    expect(names().filter((name) => name === "upkeep.failed")).to.have.length(3);
    expect(made.health.report().lastError).to.equal("TICK_BROKEN");
  });

  it("tries a failed tick again while its block is the newest", async () => {
    const { made, calls, stop } = parts();
    const start = await height();
    let ticks = 0;
    const outcome = await runKeeper(
      {
        ...made,
        tick: async (news) => {
          await made.tick(news);
          ticks += 1;
          if (ticks < 3) throw new PermanentError("TICK_BROKEN", "broken");
          stop.abort();
        },
      },
      FOREVER,
      stop.signal,
    );
    const again = [`upkeep ${String(start)}`, `tick ${String(start)}`];
    expect(calls).to.deep.equal([...again, ...again, ...again]);
    expect(outcome).to.deep.include({ ticks: 3, failedTicks: 2, missedBlocks: 0 });
    expect(made.health.report().lastError).to.equal(undefined);
  });

  it("survives a node that goes away in mid-run, asks it less often, and recovers", async () => {
    let reconnected = 0;
    const refusedMs: number[] = [];
    const { made, calls, stop, names } = parts(node.client({ retries: 0 }), () => {
      reconnected += 1;
      return Promise.resolve();
    });
    const start = await height();
    const run = runKeeper(
      {
        ...made,
        tick: async (news) => {
          await made.tick(news);
          if (news.head.number > start) stop.abort();
          node.proxy.fault = () => {
            refusedMs.push(performance.now());
            return { kind: "refuse" };
          };
        },
      },
      FOREVER,
      stop.signal,
    );
    while (refusedMs.length < 4) await wait(10);
    await node.mine();
    node.proxy.fault = () => undefined;
    await run;
    expect(calls.at(-1)).to.equal(`tick ${String(start + 1)}`);
    expect(names()).to.include.members(["rpc.down", "rpc.up"]);
    expect(names().filter((name) => name === "rpc.down")).to.have.length(1);
    expect(reconnected).to.equal(1);
    // The first question comes twice, because a kept connection may have been closed meanwhile. At a poll of 10 ms the other two would
    // come 20 ms later; the pauses double from 250 ms instead, and each is at least half of that.
    const [first = NaN, , , last = NaN] = refusedMs;
    expect(last - first).to.be.greaterThan(350);
  });

  it("stops for good when the node that comes back serves another chain", async () => {
    const client = node.client({ retries: 0 });
    const { made, stop, names } = parts(client, () => client.assertChain());
    let ticks = 0;
    const run = runKeeper(
      {
        ...made,
        tick: () => {
          ticks += 1;
          node.proxy.fault = () => ({ kind: "refuse" });
          return Promise.resolve();
        },
      },
      FOREVER,
      stop.signal,
    );
    while (!names().includes("rpc.down")) await wait(10);
    await node.mine();
    node.proxy.fault = ({ method }) =>
      method === "eth_chainId" ? { kind: "answer", body: { result: "0x1" } } : undefined;
    let failure: unknown;
    await run.catch((error: unknown) => {
      failure = error;
    });
    expect((failure as PermanentError).code).to.equal("WRONG_CHAIN");
    expect(ticks).to.equal(1);
    expect(names()).to.not.include("rpc.up");
  });

  it("ends at once when nothing happens, and finishes a running tick first", async () => {
    const { made, stop } = parts();
    let finished = false;
    const outcome = await runKeeper(
      {
        ...made,
        tick: async () => {
          stop.abort();
          await new Promise((resolve) => setTimeout(resolve, 50));
          finished = true;
        },
      },
      FOREVER,
      stop.signal,
    );
    expect(finished).to.equal(true);
    expect(outcome.ticks).to.equal(1);
  });

  it("with once, cares for what is in flight until it has settled", async () => {
    const { made } = parts();
    let open = 3;
    const outcome = await runKeeper(
      {
        ...made,
        busy: () => open > 0,
        upkeep: async () => {
          open -= 1;
          await node.mine();
        },
      },
      ONCE,
      new AbortController().signal,
    );
    expect(outcome).to.deep.include({ ticks: 1, leftInFlight: false });
  });

  it("does not wait for ever for what is in flight", async () => {
    const { made, stop } = parts();
    stop.abort();
    const outcome = await runKeeper({ ...made, busy: () => true }, FOREVER, stop.signal);
    expect(outcome.leftInFlight).to.equal(true);
  });

  it("notices a reorganised head of the same height", async () => {
    const { made, stop, names } = parts();
    const start = await height();
    const snapshot = await node.ask("evm_snapshot");
    await node.mine();
    let ticks = 0;
    await runKeeper(
      {
        ...made,
        tick: async ({ head }) => {
          ticks += 1;
          if (ticks > 1) {
            stop.abort();
            return;
          }
          expect(head.number).to.equal(start + 1);
          await node.ask("evm_revert", snapshot);
          await node.ask("evm_increaseTime", 7);
          await node.mine();
        },
      },
      FOREVER,
      stop.signal,
    );
    expect(ticks).to.equal(2);
    expect(names()).to.include("head.reorganised");
  });
});

describe("keepers/kit/health", () => {
  it("is the age of the last successful unit of work", () => {
    let nowMs = 0;
    const health = new Freshness(10, () => nowMs);
    nowMs = 9_000;
    expect(health.report()).to.deep.include({ healthy: true, ageSeconds: 9, lastBlock: undefined });
    nowMs = 11_000;
    health.failed("RPC_UNREACHABLE");
    expect(health.report()).to.deep.include({ healthy: false, ageSeconds: 11, lastError: "RPC_UNREACHABLE" });
    health.succeeded(7);
    expect(health.report()).to.deep.include({ healthy: true, ageSeconds: 0, lastBlock: 7, lastError: undefined });
  });
});
