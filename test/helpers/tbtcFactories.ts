/** The second kind of keep factory, from its published code, taken into use by the governance of a local tBTC v1. */
import { getAddress, Interface } from "ethers";

import { FixedFeeBeacon__factory } from "../../protocol/generated/contracts/index.js";
import { LOT_SIZES_DELAY_SECONDS } from "../../protocol/tbtc/constants.js";
import { tbtcAbi } from "../../protocol/tbtc/contracts.js";
import { type ArtifactName, creationCode, publishedArtifact } from "../../scripts/tbtc/artifacts.js";
import type { TbtcNode } from "./tbtcNode.js";

/** Names the third argument of selectFactory: the fully backed factory, every time. */
const SELECTOR_CODE = "0x600b600c600039600b6000f360443560005260206000f3";
const INITIALIZATION_SECONDS = 1;
const POOL_JOIN_BLOCKS = 11;
const DELEGATION_WEI = 1_000n * 10n ** 18n;

const governance = new Interface([
  "function beginKeepFactoriesUpdate(address staked, address backed, address selector)",
  "function finalizeKeepFactoriesUpdate()",
]);

/** From the second deposit after this on, keeps come from the returned factory: the choice is made one deposit ahead. */
export async function takeIntoUse({
  chain,
  roles,
  world,
}: Pick<TbtcNode, "chain" | "roles" | "world">): Promise<string> {
  const { system, keepFactory } = world.addresses;
  const libraries = new Map<ArtifactName, string>();
  const createCode = async (data: string): Promise<string> => {
    const { contractAddress } = await chain.send({ from: roles.deployer, data });
    return getAddress(contractAddress ?? "");
  };
  const create = async (name: ArtifactName, ...args: unknown[]): Promise<string> => {
    const artifact = publishedArtifact(name);
    for (const library of artifact.links.values()) {
      if (!libraries.has(library)) libraries.set(library, await create(library));
    }
    return createCode(creationCode(artifact, args, (library) => libraries.get(library) ?? ""));
  };
  const call = async (from: string, to: string, name: ArtifactName, method: string, args: unknown[], valueWei = 0n) => {
    const data = publishedArtifact(name).abi.encodeFunctionData(method, args);
    await chain.send({ from, to, data, valueWei });
  };

  const registry = await create("keep-core/KeepRegistry");
  const bonding = await create("keep-ecdsa/FullyBackedBonding", registry, INITIALIZATION_SECONDS);
  const master = await create("keep-ecdsa/FullyBackedECDSAKeep");
  // Its artifact names no library; it is the one of the other kind's.
  let poolsCode = publishedArtifact("keep-ecdsa/FullyBackedSortitionPoolFactory").bytecode;
  for (const [placeholder, library] of publishedArtifact("keep-ecdsa/BondedSortitionPoolFactory").links) {
    poolsCode = poolsCode.replaceAll(placeholder, (await create(library)).slice(2).toLowerCase());
  }
  const pools = await createCode(poolsCode);
  const beacon = await createCode(FixedFeeBeacon__factory.bytecode);
  const FACTORY = "keep-ecdsa/FullyBackedECDSAKeepFactory";
  const BONDING = "keep-ecdsa/FullyBackedBonding";
  const factory = await create(FACTORY, master, pools, bonding, beacon);
  await call(roles.deployer, registry, "keep-core/KeepRegistry", "approveOperatorContract", [factory]);
  await call(roles.deployer, factory, FACTORY, "createSortitionPool", [system]);
  const answer = await chain.provider.call({
    to: factory,
    data: tbtcAbi.keepFactory.encodeFunctionData("getSortitionPool", [system]),
  });
  const pool = getAddress(`0x${answer.slice(-40)}`);
  for (const operator of roles.operators) {
    await call(operator, bonding, BONDING, "delegate", [operator, operator, operator], DELEGATION_WEI);
  }
  await chain.advance(INITIALIZATION_SECONDS + 1);
  for (const operator of roles.operators) {
    await call(operator, bonding, BONDING, "authorizeOperatorContract", [operator, factory]);
    await call(operator, bonding, BONDING, "authorizeSortitionPoolContract", [operator, pool]);
    await call(operator, factory, FACTORY, "registerMemberCandidate", [system]);
  }
  await chain.mine(POOL_JOIN_BLOCKS);

  const chooser = await createCode(SELECTOR_CODE);
  const begin = governance.encodeFunctionData("beginKeepFactoriesUpdate", [keepFactory, factory, chooser]);
  await chain.send({ from: roles.deployer, to: system, data: begin });
  await chain.advance(LOT_SIZES_DELAY_SECONDS + 1n);
  const finalize = governance.encodeFunctionData("finalizeKeepFactoriesUpdate");
  await chain.send({ from: roles.deployer, to: system, data: finalize });
  return factory;
}
