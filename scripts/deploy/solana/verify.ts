/** Compares cluster, record and parameters. Sends nothing and needs no key. */
import { PermanentError } from "../../../protocol/errors.js";
import { requireCluster } from "../../../protocol/solana/cluster.js";
import {
  paramsReferenceOf,
  readSolanaRecord,
  type LoadedSolanaParams,
  type SolanaRecord,
} from "../../../protocol/solana/network.js";
import { readBuilt } from "./built.js";
import type { SolanaChain } from "./chain.js";
import { plain } from "./deploy.js";
import type { SolanaDifference } from "./finding.js";
import { inspect } from "./inspect.js";
import { currentRecord } from "./record.js";

export interface SolanaVerifyOptions {
  readonly loaded: LoadedSolanaParams;
  readonly chain: SolanaChain;
  readonly programs?: string;
  readonly folder?: string;
}

export interface SolanaVerifyResult {
  readonly ok: boolean;
  readonly differences: readonly SolanaDifference[];
}

/** @throws PermanentError NOT_DEPLOYED without a record, WRONG_CLUSTER, LOCAL_PROGRAM_KEY; ParameterError for the file. */
export async function verifySolana(options: SolanaVerifyOptions): Promise<SolanaVerifyResult> {
  const { loaded, chain, folder } = options;
  const { network } = loaded;
  const record = readSolanaRecord(network, folder);
  if (record === undefined) {
    throw new PermanentError(
      "NOT_DEPLOYED",
      `nothing is deployed on ${network}: there is no deployments/${network}.json`,
      `run: npx hardhat deploy --network ${network} (dry run), then with --execute`,
      { network },
    );
  }
  await requireCluster(chain.rpc, loaded);
  const built = readBuilt(loaded, options.programs);
  const findings = await inspect(chain, loaded, built);
  const now = await currentRecord(chain, loaded, built);
  const differences = [
    ...findings.map(plain),
    ...recordDifferences(record, { ...now, params: paramsReferenceOf(loaded) }),
  ];
  return { ok: differences.length === 0, differences };
}

/** What the record says otherwise than the cluster does, program by program. */
function recordDifferences(record: SolanaRecord, now: SolanaRecord): SolanaDifference[] {
  const flat = ({ programs, market, ...rest }: SolanaRecord): Map<string, string> =>
    new Map([
      ...Object.entries(rest),
      ...(market === undefined ? [] : [["market", market] as const]),
      ...Object.entries(programs).flatMap(([name, program]) =>
        Object.entries(program).map(([key, value]): [string, string] => [`programs.${name}.${key}`, value]),
      ),
    ]);
  const [recorded, actual] = [flat(record), flat(now)];
  return [...new Set([...recorded.keys(), ...actual.keys()])].flatMap((key) => {
    const [found, expected] = [recorded.get(key) ?? "nothing", actual.get(key) ?? "nothing"];
    if (found === expected) return [];
    const fix = "run the deployment again with --execute: it writes the record anew";
    return [{ code: "RECORD_CHANGED", id: `record.${key}`, found, expected, by: null, fix }];
  });
}
