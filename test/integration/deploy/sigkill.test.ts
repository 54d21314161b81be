import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { connectContracts } from "../../../protocol/contracts.js";
import { DEPLOYMENTS_FOLDER, loadParams } from "../../../protocol/params/load.js";
import { tokenNames } from "../../../protocol/params/schema.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { FileStore } from "../../../scripts/deploy/store.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { startNode } from "../../../scripts/world/chain.js";
import { chainHistory, essence } from "../../helpers/chainHistory.js";
import { createDeploymentChain, type DeploymentChain } from "../../helpers/deployment.js";
import { DeployCommand, type Death } from "../../helpers/deployCommand.js";
import { FlakyRpc } from "../../helpers/flakyRpc.js";

/** A machine that is busy with other things starts Hardhat in ten seconds instead of two. */
const LIFE_MS = 60_000;
/** Set by `npm run test:kills -- --all-kills`. */
const ALL_KILLS = process.env["CANTILEVER_ALL_KILLS"] === "1";

/**
 * The real command as a process, against a chain that is a process, killed by SIGKILL: nothing of a life is left but the chain and
 * the files. Kills between any two transactions in one process are tested in resume.test.ts.
 */
describe("npx hardhat deploy, killed by SIGKILL", function () {
  this.timeout((ALL_KILLS ? 200 : 10) * LIFE_MS);
  let calm: DeploymentChain;
  let undisturbed: DeployResult;
  /** All transactions of a deployment: the deployer's, and the one without a key that makes the root. */
  let total: number;
  let folder: string;
  const open: { close: () => unknown }[] = [];

  before(async () => {
    calm = await createDeploymentChain();
    undisturbed = await calm.execute();
    total = undisturbed.transactions + 1;
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cantilever-killed-"));
    cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  });
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close();
    rmSync(folder, { recursive: true });
  });
  after(() => calm.chain.close());

  /** Runs the command until it ends by itself; `next` says how each life ends. Answers the number of lives. */
  async function liveUntilDone(next: (arrived: number) => Death | undefined): Promise<number> {
    const { node, url } = await startNode(0);
    open.push({ close: () => node.stop() });
    const proxy = await FlakyRpc.start(() => url);
    open.push({ close: () => proxy.stop() });
    const provider = new JsonRpcProvider(url, 138, { staticNetwork: true, cacheTimeout: -1, batchStallTime: 0 });
    open.push({
      close: () => {
        provider.destroy();
      },
    });

    const command = new DeployCommand(proxy, provider, folder);
    let lives = 1;
    for (; ; lives += 1) {
      const end = await command.live(next(command.arrived));
      if (end !== "killed") {
        expect(end.answer).to.include({ ok: true, executed: true });
        expect(end.code).to.equal(0);
        break;
      }
    }
    await expectUndisturbed(provider, command);
    return lives;
  }

  async function expectUndisturbed(provider: JsonRpcProvider, command: DeployCommand): Promise<void> {
    const store = new FileStore("localhost", folder);
    const record = store.read();
    if (record === undefined) throw new Error("the command has written no record");
    expect(essence(record)).to.deep.equal(essence(undisturbed.record));
    const untraced = Object.entries(record.contracts).filter(([, entry]) => entry.deployTx === null);
    expect(untraced).to.deep.equal([]);
    expect(store.readJournal()).to.deep.equal([]);

    // Every transaction once, none failed, and every event that an undisturbed deployment leaves: no more, no less.
    const [history, expected] = await Promise.all([
      chainHistory(provider, undisturbed.blueprint),
      chainHistory(calm.provider, undisturbed.blueprint),
    ]);
    expect(history).to.deep.equal(expected);
    expect(history.transactions).to.have.length(command.arrived);
    expect(history.failed).to.deep.equal([]);
    for (const name of tokenNames) {
      const [found, wanted] = [provider, calm.provider].map((side) =>
        connectContracts(undisturbed.deployment, side).token(name).totalSupply(),
      );
      expect(await found, name).to.equal(await wanted);
    }
    const result = await verify({ loaded: loadParams("localhost", folder), provider, store });
    expect(result).to.deep.equal({ ok: true, differences: [] });
  }

  if (ALL_KILLS) {
    for (const moment of ["unanswered", "unsent", "unrecorded"] as const) {
      it(`at every single transaction (${moment}) ends in the state of an undisturbed run`, async () => {
        // A life that dies before its first transaction achieves nothing: it dies before its second one.
        const lives = await liveUntilDone((arrived) => {
          const at = arrived + (moment === "unsent" ? 2 : 1);
          return at > total ? undefined : { moment, at };
        });
        // Several transactions are sent before the first of them is recorded: that kill comes once per group.
        expect(lives).to.be.at.least(moment === "unrecorded" ? 30 : total);
      });
    }
    return;
  }

  it("at several of its transactions ends in the state of an undisturbed run", async () => {
    const deaths: Death[] = [
      { moment: "unanswered", at: 3 }, // the first contract stands, and no file knows it
      { moment: "unmined", at: 10 }, // amid the feeds, which are sent one after another without waiting
      { moment: "unsent", at: Math.floor(total / 2) }, // often between the halves of a batch
      { moment: "unrecorded", at: total - 12 },
      { moment: "unanswered", at: total }, // the deployer has just given everything away
    ];
    const left = [...deaths];
    expect(await liveUntilDone(() => left.shift())).to.equal(deaths.length + 1);
  });
});
