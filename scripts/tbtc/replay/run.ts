/** A replay: the same history without the keeper, then with it, from one and the same stage; and what the keeper made of it. */
import type { Env } from "../../../keepers/kit/env.js";
import { Rng } from "../../market/rng.js";
import { startReplayKeeper } from "./keeper.js";
import { play, type Played, type Player } from "./play.js";
import type { EthBtcRow } from "./prices.js";
import { replayReport, type ReplayReport, type Spent } from "./report.js";
import { openReplayWorld, REPLAY_LOTS_SAT, type ReplayWorld } from "./world.js";

export interface ReplayOptions {
  readonly rows: readonly EthBtcRow[];
  readonly seed: number;
  /** TBTC of the keeper, wei; what all its keeps cost when left out. */
  readonly walletUnits?: bigint;
  readonly lotsSat?: readonly bigint[];
  /** Of a new database with all migrations. */
  readonly databaseUrl: string;
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly onProgress?: (share: number) => void;
}

/** @throws PermanentError REPLAY_… when the stage cannot be set; what the keeper throws in a tick. */
export async function runReplay(options: ReplayOptions): Promise<ReplayReport> {
  const { rows, seed, walletUnits, signal, onProgress } = options;
  const [first] = rows;
  const rng = new Rng(seed, "replay");
  const world = await openReplayWorld({
    startSeconds: first?.timestampSeconds ?? 0,
    btcPerEthWad: first?.btcPerEthWad ?? 0n,
    lotsSat: options.lotsSat ?? REPLAY_LOTS_SAT,
    ...(walletUnits === undefined ? {} : { walletUnits }),
    rng: rng.stream("world"),
  });
  try {
    const again = await world.chain.keep();
    const once = (part: number, player?: Player): Promise<Played> =>
      play({
        ...{ world, rows, signal, rng: rng.stream("play") },
        ...(player === undefined ? {} : { player }),
        onRow: (count) => onProgress?.((part + count / rows.length) / 2),
      });
    const without = await once(0);
    await again();
    const keeper = await startReplayKeeper(world, options.databaseUrl, options.env);
    try {
      const before = await holdings(world);
      const fromBlock = await world.chain.provider.getBlockNumber();
      const played = await once(1, keeper);
      const after = await holdings(world);
      const gas = await gasOf(world, fromBlock + 1);
      const spent: Spent = { ...gas, units: before.units - after.units, wei: before.wei - after.wei };
      return replayReport({ world, rows, seed, mode: keeper.mode, without, played, spent });
    } finally {
      await keeper.close();
    }
  } finally {
    await world.close();
  }
}

async function holdings({
  scenario,
  chain,
  roles,
}: ReplayWorld): Promise<{ readonly units: bigint; readonly wei: bigint }> {
  const units = await scenario.contracts.token.balanceOf(roles.redeemer);
  return { units, wei: await chain.provider.getBalance(roles.redeemer) };
}

/** What the keeper's transactions took, failed ones among them. */
async function gasOf(
  { chain, roles }: ReplayWorld,
  fromBlock: number,
): Promise<Pick<Spent, "gas" | "transactions" | "failed">> {
  const newest = await chain.provider.getBlockNumber();
  let [gas, transactions, failed] = [0n, 0, 0];
  for (let number = fromBlock; number <= newest; number += 1) {
    const block = await chain.provider.getBlock(number, true);
    for (const { from, hash } of block?.prefetchedTransactions ?? []) {
      if (from !== roles.redeemer) continue;
      const receipt = await chain.provider.getTransactionReceipt(hash);
      gas += receipt?.gasUsed ?? 0n;
      transactions += 1;
      if (receipt?.status !== 1) failed += 1;
    }
  }
  return { gas, transactions, failed };
}
