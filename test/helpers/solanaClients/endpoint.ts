/** A cluster with a faucet, as the flows of the clients see it: by its addresses only. */
import type { Commitment } from "@solana/web3.js";
import { Connection, Keypair, type PublicKey } from "@solana/web3.js";

export interface Endpoint {
  readonly url: string;
  readonly wsUrl: string;
}

/** Where a cluster's WebSockets are: at the port after that of its requests when it has one, otherwise at the same address. */
export function endpointOf(url: string, wsUrl?: string): Endpoint {
  const sockets = new URL(url);
  sockets.protocol = sockets.protocol === "https:" ? "wss:" : "ws:";
  if (sockets.port !== "") sockets.port = String(Number(sockets.port) + 1);
  return { url, wsUrl: wsUrl ?? sockets.href };
}

/** What every flow waits for. */
export const COMMITMENT: Commitment = "confirmed";
export const SOL = 1_000_000_000;

export function connectTo({ url, wsUrl }: Endpoint): Connection {
  return new Connection(url, { commitment: COMMITMENT, wsEndpoint: wsUrl });
}

/** web3.js keeps a socket for subscriptions and opens it again and again when a server goes. */
export function disconnect(connection: Connection): void {
  const { _rpcWebSocket: socket } = connection as unknown as {
    _rpcWebSocket: { close(): void; setAutoReconnect(on: boolean): void };
  };
  socket.setAutoReconnect(false);
  socket.close();
}

/** A new key with lamports on it. */
export async function fundedKey(connection: Connection, lamports = 10 * SOL): Promise<Keypair> {
  const key = Keypair.generate();
  await fund(connection, key.publicKey, lamports);
  return key;
}

export async function fund(connection: Connection, address: PublicKey, lamports: number): Promise<void> {
  const signature = await connection.requestAirdrop(address, lamports);
  const lifetime = await connection.getLatestBlockhash();
  await connection.confirmTransaction({ signature, ...lifetime }, COMMITMENT);
}

/** Asks until there is an answer, for what a cluster shows a moment after a transaction. */
export async function eventually<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within 30 seconds`);
}

/** Resolves with the first value that a subscription brings and `accept` takes. */
export function first<T>(accept: (value: T) => boolean = () => true): {
  readonly listener: (value: T) => void;
  readonly value: Promise<T>;
} {
  let listener: (value: T) => void = () => undefined;
  const value = new Promise<T>((resolve) => {
    listener = (candidate) => {
      if (accept(candidate)) resolve(candidate);
    };
  });
  return {
    listener: (candidate) => {
      listener(candidate);
    },
    value,
  };
}
