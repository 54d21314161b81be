/** A keeper that does nothing but record effects, and dies where it is told to. Started by the benchmark, never by people. */
import { id as hashOf, Interface } from "ethers";

import { connectDatabase } from "../../../db/connect.js";
import { finishJob } from "../../../db/queries/job/finish.js";
import { leaseJobs, type LeasedJob } from "../../../db/queries/job/lease.js";
import { PublicBroadcaster } from "../../../keepers/kit/broadcast/public.js";
import { Lease } from "../../../keepers/kit/lease.js";
import { createLog, describeError } from "../../../keepers/kit/logger.js";
import { EvmOutbox } from "../../../keepers/kit/outbox/evmOutbox.js";
import { OutboxStore } from "../../../keepers/kit/outbox/store.js";
import { actionEncoder, bytesOf, encodeIntended } from "../../../keepers/kit/policy/action.js";
import { ChainClient, type Head } from "../../../keepers/kit/provider.js";
import { pause } from "../../../keepers/kit/retry.js";
import { signerOf } from "../../../keepers/kit/signer.js";
import type { Intent } from "../../../keepers/kit/submitter.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { CHAIN_ID, ROLE } from "./messages.js";
import { beMortal } from "./mortal.js";

const POLL_MS = 25;
const JOBS_AT_A_TIME = 8;
const REMOTE_SIGNATURE_MS = 15;
/** Blocks without a receipt after which an attempt is replaced. */
const REPLACE_AFTER_BLOCKS = 4;
const CONFIRMATIONS = 4;
const GAS_LIMIT = 100_000n;
const FEES = { maxFeePerGasWei: 200_000_000_000n, priorityFeeWei: 1_000_000_000n };
const RECORD = "EffectRecorder.record";
const recorderAbi = new Interface(["function record(bytes32 effect)"]);

const { settings, at, tell } = beMortal((arm) => {
  signer.remote = arm.remote;
});

const log = createLog({ format: "json", level: "warn", keeper: ROLE, network: "bench" });
const database = connectDatabase({ url: settings.databaseUrl, role: "keeper_rw" });
const client = new ChainClient({ url: settings.rpcUrl, chainId: CHAIN_ID, timeoutMs: 2_000, retries: 3 });
const [account] = developmentAccounts();
if (account === undefined) throw new Error("no development account");
const local = signerOf(account);
const signer = {
  address: local.address,
  remote: false,
  sign: async (transaction: Parameters<typeof local.sign>[0]) => {
    if (signer.remote) await pause(REMOTE_SIGNATURE_MS);
    return local.sign(transaction);
  },
};
const encode = actionEncoder({ [RECORD]: { target: settings.recorder, abi: recorderAbi, method: "record" } });
const lease = new Lease(
  database,
  { name: `${ROLE}:${String(CHAIN_ID)}`, ttlMs: settings.leaseMs, renewMs: settings.leaseMs / 4 },
  log,
);
const store = new OutboxStore({
  db: database,
  lease,
  role: ROLE,
  chainId: String(CHAIN_ID),
  address: signer.address,
  gate: {
    policyHash: "0x",
    encode: (intended) => encodeIntended(encode, signer.address, intended),
    authorize: () => Promise.resolve({ ok: true }),
  },
  at,
});
const outbox = new EvmOutbox({
  store,
  client,
  signer,
  broadcaster: new PublicBroadcaster(client, log),
  options: { fees: FEES, replaceAfterBlocks: REPLACE_AFTER_BLOCKS, window: 64, confirmations: () => CONFIRMATIONS },
  log,
  at,
});

/** A job asks for one effect, or for several in one batch; a late one may be cancelled. */
function intentsOf(job: LeasedJob, head: Head): Intent[] {
  const { count = 1, validBlocks = 1_000_000 } = job.payload as { count?: number; validBlocks?: number };
  return Array.from({ length: count }, (_, index) => {
    const key = `${job.key}#${String(index)}`;
    const action = { name: RECORD, args: { effect: hashOf(key) } };
    return {
      ...{ key, action },
      ...bytesOf(encode, action),
      valueWei: 0n,
      gasLimit: GAS_LIMIT,
      maxFeePerGasWei: FEES.maxFeePerGasWei,
      validUntilBlock: head.number + validBlocks,
    };
  });
}

async function work(head: Head): Promise<void> {
  for (const job of await leaseJobs(database, ROLE, lease.owner, 1_000, JOBS_AT_A_TIME)) {
    const submission = await outbox.submitBatch(intentsOf(job, head), head);
    if (submission.accepted || ["in-flight", "done"].includes(submission.refusal)) {
      await finishJob(database, job.id, job.fence);
    }
  }
}

lease.start();
let led: bigint | undefined;
let seen = -1;
for (;;) {
  try {
    const head = await client.head();
    const held = lease.held;
    if (held === undefined) led = undefined;
    if (held !== undefined && (head.number !== seen || led !== held.fence)) {
      seen = head.number;
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
