import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { PermanentError } from "./errors.js";
import { DEPLOYMENTS_FOLDER } from "./params/load.js";
import { tokenNames, type ReservedToken, type TokenName } from "./params/schema.js";

const hexAddress = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);

const contractRecord = z.strictObject({
  address: hexAddress,
  /** null: the contract was there before this deployment (adopted, or made by somebody else at the same CREATE2 address). */
  deployTx: hash.nullable(),
  block: z.number().int().nullable(),
  constructorArgs: z.array(z.string()),
  sourceCommit: z.string().optional(),
  runtimeCodeHash: hash,
});
const deploymentRecord = z.strictObject({
  chainId: z.number().int(),
  contracts: z.record(z.string(), contractRecord),
  /** `params/<network>.json#<sha256 of the file>`. */
  params: z.string(),
});

/** One contract as the record knows it. */
export type ContractRecord = z.infer<typeof contractRecord>;
/** The content of `deployments/<network>.json`. */
export type DeploymentRecord = z.infer<typeof deploymentRecord>;

/** Names under which the record lists contracts of which there are several. */
export const recordNames = {
  feed: (token: TokenName, index: number) => `SignedPriceFeed:${token}:${String(index + 1)}`,
  reference: (token: TokenName) => `ReferenceFeed:${token}`,
  reserveFeed: (token: ReservedToken, index: number) => `ReserveFeed:${token}:${String(index + 1)}`,
  reserveAsset: (token: ReservedToken) => `ReserveAsset:${token}`,
  reserveVault: (token: ReservedToken) => `ReserveVault:${token}`,
  pool: (pair: string) => `PmmPool:${pair}`,
  meshPool: (token: TokenName) => `MeshPool:XAU/${token}`,
} as const;

/** Path of a network's record. */
export function recordFile(network: string, folder = DEPLOYMENTS_FOLDER): string {
  return join(folder, `${network}.json`);
}

/**
 * Reads a network's record, or undefined when nothing was deployed yet.
 * @throws PermanentError RECORD_MALFORMED
 */
export function readRecord(network: string, folder = DEPLOYMENTS_FOLDER): DeploymentRecord | undefined {
  let content: string;
  try {
    content = readFileSync(recordFile(network, folder), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return deploymentRecord.parse(JSON.parse(content));
  } catch (error) {
    throw new PermanentError(
      "RECORD_MALFORMED",
      `deployments/${network}.json is not a deployment record`,
      "restore it from version control, or move it away and run the deployment again: it finds what is on the chain",
      { network },
      { cause: error },
    );
  }
}

/** The record, or the error of a network on which nothing is deployed. @throws PermanentError NOT_DEPLOYED */
export function requireRecord(network: string, record: DeploymentRecord | undefined): DeploymentRecord {
  if (record !== undefined) return record;
  throw new PermanentError(
    "NOT_DEPLOYED",
    `nothing is deployed on ${network}: there is no deployments/${network}.json`,
    `run: npx hardhat deploy --network ${network} (dry run), then with --execute`,
    { network },
  );
}

/** Where everything of one network lives. Asking for something that is not deployed is an error that names it. */
export class Deployment {
  constructor(
    readonly network: string,
    readonly record: DeploymentRecord,
  ) {}

  get chainId(): number {
    return this.record.chainId;
  }

  /** Whether the record lists `name`. */
  has(name: string): boolean {
    return this.record.contracts[name] !== undefined;
  }

  /** Address of a contract by its name in the record. @throws PermanentError NOT_DEPLOYED */
  address(name: string): string {
    const entry = this.record.contracts[name];
    if (entry === undefined) {
      throw new PermanentError(
        "NOT_DEPLOYED",
        `deployments/${this.network}.json lists no contract ${name}`,
        `run: npx hardhat deploy --network ${this.network} --execute`,
        { network: this.network, contract: name },
      );
    }
    return entry.address;
  }

  token(name: TokenName): string {
    return this.address(name);
  }

  /** The token that lives at an address, or undefined. */
  tokenAt(address: string): TokenName | undefined {
    return tokenNames.find((name) => this.record.contracts[name]?.address.toLowerCase() === address.toLowerCase());
  }

  /** Feeds of a token in the order of the parameters. */
  feeds(name: TokenName): string[] {
    return this.withPrefix(`SignedPriceFeed:${name}:`).map(([, address]) => address);
  }

  /** Feeds of a token's reserve asset in the order of the parameters. */
  reserveFeeds(name: ReservedToken): string[] {
    return this.withPrefix(`ReserveFeed:${name}:`).map(([, address]) => address);
  }

  /** Public and other registered pools, keyed `base/quote`. */
  pools(): Record<string, string> {
    return Object.fromEntries(this.withPrefix("PmmPool:"));
  }

  /** Private pools of the mesh, keyed by token. */
  meshPools(): Record<string, string> {
    return Object.fromEntries(this.withPrefix("MeshPool:XAU/"));
  }

  private withPrefix(prefix: string): [string, string][] {
    return Object.entries(this.record.contracts)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, entry]) => [name.slice(prefix.length), entry.address]);
  }
}

/**
 * The only way to learn an address: the record of a network, for the chain that is really connected.
 * @throws PermanentError NOT_DEPLOYED without a record, WRONG_CHAIN when the record belongs to another chain, RECORD_MALFORMED.
 */
export function loadDeployment(
  network: string,
  connectedChainId: bigint | number,
  folder = DEPLOYMENTS_FOLDER,
): Deployment {
  const record = requireRecord(network, readRecord(network, folder));
  if (BigInt(record.chainId) !== BigInt(connectedChainId)) {
    throw new PermanentError(
      "WRONG_CHAIN",
      `deployments/${network}.json belongs to chain ${String(record.chainId)}, the connected chain is ${String(connectedChainId)}`,
      "connect to the chain of the record, or name the network you mean",
      { network, recordChainId: String(record.chainId), connectedChainId: String(connectedChainId) },
    );
  }
  return new Deployment(network, record);
}
