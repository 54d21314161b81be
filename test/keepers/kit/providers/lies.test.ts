import { expect } from "chai";
import fc from "fast-check";

import { NextBlock } from "../../../../keepers/kit/nextBlock.js";
import { confirmWith } from "../../../../keepers/kit/providers/confirm.js";
import { CantileverError } from "../../../../protocol/errors.js";
import type { RpcRequest } from "../../../helpers/flakyRpc.js";
import { startTwins } from "../../../helpers/twinNodes.js";
import { seedOf } from "../../../helpers/seed.js";

const ACCOUNT = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const NUMBER = "0x4360005260206000f3";
const BALANCE = { method: "eth_getBalance", params: (block: unknown) => [ACCOUNT, block] };
const HEIGHT = { method: "eth_call", params: (block: unknown) => [{ data: NUMBER }, block] };
const CALL = { to: ACCOUNT, from: ACCOUNT, data: "0x", valueWei: 0n, gasLimit: 100_000n };

/** A lie: which answer, which field of it (of a block), and what is said instead. */
interface Lie {
  readonly method: string;
  readonly field: number;
  readonly twist: "digit" | "null" | "gone" | "number" | "text" | "long" | "error";
}

function twisted(value: unknown, twist: Lie["twist"]): unknown {
  const text = typeof value === "string" ? value : "0x0";
  switch (twist) {
    case "digit":
      return `${text.slice(0, -1)}${text.endsWith("1") ? "2" : "1"}`;
    case "null":
      return null;
    case "gone":
      return undefined;
    case "number":
      return 7;
    case "text":
      return "hello";
    case "long":
      return `${text}${"00".repeat(64)}`;
    case "error":
      return "error";
  }
}

describe("keepers/kit/providers and a node that lies", () => {
  let twins: Awaited<ReturnType<typeof startTwins>>;
  before(async () => {
    twins = await startTwins(2);
    await twins.mine(3);
  });
  after(async () => {
    await twins.close();
  });

  it("RPC-5 one field of one answer at a time: found, or what is signed on is true", async () => {
    const [liar] = twins.nodes;
    if (liar === undefined) throw new Error("two nodes");
    const block = await liar.latest();
    const fields = Object.keys(block);
    const lie = fc.record({
      method: fc.constantFrom(
        "eth_getBlockByNumber",
        "eth_chainId",
        "eth_getBalance",
        "eth_call",
        "eth_getBlockByHash",
      ),
      field: fc.nat({ max: fields.length - 1 }),
      twist: fc.constantFrom<Lie["twist"]>("digit", "null", "gone", "number", "text", "long", "error"),
    });
    const seen = { seed: seedOf(1), found: 0, harmless: 0 };

    await fc.assert(
      fc.asyncProperty(lie, async ({ method, field, twist }) => {
        twins.calm();
        const client = twins.client({ retries: 0 });
        const nextBlock = new NextBlock(client);
        try {
          // The checks at a keeper's start: all nodes are compared while they tell the truth.
          const truth = await client.head();
          await client.fleet.probe();
          const [balance, height] = await client.agreed(truth, [BALANCE, HEIGHT]);
          let told = 0;
          liar.proxy.fault = async (request: RpcRequest) => {
            if (request.method !== method) return undefined;
            told += 1;
            if (twist === "error") return { kind: "answer", body: { error: { code: -32000, message: "no" } } };
            const result = await liar.ask(method, ...request.params);
            const name = fields[field] ?? "";
            const isBlock = typeof result === "object" && result !== null;
            const lied = isBlock
              ? { ...result, [name]: twisted((result as Record<string, unknown>)[name], twist) }
              : twisted(result, twist);
            return { kind: "answer", body: { result: lied } };
          };
          let signedOn: unknown = "nothing";
          try {
            const head = await client.head();
            const read = await client.agreed(head, [BALANCE, HEIGHT]);
            await confirmWith(client, nextBlock, [BALANCE])(CALL, head);
            signedOn = [head, ...read];
          } catch (error) {
            if (!(error instanceof CantileverError)) throw error;
          }
          await client.fleet.probe();
          const found = client.endpoints[0]?.quarantine.reason !== undefined;
          if (signedOn === "nothing") {
            expect(told, "only a lie is a reason to refuse").to.be.greaterThan(0);
            seen.found += 1;
          } else {
            expect(signedOn).to.deep.equal([truth, balance, height]);
            seen[found ? "found" : "harmless"] += 1;
          }
          expect(client.endpoints[1]?.quarantine.reason, "the honest node is never blamed").to.equal(undefined);
        } finally {
          client.close();
        }
      }),
      { numRuns: 80, seed: seen.seed },
    );
    expect(seen.found, JSON.stringify(seen)).to.be.greaterThan(25);
    expect(seen.harmless, JSON.stringify(seen)).to.be.greaterThan(2);
  });
});
