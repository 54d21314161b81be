/** Deployed contracts fit the limits of EIP-170 (runtime code) and EIP-3860 (creation code). */
import type { Finding } from "./finding.js";

/** EIP-170. */
const MAX_RUNTIME_BYTES = 24_576;
/** EIP-3860. */
const MAX_CREATION_BYTES = 49_152;

export interface Artifact {
  readonly sourceName: string;
  readonly contractName: string;
  /** 0x-hex, empty for interfaces and abstract contracts. */
  readonly bytecode: string;
  readonly deployedBytecode: string;
}

const byteLength = (hex: string): number => Math.max(0, hex.length - 2) / 2;

/** Contracts that could not be deployed. Mocks are never deployed. */
export function checkSizes(artifacts: readonly Artifact[]): Finding[] {
  return artifacts
    .filter(({ sourceName }) => sourceName.startsWith("contracts/") && !sourceName.startsWith("contracts/mocks/"))
    .flatMap(({ sourceName, contractName, bytecode, deployedBytecode }) => {
      const sizes = [
        { rule: "runtime-size", bytes: byteLength(deployedBytecode), limit: MAX_RUNTIME_BYTES },
        { rule: "creation-size", bytes: byteLength(bytecode), limit: MAX_CREATION_BYTES },
      ];
      return sizes
        .filter(({ bytes, limit }) => bytes > limit)
        .map(({ rule, bytes, limit }) => ({
          rule,
          place: `${sourceName}:${contractName}`,
          message: `${String(bytes)} bytes, limit ${String(limit)}`,
        }));
    });
}
