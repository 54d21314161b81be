/** Which death comes next: every place between two lines in turn, and in between the ones that need no place. */
import { FAULT_POINTS, type FaultPoint } from "../../../keepers/kit/outbox/faultPoints.js";
import type { Rng } from "../../market/rng.js";

/** timer: at any moment. stopped: asleep until another one leads, then awake again, then dead. postgres: together with the database. */
export type Death = FaultPoint | "timer" | "stopped" | "postgres";

/** What has to happen for the place to be passed; repeated until it was. */
export interface Provocation {
  /** Transactions are forgotten for so many blocks, so that they have to be replaced, or come too late. */
  readonly forgetBlocks: number;
  /** So many blocks are unwound. */
  readonly reorgDepth: number;
  /** No broadcast gets an answer. */
  readonly mute: boolean;
  /** The signer answers late, so that two transactions are needed. */
  readonly remote: boolean;
}

const REMOTE_PLACES: ReadonlySet<Death> = new Set(["submit.after-assign", "submit.after-remote-signature"]);
const OTHER_DEATHS: readonly Death[] = ["timer", "timer", "stopped"];
const POSTGRES_EVERY = 25;
/** Blocks in which nothing is taken: longer than a worker waits before it replaces. */
const FORGET_BLOCKS = 6;
const DEEPEST = 3;

/** Whether a worker dies there by itself once it is armed. */
export function isPlace(death: Death): death is FaultPoint {
  return (FAULT_POINTS as readonly string[]).includes(death);
}

export function deathOf(index: number): Death {
  if (index % POSTGRES_EVERY === POSTGRES_EVERY - 1) return "postgres";
  const deaths: readonly Death[] = [...FAULT_POINTS, ...OTHER_DEATHS];
  return deaths[index % deaths.length] ?? "timer";
}

export function provocationOf(death: Death, rng: Rng): Provocation {
  const unwinds = death.startsWith("unwind.");
  return {
    forgetBlocks: death.startsWith("bump.") ? FORGET_BLOCKS : 0,
    reorgDepth: unwinds ? DEEPEST : rng.below(4) === 0 ? 1 + rng.below(DEEPEST) : 0,
    mute: death === "send.after-without-reply",
    remote: REMOTE_PLACES.has(death) || rng.below(4) === 0,
  };
}
