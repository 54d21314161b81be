import { createHmac, timingSafeEqual } from "node:crypto";

import { expect } from "chai";
import { SMTPServer } from "smtp-server";
import fc from "fast-check";

import type { AlertMessage } from "../../../../keepers/kit/alerts/alert.js";
import { textOf } from "../../../../keepers/kit/alerts/alert.js";
import { ChannelFailure } from "../../../../keepers/kit/alerts/channel.js";
import { DiscordChannel, SlackChannel, TelegramChannel } from "../../../../keepers/kit/alerts/chats.js";
import { MailChannel } from "../../../../keepers/kit/alerts/mail.js";
import { WebhookChannel } from "../../../../keepers/kit/alerts/webhook.js";
import { Secret } from "../../../../keepers/kit/keys/secret.js";
import { startHttpSink, type Received } from "../../../helpers/httpSink.js";

const KEY = "0123456789abcdef-s3cr3t";
const MESSAGE: AlertMessage = {
  id: "5f0c7d2e-0000-4000-8000-000000000001",
  state: "raised",
  kind: "foreign-nonce",
  subject: "0xf39F",
  severity: "critical",
  summary: "Somebody else has the key.",
  keeper: "deviation-stabilizer",
  network: "chain138",
  at: "2026-11-21T22:00:00.000Z",
  times: 3,
  facts: { nonce: "7" },
};
/** Everything that markup, mentions and mail headers are made of. */
const HOSTILE =
  "<!channel> @everyone <@U1> `x` ``` *b* [a](http://e) \r\nBcc: x@e.example\r\n\r\n<b>&amp;\u202Eabc\u0000";

/** A receiver as its owner would write it from the documentation; knows nothing of the sender's code. */
class Receiver {
  private readonly seen = new Set<string>();

  accepts({ headers, body }: Pick<Received, "headers" | "body">, nowSeconds: number): boolean {
    const timestamp = String(headers["x-cantilever-timestamp"]);
    const id = String(headers["x-cantilever-id"]);
    const given = /^v1=([0-9a-f]{64})$/.exec(String(headers["x-cantilever-signature"]))?.[1];
    if (given === undefined || Math.abs(nowSeconds - Number(timestamp)) > 300 || this.seen.has(id)) return false;
    const expected = createHmac("sha256", KEY).update(timestamp).update(".").update(body).digest();
    if (!timingSafeEqual(expected, Buffer.from(given, "hex"))) return false;
    this.seen.add(id);
    return (JSON.parse(body) as AlertMessage).id === id;
  }
}

const signal = (): AbortSignal => AbortSignal.timeout(30_000);
async function reason(work: Promise<void>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ChannelFailure) return `${error.reason}${error.transient ? "" : " for good"}`;
    throw error;
  }
  return "sent";
}

