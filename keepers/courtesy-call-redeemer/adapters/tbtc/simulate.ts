/**
 * What the chain would answer to exactly these calls on top of a block. The deposit is looked at first: once another redemption was
 * requested, the vending machine answers with a text about approvals that says nothing of it. Allowances that are still to be given, and
 * the call of the courtesy before the redemption, are written into the state of the call where the node takes that.
 */
import { toBeHex, toQuantity } from "ethers";

import { RetryableError } from "../../../../protocol/errors.js";
import { findRevertData, protocolDecoder } from "../../../../protocol/revert.js";
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { depositTokenId } from "../../../../protocol/tbtc/contracts.js";
import { tbtcRevert } from "../../../../protocol/tbtc/reverts.js";
import { DepositState, depositState, depositStateName, SETTLING_STATES } from "../../../../protocol/tbtc/states.js";
import {
  allowanceSlot,
  depositSlots,
  stateOfWord,
  wordValue,
  wordWithState,
} from "../../../../protocol/tbtc/storage.js";
import type { MoneyRead } from "../../../kit/providers/agreement.js";
import type { Action, BlockRef, Call, ErrorClass, Simulation } from "../../types.js";
import type { AgreedReads } from "./agreedReads.js";
import { classOf } from "./classify.js";
import { addressOf, numberOf, slotRead, view } from "./views.js";

export interface SimulatorParts {
  readonly reads: AgreedReads;
  readonly addresses: TbtcAddresses;
}

/** What the wallet finds on the block, as enough nodes say it. */
interface Found {
  readonly state: DepositState;
  readonly holder: string;
  readonly balanceUnits: bigint;
  readonly allowedUnits: bigint;
  /** The word with the deposit's state, where it is laid out as known. */
  readonly stateWord: bigint | undefined;
}

/** Storage by slot, by contract. */
type Overrides = Readonly<Record<string, { readonly stateDiff: Readonly<Record<string, string>> }>>;

export class Simulator {
  constructor(private readonly parts: SimulatorParts) {}

  /** By what enough nodes say alike. @throws RetryableError NO_QUORUM: nothing may be signed then. */
  async simulate(action: Action, wallet: string, block: BlockRef): Promise<Simulation> {
    const found = await this.find(action, wallet, block);
    const hindrance = this.hindrance(action, found);
    if (hindrance !== undefined) return hindrance;
    const isCalling = action.effect === "call-and-rescue";
    // What comes after the call of a courtesy can be run where the deposit's storage is known.
    const calls = isCalling && found.stateWord === undefined ? action.calls.slice(0, 1) : action.calls;
    const overrides = calls.map((_, index) => overridesOf(action, wallet, found, index));
    const verdict = await this.run(action, calls, wallet, block, overrides);
    if (verdict !== undefined) return verdict;
    // Nodes that take no changed state can run what needs none; the rest has been looked at above.
    const needsNone = isCalling || found.allowedUnits >= (action.allowance?.units ?? 0n);
    const plain = needsNone ? action.calls.slice(0, 1) : [];
    return (await this.run(action, plain, wallet, block, [])) ?? { ok: true };
  }

  private async find(action: Action, wallet: string, block: BlockRef): Promise<Found> {
    const { reads, addresses } = this.parts;
    const id = action.position;
    const views = [
      view("deposit", id, "currentState"),
      view("ownershipToken", addresses.depositToken, "ownerOf", [depositTokenId(id)]),
      view("token", addresses.token, "balanceOf", [wallet]),
      view("token", addresses.token, "allowance", [wallet, action.allowance?.spender ?? id]),
    ] as const;
    const all = [...views.map(({ read }) => read), slotRead(id, depositSlots.state, block)];
    const [state, holder, balance, allowed, word] = await reads.read(block, all);
    const current = depositState(numberOf(views[0].decode(state)));
    const stateWord = wordValue(word);
    return {
      state: current,
      holder: addressOf(views[1].decode(holder)),
      balanceUnits: numberOf(views[2].decode(balance)),
      allowedUnits: numberOf(views[3].decode(allowed)),
      stateWord: stateWord !== undefined && stateOfWord(stateWord) === current ? stateWord : undefined,
    };
  }

  private hindrance(action: Action, { state, holder, balanceUnits }: Found): Simulation | undefined {
    if (SETTLING_STATES.has(state) || state === DepositState.REDEEMED) {
      return refused("rescued-by-another", "TBTC_ALREADY_REDEEMING");
    }
    if (state !== DepositState.ACTIVE && state !== DepositState.COURTESY_CALL) {
      return refused("terminal", `TBTC_${depositStateName(state)}`);
    }
    // Costs, calls and ways were those of another state: the next look makes the right ones.
    if (action.effect === "call-and-rescue" && state === DepositState.COURTESY_CALL) {
      return refused("retryable", "TBTC_ALREADY_CALLED");
    }
    const machine = this.parts.addresses.vendingMachine.toLowerCase();
    if (action.calls.at(-1)?.to === machine && holder !== machine) {
      return refused("retryable", "TBTC_NOT_OWNED_BY_VENDING_MACHINE");
    }
    if (balanceUnits < action.costUnits) return refused("misconfigured", "TBTC_ALLOWANCE_OR_BALANCE_SHORT");
    return undefined;
  }

  /** What enough nodes answer alike; undefined when too few can run these calls. @throws RetryableError */
  async run(
    { gasLimit }: Action,
    calls: readonly Call[],
    wallet: string,
    block: BlockRef,
    overrides: readonly (Overrides | undefined)[],
  ): Promise<Simulation | undefined> {
    const reads = calls.map((call, index): MoneyRead => {
      const changed = overrides[index];
      const request = { ...requestOf(call, wallet), gas: toQuantity(call.gasLimit ?? gasLimit) };
      return { method: "eth_call", params: (at) => (changed === undefined ? [request, at] : [request, at, changed]) };
    });
    try {
      await this.parts.reads.read(block, reads);
      return { ok: true };
    } catch (error) {
      if (error instanceof RetryableError) {
        if (error.details["reason"] === "too-few-providers") return undefined;
        throw error;
      }
      const data = findRevertData(error);
      if (data === undefined && !(error instanceof Error && "code" in error)) throw error;
      return refused(
        classOf(error),
        tbtcRevert(error, "simulating")?.code ?? protocolDecoder().decode(data ?? "0x").name,
      );
    }
  }
}

/** What will be true when the call is mined behind the approval and the calls before it; undefined when nothing has to be changed. */
export function overridesOf(
  action: Action,
  wallet: string,
  found: Pick<Found, "allowedUnits" | "stateWord">,
  index: number,
): Overrides | undefined {
  const { allowance } = action;
  const changes: Record<string, { stateDiff: Record<string, string> }> = {};
  if (allowance !== undefined && found.allowedUnits < allowance.units) {
    const slot = allowanceSlot(wallet, allowance.spender);
    changes[allowance.token] = { stateDiff: { [slot]: toBeHex(allowance.units, 32) } };
  }
  if (index > 0 && action.effect === "call-and-rescue" && found.stateWord !== undefined) {
    const word = wordWithState(found.stateWord, DepositState.COURTESY_CALL);
    changes[action.position] = { stateDiff: { [depositSlots.state]: word } };
  }
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function requestOf({ to, data, valueWei }: Call, from: string) {
  return valueWei === 0n ? { from, to, data } : { from, to, data, value: toQuantity(valueWei) };
}

function refused(error: ErrorClass, name: string): Simulation {
  return { ok: false, error, name };
}
