/** One WebSocket connection of a server: text messages in and out, and an end for those who do not keep to the protocol. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import { CLOSE, encodeFrame, FrameError, FrameReader, OPCODE, type Frame } from "./frames.js";

/** Appended to the client's key (RFC 6455, 1.3). */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** A subscription fits many times. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** A client that reads slower than this is behind is disconnected. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** How long a client may take to answer our close. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface SocketEvents {
  /** A text message. */
  message(text: string): void;
  closed(): void;
}

export class WebSocketConnection {
  private readonly reader = new FrameReader(MAX_MESSAGE_BYTES);
  private readonly parts: Buffer[] = [];
  private closing = false;

  private constructor(
    private readonly socket: Duplex,
    private readonly events: SocketEvents,
  ) {}

  /**
   * Answers an upgrade request. A request that is none gets 400 and `connect` is not called. Errors of the socket are its owner's to
   * hear, from before this is called.
   */
  static accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    connect: (connection: WebSocketConnection) => SocketEvents,
  ): void {
    const key = request.headers["sec-websocket-key"];
    const isUpgrade =
      request.method === "GET" &&
      request.headers.upgrade?.toLowerCase() === "websocket" &&
      request.headers["sec-websocket-version"] === "13" &&
      key !== undefined &&
      Buffer.from(key, "base64").length === 16;
    if (!isUpgrade) {
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n\r\n");
      return;
    }
    const accept = createHash("sha1")
      .update(key + ACCEPT_GUID)
      .digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const events: { current?: SocketEvents } = {};
    const connection = new WebSocketConnection(socket, {
      message: (text) => events.current?.message(text),
      closed: () => events.current?.closed(),
    });
    events.current = connect(connection);
    socket.on("data", (chunk: Buffer) => {
      connection.receive(chunk);
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      events.current?.closed();
    });
    if (head.length > 0) connection.receive(head);
  }

  send(text: string): void {
    if (this.closing) return;
    this.socket.write(encodeFrame(OPCODE.text, Buffer.from(text)));
    if (this.socket.writableLength > MAX_UNSENT_BYTES) this.socket.destroy();
  }

  /** Says goodbye, and hangs up on whoever does not answer. */
  close(code: number): void {
    if (this.closing) return;
    this.closing = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code, 0);
    this.socket.write(encodeFrame(OPCODE.close, payload));
    this.socket.end();
    setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  }

  private receive(chunk: Buffer): void {
    if (this.closing) return;
    try {
      for (const frame of this.reader.push(chunk)) this.take(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.close(error.closeCode);
    }
  }

  private take({ opcode, final, payload }: Frame): void {
    if (this.closing) return;
    switch (opcode) {
      case OPCODE.ping:
        this.socket.write(encodeFrame(OPCODE.pong, payload));
        return;
      case OPCODE.pong:
        return;
      case OPCODE.close:
        this.close(CLOSE.normal);
        return;
      case OPCODE.binary:
        throw new FrameError(CLOSE.unsupported, "messages are text");
      case OPCODE.text:
      case OPCODE.continuation:
        break;
      default:
        throw new FrameError(CLOSE.protocolError, "unknown opcode");
    }
    if ((opcode === OPCODE.text) !== (this.parts.length === 0)) {
      throw new FrameError(CLOSE.protocolError, "a message begins after the end of the one before");
    }
    this.parts.push(payload);
    const size = this.parts.reduce((total, part) => total + part.length, 0);
    if (size > MAX_MESSAGE_BYTES || this.parts.length > MAX_MESSAGE_BYTES) {
      throw new FrameError(CLOSE.tooBig, "message too long");
    }
    if (!final) return;
    const bytes = Buffer.concat(this.parts.splice(0));
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new FrameError(CLOSE.notText, "not UTF-8");
    }
    this.events.message(text);
  }
}
