/** One end at work: its own node, account, lease, outbox, policy and books. What is decided needs both. */
import { join } from "node:path";

import { ZeroAddress } from "ethers";

import { recordTo } from "../kit/audit/auditRecord.js";
import type { Counters } from "../kit/counters.js";
import { DryRunSubmitter } from "../kit/dryRunSubmitter.js";
import type { Freshness } from "../kit/health.js";
import type { Lease } from "../kit/lease.js";
import { accountNames } from "../kit/pnl/postings.js";
import { PolicyGate } from "../kit/policy/gate.js";
import { logPolicy } from "../kit/policy/report.js";
import type { Policy } from "../kit/policy/types.js";
import { confirmWith } from "../kit/providers/confirm.js";
import { confirmationsFor } from "../kit/providers/confirmations.js";
import { JsonlRecord, type RecordSink } from "../kit/record.js";
import { openRuntime, type Runtime } from "../kit/runtime.js";
import { statusPath, writeStatus } from "../kit/statusFile.js";
import type { Submitter } from "../kit/submitter.js";
import { NOBODY, paramsOf, placeOf, type Connection } from "./connect.js";
import { arbitrageEncoder, BRIDGE } from "./encode.js";
import { actionTargets, arbitragePolicy, KEEPER_NAME, tokenOfAsset } from "./policy.js";
import { Prices } from "./prices.js";
import { Sender } from "./send.js";
import type { Side } from "./tick.js";

export const DEFAULT_DATA_FOLDER = "data/keepers";

export interface SiteParts {
  readonly own: Connection;
  readonly other: Connection;
  readonly pairs: readonly string[];
  readonly health: Freshness;
  readonly counters: Counters;
  readonly execute: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the other end, when this one may lead only while that one does. */
  readonly behind: Lease | undefined;
}

export interface Site {
  readonly connection: Connection;
  readonly side: Side;
  readonly account: string;
  /** undefined in a dry run. */
  readonly runtime: Runtime | undefined;
  readonly submitter: Submitter;
  readonly record: RecordSink;
  showStatus(stopped: boolean): void;
  close(): Promise<void>;
}

/** Opens what one end works with; the gate was passed before. @throws what the parts throw that cannot be opened. */
export async function openSite(parts: SiteParts): Promise<Site> {
  const { own, other, pairs, health, counters, execute, env, behind } = parts;
  const { config, client, log, nextBlock } = own;
  const network = config.network.name;
  const deployment = own.deployment();
  const signer = await own.signer();
  const policy = compilePolicy(own, other, pairs, signer?.address);
  const encode = arbitrageEncoder(actionTargets(deployment, pairs));
  logPolicy(policy, log);
  const prices = new Prices((token) => deployment.address(token));
  let runtime: Runtime | undefined;
  if (execute && signer !== undefined) {
    const needed = { connection: own, keeper: KEEPER_NAME, signer, policy, encode, env };
    runtime = await openRuntime({
      ...needed,
      across: { behind, chainIds: [own, other].map((end) => String(end.client.chainId)) },
      // What is locked or burned here comes back, or arrives at the other end: it has not been spent.
      names: accountNames({ [deployment.address(BRIDGE)]: "own:bridge", [ZeroAddress]: "own:bridge-minted" }),
      assetAddress: (asset) => deployment.token(tokenOfAsset(asset)),
      valueXauWei: prices.valueXauWei,
    });
  }
  const submitter =
    runtime?.submitter ?? new DryRunSubmitter(client, signer, new PolicyGate(policy, encode), config, log);
  const folder = config.dataFolder ?? DEFAULT_DATA_FOLDER;
  const file = new JsonlRecord(join(folder, `${KEEPER_NAME}-${network}.jsonl`), log);
  const record = runtime === undefined ? file : recordTo(file, runtime.audit);
  const account = signer?.address ?? NOBODY;
  const sender = new Sender({
    ...{ account, config, encode, nextBlock, confirm: confirmWith(client, nextBlock, []), submitter },
    ...{ onRevert: (revert) => runtime?.onRevert(revert), record, counters, log },
  });
  const statusFile = statusPath(folder, KEEPER_NAME, network);
  return {
    ...{ connection: own, account, runtime, submitter, record },
    side: { place: placeOf(own), sender, prices, health, depth: confirmationsFor(config.confirmations, undefined) },
    showStatus(stopped) {
      // The file is the leader's.
      if (runtime !== undefined && runtime.lease.held === undefined) return;
      writeStatus(statusFile, {
        ...{ execute, sender: submitter.sender, health: health.report(), inFlight: submitter.pending() },
        ...{ executions: counters.get("settled.mined"), skips: counters.withPrefix("skip."), stopped },
      });
    },
    async close() {
      await record.close();
      await runtime?.close();
    },
  };
}

/** The policy of this connection; without a key it is nobody's. */
export function compilePolicy(own: Connection, other: Connection, pairs: readonly string[], signer = NOBODY): Policy {
  const { gasLimit, maxFeePerGasWei, network } = own.config;
  const bounds = { pairs, gasLimit, maxFeePerGasWei, local: network.local };
  return arbitragePolicy(own.deployment(), paramsOf(own), other.client.chainId, bounds, signer);
}
