/** The published contracts of tBTC v1 and Keep: truffle artifacts of the npm packages, with their libraries linked. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { AbiCoder, Interface, type InterfaceAbi } from "ethers";

import { PermanentError } from "../../protocol/errors.js";

/** Package and contract, as `tbtc/Deposit`. */
export type ArtifactName = `${"tbtc" | "keep-ecdsa" | "keep-core"}/${string}`;

export interface PublishedArtifact {
  readonly name: ArtifactName;
  readonly abi: Interface;
  /** Creation code with placeholders where libraries go. */
  readonly bytecode: string;
  /** Where it stands on Ethereum; undefined when it was not deployed there by itself. */
  readonly mainnetAddress: string | undefined;
  /** Placeholder by the library that belongs there. */
  readonly links: ReadonlyMap<string, ArtifactName>;
}

interface TruffleFile {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
  /** Missing where nothing was deployed. */
  readonly networks?: Readonly<Record<string, { readonly address?: string; readonly links?: Record<string, string> }>>;
}

const ETHEREUM = "1";
const PLACEHOLDER = /__\$[0-9a-f]{34}\$__/;

const require = createRequire(import.meta.url);
const files = new Map<string, TruffleFile>();
const libraries = new Map<string, ReadonlyMap<string, ArtifactName>>();
const artifacts = new Map<ArtifactName, PublishedArtifact>();

/** @throws PermanentError TBTC_ARTIFACT_MISSING when the package or the contract in it is not installed. */
export function publishedArtifact(name: ArtifactName): PublishedArtifact {
  const known = artifacts.get(name);
  if (known !== undefined) return known;
  const [packageName = "", contract = ""] = name.split("/");
  const file = readArtifact(packageName, contract);
  const recorded = file.networks?.[ETHEREUM];
  const artifact: PublishedArtifact = {
    name,
    abi: new Interface(file.abi),
    bytecode: file.bytecode,
    mainnetAddress: recorded?.address,
    links: PLACEHOLDER.test(file.bytecode) ? linksOf(packageName, recorded?.links ?? {}) : new Map(),
  };
  artifacts.set(name, artifact);
  return artifact;
}

/**
 * Creation code with arguments.
 * @param libraryAt address of each library that the artifact links.
 */
export function creationCode(
  artifact: PublishedArtifact,
  args: readonly unknown[],
  libraryAt: (library: ArtifactName) => string,
): string {
  let code = artifact.bytecode;
  for (const [placeholder, library] of artifact.links) {
    code = code.replaceAll(placeholder, libraryAt(library).slice(2).toLowerCase());
  }
  if (PLACEHOLDER.test(code)) {
    throw new PermanentError(
      "TBTC_LIBRARY_UNKNOWN",
      `${artifact.name} links a library that its artifact does not name`,
    );
  }
  return code + AbiCoder.defaultAbiCoder().encode(artifact.abi.deploy.inputs, args).slice(2);
}

/** The artifact records where each library stood on Ethereum; the library is the one that was deployed there. */
function linksOf(packageName: string, recorded: Readonly<Record<string, string>>): Map<string, ArtifactName> {
  const known = librariesOf(packageName);
  const links = new Map<string, ArtifactName>();
  for (const [escaped, address] of Object.entries(recorded)) {
    const library = known.get(address.toLowerCase());
    if (library !== undefined) links.set(`__${escaped.replaceAll("\\", "")}__`, library);
  }
  return links;
}

function librariesOf(packageName: string): ReadonlyMap<string, ArtifactName> {
  const known = libraries.get(packageName);
  if (known !== undefined) return known;
  const found = new Map<string, ArtifactName>();
  for (const entry of readdirSync(folderOf(packageName))) {
    const contract = path.basename(entry, ".json");
    const address = readArtifact(packageName, contract).networks?.[ETHEREUM]?.address;
    if (address !== undefined) found.set(address.toLowerCase(), `${packageName}/${contract}` as ArtifactName);
  }
  libraries.set(packageName, found);
  return found;
}

function readArtifact(packageName: string, contract: string): TruffleFile {
  const file = path.join(folderOf(packageName), `${contract}.json`);
  const known = files.get(file);
  if (known !== undefined) return known;
  let parsed: TruffleFile;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8")) as TruffleFile;
  } catch (error) {
    throw missing(packageName, contract, error);
  }
  files.set(file, parsed);
  return parsed;
}

function folderOf(packageName: string): string {
  try {
    return path.join(path.dirname(require.resolve(`@keep-network/${packageName}/package.json`)), "artifacts");
  } catch (error) {
    throw missing(packageName, "package.json", error);
  }
}

function missing(packageName: string, contract: string, cause: unknown): PermanentError {
  return new PermanentError(
    "TBTC_ARTIFACT_MISSING",
    `@keep-network/${packageName} has no ${contract}`,
    "npm ci installs the published contracts with the development packages",
    {},
    { cause },
  );
}
