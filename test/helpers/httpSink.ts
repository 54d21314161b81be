/** A server that remembers what it was sent and answers as the test says. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export async function startHttpSink() {
  const received: Received[] = [];
  /** Status of the next answers; `hang` never answers, `drop` closes the connection. */
  const state: { answer: number | "hang" | "drop" } = { answer: 204 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      received.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
      if (state.answer === "drop") response.destroy();
      else if (state.answer !== "hang") response.writeHead(state.answer, { location: "http://127.0.0.1:1/" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    received,
    state,
    /** Ends every connection, those that hang included. */
    cut(): void {
      server.closeAllConnections();
    },
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Until the condition holds; fails after so long that something hangs. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const started = Date.now(); !condition();) {
    if (Date.now() - started > 120_000) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
