import { expect } from "chai";
import fc from "fast-check";

import type { AlertMessage } from "../../../../keepers/kit/alerts/alert.js";
import { ChannelFailure, type AlertChannel } from "../../../../keepers/kit/alerts/channel.js";
import { AlertDesk, type DeskOptions } from "../../../../keepers/kit/alerts/desk.js";
import { Heartbeat } from "../../../../keepers/kit/alerts/heartbeat.js";
import { alertingLog } from "../../../../keepers/kit/alerts/rules.js";
import { alertProblems, alertSettings, openChannels } from "../../../../keepers/kit/alerts/settings.js";
import { TroubleWatch } from "../../../../keepers/kit/alerts/watch.js";
import { loadSettings } from "../../../../keepers/kit/env.js";
import { Freshness } from "../../../../keepers/kit/health.js";
import { Secret } from "../../../../keepers/kit/keys/secret.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { startHttpSink, until } from "../../../helpers/httpSink.js";
import { seedOf } from "../../../helpers/seed.js";

const MINUTE = 60_000;
const OPTIONS: DeskOptions = {
  keeper: "k",
  network: "n",
  repeatMs: 60 * MINUTE,
  settleMs: MINUTE,
  perHour: 30,
  timeoutMs: 30_000,
  attempts: 3,
  retryMs: 1,
};
const STALE = { kind: "health-stale", subject: "", severity: "critical", summary: "stale" } as const;

/** A desk with a clock and a channel of the test's own. */
class Scene {
  nowMs = 1_800_000_000_000;
  readonly told: AlertMessage[] = [];
  readonly captured = capturedLog();
  readonly desk: AlertDesk;

  constructor(options: Partial<DeskOptions> = {}, others: readonly AlertChannel[] = []) {
    const channel: AlertChannel = {
      name: "test",
      send: (message) => {
        this.told.push(message);
        return Promise.resolve();
      },
    };
    this.desk = new AlertDesk([...others, channel], { ...OPTIONS, ...options }, this.captured.log, () => this.nowMs);
  }

  /** Time passes, with looks in between as the desk's own timer makes them. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= MINUTE / 4) {
      this.nowMs += Math.min(left, MINUTE / 4);
      this.desk.review();
    }
  }

  /** What was told so far, after the channel had its turns. */
  async states(): Promise<string[]> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    return this.told.map(({ state, kind }) => `${state} ${kind}`);
  }
}

