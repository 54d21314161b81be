/**
 * What a provider's key may sign: rescues through the one escrow of deposits that were found, to the one destination and for no less than
 * the least margin; claims; payouts to itself; and of its agent's powers the one to hand it the TBTC that a failed redemption gave back.
 * No redemption goes past the escrow.
 */
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import {
  CLAIM_GAS_LIMIT,
  COLLECT_GAS_LIMIT,
  decodeBounties,
  encodeBounties,
  rescueAgentAbi,
  rescueBountyAbi,
  type Bounty,
} from "../../../../protocol/tbtc/bounty.js";
import { DepositState, depositState } from "../../../../protocol/tbtc/states.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import type { Action } from "../../../kit/policy/action.js";
import { integerAt, textOf, valueAt } from "../../../kit/policy/paths.js";
import { EACH, refuse, type PolicyRefusal, type PolicyRule } from "../../../kit/policy/types.js";
import { pinnedCall } from "../../../kit/providers/confirm.js";
import type { CommonRule, Look, RescueSigning } from "../../site.js";
import { CALL_GAS } from "./gas.js";
import { genuine, OUTPUT_VALUE, POSITION, redeemable } from "./signing.js";

/** Name of a kind in policies: the agents of this key. */
export const AGENTS = "agents";
const RESCUE = "RescueBounty.rescue";
const CLAIM = "RescueBounty.claim";
const COLLECT = "RescueBounty.collect";
const RECOVER = "RescueAgent.execute";
const TRANSFER = "Token.transfer";

const WORD = 32;
const MAX_UINT256 = 2n ** 256n - 1n;
const MAX_UINT128 = 2n ** 128n - 1n;
/** Unix seconds beyond every calendar; the guard compares with the chain's own clock. */
const MAX_TIME = 2n ** 40n - 1n;

export interface BountySigningParts {
  readonly addresses: TbtcAddresses;
  readonly escrow: string;
  /** With its length in front. */
  readonly outputScript: string;
  /** Most that a redemption may offer bitcoin's miners at first. */
  readonly maxFeeSat: bigint;
  /** Least that a rescue is done for. */
  readonly leastBountyWei: bigint;
  /** Most that a rescue may cost, wei of TBTC. */
  readonly mostCostUnits: bigint;
}

/** @param base of tBTC itself: what is allowed beside redemptions stays. */
export function bountySigning(base: RescueSigning, parts: BountySigningParts): RescueSigning {
  const { escrow } = parts;
  const own = new Set([RESCUE, CLAIM, COLLECT, RECOVER]);
  return {
    methods: {
      ...base.methods,
      [RESCUE]: { target: escrow, abi: rescueBountyAbi, method: "rescue" },
      [CLAIM]: { target: escrow, abi: rescueBountyAbi, method: "claim" },
      [COLLECT]: { target: escrow, abi: rescueBountyAbi, method: "collect" },
      [RECOVER]: { target: undefined, abi: rescueAgentAbi, method: "execute" },
    },
    rules: (mode, common, signer) =>
      mode === "service-provider"
        ? [...base.rules(mode, common, signer), ...rulesOf(parts, common, signer)]
        : base.rules(mode, common, signer),
    spender: { kind: "oneOf", values: [escrow] },
    looks: (action, account) => (own.has(action.name) ? looksAt(action, parts, account) : base.looks(action, account)),
  };
}

function rulesOf(parts: BountySigningParts, common: CommonRule, signer: string): readonly PolicyRule[] {
  const { addresses, escrow, outputScript, leastBountyWei, mostCostUnits } = parts;
  return [
    {
      ...common,
      name: RESCUE,
      target: escrow,
      fragment:
        "function rescue((address deposit, bytes8 outputValue, bytes redeemerOutputScript, uint256 maxCostUnits, uint256 minBountyWei, uint256 deadline) order)",
      args: {
        order: {
          kind: "struct",
          fields: {
            deposit: POSITION,
            outputValue: OUTPUT_VALUE,
            redeemerOutputScript: { kind: "oneOf", values: [outputScript] },
            maxCostUnits: { kind: "range", min: 0n, max: mostCostUnits },
            minBountyWei: { kind: "range", min: leastBountyWei, max: MAX_UINT128 },
            deadline: { kind: "range", min: 0n, max: MAX_TIME },
          },
        },
      },
      // The approval of the cost has counted it as spent.
      amounts: [],
      // Place of the order, its six fields, and length and two words of script.
      maxCalldataBytes: 4 + 10 * WORD,
    },
    {
      ...common,
      name: CLAIM,
      target: escrow,
      fragment: "function claim(address[] deposits)",
      args: { deposits: { kind: "list", minLength: 1, maxLength: 1, each: POSITION } },
      amounts: [],
      maxGasLimit: CLAIM_GAS_LIMIT,
      maxCalldataBytes: 4 + 3 * WORD,
    },
    {
      ...common,
      name: COLLECT,
      target: escrow,
      fragment: "function collect(address to)",
      args: { to: { kind: "oneOf", values: [signer] } },
      amounts: [],
      maxGasLimit: COLLECT_GAS_LIMIT,
      maxCalldataBytes: 4 + WORD,
    },
    {
      ...common,
      name: RECOVER,
      target: `${EACH}${AGENTS}`,
      fragment: "function execute(address target, uint256 valueWei, bytes data)",
      args: {
        target: { kind: "oneOf", values: [addresses.token] },
        valueWei: { kind: "range", min: 0n, max: 0n },
        data: { kind: "call", rules: [TRANSFER], target: addresses.token },
      },
      amounts: [],
      maxGasLimit: CALL_GAS.recover.limit,
      // Three words, and length and three words of a transfer.
      maxCalldataBytes: 4 + 7 * WORD,
    },
    {
      ...common,
      name: TRANSFER,
      target: addresses.token,
      fragment: "function transfer(address to, uint256 value)",
      args: { to: { kind: "oneOf", values: [signer] }, value: { kind: "range", min: 1n, max: MAX_UINT256 } },
      amounts: [],
      maxCalldataBytes: 4 + 2 * WORD,
      innerOnly: true,
    },
  ];
}

