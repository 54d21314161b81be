import { expect } from "chai";
import { AbiCoder, zeroPadValue } from "ethers";

import type { TbtcCursor } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/cursor.js";
import type { DiscoverySettings } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/discovery.js";
import type { TbtcRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { Position } from "../../../../keepers/courtesy-call-redeemer/types.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import type { Fault, RpcRequest } from "../../../helpers/flakyRpc.js";
import { codeOf } from "../../../helpers/rejection.js";
import { takeIntoUse } from "../../../helpers/tbtcFactories.js";
import { startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";

const LOT_SAT = 1_000_000n;
const CONFIRMATIONS = 12;
const CREATED = tbtcAbi.keepFactory.getEvent("BondedECDSAKeepCreated").topicHash;

interface Log {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

describe("courtesy-call-redeemer, discovery of tBTC v1", () => {
  let site: TbtcNode;
  /** Three, oldest first. */
  let deposits: Deposit[];

  before(async () => {
    site = await startTbtcNode();
    deposits = [];
    for (const lotSat of [LOT_SAT, 10_000_000n, LOT_SAT]) {
      deposits.push(await site.scenario.create({ lotSat }));
      await site.mine(3);
    }
    await site.mine(CONFIRMATIONS);
  });
  beforeEach(() => site.keep());
  afterEach(async () => {
    site.proxy.fault = () => undefined;
    await site.giveBack();
  });
  after(() => site.close());

  function shown(list: readonly Position[]): string[] {
    return list.map(({ id, operators, sizeUnits }) => [id, ...operators, sizeUnits].join(" ")).sort();
  }

  function expected(list: readonly Deposit[]): string[] {
    const lower = (text: string): string => text.toLowerCase();
    return list
      .map(({ address, members, lotSat }) => [lower(address), ...members.map(lower), satToTbtcWei(lotSat)].join(" "))
      .sort();
  }

  function open(settings: Partial<DiscoverySettings> = {}) {
    return site.rescue({ discovery: settings });
  }

  /** Looks until there is no more; the cursor goes through its text each time, as it does when it is stored. */
  async function all(
    rescue: TbtcRescue,
    cursor?: TbtcCursor,
  ): Promise<{ readonly positions: Position[]; readonly cursor: TbtcCursor; readonly looks: number }> {
    const positions: Position[] = [];
    let at = cursor;
    for (let looks = 1; ; looks += 1) {
      const found = await rescue.discover(at);
      positions.push(...found.positions);
      at = JSON.parse(JSON.stringify(found.cursor)) as TbtcCursor;
      if (found.more !== true) return { positions, cursor: at, looks };
    }
  }

  /** Changes the logs that the node gives. */
  function lie(change: (logs: Log[]) => readonly Log[]): void {
    site.proxy.fault = async ({ method, params }: RpcRequest): Promise<Fault | undefined> =>
      method === "eth_getLogs"
        ? { kind: "answer", body: { result: change((await site.ask(method, ...params)) as Log[]) } }
        : undefined;
  }

  it("TBTC-1 finds every deposit with its signers and size by logs alone, without one question per keep for logs", async () => {
    const { rescue, counters } = open();
    site.proxy.seen.length = 0;
    expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits));
    expect(site.proxy.count("eth_getLogs")).to.equal(1);
    expect(counters.get("discovery.logs-omitted")).to.equal(0);
  });

  it("TBTC-1 goes on from a stored cursor in another process, and finds what is new once", async () => {
    const first = await all(open().rescue);
    const later = await site.scenario.create({ lotSat: LOT_SAT });
    await site.mine(CONFIRMATIONS);
    const { rescue } = open({ overlap: 0 });
    const second = await all(rescue, first.cursor);
    expect(shown(second.positions)).to.deep.equal(expected([later]));
    expect((await all(rescue, second.cursor)).positions).to.deep.equal([]);
  });

  it("TBTC-1 finds again what was found and not stored", async () => {
    const { rescue } = open();
    await all(rescue);
    expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits));
  });

  it("TBTC-1 believes a deposit when blocks enough lie on its own", async () => {
    const { rescue } = open();
    const { cursor } = await all(rescue);
    const young = await site.scenario.create({ lotSat: LOT_SAT });
    await site.mine(CONFIRMATIONS - 1);
    const tooEarly = await all(rescue, cursor);
    expect(shown(tooEarly.positions)).to.not.include(expected([young])[0]);
    await site.mine(1);
    expect(shown((await all(rescue, tooEarly.cursor)).positions)).to.include(expected([young])[0]);
  });

  it("TBTC-1 begins at the first block that it is told, a number", async () => {
    const [, second] = deposits;
    const events = await site.scenario.contracts.keepFactory.queryFilter(
      site.scenario.contracts.keepFactory.filters.BondedECDSAKeepCreated(second?.keep ?? ""),
    );
    const minBlock = events[0]?.blockNumber ?? 0;
    const { rescue, counters } = open({ minBlock });
    expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits.slice(1)));
    expect(counters.get("discovery.logs-omitted"), "older keeps are no omission").to.equal(0);
    expect(shown((await all(open({ minBlock: minBlock + 1 }).rescue)).positions)).to.deep.equal(
      expected(deposits.slice(2)),
    );
  });

  it("TBTC-1 begins anew with a cursor of another place, version or form", async () => {
    const { cursor } = await all(open().rescue);
    const strange = [
      { ...cursor, version: 2 },
      { ...cursor, system: `0x${"11".repeat(20)}` },
      { ...cursor, minBlock: 5 },
      { ...cursor, next: "7" },
    ] as unknown as TbtcCursor[];
    for (const unusable of strange) {
      const { rescue, captured } = open();
      expect(shown((await all(rescue, unusable)).positions)).to.deep.equal(expected(deposits));
      expect(captured.names()).to.include("tbtc.cursor-unusable");
    }
  });

  for (const [what, body] of [
    ["refuses long ranges", { error: { code: -32602, message: "range is too large" } }],
    ["asks for patience instead", { error: { code: -32005, message: "query returned more than 10000 results" } }],
  ] as const) {
    it(`TBTC-2 halves ranges for a node that ${what}`, async () => {
      site.proxy.fault = ({ method, params }) => {
        const { fromBlock, toBlock } = (params[0] ?? {}) as Record<string, string>;
        const isLong = Number(toBlock) - Number(fromBlock) > 40;
        return method === "eth_getLogs" && isLong ? { kind: "answer", body } : undefined;
      };
      const { rescue } = open();
      expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits));
    });
  }

  it("TBTC-2 goes a long way in several looks, each of which can be the last of its process", async () => {
    const found: Position[] = [];
    let cursor: TbtcCursor | undefined;
    let looks = 0;
    for (let more = true; more; looks += 1) {
      const look = await open({ logSpan: 20, rangesAtOnce: 2 }).rescue.discover(cursor);
      found.push(...look.positions);
      cursor = JSON.parse(JSON.stringify(look.cursor)) as TbtcCursor;
      more = look.more === true;
    }
    expect(looks).to.be.greaterThan(2);
    const distinct = [...new Map(found.map((position) => [position.id, position])).values()];
    expect(shown(distinct)).to.deep.equal(expected(deposits));
  });

  it("TBTC-2 fails without losing anything when not even one block can be read", async () => {
    const { rescue } = open();
    site.proxy.fault = ({ method }) =>
      method === "eth_getLogs" ? { kind: "answer", body: { error: { code: -32000, message: "internal" } } } : undefined;
    expect(await codeOf(rescue.discover(undefined))).to.equal("TBTC_LOGS_REFUSED");
    site.proxy.fault = () => undefined;
    expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits));
  });

  const omissions: readonly (readonly [string, (log: Log) => boolean])[] = [
    ["the first log", ({ topics }) => topics[1] !== zeroPadValue(deposits[0]?.keep ?? "", 32).toLowerCase()],
    ["one in the middle", ({ topics }) => topics[1] !== zeroPadValue(deposits[1]?.keep ?? "", 32).toLowerCase()],
    ["the last log", ({ topics }) => topics[1] !== zeroPadValue(deposits[2]?.keep ?? "", 32).toLowerCase()],
    ["every log", () => false],
  ];
  for (const [what, isGiven] of omissions) {
    it(`TBTC-3 misses what a node leaves out, ${what}, and finds it in the state`, async () => {
      lie((logs) => logs.filter(isGiven));
      const client = site.client();
      const { rescue, counters, captured } = site.rescue({ client });
      expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits));
      expect(client.endpoints[0]?.quarantine.reason).to.equal("log-omission");
      expect(counters.get("discovery.logs-omitted")).to.equal(what === "every log" ? 3 : 1);
      expect(captured.names()).to.include("tbtc.logs-omitted");
    });
  }

  it("TBTC-3 finds later what a node neither logged nor counted at first", async () => {
    const { rescue, counters } = open();
    const { cursor } = await all(rescue);
    const late = await site.scenario.create({ lotSat: LOT_SAT });
    await site.mine(CONFIRMATIONS);
    const count = AbiCoder.defaultAbiCoder().encode(["uint256"], [3]);
    const { selector } = tbtcAbi.keepFactory.getFunction("getKeepCount");
    site.proxy.fault = ({ method, params }) => {
      if (method === "eth_getLogs") return { kind: "answer", body: { result: [] } };
      const { data } = (params[0] ?? {}) as { data?: string };
      return method === "eth_call" && data === selector ? { kind: "answer", body: { result: count } } : undefined;
    };
    const blind = await all(rescue, cursor);
    expect(shown(blind.positions)).to.deep.equal([]);
    site.proxy.fault = () => undefined;
    const after = await all(rescue, blind.cursor);
    expect(shown(after.positions)).to.include(expected([late])[0]);
    expect(counters.get("discovery.logs-omitted"), "the overlap brought its log").to.equal(0);
  });

  it("TBTC-3 gives out nothing that a node invents", async () => {
    const coder = AbiCoder.defaultAbiCoder();
    const { roles, world } = site;
    const word = (address: string): string => zeroPadValue(address, 32);
    lie((logs) => {
      const [model] = logs;
      if (model === undefined) return logs;
      const data = coder.encode(["address[]", "uint256"], [roles.operators.slice(0, 3), 3]);
      const invented = (keep: string, owner: string): Log => ({
        ...model,
        data,
        topics: [CREATED, word(keep), word(owner), word(world.addresses.system)],
      });
      const foreign = `0x${"77".repeat(20)}`;
      return [
        ...logs,
        // Nobody's deposit; a deposit's, but not its keep; a contract that is no deposit.
        invented(foreign, roles.user),
        invented(foreign, deposits[0]?.address ?? ""),
        invented(foreign, world.addresses.token),
      ];
    });
    const { rescue, counters } = open();
    expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits));
    expect(counters.get("discovery.foreign-keeps")).to.be.greaterThan(0);
  });

  it("TBTC-3 gives out nothing of which one node alone says that the system knows it", async () => {
    const { roles, world } = site;
    const foreign = world.addresses.token.toLowerCase();
    const data = AbiCoder.defaultAbiCoder().encode(["address[]", "uint256"], [roles.operators.slice(0, 3), 3]);
    const topics = [CREATED, ...[foreign, foreign, world.addresses.system].map((one) => zeroPadValue(one, 32))];
    lie((logs) => logs.flatMap((log, index) => (index === 0 ? [log, { ...log, data, topics }] : [log])));
    const { fault } = site.proxy;
    const yes = zeroPadValue("0x01", 32);
    site.proxy.fault = (request) => {
      const { to, data: asked = "" } = (request.params[0] ?? {}) as { to?: string; data?: string };
      const isAsked =
        to?.toLowerCase() === world.addresses.depositToken.toLowerCase() && asked.includes(foreign.slice(2));
      return request.method === "eth_call" && isAsked ? { kind: "answer", body: { result: yes } } : fault(request);
    };
    const client = site.client({ url: `${site.proxy.url},${site.url}`, quorum: 2, timeoutMs: 20_000 });
    const { rescue } = site.rescue({ client });
    expect(await codeOf(rescue.discover(undefined))).to.equal("NO_QUORUM");
    site.proxy.fault = () => undefined;
    for (const endpoint of client.endpoints) endpoint.quarantine.good();
    expect(shown((await all(rescue)).positions)).to.deep.equal(expected(deposits));
  });

  it("TBTC-3 goes back to where branches part, and finds what is on the new one", async () => {
    const { rescue, counters, captured } = open();
    const { cursor } = await all(rescue);
    await site.keep();
    const lost = await site.scenario.create({ lotSat: LOT_SAT });
    await site.mine(CONFIRMATIONS + 3);
    const onOld = await all(rescue, cursor);
    expect(shown(onOld.positions)).to.include(expected([lost])[0]);
    await site.giveBack();
    await site.mine(1);
    const kept = await site.scenario.create({ lotSat: 10_000_000n });
    await site.mine(CONFIRMATIONS + 10);
    const onNew = await all(rescue, onOld.cursor);
    expect(counters.get("discovery.reorganised")).to.equal(1);
    expect(captured.names()).to.include("tbtc.reorganised");
    expect(shown(onNew.positions)).to.include(expected([kept])[0]);
    expect(shown(onNew.positions)).to.not.include(expected([lost])[0]);
    expect(counters.get("discovery.logs-omitted")).to.equal(0);
    expect((await all(rescue, onNew.cursor)).cursor.next).to.equal(onNew.cursor.next);
  });

  it("TBTC-3 begins anew when nothing that was read is there any more", async () => {
    const { rescue } = open();
    const { cursor } = await all(rescue);
    const foreign = `0x${"ab".repeat(32)}`;
    const elsewhere = { ...cursor, anchors: cursor.anchors.map((anchor) => ({ ...anchor, hash: foreign })) };
    expect(shown((await all(rescue, elsewhere)).positions)).to.deep.equal(expected(deposits));
  });

  it("TBTC-1 follows the system to factories that it takes into use, and finds keeps of both kinds", async () => {
    const { rescue, counters } = open();
    const { cursor } = await all(rescue);
    const factory = await takeIntoUse(site);
    const staked = await site.scenario.create({ lotSat: LOT_SAT });
    const backed = await site.scenario.create({ lotSat: LOT_SAT });
    await site.mine(CONFIRMATIONS);
    const after = await all(rescue, cursor);
    expect(after.cursor.factories.map(({ address }) => address)).to.include(factory.toLowerCase());
    expect(shown(after.positions)).to.include(expected([backed])[0]);
    expect(shown((await all(open().rescue)).positions)).to.deep.equal(expected([...deposits, staked, backed]));
    expect(counters.get("discovery.logs-omitted")).to.equal(0);
    const [reading] = await rescue.read(
      after.positions.filter(({ id }) => id === backed.address.toLowerCase()),
      await site.block(),
    );
    expect(reading?.loss.kind === "auction" && reading.loss.collateralWei > 0n).to.equal(true);
  });
});
