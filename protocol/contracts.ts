import type { ContractRunner } from "ethers";

import { recordNames, type Deployment } from "./addresses.js";
import {
  IAlltraCustomBridge__factory,
  IBridgeAdapter__factory,
  IBridgeReserveCoordinator__factory,
  ICapitalBuckets__factory,
  IFlashVault__factory,
  IPublicLiquidity__factory,
  IReserveSystem__factory,
  IStablecoinReserveVault__factory,
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
  type IAlltraCustomBridge,
  type IBridgeAdapter,
  type IBridgeReserveCoordinator,
  type ICapitalBuckets,
  type IFlashVault,
  type IPublicLiquidity,
  type IReserveSystem,
  type IStablecoinReserveVault,
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
import { contractAt } from "./handles.js";
import type { ReservedToken, TokenName } from "./params/schema.js";

/** Typed handles of one deployment for one runner (a provider to read, a signer to act). */
export interface ProtocolContracts {
  token(name: TokenName): IM1Token;
  feeds(name: TokenName): ISignedPriceFeed[];
  /** A registered pool by `base/quote`. */
  pool(pair: string): IPmmPool;
  meshPool(token: TokenName): IPmmPrivatePool;
  /** Exchanges a token and its reserve asset at par. */
  vault(token: ReservedToken): IStablecoinReserveVault;
  readonly reserves: IReserveSystem;
  readonly buckets: ICapitalBuckets;
  readonly flashVault: IFlashVault;
  readonly publicLiquidity: IPublicLiquidity;
  readonly oracle: IXAUOracle;
  readonly factory: IPmmFactory;
  readonly mesh: IXauMesh;
  readonly limits: IStabilizerLimits;
  readonly stabilizer: IStabilizer;
  readonly router: IEnhancedSwapRouter;
  readonly bridge: IAlltraCustomBridge;
  readonly bridgeAdapter: IBridgeAdapter;
  readonly bridgeCoordinator: IBridgeReserveCoordinator;
}

/**
 * Connects typed handles to the addresses of a deployment. Reads nothing from the chain.
 * @throws PermanentError NOT_DEPLOYED when a handle is asked for that the record does not list.
 */
export function connectContracts(deployment: Deployment, runner: ContractRunner): ProtocolContracts {
  return {
    token: (name) => contractAt(IM1Token__factory, deployment.token(name), runner),
    feeds: (name) => deployment.feeds(name).map((address) => contractAt(ISignedPriceFeed__factory, address, runner)),
    pool: (pair) => contractAt(IPmmPool__factory, deployment.address(`PmmPool:${pair}`), runner),
    meshPool: (token) => contractAt(IPmmPrivatePool__factory, deployment.address(`MeshPool:XAU/${token}`), runner),
    vault: (token) =>
      contractAt(IStablecoinReserveVault__factory, deployment.address(recordNames.reserveVault(token)), runner),
    get reserves() {
      return contractAt(IReserveSystem__factory, deployment.address("ReserveSystem"), runner);
    },
    get buckets() {
      return contractAt(ICapitalBuckets__factory, deployment.address("CapitalBuckets"), runner);
    },
    get flashVault() {
      return contractAt(IFlashVault__factory, deployment.address("FlashVault"), runner);
    },
    get publicLiquidity() {
      return contractAt(IPublicLiquidity__factory, deployment.address("PublicLiquidity"), runner);
    },
    get oracle() {
      return contractAt(IXAUOracle__factory, deployment.address("XAUOracle"), runner);
    },
    get factory() {
      return contractAt(IPmmFactory__factory, deployment.address("PmmFactory"), runner);
    },
    get mesh() {
      return contractAt(IXauMesh__factory, deployment.address("XauMesh"), runner);
    },
    get limits() {
      return contractAt(IStabilizerLimits__factory, deployment.address("StabilizerLimits"), runner);
    },
    get stabilizer() {
      return contractAt(IStabilizer__factory, deployment.address("Stabilizer"), runner);
    },
    get router() {
      return contractAt(IEnhancedSwapRouter__factory, deployment.address("EnhancedSwapRouter"), runner);
    },
    get bridge() {
      return contractAt(IAlltraCustomBridge__factory, deployment.address("AlltraCustomBridge"), runner);
    },
    get bridgeAdapter() {
      return contractAt(IBridgeAdapter__factory, deployment.address("AlltraAdapter"), runner);
    },
    get bridgeCoordinator() {
      return contractAt(IBridgeReserveCoordinator__factory, deployment.address("BridgeReserveCoordinator"), runner);
    },
  };
}
