/** A unix socket in front of an HTTP node, framed like geth's or worse: answers in small pieces, several at once, without line ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { JsonFrames } from "../../keepers/kit/providers/frames.js";

export async function startIpcBridge(url: string, options: { readonly pieceBytes: number; readonly end: string }) {
  const folder = mkdtempSync(join(tmpdir(), "ipc-"));
  const path = join(folder, "node.ipc");
  const sockets = new Set<Socket>();
  /** Requests are read and never answered. */
  const state = { silent: false };
  const server = createServer((socket) => {
    sockets.add(socket);
    const frames = new JsonFrames(1_000_000);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      for (const value of frames.push(chunk)) if (!state.silent) void answer(socket, value);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));

  let writing = Promise.resolve();
  async function answer(socket: Socket, value: unknown): Promise<void> {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(value),
    });
    const bytes = Buffer.from(`${await response.text()}${options.end}`);
    // Answers may come in any order, but never into one another.
    writing = writing.then(() => write(socket, bytes));
  }

  async function write(socket: Socket, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += options.pieceBytes) {
      socket.write(bytes.subarray(at, at + options.pieceBytes));
      // A turn of the event loop, so that pieces of several answers do not arrive as one.
      if (at % (options.pieceBytes * 64) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  return {
    path,
    state,
    connections: () => sockets.size,
    /** Ends every connection without a word. */
    cut(): void {
      for (const socket of sockets) socket.destroy();
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
