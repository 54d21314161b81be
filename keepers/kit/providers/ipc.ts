/** JSON-RPC over a unix socket: a node on this machine, with the rights of a file. */
import { createConnection } from "node:net";

import { DuplexTransport, type Line, type LineEvents } from "./duplex.js";
import { TransportFailure } from "./failure.js";
import { JsonFrames } from "./frames.js";
import type { TransportLimits } from "./transport.js";

export class IpcTransport extends DuplexTransport {
  constructor(path: string, limits: TransportLimits) {
    super((events) => connect(path, limits.maxBytes, events), limits);
  }
}

function connect(path: string, maxBytes: number, { onValue, onClose }: LineEvents): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const frames = new JsonFrames(maxBytes);
    let failure = new TransportFailure("unreachable", "closed");
    socket.once("connect", () => {
      resolve({
        send: (text) => void socket.write(`${text}\n`),
        close: () => {
          socket.destroy();
        },
      });
    });
    socket.on("data", (chunk) => {
      try {
        for (const value of frames.push(chunk)) onValue(value);
      } catch (error) {
        if (error instanceof TransportFailure) failure = error;
        socket.destroy();
      }
    });
    socket.on("error", (error) => {
      failure = new TransportFailure("unreachable", "code" in error ? String(error.code) : "");
    });
    socket.once("close", () => {
      reject(failure);
      onClose(failure);
    });
  });
}
