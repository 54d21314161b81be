import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { sha256, toUtf8Bytes } from "ethers";
import { z } from "zod";

import { ParameterError, PermanentError, type ParameterProblem } from "../errors.js";
import { JsonProblem, parseStrictJson } from "./json.js";
import { crossCheck, unsetValues } from "./rules.js";
import { networkParamsSchema, type NetworkParams } from "./schema.js";
import { lineAndColumn, nearest } from "./text.js";

/** Folder of records and parameters. */
export const DEPLOYMENTS_FOLDER = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "deployments");
/**
 * The chains of this machine, whose keys may be public: the network whose parameters and records they use, the one that Hardhat simulates, and
 * the port where a node is expected. In the order in which a spread is taken; the first one is where everything is at home.
 */
export const LOCAL_CHAINS = [
  { chainId: 138, network: "localhost", simulated: "sim138", port: 8545 },
  { chainId: 651_940, network: "localhost651940", simulated: "sim651940", port: 8546 },
] as const;
export type LocalChain = (typeof LOCAL_CHAINS)[number];
const LOCAL_PORTS: ReadonlyMap<string, number> = new Map(LOCAL_CHAINS.map(({ network, port }) => [network, port]));
/** Networks whose chains have a bridge between them. */
const BRIDGED = [
  ["chain138", "alltra"],
  [LOCAL_CHAINS[0].network, LOCAL_CHAINS[1].network],
] as const;
/** Unit suffixes by which a key with the right stem but the wrong unit is told from a typing error. */
const UNIT_SUFFIXES = [
  "Bps",
  "Wad",
  "Pct",
  "Percent",
  "Ratio",
  "Usd",
  "Xau",
  "XauWei",
  "Wei",
  "Gwei",
  "Seconds",
  "Blocks",
  "Units",
];

/** A validated file with what the record needs to say about it. */
export interface LoadedParams {
  readonly network: string;
  readonly file: string;
  /** SHA-256 of the file's bytes, hex without prefix. */
  readonly sha256: string;
  readonly local: boolean;
  readonly params: NetworkParams;
}

/** Whether a network's keys may be the public development ones. */
export function isLocalNetwork(network: string): boolean {
  return LOCAL_PORTS.has(network);
}

/** The chain of this machine with that id. @throws Error for any other id. */
export function localChain(chainId: number): LocalChain {
  const chain = LOCAL_CHAINS.find((known) => known.chainId === chainId);
  if (chain === undefined) throw new Error(`chain ${String(chainId)} is no chain of this machine`);
  return chain;
}

/** The network at the other end of a network's bridge. */
export function otherEnd(network: string): string | undefined {
  for (const [one, other] of BRIDGED) {
    if (network === one) return other;
    if (network === other) return one;
  }
  return undefined;
}

/** Where the node of a network of this machine is expected unless the environment says otherwise. */
export function localRpcUrl(network: string): string {
  const port = LOCAL_PORTS.get(network);
  if (port === undefined) throw new Error(`${network} is no network of this machine`);
  return `http://127.0.0.1:${String(port)}`;
}

/** Whether a network has a parameter file. */
export function hasParams(network: string, folder = DEPLOYMENTS_FOLDER): boolean {
  return existsSync(paramsFile(network, folder));
}

function paramsFile(network: string, folder: string): string {
  return join(folder, "params", `${network}.json`);
}

/**
 * Reads and validates `deployments/params/<network>.json`.
 * @throws ParameterError listing every problem; PermanentError PARAMS_MISSING when there is no file.
 */
export function loadParams(network: string, folder = DEPLOYMENTS_FOLDER): LoadedParams {
  let content: string;
  try {
    content = readFileSync(paramsFile(network, folder), "utf8");
  } catch (error) {
    throw new PermanentError(
      "PARAMS_MISSING",
      `there is no parameter file deployments/params/${network}.json`,
      "write one after the model of deployments/params/localhost.json",
      { network },
      { cause: error },
    );
  }
  return parseParams(network, content);
}

/** Validates the text of a parameter file. @throws ParameterError listing every problem. */
export function parseParams(network: string, content: string): LoadedParams {
  const file = `deployments/params/${network}.json`;
  const local = isLocalNetwork(network);
  const parsed = networkParamsSchema.safeParse(parseJson(file, content), { reportInput: true });
  if (!parsed.success) throw new ParameterError(file, parsed.error.issues.flatMap(toProblems));
  const problems = crossCheck(parsed.data, local);
  if (problems.length > 0) throw new ParameterError(file, problems);
  return { network, file, sha256: sha256(toUtf8Bytes(content)).slice(2), local, params: parsed.data };
}

/** Refuses a file in which something is still undecided (null). @throws ParameterError PARAM_UNSET */
export function requireDecided(loaded: LoadedParams): void {
  const problems = unsetValues(loaded.params);
  if (problems.length > 0) throw new ParameterError(loaded.file, problems);
}

function parseJson(file: string, content: string): unknown {
  try {
    return parseStrictJson(content);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    const { line, column } = lineAndColumn(content, error.offset);
    throw new ParameterError(file, [
      {
        code: "PARAMS_MALFORMED",
        path: "",
        message: `not JSON at line ${String(line)}, column ${String(column)}: ${error.message}`,
      },
    ]);
  }
}

function toProblems(issue: z.core.$ZodIssue): ParameterProblem[] {
  const path = issue.path.map(String).join(".");
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, path, keysAt(networkParamsSchema, issue.path)));
    case "custom": {
      const code: unknown = issue.params?.["code"];
      return [{ code: typeof code === "string" ? code : "PARAM_INVALID", path, message: issue.message }];
    }
    case "invalid_type":
      return [
        {
          code: issue.input === undefined ? "PARAM_MISSING_KEY" : "PARAM_WRONG_TYPE",
          path,
          message: issue.message,
        },
      ];
    default:
      return [{ code: "PARAM_INVALID", path, message: issue.message }];
  }
}

function unknownKey(key: string, at: string, known: readonly string[]): ParameterProblem {
  const path = at === "" ? key : `${at}.${key}`;
  const suffix = UNIT_SUFFIXES.find((unit) => key.endsWith(unit));
  const stem = suffix === undefined ? key : key.slice(0, -suffix.length);
  const sameStem = known.find((other) => UNIT_SUFFIXES.some((unit) => other === `${stem}${unit}`));
  if (sameStem !== undefined) {
    return { code: "PARAM_WRONG_UNIT", path, message: `give it in the unit of the key "${sameStem}"` };
  }
  const guess = nearest(key, known);
  return {
    code: "PARAM_UNKNOWN_KEY",
    path,
    message: guess === undefined ? "unknown key" : `unknown key; did you mean "${guess}"?`,
  };
}

/** Keys that the schema allows at a path; of a union, those of all its members. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return keysAt(schema.unwrap() as z.ZodType, path);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    return [...new Set((schema.options as z.ZodType[]).flatMap((option) => keysAt(option, path)))];
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element as z.ZodType, path.slice(1));
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<string, z.ZodType>;
    const [head, ...rest] = path;
    if (head === undefined) return Object.keys(shape);
    const member = shape[String(head)];
    return member === undefined ? [] : keysAt(member, rest);
  }
  return [];
}
