/** What a keeper may call an error because a block that it was looking at is gone. Everything else stays an error, also at such a moment. */
import type { LoggedError } from "../copies.js";
import { ARBITRAGE } from "./arbitrage.js";

/** It could not finish its look at a block; it looks again at the next one. */
const FAILED_LOOKS: readonly string[] = ["tick.failed", "upkeep.failed"];
/** Nodes do not have the block, or answer for another one. */
const CODES: readonly string[] = ["NO_QUORUM", "NODE_BEHIND"];

/** `network`: of the chain whose block was replaced. The keeper that trades between both looks at both at once. */
export function isEcho({ keeper, network: where, event, code }: LoggedError, network: string): boolean {
  if (where !== network && keeper !== ARBITRAGE) return false;
  return FAILED_LOOKS.includes(event) && CODES.includes(code);
}
