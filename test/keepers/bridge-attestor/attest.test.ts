import { expect } from "chai";

import type { Database } from "../../../db/database.js";
import { ensureControl } from "../../../db/queries/control/ensure.js";
import { readControl } from "../../../db/queries/control/read.js";
import { setControl } from "../../../db/queries/control/set.js";
import { ATTESTATION_POINTS } from "../../../keepers/bridge-attestor/book.js";
import { confirmationsOf } from "../../../keepers/bridge-attestor/depth.js";
import { signerOf } from "../../../protocol/attestations.js";
import { KEEPER_NAME } from "../../../keepers/bridge-attestor/policy.js";
import { attestationDigest, BRIDGE_TOPICS } from "../../../protocol/bridgeMessage.js";
import { openAttestor, type AttestorRig, type RigOptions } from "../../helpers/attestorRig.js";
import {
  ABROAD,
  attestorWallets,
  HOME,
  startBridgeChains,
  type BridgeChain,
  type BridgeChains,
} from "../../helpers/bridgeChains.js";
import type { Fault, RpcRequest } from "../../helpers/flakyRpc.js";
import { usePostgres } from "../../helpers/postgres.js";
import { codeOf } from "../../helpers/rejection.js";

const CONFIRMATIONS = 3;

describe("keepers/bridge-attestor on two chains with the real bridge", () => {
  const postgres = usePostgres();
  let chains: BridgeChains;
  let home: BridgeChain;
  let abroad: BridgeChain;
  let pristine: readonly [unknown, unknown];
  let db: Database;
  const open: AttestorRig[] = [];

  before(async () => {
    chains = await startBridgeChains(CONFIRMATIONS);
    ({ home, abroad } = chains);
  });
  after(() => chains.close());
  beforeEach(async () => {
    pristine = [await home.snapshot(), await abroad.snapshot()];
    db = (await postgres.testDatabase()).database;
  });
  afterEach(async () => {
    for (const rig of open.splice(0)) rig.close();
    for (const chain of [home, abroad]) chain.proxy.fault = chain.second.fault = () => undefined;
    await home.revert(pristine[0]);
    await abroad.revert(pristine[1]);
  });

  async function attestor(options: RigOptions = {}): Promise<AttestorRig> {
    const rig = await openAttestor(chains, db, options);
    open.push(rig);
    return rig;
  }
  const control = async (network: string) => (await readControl(db, KEEPER_NAME, network))?.state;
  /** As an operator's `run --reason`. */
  async function runAgain(): Promise<void> {
    const row = { state: "run", reason: "looked", actor: "operator", cause: "operator" } as const;
    for (const network of [HOME, ABROAD]) await setControl(db, KEEPER_NAME, network, row);
  }
  /** Past the end of a message, on the destination's own clock. */
  async function expire(seconds = 100_000): Promise<void> {
    await abroad.ask("evm_setNextBlockTimestamp", (await abroad.seconds()) + seconds);
    await abroad.mine();
  }
  /** A message that was cancelled on its destination, deep enough. */
  async function cancelled() {
    const sent = await home.send(1_000n);
    await (await abroad.bridge.connect(abroad.user).cancel(sent.message)).wait();
    await chains.mine(CONFIRMATIONS);
    return sent;
  }

  it("ATTEST-2 signs a delivery once its block is deep enough, with the contract's own digest, and once only", async () => {
    const rig = await attestor();
    const { messageId } = await home.send(1_000n);
    await home.mine(CONFIRMATIONS - 1);
    await rig.tick("abroad");
    expect(await rig.kinds(messageId)).to.deep.equal([]);
    await home.mine(1);
    await rig.tick("abroad");
    const [row, ...others] = await rig.signed(messageId);
    expect(others).to.deep.equal([]);
    const epoch = 1n;
    const digest = await abroad.bridge.deliveryDigest(messageId);
    expect(attestationDigest(abroad.place, "deliver", messageId, epoch)).to.equal(digest);
    const wanted = { place: abroad.place, kind: "deliver", messageId, epoch } as const;
    expect(signerOf(wanted, row?.signature ?? "")).to.equal(attestorWallets[0]?.address);
    await home.mine(1);
    await rig.tick("abroad");
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
    expect(rig.counters.get("attestations.deliver")).to.equal(1);
  });

  it("ATTEST-2 what it signs is what the bridge takes, in both directions", async () => {
    const rigs = [await attestor(), await attestor({ index: 1 })];
    const go = await home.send(5_000n);
    await home.mine(CONFIRMATIONS);
    for (const rig of rigs) await rig.tick("abroad");
    const signatures = async (messageId: string) =>
      Promise.all(
        attestorWallets.slice(0, 2).map(async ({ address }) => {
          const rows = await rigs[0]?.signed(messageId);
          return rows?.find((row) => row.attestor === address.toLowerCase())?.signature ?? "";
        }),
      );
    await (await abroad.bridge.connect(abroad.user).deliver(go.message, await signatures(go.messageId))).wait();
    expect(await abroad.state(go.messageId)).to.equal("delivered");
    const back = await abroad.send(2_000n);
    await abroad.mine(CONFIRMATIONS);
    for (const rig of rigs) await rig.tick("home");
    const before = await home.token.balanceOf(home.user.address);
    await (await home.bridge.connect(home.user).deliver(back.message, await signatures(back.messageId))).wait();
    expect((await home.token.balanceOf(home.user.address)) - before).to.equal(2_000n);
  });

  it("ATTEST-3 signs nothing for a message that was unwound before it was deep enough", async () => {
    const rig = await attestor();
    const point = await home.snapshot();
    const { messageId } = await home.send(1_000n);
    await home.mine(1);
    await rig.tick("abroad");
    await home.revert(point);
    await home.mine(CONFIRMATIONS + 4);
    await rig.tick("abroad");
    expect(await rig.kinds(messageId)).to.deep.equal([]);
    // Its place is free: what came instead is signed, under the same nonce.
    const other = await home.send(2_000n);
    expect(other.message.nonce).to.equal(1n);
    await home.mine(CONFIRMATIONS);
    await rig.tick("abroad");
    expect(await rig.kinds(other.messageId)).to.deep.equal(["deliver 1"]);
    expect(await control(HOME)).to.not.equal("kill");
  });

  it("ATTEST-3 ATTEST-4 stops on both networks when what it signed was unwound, hides it, and never signs another under that nonce", async () => {
    const rig = await attestor();
    const point = await home.snapshot();
    const { messageId } = await home.send(1_000n);
    await home.mine(CONFIRMATIONS);
    await rig.tick("abroad");
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
    await home.revert(point);
    // Shorter than it was: nobody can say yet, and nothing is signed.
    expect(await codeOf(rig.tick("abroad"))).to.equal("EVIDENCE_UNKNOWN");
    const other = await home.send(2_000n);
    await home.mine(CONFIRMATIONS + 2);
    await rig.tick("abroad");
    expect([await control(HOME), await control(ABROAD)]).to.deep.equal(["kill", "kill"]);
    expect(rig.names()).to.include("attestation.alarm");
    expect(await rig.kinds(messageId)).to.deep.equal([]);
    await runAgain();
    await home.mine(1);
    await rig.tick("abroad");
    expect(await control(HOME)).to.equal("run");
    expect(await rig.kinds(other.messageId)).to.deep.equal([]);
    expect(rig.counters.get("refused.other-message")).to.equal(1);
    // What comes after it is signed as ever.
    const next = await home.send(3_000n);
    await home.mine(CONFIRMATIONS);
    await rig.tick("abroad");
    expect(await rig.kinds(next.messageId)).to.deep.equal(["deliver 1"]);
  });

  it("ATTEST-4 signs nothing while either network is stopped, and whatever a pause of its own says", async () => {
    const rig = await attestor();
    const { messageId } = await home.send(1_000n);
    await home.mine(CONFIRMATIONS);
    const stop = { reason: "test", actor: "test" } as const;
    for (const network of [HOME, ABROAD]) await ensureControl(db, KEEPER_NAME, network, "test");
    for (const network of [HOME, ABROAD]) {
      for (const state of ["pause", "drain", "kill"] as const) {
        await setControl(db, KEEPER_NAME, network, { ...stop, state, cause: "operator" });
        await rig.tick("abroad");
        expect(await rig.kinds(messageId), `${network} ${state}`).to.deep.equal([]);
      }
      await setControl(db, KEEPER_NAME, network, { ...stop, state: "run", cause: "operator" });
    }
    await setControl(db, KEEPER_NAME, HOME, { ...stop, state: "pause", cause: "automatic" });
    await rig.tick("abroad");
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
  });

  const lies: readonly (readonly [string, (request: RpcRequest) => Fault | undefined])[] = [
    ["says that another message was sent", (request) => answer(request, "eth_call", `0x${"0".repeat(63)}1`)],
    ["leaves the log out", (request) => answer(request, "eth_getLogs", [])],
    ["names other hashes", (request) => (request.method === "eth_getBlockByNumber" ? hashed() : undefined)],
    ["does not answer", () => ({ kind: "refuse" })],
  ];
  function answer({ method }: RpcRequest, wanted: string, result: unknown): Fault | undefined {
    return method === wanted ? { kind: "answer", body: { result } } : undefined;
  }
  function hashed(): Fault {
    return { kind: "answer", body: { error: { code: -32000, message: "unknown block" } } };
  }
  for (const [what, fault] of lies) {
    it(`ATTEST-5 signs nothing while one of two nodes ${what}`, async () => {
      const { messageId } = await home.send(1_000n);
      await home.mine(CONFIRMATIONS);
      // Whichever of them is asked first.
      for (const proxy of [home.second, home.proxy]) {
        const rig = await attestor();
        proxy.fault = fault;
        expect(await codeOf(rig.tick("abroad"))).to.be.oneOf(["NO_QUORUM", "RPC_UNREACHABLE"]);
        proxy.fault = () => undefined;
        expect(await rig.kinds(messageId)).to.deep.equal([]);
      }
      const honest = await attestor();
      await honest.tick("abroad");
      expect(await honest.kinds(messageId)).to.deep.equal(["deliver 1"]);
    });
  }

  it("ATTEST-5 one node that runs ahead makes nothing deeper than it is", async () => {
    const rig = await attestor();
    const { messageId } = await home.send(1_000n);
    const latest = (await home.provider.getBlock("latest", false)) ?? undefined;
    home.second.fault = (request) => {
      const isLatest = request.method === "eth_getBlockByNumber" && request.params[0] === "latest";
      return isLatest && latest !== undefined
        ? { kind: "answer", body: { result: aheadOf(latest.number + CONFIRMATIONS, latest.parentHash) } }
        : undefined;
    };
    await rig.tick("abroad");
    expect(await rig.kinds(messageId)).to.deep.equal([]);
    await home.mine(CONFIRMATIONS);
    home.second.fault = () => undefined;
    const calm = await attestor();
    await calm.tick("abroad");
    expect(await calm.kinds(messageId)).to.deep.equal(["deliver 1"]);
  });
  function aheadOf(number: number, parentHash: string): unknown {
    const hex = (value: number): string => `0x${value.toString(16)}`;
    return {
      number: hex(number),
      hash: `0x${"22".repeat(32)}`,
      parentHash,
      timestamp: hex(1),
      gasLimit: "0x1",
      gasUsed: "0x0",
    };
  }

  it("ATTEST-6 misses no message that a node leaves out: it asks the others", async () => {
    const rig = await attestor({ quorum: 1 });
    const sent = [await home.send(1_000n), await home.send(2_000n), await home.send(3_000n)];
    // Logs of the first node lack the second message, in every range.
    const second = sent[1]?.messageId;
    home.proxy.fault = async (request) => {
      if (request.method !== "eth_getLogs") return undefined;
      const logs = (await home.ask("eth_getLogs", ...request.params)) as { topics: string[] }[];
      return { kind: "answer", body: { result: logs.filter(({ topics }) => topics[1] !== second) } };
    };
    await home.mine(12);
    for (let block = 0; block < 3; block += 1) {
      await rig.tick("abroad");
      await home.mine(1);
    }
    for (const { messageId } of sent) expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
    expect(rig.names()).to.include("bridge.log-omitted");
  });

  it("ATTEST-6 finds in the receipts what every node leaves out", async () => {
    const rig = await attestor({ quorum: 1 });
    const first = await home.send(1_000n);
    const last = await home.send(2_000n);
    const omit = (request: RpcRequest): Fault | undefined => {
      const filter = request.params[0] as { topics?: unknown[]; fromBlock?: string; toBlock?: string } | undefined;
      const isOneBlock = filter?.fromBlock === filter?.toBlock;
      return request.method === "eth_getLogs" && !isOneBlock ? { kind: "answer", body: { result: [] } } : undefined;
    };
    home.proxy.fault = home.second.fault = omit;
    await home.mine(12);
    for (let block = 0; block < 6; block += 1) {
      await rig.tick("abroad");
      await home.mine(1);
    }
    for (const { messageId } of [first, last]) expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
  });

  it("ATTEST-6 believes no log that a node invented", async () => {
    const rig = await attestor({ quorum: 1 });
    const { messageId } = await home.send(1_000n);
    await home.mine(CONFIRMATIONS);
    const forged = `0x${"ab".repeat(32)}`;
    home.proxy.fault = async (request) => {
      if (request.method !== "eth_getLogs") return undefined;
      const logs = (await home.ask("eth_getLogs", ...request.params)) as { topics: string[] }[];
      const fakes = logs.map((log) => ({ ...log, topics: [BRIDGE_TOPICS.sent, forged, ...log.topics.slice(2)] }));
      return { kind: "answer", body: { result: [...logs, ...fakes] } };
    };
    await rig.tick("abroad");
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
    expect(await rig.kinds(forged)).to.deep.equal([]);
    expect(rig.names()).to.include("bridge.log-invented");
  });

  it("ATTEST-7 signs a refund once the tombstone is deep enough, and no delivery afterwards, under any epoch", async () => {
    const rig = await attestor();
    const { message, messageId } = await home.send(1_000n);
    const tombless = await abroad.snapshot();
    await (await abroad.bridge.connect(abroad.user).cancel(message)).wait();
    await chains.mine(CONFIRMATIONS - 1);
    await rig.tick("abroad"); // finds the message
    await rig.tick("home");
    expect(await rig.kinds(messageId)).to.deep.equal([]);
    await abroad.mine(1);
    await rig.tick("home");
    expect(await rig.kinds(messageId)).to.deep.equal(["refund 1"]);
    expect(attestationDigest(home.place, "refund", messageId, 1n)).to.equal(await home.bridge.refundDigest(messageId));
    // The tombstone is unwound, deeper than anybody thought it could be: the attestor stops, and never signs the delivery.
    await abroad.revert(tombless);
    await abroad.mine(CONFIRMATIONS + 4);
    await home.mine(1);
    await rig.tick("home");
    expect([await control(HOME), await control(ABROAD)]).to.deep.equal(["kill", "kill"]);
    await runAgain();
    const owned = abroad.bridge.connect(abroad.guardian);
    await (await owned.removeAttestor(attestorWallets[2]?.address ?? "")).wait();
    await chains.mine(2);
    for (let block = 0; block < 2; block += 1) await rig.tick("abroad");
    expect(await abroad.bridge.attestorEpoch()).to.equal(2n);
    expect(await rig.kinds(messageId)).to.deep.equal([]);
  });

  it("ATTEST-7 signs a delivery and later a refund of one message only over its tombstone", async () => {
    const rig = await attestor();
    const { message, messageId } = await home.send(1_000n);
    await chains.mine(CONFIRMATIONS);
    await rig.tick("abroad");
    await rig.tick("home");
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
    await expire();
    await chains.mine(CONFIRMATIONS);
    await rig.tick("home");
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
    await (await abroad.bridge.connect(abroad.guardian).cancel(message)).wait();
    await chains.mine(CONFIRMATIONS);
    await rig.tick("home");
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1", "refund 1"]);
  });

  it("ATTEST-7 the database refuses a delivery after a refund, a second message under a nonce or id, and any change", async () => {
    const rig = await attestor();
    const { messageId } = await cancelled();
    await rig.tick("abroad");
    await rig.tick("home");
    expect(await rig.kinds(messageId)).to.deep.equal(["refund 1"]);
    const insert = `INSERT INTO keeper_attestation (attestor, message_id, kind, epoch, chain_id, bridge, digest, evidence_chain_id, evidence_block, evidence_hash)
      SELECT attestor, message_id, 'deliver', 2, chain_id, bridge, digest, evidence_chain_id, evidence_block, evidence_hash FROM keeper_attestation`;
    const statements = [
      insert,
      "UPDATE keeper_attestation SET signature = NULL, position = NULL",
      "UPDATE keeper_attestation SET digest = message_id",
      "UPDATE keeper_attested_message SET refund_at = NULL",
      "UPDATE keeper_attested_message SET nonce = 9",
      "DELETE FROM keeper_attestation",
      "DELETE FROM keeper_attested_message",
    ];
    for (const statement of statements) expect(await codeOf(db.query(statement)), statement).to.equal("DB_CHECK");
    const twin = `INSERT INTO keeper_attested_message (attestor, source_chain_id, source_bridge, nonce, message_id, message)
      SELECT attestor, source_chain_id, source_bridge, nonce, '0x' || repeat('1', 64), message FROM keeper_attested_message`;
    expect(await codeOf(db.query(twin))).to.equal("DB_UNIQUE");
  });

  it("ATTEST-8 signs again for a new set what is still open, and nothing that has arrived", async () => {
    const rig = await attestor();
    const other = await attestor({ index: 1 });
    const arrived = await home.send(1_000n);
    const waiting = await home.send(2_000n);
    await home.mine(CONFIRMATIONS);
    for (const one of [rig, other]) await one.tick("abroad");
    const rows = await rig.signed(arrived.messageId);
    const signatures = attestorWallets
      .slice(0, 2)
      .map(({ address }) => rows.find(({ attestor: by }) => by === address.toLowerCase())?.signature ?? "");
    await (await abroad.bridge.connect(abroad.user).deliver(arrived.message, signatures)).wait();
    await (await abroad.bridge.connect(abroad.guardian).removeAttestor(attestorWallets[2]?.address ?? "")).wait();
    await rig.tick("abroad");
    const own = async (messageId: string) =>
      (await rig.signed(messageId))
        .filter(({ attestor: by }) => by === rig.key.address.toLowerCase())
        .map(({ epoch }) => epoch);
    expect(await own(waiting.messageId)).to.deep.equal([2n, 1n]);
    expect(await own(arrived.messageId)).to.deep.equal([1n]);
    // Removed itself, it signs nothing.
    await (await abroad.bridge.connect(abroad.guardian).removeAttestor(rig.key.address)).wait();
    const last = await home.send(3_000n);
    await home.mine(CONFIRMATIONS);
    await rig.tick("abroad");
    expect(await own(last.messageId)).to.deep.equal([]);
  });

  describe("with tiers", () => {
    const DEEP = 8;
    beforeEach(async () => {
      for (const chain of [home, abroad]) {
        await chain.setTiers([
          [0n, 1],
          [10_000n, 3],
          [100_000n, DEEP],
        ]);
      }
    });
    const published = async (rig: AttestorRig): Promise<number> => (await rig.book.publishedAfter(0n, 200)).length;

    it("ATTEST-17 counts depth as the contract does", async () => {
      const tiers = (await abroad.bridge.tiers(abroad.tokenAt)).map(({ fromUnits, confirmations }) => ({
        fromUnits,
        confirmations,
      }));
      for (const units of [0n, 1n, 9_999n, 10_000n, 99_999n, 100_000n, 10n ** 30n]) {
        const asked = await abroad.bridge.confirmationsFor(abroad.tokenAt, units);
        expect(confirmationsOf(tiers, units), String(units)).to.equal(asked);
      }
      expect(confirmationsOf([], 5n)).to.equal(await abroad.bridge.confirmationsFor(abroad.owner.address, 5n));
    });

    it("ATTEST-17 signs none of a hundred and one small messages before their sum is deep enough, and then all", async () => {
      const rig = await attestor({ window: 128 });
      const lone = await home.send(9_900n);
      await home.mine(1);
      await rig.tick("abroad");
      expect(await rig.kinds(lone.messageId)).to.deep.equal(["deliver 1"]);
      const ids = await home.sendTogether(101, 9_900n);
      expect(ids).to.have.length(101);
      for (const more of [1, 2, DEEP - 4]) {
        await home.mine(more);
        await rig.tick("abroad");
        expect(await published(rig), String(more)).to.equal(1);
      }
      await home.mine(1);
      await rig.tick("abroad");
      expect(await published(rig)).to.equal(102);
    });

    it("ATTEST-17 a log that every node leaves out makes no sum smaller", async () => {
      const rig = await attestor({ quorum: 1 });
      const large = await home.send(500_000n);
      const small = await home.send(1_000n);
      const omit = async (request: RpcRequest): Promise<Fault | undefined> => {
        if (request.method !== "eth_getLogs") return undefined;
        const logs = (await home.ask("eth_getLogs", ...request.params)) as { topics: string[] }[];
        return { kind: "answer", body: { result: logs.filter(({ topics }) => topics[1] !== large.messageId) } };
      };
      home.proxy.fault = home.second.fault = omit;
      await home.mine(DEEP - 2);
      await rig.tick("abroad");
      expect(await rig.kinds(small.messageId)).to.deep.equal([]);
      await home.mine(2);
      await rig.tick("abroad");
      expect(await rig.kinds(small.messageId)).to.deep.equal(["deliver 1"]);
    });

    it("ATTEST-18 whoever goes on sending delays another at most to the deepest tier", async () => {
      const rig = await attestor();
      await home.send(200_000n);
      const mine = await home.send(1_000n);
      for (let block = 0; block < DEEP; block += 1) {
        await rig.tick("abroad");
        expect(await rig.kinds(mine.messageId), String(block)).to.deep.equal([]);
        await home.send(200_000n);
      }
      await rig.tick("abroad");
      expect(await rig.kinds(mine.messageId)).to.deep.equal(["deliver 1"]);
    });

    it("ATTEST-19 signs a refund of any amount only when its tombstone is as deep as the deepest tier", async () => {
      const rig = await attestor();
      const { message, messageId } = await home.send(1n);
      await (await abroad.bridge.connect(abroad.user).cancel(message)).wait();
      await rig.tick("abroad"); // finds the message
      await abroad.mine(DEEP - 1);
      await rig.tick("home");
      expect(await rig.kinds(messageId)).to.deep.equal([]);
      await abroad.mine(1);
      await rig.tick("home");
      expect(await rig.kinds(messageId)).to.deep.equal(["refund 1"]);
    });
  });

  for (const point of ATTESTATION_POINTS) {
    it(`ATTEST-9 killed at ${point} it signs the same once more, or finds it signed`, async () => {
      class Killed extends Error {}
      let alive = true;
      const rig = await attestor({
        at: (reached) => {
          if (alive && reached === point) throw new Killed();
        },
      });
      const { messageId } = await home.send(1_000n);
      await home.mine(CONFIRMATIONS);
      let died = false;
      await rig.tick("abroad").catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        died = true;
      });
      expect(died).to.equal(true);
      const before = await rig.signed(messageId);
      alive = false;
      const next = await attestor();
      await home.mine(1);
      await next.tick("abroad");
      const after = await next.signed(messageId);
      expect(after).to.have.length(1);
      expect(after[0]?.position).to.equal(1n);
      if (before.length > 0) expect(after).to.deep.equal(before);
      const promised = await db.query("select * from keeper_attestation");
      expect(promised).to.have.length(1);
    });
  }

  it("ATTEST-9 copies of one attestor at work together promise and publish every signature once", async () => {
    const first = await attestor();
    const rigs = [first, await attestor(), await attestor()];
    const sent = [];
    for (let index = 0; index < 5; index += 1) sent.push(await home.send(1_000n + BigInt(index)));
    await home.mine(CONFIRMATIONS);
    await Promise.all(rigs.map((rig) => rig.tick("abroad")));
    const page = await first.book.publishedAfter(0n, 100);
    expect(page.map(({ position }) => position)).to.deep.equal([1n, 2n, 3n, 4n, 5n]);
    expect(new Set(page.map(({ messageId }) => messageId))).to.deep.equal(
      new Set(sent.map(({ messageId }) => messageId)),
    );
  });
});
