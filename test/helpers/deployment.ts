import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { network } from "hardhat";

import { CantileverError } from "../../protocol/errors.js";
import { loadParams, parseParams, type LoadedParams } from "../../protocol/params/load.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import { deploy, type DeployResult } from "../../scripts/deploy/deploy.js";
import { MemoryStore } from "../../scripts/deploy/store.js";
import type { DeployOptions } from "../../scripts/deploy/types.js";

/** Holds the largest transaction of a deployment; estimates would triple the time of a simulation. */
const GAS_LIMIT = 20_000_000n;

/** The parameters of a network of this machine after a change, validated as a file of its own. */
export function localParams(
  change: (copy: NetworkParams) => void = () => undefined,
  name: "localhost" | "localhost651940" = "localhost",
): LoadedParams {
  const copy = structuredClone(loadParams(name).params);
  change(copy);
  return parseParams(name, JSON.stringify(copy));
}

/** A fresh simulated chain with everything a deployment needs. */
export async function createDeploymentChain(name: "sim138" | "sim651940" = "sim138") {
  const chain = await network.create(name);
  const [deployer, , , , , , , , attacker, trader] = await chain.ethers.getSigners();
  if (deployer === undefined || attacker === undefined || trader === undefined)
    throw new Error("the chain has no accounts");
  const store = new MemoryStore();
  const options: DeployOptions = {
    loaded: localParams(undefined, name === "sim138" ? "localhost" : "localhost651940"),
    provider: chain.ethers.provider,
    signer: deployer,
    store,
    fixedGasLimit: GAS_LIMIT,
  };
  return {
    chain,
    provider: chain.ethers.provider,
    deployer,
    attacker,
    trader,
    store,
    options,
    /** Deploys everything, with the given changes of the options. */
    execute: (changes: Partial<DeployOptions> = {}): Promise<DeployResult> =>
      deploy({ ...options, execute: true, ...changes }),
    /** A signer for an address nobody has the key of, such as the timelock. */
    impersonate: async (address: string): Promise<HardhatEthersSigner> => {
      await chain.networkHelpers.setBalance(address, 10n ** 18n);
      await chain.networkHelpers.impersonateAccount(address);
      return chain.ethers.getSigner(address);
    },
  };
}

export type DeploymentChain = Awaited<ReturnType<typeof createDeploymentChain>>;

/** The typed error that work ends with. Anything else fails the test. */
export async function errorOf(work: Promise<unknown>): Promise<CantileverError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CantileverError) return error;
    throw error;
  }
  throw new Error("expected a typed error, but the work succeeded");
}
