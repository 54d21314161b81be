/** An open connection to an Electrum server: JSON values in and out, one a line over tcp and tls, one a message over WebSockets. */
import net from "node:net";
import tls from "node:tls";

import type { Line, LineEvents } from "../../../kit/providers/duplex.js";
import { TransportFailure } from "../../../kit/providers/failure.js";
import type { TransportLimits } from "../../../kit/providers/transport.js";
import { openWebSocket } from "../../../kit/providers/ws.js";
import type { ElectrumServer } from "./server.js";

const NEWLINE = 0x0a;

/** @throws TransportFailure */
export function openLine(server: ElectrumServer, { maxBytes }: TransportLimits, events: LineEvents): Promise<Line> {
  const { transport, host, port } = server;
  switch (transport) {
    case "ws":
    case "wss":
      return openWebSocket(new URL(`${transport}://${host}:${String(port)}`), maxBytes, events);
    case "tcp":
      return openSocket(net.connect({ host: bare(host), port }), "connect", maxBytes, events, () => true);
    case "tls": {
      const { fingerprint } = server;
      const socket = tls.connect({
        host: bare(host),
        port,
        ...(net.isIP(bare(host)) === 0 ? { servername: host } : {}),
        // A pinned certificate is compared below instead, before anything is sent.
        rejectUnauthorized: fingerprint === undefined,
      });
      return openSocket(socket, "secureConnect", maxBytes, events, () => {
        const seen = socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase();
        return fingerprint === undefined || seen === fingerprint;
      });
    }
  }
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}

function openSocket(
  socket: net.Socket,
  opened: "connect" | "secureConnect",
  maxBytes: number,
  { onValue, onClose }: LineEvents,
  isTrusted: () => boolean,
): Promise<Line> {
  return new Promise((resolve, reject) => {
    let failure = new TransportFailure("unreachable", "closed");
    const fail = (reason: TransportFailure): void => {
      failure = reason;
      socket.destroy();
    };
    let parts: Buffer[] = [];
    let size = 0;
    const take = (line: Buffer): void => {
      try {
        onValue(JSON.parse(line.toString("utf8")));
      } catch {
        fail(new TransportFailure("malformed", "not JSON"));
      }
    };
    socket.on(opened, () => {
      if (!isTrusted()) {
        fail(new TransportFailure("unreachable", "another certificate"));
        return;
      }
      resolve({
        send: (text) => {
          socket.write(`${text}\n`);
        },
        close: () => {
          socket.destroy();
        },
      });
    });
    socket.on("data", (chunk: Buffer) => {
      let rest = chunk;
      for (let end = rest.indexOf(NEWLINE); end >= 0 && !socket.destroyed; end = rest.indexOf(NEWLINE)) {
        const line = Buffer.concat([...parts, rest.subarray(0, end)]);
        parts = [];
        size = 0;
        rest = rest.subarray(end + 1);
        take(line);
      }
      size += rest.length;
      parts.push(rest);
      if (size > maxBytes) fail(new TransportFailure("too-large", `more than ${String(maxBytes)} bytes`));
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      reject(failure);
      onClose(failure);
    });
  });
}
