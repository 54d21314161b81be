/** Two servers on neighbouring ports of this machine: clients look for WebSockets one above the port of the requests. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { PermanentError } from "../../protocol/errors.js";

const ATTEMPTS = 20;

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}

/** Port 0 takes any free pair. @throws PermanentError PORT_IN_USE. */
export async function listenOnPair(first: Server, second: Server, port: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await listen(first, port);
      await listen(second, portOf(first) + 1);
      return;
    } catch (error) {
      await closeServer(first);
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "EADDRINUSE" && code !== "EACCES" && code !== "ERR_SOCKET_BAD_PORT") throw error;
      if (port === 0 && attempt < ATTEMPTS) continue;
      throw new PermanentError(
        "PORT_IN_USE",
        `port ${String(port)} or the one after it cannot be listened on (${code})`,
        "stop what listens there, or choose another with --port; 0 takes a free pair",
        { port: String(port) },
        { cause: error },
      );
    }
  }
}
