import type { ContractRunner } from "ethers";

import type { Deployment } from "./addresses.js";
import {
  IEnhancedSwapRouter__factory,
  IM1Token__factory,
  IPmmFactory__factory,
  IPmmPool__factory,
  IPmmPrivatePool__factory,
  ISignedPriceFeed__factory,
  IStabilizer__factory,
  IStabilizerLimits__factory,
  IXAUOracle__factory,
  IXauMesh__factory,
  type IEnhancedSwapRouter,
  type IM1Token,
  type IPmmFactory,
  type IPmmPool,
  type IPmmPrivatePool,
  type ISignedPriceFeed,
  type IStabilizer,
  type IStabilizerLimits,
  type IXAUOracle,
  type IXauMesh,
} from "./generated/contracts/index.js";
import type { TokenName } from "./params/schema.js";

/** Typed handles of one deployment for one runner (a provider to read, a signer to act). */
export interface ProtocolContracts {
  token(name: TokenName): IM1Token;
  feeds(name: TokenName): ISignedPriceFeed[];
  /** A registered pool by `base/quote`. */
  pool(pair: string): IPmmPool;
  meshPool(token: TokenName): IPmmPrivatePool;
  readonly oracle: IXAUOracle;
  readonly factory: IPmmFactory;
  readonly mesh: IXauMesh;
  readonly limits: IStabilizerLimits;
  readonly stabilizer: IStabilizer;
  readonly router: IEnhancedSwapRouter;
}

/**
 * Connects typed handles to the addresses of a deployment. Reads nothing from the chain.
 * @throws PermanentError NOT_DEPLOYED when a handle is asked for that the record does not list.
 */
export function connectContracts(deployment: Deployment, runner: ContractRunner): ProtocolContracts {
  return {
    token: (name) => IM1Token__factory.connect(deployment.token(name), runner),
    feeds: (name) => deployment.feeds(name).map((address) => ISignedPriceFeed__factory.connect(address, runner)),
    pool: (pair) => IPmmPool__factory.connect(deployment.address(`PmmPool:${pair}`), runner),
    meshPool: (token) => IPmmPrivatePool__factory.connect(deployment.address(`MeshPool:XAU/${token}`), runner),
    get oracle() {
      return IXAUOracle__factory.connect(deployment.address("XAUOracle"), runner);
    },
    get factory() {
      return IPmmFactory__factory.connect(deployment.address("PmmFactory"), runner);
    },
    get mesh() {
      return IXauMesh__factory.connect(deployment.address("XauMesh"), runner);
    },
    get limits() {
      return IStabilizerLimits__factory.connect(deployment.address("StabilizerLimits"), runner);
    },
    get stabilizer() {
      return IStabilizer__factory.connect(deployment.address("Stabilizer"), runner);
    },
    get router() {
      return IEnhancedSwapRouter__factory.connect(deployment.address("EnhancedSwapRouter"), runner);
    },
  };
}
