import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";
import { keccak256, toUtf8Bytes, Transaction, verifyMessage, Wallet } from "ethers";

import { PrivateBroadcaster } from "../../../keepers/kit/broadcast/private.js";
import { broadcastProblems } from "../../../keepers/kit/broadcast/settings.js";
import { SprayBroadcaster } from "../../../keepers/kit/broadcast/spray.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { TEST_RPC_TIMEOUT_MS } from "../../helpers/limits.js";
import { startTwins } from "../../helpers/twinNodes.js";

interface Taken {
  readonly method: string;
  readonly params: readonly Record<string, unknown>[];
  readonly signer: string;
  readonly claimed: string;
}

/** An endpoint for private submission: verifies the signature over the body and remembers what it was given; refuses what is forged. */
async function startRelay() {
  const taken: Taken[] = [];
  const state: { answer: (request: Taken) => object | undefined } = { answer: () => ({ result: "0x01" }) };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const [claimed = "", signature = ""] = String(request.headers["x-flashbots-signature"]).split(":");
      const signer = verifyMessage(keccak256(toUtf8Bytes(body)), signature);
      const { method, params, id } = JSON.parse(body) as Taken & { id: number };
      if (signer !== claimed) {
        response.end(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32600, message: "invalid signature" } }));
        return;
      }
      const entry = { method, params, signer, claimed };
      taken.push(entry);
      const answer = state.answer(entry);
      if (answer === undefined) response.destroy();
      else response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${String(port)}/s3cr3t?key=s3cr3t`),
    taken,
    state,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("keepers/kit/broadcast", () => {
  let twins: Awaited<ReturnType<typeof startTwins>>;
  let relay: Awaited<ReturnType<typeof startRelay>>;
  let nonce = 0;
  before(async () => {
    twins = await startTwins(2);
    relay = await startRelay();
  });
  after(async () => {
    relay.close();
    await twins.close();
  });
  beforeEach(() => {
    twins.calm();
    relay.taken.length = 0;
    relay.state.answer = () => ({ result: "0x01" });
  });

  /** Bytes that both nodes would take. */
  async function bytes(): Promise<{ raw: string; hash: string }> {
    const account = developmentAccounts()[3];
    if (account === undefined) throw new Error("no development account");
    const call = { to: account.address, value: 1n, gasLimit: 21_000n, gasPrice: 2_000_000_000n, chainId: 138, type: 0 };
    const raw = await account.signTransaction({ ...call, nonce: nonce++ });
    return { raw, hash: String(Transaction.from(raw).hash) };
  }
  const mempool = async (hash: string): Promise<boolean[]> =>
    Promise.all(twins.nodes.map(async (node) => (await node.ask("eth_getTransactionByHash", hash)) !== null));

  function broadcaster(
    options: { method?: "private-transaction" | "bundle"; fallback?: boolean; forged?: boolean } = {},
  ) {
    const client = twins.client();
    const captured = capturedLog();
    const wallet = Wallet.createRandom();
    const identity =
      options.forged === true
        ? { address: Wallet.createRandom().address, signMessage: (text: string) => wallet.signMessage(text) }
        : wallet;
    const spray = new SprayBroadcaster(client, captured.log);
    const { method = "private-transaction" } = options;
    const settings = { url: relay.url, method, validBlocks: 25, timeoutMs: TEST_RPC_TIMEOUT_MS };
    const fallback = options.fallback === true ? spray : undefined;
    return {
      broadcaster: new PrivateBroadcaster(settings, identity, client, captured.log, fallback),
      spray,
      captured,
      wallet,
    };
  }

  it("RPC-10 gives a private endpoint the bytes, signed as its protocol says, and nobody else", async () => {
    const { raw, hash } = await bytes();
    const { broadcaster: sender, wallet } = broadcaster();
    const head = Number((await twins.nodes[0]?.latest())?.["number"]);
    expect(await sender.broadcast(raw)).to.equal("taken");
    const [{ method, params, signer } = {} as Taken] = relay.taken;
    expect([method, signer]).to.deep.equal(["eth_sendPrivateTransaction", wallet.address]);
    expect(params).to.deep.equal([
      { tx: raw, maxBlockNumber: `0x${(head + 25).toString(16)}`, preferences: { fast: true } },
    ]);
    expect(await mempool(hash)).to.deep.equal([false, false]);
    sender.close();
  });

  it("asks for the next block with a bundle", async () => {
    const { raw } = await bytes();
    const { broadcaster: sender } = broadcaster({ method: "bundle" });
    const head = Number((await twins.nodes[0]?.latest())?.["number"]);
    expect(await sender.broadcast(raw)).to.equal("taken");
    expect(relay.taken.map(({ method, params }) => [method, params])).to.deep.equal([
      ["eth_sendBundle", [{ txs: [raw], blockNumber: `0x${(head + 1).toString(16)}` }]],
    ]);
    sender.close();
  });

  for (const [what, outcome, answer] of [
    ["refuses", "refused", () => ({ error: { code: -32000, message: "not today" } })],
    ["does not answer", "unanswered", () => undefined],
    ["has them already", "taken", () => ({ error: { code: -32000, message: "already known" } })],
  ] as const) {
    it(`RPC-10 an endpoint that ${what}: ${outcome}, and public only where that was named`, async () => {
      relay.state.answer = answer;
      const quiet = await bytes();
      const alone = broadcaster();
      expect(await alone.broadcaster.broadcast(quiet.raw)).to.equal(outcome);
      expect(await mempool(quiet.hash)).to.deep.equal([false, false]);
      // The nonce was not used up by bytes that nobody mines.
      nonce -= 1;
      const open = await bytes();
      const named = broadcaster({ fallback: true });
      expect(await named.broadcaster.broadcast(open.raw)).to.equal("taken");
      const isPublic = outcome !== "taken";
      expect(await mempool(open.hash)).to.deep.equal([isPublic, isPublic]);
      for (const { captured } of [alone, named]) {
        expect(JSON.stringify(captured.events())).to.not.include("s3cr3t").and.not.include(open.raw);
      }
      if (!isPublic) nonce -= 1;
      alone.broadcaster.close();
      named.broadcaster.close();
    });
  }

  it("the endpoint of these tests refuses a signature of somebody else", async () => {
    const { raw } = await bytes();
    nonce -= 1;
    const { broadcaster: sender } = broadcaster({ forged: true });
    expect(await sender.broadcast(raw)).to.equal("refused");
    expect(relay.taken).to.have.length(0);
    sender.close();
  });

  it("sprays to every node, and one that takes the bytes is enough", async () => {
    const first = await bytes();
    const { spray } = broadcaster();
    expect(await spray.broadcast(first.raw)).to.equal("taken");
    expect(await mempool(first.hash)).to.deep.equal([true, true]);
    expect(await spray.broadcast(first.raw), "again").to.equal("taken");
    const [left, right] = twins.nodes;
    if (left === undefined || right === undefined) throw new Error("two nodes");
    left.proxy.fault = () => ({ kind: "refuse" });
    const second = await bytes();
    expect(await broadcaster().spray.broadcast(second.raw)).to.equal("taken");
    expect(await mempool(second.hash)).to.deep.equal([false, true]);
    right.proxy.fault = () => ({ kind: "lose-reply" });
    expect(await broadcaster().spray.broadcast((await bytes()).raw)).to.equal("unanswered");
    twins.calm();
    expect(await broadcaster().spray.broadcast("0x00")).to.equal("refused");
  });

  it("refuses private submission without an endpoint, and an endpoint that nobody asked for", () => {
    const problems = (env: Record<string, string>): string[] => broadcastProblems(env).map(({ env: name }) => name);
    expect(problems({})).to.deep.equal([]);
    expect(problems({ KEEPER_BROADCAST: "private" })).to.deep.equal(["KEEPER_PRIVATE_URL"]);
    expect(problems({ KEEPER_PRIVATE_URL: "https://x.example" })).to.deep.equal(["KEEPER_PRIVATE_URL"]);
    expect(
      problems({ KEEPER_BROADCAST: "private-else-public", KEEPER_PRIVATE_URL: "https://x.example" }),
    ).to.deep.equal([]);
  });
});
