/** One connection to one node: JSON-RPC in, JSON-RPC out. What an answer means is decided above. */
import type { NodeAddress } from "./address.js";
import { HttpTransport } from "./http.js";
import { IpcTransport } from "./ipc.js";
import { WsTransport } from "./ws.js";

export interface RpcRequest {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What a node answered to one request. */
export type RpcAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };

export interface Transport {
  /** Sends one request, or several as one batch, and resolves to the parsed JSON that came back. @throws TransportFailure */
  exchange(payload: object): Promise<unknown>;
  close(): void;
}

/** Bounds of one exchange. */
export interface TransportLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export function openTransport(address: NodeAddress, limits: TransportLimits): Transport {
  switch (address.kind) {
    case "http":
      return new HttpTransport(address.url, limits);
    case "ws":
      return new WsTransport(address.url, limits);
    case "ipc":
      return new IpcTransport(address.path, limits);
  }
}