describe("keepers/kit/alerts desk", () => {
  it("ALERT-1 tells at once that a trouble became critical, and once", async () => {
    const scene = new Scene();
    const mild = { ...STALE, severity: "warning" } as const;
    for (const alert of [mild, mild, STALE, STALE, mild, STALE]) {
      scene.desk.raise(alert);
      scene.pass(MINUTE);
    }
    await scene.states();
    expect(scene.told.map(({ state, severity }) => [state, severity])).to.deep.equal([
      ["raised", "warning"],
      ["raised", "critical"],
    ]);
  });

  it("ALERT-1 tells a trouble once, again after the window, and its end once", async () => {
    const scene = new Scene();
    for (let minute = 0; minute < 90; minute += 1) {
      scene.desk.raise(STALE);
      scene.pass(MINUTE);
    }
    expect(await scene.states()).to.deep.equal(["raised health-stale", "still health-stale"]);
    expect(scene.told[1]?.times).to.equal(61);
    scene.desk.resolve("health-stale", "");
    scene.desk.resolve("health-stale", "");
    scene.pass(10 * MINUTE);
    expect((await scene.states()).slice(2)).to.deep.equal(["resolved health-stale"]);
    scene.desk.resolve("health-stale", "");
    scene.pass(10 * MINUTE);
    expect(scene.told).to.have.length(3);
    expect(new Set(scene.told.map(({ id }) => id)).size).to.equal(3);
  });

  it("ALERT-1 a state that flaps faster than it settles is one message, and never told as over", async () => {
    const scene = new Scene();
    for (let flap = 0; flap < 50; flap += 1) {
      scene.desk.raise(STALE);
      scene.pass(MINUTE / 2);
      scene.desk.resolve("health-stale", "");
      scene.pass(MINUTE / 2);
    }
    expect(await scene.states()).to.deep.equal(["raised health-stale"]);
  });

  it("what is only noticed is over when it is not noticed again", async () => {
    const scene = new Scene();
    scene.desk.raise({ ...STALE, kind: "policy-refusal", subject: "amount" }, false);
    scene.pass(MINUTE / 2);
    scene.desk.raise({ ...STALE, kind: "policy-refusal", subject: "amount" }, false);
    scene.pass(MINUTE / 2);
    expect(scene.desk.troubles).to.deep.equal([{ kind: "policy-refusal", subject: "amount" }]);
    scene.pass(MINUTE);
    expect(await scene.states()).to.deep.equal(["raised policy-refusal", "resolved policy-refusal"]);
    expect(scene.desk.troubles).to.deep.equal([]);
  });

  it("ALERT-1 a flood stays below the limit, and what was held back is told in one message as it stands", async () => {
    const scene = new Scene({ perHour: 6 });
    for (let subject = 0; subject < 200; subject += 1) scene.desk.raise({ ...STALE, subject: String(subject) });
    expect(await scene.states()).to.have.length(6);
    scene.pass(10 * MINUTE);
    const states = await scene.states();
    expect(states).to.have.length(7);
    expect(states[6]).to.equal("held-back several");
    expect(scene.told[6]?.severity).to.equal("critical");
    expect(Object.keys(scene.told[6]?.facts ?? {})).to.have.length(194);
  });

  it("ALERT-1 whatever happens, no hour sees more than the limit and its refill, and what is open was told", async () => {
    const step = fc.record({
      subject: fc.constantFrom("a", "b", "c"),
      raise: fc.boolean(),
      minutes: fc.integer({ min: 0, max: 20 }),
    });
    const seed = seedOf(1);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const perHour = 4;
        const scene = new Scene({ perHour });
        for (const { subject, raise, minutes } of steps) {
          if (raise) scene.desk.raise({ ...STALE, subject });
          else scene.desk.resolve("health-stale", subject);
          scene.pass(minutes * MINUTE);
        }
        scene.pass(3 * 60 * MINUTE);
        await scene.states();
        const times = scene.told.map(({ at }) => Date.parse(at));
        for (const start of times) {
          const within = times.filter((at) => at >= start && at < start + 60 * MINUTE).length;
          expect(within).to.be.at.most(2 * perHour);
        }
        const newest = new Map<string, string>();
        for (const { state, subject, facts } of scene.told) {
          if (state !== "held-back") newest.set(subject, state);
          else for (const [key, value] of Object.entries(facts)) newest.set(key.split(" ")[1] ?? "", value);
        }
        const open = new Set(scene.desk.troubles.map(({ subject }) => subject));
        for (const [subject, state] of newest) expect(state !== "resolved", subject).to.equal(open.has(subject));
        for (const subject of open) expect(newest.has(subject)).to.equal(true);
        await scene.desk.close(0);
      }),
      { numRuns: 40, seed },
    );
  });

  it("ALERT-2 a channel that hangs, refuses or throws delays nobody and keeps no other from telling", async () => {
    const attempts: string[] = [];
    const bad = (name: string, send: AlertChannel["send"]): AlertChannel => ({
      name,
      send: (message, signal) => {
        attempts.push(name);
        return send(message, signal);
      },
    });
    const scene = new Scene({ timeoutMs: 20 }, [
      bad(
        "hangs",
        (_, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reject(new ChannelFailure("timeout", true));
            });
          }),
      ),
      bad("refuses", () => Promise.reject(new ChannelFailure("http-404", false))),
      bad("throws", () => Promise.reject(new TypeError("broken"))),
    ]);
    scene.desk.raise(STALE);
    expect(await scene.states()).to.deep.equal(["raised health-stale"]);
    for (let count = 0; count < 500; count += 1) scene.desk.raise({ ...STALE, subject: String(count) });
    const failures = () =>
      scene.captured.events().filter(({ event, level }) => event === "alert.not-delivered" && level === "warn");
    await until(() => failures().some(({ channel }) => channel === "hangs"), "the end of the attempts");
    expect(attempts.filter((name) => name === "refuses").length, "refused for good: no second attempt").to.equal(
      failures().filter(({ channel }) => channel === "refuses").length,
    );
    await scene.desk.close(10);
  });

  it("sends a test through every channel and says what failed", async () => {
    const failing: AlertChannel = { name: "bad", send: () => Promise.reject(new ChannelFailure("http-404", false)) };
    const scene = new Scene({}, [failing]);
    expect(await scene.desk.test()).to.deep.equal({ bad: "http-404", test: undefined });
    expect(scene.told.map(({ state }) => state)).to.deep.equal(["test"]);
  });
});

