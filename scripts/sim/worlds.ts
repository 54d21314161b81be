/**
 * Deployed worlds that serve several simulations: taking back what one of them did costs milliseconds, a deployment seconds. A world that
 * was taken back differs from a fresh one in nothing but its age, which no figure depends on.
 */
import type { LoadedParams } from "../../protocol/params/load.js";
import type { Grant } from "../deploy/types.js";
import type { NodeKind } from "./node/open.js";
import { openWorld, type SimWorld } from "./setup.js";

/** Gives `work` worlds that are closed when it has ended. */
export async function withWorlds<T>(work: (worlds: SimWorlds) => Promise<T>, node?: NodeKind): Promise<T> {
  const worlds = new SimWorlds(node);
  try {
    return await work(worlds);
  } finally {
    await worlds.close();
  }
}

/** A world as `openWorld` makes it, for as long as the work lasts. */
export type TakeWorld = (loaded: LoadedParams, grants?: readonly Grant[]) => Promise<SimWorld>;

interface Kept {
  readonly about: string;
  readonly world: SimWorld;
  isFree: boolean;
}

export class SimWorlds {
  #kept: Kept[] = [];

  constructor(private readonly node: NodeKind = "hardhat") {}

  /** What `work` takes is its own until it ends. */
  async use<T>(work: (take: TakeWorld) => Promise<T>): Promise<T> {
    const taken: Kept[] = [];
    try {
      return await work(async (loaded, grants = []) => {
        const kept = await this.#take(loaded, grants);
        taken.push(kept);
        return kept.world;
      });
    } finally {
      for (const kept of taken) kept.isFree = true;
    }
  }

  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = [];
    await Promise.all(kept.map(({ world }) => world.chain.close()));
  }

  async #take(loaded: LoadedParams, grants: readonly Grant[]): Promise<Kept> {
    const about = aboutOf(loaded, grants);
    const free = this.#kept.find((kept) => kept.isFree && kept.about === about);
    if (free !== undefined) {
      free.isFree = false;
      await free.world.chain.rewind();
      return free;
    }
    const kept = { about, world: await openWorld(this.node, loaded, grants), isFree: false };
    this.#kept.push(kept);
    await kept.world.chain.mark();
    return kept;
  }
}

/** Everything that a deployment depends on. */
function aboutOf({ network, params }: LoadedParams, grants: readonly Grant[]): string {
  return JSON.stringify([network, params, grants], (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}
