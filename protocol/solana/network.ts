/**
 * Solana networks: what we intend on each (`deployments/params/<network>.json`) and what is there (`deployments/<network>.json`). Their
 * names begin with `solana-`, which tells them from EVM networks. The only reader of both files.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { isOffCurveAddress, type Address } from "@solana/kit";
import { sha256, toUtf8Bytes } from "ethers";
import { z } from "zod";

import { ParameterError, PermanentError, type ParameterProblem } from "../errors.js";
import { JsonProblem, parseStrictJson } from "../params/json.js";
import { DEPLOYMENTS_FOLDER } from "../params/load.js";
import { LOCAL_GENESIS } from "./cluster.js";
import { marketProblems, marketSchema, type MarketIntent } from "./marketParams.js";
import { address, holderProblems } from "./paramRules.js";
import { isPublished, PROGRAM_NAMES, type ProgramName } from "./programKeys.js";

const PREFIX = "solana-";
/** Everybody who can reach it may use it, so its roles may be published keys. */
export const SOLANA_LOCALNET = "solana-localnet";

const programName = z.enum(PROGRAM_NAMES as [ProgramName, ...ProgramName[]]);
const programs = z.strictObject({ "collateral-vault": address, "position-manager": address });

const paramsSchema = z.strictObject({
  /** Hash of the cluster's genesis; `local`: any cluster that is not public. */
  genesisHash: z.string().min(1),
  /** Null: the variable `<NETWORK>_RPC_URL` names it. */
  rpcUrl: z.url({ protocol: /^https?$/ }).nullable(),
  /** Paid above the base fee, for each compute unit; 0 pays nothing. */
  computeUnitPriceMicroLamports: z.int().min(0).max(10_000_000),
  /** Where each program of ours is. */
  programs,
  roles: z.strictObject({
    /** Pays for everything and deploys. */
    deployer: address.nullable(),
    /** May change the programs once they are deployed: on public clusters an address without a key, such as a multi-sig's. */
    upgradeAuthority: address.nullable(),
    admin: address.nullable(),
    guardian: address.nullable(),
    /** The multi-sig that may freeze everything; null: nobody may. */
    freezeMultiSig: address.nullable(),
  }),
  /** Programs that owners may let lock their collateral: ours by name, others by address. */
  registeredPrograms: z.array(z.union([programName, address])),
  /** The position manager's; null: the network has none. */
  market: marketSchema.nullable(),
});

export type SolanaParams = z.infer<typeof paramsSchema>;
type Role = keyof SolanaParams["roles"];
/** With every role decided that somebody must hold. */
export type SolanaRoles = Readonly<Record<Exclude<Role, "freezeMultiSig">, Address>> & {
  readonly freezeMultiSig: Address | null;
};

/** A validated file with what the record needs to say about it. */
export interface LoadedSolanaParams {
  readonly network: string;
  /** SHA-256 of the file's bytes, hex. */
  readonly sha256: string;
  readonly local: boolean;
  readonly params: Omit<SolanaParams, "roles" | "market"> & {
    readonly roles: SolanaRoles;
    readonly market: MarketIntent | null;
  };
  /** Addresses of the programs that are to be registered. */
  readonly registered: readonly Address[];
}

const recordedProgram = z.strictObject({
  programId: address,
  programData: address,
  /** SHA-256 of the code, hex, as the vault program takes it: without the zeros behind it, which the ELF may end with, too. */
  codeSha256: z.string().regex(/^[0-9a-f]{64}$/),
  deploySlot: z.string().regex(/^\d+$/),
});
const recordSchema = z.strictObject({
  genesisHash: z.string(),
  programs: z.partialRecord(programName, recordedProgram),
  /** The vault program's configuration. */
  vaultAuthority: address,
  /** The position manager's market, where there is one. */
  market: address.optional(),
  /** `params/<network>.json#<sha256 of the file>`. */
  params: z.string(),
});
export type SolanaRecord = z.infer<typeof recordSchema>;

export function isSolanaNetwork(network: string): boolean {
  return network.startsWith(PREFIX);
}

/** Variable of the keystore or the environment, such as SOLANA_DEVNET_RPC_URL. */
export function solanaVariable(network: string, what: string): string {
  return `${network}_${what}`.replaceAll("-", "_").toUpperCase();
}

export const solanaRecordFile = (network: string, folder = DEPLOYMENTS_FOLDER): string =>
  join(folder, `${network}.json`);

export function paramsReferenceOf({ network, sha256: hash }: LoadedSolanaParams): string {
  return `params/${network}.json#${hash}`;
}

