import { expect } from "chai";
import { z } from "zod";

import { SolanaClient } from "../../../../keepers/kit/solana/client.js";
import { clusterHead, freshLifetime, genesisHash } from "../../../../keepers/kit/solana/cluster.js";
import { ValidatorServer } from "../../../../scripts/validator/server.js";
import { TEST_RPC_TIMEOUT_MS } from "../../../helpers/limits.js";
import { codeOf, rejection } from "../../../helpers/rejection.js";

describe("keepers/kit/solana/client", () => {
  let server: ValidatorServer;
  let client: SolanaClient;
  let requests: string[];

  beforeEach(async () => {
    server = await ValidatorServer.start({ confirmedBlocks: 3, finalizedBlocks: 6 });
    server.cluster.advance(20);
    requests = [];
    server.cluster.faults.request = (method) => void requests.push(method);
    client = new SolanaClient({ url: server.url, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 2 });
  });
  afterEach(() => server.stop());

  it("asks for both ends of the cluster in one request", async () => {
    expect(await clusterHead(client)).to.deep.equal({
      slot: 21n,
      blockHeight: 21n,
      finalizedSlot: 15n,
      finalizedHeight: 15n,
    });
    expect(requests).to.deep.equal(["getEpochInfo", "getEpochInfo"]);
  });

  it("takes blockhashes of confirmed blocks only", async () => {
    const { lastValidBlockHeight, slot } = await freshLifetime(client);
    expect([lastValidBlockHeight, slot]).to.deep.equal([168n, 18n]);
  });

  it("asks again after a lost reply and while the node is unhealthy, and no longer than it may", async () => {
    let faults = 0;
    server.cluster.faults.request = () => (++faults === 1 ? "lose-reply" : faults === 2 ? "unhealthy" : undefined);
    expect(await genesisHash(client)).to.equal(server.cluster.bank.genesisHash);
    expect(faults).to.equal(3);
    server.cluster.faults.request = () => "refuse";
    expect(await codeOf(genesisHash(client))).to.equal("RPC_UNREACHABLE");
  });

  it("does not repeat what the node has answered, nor what it did not ask for", async () => {
    expect(await codeOf(client.request("getNothing", [], z.string()))).to.equal("RPC_REFUSED");
    expect(await codeOf(client.request("getSlot", [], z.string()))).to.equal("RPC_MALFORMED");
    // An amount beyond 2^53 would have been rounded.
    expect(await codeOf(client.request("getBalance", ["1".repeat(32)], z.int()))).to.equal("RPC_MALFORMED");
  });

  it("shows no secrets of its address", async () => {
    const { port } = new URL(server.url);
    const secret = new SolanaClient({
      url: `http://127.0.0.1:${port}/key-12345?token=abc`,
      timeoutMs: TEST_RPC_TIMEOUT_MS,
      retries: 0,
    });
    expect(secret.shownUrl).to.equal(server.url);
    server.cluster.faults.request = () => "refuse";
    expect(JSON.stringify((await rejection(genesisHash(secret))).toJSON())).not.to.match(/12345|abc/);
  });
});
