import { expect } from "chai";

import networkHooks from "../../../scripts/plugins/readLimitHooks.js";
import { Semaphore } from "../../../keepers/kit/semaphore.js";

type Hooks = Awaited<ReturnType<typeof networkHooks>>;
type OnRequest = NonNullable<Hooks["onRequest"]>;

/** What was under way at once, at most, while `requests` went through the hook of one connection. */
async function mostAtOnce(type: string, method: string, requests: number): Promise<number> {
  const { onRequest } = await networkHooks();
  if (onRequest === undefined) throw new Error("the plugin has no onRequest");
  let underWay = 0;
  let most = 0;
  const connection = { networkConfig: { type } } as unknown as Parameters<OnRequest>[1];
  const next: Parameters<OnRequest>[3] = async (_context, _connection, request) => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return { jsonrpc: "2.0", id: request.id, result: request.id };
  };
  const answers = await Promise.all(
    Array.from({ length: requests }, (_, id) =>
      onRequest({} as Parameters<OnRequest>[0], connection, { jsonrpc: "2.0", id, method }, next),
    ),
  );
  expect(answers.map((answer) => ("result" in answer ? answer.result : undefined))).to.deep.equal(
    Array.from({ length: requests }, (_, id) => id),
  );
  return most;
}

describe("scripts/plugins/readLimit", () => {
  it("lets few reads of a chain in this process run at once, and answers all of them", async () => {
    expect(await mostAtOnce("edr-simulated", "eth_call", 300)).to.equal(2);
  });

  it("leaves transactions and chains over the network alone", async () => {
    expect(await mostAtOnce("edr-simulated", "eth_sendTransaction", 30)).to.equal(30);
    expect(await mostAtOnce("http", "eth_call", 30)).to.equal(30);
  });
});

describe("scripts/plugins/semaphore", () => {
  it("gives turns in the order of asking", async () => {
    const semaphore = new Semaphore(1);
    const done: number[] = [];
    await Promise.all(
      [30, 0, 10].map((steps, name) =>
        semaphore.run(async () => {
          for (let step = 0; step < steps; step += 1) await Promise.resolve();
          done.push(name);
        }),
      ),
    );
    expect(done).to.deep.equal([0, 1, 2]);
  });

  it("passes the turn on after a failure", async () => {
    const semaphore = new Semaphore(1);
    const failed = semaphore.run(() => Promise.reject(new Error("no")));
    const after = semaphore.run(() => Promise.resolve("next"));
    expect((await Promise.allSettled([failed]))[0].status).to.equal("rejected");
    expect(await after).to.equal("next");
  });
});
