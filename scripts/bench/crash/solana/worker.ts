/** A keeper that does nothing but pay effects on Solana, and dies where it is told to. Started by the benchmark, never by people. */
import { createKeyPairSignerFromPrivateKeyBytes } from "@solana/kit";

import { connectDatabase } from "../../../../db/connect.js";
import { finishJob } from "../../../../db/queries/job/finish.js";
import { leaseJobs, type LeasedJob } from "../../../../db/queries/job/lease.js";
import { Lease } from "../../../../keepers/kit/lease.js";
import { createLog, describeError } from "../../../../keepers/kit/logger.js";
import type { SolanaIntent } from "../../../../keepers/kit/outbox/solana/intent.js";
import { SolanaOutbox } from "../../../../keepers/kit/outbox/solana/solanaOutbox.js";
import { SolanaOutboxStore } from "../../../../keepers/kit/outbox/solana/store.js";
import { pause } from "../../../../keepers/kit/retry.js";
import { SolanaBroadcaster } from "../../../../keepers/kit/solana/broadcaster.js";
import { SolanaClient } from "../../../../keepers/kit/solana/client.js";
import { clusterHead, type SolanaHead } from "../../../../keepers/kit/solana/cluster.js";
import { solanaSignerOf } from "../../../../keepers/kit/solana/signer.js";
import { ROLE } from "../messages.js";
import { beMortal } from "../mortal.js";
import { effectInstruction, KEEPER_SEED } from "./effect.js";

const POLL_MS = 25;
const JOBS_AT_A_TIME = 8;
const REMOTE_SIGNATURE_MS = 15;
const COMPUTE_UNITS = 10_000;

const pair = await createKeyPairSignerFromPrivateKeyBytes(KEEPER_SEED);
const local = solanaSignerOf(pair);
const signer = {
  address: local.address,
  remote: false,
  sign: async (message: Uint8Array) => {
    if (signer.remote) await pause(REMOTE_SIGNATURE_MS);
    return local.sign(message);
  },
};
const { settings, at, tell } = beMortal((arm) => {
  signer.remote = arm.remote;
});
const { databaseUrl, rpcUrl, recorder: chainId, leaseMs } = settings;

const log = createLog({ format: "json", level: "warn", keeper: ROLE, network: "bench" });
const db = connectDatabase({ url: databaseUrl, role: "keeper_rw" });
const client = new SolanaClient({ url: rpcUrl, timeoutMs: 2_000, retries: 3 });
const lease = new Lease(db, { name: `${ROLE}:solana`, ttlMs: leaseMs, renewMs: leaseMs / 4 }, log);
const store = new SolanaOutboxStore({
  ...{ db, lease, role: ROLE, chainId, address: signer.address, at },
  gate: { policyHash: "0x", authorize: () => Promise.resolve({ ok: true }) },
});
const outbox = new SolanaOutbox({
  ...{ store, client, chainId, signer, log, at },
  broadcaster: new SolanaBroadcaster(client, log),
  options: { baseMicroLamportsPerUnit: 1_000n, resendAfterSlots: 3n, window: 64, batchStep: "confirmed" },
});

/** A job asks for one effect, or for several in one batch; a late one may be cancelled. */
function intentsOf(job: LeasedJob, head: SolanaHead): SolanaIntent[] {
  const { count = 1, validBlocks = 1_000_000 } = job.payload as { count?: number; validBlocks?: number };
  return Array.from({ length: count }, (_, index) => {
    const key = `${job.key}#${String(index)}`;
    return {
      key,
      instructions: [effectInstruction(signer.address, key)],
      computeUnitLimit: COMPUTE_UNITS,
      maxMicroLamportsPerUnit: 1_000_000n,
      validUntilBlock: head.blockHeight + BigInt(validBlocks),
    };
  });
}

async function work(head: SolanaHead): Promise<void> {
  for (const job of await leaseJobs(db, ROLE, lease.owner, 1_000, JOBS_AT_A_TIME)) {
    const submission = await outbox.submitBatch(intentsOf(job, head), head);
    if (submission.accepted || ["in-flight", "done"].includes(submission.refusal)) {
      await finishJob(db, job.id, job.fence);
    }
  }
}

lease.start();
let led: bigint | undefined;
let seen = -1n;
for (;;) {
  try {
    const head = await clusterHead(client);
    const { held } = lease;
    if (held === undefined) led = undefined;
    if (held !== undefined && (head.slot !== seen || led !== held.fence)) {
      seen = head.slot;
      await outbox.upkeep(head);
      if (led !== held.fence) tell({ kind: "leading" });
      led = held.fence;
      await work(head);
    }
  } catch (error) {
    log.warn("worker.failed", describeError(error));
  }
  await pause(POLL_MS);
}
