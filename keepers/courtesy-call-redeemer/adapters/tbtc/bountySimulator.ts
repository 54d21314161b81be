/** What the chain would answer to a rescue through the escrow on top of a block, and who or what stands against it by name. */
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { rescueBountyAbi } from "../../../../protocol/tbtc/bounty.js";
import { DepositState, depositState, depositStateName, SETTLING_STATES } from "../../../../protocol/tbtc/states.js";
import type { Action, BlockRef, ErrorClass, Simulation } from "../../types.js";
import type { AgreedReads } from "./agreedReads.js";
import type { Bounties } from "./bounties.js";
import { overridesOf, type Simulator } from "./simulate.js";
import { numberOf, view } from "./views.js";

export interface BountySimulatorParts {
  readonly reads: AgreedReads;
  readonly addresses: TbtcAddresses;
  readonly escrow: string;
  readonly simulator: Pick<Simulator, "run">;
  readonly bounties: Pick<Bounties, "agreed">;
}

export class BountySimulator {
  constructor(private readonly parts: BountySimulatorParts) {}

  /** By what enough nodes say alike. @throws RetryableError NO_QUORUM: nothing may be signed then. */
  async simulate(action: Action, wallet: string, block: BlockRef): Promise<Simulation> {
    const { reads, addresses, escrow, simulator, bounties } = this.parts;
    const id = action.position;
    const views = [
      view("deposit", id, "currentState"),
      view("token", addresses.token, "balanceOf", [wallet]),
      view("token", addresses.token, "allowance", [wallet, escrow]),
    ] as const;
    const [answers, bounty] = await Promise.all([
      reads.read(
        block,
        views.map(({ read }) => read),
      ),
      bounties.agreed(id, block),
    ]);
    const [stateAnswer, balance, allowedUnits] = views.map((one, index) => numberOf(one.decode(answers[index])));
    const state = depositState(stateAnswer ?? 0n);
    if (bounty?.provider !== undefined) return refused("rescued-by-another", "BOUNTY_EARNED");
    if (SETTLING_STATES.has(state) || state === DepositState.REDEEMED) {
      return refused("rescued-by-another", "TBTC_ALREADY_REDEEMING");
    }
    if (state !== DepositState.ACTIVE && state !== DepositState.COURTESY_CALL) {
      return refused("terminal", `TBTC_${depositStateName(state)}`);
    }
    if ((bounty?.openWei ?? 0n) < leastBountyWei(action)) return refused("retryable", "BOUNTY_WITHDRAWN");
    if ((balance ?? 0n) < action.costUnits) return refused("misconfigured", "TBTC_ALLOWANCE_OR_BALANCE_SHORT");
    const found = { allowedUnits: allowedUnits ?? 0n, stateWord: undefined };
    const overrides = overridesOf(action, wallet, found, 0);
    const verdict = await simulator.run(action, action.calls, wallet, block, [overrides]);
    // Nodes that take no changed state have been asked for everything above.
    return verdict ?? { ok: true };
  }
}

/** What the order asks for. */
function leastBountyWei({ calls }: Action): bigint {
  const [order] = rescueBountyAbi.decodeFunctionData("rescue", calls.at(-1)?.data ?? "0x") as unknown as [
    { readonly minBountyWei: bigint },
  ];
  return order.minBountyWei;
}

function refused(error: ErrorClass, name: string): Simulation {
  return { ok: false, error, name };
}