describe("keepers/kit/alerts channels", () => {
  let sink: Awaited<ReturnType<typeof startHttpSink>>;
  before(async () => {
    sink = await startHttpSink();
  });
  after(() => {
    sink.close();
  });
  beforeEach(() => {
    sink.received.length = 0;
    sink.state.answer = 204;
  });
  const last = (): Received => {
    const received = sink.received.at(-1);
    if (received === undefined) throw new Error("nothing arrived");
    return received;
  };

  it("ALERT-3 a receiver tells a true webhook from a forged, changed, old or repeated one", async () => {
    const nowSeconds = 1_800_000_000;
    const channel = new WebhookChannel(new Secret(`${sink.url}/hook`), new Secret(KEY), () => nowSeconds * 1000);
    await channel.send(MESSAGE, signal());
    const { headers, body } = last();
    expect(JSON.parse(body)).to.deep.equal(MESSAGE);
    expect(new Receiver().accepts({ headers, body }, nowSeconds + 10)).to.equal(true);
    const receiver = new Receiver();
    expect([receiver.accepts(last(), nowSeconds), receiver.accepts(last(), nowSeconds)], "repeated").to.deep.equal([
      true,
      false,
    ]);
    expect(new Receiver().accepts({ headers, body }, nowSeconds + 301), "old").to.equal(false);
    expect(new Receiver().accepts({ headers, body: body.replace("critical", "warning") }, nowSeconds)).to.equal(false);
    const later = { ...headers, "x-cantilever-timestamp": String(nowSeconds + 300) };
    expect(new Receiver().accepts({ headers: later, body }, nowSeconds + 301), "time changed").to.equal(false);
    const other = new WebhookChannel(new Secret(sink.url), new Secret("another key, as long"), () => nowSeconds * 1000);
    await other.send(MESSAGE, signal());
    expect(new Receiver().accepts(last(), nowSeconds), "forged").to.equal(false);
  });

  it("ALERT-4 writes to Slack what nobody can turn into a mention", async () => {
    await new SlackChannel(new Secret(`${sink.url}/services/s3cr3t`)).send({ ...MESSAGE, subject: HOSTILE }, signal());
    const { text, blocks } = JSON.parse(last().body) as { text: string; blocks: { text: { type: string } }[] };
    expect(text).to.not.match(/<|>/);
    expect(text).to.include("&lt;!channel&gt;");
    expect(blocks.map((block) => block.text.type)).to.deep.equal(["plain_text", "plain_text"]);
  });

  it("ALERT-4 writes to Discord in a block of code, with mentions off, inside its limit", async () => {
    const long = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`fact${String(n)}`, "x".repeat(200)]));
    const message = { ...MESSAGE, summary: HOSTILE, facts: long };
    await new DiscordChannel(new Secret(sink.url)).send(message, signal());
    const { content, allowed_mentions: mentions } = JSON.parse(last().body) as Record<string, unknown> & {
      content: string;
    };
    expect(mentions).to.deep.equal({ parse: [] });
    expect(content.length).to.be.at.most(2_000);
    expect(content.startsWith("```\n") && content.endsWith("\n```")).to.equal(true);
    expect(content.slice(3, -3)).to.not.include("`");
  });

  it("ALERT-4 writes to Telegram as plain text to its chat", async () => {
    const channel = new TelegramChannel(sink.url, new Secret("12:abc"), "-100");
    await channel.send({ ...MESSAGE, summary: HOSTILE }, signal());
    const body = JSON.parse(last().body) as Record<string, unknown>;
    expect(last().path).to.equal("/bot12:abc/sendMessage");
    expect(body).to.not.have.property("parse_mode");
    expect(body).to.deep.include({ chat_id: "-100", link_preview_options: { is_disabled: true } });
    expect(String(body["text"]).split("\n")[0]).to.equal(
      "[RAISED CRITICAL] deviation-stabilizer on chain138: foreign-nonce (0xf39F)",
    );
  });

  it("ALERT-4 no text of an alert makes a second line out of one", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 500 }), fc.string({ unit: "binary" }), (summary, value) => {
        const { title, lines } = textOf({ ...MESSAGE, subject: value, summary, facts: { [value]: summary } });
        for (const line of [title, ...lines]) {
          expect(line).to.not.match(/[\p{Cc}\u2028\u2029\u202E]/u);
          expect(line.length).to.be.at.most(301);
        }
      }),
      { numRuns: 40 },
    );
  });

  for (const [answer, expected] of [
    [500, "http-500"],
    [429, "http-429"],
    [404, "http-404 for good"],
    [302, "http-302 for good"],
    ["drop", "unreachable"],
    ["hang", "timeout"],
  ] as const) {
    it(`names what a server does that answers ${String(answer)}: ${expected}`, async () => {
      sink.state.answer = answer;
      const channel = new SlackChannel(new Secret(`${sink.url}/s3cr3t`));
      const ending = new AbortController();
      const said = reason(channel.send(MESSAGE, ending.signal));
      if (answer === "hang") {
        while (sink.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        ending.abort(new DOMException("the time is over", "TimeoutError"));
      }
      expect(await said).to.equal(expected);
      expect(sink.received).to.have.length(1);
    });
  }

  describe("mail", () => {
    const mails: { from: string; to: string[]; raw: string; user: string }[] = [];
    let server: SMTPServer;
    let port = 0;
    /** What the server says to the receiver's name. */
    let refusal: { responseCode: number } | undefined;
    before(async () => {
      server = new SMTPServer({
        disabledCommands: ["STARTTLS"],
        allowInsecureAuth: true,
        authOptional: true,
        onAuth({ username, password }, _session, done) {
          if (username === "keeper@x" && password === "p:s3cr3t") done(null, { user: username });
          else done(new Error("no"));
        },
        onRcptTo(_address, _session, done) {
          done(refusal === undefined ? null : Object.assign(new Error("refused"), refusal));
        },
        onData(stream, session, done) {
          const chunks: Buffer[] = [];
          stream.on("data", (chunk: Buffer) => chunks.push(chunk));
          stream.on("end", () => {
            const { mailFrom, rcptTo } = session.envelope;
            mails.push({
              from: mailFrom === false ? "" : mailFrom.address,
              to: rcptTo.map(({ address }) => address),
              raw: Buffer.concat(chunks).toString("utf8"),
              user: String(session.user ?? ""),
            });
            done();
          });
        },
      });
      server.on("error", () => undefined);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.server.address();
      port = typeof address === "object" && address !== null ? address.port : 0;
    });
    after(async () => {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    });
    beforeEach(() => {
      mails.length = 0;
      refusal = undefined;
    });
    const channel = (login = "keeper%40x:p%3As3cr3t@", host = "127.0.0.1"): MailChannel =>
      new MailChannel({
        server: new Secret(`smtp://${login}${host}:${String(port)}`),
        from: "keeper@x.example",
        to: ["a@x.example", "b@x.example"],
        timeoutMs: 30_000,
      });

    it("ALERT-4 sends a mail to all receivers, and no text of an alert becomes a header", async () => {
      await channel().send({ ...MESSAGE, subject: HOSTILE, summary: HOSTILE });
      const [mail] = mails;
      expect([mail?.from, mail?.to, mail?.user]).to.deep.equal([
        "keeper@x.example",
        ["a@x.example", "b@x.example"],
        "keeper@x",
      ]);
      const [head = "", ...body] = (mail?.raw ?? "").split("\r\n\r\n");
      expect(head).to.match(/^X-Cantilever-Id: 5f0c7d2e/im);
      expect(head).to.not.match(/^bcc:/im);
      expect(body.join("")).to.not.match(/^Bcc:/m);
      expect(head).to.include("Subject: ");
    });

    it("names a refusal by its code, and whether it is for good", async () => {
      refusal = { responseCode: 550 };
      expect(await reason(channel().send(MESSAGE))).to.equal("smtp-550 for good");
      refusal = { responseCode: 451 };
      expect(await reason(channel().send(MESSAGE))).to.equal("smtp-451");
      expect(await reason(channel("keeper%40x:wrong@").send(MESSAGE))).to.equal("smtp-535 for good");
    });

    it("gives no password to a server elsewhere that has no TLS", async () => {
      // Another name of this machine, so that it counts as elsewhere.
      expect(await reason(channel(undefined, "127.0.0.2").send(MESSAGE))).to.not.equal("sent");
      expect(mails).to.have.length(0);
    });
  });
});
