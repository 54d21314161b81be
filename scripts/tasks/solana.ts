/** Tasks on networks whose name begins with `solana-`: Hardhat knows no such networks, so they are found by their parameter files. */
import { resolve } from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { PermanentError, UsageError } from "../../protocol/errors.js";
import { DEPLOYMENTS_FOLDER } from "../../protocol/params/load.js";
import {
  isSolanaNetwork,
  loadSolanaParams,
  solanaVariable,
  type LoadedSolanaParams,
} from "../../protocol/solana/network.js";
import { SolanaChain } from "../deploy/solana/chain.js";
import { deploySolana, describe } from "../deploy/solana/deploy.js";
import type { SolanaDifference } from "../deploy/solana/finding.js";
import { solanaHands, type ReadVariable } from "../deploy/solana/keys.js";
import { verifySolana } from "../deploy/solana/verify.js";
import type { TaskAnswer } from "./report.js";

export interface SolanaConnected {
  readonly folder: string;
  readonly loaded: LoadedSolanaParams;
  readonly chain: SolanaChain;
  readonly read: ReadVariable;
}

/** The Solana network of `--network`, or undefined for another kind of network. */
export function solanaNetworkOf(hre: HardhatRuntimeEnvironment): string | undefined {
  const network = hre.globalOptions.network as string | undefined;
  return network !== undefined && isSolanaNetwork(network) ? network : undefined;
}

/** @throws ParameterError; PermanentError PARAMS_MISSING, RPC_NOT_CONFIGURED. */
export async function connectSolana(
  hre: HardhatRuntimeEnvironment,
  network: string,
  deployments: string,
  log: (line: string) => void = () => undefined,
): Promise<SolanaConnected> {
  const folder = deployments === "" ? DEPLOYMENTS_FOLDER : resolve(deployments);
  const loaded = loadSolanaParams(network, folder);
  const read = variableReader(hre);
  const variable = solanaVariable(network, "RPC_URL");
  const url = (await read(variable)) ?? loaded.params.rpcUrl;
  if (url === null) {
    throw new PermanentError(
      "RPC_NOT_CONFIGURED",
      `${variable} is not set`,
      `run: npx hardhat keystore set ${variable}, or set it in the environment`,
      { network, variable },
    );
  }
  const microLamportsPerUnit = loaded.params.computeUnitPriceMicroLamports;
  return { folder, loaded, chain: new SolanaChain({ url, microLamportsPerUnit, log }), read };
}

export async function deploySolanaTask(
  hre: HardhatRuntimeEnvironment,
  network: string,
  args: { readonly execute: boolean; readonly only: string; readonly deployments: string; readonly programs: string },
  log: (line: string) => void,
): Promise<TaskAnswer> {
  if (args.only !== "") {
    throw new UsageError(
      "ONLY_NOT_SUPPORTED",
      "--only is for EVM networks",
      "leave it out: each step waits for those before it",
    );
  }
  const { folder, loaded, chain, read } = await connectSolana(hre, network, args.deployments, log);
  const result = await deploySolana({
    ...{ loaded, chain, folder, log },
    ...(args.programs === "" ? {} : { programs: resolve(args.programs) }),
    ...(args.execute ? { hands: await solanaHands(loaded, read) } : {}),
  });
  const { executed, transactions, differences, remaining } = result;
  const count = String(differences.length);
  const lines = executed
    ? [
        `${count} difference(s) found, ${String(transactions)} transaction(s); record: deployments/${network}.json`,
        ...remaining.map((difference) => `left for others: ${describeWithFix(difference)}`),
      ]
    : [`${count} difference(s); nothing was sent${differences.length === 0 ? "" : ": add --execute to remove them"}`];
  return { ok: true, json: { ok: true, network, ...result }, lines };
}

export async function verifySolanaTask(
  hre: HardhatRuntimeEnvironment,
  network: string,
  args: { readonly deployments: string; readonly programs: string },
): Promise<TaskAnswer> {
  const { folder, loaded, chain } = await connectSolana(hre, network, args.deployments);
  const programs = args.programs === "" ? {} : { programs: resolve(args.programs) };
  const result = await verifySolana({ loaded, chain, folder, ...programs });
  const lines = result.ok
    ? [`${network}: cluster, record and parameters agree`]
    : result.differences.map(describeWithFix);
  return { ok: result.ok, json: result, lines };
}

const describeWithFix = (difference: SolanaDifference): string => `${describe(difference)} (${difference.fix})`;

/** Hardhat resolves only variables that its configuration names; these belong to networks that it does not know. */
function variableReader(hre: HardhatRuntimeEnvironment): ReadVariable {
  return async (name) => {
    const fromEnvironment = process.env[name];
    if (fromEnvironment !== undefined) return fromEnvironment;
    const variable = { _type: "ConfigurationVariable", name } as const;
    const missing = "";
    const value = await hre.hooks.runHandlerChain("configurationVariables", "fetchValue", [variable], () =>
      Promise.resolve(missing),
    );
    return value === missing ? undefined : value;
  };
}
