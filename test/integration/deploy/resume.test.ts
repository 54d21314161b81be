import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { ZeroHash } from "ethers";

import type { DeploymentRecord } from "../../../protocol/addresses.js";
import { Timelock__factory } from "../../../protocol/generated/contracts/index.js";
import { tokenNames } from "../../../protocol/params/schema.js";
import { connectContracts } from "../../../protocol/contracts.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { FileStore } from "../../../scripts/deploy/store.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { essence } from "../../helpers/chainHistory.js";
import { createDeploymentChain, errorOf, type DeploymentChain } from "../../helpers/deployment.js";

/** What stands in for `kill -9`: nothing after it runs. */
class Killed extends Error {}

async function balances(site: DeploymentChain, result: DeployResult) {
  const contracts = connectContracts(result.deployment, site.provider);
  const supplies = await Promise.all(tokenNames.map((name) => contracts.token(name).totalSupply()));
  return { supplies, inventory: await contracts.stabilizer.inventoryXauWei() };
}

describe("deploy, killed", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "deployments-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  for (const moment of ["afterBroadcast", "afterRecord"] as const) {
    it(`after every single transaction (${moment}) ends in the state of an uninterrupted run`, async () => {
      const [site, calm] = [await createDeploymentChain(), await createDeploymentChain()];
      try {
        const uninterrupted = await calm.execute();
        const store = new FileStore("localhost", folder);
        let result: DeployResult | undefined;
        let kills = 0;
        while (result === undefined) {
          // Each life sends exactly one transaction and dies; nothing but the files and the chain survives it.
          const faults = {
            [moment]: () => {
              throw new Killed();
            },
          };
          try {
            result = await site.execute({ store, faults });
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
            kills += 1;
          }
        }
        // Several transactions are sent before the first of them is recorded: that kill comes once per group.
        if (moment === "afterBroadcast") expect(kills).to.equal(uninterrupted.transactions);
        else expect(kills).to.be.within(30, uninterrupted.transactions);
        expect(essence(result.record)).to.deep.equal(essence(uninterrupted.record));
        expect(await balances(site, result)).to.deep.equal(await balances(calm, uninterrupted));
        expect(await verify({ ...site.options, store })).to.deep.equal({ ok: true, differences: [] });
        // Transactions that no run lived to record are found again.
        const lost = Object.entries(result.record.contracts).filter(([, entry]) => entry.deployTx === null);
        expect(lost).to.deep.equal([]);
        expect(store.readJournal()).to.deep.equal([]);
      } finally {
        await site.chain.close();
        await calm.chain.close();
      }
    });
  }

  it("with transactions still in the pool: waits for them instead of sending them again", async () => {
    const site = await createDeploymentChain();
    try {
      const store = new FileStore("localhost", folder);
      await site.execute({ store, only: "timelock" });
      await site.provider.send("evm_setAutomine", [false]);
      const faults = {
        afterBroadcast: (sent: number) => {
          if (sent === 5) throw new Killed();
        },
      };
      const killed = await site.execute({ store, only: "030_feeds", faults }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(killed).to.be.instanceOf(Killed);
      expect((await errorOf(site.execute({ store, only: "030_feeds", timeoutMs: 200 }))).code).to.equal(
        "TRANSACTION_NOT_MINED",
      );
      await site.provider.send("evm_setAutomine", [true]);
      await site.provider.send("evm_mine", []);
      const resumed = await site.execute({ store });
      const recorded = Object.keys(resumed.record.contracts).filter((name) => name.startsWith("SignedPriceFeed:"));
      expect(recorded).to.have.length(12);
      expect(await verify({ ...site.options, store })).to.deep.equal({ ok: true, differences: [] });
    } finally {
      await site.chain.close();
    }
  });

  it("between the halves of a batch whose contents have changed since: cancels the order nobody wants", async () => {
    const site = await createDeploymentChain();
    try {
      const store = new FileStore("localhost", folder);
      const { blueprint } = await site.execute({ store, only: "timelock" });
      // An order of an earlier life: scheduled, never executed.
      const timelock = Timelock__factory.connect(blueprint.timelock.address, site.deployer);
      const call = [site.trader.address, 0n, "0x", ZeroHash, `0x${"07".repeat(32)}`] as const;
      await timelock.schedule(...call, 0n);
      expect(await timelock.isOperation(await timelock.hashOperation(...call))).to.equal(true);
      await site.execute({ store });
      expect(await timelock.isOperation(await timelock.hashOperation(...call))).to.equal(false);
    } finally {
      await site.chain.close();
    }
  });

  describe("files", () => {
    const record: DeploymentRecord = { chainId: 138, contracts: {}, params: "params/localhost.json#00" };

    it("are replaced as a whole and leave nothing beside them", () => {
      const store = new FileStore("localhost", folder);
      store.write(record);
      store.write({ ...record, chainId: 139 });
      store.writeJournal([{ name: "Timelock", from: "0x00", nonce: 1, afterBlock: 2 }]);
      expect(store.read()?.chainId).to.equal(139);
      expect(readdirSync(folder).sort()).to.deep.equal(["localhost.journal.json", "localhost.json"]);
      store.writeJournal([]);
      expect(existsSync(join(folder, "localhost.journal.json"))).to.equal(false);
      expect(readFileSync(join(folder, "localhost.json"), "utf8").endsWith("}\n")).to.equal(true);
    });

    it("that are no record are refused, and an unreadable journal is not trusted", async () => {
      const store = new FileStore("localhost", folder);
      writeFileSync(join(folder, "localhost.json"), '{"chainId": 138}');
      writeFileSync(join(folder, "localhost.journal.json"), "[{");
      expect(store.readJournal()).to.deep.equal([]);
      expect((await errorOf(Promise.resolve().then(() => store.read()))).code).to.equal("RECORD_MALFORMED");
    });
  });
});
