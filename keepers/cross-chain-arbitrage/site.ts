/** One end at work: its own node, account, lease, outbox, policy and books. What is decided needs both. */

import { ZeroAddress } from "ethers";

import type { Counters } from "../kit/counters.js";
import type { Freshness } from "../kit/health.js";
import type { Lease } from "../kit/lease.js";
import { accountNames } from "../kit/pnl/postings.js";
import type { Policy } from "../kit/policy/types.js";
import { confirmWith } from "../kit/providers/confirm.js";
import { confirmationsFor } from "../kit/providers/confirmations.js";
import { openWorkplace, type Workplace } from "../kit/workplace.js";
import { NOBODY, paramsOf, placeOf, type Connection } from "./connect.js";
import { arbitrageEncoder, BRIDGE } from "./encode.js";
import { actionTargets, arbitragePolicy, KEEPER_NAME, tokenOfAsset } from "./policy.js";
import { Prices } from "./prices.js";
import { Sender } from "./send.js";
import type { Side } from "./tick.js";

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

export interface Site extends Workplace {
  readonly connection: Connection;
  readonly side: Side;
  readonly account: string;
}

/** Opens what one end works with; the gate was passed before. @throws what the parts throw that cannot be opened. */
export async function openSite(parts: SiteParts): Promise<Site> {
  const { own, other, pairs, health, counters, execute, env, behind } = parts;
  const { config, client, log, nextBlock } = own;
  const deployment = own.deployment();
  const signer = await own.signer();
  const policy = compilePolicy(own, other, pairs, signer?.address);
  const encode = arbitrageEncoder(actionTargets(deployment, pairs));
  const prices = new Prices((token) => deployment.address(token));
  const workplace = await openWorkplace(
    {
      ...{ connection: own, keeper: KEEPER_NAME, signer, policy, encode, execute, env },
      across: { behind, chainIds: [own, other].map((end) => String(end.client.chainId)) },
      belongings: {
        // What is locked or burned here comes back, or arrives at the other end: it has not been spent.
        names: accountNames({ [deployment.address(BRIDGE)]: "own:bridge", [ZeroAddress]: "own:bridge-minted" }),
        assetAddress: (asset) => deployment.token(tokenOfAsset(asset)),
        valueXauWei: prices.valueXauWei,
      },
    },
    { health, counters, executions: "settled.mined" },
  );
  const { runtime, submitter, record } = workplace;
  const account = signer?.address ?? NOBODY;
  const sender = new Sender({
    ...{ account, config, encode, nextBlock, confirm: confirmWith(client, nextBlock, []), submitter },
    ...{ onRevert: (revert) => runtime?.onRevert(revert), record, counters, log },
  });
  return {
    ...workplace,
    ...{ connection: own, account },
    side: { place: placeOf(own), sender, prices, health, depth: confirmationsFor(config.confirmations, undefined) },
  };
}

/** The policy of this connection; without a key it is nobody's. */
export function compilePolicy(own: Connection, other: Connection, pairs: readonly string[], signer = NOBODY): Policy {
  const { gasLimit, maxFeePerGasWei, network } = own.config;
  const bounds = { pairs, gasLimit, maxFeePerGasWei, local: network.local };
  return arbitragePolicy(own.deployment(), paramsOf(own), other.client.chainId, bounds, signer);
}
