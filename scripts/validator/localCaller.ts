/** Whether a request comes from this machine on purpose: a web page that somebody visits must not reach the cluster through his browser. */
import type { IncomingHttpHeaders } from "node:http";

const LOCAL_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

function isLocal(url: string): boolean {
  return URL.canParse(url) && LOCAL_NAMES.has(new URL(url).hostname);
}

/** `Host` shows whom the caller meant to reach, whatever a name resolved to; `Origin` which page a browser acts for. */
export function isLocalCaller({ host, origin }: IncomingHttpHeaders): boolean {
  return host !== undefined && isLocal(`http://${host}`) && (origin === undefined || isLocal(origin));
}
