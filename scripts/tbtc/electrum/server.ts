/** An Electrum server over a local chain: tcp, tls and WebSockets; as much of the protocol as a redemption needs, and faults on command. */
import { createServer as createHttpServer } from "node:http";
import net from "node:net";
import tls from "node:tls";

import { sha256 } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { WebSocketConnection } from "../../validator/pubsub/webSocket.js";
import { type LocalBitcoin, merkleLevels, reversed } from "./chain.js";
import { Rejected } from "./mempool.js";

export interface Question {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What goes wrong; each is asked for every question. */
export interface Faults {
  /** Another answer than the true one. */
  alter?: (question: Question, result: unknown) => unknown;
  /** Never answers. */
  isSilent?: (question: Question) => boolean;
  /** Answers so many milliseconds later. */
  delayMs?: (question: Question) => number;
  /** Closes the connection instead of answering. */
  hangsUp?: (question: Question) => boolean;
}

export type ServerKind =
  { readonly transport: "tcp" | "ws" } | { readonly transport: "tls"; readonly key: string; readonly cert: string };

interface Peer {
  readonly send: (text: string) => void;
  readonly hangUp: () => void;
  isSubscribed: boolean;
}

/** As a node says it: the server adds words of its own. */
class Refusal extends Error {
  constructor(
    message: string,
    readonly code = 1,
  ) {
    super(message);
  }
}

const SAT_PER_BTC = 1e8;
const HOST = "127.0.0.1";

export class ElectrumServer {
  faults: Faults = {};
  /** Satoshis per virtual byte that estimates say; undefined: it does not know. */
  satPerVbyte: number | undefined = 10;
  /** Methods asked, in order. */
  readonly asked: string[] = [];
  private readonly peers = new Set<Peer>();

  private constructor(
    private chain: LocalBitcoin,
    private readonly kind: ServerKind,
  ) {
    chain.onBlock(() => {
      this.announce();
    });
  }

  /** @param port 0 takes a free one; @throws PermanentError ELECTRUM_PORT_TAKEN */
  static async start(chain: LocalBitcoin, kind: ServerKind = { transport: "tcp" }, port = 0) {
    const server = new ElectrumServer(chain, kind);
    const sockets = new Set<net.Socket>();
    const listener = server.listener();
    listener.on("connection", (socket: net.Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      listener.once("error", (cause) => {
        const message = `port ${String(port)} cannot be listened on`;
        reject(new PermanentError("ELECTRUM_PORT_TAKEN", message, "name another one, or 0", {}, { cause }));
      });
      listener.listen(port, HOST, resolve);
    });
    const bound = listener.address() as net.AddressInfo;
    return {
      server,
      url: `${kind.transport}://${HOST}:${String(bound.port)}`,
      async close(): Promise<void> {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => listener.close(resolve));
      },
    };
  }

  /** Shows another chain from now on. */
  follow(chain: LocalBitcoin): void {
    this.chain = chain;
    chain.onBlock(() => {
      this.announce();
    });
    this.announce();
  }

  /** Ends all connections; the server stays. */
  hangUp(): void {
    for (const peer of this.peers) peer.hangUp();
  }

  private listener(): net.Server {
    const { kind } = this;
    switch (kind.transport) {
      case "tcp":
        return net.createServer((socket) => {
          this.lines(socket);
        });
      case "tls":
        return tls.createServer({ key: kind.key, cert: kind.cert }, (socket) => {
          this.lines(socket);
        });
      case "ws": {
        const server = createHttpServer();
        server.on("upgrade", (request, socket, head) => {
          socket.on("error", () => undefined);
          WebSocketConnection.accept(request, socket, head, (connection) => {
            const peer = this.join(
              (text) => {
                connection.send(text);
              },
              () => {
                socket.destroy();
              },
            );
            return {
              message: (text) => {
                this.hear(peer, text);
              },
              closed: () => {
                this.peers.delete(peer);
              },
            };
          });
        });
        return server;
      }
    }
  }

