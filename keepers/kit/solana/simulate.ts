/** Runs the message that would be signed, unsigned and without keeping anything of it. */
import type { Address } from "@solana/kit";
import { z } from "zod";

import { COMPUTE_BUDGET } from "../../../protocol/solana/computeBudget.js";
import { failureOf, type NamedProgram } from "../../../protocol/solana/errors.js";
import { compileIntent } from "../outbox/solana/attempt.js";
import type { SolanaIntent } from "../outbox/solana/intent.js";
import type { SolanaClient } from "./client.js";
import { freshLifetime } from "./cluster.js";

const SIGNATURE_BYTES = 64;

export type SimulatedIntent =
  /** Undefined: the node does not count them. */
  | { readonly ok: true; readonly computeUnits: bigint | undefined }
  /** `code`: the program's own name of its error, where it has one. */
  | { readonly ok: false; readonly code: string };

const answer = z.object({
  value: z.object({
    err: z.unknown(),
    logs: z.array(z.string()).nullish(),
    unitsConsumed: z.union([z.int(), z.bigint()]).transform(BigInt).optional(),
  }),
});

/** @param programs whose errors can be named. @throws as SolanaClient. */
export async function simulateIntent(
  client: SolanaClient,
  payer: Address,
  intent: Pick<SolanaIntent, "instructions" | "computeUnitLimit">,
  microLamportsPerUnit: bigint,
  programs: readonly NamedProgram[],
): Promise<SimulatedIntent> {
  const message = compileIntent(payer, intent, await freshLifetime(client), microLamportsPerUnit);
  const bytes = Uint8Array.from([1, ...new Uint8Array(SIGNATURE_BYTES), ...message]);
  const config = { encoding: "base64", commitment: "confirmed", sigVerify: false };
  const params = [Buffer.from(bytes).toString("base64"), config];
  const { value } = await client.request("simulateTransaction", params, answer);
  const called = intent.instructions.map(({ programAddress }) => programAddress);
  const ran = { err: value.err, logs: value.logs ?? [], programIds: [COMPUTE_BUDGET, COMPUTE_BUDGET, ...called] };
  const failure = failureOf(ran, programs);
  return failure === undefined ? { ok: true, computeUnits: value.unitsConsumed } : { ok: false, code: failure.name };
}