/** @throws ParameterError listing every problem; PermanentError PARAMS_MISSING when there is no file. */
export function loadSolanaParams(network: string, folder = DEPLOYMENTS_FOLDER): LoadedSolanaParams {
  const content = readIfThere(join(folder, "params", `${network}.json`));
  if (content === undefined) {
    throw new PermanentError(
      "PARAMS_MISSING",
      `there is no parameter file deployments/params/${network}.json`,
      `write one after the model of deployments/params/${SOLANA_LOCALNET}.json`,
      { network },
    );
  }
  return parseSolanaParams(network, content);
}

/** Validates the text of a parameter file. @throws ParameterError listing every problem. */
export function parseSolanaParams(network: string, content: string): LoadedSolanaParams {
  const file = `deployments/params/${network}.json`;
  const parsed = paramsSchema.safeParse(parseText(file, content));
  if (!parsed.success) throw new ParameterError(file, parsed.error.issues.map(toProblem));
  const params = parsed.data;
  const local = network === SOLANA_LOCALNET;
  const problems = [
    ...clusterProblems(params, local),
    ...roleProblems(params, local),
    ...(params.market === null ? [] : marketProblems(params.market, local)),
  ];
  if (problems.length > 0) throw new ParameterError(file, problems);
  return {
    network,
    sha256: sha256(toUtf8Bytes(content)).slice(2),
    local,
    // roleProblems and marketProblems refuse null where somebody is needed.
    params: { ...params, roles: params.roles as SolanaRoles, market: params.market as MarketIntent | null },
    registered: params.registeredPrograms.map(
      (name) => (params.programs as Readonly<Record<string, Address>>)[name] ?? (name as Address),
    ),
  };
}

/** The record, or undefined when nothing was deployed yet. @throws PermanentError RECORD_MALFORMED. */
export function readSolanaRecord(network: string, folder = DEPLOYMENTS_FOLDER): SolanaRecord | undefined {
  const content = readIfThere(solanaRecordFile(network, folder));
  if (content === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(content));
  } catch (cause) {
    throw new PermanentError(
      "RECORD_MALFORMED",
      `deployments/${network}.json is not the record of a Solana deployment`,
      "restore it from version control, or move it away and run the deployment again: it finds what is on the cluster",
      { network },
      { cause },
    );
  }
}

function clusterProblems({ genesisHash, programs: ids, registeredPrograms }: SolanaParams, local: boolean) {
  const problems: ParameterProblem[] = [];
  if (local !== (genesisHash === LOCAL_GENESIS)) {
    const message = local ? `must be "${LOCAL_GENESIS}"` : "must be the hash of one cluster";
    problems.push({ code: "PARAM_INVALID", path: "genesisHash", message });
  }
  const programIds = [
    ...Object.entries(ids).map(([name, id]) => [`programs.${name}`, id] as const),
    ...registeredPrograms.map((id) => ["registeredPrograms", id] as const),
  ];
  for (const [path, id] of programIds) {
    if (local || !isPublished(id)) continue;
    const message = "anyone can sign for this address: make a key of your own for the program";
    problems.push({ code: "LOCAL_PROGRAM_KEY", path, message });
  }
  if (registeredPrograms.includes("collateral-vault")) {
    const message = "the vault program does not lock its own collateral";
    problems.push({ code: "PARAM_INVALID", path: "registeredPrograms", message });
  }
  return problems;
}

function roleProblems({ roles }: SolanaParams, local: boolean): ParameterProblem[] {
  const { freezeMultiSig, ...needed } = roles;
  const problems = holderProblems("roles", needed, local);
  if (freezeMultiSig !== null) problems.push(...holderProblems("roles", { freezeMultiSig }, local));
  const { upgradeAuthority } = roles;
  if (!local && upgradeAuthority !== null && !isOffCurveAddress(upgradeAuthority)) {
    const message = "one key could replace the programs: name an address of a multi-sig program";
    problems.push({ code: "UPGRADE_AUTHORITY_IS_A_KEY", path: "roles.upgradeAuthority", message });
  }
  return problems;
}

function parseText(file: string, content: string): unknown {
  try {
    return parseStrictJson(content);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    throw new ParameterError(file, [{ code: "PARAMS_MALFORMED", path: "", message: `not JSON: ${error.message}` }]);
  }
}

function toProblem(issue: z.core.$ZodIssue): ParameterProblem {
  const path = issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") return { code: "PARAM_INVALID", path, message: issue.message };
  return { code: "PARAM_UNKNOWN_KEY", path, message: `unknown: ${issue.keys.join(", ")}` };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
