import type { ContractRunner } from "ethers";

import {
  IBondedEcdsaKeep__factory,
  IBondedEcdsaKeepFactory__factory,
  IFullyBackedEcdsaKeepFactory__factory,
  IKeepBonding__factory,
  ITbtcDeposit__factory,
  ITbtcDepositFactory__factory,
  ITbtcOwnershipToken__factory,
  ITbtcSystem__factory,
  ITbtcToken__factory,
  ITbtcVendingMachine__factory,
} from "../generated/contracts/index.js";
import type { TbtcAddresses } from "./addresses.js";

/** One interface per contract: what to encode calls with and to read logs by. */
export const tbtcAbi = {
  deposit: ITbtcDeposit__factory.createInterface(),
  system: ITbtcSystem__factory.createInterface(),
  vendingMachine: ITbtcVendingMachine__factory.createInterface(),
  token: ITbtcToken__factory.createInterface(),
  ownershipToken: ITbtcOwnershipToken__factory.createInterface(),
  depositFactory: ITbtcDepositFactory__factory.createInterface(),
  keep: IBondedEcdsaKeep__factory.createInterface(),
  keepFactory: IBondedEcdsaKeepFactory__factory.createInterface(),
  fullyBackedFactory: IFullyBackedEcdsaKeepFactory__factory.createInterface(),
  keepBonding: IKeepBonding__factory.createInterface(),
} as const;

export type TbtcContracts = ReturnType<typeof connectTbtc>;

/** Typed handles to one tBTC v1 system. Reads nothing from the chain. */
export function connectTbtc(addresses: TbtcAddresses, runner: ContractRunner) {
  return {
    addresses,
    system: ITbtcSystem__factory.connect(addresses.system, runner),
    token: ITbtcToken__factory.connect(addresses.token, runner),
    depositToken: ITbtcOwnershipToken__factory.connect(addresses.depositToken, runner),
    feeRebateToken: ITbtcOwnershipToken__factory.connect(addresses.feeRebateToken, runner),
    vendingMachine: ITbtcVendingMachine__factory.connect(addresses.vendingMachine, runner),
    depositFactory: ITbtcDepositFactory__factory.connect(addresses.depositFactory, runner),
    keepFactory: IBondedEcdsaKeepFactory__factory.connect(addresses.keepFactory, runner),
    keepBonding: IKeepBonding__factory.connect(addresses.keepBonding, runner),
    deposit: (address: string) => ITbtcDeposit__factory.connect(address, runner),
    keep: (address: string) => IBondedEcdsaKeep__factory.connect(address, runner),
  };
}

/** Id of a deposit's TDT and FRT. */
export function depositTokenId(deposit: string): bigint {
  return BigInt(deposit);
}
