import { expect } from "chai";

import { AlertDesk } from "../../../../keepers/kit/alerts/desk.js";
import { alertCheck } from "../../../../keepers/kit/alerts/open.js";
import { alertSettings, openChannels } from "../../../../keepers/kit/alerts/settings.js";
import type { ChainConnection } from "../../../../keepers/kit/chain.js";
import { runChecks } from "../../../../keepers/kit/doctor.js";
import { loadSettings } from "../../../../keepers/kit/env.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { startHttpSink } from "../../../helpers/httpSink.js";

describe("keepers/kit/alerts doctor", () => {
  let sink: Awaited<ReturnType<typeof startHttpSink>>;
  before(async () => {
    sink = await startHttpSink();
  });
  after(() => {
    sink.close();
  });

  async function check(env: Record<string, string>, local: boolean, test: boolean) {
    const config = loadSettings(alertSettings, env, { prefixes: [], alsoKnown: [] });
    const limits = { repeatMs: 1, settleMs: 1, perHour: 1, timeoutMs: 30_000, attempts: 1, retryMs: 1 };
    const names = { keeper: "k", network: "n" };
    const alerts = new AlertDesk(openChannels(config), { ...limits, ...names }, capturedLog().log);
    const connection = { config: { ...config, network: { local } }, alerts } as unknown as ChainConnection;
    const [found] = await runChecks([alertCheck(connection, test)]);
    await alerts.close(0);
    return found;
  }
  const env = () => ({
    KEEPER_ALERT_SLACK_URL: `${sink.url}/services/s3cr3t`,
    KEEPER_ALERT_WEBHOOK_URL: `${sink.url}/hook/s3cr3t`,
    KEEPER_ALERT_WEBHOOK_SECRET: "0123456789abcdef-s3cr3t",
    KEEPER_HEARTBEAT_URL: `${sink.url}/ping/s3cr3t`,
  });

  it("says who would be told, and misses somebody on a live network only", async () => {
    expect((await check({}, true, false))?.ok).to.equal(true);
    expect((await check({}, false, false))?.ok).to.equal(false);
    const found = await check(env(), false, false);
    expect(found).to.deep.include({ ok: true, found: "webhook, slack; heartbeat every 60 s" });
    expect(sink.received, "a check sends nothing").to.have.length(0);
  });

  it("ALERT-4 sends a test when asked to, says which channel failed, and shows no address", async () => {
    expect((await check(env(), false, true))?.ok).to.equal(true);
    expect(sink.received.map(({ path }) => path).sort()).to.deep.equal(["/hook/s3cr3t", "/services/s3cr3t"]);
    sink.state.answer = 404;
    const failed = await check(env(), false, true);
    expect(failed?.ok).to.equal(false);
    expect(failed?.found).to.include("slack failed: http-404").and.include("webhook failed: http-404");
    expect(JSON.stringify(failed)).to.not.include("s3cr3t");
    expect((await check({}, true, true))?.ok, "a test without a channel tests nothing").to.equal(false);
  });
});
