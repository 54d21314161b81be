import { expect } from "chai";

import type { Database } from "../../../db/database.js";
import { readControl } from "../../../db/queries/control/read.js";
import { setControl } from "../../../db/queries/control/set.js";
import { KEEPER_NAME } from "../../../keepers/bridge-attestor/policy.js";
import { PgEvents } from "../../../keepers/bridge-attestor/store.js";
import {
  bridgeAbi,
  messageIdOf,
  messageJson,
  readMessage,
  type BridgeMessage,
} from "../../../protocol/bridgeMessage.js";
import { openAttestor, type AttestorRig, type RigOptions } from "../../helpers/attestorRig.js";
import { ABROAD, HOME, startBridgeChains, type BridgeChain, type BridgeChains } from "../../helpers/bridgeChains.js";
import type { RpcRequest } from "../../helpers/flakyRpc.js";
import { usePostgres } from "../../helpers/postgres.js";

const CONFIRMATIONS = 3;

interface Log {
  readonly topics: readonly string[];
  readonly data: string;
}

describe("keepers/bridge-attestor among nodes that lie and chains that change", function () {
  this.timeout(120_000);
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
  const logsOf = async (request: RpcRequest): Promise<Log[]> =>
    (await home.ask("eth_getLogs", ...request.params)) as Log[];
  /** The same log about the same message under another nonce. */
  function renumbered(log: Log, nonce: bigint): Log {
    const parsed = bridgeAbi.parseLog(log);
    if (parsed === null) throw new Error("no log of a bridge");
    const message: BridgeMessage = { ...readMessage(parsed.args["message"]), nonce };
    const args = parsed.fragment.inputs.map(({ name }): unknown =>
      name === "messageId"
        ? messageIdOf(chains.there, message)
        : name === "message"
          ? message
          : (parsed.args[name] as unknown),
    );
    return { ...log, ...bridgeAbi.encodeEventLog(parsed.fragment, args) };
  }

  it("punishes nobody for a message that another node invented above the last one", async () => {
    const rig = await attestor({ quorum: 1 });
    const { messageId } = await home.send(1_000n);
    home.second.fault = async (request) => {
      if (request.method !== "eth_getLogs") return undefined;
      const logs = await logsOf(request);
      return { kind: "answer", body: { result: [...logs, ...logs.map((log) => renumbered(log, 2n))] } };
    };
    home.proxy.fault = async (request) => {
      if (request.method !== "eth_getLogs") return undefined;
      const logs = await logsOf(request);
      return { kind: "answer", body: { result: [...logs, ...logs.map((log) => renumbered(log, 3n))] } };
    };
    await home.mine(12);
    for (let block = 0; block < 2; block += 1) {
      await rig.tick("abroad");
      await home.mine(1);
    }
    expect(await rig.kinds(messageId)).to.deep.equal(["deliver 1"]);
    expect(rig.home.client.endpoints.map(({ quarantine }) => quarantine.lied)).to.deep.equal([false, false]);
    expect(rig.counters.get("logs.missing")).to.equal(0);
  });

  it("notes nobody who did not answer as a liar", async () => {
    const rig = await attestor({ quorum: 1, logRange: 4 });
    await home.mine(150);
    const { messageId } = await home.send(1_000n);
    await home.mine(10);
    // Everything is left out by the one, and the other one asks for patience.
    home.proxy.fault = (request) =>
      request.method === "eth_getLogs" ? { kind: "answer", body: { result: [] } } : undefined;
    home.second.fault = (request) => (request.method === "eth_getLogs" ? { kind: "status", status: 503 } : undefined);
    for (let block = 0; block < 4; block += 1) {
      await rig.tick("abroad").catch(() => undefined);
      await home.mine(1);
    }
    expect(rig.home.client.endpoints[1]?.quarantine.lied).to.equal(false);
    home.second.fault = () => undefined;
    const calm = await attestor({ quorum: 1, logRange: 4 });
    home.proxy.fault = () => undefined;
    for (let block = 0; block < 4; block += 1) {
      await calm.tick("abroad");
      await home.mine(1);
    }
    expect(await calm.kinds(messageId)).to.deep.equal(["deliver 1"]);
  });

  it("counts nonces and not what was invented under them", async () => {
    const store = new PgEvents(db, home.place);
    const { message } = await home.send(1_000n);
    const sent = (nonce: bigint, block: bigint, sentAt: bigint) => {
      const named = { ...message, nonce, sentAt };
      return {
        kind: "sent" as const,
        messageId: messageIdOf(chains.there, named),
        block,
        nonce,
        message: messageJson(named),
      };
    };
    const crowd = Array.from({ length: 30 }, (_, index) => sent(1n, BigInt(index), BigInt(index + 1)));
    // A node may also show the same log twice.
    await store.write([...crowd, ...crowd, sent(2n, 40n, 1n)]);
    expect(await store.sentFrom(0n, 10)).to.deep.equal([
      { nonce: 1n, block: 29n },
      { nonce: 2n, block: 40n },
    ]);
  });

  it("looks again at what earlier signatures rest on before it signs: the chain may have changed in between", async () => {
    const rig = await attestor();
    const point = await home.snapshot();
    const first = await home.send(1_000n);
    await home.mine(CONFIRMATIONS);
    await rig.tick("abroad");
    expect(await rig.kinds(first.messageId)).to.deep.equal(["deliver 1"]);
    let isChanged = false;
    const ids: string[] = [];
    // Between the look and the search for messages.
    home.proxy.fault = async ({ method }) => {
      if (method !== "eth_getLogs" || isChanged) return undefined;
      isChanged = true;
      await home.revert(point);
      for (const units of [2_000n, 3_000n]) ids.push((await home.send(units)).messageId);
      await home.mine(CONFIRMATIONS + 2);
      return undefined;
    };
    await home.mine(3);
    await rig.tick("abroad");
    expect(isChanged).to.equal(true);
    for (const messageId of [first.messageId, ...ids]) expect(await rig.kinds(messageId)).to.deep.equal([]);
    const states = await Promise.all([HOME, ABROAD].map((network) => readControl(db, KEEPER_NAME, network)));
    expect(states.map((row) => row?.state)).to.deep.equal(["kill", "kill"]);
  });

  it("publishes nothing that was stopped, or lost its block, while the key signed", async () => {
    const rig = await attestor();
    const { message, messageId } = await home.send(1_000n);
    const evidence = { number: 7, hash: `0x${"ab".repeat(32)}` };
    const order = { kind: "deliver", way: chains.there, messageId, message, evidence } as const;
    const sign = (epoch: bigint) => rig.key.sign(abroad.place, "deliver", messageId, epoch);
    const by = { reason: "test", actor: "test", cause: "operator" } as const;
    const stopped = await rig.book.attest({ ...order, epoch: 1n }, async () => {
      await setControl(db, KEEPER_NAME, ABROAD, { ...by, state: "kill" });
      return sign(1n);
    });
    expect(stopped).to.deep.equal({ ok: false, refusal: "paused" });
    await setControl(db, KEEPER_NAME, ABROAD, { ...by, state: "run" });
    const gone = await rig.book.attest({ ...order, epoch: 2n }, async () => {
      await rig.book.stop("test", {
        chainId: home.place.chainId,
        blocks: [{ block: BigInt(evidence.number), hash: evidence.hash }],
      });
      for (const network of [HOME, ABROAD]) await setControl(db, KEEPER_NAME, network, { ...by, state: "run" });
      return sign(2n);
    });
    expect(gone).to.deep.equal({ ok: false, refusal: "unwound" });
    expect(await rig.kinds(messageId)).to.deep.equal([]);
  });
});
