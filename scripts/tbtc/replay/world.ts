/**
 * The stage of a replay: the real system on a node of its own, and deposits of several sizes, opened at several prices, so that they get
 * into danger one after the other. All TBTC is minted from deposits; those that back the supply of the others are collateralised so far that no
 * history reaches them.
 */
import { JsonRpcProvider, toQuantity } from "ethers";
import { network } from "hardhat";

import { PermanentError } from "../../../protocol/errors.js";
import { maxBigint, mulDivUp } from "../../../protocol/math.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { satToTbtcWei } from "../../../protocol/tbtc/units.js";
import type { Rng } from "../../market/rng.js";
import { deployTbtc, REFERENCE_BOND_WEI, REFERENCE_LOTS_SAT, REFERENCE_PRICE_WAD } from "../deploy.js";
import { TbtcScenario, type Deposit } from "../scenario.js";
import { DatedChain } from "./chain.js";

/** Accounts by what they do. */
export interface ReplayRoles {
  readonly deployer: string;
  readonly operators: readonly string[];
  /** The keeper's. */
  readonly redeemer: string;
  readonly rivals: readonly string[];
  readonly liquidator: string;
  readonly buyer: string;
}

export interface ReplayDeposit extends Deposit {
  readonly bondWei: bigint;
  /** How many of its members are the operator that the keeper looks after. */
  readonly ownMembers: bigint;
  readonly isSold: boolean;
}

export interface ReplayWorld {
  readonly url: string;
  readonly chain: DatedChain;
  readonly scenario: TbtcScenario;
  readonly roles: ReplayRoles;
  /** Of whom the keeper looks after the keeps. */
  readonly operator: string;
  readonly deposits: readonly ReplayDeposit[];
  readonly walletUnits: bigint;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly startSeconds: number;
  /** BTC per ETH at the start, 1e18 = one. */
  readonly btcPerEthWad: bigint;
  readonly lotsSat: readonly bigint[];
  /** TBTC of the keeper; what all its keeps cost when left out. */
  readonly walletUnits?: bigint;
  readonly rng: Rng;
}

/** Twelve deposits of 25.4 BTC. */
export const REPLAY_LOTS_SAT: readonly bigint[] = [
  1_000_000_000n,
  500_000_000n,
  500_000_000n,
  100_000_000n,
  100_000_000n,
  100_000_000n,
  100_000_000n,
  50_000_000n,
  50_000_000n,
  20_000_000n,
  10_000_000n,
  10_000_000n,
];

/** Accounts of the node in the order of the roles; twenty there are. */
const OPERATORS = 4;
const RIVALS = 2;
/** What comes before the first row: lots and supply take 65 days, deposits and money some hundred blocks. */
const PREPARATION_SECONDS = 70 * 86_400;
/** Opening prices lie from 12 % below to 8 % above the first one: 170 to 139 % of collateral at the start. */
const CHEAPEST_BPS = 8_800;
const PRICE_SPAN_BPS = 2_000;
const ALL_BPS = 10_000n;
/** Deposits that only back the supply are opened at a third of the price: 450 % of collateral. */
const BACKING_DIVISOR = 3n;
const BACKING_LOT_SAT = 1_000_000_000n;
/** Every fifth deposit stays with its user: it is redeemed directly. */
const KEPT_BY_USER = 5;
/** Above the lots: what redeeming early costs, and a rest. */
const WALLET_MARGIN_BPS = 10n;
/** Of all lots, what each rival has. */
const RIVAL_SHARE_BPS = 1_500n;
const PURSE_FACTOR = 3n;

