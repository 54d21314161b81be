/** What could be done about a position; one of which nobody can say must not keep the others from being rescued. */
import { RetryableError } from "../../protocol/errors.js";
import { describeError, type KeeperLog } from "../kit/logger.js";
import type { Observation } from "./decide.js";
import type { BlockRef, Reading, RescueProtocol } from "./types.js";

/** @throws RetryableError: about this block nobody can say anything. */
export async function waysOf(
  protocol: Pick<RescueProtocol<unknown>, "options">,
  reading: Reading,
  wallet: string,
  block: BlockRef,
  log: KeeperLog,
): Promise<Observation["positions"][number]> {
  try {
    return { reading, options: await protocol.options(reading, wallet, block) };
  } catch (error) {
    if (error instanceof RetryableError) throw error;
    log.warn("rescue.unreadable", { position: reading.position.id, ...describeError(error) });
    return { reading, options: [], without: "unreadable" };
  }
}
