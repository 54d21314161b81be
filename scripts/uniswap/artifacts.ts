/** The published contracts of Uniswap v3, and wrapped ether: Hardhat artifacts of npm packages. None of them links a library. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { AbiCoder, Interface, type InterfaceAbi } from "ethers";

import { PermanentError } from "../../protocol/errors.js";

interface PublishedContract {
  readonly abi: Interface;
  readonly bytecode: string;
}

/** Package and source below contracts/. */
const CONTRACTS = {
  UniswapV3Factory: ["@uniswap/v3-core", "UniswapV3Factory.sol"],
  UniswapV3Pool: ["@uniswap/v3-core", "UniswapV3Pool.sol"],
  SwapRouter: ["@uniswap/v3-periphery", "SwapRouter.sol"],
  NonfungiblePositionManager: ["@uniswap/v3-periphery", "NonfungiblePositionManager.sol"],
  QuoterV2: ["@uniswap/v3-periphery", "lens/QuoterV2.sol"],
  WETH9: ["@aave/core-v3", "dependencies/weth/WETH9.sol"],
} as const;
export type UniswapContract = keyof typeof CONTRACTS;

const require = createRequire(import.meta.url);
const known = new Map<UniswapContract, PublishedContract>();

/** @throws PermanentError UNISWAP_ARTIFACT_MISSING when the package or the contract in it is not installed. */
export function uniswapArtifact(name: UniswapContract): PublishedContract {
  const found = known.get(name);
  if (found !== undefined) return found;
  const [packageName, source] = CONTRACTS[name];
  let file: { readonly abi: InterfaceAbi; readonly bytecode: string };
  try {
    const folder = path.dirname(require.resolve(`${packageName}/package.json`));
    const place = path.join(folder, "artifacts", "contracts", source, `${name}.json`);
    file = JSON.parse(readFileSync(place, "utf8")) as typeof file;
  } catch (error) {
    throw new PermanentError(
      "UNISWAP_ARTIFACT_MISSING",
      `${packageName} has no ${name}`,
      "npm ci installs the published contracts with the development packages",
      {},
      { cause: error },
    );
  }
  const contract = { abi: new Interface(file.abi), bytecode: file.bytecode };
  known.set(name, contract);
  return contract;
}

/** Creation code with arguments. */
export function uniswapCreationCode(name: UniswapContract, args: readonly unknown[]): string {
  const { abi, bytecode } = uniswapArtifact(name);
  return bytecode + AbiCoder.defaultAbiCoder().encode(abi.deploy.inputs, args).slice(2);
}
