/**
 * Where everybody reads this attestor's signatures: `GET /attestations/<message id>`, and `GET /attestations?after=&limit=` in the order in
 * which they were made. Tells, takes no orders, and is bounded in rate and size; a signature is shown once it is stored.
 */
import type { PublishedRow } from "../../db/queries/attestation/published.js";
import { sendJson, serveReads, type Served } from "../kit/http/serve.js";
import type { KeeperLog } from "../kit/logger.js";
import type { AttestationBook } from "./book.js";
import { RateLimit } from "./rate.js";

const MAX_PAGE = 200;
/** Of one message: kinds and epochs. */
const MAX_OF_MESSAGE = 32;
const ID = /^0x[0-9a-f]{64}$/;
const POSITION = /^\d{1,18}$/;

export interface DeskOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly requestsPerSecond: number;
}

export type Desk = Served;

/** @throws PermanentError DESK_PORT when the port cannot be had. */
export function openDesk(
  book: Pick<AttestationBook, "publishedOf" | "publishedAfter">,
  { host, port, requestsPerSecond }: DeskOptions,
  log: KeeperLog,
): Promise<Desk> {
  const rate = new RateLimit(requestsPerSecond);
  return serveReads(
    {
      ...{ name: "desk", host, port, failure: { status: 503, error: "unavailable" } },
      taken: { code: "DESK_PORT", setting: "ATTESTOR_LISTEN_PORT" },
      admits: (address) => rate.take(address),
    },
    async (url, response) => {
      const [, list, id, ...rest] = url.pathname.split("/");
      if (list !== "attestations" || rest.length > 0) {
        sendJson(response, 404, { error: "not-found", paths: ["/attestations/:messageId", "/attestations"] });
        return;
      }
      if (id !== undefined) {
        const messageId = id.toLowerCase();
        if (!ID.test(messageId)) {
          sendJson(response, 400, { error: "malformed", expected: "0x and 64 hex digits" });
          return;
        }
        const rows = await book.publishedOf(messageId, MAX_OF_MESSAGE);
        sendJson(response, 200, { messageId, attestations: rows.map(shown) });
        return;
      }
      const after = url.searchParams.get("after") ?? "0";
      const limit = url.searchParams.get("limit") ?? String(MAX_PAGE);
      if (!POSITION.test(after) || !/^\d{1,4}$/.test(limit) || Number(limit) < 1) {
        sendJson(response, 400, { error: "malformed", expected: "after: a position; limit: 1 to 200" });
        return;
      }
      const rows = await book.publishedAfter(BigInt(after), Math.min(MAX_PAGE, Number(limit)));
      const next = rows.at(-1)?.position.toString() ?? after;
      sendJson(response, 200, { attestations: rows.map(shown), next });
    },
    log,
  );
}

/** Amounts and numbers as decimal text. */
function shown({ messageId, kind, epoch, chainId, bridge, attestor, signature, position }: PublishedRow) {
  const counts = { chainId, bridge, epoch: epoch.toString() };
  return { messageId, kind, ...counts, attestor, signature, position: position.toString() };
}
