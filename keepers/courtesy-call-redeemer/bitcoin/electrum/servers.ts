/** Several Electrum servers: asked together, and left out for a while once one has said what cannot be true. */
import { CantileverError, PermanentError, RetryableError } from "../../../../protocol/errors.js";
import { Semaphore } from "../../../kit/semaphore.js";
import type { ElectrumClient } from "./client.js";
import type { BroadcastRefusal } from "./refusal.js";

/** What a server can be caught at. */
export const LIES = [
  /** A transaction with another id than it was asked for. */
  "BTC_SERVER_TX_FALSE",
  /** A payment that does not lie in the block that it names. */
  "BTC_SERVER_MERKLE_FALSE",
  "BTC_SERVER_HEADERS_UNLINKED",
  /** A header without the work that it claims, or far below that of its epoch. */
  "BTC_SERVER_WORK_MISSING",
  /** Its tip is not where it says. */
  "BTC_SERVER_HEIGHT_FALSE",
  /** It hides a payment although it has the block. */
  "BTC_SERVER_HISTORY_FALSE",
  "BTC_SERVER_MALFORMED",
] as const;
export type Lie = (typeof LIES)[number];

/** A server said what cannot be true. */
export class ServerLied extends PermanentError {
  constructor(
    readonly lie: Lie,
    readonly server: string,
  ) {
    super(lie, `${server} said what cannot be true`, "ask another server", { server });
  }
}

export interface ServersOptions {
  /** So many must say the same before anything is spent; never more than there are. */
  readonly agreeing: number;
  readonly leaveOutMs: number;
  /** Most that one server may take of a look, over however many questions: a slow one must not hold up what the others know. */
  readonly deadlineMs: number;
  /** Testnet lets a block have difficulty 1 when none has come for 20 minutes. */
  readonly hasEasyBlocks?: boolean;
  readonly nowMs?: () => number;
}

export interface Standing {
  readonly server: string;
  /** `left-out`: lied; `failing`: its last question went wrong. */
  readonly state: "ok" | "failing" | "left-out";
  readonly code: string | undefined;
}

export interface BroadcastResult {
  readonly accepted: readonly string[];
  readonly refused: readonly { readonly server: string; readonly refusal: BroadcastRefusal }[];
}

/** A server that took too long is not asked for so many times its deadline. */
const SLOW_REST = 4;
/** So many looks ask one server at a time. The deadline of the others begins with their turn: a server is not slow because much is asked. */
const LOOKS_AT_A_TIME = 8;

export class ElectrumServers {
  readonly agreeing: number;
  readonly hasEasyBlocks: boolean;
  private readonly nowMs: () => number;
  private readonly lies = new Map<string, { readonly code: Lie; readonly untilMs: number }>();
  private readonly failing = new Map<string, string>();
  /** Until when servers rest that took too long. */
  private readonly slow = new Map<string, number>();
  private readonly turns: ReadonlyMap<string, Semaphore>;

  constructor(
    private readonly clients: readonly ElectrumClient[],
    private readonly options: ServersOptions,
  ) {
    if (clients.length === 0) throw new PermanentError("BTC_SERVERS_NONE", "no Electrum server is named");
    this.agreeing = Math.max(1, Math.min(options.agreeing, clients.length));
    this.hasEasyBlocks = options.hasEasyBlocks ?? false;
    this.nowMs = options.nowMs ?? Date.now;
    this.turns = new Map(clients.map(({ name }) => [name, new Semaphore(LOOKS_AT_A_TIME)]));
  }

  /** Asks every server that is not left out; those that fail are noted and missing from the answers. */
  async each<T>(ask: (client: ElectrumClient) => Promise<T>): Promise<T[]> {
    const answers = await Promise.all(this.trusted().map((client) => this.one(client, () => ask(client))));
    return answers.flat();
  }

  /**
   * Asks one of them in the same way, once it is its turn: its answer, or none. Whatever goes wrong over what it says is its own failure, and
   * nobody else's. Not to be called from within `ask`: that would wait for itself.
   */
  async one<T>(client: ElectrumClient, ask: () => Promise<T>): Promise<readonly T[]> {
    const turn = this.turns.get(client.name);
    return turn === undefined ? this.asked(client, ask) : turn.run(() => this.asked(client, ask));
  }

  private async asked<T>(client: ElectrumClient, ask: () => Promise<T>): Promise<readonly T[]> {
    const { name } = client;
    // It may have been found slow, or lying, while this waited.
    if (this.nowMs() < (this.slow.get(name) ?? 0) || this.lieOf(name) !== undefined) return [];
    try {
      const answer = await this.inTime(client, ask);
      this.failing.delete(name);
      return [answer];
    } catch (error) {
      const code = error instanceof CantileverError ? error.code : "BTC_SERVER_UNREADABLE";
      if (error instanceof ServerLied) this.leaveOut(name, error.lie);
      else if (code === "BTC_SERVER_MALFORMED") this.leaveOut(name, code);
      else this.failing.set(name, code);
      return [];
    }
  }

  leaveOut(server: string, code: Lie): void {
    this.lies.set(server, { code, untilMs: this.nowMs() + this.options.leaveOutMs });
  }

  /** For alerts and status: who is trusted, and why not. */
  standings(): Standing[] {
    return this.clients.map(({ name: server }) => {
      const lie = this.lieOf(server);
      const code = lie ?? this.failing.get(server);
      return { server, state: lie !== undefined ? "left-out" : code === undefined ? "ok" : "failing", code };
    });
  }

  /** What would do for the next block: the middle of the answers, the higher of two; undefined when nobody knows. */
  async nextBlockRate(): Promise<bigint | undefined> {
    const rates = (await this.each((client) => client.nextBlockRate())).filter((rate) => rate !== undefined);
    return rates.sort((a, b) => (a < b ? -1 : 1))[Math.floor(rates.length / 2)];
  }

  /** Hands a transaction to all of them. */
  async broadcast(raw: string): Promise<BroadcastResult> {
    const answers = await this.each(async (client) => ({
      server: client.name,
      refusal: await client.broadcast(raw),
    }));
    return {
      accepted: answers.flatMap(({ server, refusal }) => (refusal === undefined ? [server] : [])),
      refused: answers.flatMap(({ server, refusal }) => (refusal === undefined ? [] : [{ server, refusal }])),
    };
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  /** @throws RetryableError BTC_SERVER_SLOW; what is still being asked then is given up with its connection */
  private async inTime<T>(client: ElectrumClient, ask: () => Promise<T>): Promise<T> {
    const { deadlineMs } = this.options;
    let expire: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      expire = setTimeout(() => {
        this.slow.set(client.name, this.nowMs() + SLOW_REST * deadlineMs);
        reject(new RetryableError("BTC_SERVER_SLOW", `${client.name} took more than ${String(deadlineMs)} ms`));
        client.close();
      }, deadlineMs);
    });
    try {
      return await Promise.race([late, ask()]);
    } finally {
      clearTimeout(expire);
    }
  }

  private trusted(): readonly ElectrumClient[] {
    return this.clients.filter(({ name }) => this.lieOf(name) === undefined);
  }

  private lieOf(server: string): Lie | undefined {
    const lie = this.lies.get(server);
    return lie === undefined || this.nowMs() >= lie.untilMs ? undefined : lie.code;
  }
}
