import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { Rng } from "../../scripts/market/rng.js";
import {
  breaches,
  inFlightUnits,
  type CrossingFacts,
  type TokenFacts,
} from "../../scripts/world/bridge/conservation.js";
import { ARBITRAGE } from "../../scripts/world/bridge/arbitrage.js";
import { isEcho } from "../../scripts/world/bridge/echo.js";
import {
  FaultPlan,
  FIRST_SYSTEM_FAULT_BLOCKS,
  MESSAGE_FAULTS,
  SYSTEM_FAULT_BLOCKS,
  SYSTEM_FAULTS,
} from "../../scripts/world/bridge/faultPlan.js";
import { mayCross, type Travelling } from "../../scripts/world/bridge/passage.js";
import { SendPlan, type PlannedSend } from "../../scripts/world/bridge/users.js";
import { Wire } from "../../scripts/world/bridge/wire.js";

describe("bridge of the local world", () => {
  describe("what follows from a block that was replaced", () => {
    const [here, there] = ["localhost", "localhost651940"];
    const said = { keeper: "bridge-attestor", network: there, event: "tick.failed", code: "NO_QUORUM" };

    it("excuses a look at that chain that could not be finished because nodes do not have the block", () => {
      expect(isEcho(said, there)).to.equal(true);
      expect(isEcho({ ...said, event: "upkeep.failed" }, there)).to.equal(true);
      expect(isEcho({ ...said, keeper: ARBITRAGE, network: here }, there), "it looks at both").to.equal(true);
    });

    it("excuses nothing else: no other chain, no other event and no other error", () => {
      expect(isEcho({ ...said, network: here }, there)).to.equal(false);
      expect(isEcho({ ...said, event: "keeper.killed" }, there)).to.equal(false);
      expect(isEcho({ ...said, code: "BRIDGE_MALFORMED" }, there)).to.equal(false);
      expect(isEcho({ ...said, code: "" }, there)).to.equal(false);
    });
  });

  describe("conservation", () => {
    const crossing = (id: string, change: Partial<CrossingFacts> = {}): CrossingFacts => ({
      ...{ id, token: "cUSDT", amountUnits: 100n, sent: 1, delivered: 0, refunded: 0 },
      ...change,
    });
    /** 100 delivered, 100 paid back, 100 on their way. */
    const crossings = [crossing("a", { delivered: 1 }), crossing("b", { refunded: 1 }), crossing("c")];
    const facts: TokenFacts = {
      token: "cUSDT",
      lockedUnits: 200n,
      balanceUnits: 200n,
      mintedUnits: 100n,
      issuedUnits: 100n,
    };
    const codes = (found: readonly string[]): string[] => found.map((breach) => breach.split(" ")[0] ?? "");

    it("holds when what is locked was minted or is on its way", () => {
      expect(inFlightUnits("cUSDT", crossings)).to.equal(100n);
      expect(inFlightUnits("XAU", crossings)).to.equal(0n);
      expect(breaches([facts], crossings)).to.deep.equal([]);
      expect(breaches([], [])).to.deep.equal([]);
    });

    const broken: readonly (readonly [string, Partial<TokenFacts>, readonly CrossingFacts[], readonly string[]])[] = [
      ["a unit too much was minted", { mintedUnits: 101n, issuedUnits: 101n }, crossings, ["unbacked"]],
      ["a unit is locked for nobody", { lockedUnits: 201n, balanceUnits: 201n }, crossings, ["unbacked"]],
      ["the bridge has a unit less than its book", { balanceUnits: 199n }, crossings, ["locked-differs"]],
      ["the token counted another mint", { issuedUnits: 99n }, crossings, ["minted-differs"]],
      ["a message is on its way that the books do not know", {}, [...crossings, crossing("d")], ["unbacked"]],
      [
        "a message arrived that nobody sent",
        {},
        [...crossings, crossing("d", { sent: 0, delivered: 1 })],
        ["never-sent"],
      ],
      ["a message arrived twice", {}, [crossing("a", { delivered: 2 }), ...crossings.slice(1)], ["delivered-twice"]],
      [
        "a message was paid back twice",
        {},
        [...crossings.slice(0, 1), crossing("b", { refunded: 2 }), ...crossings.slice(2)],
        ["refunded-twice"],
      ],
      [
        "a message arrived and was paid back",
        {},
        [crossing("a", { delivered: 1, refunded: 1 }), ...crossings.slice(1)],
        ["delivered-and-refunded"],
      ],
      ["an id was sent twice", {}, [crossing("a", { sent: 2, delivered: 1 }), ...crossings.slice(1)], ["sent-twice"]],
    ];
    for (const [name, change, messages, expected] of broken) {
      it(`is broken when ${name}`, () => {
        expect(codes(breaches([{ ...facts, ...change }], messages))).to.deep.equal(expected);
      });
    }
  });

  describe("plan of faults", () => {
    const START = 100;
    const planOf = (seed: number): FaultPlan => new FaultPlan(new Rng(seed), START);

    it("gives as many messages as there are faults each of them once, in an order that the seed decides", () => {
      const orders = new Set<string>();
      for (let seed = 0; seed < 20; seed++) {
        const plan = planOf(seed);
        const again = planOf(seed);
        const drawn = MESSAGE_FAULTS.map(() => plan.nextMessage(true));
        expect(drawn).to.have.members([...MESSAGE_FAULTS]);
        expect(MESSAGE_FAULTS.map(() => again.nextMessage(true))).to.deep.equal(drawn);
        orders.add(drawn.join());
      }
      expect(orders.size).to.be.greaterThan(10);
    });

    it("never drops what nobody here can cancel, and does not shift the others' faults by it", () => {
      const [plan, alone] = [planOf(7), planOf(7)];
      for (let message = 0; message < 100; message++) {
        expect(plan.nextMessage(false)).to.not.equal("dropped");
        expect(plan.nextMessage(true)).to.equal(alone.nextMessage(true));
      }
    });

    it("has a fault of the system every few blocks, each kind in turn", () => {
      const plan = planOf(3);
      const found: number[] = [];
      const kinds: string[] = [];
      const last = START + FIRST_SYSTEM_FAULT_BLOCKS + 3 * SYSTEM_FAULT_BLOCKS;
      for (let block = START; block <= last; block++) {
        const fault = plan.atBlock(block);
        if (fault === undefined) continue;
        found.push(block - START - FIRST_SYSTEM_FAULT_BLOCKS);
        kinds.push(fault);
      }
      expect(found).to.deep.equal([0, 1, 2, 3].map((count) => count * SYSTEM_FAULT_BLOCKS));
      expect(kinds.slice(0, 2)).to.have.members([...SYSTEM_FAULTS]);
      expect(kinds.slice(2)).to.have.members([...SYSTEM_FAULTS]);
    });
  });

  describe("passage of signatures", () => {
    const LATENCY = 30;
    const after = (ageSeconds: number, change: Partial<Travelling> = {}): Travelling => ({
      ...{ fault: "none", isOvertaken: false, ageSeconds },
      ...change,
    });
    /** First second in which a delivery may cross; undefined: none within ten latencies. */
    const opensAt = (change: Partial<Travelling>): number | undefined =>
      Array.from({ length: 10 * LATENCY + 1 }, (_, second) => second).find((second) =>
        mayCross(after(second, change), "deliver", LATENCY),
      );

    it("takes the latency, and longer for what is delayed or waits to be overtaken", () => {
      expect(opensAt({})).to.equal(LATENCY);
      expect(opensAt({ fault: "duplicated" })).to.equal(LATENCY);
      expect(opensAt({ fault: "delayed" })).to.equal(2 * LATENCY);
      expect(opensAt({ fault: "reordered" })).to.equal(4 * LATENCY);
      expect(opensAt({ fault: "reordered", isOvertaken: true })).to.equal(LATENCY);
      expect(opensAt({ fault: "dropped" })).to.equal(undefined);
    });

    it("lets a refund of what was dropped through", () => {
      expect(mayCross(after(LATENCY - 1, { fault: "dropped" }), "refund", LATENCY)).to.equal(false);
      expect(mayCross(after(LATENCY, { fault: "dropped" }), "refund", LATENCY)).to.equal(true);
    });
  });

  it("lets users send both ways, of every token, and alike for one seed", () => {
    const plan = new SendPlan(new Rng(1));
    const again = new SendPlan(new Rng(1));
    const sends: PlannedSend[] = [];
    let quiet = 0;
    for (let block = 0; block < 500; block++) {
      const planned = plan.next();
      expect(again.next()).to.deep.equal(planned);
      if (planned === undefined) quiet += 1;
      else sends.push(planned);
    }
    expect(quiet).to.be.greaterThan(100);
    expect(new Set(sends.map(({ token, isOutward }) => `${token} ${String(isOutward)}`))).to.have.property("size", 8);
    for (const { usd } of sends) expect(usd).to.be.within(20, 2_000);
  });

  describe("wire", () => {
    const ID = `0x${"ab".repeat(32)}`;
    const attestations = [
      { kind: "deliver", chainId: "138", epoch: "1", signature: "0x01" },
      { kind: "refund", chainId: "138", epoch: "1", signature: "0x02" },
    ];

    /** An attestor that serves two signatures, and the wire to it. */
    async function withWire(
      passes: (kind: string) => boolean,
      work: (url: string, stop: () => Promise<void>) => Promise<void>,
    ): Promise<void> {
      const attestor = createServer((_request, response) => {
        response.writeHead(200).end(JSON.stringify({ messageId: ID, attestations }));
      }).listen(0, "127.0.0.1");
      await once(attestor, "listening");
      const { port } = attestor.address() as AddressInfo;
      const stop = async (): Promise<void> => {
        await new Promise((resolve) => {
          attestor.close(resolve);
          attestor.closeAllConnections();
        });
      };
      const wire = await Wire.open(`http://127.0.0.1:${String(port)}`, (_id, kind) => Promise.resolve(passes(kind)));
      try {
        await work(wire.url, stop);
      } finally {
        await wire.close();
        await stop();
      }
    }

    it("hands on what may cross as it is, and leaves the rest out", async () => {
      await withWire(
        (kind) => kind === "refund",
        async (url) => {
          const response = await fetch(`${url}/attestations/${ID}`);
          expect(await response.json()).to.deep.equal({ messageId: ID, attestations: attestations.slice(1) });
        },
      );
    });

    it("is dead while its attestor is, and knows no other questions", async () => {
      await withWire(
        () => true,
        async (url, stop) => {
          expect((await fetch(`${url}/attestations`)).status).to.equal(404);
          await stop();
          expect((await fetch(`${url}/attestations/${ID}`)).status).to.equal(503);
        },
      );
    });
  });
});
