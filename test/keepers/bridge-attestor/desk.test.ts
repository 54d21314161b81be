import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { openDesk, type Desk } from "../../../keepers/bridge-attestor/desk.js";
import { AttestationBook } from "../../../keepers/bridge-attestor/book.js";
import { AttestingKey } from "../../../keepers/bridge-attestor/key.js";
import { Peers } from "../../../keepers/bridge-attestor/peers.js";
import { RateLimit } from "../../../keepers/bridge-attestor/rate.js";
import { walletAccount } from "../../../keepers/kit/keys/account.js";
import { messageIdOf, type BridgeMessage, type BridgeWay } from "../../../protocol/bridgeMessage.js";
import { attestorWallets } from "../../helpers/bridgeChains.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { usePostgres } from "../../helpers/postgres.js";

const way: BridgeWay = {
  source: { chainId: 138n, bridge: "0x00000000000000000000000000000000000000B1" },
  destination: { chainId: 651940n, bridge: "0x00000000000000000000000000000000000000B2" },
};
const party = "0x00000000000000000000000000000000000000C1";

describe("keepers/bridge-attestor/desk", () => {
  const postgres = usePostgres();
  let book: AttestationBook;
  let key: AttestingKey;
  let desk: Desk;
  let url: string;
  const ids: string[] = [];
  const servers: Server[] = [];

  before(async () => {
    const [wallet] = attestorWallets;
    if (wallet === undefined) throw new Error("there is no attestor");
    key = await AttestingKey.of(walletAccount(wallet), [way.source, way.destination]);
    const db = (await postgres.testDatabase()).database;
    book = new AttestationBook({ db, attestor: key.address, keeper: "k", networks: ["a", "b"], actor: "test" });
    for (let nonce = 1n; nonce <= 5n; nonce += 1n) {
      const message: BridgeMessage = {
        ...{ sourceChainId: 138n, nonce, token: party, sender: party, recipient: party },
        ...{ amountUnits: 10n ** 30n, sentAt: 1n, expiresAt: 2n, paidUnits: 0n },
      };
      const messageId = messageIdOf(way, message);
      ids.push(messageId);
      const order = {
        kind: "deliver",
        way,
        messageId,
        message,
        epoch: 1n,
        evidence: { number: 1, hash: messageId },
      } as const;
      await book.attest(order, () => key.sign(way.destination, "deliver", messageId, 1n));
    }
    desk = await openDesk(book, { host: "127.0.0.1", port: 0, requestsPerSecond: 1_000 }, capturedLog().log);
    url = `http://127.0.0.1:${String(desk.port)}`;
  });
  after(async () => {
    await desk.close();
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
  });

  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}${path}`, init);
    return {
      status: response.status,
      body: (await response.json()) as { attestations: { messageId: string }[]; next: string },
    };
  };

  it("ATTEST-16 shows the signatures of a message, and all of them page by page without a gap", async () => {
    const one = await get(`/attestations/${ids[0]?.toUpperCase().replace("0X", "0x") ?? ""}`);
    expect(one.status).to.equal(200);
    expect(one.body.attestations.map(({ messageId }) => messageId)).to.deep.equal([ids[0]]);
    const seen: string[] = [];
    for (let next = "0"; ;) {
      const { body } = await get(`/attestations?after=${next}&limit=2`);
      if (body.attestations.length === 0) break;
      seen.push(...body.attestations.map(({ messageId }) => messageId));
      next = body.next;
    }
    expect(seen).to.deep.equal(ids);
    const none = await get(`/attestations/0x${"00".repeat(32)}`);
    expect([none.status, none.body.attestations]).to.deep.equal([200, []]);
  });

  it("ATTEST-16 takes no orders and nothing malformed", async () => {
    for (const path of [
      "/attestations/0x12",
      "/attestations?after=-1",
      "/attestations?limit=0",
      "/attestations?after=9e9",
    ])
      expect((await get(path)).status, path).to.equal(400);
    for (const path of ["/", "/metrics", "/attestations/a/b"]) expect((await get(path)).status, path).to.equal(404);
    for (const method of ["POST", "PUT", "DELETE"])
      expect((await get("/attestations", { method })).status).to.equal(405);
  });

  it("ATTEST-16 answers each reader only so often, and all of them together too", () => {
    let nowMs = 0;
    const rate = new RateLimit(10, () => nowMs);
    const taken = (address: string, asked: number): number =>
      Array.from({ length: asked }, () => rate.take(address)).filter(Boolean).length;
    expect(taken("a", 50)).to.equal(20);
    expect(taken("b", 50)).to.equal(20);
    nowMs += 1_000;
    expect(taken("a", 50)).to.equal(10);
    const crowd = Array.from({ length: 200 }, (_, index) => taken(`c${String(index)}`, 5)).reduce(
      (sum, one) => sum + one,
      0,
    );
    expect(crowd).to.be.at.most(160);
  });

  it("ATTEST-15 takes from peers what members of the set signed, whatever else they say", async () => {
    const [first = ""] = ids;
    const stranger = await AttestingKey.of(walletAccount(walletOf(2)), [way.destination]);
    const wanted = { place: way.destination, kind: "deliver", messageId: first, epoch: 1n } as const;
    const foreign = await stranger.sign(way.destination, "deliver", first, 1n);
    const other = await key.sign(way.destination, "deliver", ids[1] ?? "", 1n);
    const entry = { kind: "deliver", chainId: "651940", epoch: "1" };
    const bodies = [
      JSON.stringify({
        attestations: [foreign, other, `0x${"00".repeat(65)}`].map((signature) => ({ ...entry, signature })),
      }),
      "not json",
      JSON.stringify({ attestations: Array.from({ length: 5_000 }, () => ({ ...entry, signature: foreign })) }),
    ];
    const peers = [url];
    for (const body of bodies) {
      const server = createServer((_, response) => response.end(body));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      servers.push(server);
      peers.push(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    }
    const failed: string[] = [];
    const options = {
      peers: [...peers, "http://127.0.0.1:1"],
      timeoutMs: 30_000,
      onFailure: (peer: string) => void failed.push(peer),
    };
    const members = new Set([key.address, walletOf(1).address]);
    const found = await new Peers(options).collect(wanted, members);
    expect([...found.keys()]).to.deep.equal([key.address]);
    expect(failed).to.have.length(3);
  });
});

function walletOf(index: number) {
  const wallet = attestorWallets[index];
  if (wallet === undefined) throw new Error("there is no such attestor");
  return wallet;
}
