/** The published contracts of Aave v3: Hardhat artifacts of the npm package, with their libraries linked. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { AbiCoder, Interface, type InterfaceAbi } from "ethers";

import { PermanentError } from "../../protocol/errors.js";

/** Source below contracts/ and contract, as `protocol/pool/Pool.sol:Pool`. */
export type AaveArtifactName = `${string}.sol:${string}`;

export interface AaveArtifact {
  readonly name: AaveArtifactName;
  readonly abi: Interface;
  /** Creation code with placeholders where libraries go. */
  readonly bytecode: string;
  /** Places of each library's address, bytes from the start of the code. */
  readonly links: ReadonlyMap<AaveArtifactName, readonly number[]>;
}

interface HardhatFile {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
  readonly linkReferences: Readonly<Record<string, Readonly<Record<string, readonly { readonly start: number }[]>>>>;
}

const PACKAGE = "@aave/core-v3";
const SOURCES = "contracts/";
const ADDRESS_DIGITS = 40;

const require = createRequire(import.meta.url);
const artifacts = new Map<AaveArtifactName, AaveArtifact>();

/** @throws PermanentError AAVE_ARTIFACT_MISSING when the package or the contract in it is not installed. */
export function aaveArtifact(name: AaveArtifactName): AaveArtifact {
  const known = artifacts.get(name);
  if (known !== undefined) return known;
  const file = readArtifact(name);
  const links = Object.entries(file.linkReferences).flatMap(([source, libraries]) =>
    Object.entries(libraries).map(([library, places]): [AaveArtifactName, readonly number[]] => [
      `${source.slice(SOURCES.length)}:${library}` as AaveArtifactName,
      places.map(({ start }) => start),
    ]),
  );
  const artifact = { name, abi: new Interface(file.abi), bytecode: file.bytecode, links: new Map(links) };
  artifacts.set(name, artifact);
  return artifact;
}

/**
 * Creation code with arguments.
 * @param libraryAt address of each library that the artifact links.
 */
export function aaveCreationCode(
  { abi, bytecode, links }: AaveArtifact,
  args: readonly unknown[],
  libraryAt: (library: AaveArtifactName) => string,
): string {
  let code = bytecode;
  for (const [library, places] of links) {
    const address = libraryAt(library).slice(2).toLowerCase();
    for (const start of places) {
      const from = 2 + 2 * start;
      code = code.slice(0, from) + address + code.slice(from + ADDRESS_DIGITS);
    }
  }
  return code + AbiCoder.defaultAbiCoder().encode(abi.deploy.inputs, args).slice(2);
}

function readArtifact(name: AaveArtifactName): HardhatFile {
  const [source = "", contract = ""] = name.split(":");
  try {
    const folder = path.dirname(require.resolve(`${PACKAGE}/package.json`));
    const file = path.join(folder, "artifacts", SOURCES, source, `${contract}.json`);
    return JSON.parse(readFileSync(file, "utf8")) as HardhatFile;
  } catch (error) {
    throw new PermanentError(
      "AAVE_ARTIFACT_MISSING",
      `${PACKAGE} has no ${name}`,
      "npm ci installs the published contracts with the development packages",
      {},
      { cause: error },
    );
  }
}
