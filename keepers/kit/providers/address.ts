/** Where a node listens: http(s) and ws(s) addresses, and paths of unix sockets. No vendor is special. */
import { z } from "zod";

export type NodeAddress =
  | { readonly kind: "http" | "ws"; readonly url: URL; readonly shown: string }
  | { readonly kind: "ipc"; readonly path: string; readonly shown: string };

const IPC = /^(?:ipc:(?:\/\/)?(\/.+)|(\/.+\.ipc))$/;
const EXPECTED =
  "expected http://, https://, ws:// or wss:// addresses or IPC paths (ipc:/path or /path.ipc), comma-separated";

/** Reads one address; undefined when it is none. */
export function parseAddress(text: string): NodeAddress | undefined {
  const path = IPC.exec(text)?.slice(1).find(Boolean);
  if (path !== undefined) return { kind: "ipc", path, shown: `ipc:${path}` };
  const kind = /^https?:\/\/\S+$/.test(text) ? "http" : /^wss?:\/\/\S+$/.test(text) ? "ws" : undefined;
  if (kind === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  // User name, password, path and query are where providers keep their keys.
  return { kind, url, shown: `${url.protocol}//${url.host}` };
}

/** Reads a comma-separated list. @throws Error without the text, which may hold a key. */
export function parseAddresses(text: string): readonly NodeAddress[] {
  const addresses = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")
    .map(parseAddress);
  if (addresses.length === 0 || addresses.includes(undefined)) throw new Error(EXPECTED);
  return addresses as NodeAddress[];
}

/** The list as a setting: the text itself, checked. A repeated address is refused, because one node has one vote. */
export const nodeAddresses: z.ZodType<string, string> = z.string().superRefine((text, ctx) => {
  try {
    const keys = parseAddresses(text).map((address) => (address.kind === "ipc" ? address.path : address.url.href));
    if (new Set(keys).size < keys.length) {
      ctx.addIssue({ code: "custom", message: "an address is listed twice; two votes need two nodes" });
    }
  } catch {
    ctx.addIssue({ code: "custom", message: EXPECTED });
  }
});

/** Whether every address of the list is on this machine. */
export function isLoopback(text: string): boolean {
  return parseAddresses(text).every(
    (address) => address.kind === "ipc" || ["127.0.0.1", "localhost", "[::1]"].includes(address.url.hostname),
  );
}
