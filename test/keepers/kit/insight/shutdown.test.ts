import { expect } from "chai";

import { shutDown } from "../../../../keepers/kit/insight/shutdown.js";
import { capturedLog } from "../../../helpers/capturedLog.js";

describe("keepers/kit/insight/shutdown", () => {
  it("goes on in order past steps that fail or hang, and names them", async () => {
    const { log, events } = capturedLog();
    const ran: string[] = [];
    const step = (name: string, work: () => Promise<void>) => ({
      name,
      run: () => {
        ran.push(name);
        return work();
      },
    });
    const unfinished = await shutDown(
      [
        step("outbox", () => Promise.resolve()),
        step("evidence", () => Promise.reject(new Error("disk full"))),
        step("port", () => new Promise(() => undefined)),
        step("lease", () => Promise.resolve()),
      ],
      200,
      log,
    );
    expect(ran).to.deep.equal(["outbox", "evidence", "port", "lease"]);
    expect(unfinished).to.deep.equal(["evidence", "port"]);
    expect(events().map((event) => [event["event"], event["step"]])).to.deep.equal([
      ["shutdown.failed", "evidence"],
      ["shutdown.late", "port"],
    ]);
  });
});
