/** The supply with ether as the program starts it: what it adds to what the key may sign, and its routine with the books. */
import { maxBigint } from "../../../protocol/math.js";
import type { Counters } from "../../kit/counters.js";
import type { FeePolicy } from "../../kit/fees.js";
import type { KeeperLog } from "../../kit/logger.js";
import type { Action } from "../../kit/policy/action.js";
import type { Constraint, PolicyRule, Relation } from "../../kit/policy/types.js";
import type { ChainClient } from "../../kit/provider.js";
import { Allowances } from "../allowances.js";
import { approvalAction, APPROVAL_GAS, tokenAbi } from "../encode.js";
import type { CommonRule, EtherSupply, RescueSigning, RescueSite, SupplyParts } from "../site.js";
import { EtherRoutine } from "./routine.js";
import type { SwapConfig } from "./settings.js";
import { SwapStore, type SwapStorePoint } from "./store.js";
import type { EtherRouter } from "./types.js";
import { uniswapAddresses } from "./uniswap/addresses.js";
import { UniswapRouter } from "./uniswap/router.js";

/** Of a token that rescues do not cost: it has a rule of its own. */
const OWN_APPROVAL = "SwappedToken.approve";
const WORD_BYTES = 32;
const SELECTOR_BYTES = 4;
const MAX_UINT256 = 2n ** 256n - 1n;
/** Swaps that the chain refuses in a day, after which somebody should look. */
const MAX_FAILED = 3n;
const MS_PER_SECOND = 1_000;

export interface EtherSupplyParts {
  readonly client: ChainClient;
  readonly swap: SwapConfig;
  readonly fees: FeePolicy;
  readonly blockMs: number;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** @throws UsageError about the file of addresses; PermanentError UNISWAP_NOT_PUBLISHED */
export function withEtherSupply(site: RescueSite, parts: EtherSupplyParts): RescueSite {
  const { client, swap } = parts;
  const { poolFee, averageSeconds, mostUnits, leastRateWei, maxDeviationBps, maxSlippageBps } = swap;
  const { symbol, decimals, address } = swap.token;
  const token = address ?? site.token.address;
  const isRescueToken = token === site.token.address;
  const meter = `${symbol} for ether`;
  const router = new UniswapRouter({
    ...{ client, token, poolFee, averageSeconds, addresses: uniswapAddresses(client.chainId, swap.file) },
    bounds: { decimals, mostUnits, meter, leastRateWei, maxDeviationBps, maxSlippageBps },
  });
  const limit = { units: swap.unitsPerDay, decimals };
  return {
    ...site,
    signing: withSwaps(site.signing, { router, token, isRescueToken, mostUnits, perDay: { [meter]: limit } }),
    contracts: { ...site.contracts, ...router.contracts },
    etherSupply: {
      verify: () => router.verify(),
      open: (supply) => openSupply(router, { ...parts, token, isRescueToken }, supply),
    },
  };
}

interface Swapping {
  readonly router: EtherRouter;
  readonly token: string;
  readonly isRescueToken: boolean;
  readonly mostUnits: bigint;
  readonly perDay: NonNullable<RescueSigning["perDay"]>;
}

/** Methods, rules and looks of rescues and of swaps together. */
function withSwaps(
  rescue: RescueSigning,
  { router, token, isRescueToken, mostUnits, perDay }: Swapping,
): RescueSigning {
  const own = { target: token, abi: tokenAbi, method: "approve" };
  const bounded: Relation = {
    kind: "atMost",
    ...{ amount: "value", of: "spender", max: { [router.spender]: mostUnits }, others: MAX_UINT256 },
  };
  return {
    ...rescue,
    ...(isRescueToken
      ? { spender: alsoOf(rescue.spender, router.spender), approvals: [...(rescue.approvals ?? []), bounded] }
      : {}),
    methods: { ...rescue.methods, ...router.methods, ...(isRescueToken ? {} : { [OWN_APPROVAL]: own }) },
    rules: (mode, common, signer) => [
      ...rescue.rules(mode, common, signer),
      ...(isRescueToken ? [] : [approvalRule(token, router.spender, mostUnits, common)]),
      ...router.rules(common, signer),
    ],
    looks: (action, account) => {
      const looks = router.looks(action, account);
      return looks.length > 0 ? looks : rescue.looks(action, account);
    },
    perDay: { ...rescue.perDay, ...perDay },
  };
}

function approvalRule(token: string, spender: string, mostUnits: bigint, common: CommonRule): PolicyRule {
  return {
    ...common,
    name: OWN_APPROVAL,
    target: token,
    fragment: "function approve(address spender, uint256 value)",
    args: { spender: { kind: "oneOf", values: [spender] }, value: { kind: "range", min: 0n, max: mostUnits } },
    // What is taken of it counts with the swap: nobody else than this key makes the router take anything.
    amounts: [],
    maxGasLimit: APPROVAL_GAS,
    maxCalldataBytes: SELECTOR_BYTES + 2 * WORD_BYTES,
  };
}

/** @throws RangeError for a constraint that names no addresses */
function alsoOf(spender: Constraint, more: string): Constraint {
  if (spender.kind === "each") return { ...spender, also: [...(spender.also ?? []), more] };
  if (spender.kind === "oneOf") return { ...spender, values: [...spender.values, more] };
  throw new RangeError("spenders are named by their addresses");
}

interface OpenParts extends EtherSupplyParts {
  readonly token: string;
  readonly isRescueToken: boolean;
}

function openSupply(router: EtherRouter, parts: OpenParts, supply: SupplyParts): EtherSupply {
  const { client, swap, token, isRescueToken, fees, blockMs, counters, log } = parts;
  const { db, role, account, lease, encode, submitter, record, otherNeedsWei = 0n, at } = supply;
  const approval = (value: bigint): Action =>
    isRescueToken
      ? approvalAction(router.spender, value)
      : { name: OWN_APPROVAL, args: { spender: router.spender, value } };
  const { targetWei, floorWei, keepUnits, leastRateWei, maxDeviationBps, maxSlippageBps, mostUnits } = swap;
  const routine = new EtherRoutine({
    ...{ router, token, approval, approvalGas: APPROVAL_GAS, account, client, encode, submitter },
    store: new SwapStore({
      ...{ db, role, chainId: String(client.chainId), account, token, lease },
      ...(at === undefined ? {} : { at: async (point: SwapStorePoint) => at(point) }),
    }),
    allowances: new Allowances(client),
    policy: {
      ...{ targetWei, floorWei, keepUnits, leastRateWei, maxDeviationBps, maxSlippageBps, mostUnits, isRescueToken },
      // The day's meter holds half of its limit at once: within that the signer refuses nothing.
      ...{ otherNeedsWei, decimals: swap.token.decimals, mostUnitsPerDay: swap.unitsPerDay / 2n },
      maxFailed: MAX_FAILED,
    },
    validBlocks: Number(maxBigint(1n, BigInt(Math.floor((swap.deadlineSeconds * MS_PER_SECOND) / blockMs)))),
    ...{ fees, deadlineSeconds: BigInt(swap.deadlineSeconds), counters, record, log },
  });
  return {
    heldUnits: async () => (isRescueToken ? await routine.heldUnits() : 0n),
    run: (head, acts, needs) => routine.run(head, acts, needs),
  };
}
