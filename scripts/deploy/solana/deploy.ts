/** Brings a Solana cluster to what the parameters say. Idempotent: every step begins with what is there, so a kill costs nothing. */
import { requireCluster } from "../../../protocol/solana/cluster.js";
import type { LoadedSolanaParams } from "../../../protocol/solana/network.js";
import { DeploymentError, PermanentError } from "../../../protocol/errors.js";
import { readBuilt } from "./built.js";
import type { SolanaChain } from "./chain.js";
import type { Finding, Hands, SolanaDifference } from "./finding.js";
import { inspect } from "./inspect.js";
import { currentRecord, writeSolanaRecord } from "./record.js";

export interface SolanaDeployOptions {
  readonly loaded: LoadedSolanaParams;
  readonly chain: SolanaChain;
  /** Folder of the built programs; the committed ones unless given. */
  readonly programs?: string;
  /** Folder of the records; the repository's own unless given. */
  readonly folder?: string;
  /** Without keys nothing is sent. */
  readonly hands?: Hands;
  readonly log?: (line: string) => void;
}

export interface SolanaDeployResult {
  readonly executed: boolean;
  readonly transactions: number;
  /** What was found at the beginning. */
  readonly differences: readonly SolanaDifference[];
  /** What is left for others to do. */
  readonly remaining: readonly SolanaDifference[];
}

/**
 * @throws PermanentError WRONG_CLUSTER, LOCAL_PROGRAM_KEY, WRONG_DEPLOYER, BUILT_FOR_ANOTHER_ADDRESS; DeploymentError FOREIGN_BUFFER,
 * STILL_DIFFERENT; RetryableError; RevertError with the name of a program's error.
 */
export async function deploySolana(options: SolanaDeployOptions): Promise<SolanaDeployResult> {
  const { loaded, chain, hands, log = () => undefined } = options;
  await requireCluster(chain.rpc, loaded);
  requireDeployer(loaded, hands);
  const built = readBuilt(loaded, options.programs);
  const first = await inspect(chain, loaded, built);
  for (const finding of first) log(describe(finding));
  let findings = first;
  let done: string | undefined;
  for (;;) {
    const next = hands === undefined ? undefined : findings.find(({ act }) => act !== undefined);
    if (next?.act === undefined || hands === undefined) break;
    const what = describe(next);
    if (what === done) {
      throw new DeploymentError("STILL_DIFFERENT", `it was put right, but is still so: ${what}`, "look at the cluster");
    }
    log(`→ ${next.code} ${next.id}: ${next.fix}`);
    await next.act(hands, log);
    done = what;
    findings = await inspect(chain, loaded, built);
    writeSolanaRecord(loaded.network, await currentRecord(chain, loaded, built), options.folder);
  }
  if (hands !== undefined) {
    writeSolanaRecord(loaded.network, await currentRecord(chain, loaded, built), options.folder);
  }
  return {
    executed: hands !== undefined,
    transactions: chain.transactions,
    differences: first.map(plain),
    remaining: findings.map(plain),
  };
}

function requireDeployer({ network, params }: LoadedSolanaParams, hands: Hands | undefined): void {
  const { deployer } = params.roles;
  if (hands === undefined || hands.deployer.address === deployer) return;
  throw new PermanentError(
    "WRONG_DEPLOYER",
    `the key is that of ${hands.deployer.address}, expected roles.deployer of params/${network}.json: ${deployer}`,
    "configure the key of the deployer, or correct the parameters",
    { found: hands.deployer.address, expected: deployer },
  );
}

export const describe = ({ code, id, found, expected }: SolanaDifference): string =>
  `${code} ${id}: found ${found}, expected ${expected}`;

export function plain({ code, id, found, expected, by, fix }: Finding | SolanaDifference): SolanaDifference {
  return { code, id, found, expected, by, fix };
}
