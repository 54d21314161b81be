/**
 * Alerts as signed JSON. A receiver computes HMAC-SHA256 with the shared secret over `<timestamp>.<body>` and compares it with the
 * header `x-cantilever-signature: v1=<hex>`; it refuses a timestamp (unix seconds) that is more than some minutes old, and an
 * `x-cantilever-id` that it has seen.
 */
import { createHmac } from "node:crypto";

import type { Secret } from "../keys/secret.js";
import type { AlertMessage } from "./alert.js";
import { post, type AlertChannel } from "./channel.js";

export class WebhookChannel implements AlertChannel {
  readonly name = "webhook";

  constructor(
    private readonly url: Secret,
    private readonly key: Secret,
    private readonly nowMs: () => number = Date.now,
  ) {}

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(message);
    const timestamp = String(Math.floor(this.nowMs() / 1000));
    const signature = this.key.use((key) => createHmac("sha256", key).update(`${timestamp}.${body}`).digest("hex"));
    const headers = {
      "x-cantilever-timestamp": timestamp,
      "x-cantilever-id": message.id,
      "x-cantilever-signature": `v1=${signature}`,
    };
    await this.url.use((url) => post(url, body, headers, signal));
  }
}
