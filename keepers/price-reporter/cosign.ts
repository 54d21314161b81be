/**
 * k of n over HTTP: whoever reports asks the others for their signature, and each of them looks at its own source and at the chain
 * before it signs. No peer trusts the asking one: everything that is signed is checked again here.
 */
import { createServer, type Server } from "node:http";

import { verifyTypedData } from "ethers";
import { z } from "zod";

import { CantileverError, RetryableError } from "../../protocol/errors.js";
import {
  roundDigest,
  SIGNED_ROUND_TYPES,
  signedRoundDomain,
  type RoundSignature,
  type SignedRound,
} from "../../protocol/signedRound.js";
import { limitedText, StatusError, type Limits } from "../kit/http/get.js";
import { limitedBody } from "../kit/http/serve.js";
import { signRound, type RoundSigner } from "./sign.js";
import type { LastRound } from "./types.js";

const MAX_REQUEST_BYTES = 4096;
/** A round may be this far ahead of the chain: other chains may have had rounds this one has missed. */
const MAX_ROUND_GAP = 1000n;
/** Ids that peers may say are taken beyond the one asked for: what a few dead copies leave behind, and no way to use ids up. */
const MAX_TAKEN_GAP = 16n;
const BPS = 10_000n;

/** Why a peer does not sign; the answer's status is 409. */
export type CosignRefusal =
  | "unknown-feed"
  | "digest-differs"
  | "stale-round"
  | "observation-too-old"
  | "observation-in-future"
  | "outside-bounds"
  | "price-differs"
  | "already-signed-other"
  | "source-unavailable";

const numeral = z
  .string()
  .regex(/^\d{1,30}$/)
  .transform(BigInt);
const requestSchema = z.strictObject({
  feedId: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  digest: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  round: z.strictObject({ roundId: numeral, answer: numeral, observedAt: numeral }),
});
const answerSchema = z.object({
  signatures: z.array(z.object({ signer: z.string(), signature: z.string().regex(/^0x[0-9a-fA-F]{130}$/) })).max(16),
});

const refusalSchema = z.object({ refusal: z.string(), newestSigned: numeral.optional() });

/** Peers have signed something else under this id, up to `newest`. */
export class RoundIdTaken extends RetryableError {
  constructor(
    readonly newest: bigint,
    feedId: string,
  ) {
    super("ROUND_ID_TAKEN", `peers have signed other rounds up to ${String(newest)}`, "take the next id", { feedId });
  }
}

/** A feed as a co-signer checks it. */
export interface CosignedFeed {
  readonly feedId: string;
  readonly minAnswer: bigint;
  readonly maxAnswer: bigint;
  readonly maxDelaySeconds: bigint;
  /** The newest round on the chain; undefined before the first. */
  last(): Promise<LastRound | undefined>;
  /** What this reporter's own source says. */
  price(): Promise<bigint>;
}

/** Checks requests of peers and signs those it agrees with. */
export class Cosigner {
  /** What was signed, by feed and round: a second answer under the same number is never signed. */
  private readonly signed = new Map<string, SignedRound>();
  private readonly counts = new Map<CosignRefusal | "signed", number>();

  private readonly feeds: CosignedFeed[];

  constructor(
    feeds: readonly CosignedFeed[],
    private readonly signers: readonly RoundSigner[],
    private readonly toleranceBps: number,
    private readonly maxAheadSeconds: bigint,
    private readonly nowSeconds: () => Promise<bigint>,
  ) {
    this.feeds = [...feeds];
  }

  /** Takes on the feeds of a further network. A round is signed when it is a good one for any of the chains that run its feed. */
  join(feeds: readonly CosignedFeed[]): void {
    this.feeds.push(...feeds);
  }

  /** How often was answered what. */
  get answers(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }

  /** The signatures, or why there are none. */
  async answer(feedId: string, digest: string, round: SignedRound): Promise<readonly RoundSignature[] | CosignRefusal> {
    const answer = await this.judge(feedId, digest, round);
    const name = typeof answer === "string" ? answer : "signed";
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return answer;
  }

