/** tBTC v1 on a simulated chain of its own, put back between tests. */
import { network } from "hardhat";

import { LocalChain } from "../../scripts/local/chain.js";
import {
  deployTbtc,
  REFERENCE_BOND_WEI,
  REFERENCE_LOTS_SAT,
  REFERENCE_PRICE_WAD,
  type TbtcOptions,
} from "../../scripts/tbtc/deploy.js";
import { TbtcScenario } from "../../scripts/tbtc/scenario.js";

/** Accounts of the chain by what they do here. */
export interface TbtcRoles {
  readonly deployer: string;
  readonly operators: readonly string[];
  /** Redeems; has ether and nothing else. */
  readonly redeemer: string;
  readonly rival: string;
  readonly user: string;
}

export async function createTbtcChain(changes: Partial<TbtcOptions> = {}) {
  const connection = await network.create("sim138");
  const chain = new LocalChain(connection.ethers.provider);
  const roles = rolesOf(await chain.accounts());
  const world = await deployTbtc(chain, {
    deployer: roles.deployer,
    operators: roles.operators,
    bondWei: REFERENCE_BOND_WEI,
    lotsSat: REFERENCE_LOTS_SAT,
    btcPerEthWad: REFERENCE_PRICE_WAD,
    ...changes,
  });
  const restores: (() => Promise<void>)[] = [];
  return {
    connection,
    chain,
    roles,
    world,
    scenario: new TbtcScenario(chain, world),
    /** Remembers the chain as it is now; `giveBack` returns to the newest of these. */
    async keep(): Promise<void> {
      const snapshot = await connection.networkHelpers.takeSnapshot();
      restores.push(() => snapshot.restore());
    },
    async giveBack(): Promise<void> {
      await restores.pop()?.();
    },
    close: () => connection.close(),
  };
}

export type TbtcChain = Awaited<ReturnType<typeof createTbtcChain>>;

/** The first accounts of a development chain, by what they do. */
export function rolesOf(accounts: readonly string[]): TbtcRoles {
  const [deployer, one, two, three, four, redeemer, rival, user] = accounts;
  if (deployer === undefined || one === undefined || two === undefined || three === undefined || four === undefined) {
    throw new Error("the chain has too few accounts");
  }
  if (redeemer === undefined || rival === undefined || user === undefined) {
    throw new Error("the chain has too few accounts");
  }
  return { deployer, operators: [one, two, three, four], redeemer, rival, user };
}
