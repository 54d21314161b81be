/**
 * What lies between the attestors of the local world: every signature that one of them asks another one for comes through here. The
 * latency of the bridge is made here, and so are the faults of messages: a signature that may not cross yet is left out of the answer. The
 * attestors, their bridges and their nodes are the real ones and know nothing of it.
 */
import { createServer, type Server } from "node:http";

import { z } from "zod";

import type { AttestationKind } from "../../../protocol/bridgeMessage.js";

const answerSchema = z.object({
  messageId: z.string(),
  attestations: z.array(z.looseObject({ kind: z.enum(["deliver", "refund"]) })),
});
const ID = /^\/attestations\/(0x[0-9a-f]{64})$/;
const TIMEOUT_MS = 3_000;

/** Whether a signature about a message may cross now. */
export type Passage = (messageId: string, kind: AttestationKind) => Promise<boolean>;

export class Wire {
  private constructor(
    private readonly server: Server,
    /** What peers are told instead of the attestor's own address. */
    readonly url: string,
  ) {}

  /** A wire to the attestor that serves at `target`. */
  static async open(target: string, mayCross: Passage): Promise<Wire> {
    const server = createServer((request, response) => {
      const [, messageId] = ID.exec(request.url ?? "") ?? [];
      if (messageId === undefined) {
        response.writeHead(404).end();
        return;
      }
      passed(target, messageId, mayCross).then(
        (body) => response.writeHead(200, { "content-type": "application/json" }).end(body),
        // As if the line were dead: so it is while the attestor is.
        () => response.writeHead(503).end(),
      );
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return new Wire(server, `http://127.0.0.1:${String(port)}`);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }
}

/** What the attestor has, as far as it may cross. */
async function passed(target: string, messageId: string, mayCross: Passage): Promise<string> {
  const response = await fetch(new URL(`/attestations/${messageId}`, target), {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { attestations } = answerSchema.parse(await response.json());
  const passing = await Promise.all(attestations.map(({ kind }) => mayCross(messageId, kind)));
  return JSON.stringify({ messageId, attestations: attestations.filter((_, index) => passing[index]) });
}
