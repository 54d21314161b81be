/** What a provider has earned at the escrow of bounties, and what brings it: claims, the payout, and what a failed redemption left. */
import { Interface } from "ethers";

import { PermanentError, RetryableError } from "../../../../protocol/errors.js";
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import {
  CLAIM_GAS_LIMIT,
  COLLECT_GAS_LIMIT,
  encodeBounties,
  encodeClaim,
  encodeCollect,
  rescueAgentAbi,
  rescueBountyAbi,
  type Bounty,
} from "../../../../protocol/tbtc/bounty.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { AUCTION_STATES, DepositState, depositState } from "../../../../protocol/tbtc/states.js";
import type { ChainClient } from "../../../kit/provider.js";
import { pinnedCall } from "../../../kit/providers/confirm.js";
import type { Due, Earned, Earnings, Standing } from "../../site.js";
import type { BlockRef } from "../../types.js";
import type { AgreedReads } from "./agreedReads.js";
import { bountiesOf, readAnswer, type Bounties } from "./bounties.js";
import { AGENTS } from "./bountySigning.js";
import { CALL_GAS } from "./gas.js";
import { numberOf, view } from "./views.js";

/** Less at an agent is not worth a transaction: a twentieth of the smallest usual lot. Wei of TBTC. */
const LEAST_RECOVERY_UNITS = 5n * 10n ** 14n;
/** Deposits of one question. */
const DEPOSITS_AT_ONCE = 200;

export interface BountyEarningsParts {
  readonly client: Pick<ChainClient, "agreed" | "head">;
  readonly reads: AgreedReads;
  readonly addresses: TbtcAddresses;
  readonly escrow: string;
  readonly bounties: Bounties;
}

export class BountyEarnings implements Earnings {
  constructor(private readonly parts: BountyEarningsParts) {}

  async verify(account: string | undefined): Promise<string> {
    const { client, addresses, escrow, bounties } = this.parts;
    const head = await client.head();
    const named = { token: addresses.token, depositToken: addresses.depositToken } as const;
    for (const [name, address] of Object.entries(named) as [keyof typeof named, string][]) {
      const data = rescueBountyGetters.encodeFunctionData(name);
      const [answer] = await client.agreed(head, [pinnedCall({ to: escrow, data })]).catch((error: unknown) => {
        if (error instanceof RetryableError) throw error;
        return ["reverted"];
      });
      if (!/^0x[0-9a-f]{64}$/i.test(String(answer))) throw foreign(escrow, `does not answer to ${name}`);
      const found = `0x${String(answer).slice(-40)}`;
      if (found.toLowerCase() !== address.toLowerCase()) throw foreign(escrow, `its ${name} is ${found}`);
    }
    if (account === undefined) return escrow;
    return `${escrow}, redeems by ${await bounties.agentOf(account, head)}`;
  }

  isMember(kind: string, address: string): boolean {
    return kind === AGENTS && this.parts.bounties.isAgent(address);
  }

  async look(positions: readonly string[], account: string, block: BlockRef): Promise<Earned> {
    const { reads, addresses, escrow, bounties } = this.parts;
    const agent = await bounties.agentOf(account, block);
    const collectable = rescueBountyAbi.encodeFunctionData("collectableWei", [account]);
    const left = view("token", addresses.token, "balanceOf", [agent]);
    const code = { method: "eth_getCode", params: (at: unknown) => [agent, at] } as const;
    const [answers, standing] = await Promise.all([
      reads.read(block, [pinnedCall({ to: escrow, data: collectable }), left.read, code]),
      this.standing(positions, account, block),
    ]);
    const dues: Due[] = [...standing].flatMap(([about, { now, openWei }]): Due[] =>
      now !== "due"
        ? []
        : [{ kind: "claim", about, amount: openWei, call: this.call(encodeClaim([about]), CLAIM_GAS_LIMIT) }],
    );
    const bookedWei = readAnswer(escrow, () => BigInt(String(answers[0]).slice(0, 66)));
    if (bookedWei > 0n) {
      const call = this.call(encodeCollect(account), COLLECT_GAS_LIMIT);
      dues.push({ kind: "collect", about: escrow.toLowerCase(), amount: bookedWei, call });
    }
    const leftUnits = numberOf(left.decode(answers[1]));
    // Before its first rescue nobody is there who could give it.
    if (leftUnits >= LEAST_RECOVERY_UNITS && answers[2] !== "0x") {
      dues.push({ kind: "recover", about: agent, amount: leftUnits, call: this.recovery(agent, account, leftUnits) });
    }
    return { dues, standing: new Map([...standing].map(([about, { now }]) => [about, now])) };
  }

  private async standing(
    positions: readonly string[],
    account: string,
    block: BlockRef,
  ): Promise<ReadonlyMap<string, { readonly now: Standing; readonly openWei: bigint }>> {
    const parts: (readonly string[])[] = [];
    for (let from = 0; from < positions.length; from += DEPOSITS_AT_ONCE) {
      parts.push(positions.slice(from, from + DEPOSITS_AT_ONCE));
    }
    const found = await Promise.all(parts.map((part) => this.part(part, block)));
    const self = account.toLowerCase();
    return new Map(
      found
        .flat()
        .map(({ id, bounty, state }) => [id, { now: standingOf(bounty, state, self), openWei: bounty.openWei }]),
    );
  }

  private async part(ids: readonly string[], block: BlockRef) {
    const { reads, escrow } = this.parts;
    const states = ids.map((id) => view("deposit", id, "currentState"));
    const [answer, ...answers] = await reads.read(block, [
      pinnedCall({ to: escrow, data: encodeBounties(ids) }),
      ...states.map(({ read }) => read),
    ]);
    const bounties = bountiesOf(escrow, answer);
    return ids.map((id, index) => {
      const [bounty, state] = [bounties[index], states[index]];
      if (bounty === undefined || state === undefined) throw new RetryableError("BOUNTY_MALFORMED", `none for ${id}`);
      return { id, bounty, state: depositState(numberOf(state.decode(answers[index]))) };
    });
  }

  private call(data: string, gasLimit: bigint): Due["call"] {
    return { to: this.parts.escrow.toLowerCase(), data, valueWei: 0n, gasLimit };
  }

  private recovery(agent: string, account: string, units: bigint): Due["call"] {
    const { token } = this.parts.addresses;
    const inner = tbtcAbi.token.encodeFunctionData("transfer", [account, units]);
    const data = rescueAgentAbi.encodeFunctionData("execute", [token, 0n, inner]);
    return { to: agent, data, valueWei: 0n, gasLimit: CALL_GAS.recover.limit };
  }
}

const rescueBountyGetters = new Interface([
  "function token() view returns (address)",
  "function depositToken() view returns (address)",
]);

function standingOf({ provider, openWei }: Bounty, state: DepositState, self: string): Standing {
  if (provider?.toLowerCase() !== self) return "not-ours";
  if (AUCTION_STATES.has(state) || state === DepositState.LIQUIDATED) return "void";
  if (openWei === 0n) return "paid";
  return state === DepositState.REDEEMED ? "due" : "waiting";
}

function foreign(escrow: string, why: string): PermanentError {
  return new PermanentError(
    "BOUNTY_ESCROW_FOREIGN",
    `${escrow} is no escrow of bounties of this system: ${why}`,
    "REDEEMER_BOUNTY_ESCROW names the escrow; npm run tbtc:world prints the line for that of a local world",
    { escrow },
  );
}
