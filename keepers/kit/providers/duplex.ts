/** Matches answers to questions on a connection that carries many at once (IPC, WebSocket). */
import { TransportFailure } from "./failure.js";
import type { Transport, TransportLimits } from "./transport.js";

/** An open connection as the transport uses it. */
export interface Line {
  send(text: string): void;
  close(): void;
}

export interface LineEvents {
  /** A whole JSON value arrived. */
  readonly onValue: (value: unknown) => void;
  readonly onClose: (failure: TransportFailure) => void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: TransportFailure) => void;
  /** The caller's ids by ours. */
  readonly ids: ReadonlyMap<number, unknown>;
}

export class DuplexTransport implements Transport {
  private line: Promise<Line> | undefined;
  private nextId = 1;
  /** By the first of our ids in the exchange. */
  private readonly waiting = new Map<number, Waiting>();

  constructor(
    private readonly open: (events: LineEvents) => Promise<Line>,
    private readonly limits: TransportLimits,
  ) {}

  async exchange(payload: object): Promise<unknown> {
    let expire: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      expire = setTimeout(() => {
        reject(new TransportFailure("timeout"));
      }, this.limits.timeoutMs);
    });
    try {
      return await Promise.race([deadline, this.carry(payload)]);
    } catch (error) {
      // A connection that does not answer may be half open: the next exchange gets a new one.
      if (error instanceof TransportFailure && error.reason === "timeout") this.drop(error);
      throw error;
    } finally {
      clearTimeout(expire);
    }
  }

  close(): void {
    this.drop(new TransportFailure("unreachable", "closed"));
  }

  private async carry(payload: object): Promise<unknown> {
    const line = await this.connect();
    const ids = new Map<number, unknown>();
    const withOwnId = (request: object): object => {
      const id = this.nextId++;
      ids.set(id, "id" in request ? request.id : undefined);
      return { ...request, id };
    };
    const sent = Array.isArray(payload) ? (payload as object[]).map(withOwnId) : withOwnId(payload);
    const [first = 0] = ids.keys();
    return new Promise((resolve, reject) => {
      this.waiting.set(first, { resolve, reject, ids });
      line.send(JSON.stringify(sent));
    });
  }

  private connect(): Promise<Line> {
    if (this.line !== undefined) return this.line;
    // Events of a connection that was given up must not touch its successor.
    const current = (): boolean => this.line === opened;
    const opened: Promise<Line> = this.open({
      onValue: (value) => {
        if (current()) this.arrived(value);
      },
      onClose: (failure) => {
        if (current()) this.drop(failure);
      },
    });
    this.line = opened;
    opened.catch((error: unknown) => {
      if (current()) this.drop(error instanceof TransportFailure ? error : new TransportFailure("unreachable"));
    });
    return opened;
  }

  private arrived(value: unknown): void {
    const answers = (Array.isArray(value) ? value : [value]) as readonly unknown[];
    const ids = answers.map((answer) =>
      isObject(answer) && typeof answer["id"] === "number" ? answer["id"] : undefined,
    );
    const key = [...this.waiting].find(([, { ids: known }]) =>
      ids.some((id) => id !== undefined && known.has(id)),
    )?.[0];
    // Subscriptions and late answers of exchanges that were given up.
    if (key === undefined) return;
    const waiting = this.waiting.get(key);
    this.waiting.delete(key);
    const restored = answers.map((answer, index) => {
      const id = ids[index];
      return isObject(answer) && id !== undefined ? { ...answer, id: waiting?.ids.get(id) } : answer;
    });
    waiting?.resolve(Array.isArray(value) ? restored : restored[0]);
  }

  private drop(failure: TransportFailure): void {
    const { line } = this;
    this.line = undefined;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(failure);
    line?.then(
      (open) => {
        open.close();
      },
      () => undefined,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
