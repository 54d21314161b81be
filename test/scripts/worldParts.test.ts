import { expect } from "chai";

import { developmentAccounts } from "../../protocol/params/rules.js";
import { LOCAL_ACCOUNTS, localAddress, localAddresses, walletIn } from "../../scripts/world/accounts.js";
import { endAll, endInOrder } from "../../scripts/world/endAll.js";

describe("parts of the local world", () => {
  describe("accounts", () => {
    it("has an office for each, and an account for each office", () => {
      const offices = Object.keys(LOCAL_ACCOUNTS) as (keyof typeof LOCAL_ACCOUNTS)[];
      const all = offices.flatMap(localAddresses);
      expect(new Set(all).size).to.equal(all.length);
      expect(localAddress("attestorPayers", 1)).to.equal(developmentAccounts()[19]?.address);
    });

    it("refuses a place that the table does not have, an account that nobody has, and one with two offices", () => {
      expect(() => localAddress("attestorPayers", LOCAL_ACCOUNTS.attestorPayers.length)).to.throw();
      expect(() => walletIn({ far: [1_000] }, "far", 0)).to.throw();
      expect(() => walletIn({ one: [1, 2], other: [2] }, "one", 0)).to.throw();
      expect(walletIn({ one: [1], other: [2] }, "other", 0).address).to.equal(developmentAccounts()[2]?.address);
    });
  });

  describe("end", () => {
    const failureOf = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => undefined,
        (failure: unknown) => failure,
      );
    const broken = (name: string) => () => {
      throw new Error(name);
    };

    it("comes to every part in its order, whatever became of those before", async () => {
      const ended: string[] = [];
      const slow = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        ended.push("slow");
      };
      const failure = await failureOf(endInOrder([slow, broken("b"), () => ended.push("last")]));
      expect(ended).to.deep.equal(["slow", "last"]);
      expect(failure).to.be.an("error").with.property("message", "b");
    });

    it("comes to all at once, and tells every failure", async () => {
      let ended = 0;
      const failure = await failureOf(endAll([broken("a"), () => (ended += 1), () => Promise.reject(new Error("c"))]));
      expect(ended).to.equal(1);
      expect(failure).to.be.instanceOf(AggregateError);
      await endAll([]);
    });
  });
});
