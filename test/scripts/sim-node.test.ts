import { createServer, type Server, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { CantileverError } from "../../protocol/errors.js";
import { openAnvilNode } from "../../scripts/sim/node/anvil.js";
import { IpcClient } from "../../scripts/sim/node/ipc.js";
import type { SimOptions, TwoChainOptions } from "../../scripts/sim/options.js";
import { twoChainFigures, type TwoChainFigures } from "../../scripts/sim/two-chain-result.js";
import { simulateTwo } from "../../scripts/sim/two-chains.js";
import { withWorlds, type SimWorlds } from "../../scripts/sim/worlds.js";
import { startAnvil } from "../../scripts/world/anvil.js";
import { worlds } from "./simWorlds.js";

/** Stabilizers with so little capital that they are refilled, in all pools. */
const HELD: SimOptions = {
  hours: 1 / 12,
  volume: 20,
  seed: 3,
  flow: "one-sided",
  blockSeconds: 2,
  policy: "cantilever",
  profile: "target",
  capitalUsd: 20_000,
};
/** Nobody but the keeper between the chains, in the same worlds. */
const UNHELD: SimOptions = { ...HELD, volume: 50, policy: "none", pools: ["XAU/cUSDT"], outsiders: false };
const TWO: TwoChainOptions = {
  latencySeconds: 30,
  lagBlocks: 1,
  capitalUsd: 100_000,
  isArbitraged: true,
  dailyLossUsd: 10_000,
  maxGapRounds: 1,
};

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof CantileverError) return error.code;
    throw error;
  }
  return "none";
}

/** Of both runs, without the time they took. */
async function figuresOn(those: SimWorlds): Promise<{ held: TwoChainFigures; unheld: TwoChainFigures }> {
  const figuresOf = async (options: SimOptions): Promise<TwoChainFigures> => {
    const figures = twoChainFigures(await simulateTwo(options, TWO, undefined, undefined, those), ["138", "651940"]);
    const leaveOut = (key: string, value: unknown): unknown => (key === "wallSeconds" ? undefined : value);
    return JSON.parse(JSON.stringify(figures, leaveOut)) as TwoChainFigures;
  };
  return { held: await figuresOf(HELD), unheld: await figuresOf(UNHELD) };
}

describe("nodes of a simulation", () => {
  it("say the same, to the last digit", async () => {
    const own = await figuresOn(worlds);
    await withWorlds(async (others) => {
      // The second run is in a world that was taken back.
      expect(await figuresOn(others)).to.deep.equal(own);
    }, "anvil");
    const { held, unheld } = own;
    for (const [name, pool] of Object.entries(held.pools)) expect(pool.executions, name).to.be.greaterThan(0);
    expect(held.chains["138"]?.capital.refills).to.be.greaterThan(0);
    expect(unheld.arbitrage.trades).to.be.greaterThan(0);
    expect(unheld.arbitrage.transfersSent).to.be.greaterThan(0);
  });

  it("says why anvil did not start, and leaves nothing behind", async () => {
    expect(await codeOf(() => startAnvil(["--no-such-flag"]))).to.equal("ANVIL_FAILED");
  });

  it("is gone when it is closed", async () => {
    const node = await openAnvilNode(138);
    expect(Number(await node.request("eth_chainId", []))).to.equal(138);
    expect(await codeOf(() => node.request("no_such_method", []))).to.equal("RPC_REFUSED");
    const waiting = codeOf(() => node.request("anvil_mine", ["0x100000"]));
    await node.close();
    expect(await waiting).to.equal("RPC_GONE");
    expect(await codeOf(() => node.request("eth_chainId", []))).to.equal("RPC_GONE");
  });

  describe("its socket", () => {
    let folder: string;
    let server: Server;
    let client: IpcClient;
    let side: Socket;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "cantilever-ipc-"));
      const path = join(folder, "ipc");
      server = createServer();
      await new Promise<void>((resolve) => server.listen(path, resolve));
      const met = new Promise<Socket>((resolve) => server.once("connection", resolve));
      client = await IpcClient.open(path);
      side = await met;
    });

    afterEach(() => {
      client.close();
      side.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it("takes answers in any order and in pieces", async () => {
      const both = Promise.all([client.request("a", []), client.request("b", [])]);
      const [a, b] = [1, 2].map((id) => `${JSON.stringify({ jsonrpc: "2.0", id, result: `é${String(id)}` })}\n`);
      const bytes = Buffer.from(`${String(b)}${String(a)}`);
      // In the middle of a letter of two bytes.
      const cut = bytes.indexOf(0xc3) + 1;
      side.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 20));
      side.write(bytes.subarray(cut));
      expect(await both).to.deep.equal(["é1", "é2"]);
    });

    it("tells everybody who waits that the other side has ended", async () => {
      const waiting = [codeOf(() => client.request("a", [])), codeOf(() => client.request("b", []))];
      side.destroy();
      expect(await Promise.all(waiting)).to.deep.equal(["RPC_GONE", "RPC_GONE"]);
      expect(await codeOf(() => client.request("c", []))).to.equal("RPC_GONE");
    });
  });
});