/** @throws PermanentError REPLAY_TOO_EARLY for a history that begins with 1970. */
export async function openReplayWorld(options: WorldOptions): Promise<ReplayWorld> {
  const { startSeconds, btcPerEthWad } = options;
  if (startSeconds < PREPARATION_SECONDS) {
    const what = `the history begins at ${String(startSeconds)}; the system is opened 70 days before`;
    throw new PermanentError("REPLAY_TOO_EARLY", what, "are the timestamps unix seconds?");
  }
  const initialDate = new Date((startSeconds - PREPARATION_SECONDS) * 1_000).toISOString();
  const server = await network.createServer({ network: "sim138", override: { initialDate } }, "127.0.0.1", 0);
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${String(port)}`;
  const provider = new JsonRpcProvider(url, 138, { staticNetwork: true, cacheTimeout: -1, batchStallTime: 0 });
  const close = async (): Promise<void> => {
    provider.destroy();
    await server.close();
  };
  try {
    const chain = await DatedChain.start(provider);
    const roles = rolesOf(await chain.accounts());
    // Where ether is worth less, the same bitcoin takes more of it.
    const bondWei = maxBigint(
      REFERENCE_BOND_WEI,
      mulDivUp(PURSE_FACTOR * REFERENCE_BOND_WEI, REFERENCE_PRICE_WAD, btcPerEthWad),
    );
    for (const operator of roles.operators) {
      await provider.send("hardhat_setBalance", [operator, toQuantity(2n * bondWei)]);
    }
    const { deployer, operators } = roles;
    const system = await deployTbtc(chain, { deployer, operators, bondWei, lotsSat: REFERENCE_LOTS_SAT, btcPerEthWad });
    const scenario = new TbtcScenario(chain, system);
    const stage = await furnish(scenario, chain, roles, options);
    return { url, chain, scenario, roles, ...stage, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function rolesOf(accounts: readonly string[]): ReplayRoles {
  const [deployer, ...others] = accounts;
  const operators = others.splice(0, OPERATORS);
  const rivals = others.splice(0, RIVALS);
  const [redeemer, liquidator, buyer] = others;
  if (deployer === undefined || redeemer === undefined || liquidator === undefined || buyer === undefined) {
    throw new PermanentError("REPLAY_ACCOUNTS_FEW", "the chain has too few accounts");
  }
  return { deployer, operators, redeemer, rivals, liquidator, buyer };
}

async function furnish(
  scenario: TbtcScenario,
  chain: DatedChain,
  roles: ReplayRoles,
  { btcPerEthWad, lotsSat, walletUnits, rng }: WorldOptions,
): Promise<Pick<ReplayWorld, "operator" | "deposits" | "walletUnits">> {
  const [operator = ""] = roles.operators;
  const prices = rng.stream("opening");
  const deposits: ReplayDeposit[] = [];
  const open = async (lotSat: bigint, isSold: boolean): Promise<void> => {
    const deposit = await scenario.open({ lotSat, holder: isSold ? "vending-machine" : "user" });
    const bondWei = await scenario.contracts.keep(deposit.keep).checkBondAmount();
    const ownMembers = BigInt(deposit.members.filter((member) => member === operator).length);
    deposits.push({ ...deposit, bondWei, ownMembers, isSold });
  };
  for (const [index, lotSat] of lotsSat.entries()) {
    const bps = BigInt(CHEAPEST_BPS + prices.below(PRICE_SPAN_BPS + 1));
    await scenario.setPrice((btcPerEthWad * bps) / ALL_BPS);
    await open(lotSat, index % KEPT_BY_USER !== KEPT_BY_USER - 1);
  }
  const lotsWei = sum(deposits.map(({ lotSat }) => satToTbtcWei(lotSat)));
  const ownWei = sum(deposits.filter(({ ownMembers }) => ownMembers > 0n).map(({ lotSat }) => satToTbtcWei(lotSat)));
  const purse = walletUnits ?? mulDivUp(ownWei, ALL_BPS + WALLET_MARGIN_BPS, ALL_BPS);
  const rivalUnits = (lotsWei * RIVAL_SHARE_BPS) / ALL_BPS;
  // Whoever buys bonds on auction may need a lot for each of them.
  const neededUnits = purse + BigInt(RIVALS) * rivalUnits + lotsWei;
  await scenario.setPrice(btcPerEthWad / BACKING_DIVISOR);
  while ((await scenario.contracts.token.balanceOf(roles.deployer)) < neededUnits) {
    await open(BACKING_LOT_SAT, true);
  }
  await scenario.setPrice(btcPerEthWad);
  await scenario.transferTbtc(roles.deployer, roles.redeemer, purse);
  for (const rival of roles.rivals) await scenario.transferTbtc(roles.deployer, rival, rivalUnits);
  await scenario.transferTbtc(roles.deployer, roles.buyer, lotsWei);
  await allow(scenario, roles, lotsWei);
  return { operator, deposits, walletUnits: purse };
}

/** Rivals and buyer are ready to act in any block. */
async function allow(scenario: TbtcScenario, { rivals }: ReplayRoles, units: bigint): Promise<void> {
  const { token, vendingMachine } = scenario.world.addresses;
  const data = tbtcAbi.token.encodeFunctionData("approve", [vendingMachine, units]);
  for (const rival of rivals) await scenario.send(rival, token, data);
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
