/** What a keeper of one EVM network works with, once its gate is passed: for real through the runtime, dry without it. */
import { join } from "node:path";

import { recordTo } from "./audit/auditRecord.js";
import type { ChainConnection } from "./chain.js";
import type { Counters } from "./counters.js";
import { DryRunSubmitter } from "./dryRunSubmitter.js";
import type { Env } from "./env.js";
import type { Freshness } from "./health.js";
import type { TransactionSigner } from "./keys/account.js";
import { accountNames } from "./pnl/postings.js";
import type { EncodeAction } from "./policy/action.js";
import { PolicyGate } from "./policy/gate.js";
import { logPolicy } from "./policy/report.js";
import type { Policy } from "./policy/types.js";
import { JsonlRecord, type RecordSink } from "./record.js";
import { openRuntime, type Runtime, type RuntimeParts } from "./runtime.js";
import { statusPath, writeStatus } from "./statusFile.js";
import type { Submitter } from "./submitter.js";

/** What the key moves beside gas. */
export type Belongings = Pick<RuntimeParts, "names" | "assetAddress" | "valueXauWei">;

/** Of a key that pays for gas and moves nothing else. What the chain's coin is worth it does not know. */
const NOTHING: Belongings = {
  names: accountNames({}),
  assetAddress: (asset) => asset,
  valueXauWei: () => undefined,
};

export interface WorkplaceParts {
  readonly connection: ChainConnection;
  readonly keeper: string;
  /** undefined: no key, so nothing can be sent. */
  readonly signer: TransactionSigner | undefined;
  readonly policy: Policy;
  readonly encode: EncodeAction;
  readonly execute: boolean;
  readonly env: Env;
  readonly belongings?: Belongings;
  readonly guard?: RuntimeParts["guard"];
  readonly isMember?: RuntimeParts["isMember"];
  readonly conditions?: RuntimeParts["conditions"];
  readonly across?: RuntimeParts["across"];
}

/** What `status` shows of it. */
export interface StatusParts {
  readonly health: Freshness;
  readonly counters: Counters;
  /** Name of the count of what was done for real. */
  readonly executions: string;
}

export interface Workplace {
  /** undefined in a dry run. */
  readonly runtime: Runtime | undefined;
  readonly submitter: Submitter;
  /** Evidence: the file, and the audit log of what is sent for real. */
  readonly record: RecordSink;
  /** Another copy leads. */
  readonly standsBy: () => boolean;
  /** Writes the status file, which is the leader's. */
  readonly showStatus: (stopped: boolean) => void;
  /** Finishes evidence and gives the lease back. */
  close(): Promise<void>;
}

/** @throws what `openRuntime` throws; nothing is left open then. */
export async function openWorkplace(parts: WorkplaceParts, status: StatusParts): Promise<Workplace> {
  const { connection, keeper, signer, policy, encode, execute, env, belongings = NOTHING } = parts;
  const { guard, isMember, conditions, across } = parts;
  const { config, client, log } = connection;
  const { health, counters, executions } = status;
  const network = config.network.name;
  logPolicy(policy, log);
  const runtime =
    execute && signer !== undefined
      ? await openRuntime({
          ...{ connection, keeper, signer, policy, encode, env, ...belongings },
          ...(guard === undefined ? {} : { guard }),
          ...(isMember === undefined ? {} : { isMember }),
          ...(conditions === undefined ? {} : { conditions }),
          ...(across === undefined ? {} : { across }),
        })
      : undefined;
  const submitter =
    runtime?.submitter ?? new DryRunSubmitter(client, signer, new PolicyGate(policy, encode, isMember), config, log);
  const file = new JsonlRecord(join(config.dataFolder, `${keeper}-${network}.jsonl`), log);
  const record = runtime === undefined ? file : recordTo(file, runtime.audit);
  const standsBy = (): boolean => runtime !== undefined && runtime.lease.held === undefined;
  return {
    ...{ runtime, submitter, record, standsBy },
    showStatus(stopped) {
      if (standsBy()) return;
      writeStatus(statusPath(config.dataFolder, keeper, network), {
        ...{ execute, sender: submitter.sender, health: health.report(), inFlight: submitter.pending() },
        ...{ executions: counters.get(executions), skips: counters.withPrefix("skip."), stopped },
      });
    },
    async close() {
      await record.close();
      await runtime?.close();
    },
  };
}
