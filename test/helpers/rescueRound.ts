/** One round of the rescue core over any protocol: what is behind the boundary is not known here either. */
import { decide, type DecideConfig, type Decision } from "../../keepers/courtesy-call-redeemer/decide.js";
import type { Action, BlockRef, Position, RescueProtocol } from "../../keepers/courtesy-call-redeemer/types.js";

export interface RescueSite<Cursor> {
  readonly protocol: RescueProtocol<Cursor>;
  readonly wallet: string;
  readonly config: DecideConfig;
  readonly balance: { readonly tokenUnits: bigint; readonly nativeWei: bigint };
  readonly gasPriceWei: bigint;
  readonly block: () => Promise<BlockRef>;
  /** Gives what the actions ask to be allowed, and sends their calls. */
  readonly carryOut: (actions: readonly Action[]) => Promise<unknown>;
}

/** Everything that was ever found. */
export async function discoverAll<Cursor>(protocol: RescueProtocol<Cursor>): Promise<readonly Position[]> {
  const found = new Map<string, Position>();
  let cursor: Cursor | undefined;
  for (;;) {
    const look = await protocol.discover(cursor);
    for (const position of look.positions) found.set(position.id, position);
    cursor = look.cursor;
    if (look.more !== true) return [...found.values()];
  }
}

/** Finds, reads, decides, tries and does: in that order, as a keeper does. @throws when what was decided would not be taken by the chain. */
export async function rescueRound<Cursor>(site: RescueSite<Cursor>): Promise<Decision> {
  const { protocol, wallet, config, balance, gasPriceWei } = site;
  const positions = await discoverAll(protocol);
  const block = await site.block();
  const readings = await protocol.read(positions, block);
  const options = await Promise.all(readings.map((reading) => protocol.options(reading, wallet, block)));
  const decision = decide(
    {
      block,
      positions: readings.map((reading, index) => ({ reading, options: options[index] ?? [] })),
      balance,
      onItsWay: [],
      gasPriceWei,
    },
    config,
  );
  const actions = decision.plan.chosen.map(({ action }) => action);
  for (const action of actions) {
    const answer = await protocol.simulate(action, wallet, block);
    if (!answer.ok) throw new Error(`${action.position}: ${answer.name}`);
  }
  await site.carryOut(actions);
  return decision;
}
