/**
 * Cuts a stream of bytes into JSON values. IPC sockets carry no lengths: geth and Besu put a line end after each value, others put
 * nothing, so values are told apart by their brackets. Works on bytes, because a character may be cut in two.
 */
import { TransportFailure } from "./failure.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

export class JsonFrames {
  private held: Buffer[] = [];
  private heldBytes = 0;
  private depth = 0;
  private inText = false;
  private escaped = false;

  constructor(private readonly maxBytes: number) {}

  /** Takes what arrived and returns the values that it completes. @throws TransportFailure malformed, too-large */
  push(chunk: Buffer): unknown[] {
    const values: unknown[] = [];
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      if (!this.closes(chunk[index] ?? 0)) continue;
      values.push(this.take(chunk.subarray(start, index + 1)));
      start = index + 1;
    }
    const rest = chunk.subarray(start);
    this.heldBytes += rest.length;
    if (this.heldBytes > this.maxBytes)
      throw new TransportFailure("too-large", `more than ${String(this.maxBytes)} bytes`);
    if (rest.length > 0) this.held.push(Buffer.from(rest));
    return values;
  }

  /** Whether this byte ends a value. */
  private closes(byte: number): boolean {
    if (this.inText) {
      if (this.escaped) this.escaped = false;
      else if (byte === BACKSLASH) this.escaped = true;
      else if (byte === QUOTE) this.inText = false;
      return false;
    }
    if (OPEN.has(byte)) this.depth += 1;
    else if (this.depth === 0 && !SPACE.has(byte)) throw new TransportFailure("malformed", "not a JSON-RPC stream");
    else if (byte === QUOTE) this.inText = true;
    else if (CLOSE.has(byte)) {
      this.depth -= 1;
      return this.depth === 0;
    }
    return false;
  }

  private take(last: Buffer): unknown {
    const text = Buffer.concat([...this.held, last]).toString("utf8");
    this.held = [];
    this.heldBytes = 0;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new TransportFailure("malformed", "not JSON");
    }
  }
}