  private lines(socket: net.Socket): void {
    const peer = this.join(
      (text) => socket.write(`${text}\n`),
      () => socket.destroy(),
    );
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    socket.on("close", () => this.peers.delete(peer));
    socket.on("data", (chunk: string) => {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) this.hear(peer, line);
    });
  }

  private join(send: (text: string) => void, hangUp: () => void): Peer {
    const peer: Peer = { send, hangUp, isSubscribed: false };
    this.peers.add(peer);
    return peer;
  }

  /** Whoever says what is no question is hung up on: anybody can connect. */
  private hear(peer: Peer, text: string): void {
    try {
      this.take(peer, text);
    } catch {
      peer.hangUp();
    }
  }

  private take(peer: Peer, text: string): void {
    const { id, method, params = [] } = JSON.parse(text) as Question & { readonly id: unknown };
    const question = { method, params };
    this.asked.push(method);
    if (this.faults.hangsUp?.(question) === true) {
      peer.hangUp();
      return;
    }
    if (this.faults.isSilent?.(question) === true) return;
    if (method === "blockchain.headers.subscribe") peer.isSubscribed = true;
    const reply = JSON.stringify({ jsonrpc: "2.0", id, ...this.reply(question) });
    const delayMs = this.faults.delayMs?.(question) ?? 0;
    if (delayMs === 0) peer.send(reply);
    else {
      setTimeout(() => {
        if (this.peers.has(peer)) peer.send(reply);
      }, delayMs).unref();
    }
  }

  private reply(question: Question): object {
    try {
      const result = this.answer(question);
      return { result: this.faults.alter === undefined ? result : this.faults.alter(question, result) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { error: { code: error.code, message: error.message } };
    }
  }

  private announce(): void {
    const question = { method: "blockchain.headers.subscribe", params: [] };
    const tip = this.answer(question);
    const params = [this.faults.alter === undefined ? tip : this.faults.alter(question, tip)];
    for (const peer of this.peers) {
      if (peer.isSubscribed) peer.send(JSON.stringify({ jsonrpc: "2.0", method: question.method, params }));
    }
  }

  private answer({ method, params }: Question): unknown {
    const [first, second] = params;
    switch (method) {
      case "server.version":
        return ["local", "1.4"];
      case "blockchain.headers.subscribe":
        return { height: this.chain.height, hex: this.headerAt(this.chain.height) };
      case "blockchain.block.header":
        return this.headerAt(Number(first));
      case "blockchain.block.headers": {
        const from = Number(first);
        const to = Math.min(from + Number(second), this.chain.height + 1);
        const count = Math.max(to - from, 0);
        const hex = Array.from({ length: count }, (_, index) => this.headerAt(from + index)).join("");
        return { count, hex, max: 2016 };
      }
      case "blockchain.scripthash.get_history":
        return this.touching(String(first));
      case "blockchain.scripthash.get_mempool":
        return this.touching(String(first)).filter(({ height }) => height === 0);
      case "blockchain.scripthash.listunspent":
        return this.unspent(String(first));
      case "blockchain.transaction.get": {
        const transaction = this.chain.transaction(String(first));
        if (transaction === undefined) throw new Refusal("No such mempool or blockchain transaction.", 2);
        return transaction.raw;
      }
      case "blockchain.transaction.get_merkle":
        return this.merkle(String(first), Number(second));
      case "blockchain.estimatefee":
        return this.satPerVbyte === undefined ? -1 : (this.satPerVbyte * 1_000) / SAT_PER_BTC;
      case "blockchain.transaction.broadcast":
        return this.broadcast(String(first));
      default:
        throw new Refusal(`unknown method "${method}"`, -32601);
    }
  }

  private headerAt(height: number): string {
    const block = this.chain.block(height);
    if (block === undefined) throw new Refusal(`height ${String(height)} out of range`);
    return block.header.slice(2);
  }

  private touching(scripthash: string): { tx_hash: string; height: number }[] {
    const pays = new Set<string>();
    return this.chain.all().flatMap(({ txid, spends, outputs }) => {
      outputs.forEach(({ script }, index) => {
        if (reversed(sha256(script).slice(2)).slice(2) === scripthash) pays.add(`${txid}:${String(index)}`);
      });
      const touches = spends.some((outpoint) => pays.has(outpoint)) || [...pays].some((one) => one.startsWith(txid));
      return touches ? [{ tx_hash: txid, height: this.chain.heightOf(txid) ?? 0 }] : [];
    });
  }

  private unspent(scripthash: string): { tx_hash: string; tx_pos: number; height: number; value: number }[] {
    const all = this.chain.all();
    const spent = new Set(all.flatMap(({ spends }) => spends));
    return all.flatMap(({ txid, outputs }) =>
      outputs.flatMap(({ script, amountSat }, index) => {
        const isOwn = reversed(sha256(script).slice(2)).slice(2) === scripthash;
        if (!isOwn || spent.has(`${txid}:${String(index)}`)) return [];
        return [{ tx_hash: txid, tx_pos: index, height: this.chain.heightOf(txid) ?? 0, value: Number(amountSat) }];
      }),
    );
  }

  private merkle(txid: string, height: number): unknown {
    const transactions = this.chain.block(height)?.transactions ?? [];
    const pos = transactions.findIndex((one) => one.txid === txid);
    if (pos < 0) throw new Refusal(`tx ${txid} not in block at height ${String(height)}`);
    const levels = merkleLevels(transactions.map((one) => reversed(one.txid)));
    const branch = levels.slice(0, -1).map((level, depth) => {
      const place = pos >> depth;
      const node = level[place ^ 1] ?? level[place] ?? "";
      return reversed(node.slice(2)).slice(2);
    });
    return { block_height: height, merkle: branch, pos };
  }

  private broadcast(raw: string): string {
    try {
      return this.chain.mempool.submit(raw).txid;
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      throw new Refusal(`the transaction was rejected by network rules.\n\n${error.message}\n[${raw}]`);
    }
  }
}
