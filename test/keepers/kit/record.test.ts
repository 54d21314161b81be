import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { createLog, describeError } from "../../../keepers/kit/logger.js";
import { JsonlRecord } from "../../../keepers/kit/record.js";
import { readStatus, statusPath, writeStatus } from "../../../keepers/kit/statusFile.js";
import { capturedLog } from "../../helpers/capturedLog.js";

describe("keepers/kit evidence and logs", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "keeper-record-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("appends one JSON object per line, with amounts as exact text", async () => {
    const file = join(folder, "deep", "evidence.jsonl");
    for (const block of [7, 8]) {
      const record = new JsonlRecord(file, capturedLog().log);
      record.write({ kind: "plan", block, facts: { amountIn: 2n ** 70n, orders: [{ pool: "0x1", minusOne: -1n }] } });
      await record.close();
    }
    const lines = readFileSync(file, "utf8").trim().split("\n");
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.map((entry) => entry["block"])).to.deep.equal([7, 8]);
    expect(entries[0]).to.deep.include({ kind: "plan", amountIn: (2n ** 70n).toString() });
    expect(entries[0]?.["orders"]).to.deep.equal([{ pool: "0x1", minusOne: "-1" }]);
  });

  it("never throws when it cannot write: it says so once and counts what is lost", async () => {
    const blocked = join(folder, "file");
    writeFileSync(blocked, "a file where a folder should be");
    const { log, events } = capturedLog();
    const record = new JsonlRecord(join(blocked, "evidence.jsonl"), log);
    for (let block = 0; block < 3; block += 1) record.write({ kind: "plan", block, facts: {} });
    await record.close();
    expect(events().map((entry) => entry["event"])).to.deep.equal(["record.failed", "record.dropped"]);
    expect(events().at(-1)).to.deep.include({ entries: 3 });
  });

  it("survives a file that cannot be opened although its folder exists", async () => {
    const { log, names } = capturedLog();
    const record = new JsonlRecord(folder, log); // a folder, not a file
    await new Promise((resolve) => setTimeout(resolve, 50));
    record.write({ kind: "plan", block: 1, facts: {} });
    await record.close();
    expect(names()).to.deep.equal(["record.failed", "record.dropped"]);
  });

  it("writes a status that can be read back, and reads nothing from a broken one", () => {
    const path = statusPath(folder, "deviation-stabilizer", "localhost");
    expect(readStatus(path)).to.equal(undefined);
    writeStatus(path, {
      execute: true,
      sender: "0x1",
      health: { healthy: true, ageSeconds: 1, limitSeconds: 30, lastBlock: 5, lastError: undefined },
      inFlight: [{ key: "k", nonce: 1, hashes: ["0x2"], sinceBlock: 4 }],
      executions: 3,
      skips: { "inside-band": 4 },
      stopped: false,
    });
    expect(readStatus(path)).to.deep.include({
      execute: true,
      healthy: true,
      lastBlock: 5,
      executions: 3,
      stopped: false,
    });
    writeFileSync(path, "{");
    expect(readStatus(path)).to.equal(undefined);
  });

  it("redacts what must not be printed, at the top and one level down", () => {
    const { log, events } = capturedLog();
    log.info("key.opened", { passphrase: "hunter2", signer: { privateKey: "0xabc", address: "0x1" } });
    expect(JSON.stringify(events())).to.not.match(/hunter2|0xabc/);
    expect(events()[0]?.["signer"]).to.deep.include({ address: "0x1" });
  });

  it("prints one line for people with the event and its facts", () => {
    const lines: string[] = [];
    const log = createLog({
      format: "human",
      level: "info",
      keeper: "k",
      network: "n",
      write: (line) => void lines.push(line),
    });
    log.debug("skip.cooldown");
    log.warn("rpc.up", { block: 12, why: "back again", list: [1n, 2n] });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^\d\d:\d\d:\d\d WARN rpc\.up block=12 why=back again list=\["1","2"\]\n$/);
  });

  it("describes an error without the request that ethers appends to it", () => {
    const error = Object.assign(new Error("could not coalesce error (payload={ 0xdeadbeef })"), {
      code: "UNKNOWN_ERROR",
      shortMessage: "could not coalesce error",
      error: { message: "nonce too low" },
    });
    expect(describeError(error)).to.deep.equal({
      code: "UNKNOWN_ERROR",
      error: "could not coalesce error: nonce too low",
    });
  });
});