  private async judge(
    feedId: string,
    digest: string,
    round: SignedRound,
  ): Promise<readonly RoundSignature[] | CosignRefusal> {
    const chains = this.feeds.filter((candidate) => candidate.feedId === feedId.toLowerCase());
    const [feed] = chains;
    if (feed === undefined) return "unknown-feed";
    if (roundDigest(feed.feedId, round) !== digest.toLowerCase()) return "digest-differs";
    const within = chains.filter(({ minAnswer, maxAnswer }) => round.answer >= minAnswer && round.answer <= maxAnswer);
    if (within.length === 0) return "outside-bounds";
    const now = await this.nowSeconds();
    const maxDelaySeconds = chains.reduce((most, one) => (one.maxDelaySeconds > most ? one.maxDelaySeconds : most), 0n);
    if (round.observedAt > now + this.maxAheadSeconds) return "observation-in-future";
    if (round.observedAt + maxDelaySeconds < now) return "observation-too-old";
    if (!(await isNews(within, round))) return "stale-round";
    let own: bigint;
    try {
      own = await feed.price();
    } catch (error) {
      if (error instanceof CantileverError) return "source-unavailable";
      throw error;
    }
    const distance = own > round.answer ? own - round.answer : round.answer - own;
    if (distance * BPS > BigInt(this.toleranceBps) * own) return "price-differs";
    // After the last wait, so that two requests at once cannot both pass.
    const before = this.signed.get(feed.feedId);
    const other = before?.roundId === round.roundId && !sameRound(round, before);
    // Until the older one is too old for every feed, only one of them may become this round, the same on all chains.
    if (other && before.observedAt + maxDelaySeconds >= now) return "already-signed-other";
    if (before === undefined || round.roundId >= before.roundId) this.signed.set(feed.feedId, round);
    return signRound(feed.feedId, round, this.signers);
  }

  /** Largest id signed here; undefined before the first. */
  private newestSigned(feedId: string): string | undefined {
    return this.signed.get(feedId.toLowerCase())?.roundId.toString();
  }

  /** Listens for peers on `port` of `host`; 0 takes a free one. Only `POST /cosign` is answered. */
  async listen(host: string, port: number): Promise<{ port: number; close: () => Promise<void> }> {
    const server: Server = createServer((request, response) => {
      const reply = (status: number, body: unknown): void => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      };
      if (request.method !== "POST" || request.url !== "/cosign") {
        reply(404, { refusal: "not-found" });
        return;
      }
      void (async () => {
        const parsed = requestSchema.safeParse(JSON.parse(await limitedBody(request, MAX_REQUEST_BYTES)));
        if (!parsed.success) {
          reply(400, { refusal: "malformed" });
          return;
        }
        const { feedId, digest, round } = parsed.data;
        const answer = await this.answer(feedId, digest, round);
        if (typeof answer === "string") reply(409, { refusal: answer, newestSigned: this.newestSigned(feedId) });
        else reply(200, { signatures: answer });
      })().catch(() => {
        reply(400, { refusal: "malformed" });
      });
    });
    server.requestTimeout = 10_000;
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
    const address = server.address();
    return {
      port: typeof address === "object" && address !== null ? address.port : port,
      close: () =>
        new Promise((resolve) => {
          server.close(() => {
            resolve();
          });
          server.closeAllConnections();
        }),
    };
  }
}

/** Whether any chain would take it as its next round. One that does not answer says nothing. @throws when none answers. */
async function isNews(chains: readonly CosignedFeed[], round: SignedRound): Promise<boolean> {
  const looks = await Promise.allSettled(chains.map((chain) => chain.last()));
  const seen = looks.flatMap((look) => (look.status === "fulfilled" ? [{ last: look.value }] : []));
  const [failed] = looks.flatMap((look) => (look.status === "rejected" ? [look.reason as unknown] : []));
  if (seen.length === 0) throw failed;
  return seen.some(({ last }) => {
    const newest = last?.roundId ?? 0n;
    const isNext = round.roundId > newest && round.roundId <= newest + MAX_ROUND_GAP;
    return isNext && round.observedAt > (last?.observedAt ?? 0n);
  });
}

