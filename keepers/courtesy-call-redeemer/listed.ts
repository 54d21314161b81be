/** Which of the known positions are worth a look. */
import type { Operators } from "./strategies/modes.js";
import type { BlockRef, Position, RescueProtocol } from "./types.js";

/** For a fee only what somebody pays for, and what is on its way; else everything. */
export async function listedOf(
  protocol: Pick<RescueProtocol<unknown>, "listed">,
  operators: Operators,
  watched: readonly Position[],
  busy: ReadonlySet<string>,
  wallet: string,
  block: BlockRef,
): Promise<readonly Position[]> {
  if (operators.kind === "own" || protocol.listed === undefined) return watched;
  const listed = new Set((await protocol.listed(watched, wallet, block)).map(({ id }) => id));
  return watched.filter(({ id }) => listed.has(id) || busy.has(id));
}
