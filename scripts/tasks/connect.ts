import { resolve } from "node:path";

import type { Provider, Signer } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { loadDeployment, readRecord, requireRecord, type Deployment } from "../../protocol/addresses.js";
import { CantileverError, PermanentError, RetryableError, UsageError } from "../../protocol/errors.js";
import { DEPLOYMENTS_FOLDER, hasParams, loadParams, type LoadedParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { nearest } from "../../protocol/params/text.js";

/** What a task looks at besides the network. */
export interface ConnectOptions {
  /** Whether the task can only look at something that is deployed. */
  readonly needsRecord: boolean;
  /** Folder of parameters and records as the task was given it; empty for the repository's own. */
  readonly deployments: string;
  /** Instead of the network of `--network`: one of those of `--networks`. */
  readonly network?: string;
}

/** A network that a task works on. */
export interface Connected {
  readonly network: string;
  /** Folder of parameters and records. */
  readonly folder: string;
  readonly loaded: LoadedParams;
  readonly provider: Provider;
  /** The deployer's key: a development key on localhost, the configured one elsewhere. Asks for it only now. */
  deployer(): Promise<Signer>;
  close(): Promise<void>;
}

/** Folder of parameters and records that a task works with. */
export function deploymentsFolder(deployments: string): string {
  return deployments === "" ? DEPLOYMENTS_FOLDER : resolve(deployments);
}

/**
 * Connects to the network of `--network`, or to the one that is named.
 * @throws UsageError NETWORK_MISSING or UNKNOWN_NETWORK, RetryableError RPC_UNREACHABLE, PermanentError RPC_NOT_CONFIGURED or WRONG_CHAIN.
 */
export async function connect(hre: HardhatRuntimeEnvironment, options: ConnectOptions): Promise<Connected> {
  const folder = deploymentsFolder(options.deployments);
  const network = requireNetwork(hre, options.network ?? hre.globalOptions.network);
  if (options.needsRecord) requireRecord(network, readRecord(network, folder));
  const loaded = loadParams(network, folder);
  const connection = await hre.network.create(network).catch((error: unknown) => {
    throw asConnectionError(error, network);
  });
  const { provider } = connection.ethers;
  try {
    // Asked by hand: the first answer shows whether anybody is there at all.
    await provider.send("eth_chainId", []);
  } catch (error) {
    await connection.close();
    throw asConnectionError(error, network);
  }
  return {
    network,
    folder,
    loaded,
    provider,
    deployer: async () => {
      if (!loaded.local) return (await connection.ethers.getSigners())[0] ?? noKey(network);
      const wanted = loaded.params.roles.deployer?.toLowerCase();
      const wallet = developmentAccounts().find((account) => account.address.toLowerCase() === wanted);
      return wallet?.connect(provider) ?? noKey(network);
    },
    close: () => connection.close(),
  };
}

/** Does `work` on what is deployed on the network of `--network`, and closes the connection. @throws as `connect` and `loadDeployment`. */
export async function onDeployment<T>(
  hre: HardhatRuntimeEnvironment,
  deployments: string,
  work: (deployment: Deployment, connected: Connected) => Promise<T>,
): Promise<T> {
  const connected = await connect(hre, { needsRecord: true, deployments });
  try {
    const { chainId } = await connected.provider.getNetwork();
    return await work(loadDeployment(connected.network, chainId, connected.folder), connected);
  } finally {
    await connected.close();
  }
}

/** @throws UsageError NETWORK_MISSING, UNKNOWN_NETWORK */
export function requireNetwork(hre: HardhatRuntimeEnvironment, network: string | undefined): string {
  const known = Object.keys(hre.config.networks).filter((name) => hasParams(name));
  if (network === undefined || network === "") {
    throw new UsageError("NETWORK_MISSING", "no network is named", "add --network localhost, chain138 or alltra");
  }
  if (hre.config.networks[network] === undefined) {
    throw new UsageError(
      "UNKNOWN_NETWORK",
      `there is no network ${network}`,
      `did you mean ${nearest(network, known) ?? ""}? Known: ${known.join(", ")}`,
      { network },
    );
  }
  return network;
}

function noKey(network: string): never {
  throw new PermanentError(
    "DEPLOYER_KEY_MISSING",
    `no key is configured for ${network}`,
    "run: npx hardhat keystore set",
  );
}

/** What a person can do about a connection that fails. */
export function asConnectionError(error: unknown, network: string): unknown {
  if (error instanceof CantileverError) return error;
  const text = messages(error);
  const variable = /([A-Z0-9]+_RPC_URL|[A-Z0-9]+_DEPLOYER_KEY)/.exec(text)?.[1];
  if (variable !== undefined) {
    return new PermanentError(
      "RPC_NOT_CONFIGURED",
      `${variable} is not set`,
      `run: npx hardhat keystore set ${variable}, or set it in the environment`,
      { network, variable },
      { cause: error },
    );
  }
  if (/chain id/i.test(text) && !text.includes("ECONNREFUSED")) {
    return new PermanentError(
      "WRONG_CHAIN",
      `the RPC of ${network} serves another chain: ${text.split("\n")[0] ?? ""}`,
      "correct the RPC URL, or name the network you mean",
      { network },
      { cause: error },
    );
  }
  if (/ECONNREFUSED|ENOTFOUND|ETIMEDOUT|ECONNRESET|EAI_AGAIN|cannot connect|fetch failed|socket|timeout/i.test(text)) {
    return new RetryableError(
      "RPC_UNREACHABLE",
      `nobody answers at the RPC of ${network}`,
      network === "localhost"
        ? "start a chain first: npm start, or npx hardhat --network sim138 node"
        : "check the RPC URL and the connection, then run again",
      { network },
      { cause: error },
    );
  }
  return error;
}

/** All messages of an error and its causes. */
function messages(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    parts.push(at.message, "code" in at ? String(at.code) : "");
  }
  return parts.join("\n");
}