function sameRound(a: SignedRound, b: SignedRound): boolean {
  return a.roundId === b.roundId && a.answer === b.answer && a.observedAt === b.observedAt;
}

/** Collects signatures of distinct reporters: this process's own first, then the peers', until the threshold is reached. */
export async function collectSignatures(
  feedId: string,
  round: SignedRound,
  parts: {
    readonly own: readonly RoundSigner[];
    readonly peers: readonly string[];
    readonly threshold: number;
    /** Reporters in force on the chain. */
    readonly reporters: readonly string[];
    readonly limits: Limits;
    readonly onRefusal?: (peer: string, reason: string) => void;
  },
): Promise<readonly RoundSignature[]> {
  const allowed = new Set(parts.reporters.map((address) => address.toLowerCase()));
  const collected = new Map<string, RoundSignature>();
  let taken = 0n;
  const add = (signature: RoundSignature): void => {
    if (allowed.has(signature.signer.toLowerCase())) collected.set(signature.signer.toLowerCase(), signature);
  };
  for (const signature of await signRound(feedId, round, parts.own)) add(signature);
  if (collected.size < parts.threshold) {
    await Promise.all(
      parts.peers.map(async (peer) => {
        try {
          for (const signature of await askPeer(peer, feedId, round, parts.limits)) add(signature);
        } catch (error) {
          const newest = error instanceof RoundIdTaken ? error.newest : 0n;
          if (newest > taken) taken = newest;
          parts.onRefusal?.(new URL(peer).host, error instanceof Error ? error.message : "unknown");
        }
      }),
    );
  }
  if (collected.size >= parts.threshold) return [...collected.values()].slice(0, parts.threshold);
  if (taken > 0n) throw new RoundIdTaken(taken, feedId);
  throw new RetryableError(
    "NOT_ENOUGH_SIGNATURES",
    `${String(collected.size)} reporters signed, the feed asks for ${String(parts.threshold)}`,
    "look at the peers: each must run, reach the chain and see the same price",
    { feedId, roundId: String(round.roundId) },
  );
}

/** A peer's signatures over exactly this round: what recovers to nobody it claims to be is refused. @throws RoundIdTaken */
async function askPeer(peer: string, feedId: string, round: SignedRound, limits: Limits): Promise<RoundSignature[]> {
  const body = JSON.stringify({
    feedId,
    digest: roundDigest(feedId, round),
    round: { roundId: String(round.roundId), answer: String(round.answer), observedAt: String(round.observedAt) },
  });
  const text = await limitedText(new URL("/cosign", peer).href, { method: "POST", body }, limits).catch(
    (error: unknown): never => {
      throw takenBy(error, feedId, round) ?? error;
    },
  );
  const { signatures } = answerSchema.parse(JSON.parse(text));
  const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };
  return signatures.filter(
    ({ signer, signature }) => verifyTypedData(signedRoundDomain(feedId), types, round, signature) === signer,
  );
}

/** What a peer's refusal says about ids; undefined when it is about something else, or not to be believed. */
function takenBy(error: unknown, feedId: string, { roundId }: SignedRound): RoundIdTaken | undefined {
  if (!(error instanceof StatusError) || error.status !== 409) return undefined;
  const { refusal, newestSigned = 0n } = refusalSchema.parse(JSON.parse(error.body));
  if (refusal !== "already-signed-other") return undefined;
  return newestSigned >= roundId && newestSigned - roundId <= MAX_TAKEN_GAP
    ? new RoundIdTaken(newestSigned, feedId)
    : undefined;
}
