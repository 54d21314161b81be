/** The frames of a WebSocket (RFC 6455) as a server sees them. No extensions: whoever offers compression goes without. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Why a connection is closed. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupported: 1003,
  notText: 1007,
  policy: 1008,
  tooBig: 1009,
} as const;

const MAX_CONTROL_BYTES = 125;
const FINAL = 0x80;
const RESERVED = 0x70;
const OPCODE_BITS = 0x0f;
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

export interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly payload: Buffer;
}

/** The peer does what no client may. */
export class FrameError extends Error {
  constructor(
    readonly closeCode: number,
    message: string,
  ) {
    super(message);
    this.name = "FrameError";
  }
}

/** Takes bytes as they come and gives whole frames, unmasked. Never holds more than one frame of the allowed size. */
export class FrameReader {
  private pending: Buffer = Buffer.alloc(0);

  constructor(private readonly maxPayloadBytes: number) {}

  /** @throws FrameError for what the protocol forbids to clients, and for frames that are too long. */
  push(chunk: Buffer): readonly Frame[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const frame = this.next();
      if (frame === undefined) return frames;
      frames.push(frame);
    }
  }

  private next(): Frame | undefined {
    const bytes = this.pending;
    if (bytes.length < 2) return undefined;
    const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)];
    if ((first & RESERVED) !== 0) throw new FrameError(CLOSE.protocolError, "an extension that was not agreed on");
    if ((second & MASKED) === 0) throw new FrameError(CLOSE.protocolError, "a client masks its frames");
    const opcode = first & OPCODE_BITS;
    const final = (first & FINAL) !== 0;
    const short = second & LENGTH_BITS;
    if (opcode >= OPCODE.close && (!final || short > MAX_CONTROL_BYTES)) {
      throw new FrameError(CLOSE.protocolError, "a control frame is short and in one piece");
    }
    const lengthBytes = short === LENGTH_16 ? 2 : short === LENGTH_64 ? 8 : 0;
    const headerBytes = 2 + lengthBytes + MASK_BYTES;
    if (bytes.length < headerBytes) return undefined;
    const length =
      short === LENGTH_16 ? bytes.readUInt16BE(2) : short === LENGTH_64 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (length > this.maxPayloadBytes) throw new FrameError(CLOSE.tooBig, "message too long");
    if (bytes.length < headerBytes + length) return undefined;
    const mask = bytes.subarray(headerBytes - MASK_BYTES, headerBytes);
    const payload = Buffer.from(bytes.subarray(headerBytes, headerBytes + length));
    for (let i = 0; i < length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i % MASK_BYTES] ?? 0);
    this.pending = bytes.subarray(headerBytes + length);
    return { opcode, final, payload };
  }
}

/** A whole message or control frame; servers do not mask. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < LENGTH_16 ? 2 : length < 2 ** 16 ? 4 : 10);
  header.writeUInt8(FINAL | opcode, 0);
  if (header.length === 2) header.writeUInt8(length, 1);
  if (header.length === 4) {
    header.writeUInt8(LENGTH_16, 1);
    header.writeUInt16BE(length, 2);
  }
  if (header.length === 10) {
    header.writeUInt8(LENGTH_64, 1);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}
