/** Bounties for deposits as a block shows them, and the way in which a deposit is rescued for one: through the escrow that pays it. */
import { RetryableError } from "../../../../protocol/errors.js";
import { decodeBounties, encodeBounties, rescueBountyAbi, type Bounty } from "../../../../protocol/tbtc/bounty.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import type { ChainClient } from "../../../kit/provider.js";
import { pinnedCall } from "../../../kit/providers/confirm.js";
import { readPinned } from "../../../kit/providers/pinned.js";
import type { Action, BlockRef, Position, Reading } from "../../types.js";
import type { AgreedReads } from "./agreedReads.js";
import { BOUNTY_FOLLOW_UP_GAS, CALL_GAS } from "./gas.js";
import type { Options } from "./options.js";
import { answered } from "./views.js";

/** Of one question: two words of storage each. */
const DEPOSITS_AT_ONCE = 400;
/** An order that is mined later than this is none: longer than any transaction of it lives. */
export const ORDER_SECONDS = 86_400n;

export interface BountiesParts {
  readonly client: Pick<ChainClient, "ask">;
  readonly reads: AgreedReads;
  readonly escrow: string;
  /** Ways of redeeming directly. */
  readonly ways: Pick<Options, "of">;
}

export class Bounties {
  private readonly agents = new Map<string, string>();
  private known: { readonly hash: string; readonly bounties: Map<string, Bounty> } | undefined;

  constructor(private readonly parts: BountiesParts) {}

  /** Open for anybody, or earned by this wallet and not claimed yet. */
  async listed(positions: readonly Position[], wallet: string, block: BlockRef): Promise<readonly Position[]> {
    const bounties = await this.at(
      positions.map(({ id }) => id),
      block,
    );
    const self = wallet.toLowerCase();
    return positions.filter(({ id }) => {
      const found = bounties.get(id);
      if (found === undefined || found.openWei === 0n) return false;
      return found.provider === undefined || found.provider.toLowerCase() === self;
    });
  }

  /** The readings with what is promised. */
  async tell(readings: readonly Reading[], block: BlockRef): Promise<readonly Reading[]> {
    const bounties = await this.at(
      readings.map(({ position: { id } }) => id),
      block,
    );
    return readings.map((reading): Reading => {
      const found = bounties.get(reading.position.id);
      if (found?.provider !== undefined) {
        return { ...reading, bountyWei: 0n, openBountyWei: 0n, rescuer: found.provider.toLowerCase() };
      }
      return { ...reading, bountyWei: found?.firmWei ?? 0n, openBountyWei: found?.openWei ?? 0n };
    });
  }

  /**
   * One way at most: what redeeming directly costs the wallet's agent, by the escrow. None unless enough nodes say alike that the bounty of
   * the reading is firm.
   */
  async of(reading: Reading, wallet: string, block: BlockRef): Promise<readonly Action[]> {
    const { id } = reading.position;
    if (reading.bountyWei === 0n) return [];
    const agent = await this.agentOf(wallet, block);
    const [bounty, direct] = await Promise.all([this.agreed(id, block), this.parts.ways.of(reading, agent, block)]);
    if (bounty === undefined || bounty.provider !== undefined || bounty.firmWei < reading.bountyWei) return [];
    const effect = reading.stage === "called" ? "rescue" : "call-and-rescue";
    const way = direct.find((action) => action.effect === effect && action.calls.at(-1)?.to === id);
    return way === undefined ? [] : [this.through(way, reading, block)];
  }

  /** What enough nodes say of one deposit. @throws RetryableError */
  async agreed(id: string, block: Pick<BlockRef, "number" | "hash">): Promise<Bounty | undefined> {
    const { reads, escrow } = this.parts;
    const [answer] = await reads.read(block, [pinnedCall({ to: escrow, data: encodeBounties([id]) })]);
    return bountiesOf(escrow, answer)[0];
  }

