/** JSON-RPC over a WebSocket, with the client that Node brings along. */
import { DuplexTransport, type Line, type LineEvents } from "./duplex.js";
import { TransportFailure } from "./failure.js";
import type { TransportLimits } from "./transport.js";

export class WsTransport extends DuplexTransport {
  constructor(url: URL, limits: TransportLimits) {
    super((events) => openWebSocket(url, limits.maxBytes, events), limits);
  }
}

/** @throws TransportFailure */
export function openWebSocket(url: URL, maxBytes: number, { onValue, onClose }: LineEvents): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let failure = new TransportFailure("unreachable", "closed");
    const fail = (reason: TransportFailure): void => {
      failure = reason;
      socket.close();
    };
    socket.addEventListener("open", () => {
      resolve({
        send: (text) => {
          socket.send(text);
        },
        close: () => {
          socket.close();
        },
      });
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") {
        fail(new TransportFailure("malformed", "not text"));
        return;
      }
      if (data.length > maxBytes) {
        fail(new TransportFailure("too-large", `more than ${String(maxBytes)} bytes`));
        return;
      }
      try {
        onValue(JSON.parse(data));
      } catch {
        fail(new TransportFailure("malformed", "not JSON"));
      }
    });
    socket.addEventListener("close", () => {
      reject(failure);
      onClose(failure);
    });
  });
}