/** The gate has judged names and arguments before. */
function looksAt(action: Action, parts: BountySigningParts, account: string): readonly Look[] {
  const { addresses, maxFeeSat } = parts;
  const { name, args, target } = action;
  switch (name) {
    case RESCUE: {
      const [deposit, value] = ["order.deposit", "order.outputValue"].map((path) => textOf(valueAt(args, path)) ?? "");
      if (deposit === undefined || value === undefined) return [];
      const leastWei = integerAt(args, "order.minBountyWei") ?? MAX_UINT256;
      return [genuine(deposit, addresses), redeemable(deposit, value, maxFeeSat), promised(deposit, leastWei, parts)];
    }
    case CLAIM:
      return [earned(textOf(valueAt(args, "deposits.*")) ?? "", account, parts)];
    case COLLECT:
      return [booked(account, parts)];
    case RECOVER:
      return [commanded(target ?? "", account)];
    default:
      return [];
  }
}

/** Nobody has earned it yet, and it is what the order asks for. */
function promised(deposit: string, leastWei: bigint, { escrow }: BountySigningParts): Look {
  return {
    reads: [pinnedCall({ to: escrow, data: encodeBounties([deposit]) })],
    judge: ([answer]) => {
      const bounty = bountyIn(answer);
      if (bounty?.provider !== undefined) return refuse("argument", `${bounty.provider} has rescued ${deposit}`);
      const openWei = bounty?.openWei ?? 0n;
      if (openWei >= leastWei) return undefined;
      return refuse(
        "price",
        `${String(openWei)} wei are promised for ${deposit}, the order asks for ${String(leastWei)}`,
      );
    },
  };
}

/** Rescued by this key, proven, and not paid yet. */
function earned(deposit: string, account: string, { escrow }: BountySigningParts): Look {
  return {
    reads: [
      pinnedCall({ to: escrow, data: encodeBounties([deposit]) }),
      pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("currentState") }),
    ],
    judge: ([answer, state]) => {
      const bounty = bountyIn(answer);
      const isOurs = bounty?.provider?.toLowerCase() === account.toLowerCase();
      const isProven = depositState(BigInt(String(state))) === DepositState.REDEEMED;
      if (isOurs && isProven && bounty.openWei > 0n) return undefined;
      return refuse("argument", `nothing can be claimed for ${deposit}`);
    },
  };
}

/** undefined: no answer of an escrow. */
function bountyIn(answer: unknown): Bounty | undefined {
  try {
    return decodeBounties(String(answer))[0];
  } catch {
    return undefined;
  }
}

function booked(account: string, { escrow }: BountySigningParts): Look {
  const data = rescueBountyAbi.encodeFunctionData("collectableWei", [account]);
  return {
    reads: [pinnedCall({ to: escrow, data })],
    judge: ([answer]) => (BigInt(String(answer)) > 0n ? undefined : refuse("argument", "nothing is booked")),
  };
}

/** An agent is whatever the escrow calls one; that it obeys this key it says itself. */
function commanded(agent: string, account: string): Look {
  const data = rescueAgentAbi.encodeFunctionData("provider");
  return {
    reads: [pinnedCall({ to: agent, data })],
    judge: ([answer]): PolicyRefusal | undefined => {
      const isOurs = String(answer).slice(-40).toLowerCase() === account.slice(2).toLowerCase();
      return isOurs ? undefined : refuse("argument", `${agent} does not obey ${account}`);
    },
  };
}
