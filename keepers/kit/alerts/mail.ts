/** Alerts by e-mail through SMTP. */
import { createTransport, type Transporter } from "nodemailer";

import type { Secret } from "../keys/secret.js";
import { textOf, type AlertMessage } from "./alert.js";
import { ChannelFailure, type AlertChannel } from "./channel.js";

export interface MailOptions {
  /** `smtp://user:password@host:port` or `smtps://…`; TLS is demanded unless the host is this machine. */
  readonly server: Secret;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs: number;
}

/** SMTP answers of 4yz ask for a later attempt, those of 5yz do not. */
const PERMANENT = 500;

export class MailChannel implements AlertChannel {
  readonly name = "mail";
  private readonly transport: Pick<Transporter, "sendMail">;

  constructor(private readonly options: MailOptions) {
    const { timeoutMs } = options;
    this.transport = options.server.use((text) => {
      const { protocol, hostname, port, username, password } = new URL(text);
      const secure = protocol === "smtps:";
      const local = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
      const auth =
        username === "" ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } };
      return createTransport({
        host: hostname.replaceAll(/^\[|\]$/g, ""),
        ...(port === "" ? {} : { port: Number(port) }),
        secure,
        ...(local ? { ignoreTLS: !secure } : { requireTLS: true }),
        ...auth,
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    });
  }

  /** nodemailer cannot be interrupted; its own timeouts end it. */
  async send(message: AlertMessage): Promise<void> {
    const { title, lines } = textOf(message);
    const { from, to } = this.options;
    const headers = { "x-cantilever-id": message.id, "auto-submitted": "auto-generated" };
    const mail = { from, to: [...to], subject: title, text: `${lines.join("\n")}\n`, headers };
    try {
      await this.transport.sendMail(mail);
    } catch (error) {
      const code = error instanceof Error && "responseCode" in error ? Number(error.responseCode) : 0;
      throw new ChannelFailure(code === 0 ? "unreachable" : `smtp-${String(code)}`, code < PERMANENT);
    }
  }
}
