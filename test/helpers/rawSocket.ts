/** A WebSocket client that can break every rule, for tests of the server. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";

export interface FrameOptions {
  readonly opcode?: number;
  readonly final?: boolean;
  readonly masked?: boolean;
  readonly reserved?: number;
  /** What the header says, when that is not the truth. */
  readonly length?: number;
}

export function clientFrame(payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { opcode = 1, final = true, masked = true, reserved = 0 } = options;
  const bytes = Buffer.from(payload);
  const length = options.length ?? bytes.length;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header.writeUInt8((final ? 0x80 : 0) | reserved | opcode, 0);
  header.writeUInt8((masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127), 1);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([header, bytes]);
  const mask = randomBytes(4);
  return Buffer.concat([header, mask, bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

export class RawSocket {
  private bytes = Buffer.alloc(0);
  private ended = false;

  private constructor(private readonly socket: net.Socket) {
    socket.on("data", (chunk: Buffer) => (this.bytes = Buffer.concat([this.bytes, chunk])));
    socket.on("error", () => (this.ended = true));
    socket.on("close", () => (this.ended = true));
  }

  /** Sends an upgrade request with these headers beside the usual ones. @returns the answer's status. */
  static async connect(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly raw: RawSocket }> {
    const { hostname, port, host } = new URL(url);
    const socket = net.connect(Number(port), hostname);
    await once(socket, "connect");
    const raw = new RawSocket(socket);
    const all = {
      host,
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`);
    const head = await raw.until((bytes) => {
      const end = bytes.indexOf("\r\n\r\n");
      return end < 0 ? undefined : end + 4;
    });
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head.toString())?.[1]), raw };
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends a request as text. */
  ask(method: string, ...params: unknown[]): void {
    this.write(clientFrame(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })));
  }

  /** The next frame of the server: text, or the code of a close. */
  async next(): Promise<{ readonly opcode: number; readonly text: string; readonly code: number | undefined }> {
    const header = await this.until((bytes) => (bytes.length < 2 ? undefined : 2));
    const short = (header[1] ?? 0) & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    const extended = await this.until((bytes) => (bytes.length < extra ? undefined : extra));
    const length = extra === 0 ? short : extra === 2 ? extended.readUInt16BE() : Number(extended.readBigUInt64BE());
    const payload = await this.until((bytes) => (bytes.length < length ? undefined : length));
    const opcode = (header[0] ?? 0) & 0x0f;
    return { opcode, text: payload.toString(), code: opcode === 8 ? payload.readUInt16BE() : undefined };
  }

  /** The next message, as JSON. */
  async message(): Promise<unknown> {
    return JSON.parse((await this.next()).text) as unknown;
  }

  close(): void {
    this.socket.destroy();
  }

  private async until(enough: (bytes: Buffer) => number | undefined): Promise<Buffer> {
    for (;;) {
      const length = enough(this.bytes);
      if (length !== undefined) {
        const taken = this.bytes.subarray(0, length);
        this.bytes = this.bytes.subarray(length);
        return taken;
      }
      if (this.ended) throw new Error("the server hung up");
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
