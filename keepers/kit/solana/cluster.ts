/** What a keeper asks a Solana cluster, with the commitments that make the answers safe to act on. */
import type { Blockhash } from "@solana/kit";
import { z } from "zod";

import type { SolanaClient } from "./client.js";

/** How far the cluster is. Asked in one request, before anything that is judged by it. */
export interface SolanaHead {
  readonly slot: bigint;
  readonly blockHeight: bigint;
  readonly finalizedSlot: bigint;
  readonly finalizedHeight: bigint;
}

/** A blockhash that a transaction may name, and how long. */
export interface Lifetime {
  readonly blockhash: Blockhash;
  readonly lastValidBlockHeight: bigint;
  /** Slot in which it was asked: no transaction that names it can be in an earlier one. */
  readonly slot: bigint;
}

export interface SignatureStatus {
  readonly slot: bigint;
  readonly level: "processed" | "confirmed" | "finalized";
  /** The cluster executed it and it failed: paid for, without effect. */
  readonly failed: boolean;
}

export interface Statuses {
  /** Newest slot that the answering node knew. */
  readonly slot: bigint;
  readonly bySignature: ReadonlyMap<string, SignatureStatus>;
}

const MAX_SIGNATURES = 256;
const count = z.int().nonnegative().transform(BigInt);
const epochInfo = z.object({ absoluteSlot: count, blockHeight: count });
const context = z.object({ slot: count });
const latestBlockhash = z.object({
  context,
  value: z.object({ blockhash: z.string(), lastValidBlockHeight: count }),
});
const signatureStatuses = z.object({
  context,
  value: z.array(
    z
      .object({
        slot: count,
        err: z.unknown(),
        // Nodes leave it out of what is older than their status cache; that is finalized.
        confirmationStatus: z.enum(["processed", "confirmed", "finalized"]).nullish(),
      })
      .nullable(),
  ),
});

/** The newest heights. @throws as SolanaClient. */
export async function clusterHead(client: SolanaClient): Promise<SolanaHead> {
  const method = "getEpochInfo";
  const [processed, finalized] = await client.batch([
    { method, params: [{ commitment: "processed" }] },
    { method, params: [{ commitment: "finalized" }] },
  ]);
  const newest = client.read(method, processed, epochInfo);
  const rooted = client.read(method, finalized, epochInfo);
  return {
    slot: newest.absoluteSlot,
    blockHeight: newest.blockHeight,
    finalizedSlot: rooted.absoluteSlot,
    finalizedHeight: rooted.blockHeight,
  };
}

/** Names the cluster. @throws as SolanaClient. */
export function genesisHash(client: SolanaClient): Promise<string> {
  return client.request("getGenesisHash", [], z.string());
}

/** A fresh blockhash of a confirmed block: one of a block that is only processed may vanish with its fork. */
export async function freshLifetime(client: SolanaClient): Promise<Lifetime> {
  const params = [{ commitment: "confirmed" }];
  const { context: asked, value } = await client.request("getLatestBlockhash", params, latestBlockhash);
  return { ...value, blockhash: value.blockhash as Blockhash, slot: asked.slot };
}

/** What became of signatures, the node's whole history searched. A signature that is missing is not known there. */
export async function signatureStatusesOf(client: SolanaClient, signatures: readonly string[]): Promise<Statuses> {
  const method = "getSignatureStatuses";
  const pages = Array.from({ length: Math.ceil(signatures.length / MAX_SIGNATURES) }, (_, page) =>
    signatures.slice(page * MAX_SIGNATURES, (page + 1) * MAX_SIGNATURES),
  );
  const bySignature = new Map<string, SignatureStatus>();
  let slot: bigint | undefined;
  const answers =
    pages.length === 0
      ? []
      : await client.batch(pages.map((page) => ({ method, params: [page, { searchTransactionHistory: true }] })));
  for (const [index, page] of pages.entries()) {
    const { context: asked, value } = client.read(method, answers[index], signatureStatuses);
    if (slot === undefined || asked.slot < slot) slot = asked.slot;
    for (const [position, signature] of page.entries()) {
      const status = value[position];
      if (status == null) continue;
      const level = status.confirmationStatus ?? "finalized";
      bySignature.set(signature, { slot: status.slot, level, failed: status.err !== null });
    }
  }
  return { slot: slot ?? 0n, bySignature };
}

/** Lowest slot of which the node still knows transactions: below it, "not known" means nothing. */
export function firstAvailableSlot(client: SolanaClient): Promise<bigint> {
  return client.request("getFirstAvailableBlock", [], count);
}
