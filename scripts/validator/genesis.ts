/** The genesis hash of every cluster that `npm run validator` starts, whatever engine it runs: what may only happen locally asks for it. */
import { blockhashOf } from "./blockhashes.js";

export const LOCAL_GENESIS_SEED = "local";

export function genesisHashOf(seed: string): string {
  return blockhashOf(`genesis/${seed}`, 0n);
}

export const LOCAL_GENESIS_HASH = genesisHashOf(LOCAL_GENESIS_SEED);
