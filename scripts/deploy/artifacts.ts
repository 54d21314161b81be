import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import { codeHash } from "../../protocol/hashes.js";

const ARTIFACTS = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "artifacts", "contracts");

const artifactSchema = z.object({
  deployedBytecode: z.string(),
  immutableReferences: z.record(z.string(), z.array(z.object({ start: z.number(), length: z.number() }))).optional(),
});

interface Runtime {
  readonly code: string;
  readonly immutables: readonly { start: number; length: number }[];
}

const cache = new Map<string, Runtime>();

/** @param source path below `contracts/`, without extension, whose last part is the contract's name. */
function runtimeOf(source: string): Runtime {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const name = source.split("/").at(-1) ?? source;
  const file = join(ARTIFACTS, `${source}.sol`, `${name}.json`);
  let artifact;
  try {
    artifact = artifactSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new PermanentError(
      "NOT_COMPILED",
      `there is no compiled ${source}`,
      "run: npx hardhat build",
      { source },
      { cause: error },
    );
  }
  const runtime = {
    code: artifact.deployedBytecode.toLowerCase(),
    immutables: Object.values(artifact.immutableReferences ?? {}).flat(),
  };
  cache.set(source, runtime);
  return runtime;
}

/** Whether code on the chain is our compiled contract, whatever values its immutables have (the CREATE2 address vouches for those). */
export function isOurCode(source: string, codeOnChain: string): boolean {
  const { code, immutables } = runtimeOf(source);
  if (codeOnChain.length !== code.length) return false;
  return blank(codeOnChain.toLowerCase(), immutables) === blank(code, immutables);
}

/** Hash of code on the chain without the values of its immutables, some of which differ from chain to chain (EIP-712 domains). */
export function codeShape(codeOnChain: string, source: string | undefined): string {
  const immutables = source !== undefined && isOurCode(source, codeOnChain) ? runtimeOf(source).immutables : [];
  return codeHash(blank(codeOnChain.toLowerCase(), immutables));
}

function blank(code: string, ranges: Runtime["immutables"]): string {
  let result = code;
  for (const { start, length } of ranges) {
    const from = 2 + 2 * start;
    const to = from + 2 * length;
    result = result.slice(0, from) + "0".repeat(2 * length) + result.slice(to);
  }
  return result;
}
