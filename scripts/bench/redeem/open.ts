/** The world of the benchmark: as it was kept, or made now and kept for the next time. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { EthBtcMedianizer__factory, FixedFeeBeacon__factory } from "../../../protocol/generated/contracts/index.js";
import { ROOT } from "../../world/child.js";
import { keep, keyOf, readKept } from "./kept.js";
import { KeepableNode } from "./node.js";
import { makeWorld, worldSchema, type RedeemWorld, type WorldPlan } from "./world.js";

export interface OpenOptions extends WorldPlan {
  readonly folder: string;
  readonly say: (line: string) => void;
}

/** What makes a world, below the root. */
const SOURCES = [
  ...["world", "crowd", "node"].map((name) => `scripts/bench/redeem/${name}.ts`),
  ...["anvil", "anvil-main", "child"].map((name) => `scripts/world/${name}.ts`),
  ...["scripts/local/chain.ts", "protocol/errors.ts", "protocol/math.ts", "protocol/units.ts"],
];
const SOURCE_FOLDERS = ["scripts/tbtc", "protocol/tbtc"];
const PACKAGES = ["@foundry-rs/anvil", "@keep-network/tbtc", "@keep-network/keep-ecdsa", "@keep-network/keep-core"];

/** Our files that a world is made of; of contracts the bytecode counts. */
export function worldSources(): readonly string[] {
  return [...SOURCES, ...SOURCE_FOLDERS.flatMap(filesOf)];
}

/** Changes with everything that a world is made of. */
export function worldKey({ watched, others }: WorldPlan): string {
  const { resolve } = createRequire(import.meta.url);
  const own = worldSources().map((file) => readFileSync(join(ROOT, file)));
  const packages = PACKAGES.map((name) => readFileSync(resolve(`${name}/package.json`)));
  const contracts = [EthBtcMedianizer__factory.bytecode, FixedFeeBeacon__factory.bytecode];
  return keyOf([String(watched), String(others), ...own, ...packages, ...contracts]);
}

export async function openWorld(
  options: OpenOptions,
): Promise<{ readonly world: RedeemWorld; readonly state: Buffer }> {
  const { folder, say } = options;
  const key = worldKey(options);
  const kept = readKept(folder, key);
  const known = kept === undefined ? undefined : worldSchema.safeParse(kept.facts);
  if (kept !== undefined && known?.success === true) return { world: known.data, state: kept.state };
  say(`world: ${String(options.watched + options.others)} keeps are made once, for ${join(folder, key)}`);
  const node = await KeepableNode.start();
  try {
    const world = await makeWorld(node, options, say);
    const state = await node.dump();
    const deposits = world.deposits.map(({ address, lotSat }) => ({ address, lotSat: String(lotSat) }));
    keep(folder, key, { facts: { ...world, deposits }, state });
    return { world, state };
  } finally {
    await node.close();
  }
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .sort();
}