describe("keepers/kit/alerts rules", () => {
  it("draws each trouble from what the parts log, and the log says the same as before", async () => {
    const scene = new Scene({ perHour: 1_000 });
    const inner = capturedLog();
    const log = alertingLog(inner.log, scene.desk);
    const events = [
      ["error", "tx.foreign-nonce", { address: "0xabc", nonce: 7 }, "raised foreign-nonce"],
      ["warn", "outbox.refused", { refusal: "policy", check: "amount" }, "raised policy-refusal"],
      ["warn", "outbox.refused", { refusal: "in-flight" }, undefined],
      ["warn", "outbox.degraded", { code: "DB_UNAVAILABLE" }, "raised database-gone"],
      ["warn", "outbox.degraded", { code: "RPC_UNREACHABLE" }, undefined],
      ["warn", "lease.lost", { lease: "role" }, "raised lease-lost"],
      ["warn", "control", { state: "kill", reason: "realised-loss" }, "raised stopped"],
      ["info", "control", { state: "drain" }, undefined],
      ["warn", "pnl.unprofitable", { key: "a", resultXauWei: "-5" }, "raised unprofitable"],
      ["error", "tick.failed", { code: "NO_QUORUM" }, "raised no-quorum"],
      ["error", "tick.failed", { code: "RPC_UNREACHABLE" }, undefined],
      ["warn", "rpc.fleet", { state: "no-quorum", reasons: ["too-few-providers"] }, "raised no-quorum"],
      ["error", "earning.refused", { kind: "claim", about: "0x01", amount: 5n }, "raised failures"],
      ["warn", "gate.balance", { found: "0 ether" }, "raised low-balance"],
      ["warn", "history.log-truncated", { signature: "one" }, "raised collateral-history"],
      // As many transactions as somebody likes are one trouble.
      ["warn", "history.log-truncated", { signature: "two" }, undefined],
      ["info", "collateral.discrepancy", { code: "tokens-frozen", subject: "b", severity: "info" }, undefined],
      ["info", "collateral.activity", { kind: "outflow", subject: "m", severity: "info" }, undefined],
      [
        "warn",
        "collateral.activity",
        { kind: "outflow", subject: "m", severity: "critical" },
        "raised collateral-activity",
      ],
      ["info", "plan", {}, undefined],
    ] as const;
    for (const [level, event, facts] of events) log[level](event, facts);
    const expected = events.flatMap(([, , , told]) => (told === undefined ? [] : [told]));
    expect(await scene.states()).to.deep.equal(expected);
    expect(inner.names()).to.deep.equal(events.map(([, event]) => event));
    log.info("rpc.fleet", { state: "healthy", reasons: [] });
    scene.pass(2 * MINUTE);
    const ended = (await scene.states()).slice(expected.length);
    expect(ended).to.include("resolved no-quorum");
    expect(
      scene.desk.troubles.map(({ kind }) => kind),
      "a key in other hands never heals by itself",
    ).to.deep.equal(["foreign-nonce", "low-balance"]);
  });

  it("notices what nobody logs: stale health, an empty purse, a clock that is off; and their ends", async () => {
    const scene = new Scene();
    let healthMs = 0;
    const health = new Freshness(30, () => healthMs);
    let skew: number | undefined = 5;
    let balance: bigint | Error = 10n;
    let asked = 0;
    let clockMs = 0;
    const watch = new TroubleWatch(
      {
        desk: scene.desk,
        health: () => health.report(),
        skewSeconds: () => skew,
        maxSkewSeconds: 60,
        balanceWei: () => {
          asked += 1;
          return typeof balance === "bigint" ? Promise.resolve(balance) : Promise.reject(balance);
        },
        minBalanceWei: 10n,
        everyMs: 3_600_000,
        balanceEveryMs: 600_000,
      },
      () => clockMs,
    );
    await watch.look();
    expect([await scene.states(), asked], "the start has looked at the purse").to.deep.equal([[], 0]);
    clockMs += 600_000;
    await watch.look();
    [healthMs, skew, balance] = [31_000, -61, 9n];
    await watch.look();
    expect(asked, "the purse is looked at rarely").to.equal(1);
    clockMs += 600_000;
    balance = new Error("node gone");
    await watch.look();
    balance = 9n;
    await watch.look();
    expect(await scene.states()).to.deep.equal(["raised health-stale", "raised clock-skew", "raised low-balance"]);
    health.succeeded(1);
    [skew, balance] = [undefined, 10n];
    clockMs += 600_000;
    await watch.look();
    skew = 0;
    await watch.look();
    scene.pass(2 * MINUTE);
    expect((await scene.states()).slice(3).sort()).to.deep.equal([
      "resolved clock-skew",
      "resolved health-stale",
      "resolved low-balance",
    ]);
    watch.stop();
  });
});