  /** In whose name a wallet redeems; lower case, and the same for ever. @throws RetryableError */
  async agentOf(wallet: string, block: Pick<BlockRef, "number" | "hash">): Promise<string> {
    const known = this.agents.get(wallet.toLowerCase());
    if (known !== undefined) return known;
    const { reads, escrow } = this.parts;
    const data = rescueBountyAbi.encodeFunctionData("agentOf", [wallet]);
    const [answer] = await reads.read(block, [pinnedCall({ to: escrow, data })]);
    const agent = readAnswer(escrow, () =>
      String(rescueBountyAbi.decodeFunctionResult("agentOf", String(answer))[0]).toLowerCase(),
    );
    this.agents.set(wallet.toLowerCase(), agent);
    return agent;
  }

  /** Whether an address is the agent of a wallet that was asked for. */
  isAgent(address: string): boolean {
    return [...this.agents.values()].includes(address.toLowerCase());
  }

  /** What one node says: for looking, not for signing. */
  private async at(ids: readonly string[], block: BlockRef): Promise<ReadonlyMap<string, Bounty>> {
    const { client, escrow } = this.parts;
    if (this.known?.hash !== block.hash) this.known = { hash: block.hash, bounties: new Map() };
    const { bounties } = this.known;
    const missing = ids.filter((id) => !bounties.has(id));
    const parts: (readonly string[])[] = [];
    for (let from = 0; from < missing.length; from += DEPOSITS_AT_ONCE) {
      parts.push(missing.slice(from, from + DEPOSITS_AT_ONCE));
    }
    const answers = await readPinned(
      client,
      block,
      parts.map((part) => pinnedCall({ to: escrow, data: encodeBounties(part) })),
    );
    for (const [index, part] of parts.entries()) {
      const found = bountiesOf(escrow, answered(answers[index]));
      for (const [place, id] of part.entries()) {
        const bounty = found[place];
        if (bounty !== undefined) bounties.set(id, bounty);
      }
    }
    return bounties;
  }

  private through(way: Action, { bountyWei }: Reading, { timestamp }: BlockRef): Action {
    const { escrow } = this.parts;
    const { position, effect, costUnits } = way;
    const [outputValue, redeemerOutputScript] = tbtcAbi.deposit.decodeFunctionData(
      "requestRedemption",
      way.calls.at(-1)?.data ?? "0x",
    ) as unknown as [string, string];
    const order = {
      ...{ deposit: position, outputValue, redeemerOutputScript, maxCostUnits: costUnits, minBountyWei: bountyWei },
      deadline: timestamp + ORDER_SECONDS,
    };
    const to = escrow.toLowerCase();
    const data = rescueBountyAbi.encodeFunctionData("rescue", [order]);
    const gas = effect === "call-and-rescue" ? CALL_GAS.bountyCalling : CALL_GAS.bounty;
    return {
      ...{ position, effect, costToken: way.costToken, costUnits, expenseWei: way.expenseWei },
      calls: [{ to, data, valueWei: 0n, gasLimit: gas.limit }],
      gasLimit: gas.limit,
      gasEstimate: gas.estimate,
      followUpGas: BOUNTY_FOLLOW_UP_GAS,
      ...(costUnits > 0n ? { allowance: { token: way.costToken, spender: to, units: costUnits, shared: true } } : {}),
    };
  }
}

/** @throws RetryableError BOUNTY_MALFORMED */
export function bountiesOf(escrow: string, answer: unknown): readonly Bounty[] {
  return readAnswer(escrow, () => decodeBounties(String(answer)));
}

/** @throws RetryableError BOUNTY_MALFORMED */
export function readAnswer<T>(escrow: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new RetryableError(
      "BOUNTY_MALFORMED",
      `${escrow} gave no answer of an escrow`,
      "is REDEEMER_BOUNTY_ESCROW the escrow of this system?",
      { escrow },
      { cause },
    );
  }
}