describe("keepers/kit/alerts settings", () => {
  const KNOWN = { prefixes: ["KEEPER_"], alsoKnown: [] };

  it("opens what is configured, and refuses half a channel", () => {
    const none = loadSettings(alertSettings, {}, KNOWN);
    expect(openChannels(none)).to.deep.equal([]);
    const env = {
      KEEPER_ALERT_WEBHOOK_URL: "https://w.example/s3cr3t",
      KEEPER_ALERT_WEBHOOK_SECRET: "0123456789abcdef-s3cr3t",
      KEEPER_ALERT_SLACK_URL: "https://slack.example/s3cr3t",
      KEEPER_ALERT_DISCORD_URL: "https://discord.example/s3cr3t",
      KEEPER_ALERT_TELEGRAM_TOKEN: "12:s3cr3t",
      KEEPER_ALERT_TELEGRAM_CHAT: "-100",
      KEEPER_ALERT_MAIL_SERVER: "smtp://u:s3cr3t@mail.example:587",
      KEEPER_ALERT_MAIL_FROM: "k@x.example",
      KEEPER_ALERT_MAIL_TO: "a@x.example, b@x.example",
    };
    const all = loadSettings(alertSettings, env, KNOWN);
    expect(openChannels(all).map(({ name }) => name)).to.deep.equal([
      "webhook",
      "slack",
      "discord",
      "telegram",
      "mail",
    ]);
    expect(alertProblems(env)).to.deep.equal([]);
    const { KEEPER_ALERT_WEBHOOK_SECRET: _, KEEPER_ALERT_TELEGRAM_CHAT: __, KEEPER_ALERT_MAIL_TO: ___, ...half } = env;
    expect(alertProblems(half).map(({ env: name }) => name)).to.deep.equal([
      "KEEPER_ALERT_WEBHOOK_SECRET",
      "KEEPER_ALERT_TELEGRAM_CHAT",
      "KEEPER_ALERT_MAIL_TO",
    ]);
  });

  it("ALERT-4 a configuration with secrets cannot be printed by accident, and a refused value is not repeated", () => {
    const config = loadSettings(alertSettings, { KEEPER_ALERT_SLACK_URL: "https://slack.example/s3cr3t" }, KNOWN);
    let printed = "refused";
    try {
      printed = JSON.stringify(config);
    } catch {
      // A Secret throws.
    }
    expect(printed).to.equal("refused");
    let problem = "accepted";
    try {
      loadSettings(alertSettings, { KEEPER_ALERT_MAIL_SERVER: "s3cr3t" }, KNOWN);
    } catch (error) {
      problem = String(error);
    }
    expect(problem).to.not.equal("accepted");
    expect(problem).to.not.include("s3cr3t");
  });
});

describe("keepers/kit/alerts heartbeat", () => {
  it("ALERT-5 leaves only while work succeeds, one at a time, and says once that nobody hears it", async () => {
    const sink = await startHttpSink();
    const captured = capturedLog();
    let well = true;
    const options = {
      url: new Secret(`${sink.url}/ping/s3cr3t`),
      method: "POST" as const,
      everyMs: 3_600_000,
      timeoutMs: 30_000,
      isWell: () => well,
    };
    const heartbeat = new Heartbeat(options, captured.log);
    try {
      await heartbeat.beat();
      expect(sink.received.map(({ method, path }) => [method, path])).to.deep.equal([["POST", "/ping/s3cr3t"]]);
      well = false;
      await heartbeat.beat();
      expect(sink.received).to.have.length(1);
      well = true;
      sink.state.answer = "hang";
      const beats = [heartbeat.beat(), heartbeat.beat(), heartbeat.beat()];
      await until(() => sink.received.length === 2, "the beat that hangs");
      sink.cut();
      await Promise.all(beats);
      expect(sink.received, "a beat that hangs keeps the next from starting").to.have.length(2);
      sink.state.answer = 500;
      await heartbeat.beat();
      expect(captured.names()).to.deep.equal(["heartbeat.not-delivered"]);
      expect(JSON.stringify(captured.events())).to.not.include("s3cr3t");
      sink.state.answer = 204;
      await heartbeat.beat();
      sink.state.answer = 500;
      await heartbeat.beat();
      expect(captured.names()).to.have.length(2);
    } finally {
      heartbeat.stop();
      sink.close();
    }
  });

  it("a beat that hangs ends, and is one that was not delivered", async () => {
    const sink = await startHttpSink();
    sink.state.answer = "hang";
    const captured = capturedLog();
    const options = { url: new Secret(sink.url), method: "GET" as const, everyMs: 3_600_000, timeoutMs: 100 };
    const heartbeat = new Heartbeat({ ...options, isWell: () => true }, captured.log);
    try {
      await heartbeat.beat();
      expect(captured.names()).to.deep.equal(["heartbeat.not-delivered"]);
    } finally {
      heartbeat.stop();
      sink.close();
    }
  });

  it("ALERT-5 beats by itself", async () => {
    const sink = await startHttpSink();
    const options = {
      url: new Secret(sink.url),
      method: "GET" as const,
      everyMs: 10,
      timeoutMs: 30_000,
      isWell: () => true,
    };
    const heartbeat = new Heartbeat(options, capturedLog().log);
    try {
      await until(() => sink.received.length >= 3, "three beats");
      expect(sink.received[0]?.method).to.equal("GET");
    } finally {
      heartbeat.stop();
      sink.close();
    }
  });
});
